// Losses ℓ(y, z) and their derivative in z. z that is NaN gives a loss that is NaN.
// Twins: native/kernels/losses.h and the lifts in native/kernels/passes.h.
import { exp, log, log1p, sign } from './math.js';
import { sum } from './sums.js';

/** What a loss pass works on: `outputs` arrays of n, `stride` apart, in z and in y (labels: one array of y). */
export interface LossArgs {
  y: Float64Array;
  yAt: number;
  z: Float64Array;
  /** of the rows; null: 1 */
  weights: Float64Array | null;
  weightsAt: number;
  n: number;
  outputs: number;
  stride: number;
  parameters: Float64Array;
  /** room for n losses */
  terms: Float64Array;
}

export interface Loss {
  name: string;
  /** Names, space-separated, in the order of catalog.ts. */
  parameters: string;
  /** Overwrites z with ∂ℓ/∂z and returns Σℓ, both times the row's weight. */
  gradient(args: LossArgs): number;
}

/** ∂ℓ/∂z of the last formula; the loss is what it returns. */
let slope = 0;

/** ℓ(y, z); sets `slope`. */
type Formula = (y: number, z: number, p: Float64Array) => number;

/** ½(z - y)² */
const squared: Formula = (y, z) => {
  const r = z - y;
  slope = r;
  return 0.5 * (r * r);
};

/** ln(1 + e^z) - yz, y in {0, 1}; with u = e^-|z| no power overflows */
const logistic: Formula = (y, z) => {
  const positive = z > 0;
  const u = exp(-Math.abs(z));
  const larger = 1 / (1 + u); // of P(y=1) and P(y=0), the one that z points to
  const smaller = u * larger;
  slope = (1 - y) * (positive ? larger : smaller) - y * (positive ? smaller : larger);
  return log1p(u) + ((positive ? z : 0) - y * z);
};

/** max(0, 1 - yz), y in {-1, 1} */
const hinge: Formula = (y, z) => {
  const m = 1 - y * z;
  slope = m <= 0 ? 0 : -y;
  return m <= 0 ? 0 : m;
};

/** max(0, 1 - yz)² */
const squaredHinge: Formula = (y, z) => {
  const m = 1 - y * z;
  const inside = m <= 0 ? 0 : m;
  slope = -2 * (y * inside);
  return inside * inside;
};

/** r = z - y; ½r² if |r| ≤ δ, else δ(|r| - ½δ) */
const huber: Formula = (y, z, p) => {
  const delta = p[0];
  const r = z - y;
  const far = Math.abs(r) > delta;
  slope = far ? delta * sign(r) : r;
  return far ? delta * (Math.abs(r) - 0.5 * delta) : 0.5 * (r * r);
};

/** max(qr, (q - 1)r), r = y - z */
const quantile: Formula = (y, z, p) => {
  const q = p[0];
  const r = y - z;
  slope = r > 0 ? -q : r < 0 ? 1 - q : 0;
  return r > 0 ? q * r : (q - 1) * r;
};

/** max(0, |r| - ε), r = z - y */
const epsilonInsensitive: Formula = (y, z, p) => {
  const epsilon = p[0];
  const r = z - y;
  const m = Math.abs(r) - epsilon;
  slope = m <= 0 ? 0 : sign(r);
  return m <= 0 ? 0 : m;
};

/** max(0, |r| - ε)², r = z - y */
const squaredEpsilonInsensitive: Formula = (y, z, p) => {
  const epsilon = p[0];
  const r = z - y;
  const m = Math.abs(r) - epsilon;
  const inside = m <= 0 ? 0 : m;
  slope = 2 * (sign(r) * inside);
  return inside * inside;
};

/** e^z - yz, y ≥ 0 */
const poisson: Formula = (y, z) => {
  const mean = exp(z);
  slope = mean - y;
  return mean - y * z;
};

/** y e^-z + z, y > 0 */
const gamma: Formula = (y, z) => {
  const ratio = y * exp(-z);
  slope = 1 - ratio;
  return ratio + z;
};

/** -y e^((1-p)z)/(1-p) + e^((2-p)z)/(2-p), power p in (1, 2) */
const tweedie: Formula = (y, z, parameters) => {
  const p = parameters[0];
  const a = y === 0 ? y : y * exp((1 - p) * z); // not 0 · ∞
  const b = exp((2 - p) * z);
  slope = b - a;
  return b / (2 - p) - a / (1 - p);
};

/** Lifts a formula to a pass over all outputs. */
function elementwise(name: string, parameters: string, at: Formula): Loss {
  return {
    name,
    parameters,
    gradient({ y, yAt, z, weights, weightsAt, n, outputs, stride, parameters: p, terms }) {
      let total = 0;
      for (let k = 0; k < outputs; k++) {
        const zAt = k * stride;
        for (let i = 0; i < n; i++) {
          const loss = at(y[yAt + zAt + i], z[zAt + i], p);
          const s = weights === null ? 1 : weights[weightsAt + i];
          terms[i] = s * loss;
          z[zAt + i] = s * slope;
        }
        total += sum(terms, 0, n);
      }
      return total;
    },
  };
}

/** ln Σ e^z_k - z_y over the outputs, the largest subtracted first; y in {0 … outputs-1} */
const softmax: Loss = {
  name: 'softmax',
  parameters: '',
  gradient({ y, yAt, z, weights, weightsAt, n, outputs, stride, terms }) {
    for (let i = 0; i < n; i++) {
      const label = y[yAt + i];
      const weight = weights === null ? 1 : weights[weightsAt + i];
      let largest = z[i];
      for (let k = 1; k < outputs; k++) largest = z[k * stride + i] > largest ? z[k * stride + i] : largest;
      let total = 0;
      let own = 0;
      for (let k = 0; k < outputs; k++) {
        const shifted = z[k * stride + i] - largest;
        if (label === k) own = shifted;
        const power = exp(shifted);
        z[k * stride + i] = power;
        total += power;
      }
      for (let k = 0; k < outputs; k++) {
        z[k * stride + i] = weight * (z[k * stride + i] / total - (label === k ? 1 : 0));
      }
      terms[i] = weight * (log(total) - own);
    }
    return sum(terms, 0, n);
  },
};

export const losses: readonly Loss[] = [
  elementwise('squared', '', squared),
  elementwise('logistic', '', logistic),
  softmax,
  elementwise('hinge', '', hinge),
  elementwise('squared_hinge', '', squaredHinge),
  elementwise('huber', 'delta', huber),
  elementwise('quantile', 'quantile', quantile),
  elementwise('epsilon_insensitive', 'epsilon', epsilonInsensitive),
  elementwise('squared_epsilon_insensitive', 'epsilon', squaredEpsilonInsensitive),
  elementwise('poisson', '', poisson),
  elementwise('gamma', '', gamma),
  elementwise('tweedie', 'power', tweedie),
];
