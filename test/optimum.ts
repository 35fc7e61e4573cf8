// Whether a model is at the minimum of its objective, from the conditions of that alone: nothing of the solvers is used.
import { normal, random } from './support.js';

export const smoothLosses = [
  'squared',
  'logistic',
  'softmax',
  'squared_hinge',
  'huber',
  'squared_epsilon_insensitive',
  'poisson',
  'gamma',
  'tweedie',
] as const;
export type SmoothLoss = (typeof smoothLosses)[number];

export interface Problem {
  X: Float64Array;
  y: Float64Array;
  cols: number;
  sampleWeight?: Float64Array;
}

export interface Options {
  loss: SmoothLoss;
  /** Of huber, squared_epsilon_insensitive and tweedie. */
  parameter?: number;
  l1?: number;
  l2?: number;
  standardize?: boolean;
  intercept?: boolean;
}

/** ∂ℓ/∂z of one output, and the largest second derivative near. */
function slopeOf(loss: SmoothLoss, y: number, z: number, parameter: number): [number, number] {
  const r = z - y;
  switch (loss) {
    case 'squared':
      return [r, 1];
    case 'logistic':
      return [y === 1 ? -1 / (1 + Math.exp(z)) : 1 / (1 + Math.exp(-z)), 0.25];
    case 'squared_hinge': {
      const inside = Math.max(0, 1 - y * z);
      return [-2 * y * inside, 2];
    }
    case 'huber':
      return [Math.max(-parameter, Math.min(parameter, r)), 1];
    case 'squared_epsilon_insensitive':
      return [2 * Math.sign(r) * Math.max(0, Math.abs(r) - parameter), 2];
    case 'poisson':
      return [Math.exp(z) - y, Math.exp(z)];
    case 'gamma':
      return [1 - y * Math.exp(-z), y * Math.exp(-z)];
    case 'tweedie': {
      const [a, b] = [y === 0 ? 0 : y * Math.exp((1 - parameter) * z), Math.exp((2 - parameter) * z)];
      return [b - a, a + b];
    }
    default:
      throw new Error(loss);
  }
}

/**
 * How far the conditions of the minimum are from being met: the slope of the objective in each weight, over the terms that
 * it is the sum of, in the column's own scale (centred where there is an intercept). What rounding of z alone makes of a
 * slope is taken off.
 */
