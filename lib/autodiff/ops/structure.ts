// Ops that move elements: transpose, slice, pad, concat, stack, take, put.
import { NablaError, show } from '../../base/errors.js';
import { allocate } from '../buffers.js';
import {
  gather,
  isSameShape,
  readAxis,
  readShape,
  type Shape,
  scatter,
  shapeError,
  showShape,
  sizeOf,
  stridesOf,
  typeError,
} from '../shape.js';
import { made1, madeOf, operandsOf } from '../tape.js';
import { type Operand, operand, Rule, scalar, type Tensor } from '../tensor.js';
import { expanded, shaped } from './broadcast.js';

const transposeRule = new Rule('transpose', [(g, r) => permuted(g, inverse(r.detail as number[]))]);

function inverse(order: readonly number[]): number[] {
  const back = new Array<number>(order.length);
  order.forEach((axis, i) => {
    back[axis] = i;
  });
  return back;
}

/** Axis i of the result is axis order[i] of x. */
export function permuted(x: Tensor, order: readonly number[]): Tensor {
  if (order.every((axis, i) => axis === i)) return x;
  const strides = stridesOf(x.shape);
  const shape = order.map((axis) => x.shape[axis]);
  const out = allocate(x.data.length);
  const moved = order.map((axis) => strides[axis]);
  if (out.length > 0) gather(x.data, 0, moved, shape, out);
  return made1(transposeRule, out, shape, x, order);
}

/**
 * x with its axes in another order.
 *
 * @param order - which axis of x each axis of the result is; default: reversed
 * @throws NablaError `ERR_OUT_OF_RANGE`, `ERR_SHAPE`, `ERR_INVALID_ARG_TYPE`
 */
export function transpose(x: Operand, order?: readonly number[]): Tensor {
  const a = operand('transpose', 'x', x);
  const rank = a.shape.length;
  if (order === undefined)
    return permuted(
      a,
      Array.from({ length: rank }, (_, i) => rank - 1 - i),
    );
  if (!Array.isArray(order)) throw typeError('transpose', 'order', 'an array of axes', order);
  const axes = order.map((axis) => readAxis('transpose', axis, rank));
  if (axes.length === rank && new Set(axes).size === rank) return permuted(a, axes);
  throw shapeError('transpose', `order must name each of the ${rank} axes of x once; got ${showShape(order)}`);
}

/** Part of a tensor: from where, how many and how far apart along each axis. */
interface Part {
  readonly start: readonly number[];
  readonly step: readonly number[];
  /** Of the whole. */
  readonly whole: Shape;
}

const sliceRule = new Rule('slice', [(g, r) => embedded(g, r.detail as Part)]);
const padRule = new Rule('pad', [(g, r) => part(g, r.a.shape, r.detail as Part)]);

function stridesOfPart({ start, step, whole }: Part): { offset: number; strides: number[] } {
  const strides = stridesOf(whole);
  let offset = 0;
  for (let axis = 0; axis < whole.length; axis++) {
    offset += start[axis] * strides[axis];
    strides[axis] *= step[axis];
  }
  return { offset, strides };
}

function part(x: Tensor, shape: Shape, of: Part): Tensor {
  const { offset, strides } = stridesOfPart(of);
  const out = allocate(sizeOf(shape));
  if (out.length > 0) gather(x.data, offset, strides, shape, out);
  return made1(sliceRule, out, shape, x, of);
}

/** x as a part of zeros: the transpose of a slice. */
function embedded(x: Tensor, of: Part): Tensor {
  const { offset, strides } = stridesOfPart(of);
  const out = allocate(sizeOf(of.whole));
  if (x.data.length > 0) scatter(x.data, offset, strides, x.shape, out);
  return made1(padRule, out, of.whole, x, of);
}

