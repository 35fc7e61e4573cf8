// Ops that reduce axes: mean, max, min, prod, cumsum, logSumExp, norm.
import { allocate } from '../buffers.js';
import { extremeAxis } from '../kernels.js';
import { readAxes, readAxis, shapeError, showShape, sizeOf } from '../shape.js';
import { made1 } from '../tape.js';
import { type Operand, operand, Rule, Tensor } from '../tensor.js';
import { add, div, equal, log, mul, sub, where } from './arithmetic.js';
import { type ReduceOptions, reducedShapes, shaped, sum } from './broadcast.js';
import { exp, sqrt } from './elementary.js';
import { concat, filled, permuted, slice, takenBy } from './structure.js';

type Axes = number | readonly number[];

/** The mean over axes (default: all): the sum divided by the count; NaN of none. @throws NablaError as {@link sum} */
export function mean(x: Operand, axis?: Axes, options: ReduceOptions = {}): Tensor {
  const a = operand('mean', 'x', x);
  const axes = readAxes('mean', axis, a.shape.length);
  return div(
    sum(a, axes, options),
    axes.reduce((n, i) => n * a.shape[i], 1),
  );
}

/** The reduced axes behind each other at the end, as one. */
function lastAxis(a: Tensor, axes: readonly number[]): { x: Tensor; outer: number; length: number } {
  const others = a.shape.map((_, i) => i).filter((i) => !axes.includes(i));
  const moved = permuted(a, [...others, ...axes]);
  const outer = others.reduce((n, i) => n * a.shape[i], 1);
  const length = axes.reduce((n, i) => n * a.shape[i], 1);
  return { x: shaped(moved, [outer, length]), outer, length };
}

function extreme(op: string, least: boolean, x: Operand, axis: Axes | undefined, keepDims: boolean): Tensor {
  const a = operand(op, 'x', x);
  const axes = readAxes(op, axis, a.shape.length);
  const moved = lastAxis(a, axes);
  const { outer, length } = moved;
  if (length === 0)
    throw shapeError(op, `x of shape ${showShape(a.shape)} has no elements along axes ${showShape(axes)}`);
  const index = new Int32Array(outer);
  extremeAxis(least, moved.x.data, outer, length, 1, allocate(outer), index);
  for (let o = 0; o < outer; o++) index[o] += o * length;
  const { out } = reducedShapes(a.shape, axes, keepDims);
  return takenBy(moved.x, out, { index, outer: 1, length: outer * length, inner: 1 });
}

/** The greatest over axes (default: all); NaN if there is one. The first of equal ones takes the gradient. @throws as {@link sum}; `ERR_SHAPE` of no elements */
export function max(x: Operand, axis?: Axes, options: ReduceOptions = {}): Tensor {
  return extreme('max', false, x, axis, options.keepDims === true);
}

/** The least over axes (default: all); NaN if there is one. The first of equal ones takes the gradient. @throws as {@link max} */
export function min(x: Operand, axis?: Axes, options: ReduceOptions = {}): Tensor {
  return extreme('min', true, x, axis, options.keepDims === true);
}

/**
 * The product over axes (default: all), of halves by halves: element i times element i + ⌊n/2⌋. No division: gradients are
 * right where factors are 0. @throws NablaError as {@link sum}
 */
export function prod(x: Operand, axis?: Axes, options: ReduceOptions = {}): Tensor {
  const a = operand('prod', 'x', x);
  const axes = readAxes('prod', axis, a.shape.length);
  const { out } = reducedShapes(a.shape, axes, options.keepDims === true);
  let { x: rows, outer, length } = lastAxis(a, axes);
  if (length === 0) return filled(1, out);
  while (length > 1) {
    const half = length >> 1;
    let next = mul(slice(rows, [0, 0], [outer, half]), slice(rows, [0, half], [outer, 2 * half]));
    if (length % 2 === 1) {
      const last = mul(slice(next, [0, half - 1], [outer, half]), slice(rows, [0, length - 1], [outer, length]));
      next = half === 1 ? last : concat([slice(next, [0, 0], [outer, half - 1]), last], 1);
    }
    rows = next;
    length = half;
  }
  return shaped(rows, out);
}

/** Where an axis is: blocks before, its length, elements behind. */
interface Along {
  readonly outer: number;
  readonly length: number;
  readonly inner: number;
  readonly isBackward: boolean;
}

const cumsumRule = new Rule('cumsum', [
  (g, r) => {
    const along = r.detail as Along;
    return cumulated(g, { ...along, isBackward: !along.isBackward });
  },
]);

function cumulated(x: Tensor, along: Along): Tensor {
  const { outer, length, inner, isBackward } = along;
  const { data } = x;
  const out = allocate(data.length);
  const step = isBackward ? -inner : inner;
  for (let o = 0; o < outer; o++) {
    for (let i = 0; i < inner; i++) {
      let at = (o * length + (isBackward ? length - 1 : 0)) * inner + i;
      let running = 0;
      for (let l = 0; l < length; l++, at += step) {
        running += data[at];
        out[at] = running;
      }
    }
  }
  return made1(cumsumRule, out, x.shape, x, along);
}

/** Running sums along an axis, in index order from +0. @param axis - default 0 @throws NablaError `ERR_OUT_OF_RANGE`, `ERR_INVALID_ARG_TYPE` */
export function cumsum(x: Operand, axis = 0): Tensor {
  const a = operand('cumsum', 'x', x);
  const at = readAxis('cumsum', axis, a.shape.length);
  const { shape } = a;
  const along = { outer: sizeOf(shape.slice(0, at)), length: shape[at], inner: sizeOf(shape.slice(at + 1)) };
  return cumulated(a, { ...along, isBackward: false });
}

/** ln Σ e^x over axes (default: all), the greatest subtracted first. @throws NablaError as {@link max} */
export function logSumExp(x: Operand, axis?: Axes, options: ReduceOptions = {}): Tensor {
  const a = operand('logSumExp', 'x', x);
  const axes = readAxes('logSumExp', axis, a.shape.length);
  const top = max(a, axes, { keepDims: true });
  const greatest = new Tensor(
    top.data.map((value) => (Number.isFinite(value) ? value : 0)),
    top.shape,
  );
  const sums = log(sum(exp(sub(a, greatest)), axes, { keepDims: true }));
  const { out } = reducedShapes(a.shape, axes, options.keepDims === true);
  return shaped(add(sums, greatest), out);
}

/** The Euclidean norm over axes (default: all), the root of the sum of squares; derivative 0 at 0. @throws NablaError as {@link sum} */
export function norm(x: Operand, axis?: Axes, options: ReduceOptions = {}): Tensor {
  const a = operand('norm', 'x', x);
  const squares = sum(mul(a, a), axis, options);
  const isZero = equal(squares, 0);
  return where(isZero, 0, sqrt(where(isZero, 1, squares)));
}