export function violation(
  { X, y, cols, sampleWeight }: Problem,
  { loss, parameter = 0, l1 = 0, l2 = 0, standardize = false, intercept = true }: Options,
  coefficients: Float64Array,
  intercepts: ArrayLike<number>,
): number {
  const rows = X.length / cols;
  const outputs = coefficients.length / cols;
  const weight = (i: number) => (sampleWeight ? sampleWeight[i] : 1);
  let total = 0;
  for (let i = 0; i < rows; i++) total += weight(i);
  const mean = new Float64Array(cols);
  const deviation = new Float64Array(cols).fill(1);
  for (let j = 0; j < cols && (intercept || standardize); j++) {
    // About a row of it: far columns keep their digits.
    const from = X[j];
    let sum = 0;
    for (let i = 0; i < rows; i++) sum += weight(i) * (X[i * cols + j] - from);
    mean[j] = from + sum / total;
    let squares = 0;
    for (let i = 0; i < rows; i++) squares += weight(i) * (X[i * cols + j] - mean[j]) ** 2;
    if (standardize) deviation[j] = Math.sqrt(squares / total) || 1;
    if (!intercept) mean[j] = 0;
  }
  const slopes = new Float64Array(rows * outputs);
  const noise = new Float64Array(rows * outputs);
  for (let i = 0; i < rows; i++) {
    const z = new Float64Array(outputs);
    const size = new Float64Array(outputs);
    for (let k = 0; k < outputs; k++) {
      z[k] = intercept ? intercepts[k] : 0;
      size[k] = Math.abs(z[k]);
      // Twice a double's digits where terms cancel: products are split.
      let low = 0;
      for (let j = 0; j < cols; j++) {
        const [product, error] = exactProduct(X[i * cols + j], coefficients[k * cols + j]);
        const sum = z[k] + product;
        const rest = sum - z[k];
        low += z[k] - (sum - rest) + (product - rest) + error;
        z[k] = sum;
        size[k] += Math.abs(product);
      }
      z[k] += low;
    }
    if (loss === 'softmax') {
      const largest = Math.max(...z);
      const powers = z.map((value) => Math.exp(value - largest));
      const sum = powers.reduce((a, b) => a + b, 0);
      const most = Math.max(...size);
      for (let k = 0; k < outputs; k++) {
        slopes[k * rows + i] = (weight(i) / total) * (powers[k] / sum - (y[i] === k ? 1 : 0));
        noise[k * rows + i] = (weight(i) / total) * 2 ** -52 * (1 + most);
      }
    } else {
      const [slope, bend] = slopeOf(loss, y[i], z[0], parameter);
      const isLocation = loss === 'squared' || loss === 'huber' || loss === 'squared_epsilon_insensitive';
      slopes[i] = (weight(i) / total) * slope;
      // Of intercepts that are rounded themselves.
      noise[i] = (weight(i) / total) * 2 ** -52 * bend * (size[0] + (isLocation ? Math.abs(y[i]) : 1));
    }
  }
  let worst = 0;
  const hold = (off: number, terms: number, room: number) => {
    const share = (Math.abs(off) - 16 * room) / (terms + room);
    // All that is not finite is as bad as can be.
    if (!(share <= worst)) worst = Number.isNaN(share) ? Infinity : share;
  };
  for (let k = 0; k < outputs; k++) {
    for (let j = 0; j < cols; j++) {
      const w = coefficients[k * cols + j] * deviation[j];
      let [g, terms, room] = [l2 * w, Math.abs(l2 * w), 0];
      for (let i = 0; i < rows; i++) {
        const x = (X[i * cols + j] - mean[j]) / deviation[j];
        g += slopes[k * rows + i] * x;
        terms += Math.abs(slopes[k * rows + i] * x);
        room += noise[k * rows + i] * Math.abs(x);
      }
      const off = w !== 0 ? g + l1 * Math.sign(w) : Math.max(0, Math.abs(g) - l1);
      hold(off, terms + l1, room);
    }
    if (!intercept) continue;
    let [g, terms, room] = [0, 0, 0];
    for (let i = 0; i < rows; i++) {
      g += slopes[k * rows + i];
      terms += Math.abs(slopes[k * rows + i]);
      room += noise[k * rows + i];
    }
    hold(g, terms, room);
  }
  return worst;
}

/** a·b and what rounding takes of it (Dekker 1971). */
function exactProduct(a: number, b: number): [number, number] {
  const product = a * b;
  if (!(Math.abs(a) < 1e290 && Math.abs(b) < 1e290) || Math.abs(product) < 1e-280) return [product, 0];
  const split = (x: number): [number, number] => {
    const c = 134217729 * x;
    const high = c - (c - x);
    return [high, x - high];
  };
  const [[ah, al], [bh, bl]] = [split(a), split(b)];
  return [product, al * bl - (product - ah * bh - al * bh - ah * bl)];
}

