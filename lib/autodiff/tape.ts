// Tape: the derivatives being taken, and the results of ops that they depend on, as created.

import { NablaError } from '../base/errors.js';
import type { Shape } from './shape.js';
import { noOperands, Rule, Tensor } from './tensor.js';

/** Bits of the derivatives that record now: that at depth d has bit 1 << d. */
let recording = 0;
let depth = 0;
let serials = 0;
const tape: Tensor[] = [];
const deepest = 30; // bits of a small integer

/** Puts what an op has made on the tape if a derivative being taken depends on an operand. */
function record(result: Tensor, mask: number, rule: Rule, detail: unknown): void {
  result.mask = mask;
  result.rule = rule;
  result.detail = detail;
  result.serial = ++serials;
  tape.push(result);
}

/** The result of an op of one operand. */
export function made1(rule: Rule, data: Float64Array, shape: Shape, a: Tensor, detail: unknown = null): Tensor {
  const result = new Tensor(data, shape);
  const mask = a.mask & recording;
  if (mask !== 0) {
    result.a = a;
    record(result, mask, rule, detail);
  }
  return result;
}

/** The result of an op of two operands. */
export function made2(
  rule: Rule,
  data: Float64Array,
  shape: Shape,
  a: Tensor,
  b: Tensor,
  detail: unknown = null,
): Tensor {
  const result = new Tensor(data, shape);
  const mask = (a.mask | b.mask) & recording;
  if (mask !== 0) {
    result.a = a;
    result.b = b;
    record(result, mask, rule, detail);
  }
  return result;
}

/** The result of an op of any number of operands. */
export function madeOf(
  rule: Rule,
  data: Float64Array,
  shape: Shape,
  operands: readonly Tensor[],
  detail: unknown = null,
): Tensor {
  const result = new Tensor(data, shape);
  let mask = 0;
  for (let i = 0; i < operands.length; i++) mask |= operands[i].mask;
  mask &= recording;
  if (mask !== 0) {
    if (operands.length > 0) result.a = operands[0];
    if (operands.length > 1) result.b = operands[1];
    if (operands.length > 2) result.more = operands.slice(2);
    record(result, mask, rule, detail);
  }
  return result;
}

/** Operands of a recorded result. */
export function operandsOf({ a, b, more }: Tensor, count: number): Tensor[] {
  return count === 0 ? [] : count === 1 ? [a] : [a, b, ...more];
}

const inputRule = new Rule('input', [(g) => g]);

/** A derivative being taken: what depends on its inputs is on the tape until it ends. */
export class Level {
  readonly bit: number;
  /** Serial of the first input: what is older does not depend on this derivative, whatever bits it has. */
  readonly from: number;
  readonly #start: number;
  #inputs = 0;
  #saved: Tensor[] | null = null;

  constructor(bit: number, start: number) {
    this.bit = bit;
    this.#start = start;
    this.from = serials + 1;
  }

  /** The tensor as an independent variable of this derivative; outer ones pass through. */
  input(x: Tensor): Tensor {
    const input = new Tensor(x.data, x.shape);
    input.a = x;
    record(input, (x.mask & recording) | this.bit, inputRule, null);
    this.#inputs++;
    return input;
  }

  /** Whether it depends on an input. */
  reaches(x: Tensor): boolean {
    return (x.mask & this.bit) !== 0 && x.serial >= this.from;
  }

  /** The tape of this derivative, inputs first. */
  get nodes(): readonly Tensor[] {
    return this.#saved ?? tape;
  }

  /** Where the results of ops begin in `nodes`. */
  get first(): number {
    return (this.#saved ? 0 : this.#start) + this.#inputs;
  }

  get inputs(): readonly Tensor[] {
    return this.nodes.slice(this.first - this.#inputs, this.first);
  }

  /** Keeps the tape for gradients after the end. */
  save(): void {
    this.#saved = tape.slice(this.#start);
  }

  /** Takes off the tape what no outer derivative depends on; unless it is saved, what is left in a caller's hands is constant. */
  end(): void {
    let to = this.#start;
    for (let i = this.#start; i < tape.length; i++) {
      const node = tape[i];
      const outer = node.mask & ~this.bit;
      if (outer !== 0) tape[to++] = node;
      if (this.#saved) continue;
      node.mask = outer;
      if (outer === 0) {
        node.a = node;
        node.b = node;
        node.more = noOperands;
        node.rule = null;
        node.detail = null;
      }
    }
    tape.length = to;
  }
}

/** Whether a derivative is being taken. */
export const isDifferentiating = (): boolean => depth > 0;

/** Whether a derivative that is being taken depends on it. */
export const isTraced = (x: Tensor): boolean => (x.mask & recording) !== 0;

/** Runs a derivative: `run` records with `level`, until it calls {@link quietly}. */
export function differentiate<R>(run: (level: Level) => R): R {
  if (depth === deepest) {
    throw new NablaError('ERR_OUT_OF_RANGE', `derivatives can be nested ${deepest} deep; this is one more`);
  }
  const before = recording;
  const level = new Level(1 << depth, tape.length);
  depth++;
  recording |= level.bit;
  try {
    return run(level);
  } finally {
    depth--;
    recording = before;
    level.end();
  }
}

/** Runs without recording for this derivative, as its own backward pass does. */
export function quietly<R>(level: Level, run: () => R): R {
  const before = recording;
  recording &= ~level.bit;
  try {
    return run();
  } finally {
    recording = before;
  }
}

/** Runs without recording at all. */
export function unrecorded<R>(run: () => R): R {
  const before = recording;
  recording = 0;
  try {
    return run();
  } finally {
    recording = before;
  }
}
