// Whether a model is at the minimum of its objective, from the conditions of that alone: nothing of the solvers is used.
// Of losses of straight pieces see pieces.ts.

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
  'modified_huber',
  'tweedie_identity',
] as const;
export const piecewiseLinearLosses = ['hinge', 'quantile', 'epsilon_insensitive', 'perceptron'] as const;
export type SmoothLoss = (typeof smoothLosses)[number];
export type KinkedLoss = (typeof piecewiseLinearLosses)[number];

export interface Problem {
  X: Float64Array;
  y: Float64Array;
  cols: number;
  sampleWeight?: Float64Array;
}

export interface Options {
  loss: SmoothLoss | KinkedLoss;
  /** delta, epsilon, power or quantile. */
  parameter?: number;
  l1?: number;
  l2?: number;
  lowerBounds?: number[];
  upperBounds?: number[];
  standardize?: boolean;
  intercept?: boolean;
}

/** ∂ℓ/∂z of one output, and the largest second derivative near. */
function slopeOf(loss: Options['loss'], y: number, z: number, parameter: number): [number, number] {
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
    case 'modified_huber': {
      const m = y * z;
      return m < -1 ? [-4 * y, 0] : [-2 * y * Math.max(0, 1 - m), 2];
    }
    case 'tweedie_identity': {
      const [expected, ratio] = [z ** -parameter, y / z];
      return [(z - y) * expected, expected * (1 + parameter * ratio)];
    }
    default:
      throw new Error(loss);
  }
}

/** Mean and deviation of columns as a fit has them, and the sum of the rows' weights. */
export function scalesOf({ X, cols, sampleWeight }: Problem, { standardize = false, intercept = true }: Options) {
  const rows = X.length / cols;
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
  return { weight, total, mean, deviation, rows };
}

/** z of a row in one output, and the sizes of its terms. */
export function zOf({ X, cols }: Problem, i: number, coefficients: ArrayLike<number>, intercept: number) {
  let z = intercept;
  let size = Math.abs(z);
  // Twice a double's digits where terms cancel: products are split.
  let low = 0;
  for (let j = 0; j < cols; j++) {
    const [product, error] = exactProduct(X[i * cols + j], coefficients[j]);
    const sum = z + product;
    const rest = sum - z;
    low += z - (sum - rest) + (product - rest) + error;
    z = sum;
    size += Math.abs(product);
  }
  return { z: z + low, size };
}

/**
 * How far the conditions of the minimum are from being met: the slope of the objective in each weight, over the terms that
 * it is the sum of, in the column's own scale (centred where there is an intercept). What rounding of z alone makes of a
 * slope is taken off.
 */
export function violation(
  problem: Problem,
  options: Options,
  coefficients: Float64Array,
  intercepts: ArrayLike<number>,
): number {
  const { X, y, cols } = problem;
  const { loss, parameter = 0, l1 = 0, l2 = 0, intercept = true, lowerBounds, upperBounds } = options;
  const { weight, total, mean, deviation, rows } = scalesOf(problem, options);
  const outputs = coefficients.length / cols;
  const slopes = new Float64Array(rows * outputs);
  const noise = new Float64Array(rows * outputs);
  for (let i = 0; i < rows; i++) {
    if (weight(i) === 0) continue; // a mean may be negative there
    const at = Array.from({ length: outputs }, (_, k) =>
      zOf(problem, i, coefficients.subarray(k * cols, (k + 1) * cols), intercept ? intercepts[k] : 0),
    );
    if (loss === 'softmax') {
      const largest = Math.max(...at.map(({ z }) => z));
      const powers = at.map(({ z }) => Math.exp(z - largest));
      const sum = powers.reduce((a, b) => a + b, 0);
      const most = Math.max(...at.map(({ size }) => size));
      for (let k = 0; k < outputs; k++) {
        slopes[k * rows + i] = (weight(i) / total) * (powers[k] / sum - (y[i] === k ? 1 : 0));
        noise[k * rows + i] = (weight(i) / total) * 2 ** -52 * (1 + most);
      }
    } else {
      const [{ z, size }] = at;
      const [slope, bend] = slopeOf(loss, y[i], z, parameter);
      const isLocation = loss === 'squared' || loss === 'huber' || loss === 'squared_epsilon_insensitive';
      slopes[i] = (weight(i) / total) * slope;
      // Of intercepts that are rounded themselves.
      const unit = isLocation || loss === 'tweedie_identity' ? Math.abs(y[i]) : 1;
      noise[i] = (weight(i) / total) * 2 ** -52 * bend * (size + unit);
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
      const own = coefficients[k * cols + j];
      const w = own * deviation[j];
      let [g, terms, room] = [l2 * w, Math.abs(l2 * w), 0];
      for (let i = 0; i < rows; i++) {
        const x = (X[i * cols + j] - mean[j]) / deviation[j];
        g += slopes[k * rows + i] * x;
        terms += Math.abs(slopes[k * rows + i] * x);
        room += noise[k * rows + i] * Math.abs(x);
      }
      // Slopes to the left and to the right: 0 is between them at a minimum, but for where there is no way.
      const left = own === lowerBounds?.[j] ? -Infinity : g + (own > 0 ? l1 : -l1);
      const right = own === upperBounds?.[j] ? Infinity : g + (own < 0 ? -l1 : l1);
      hold(left > 0 ? left : Math.min(0, right), terms + l1, room);
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
export function exactProduct(a: number, b: number): [number, number] {
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