/** A random problem, of a scale from 1e-12 to 1e12 and often with columns far from 0, and options for it. */
export function randomProblem(loss: SmoothLoss, seed: number, lasso = true): { problem: Problem; options: Options } {
  const uniform = random(seed);
  const power = (most: number) => 10 ** (most * (2 * uniform() - 1));
  const pick = <T>(...values: T[]): T => values[Math.floor(uniform() * values.length)];
  const cols = 1 + Math.floor(5 * uniform());
  const classes = loss === 'softmax' ? 3 : 1;
  const rows = 8 * classes + Math.floor(4 * cols * uniform()) + 4 * cols;
  const intercept = uniform() < 0.8;
  const isScaled = uniform() < 0.5;
  const isFar = intercept && uniform() < 0.5;
  const X = new Float64Array(rows * cols);
  const z = new Float64Array(rows);
  const scales: number[] = [];
  for (let j = 0; j < cols; j++) {
    const scale = isScaled ? power(12) : 1;
    const shift = isFar ? 10 ** (12 * uniform()) * pick(-1, 1) : 0;
    scales.push(scale);
    const w = normal(uniform) / Math.sqrt(cols);
    for (let i = 0; i < rows; i++) {
      const x = normal(uniform);
      z[i] += w * x;
      X[i * cols + j] = scale * (x + shift);
    }
  }
  const scale = uniform() < 0.7 ? power(12) : 1;
  const y = new Float64Array(rows);
  const options: Options = { loss, intercept, standardize: uniform() < 0.5 };
  const isLocation = loss === 'squared' || loss === 'huber' || loss === 'squared_epsilon_insensitive';
  const move = isLocation && intercept && uniform() < 0.5 ? 10 ** (9 * uniform()) * scale : 0;
  const noise = pick(0.01, 0.3, 1);
  for (let i = 0; i < rows; i++) {
    const e = normal(uniform);
    if (isLocation) y[i] = move + scale * (z[i] + noise * (uniform() < 0.1 ? 30 * e : e));
    else if (loss === 'softmax') y[i] = i < 3 ? i : Math.floor(uniform() * 3);
    else if (loss === 'logistic') y[i] = i < 2 ? i : Number(uniform() < 1 / (1 + Math.exp(-z[i])));
    else if (loss === 'squared_hinge') y[i] = i < 2 ? 2 * i - 1 : uniform() < 1 / (1 + Math.exp(-z[i])) ? 1 : -1;
    else y[i] = (intercept ? scale : 1) * Math.exp(z[i] + noise * e);
    if ((loss === 'poisson' || loss === 'tweedie') && uniform() < 0.1) y[i] = 0;
  }
  if (loss === 'huber') options.parameter = scale * noise * pick(1e-4, 0.1, 1, 3);
  if (loss === 'squared_epsilon_insensitive') options.parameter = scale * noise * pick(0.01, 0.5, 1);
  if (loss === 'tweedie') options.parameter = pick(1.1, 1.5, 1.9);
  // A penalty in the units of the loss, and of some column.
  const power1 = loss === 'poisson' ? 1 : loss === 'tweedie' ? 2 - (options.parameter as number) : 0;
  const unit = isLocation ? scale : intercept ? scale ** power1 : 1;
  const width = options.standardize ? 1 : scales[Math.floor(uniform() * cols)];
  const l1 = () => unit * width * pick(1e-3, 0.1);
  const l2 = () => (isLocation ? 1 : unit) * width ** 2 * pick(1e-3, 0.1);
  // Classes of few rows are often told apart, where without l2 there is no minimum.
  if (classes > 1 || loss === 'logistic' || loss === 'squared_hinge' || uniform() < 0.4) options.l2 = l2();
  if (lasso && uniform() < 0.2) options.l1 = l1();
  const problem: Problem = { X, y, cols };
  if (uniform() < 0.3) {
    problem.sampleWeight = Float64Array.from({ length: rows }, (_, i) =>
      i > 3 && uniform() < 0.2 ? 0 : 0.1 + uniform(),
    );
  }
  return { problem, options };
}

/** The options as a fit takes them. */
export function fitOptions({ parameter, loss, ...rest }: Options) {
  const name = { huber: 'delta', squared_epsilon_insensitive: 'epsilon', tweedie: 'power' }[loss as 'huber'];
  return { ...rest, loss: name ? { name: loss, [name]: parameter } : loss };
}