/** A list of one number an axis; a number alone is that of the first axis. */
function perAxis(argument: string, value: unknown, rank: number, others: readonly number[]): number[] {
  if (value === undefined) return others.slice();
  const list = typeof value === 'number' ? [value] : value;
  if (!Array.isArray(list)) throw typeError('slice', argument, 'a number or an array of numbers', value);
  if (list.length > rank) {
    throw shapeError('slice', `${argument} has ${list.length} numbers, more than the ${rank} axes of x`);
  }
  for (const item of list) {
    if (typeof item !== 'number') throw typeError('slice', argument, 'whole numbers', item);
    if (!Number.isInteger(item)) {
      throw new NablaError('ERR_OUT_OF_RANGE', `slice: ${argument} must have whole numbers; got ${show(item)}`);
    }
  }
  return others.map((other, axis) => list[axis] ?? other);
}

/**
 * The elements from `start` to before `end`, every `step`-th, along each axis. A number alone is for the first axis; axes
 * without a number are whole. Negative ones count from the end, as of Array.slice.
 *
 * @throws NablaError `ERR_OUT_OF_RANGE`, `ERR_SHAPE`, `ERR_INVALID_ARG_TYPE`
 */
export function slice(
  x: Operand,
  start: number | readonly number[],
  end?: number | readonly number[],
  step?: number | readonly number[],
): Tensor {
  const a = operand('slice', 'x', x);
  const rank = a.shape.length;
  const none = new Array<number>(rank).fill(0);
  const from = perAxis('start', start, rank, none).map((at, axis) => (at < 0 ? at + a.shape[axis] : at));
  const to = perAxis('end', end, rank, a.shape).map((at, axis) => (at < 0 ? at + a.shape[axis] : at));
  const steps = perAxis('step', step, rank, none.fill(1));
  const shape = a.shape.map((size, axis) => {
    const isInside = from[axis] >= 0 && from[axis] <= to[axis] && to[axis] <= size && steps[axis] > 0;
    if (isInside) return Math.ceil((to[axis] - from[axis]) / steps[axis]);
    const asked = `${from[axis]} to ${to[axis]} by ${steps[axis]}`;
    throw new NablaError('ERR_OUT_OF_RANGE', `slice: axis ${axis} of x has ${size} elements; got ${asked}`);
  });
  return part(a, shape, { start: from, step: steps, whole: a.shape });
}

/** Elements before and behind, along each axis. */
function readWidths(value: unknown, rank: number): [number, number][] {
  const each = typeof value === 'number' ? new Array(rank).fill([value, value]) : value;
  if (!Array.isArray(each)) throw typeError('pad', 'widths', 'a number or an array of [before, after]', value);
  if (each.length !== rank) {
    throw shapeError(
      'pad',
      `widths must have one [before, after] for each of the ${rank} axes of x; got ${each.length}`,
    );
  }
  return each.map((pair) => {
    if (!Array.isArray(pair) || pair.length !== 2) throw typeError('pad', 'widths', 'pairs [before, after]', pair);
    const bad = pair.find((width) => !(Number.isInteger(width) && width >= 0));
    if (bad === undefined) return pair as [number, number];
    throw new NablaError('ERR_OUT_OF_RANGE', `pad: widths must be whole numbers from 0; got ${show(bad)}`);
  });
}

/**
 * x with constant elements around.
 *
 * @param widths - `[before, after]` of each axis; a number is both of all axes
 * @param value - of the elements around; default 0
 * @throws NablaError `ERR_SHAPE`, `ERR_OUT_OF_RANGE`, `ERR_INVALID_ARG_TYPE`
 */
export function pad(x: Operand, widths: number | readonly (readonly [number, number])[], value = 0): Tensor {
  const a = operand('pad', 'x', x);
  if (typeof value !== 'number') throw typeError('pad', 'value', 'a number', value);
  const read = readWidths(widths, a.shape.length);
  const whole = a.shape.map((size, axis) => size + read[axis][0] + read[axis][1]);
  const place = { start: read.map(([before]) => before), step: read.map(() => 1), whole };
  const zeros = embedded(a, place);
  if (value === 0) return zeros;
  const { offset, strides } = stridesOfPart(place);
  const out = allocate(zeros.data.length).fill(value);
  if (a.data.length > 0) scatter(a.data, offset, strides, a.shape, out);
  return made1(padRule, out, whole, a, place);
}

