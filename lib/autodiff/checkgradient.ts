// checkGradient: derivatives of a function against differences of its values.
import { NablaError, show } from '../base/errors.js';
import { readObject } from '../input/read.js';
import { Philox } from '../reference/solver/philox.js';
import { backward } from './backward.js';
import type { Traceable } from './derivatives.js';
import { shapeError, typeError } from './shape.js';
import { differentiate, type Level, quietly } from './tape.js';
import { operand, Tensor } from './tensor.js';
import { type Like, leavesOf } from './trees.js';

/** How thoroughly a gradient is checked. */
export interface CheckOptions {
  /** 1: the gradient; 2: the gradient of the gradient, in a random direction. Default 1. */
  order?: 1 | 2;
  /** So many random directions; default: each coordinate by itself. */
  directions?: number;
  /** Of what is random. Default 0. */
  seed?: number;
}

/** What {@link checkGradient} found. */
export interface GradientCheck {
  /** The largest relative difference. */
  error: number;
  /** Of which coordinate (counted through all of x in row-major order) or direction. */
  at: number;
}

/** Step of the differences, in units of a coordinate: truncation h⁴/30 and rounding 2⁻⁵²/h are both near 2⁻⁴⁰. */
const step = 2 ** -9;
/** Least unit of a coordinate. */
const leastUnit = 2 ** -6;
/** Rounding of a value, in units of its terms, that no difference is blamed for. */
const roundoff = 16 * 2 ** -52;
/** Derivatives this much smaller than the largest are compared with that. */
const negligible = 2 ** -20;

/** Numbers between -1 and 1, pure functions of seed and index. */
function random(seed: number): (index: number) => number {
  const draws = new Philox(seed, 0);
  draws.setEpoch(0);
  return (index) => draws.below(2 ** 53, index) * 2 ** -52 - 1;
}

/** Σ a b, and the sum of the magnitudes of its terms, which tells its rounding. */
function inner(a: readonly Tensor[], b: readonly Float64Array[]): { total: number; magnitude: number } {
  let total = 0;
  let magnitude = 0;
  a.forEach(({ data }, i) => {
    for (let j = 0; j < data.length; j++) {
      total += data[j] * b[i][j];
      magnitude += Math.abs(data[j] * b[i][j]);
    }
  });
  return { total, magnitude };
}

/**
 * Compares derivatives of f with central differences of fourth order. Of a function that returns no scalar a random
 * combination of the elements is checked. Choose x where f is differentiable, inside its domain.
 *
 * @param f - written in `ops`
 * @param x - an argument of f, or a tree
 * @returns the largest relative difference, and where; below some 1e-7 derivatives are right
 * @throws NablaError `ERR_INVALID_ARG_TYPE`, `ERR_OUT_OF_RANGE`, `ERR_UNKNOWN_OPTION`; `ERR_SHAPE` when x has no elements
 */
export function checkGradient<P = Tensor>(
  f: Traceable<P>,
  x: Like<NoInfer<P>>,
  options: CheckOptions = {},
): GradientCheck {
  if (typeof f !== 'function') throw typeError('checkGradient', 'f', 'a function', f);
  const {
    order = 1,
    directions,
    seed = 0,
  } = readObject('options', options, ['order', 'directions', 'seed']) as CheckOptions;
  if (order !== 1 && order !== 2) throw outOfRange('order', '1 or 2', order);
  if (directions !== undefined && !(Number.isInteger(directions) && directions >= 1)) {
    throw outOfRange('directions', 'a whole number from 1', directions);
  }
  if (!(Number.isInteger(seed) && seed >= 0)) throw outOfRange('seed', 'a whole number from 0', seed);
  const draw = random(seed);
  let drawn = 0;
  const like = (size: number) => Float64Array.from({ length: size }, () => draw(drawn++));
  const { tensors, rebuild } = leavesOf('checkGradient', 'x', x);
  const weights = tensors.map(({ size }) => like(size));
  let seeds: Float64Array | undefined;

  /** The scalar that is checked, and its derivatives. */
  function evaluate(point: readonly Float64Array[]): { value: ReturnType<typeof inner>; slopes: readonly Tensor[] } {
    return differentiate((level: Level) => {
      const inputs = tensors.map(({ shape }, i) => level.input(new Tensor(point[i], shape)));
      const y = operand('checkGradient', 'the result of f', f(rebuild(inputs) as P));
      seeds ??= y.shape.length === 0 ? Float64Array.of(1) : like(y.size);
      const from = [new Tensor(seeds, y.shape)];
      if (order === 1) return { value: inner([y], [seeds]), slopes: quietly(level, () => backward(level, [y], from)) };
      const gradients = backward(level, [y], from);
      const along = weights.map((weight, i) => new Tensor(weight, tensors[i].shape));
      return { value: inner(gradients, weights), slopes: quietly(level, () => backward(level, gradients, along)) };
    });
  }

  const here = tensors.map(({ data }) => data);
  const units = here.map((data) => data.map((value) => Math.max(Math.abs(value), leastUnit)));
  const { value, slopes } = evaluate(here);
  const valueAt = (direction: readonly Float64Array[], h: number): number =>
    evaluate(here.map((data, i) => data.map((start, j) => start + h * direction[i][j]))).value.total;
  const size = here.reduce((n, data) => n + data.length, 0);
  if (size === 0) throw shapeError('checkGradient', 'x must have at least one element; got none');
  const compared = Array.from({ length: directions ?? size }, (_, k) => {
    const direction =
      directions === undefined ? coordinate(units, k) : units.map((unit) => unit.map((u) => u * draw(drawn++)));
    const { total: analytic } = inner(slopes, direction);
    const near = valueAt(direction, step) - valueAt(direction, -step);
    const far = valueAt(direction, 2 * step) - valueAt(direction, -2 * step);
    return { analytic, numeric: (8 * near - far) / (12 * step) };
  });
  const largest = compared.reduce((most, { analytic }) => Math.max(most, Math.abs(analytic)), 0);
  const noise = (roundoff * value.magnitude) / step;
  let worst: GradientCheck = { error: 0, at: 0 };
  compared.forEach(({ analytic, numeric }, at) => {
    const scale = Math.max(Math.abs(analytic), Math.abs(numeric), negligible * largest, Number.MIN_VALUE);
    const error = Math.max(0, Math.abs(analytic - numeric) - noise) / scale;
    if (!(error <= worst.error)) worst = { error, at };
  });
  return worst;
}

/** The k-th coordinate, by its unit. */
function coordinate(units: readonly Float64Array[], k: number): Float64Array[] {
  let at = k;
  return units.map((unit) => {
    const direction = new Float64Array(unit.length);
    if (at >= 0 && at < unit.length) direction[at] = unit[at];
    at -= unit.length;
    return direction;
  });
}

function outOfRange(name: string, expected: string, actual: unknown): NablaError {
  return new NablaError('ERR_OUT_OF_RANGE', `checkGradient: ${name} must be ${expected}; got ${show(actual)}`);
}
