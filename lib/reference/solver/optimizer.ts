// An update rule with its state, and what is done to gradients before it. Twin: native/solver/optimizer.h.
import { nrm2 } from '../kernels/dense.js';
import { isActive, type Penalty } from '../kernels/penalties.js';
import { type Modifiers, modifiedPass, type Rule, rules, updatePass } from '../kernels/updates.js';
import type { Archive } from './archive.js';

/** What a step needs beside the rule's own parameters. */
export interface UpdateOptions {
  /** 0: none */
  clipNorm: number;
  /** 0: none */
  clipValue: number;
  penalty: Penalty;
  /** of the penalty's; 1 unless given */
  largestFactor?: number;
}

/** Running products that a rule keeps, and coefficients of a step. */
export const maxRunning = 4;
const coefficients = new Float64Array(12);
const noPenalty: Penalty = { l1: 0, l2: 0, factors: null, bounds: null };

/**
 * One step t, counted from 1, of a rule over weights from … to-1. `running` holds its running products (1 at first).
 * The first `penalized` of them are subject to weight decay and penalty, the others (intercepts) are not.
 * Returns whether decay ended at 0 where it asked for more: such steps lead to no minimum of the objective.
 */
export function updateStep(
  rule: Rule,
  parameters: Float64Array,
  options: UpdateOptions,
  rate: number,
  t: number,
  running: Float64Array,
  weights: Float64Array,
  gradient: Float64Array,
  state: readonly Float64Array[],
  from: number,
  to: number,
  penalized: number,
): boolean {
  const c = coefficients.fill(0);
  rule.begin(parameters, rate, t, running, c);
  const step = rule.step(parameters);
  const { penalty, clipNorm, clipValue } = options;
  const decay = parameters[1];
  const isCoupled = parameters[2] === 0;
  const length = rule.stepLength(parameters, c);
  const modifiers: Modifiers = {
    scale: 1,
    clipValue,
    coupled: isCoupled ? decay : 0,
    mostPull: length > 0 ? 1 / length : Infinity,
    decoupled: isCoupled ? 1 : Math.max(1 - rate * decay, 0),
    proximal: penalty.l1 !== 0 || (rule.proximal && penalty.l2 !== 0),
    penalty,
  };
  if (clipNorm > 0) {
    const norm = nrm2(gradient.subarray(from, to));
    if (norm > clipNorm) modifiers.scale = clipNorm / norm;
  }
  const clipped = modifiers.scale !== 1 || clipValue > 0;
  if (!clipped && decay === 0 && !isActive(penalty)) {
    updatePass(step, weights, gradient, state, from, to, c);
    return false;
  }
  const middle = from + penalized;
  modifiedPass(step, weights, gradient, state, from, middle, c, modifiers);
  const rest = { ...modifiers, coupled: 0, decoupled: 1, proximal: false, penalty: noPenalty };
  modifiedPass(step, weights, gradient, state, middle, to, c, rest);
  const l2 = modifiers.proximal ? 0 : penalty.l2;
  const isDecayCut = modifiers.coupled + l2 * (options.largestFactor ?? 1) > modifiers.mostPull;
  return isDecayCut || (!isCoupled && rate * decay > 1);
}

export class Optimizer {
  readonly options: UpdateOptions;
  readonly #rule: Rule;
  readonly #state: Float64Array[] = [];
  readonly #running = new Float64Array(maxRunning).fill(1);

  constructor(
    rule: number,
    readonly parameters: Float64Array,
    options: UpdateOptions,
    readonly size: number,
    readonly penalized: number,
  ) {
    const { factors } = options.penalty;
    this.options = { ...options, largestFactor: factors ? factors.reduce((a, b) => Math.max(a, b), 0) : 1 };
    this.#rule = rules[rule];
    for (let k = 0; k < this.#rule.states; k++) {
      this.#state.push(new Float64Array(size).fill(this.#rule.initialState(parameters)));
    }
  }

  /** Returns what {@link updateStep} does. */
  step(weights: Float64Array, gradient: Float64Array, rate: number, t: number): boolean {
    const { parameters, options, size, penalized } = this;
    return updateStep(
      this.#rule,
      parameters,
      options,
      rate,
      t,
      this.#running,
      weights,
      gradient,
      this.#state,
      0,
      size,
      penalized,
    );
  }

  exchange(archive: Archive): void {
    archive.array(this.#running);
    for (const state of this.#state) archive.array(state);
  }
}