const concatRule = new Rule('concat', [], (g, r) => {
  const { axis, count } = r.detail as { axis: number; count: number };
  let start = 0;
  return operandsOf(r, count).map((x) => {
    const of = {
      start: x.shape.map((_, i) => (i === axis ? start : 0)),
      step: x.shape.map(() => 1),
      whole: r.shape,
    };
    start += x.shape[axis];
    return part(g, x.shape, of);
  });
});

/** The operands of concat and stack. */
function readList(op: string, list: readonly Operand[]): Tensor[] {
  if (!Array.isArray(list)) throw typeError(op, 'list', 'an array of tensors', list);
  if (list.length === 0) throw shapeError(op, 'list must have at least one tensor; got none');
  return list.map((item, i) => operand(op, `list[${i}]`, item));
}

/**
 * Tensors one behind the other along an axis.
 *
 * @param axis - default 0
 * @throws NablaError `ERR_SHAPE` when other axes differ; `ERR_OUT_OF_RANGE`, `ERR_INVALID_ARG_TYPE`
 */
export function concat(list: readonly Operand[], axis = 0): Tensor {
  return joined('concat', readList('concat', list), axis);
}

function joined(op: string, parts: readonly Tensor[], axis: number): Tensor {
  const { shape: first } = parts[0];
  const at = readAxis(op, axis, first.length);
  for (const [i, { shape }] of parts.entries()) {
    if (shape.length === first.length && shape.every((size, j) => j === at || size === first[j])) continue;
    const both = `list[0] of shape ${showShape(first)} and list[${i}] of shape ${showShape(shape)}`;
    throw shapeError(op, `${both} must agree in all axes but ${at}`);
  }
  const shape = first.map((size, i) => (i === at ? parts.reduce((n, x) => n + x.shape[at], 0) : size));
  const out = allocate(sizeOf(shape));
  const inner = sizeOf(shape.slice(at + 1));
  const outer = sizeOf(shape.slice(0, at));
  let start = 0;
  for (const x of parts) {
    const run = x.shape[at] * inner;
    for (let o = 0; o < outer; o++) out.set(x.data.subarray(o * run, (o + 1) * run), o * shape[at] * inner + start);
    start += run;
  }
  return madeOf(concatRule, out, shape, parts, { axis: at, count: parts.length });
}

/**
 * Tensors of one shape along a new axis.
 *
 * @param axis - where the new axis is; default 0
 * @throws NablaError `ERR_SHAPE` when shapes differ; `ERR_OUT_OF_RANGE`, `ERR_INVALID_ARG_TYPE`
 */
export function stack(list: readonly Operand[], axis = 0): Tensor {
  const parts = readList('stack', list);
  const { shape } = parts[0];
  const at = readAxis('stack', axis, shape.length + 1);
  const other = parts.findIndex((x) => !isSameShape(x.shape, shape));
  if (other > 0) {
    const both = `list[0] of shape ${showShape(shape)} and list[${other}] of shape ${showShape(parts[other].shape)}`;
    throw shapeError('stack', `${both} must be of one shape`);
  }
  const raised = [...shape.slice(0, at), 1, ...shape.slice(at)];
  return joined(
    'stack',
    parts.map((x) => shaped(x, raised)),
    at,
  );
}

/** Whole numbers that name elements; nested arrays give the result its shape. */
export type Indices = number | Int32Array | Uint32Array | readonly number[] | readonly Indices[] | Tensor;

function readIndices(op: string, value: Indices, size: number): { index: Int32Array; shape: Shape } {
  const typed = value instanceof Int32Array || value instanceof Uint32Array;
  const { data, shape } = typed ? { data: value, shape: [value.length] } : operand(op, 'indices', value as Operand);
  const index = new Int32Array(data.length);
  for (let i = 0; i < data.length; i++) {
    const at = data[i];
    if (!(Number.isInteger(at) && at >= 0 && at < size)) {
      throw new NablaError(
        'ERR_OUT_OF_RANGE',
        `${op}: indices must be whole numbers from 0 to ${size - 1}; got ${at} at ${i}`,
      );
    }
    index[i] = at;
  }
  return { index, shape };
}

