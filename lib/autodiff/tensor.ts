// Tensor, and how numbers, Float64Arrays and nested arrays become one.
import { checkArray, isFloat64Array } from '../base/arrays.js';
import { NablaError } from '../base/errors.js';
import { readShape, type Shape, scalarShape, shapeError, showShape, sizeOf, typeError } from './shape.js';

/** Arrays of numbers in arrays, all of one length at each depth. */
export type NestedArray = readonly number[] | readonly NestedArray[];

/** What an op takes: a number is a scalar, a Float64Array a vector, nested arrays what their lengths say. */
export type Operand = number | Float64Array | Tensor | NestedArray;

/** Gradient of a result in an operand, written in ops, so that it can be differentiated again; null: 0. */
export type Vjp = (gradient: Tensor, result: Tensor) => Tensor | null;

/** What an op is to the tape: its name and the gradients in its operands. */
export class Rule {
  readonly name: string;
  /** Of a kernel that has one, its number; else -1. */
  readonly number: number;
  /** One an operand. */
  readonly vjps: readonly Vjp[];
  /** In place of `vjps`, where gradients are made together. */
  readonly all: ((gradient: Tensor, result: Tensor) => readonly (Tensor | null)[]) | null;

  constructor(name: string, vjps: readonly Vjp[], all: Rule['all'] = null, number = -1) {
    this.name = name;
    this.number = number;
    this.vjps = vjps;
    this.all = all;
  }
}

export const noOperands: readonly Tensor[] = [];

/**
 * Doubles in row-major order, with a shape. What ops take and return; made by {@link tensor}. Not to be written to while a
 * derivative is taken through it.
 */
export class Tensor {
  readonly data: Float64Array;
  readonly shape: Shape;
  /** Bits of the derivatives being taken that it depends on; 0: a constant. @internal */
  mask: number;
  /** Number in order of creation, of what is recorded. @internal */
  serial: number;
  /** The op it comes from, and its operands. @internal */
  rule: Rule | null;
  /** @internal */
  a: Tensor;
  /** @internal */
  b: Tensor;
  /** Those beyond two. @internal */
  more: readonly Tensor[];
  /** What else the op's gradient needs. @internal */
  detail: unknown;
  /** Sum of the gradients that have come from its uses. @internal */
  gradient: Tensor | null;

  /** @internal */
  constructor(data: Float64Array, shape: Shape) {
    this.data = data;
    this.shape = shape;
    this.mask = 0;
    this.serial = 0;
    this.rule = null;
    this.a = this;
    this.b = this;
    this.more = noOperands;
    this.detail = null;
    this.gradient = null;
  }

  /** Number of elements. */
  get size(): number {
    return this.data.length;
  }

  /** The number of a tensor of one element. @throws NablaError `ERR_SHAPE` */
  item(): number {
    if (this.data.length !== 1) throw shapeError('item', `one element expected; got shape ${showShape(this.shape)}`);
    return this.data[0];
  }

  /** Nested arrays of its numbers, for a scalar the number. */
  toArray(): number | NestedArray {
    const { shape, data } = this;
    let at = 0;
    const level = (axis: number): number | NestedArray =>
      axis === shape.length
        ? data[at++]
        : (Array.from({ length: shape[axis] }, () => level(axis + 1)) as unknown as NestedArray);
    return level(0);
  }

  /** As console.log shows it: shape and first elements, without the tape. @internal */
  [Symbol.for('nodejs.util.inspect.custom')](): string {
    const shown = Array.from(this.data.subarray(0, 6), String);
    if (this.data.length > shown.length) shown.push('…');
    return `Tensor ${showShape(this.shape)} { ${shown.join(', ')} }`;
  }
}

/** A constant scalar. */
export function scalar(value: number): Tensor {
  const data = new Float64Array(1);
  data[0] = value;
  return new Tensor(data, scalarShape);
}

const takes = 'a number, a Float64Array, a tensor or nested arrays of numbers';

/** An op's argument as a tensor. */
export function operand(op: string, argument: string, value: unknown): Tensor {
  if (value instanceof Tensor) return value;
  if (typeof value === 'number') return scalar(value);
  if (Array.isArray(value)) return nested(op, argument, value);
  if (isFloat64Array(value)) return new Tensor(checkArray(`${op}: ${argument}`, value), [value.length]);
  throw typeError(op, argument, takes, value);
}

/** Nested arrays of numbers, copied. */
function nested(op: string, argument: string, value: readonly unknown[]): Tensor {
  const shape: number[] = [];
  for (let level: unknown = value; Array.isArray(level); level = level[0]) shape.push(level.length);
  const data = new Float64Array(sizeOf(shape));
  let at = 0;
  const copy = (level: unknown, axis: number): void => {
    if (axis === shape.length) {
      if (typeof level !== 'number') throw typeError(op, argument, takes, level);
      data[at++] = level;
      return;
    }
    if (!Array.isArray(level)) throw typeError(op, argument, takes, level);
    if (level.length !== shape[axis]) {
      const lengths = `${shape[axis]} and ${level.length}`;
      throw shapeError(op, `${argument} has arrays of different lengths at depth ${axis}: ${lengths}`);
    }
    for (const item of level) copy(item, axis + 1);
  };
  copy(value, 0);
  return new Tensor(data, shape);
}

/**
 * A tensor of `data`, in row-major order.
 *
 * @param data - a Float64Array, which is not copied; a number; or nested arrays of numbers
 * @param shape - sizes of the axes; default: `[data.length]` of a Float64Array, `[]` of a number, the lengths of nested arrays
 * @throws NablaError `ERR_INVALID_ARG_TYPE`; `ERR_SHAPE` when the sizes do not multiply to the number of elements, or nested
 *   arrays differ in length; `ERR_OUT_OF_RANGE`, `ERR_DETACHED_BUFFER`
 */
export function tensor(data: Operand, shape?: readonly number[]): Tensor {
  const made = operand('tensor', 'data', data);
  if (shape === undefined) return made;
  if (data instanceof Tensor) {
    throw new NablaError(
      'ERR_INVALID_ARG_TYPE',
      'tensor: data is a tensor already; ops.reshape gives it another shape',
    );
  }
  const read = readShape('tensor', shape);
  if (sizeOf(read) === made.data.length) return new Tensor(made.data, read);
  const got = `shape ${showShape(read)} has ${sizeOf(read)}`;
  throw shapeError('tensor', `data must have as many elements as its shape; got ${made.data.length}, and ${got}`);
}
