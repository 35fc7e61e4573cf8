// Shapes of tensors: sizes, strides, NumPy's broadcasting, axes.
import { NablaError, show } from '../base/errors.js';

/** Sizes of a tensor's axes; [] is a scalar. */
export type Shape = readonly number[];

export const scalarShape: Shape = Object.freeze([]);

export function sizeOf(shape: Shape): number {
  let size = 1;
  for (let i = 0; i < shape.length; i++) size *= shape[i];
  return size;
}

export function isSameShape(a: Shape, b: Shape): boolean {
  if (a === b) return true;
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** Row-major: how many elements apart neighbours along each axis are. */
export function stridesOf(shape: Shape): number[] {
  const strides = new Array<number>(shape.length);
  let stride = 1;
  for (let i = shape.length - 1; i >= 0; i--) {
    strides[i] = stride;
    stride *= shape[i];
  }
  return strides;
}

export const showShape = (shape: Shape): string => `[${shape.join(', ')}]`;

export function shapeError(op: string, what: string): NablaError {
  return new NablaError('ERR_SHAPE', `${op}: ${what}`);
}

/** NumPy's rule: shapes are aligned at the last axis, and an axis of 1, or none, is repeated. */
export function broadcastShape(op: string, a: Shape, b: Shape, aName = 'a', bName = 'b'): Shape {
  const rank = Math.max(a.length, b.length);
  const shape = new Array<number>(rank);
  for (let i = 1; i <= rank; i++) {
    const m = i <= a.length ? a[a.length - i] : 1;
    const n = i <= b.length ? b[b.length - i] : 1;
    if (m !== n && m !== 1 && n !== 1) {
      const both = `${aName} of shape ${showShape(a)} and ${bName} of shape ${showShape(b)}`;
      throw shapeError(op, `${both} do not broadcast: axes must be equal or 1; got ${m} and ${n}`);
    }
    shape[rank - i] = m === 1 ? n : m;
  }
  return shape;
}

/** An axis of the op's argument; negative ones count from the last. */
export function readAxis(op: string, axis: unknown, rank: number): number {
  if (typeof axis !== 'number') throw typeError(op, 'axis', 'a whole number', axis);
  const index = axis < 0 ? axis + rank : axis;
  if (Number.isInteger(index) && index >= 0 && index < rank) return index;
  const range = rank === 0 ? 'absent for a scalar' : `a whole number from ${-rank} to ${rank - 1}`;
  throw new NablaError('ERR_OUT_OF_RANGE', `${op}: axis must be ${range}; got ${show(axis)}`);
}

/** Several axes, in ascending order; undefined: all. */
export function readAxes(op: string, axes: unknown, rank: number): number[] {
  if (axes === undefined) return Array.from({ length: rank }, (_, i) => i);
  if (!Array.isArray(axes)) return [readAxis(op, axes, rank)];
  const read = axes.map((axis) => readAxis(op, axis, rank)).sort((i, j) => i - j);
  if (new Set(read).size === read.length) return read;
  throw new NablaError('ERR_OUT_OF_RANGE', `${op}: axes must differ; got ${showShape(axes)}`);
}

/** A caller's shape, copied. */
export function readShape(op: string, value: unknown): Shape {
  if (!Array.isArray(value)) throw typeError(op, 'shape', 'an array of sizes', value);
  for (const size of value) {
    if (typeof size !== 'number') throw typeError(op, 'shape', 'an array of sizes', size);
    if (Number.isInteger(size) && size >= 0) continue;
    throw new NablaError('ERR_OUT_OF_RANGE', `${op}: shape must have whole numbers from 0; got ${showShape(value)}`);
  }
  return value.slice();
}

/** The one form of a wrong type: op, argument, expected, got. */
export function typeError(op: string, argument: string, expected: string, actual: unknown): NablaError {
  return new NablaError('ERR_INVALID_ARG_TYPE', `${op}: ${argument} must be ${expected}; got ${show(actual)}`);
}

/** Copies `out.length` elements of x, `strides` apart along the axes of `shape` from `offset` on, one behind the other. */
export function gather(
  x: Float64Array,
  offset: number,
  strides: readonly number[],
  shape: Shape,
  out: Float64Array,
): void {
  walk(shape, strides, offset, (to, from, count, stride) => {
    if (stride === 0) out.fill(x[from], to, to + count);
    else if (stride === 1) for (let i = 0; i < count; i++) out[to + i] = x[from + i];
    else for (let i = 0, at = from; i < count; i++, at += stride) out[to + i] = x[at];
  });
}

/** The reverse: x, in order, to places of out `strides` apart along the axes of `shape` from `offset` on. */
export function scatter(
  x: Float64Array,
  offset: number,
  strides: readonly number[],
  shape: Shape,
  out: Float64Array,
): void {
  walk(shape, strides, offset, (to, from, count, stride) => {
    for (let i = 0, at = from; i < count; i++, at += stride) out[at] = x[to + i];
  });
}

type Run = (packed: number, strided: number, count: number, stride: number) => void;

/** Runs along the last axis, in row-major order: where each begins packed and strided. */
function walk(shape: Shape, strides: readonly number[], offset: number, run: Run): void {
  const last = shape.length - 1;
  if (last < 0) {
    run(0, offset, 1, 1);
    return;
  }
  const total = sizeOf(shape);
  const count = shape[last];
  const index = new Array<number>(last).fill(0);
  let strided = offset;
  for (let packed = 0; packed < total; packed += count) {
    run(packed, strided, count, strides[last]);
    for (let axis = last - 1; axis >= 0; axis--) {
      strided += strides[axis];
      if (++index[axis] < shape[axis]) break;
      strided -= strides[axis] * shape[axis];
      index[axis] = 0;
    }
  }
}
