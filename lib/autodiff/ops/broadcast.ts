// Ops reshape, broadcastTo and sum: each is the transpose of another.
import { allocate } from '../buffers.js';
import { sumAxis } from '../kernels.js';
import {
  gather,
  isSameShape,
  readAxes,
  readShape,
  type Shape,
  scalarShape,
  shapeError,
  showShape,
  sizeOf,
  stridesOf,
} from '../shape.js';
import { made1 } from '../tape.js';
import { type Operand, operand, Rule, type Tensor } from '../tensor.js';

const reshapeRule = new Rule('reshape', [(g, r) => shaped(g, r.a.shape)]);
const broadcastRule = new Rule('broadcastTo', [(g, r) => sumTo(g, r.a.shape)]);
const sumRule = new Rule('sum', [(g, r) => expanded(shaped(g, r.detail as Shape), r.a.shape)]);

/** x in a shape of as many elements; the numbers are not copied. */
export function shaped(x: Tensor, shape: Shape): Tensor {
  return isSameShape(x.shape, shape) ? x : made1(reshapeRule, x.data, shape, x);
}

/**
 * x in another shape of as many elements; one size may be -1, what is left for it.
 *
 * @throws NablaError `ERR_SHAPE`, `ERR_OUT_OF_RANGE`, `ERR_INVALID_ARG_TYPE`
 */
export function reshape(x: Operand, shape: Shape): Tensor {
  const a = operand('reshape', 'x', x);
  const free = Array.isArray(shape) ? shape.indexOf(-1) : -1;
  const sizes = readShape('reshape', free < 0 ? shape : shape.map((size, axis) => (axis === free ? 1 : size))).slice();
  if (free >= 0) sizes[free] = a.data.length / sizeOf(sizes);
  if (sizes.every(Number.isInteger) && sizeOf(sizes) === a.data.length) return shaped(a, sizes);
  throw shapeError(
    'reshape',
    `x of shape ${showShape(a.shape)} has ${a.data.length} elements; shape ${showShape(shape)} has other`,
  );
}

/** The numbers of x repeated to a shape it broadcasts to. */
export function repeated(x: Float64Array, from: Shape, to: Shape): Float64Array {
  const out = allocate(sizeOf(to));
  if (x.length === 1) return out.fill(x[0]);
  const own = stridesOf(from);
  const strides = to.map((_, axis) => {
    const at = axis - to.length + from.length;
    return at < 0 || from[at] === 1 ? 0 : own[at];
  });
  if (out.length > 0) gather(x, 0, strides, to, out);
  return out;
}

/** As broadcastTo, of shapes that are known to go together. */
export function expanded(x: Tensor, shape: Shape): Tensor {
  return isSameShape(x.shape, shape) ? x : made1(broadcastRule, repeated(x.data, x.shape, shape), shape, x);
}

/** x repeated along axes of 1, and in front, as NumPy. @throws NablaError `ERR_SHAPE`, `ERR_INVALID_ARG_TYPE` */
export function broadcastTo(x: Operand, shape: Shape): Tensor {
  const a = operand('broadcastTo', 'x', x);
  const to = readShape('broadcastTo', shape);
  const isAble =
    to.length >= a.shape.length &&
    a.shape.every((size, i) => size === 1 || size === to[to.length - a.shape.length + i]);
  if (isAble) return expanded(a, to);
  throw shapeError('broadcastTo', `x of shape ${showShape(a.shape)} does not broadcast to shape ${showShape(to)}`);
}

/** Sums over some axes, neighbours in one pass, the last axes first. */
function sums(x: Float64Array, shape: Shape, isSummed: (axis: number) => boolean): Float64Array {
  let data = x;
  let inner = 1;
  for (let axis = shape.length - 1; axis >= 0; ) {
    let length = 1;
    const summed = isSummed(axis);
    for (; axis >= 0 && isSummed(axis) === summed; axis--) length *= shape[axis];
    if (!summed) {
      inner *= length;
    } else if (length !== 1) {
      const outer = sizeOf(shape.slice(0, axis + 1));
      const out = allocate(outer * inner);
      sumAxis(data, outer, length, inner, out);
      data = out;
    }
  }
  return data === x ? x.slice() : data;
}

/** The sum over what a broadcast from `shape` has repeated: its transpose. */
export function sumTo(x: Tensor, shape: Shape): Tensor {
  if (isSameShape(x.shape, shape)) return x;
  if (shape.length === 0) return total(x);
  const front = x.shape.length - shape.length;
  const data = sums(x.data, x.shape, (axis) => axis < front || shape[axis - front] !== x.shape[axis]);
  return made1(sumRule, data, shape, x, front === 0 ? shape : [...new Array(front).fill(1), ...shape]);
}

/** The sum of all elements. */
export function total(x: Tensor): Tensor {
  const out = allocate(1);
  sumAxis(x.data, 1, x.data.length, 1, out);
  return made1(sumRule, out, scalarShape, x, scalarShape);
}

/** How a reduction's result is shaped. */
export interface ReduceOptions {
  /** Whether reduced axes stay, with size 1. Default false. */
  keepDims?: boolean;
}

/** The shape after a reduction over `axes`, and the one that keeps them with size 1. */
export function reducedShapes(shape: Shape, axes: readonly number[], keepDims: boolean): { out: Shape; kept: Shape } {
  const kept = shape.map((size, axis) => (axes.includes(axis) ? 1 : size));
  return { kept, out: keepDims ? kept : shape.filter((_, axis) => !axes.includes(axis)) };
}

/**
 * The sum over axes. Order: 32 partials over a last axis, blocks and a pairwise tree over others; the last axes first.
 *
 * @param axis - one axis or several, negative ones from the last; default: all
 * @throws NablaError `ERR_OUT_OF_RANGE`, `ERR_INVALID_ARG_TYPE`
 */
export function sum(x: Operand, axis?: number | readonly number[], options: ReduceOptions = {}): Tensor {
  const a = operand('sum', 'x', x);
  if (axis === undefined && !options.keepDims) return total(a);
  const axes = readAxes('sum', axis, a.shape.length);
  const { out, kept } = reducedShapes(a.shape, axes, options.keepDims === true);
  const data = sums(a.data, a.shape, (i) => axes.includes(i));
  return made1(sumRule, data, out, a, kept);
}