/** Which runs of `inner` elements are taken, from `outer` blocks of `length` runs. */
interface Taken {
  readonly index: Int32Array;
  readonly outer: number;
  readonly length: number;
  readonly inner: number;
}

const takeRule = new Rule('take', [(g, r) => putBy(g, r.a.shape, r.detail as Taken)]);
const putRule = new Rule('put', [(g, r) => takenBy(g, r.a.shape, r.detail as Taken)]);

export function takenBy(x: Tensor, shape: Shape, by: Taken): Tensor {
  const { index, outer, length, inner } = by;
  const out = allocate(outer * index.length * inner);
  const { data } = x;
  for (let o = 0, to = 0; o < outer; o++) {
    for (let i = 0; i < index.length; i++) {
      const from = (o * length + index[i]) * inner;
      for (let j = 0; j < inner; j++) out[to++] = data[from + j];
    }
  }
  return made1(takeRule, out, shape, x, by);
}

function putBy(x: Tensor, shape: Shape, by: Taken): Tensor {
  const { index, outer, length, inner } = by;
  const out = allocate(outer * length * inner);
  const { data } = x;
  for (let o = 0, from = 0; o < outer; o++) {
    for (let i = 0; i < index.length; i++) {
      const to = (o * length + index[i]) * inner;
      for (let j = 0; j < inner; j++) out[to + j] += data[from++];
    }
  }
  return made1(putRule, out, shape, x, by);
}

/**
 * The elements that indices name: of x in row-major order, or along an axis. The result has the shape of `indices`, in place
 * of that axis.
 *
 * @param indices - whole numbers, which are constant
 * @throws NablaError `ERR_OUT_OF_RANGE`, `ERR_INVALID_ARG_TYPE`
 */
export function take(x: Operand, indices: Indices, axis?: number): Tensor {
  const a = operand('take', 'x', x);
  if (axis === undefined) {
    const { index, shape } = readIndices('take', indices, a.data.length);
    return takenBy(a, shape, { index, outer: 1, length: a.data.length, inner: 1 });
  }
  const at = readAxis('take', axis, a.shape.length);
  const length = a.shape[at];
  const { index, shape } = readIndices('take', indices, length);
  const [before, after] = [a.shape.slice(0, at), a.shape.slice(at + 1)];
  const by = { index, outer: sizeOf(before), length, inner: sizeOf(after) };
  return takenBy(a, [...before, ...shape, ...after], by);
}

/**
 * Scatter-add, the transpose of take: zeros of `shape`, to whose elements (of row-major order, or along an axis) those of x
 * are added, in their order.
 *
 * @throws NablaError `ERR_SHAPE`, `ERR_OUT_OF_RANGE`, `ERR_INVALID_ARG_TYPE`
 */
export function put(x: Operand, indices: Indices, shape: Shape, axis?: number): Tensor {
  const a = operand('put', 'x', x);
  const whole = readShape('put', shape);
  const at = axis === undefined ? -1 : readAxis('put', axis, whole.length);
  const length = at < 0 ? sizeOf(whole) : whole[at];
  const read = readIndices('put', indices, length);
  const [before, after] = at < 0 ? [[], []] : [whole.slice(0, at), whole.slice(at + 1)];
  const expected = [...before, ...read.shape, ...after];
  const own = a.shape.length === 0 ? expanded(a, expected) : a;
  if (!isSameShape(own.shape, expected)) {
    const both = `x has shape ${showShape(a.shape)}; these indices into shape ${showShape(whole)} take ${showShape(expected)}`;
    throw shapeError('put', both);
  }
  return putBy(own, whole, { index: read.index, outer: sizeOf(before), length, inner: sizeOf(after) });
}

/** A constant of the value in a shape. */
export const filled = (value: number, shape: Shape): Tensor => expanded(scalar(value), shape);
