// Losses ℓ(y, z) with their first and second derivatives in z (docs/equations.md).
// z that is NaN gives a loss that is NaN. The second derivative of piecewise-linear losses is 0, also where they are
// not differentiable. Twins: native/kernels/losses.h and the lifts in native/kernels/passes.h.
import { exp, expSeries, log, log1p, sign } from './math.js';
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
  /** Names, space-separated, in the order of lib/catalog/losses.ts. */
  parameters: string;
  /** Overwrites z with ∂ℓ/∂z and returns Σℓ, both times the row's weight. */
  gradient(args: LossArgs): number;
  /**
   * The same, and writes ∂²ℓ/∂z² times the row's weight, `stride` apart, as z is: of losses that have none everywhere a
   * generalized one. Softmax, whose second derivative is p_k (δ_kl - p_l), writes p.
   */
  curvature(args: LossArgs, out: Float64Array): number;
}

/** ∂ℓ/∂z of the last formula; the loss is what it returns. */
let slope = 0;
/** ∂²ℓ/∂z² of the last curved formula. */
let bend = 0;

/** ℓ(y, z); sets `slope`, and where it is a curved one `bend`. */
type Formula = (y: number, z: number, p: Float64Array) => number;

/** The curved formula of straight pieces. */
const straight =
  (at: Formula): Formula =>
  (y, z, p) => {
    bend = 0;
    return at(y, z, p);
  };

/** ½(z - y)² */
const squared: Formula = (y, z) => {
  const r = z - y;
  slope = r;
  return 0.5 * (r * r);
};
const squaredCurved: Formula = (y, z, p) => {
  bend = 1;
  return squared(y, z, p);
};

/** ln(1 + e^z) - yz, y in [0, 1]; with u = e^-|z| no power overflows */
const logistic: Formula = (y, z) => {
  const positive = z > 0;
  const u = exp(-Math.abs(z));
  const larger = 1 / (1 + u); // of P(y=1) and P(y=0), the one that z points to
  const smaller = u * larger;
  slope = (1 - y) * (positive ? larger : smaller) - y * (positive ? smaller : larger);
  return log1p(u) + (positive ? 1 - y : -y) * z;
};
const logisticCurved: Formula = (y, z, p) => {
  const u = exp(-Math.abs(z));
  const larger = 1 / (1 + u);
  bend = larger * (u * larger);
  return logistic(y, z, p);
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
const squaredHingeCurved: Formula = (y, z, p) => {
  bend = 1 - y * z < 0 ? 0 : 2;
  return squaredHinge(y, z, p);
};

/** r = z - y; ½r² if |r| ≤ δ, else δ(|r| - ½δ) */
const huber: Formula = (y, z, p) => {
  const delta = p[0];
  const r = z - y;
  const far = Math.abs(r) > delta;
  slope = far ? delta * sign(r) : r;
  return far ? delta * (Math.abs(r) - 0.5 * delta) : 0.5 * (r * r);
};
const huberCurved: Formula = (y, z, p) => {
  bend = Math.abs(z - y) > p[0] ? 0 : 1;
  return huber(y, z, p);
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
const squaredEpsilonInsensitiveCurved: Formula = (y, z, p) => {
  bend = Math.abs(z - y) - p[0] < 0 ? 0 : 2;
  return squaredEpsilonInsensitive(y, z, p);
};

/** e^z - yz, y ≥ 0 */
const poisson: Formula = (y, z) => {
  const mean = exp(z);
  slope = mean - y;
  return mean - y * z;
};
const poissonCurved: Formula = (y, z, p) => {
  bend = exp(z);
  return poisson(y, z, p);
};

/** y e^-z + z, y > 0 */
const gamma: Formula = (y, z) => {
  const ratio = y * exp(-z);
  slope = 1 - ratio;
  return ratio + z;
};
const gammaCurved: Formula = (y, z, p) => {
  bend = y * exp(-z);
  return gamma(y, z, p);
};

/** Whether a quotient by c would lose digits to its constant. */
const isLimit = (c: number): boolean => c < 2 ** -10 && c > -(2 ** -10);

/** (e^cz - 1)/c of a small c, with its digits where cz is small; z for c = 0. */
function growth(c: number, z: number, power: number): number {
  const x = c * z;
  return c === 0 ? z : (Math.abs(x) < 0.34 ? expSeries(x) : power - 1) / c;
}

/** The first unless the second is larger or a NaN. */
const larger = (a: number, b: number): number => (a > b ? a : b);

// Terms of half the deviance of power p, but for what z does not change.
let powerA = 0;
let a = 0;
let b = 0;

/**
 * b/(2-p) - a/(1-p), with b = e^((2-p)z) and a = y e^((1-p)z). Near p = 1 and p = 2 a quotient's constant, 1/(1-p) or
 * 1/(2-p), would take all digits: there it is left out, (e^cz - 1)/c, and p = 1 is poisson, p = 2 gamma. p < 1 and p > 2
 * are not convex.
 */
function tweedieTerms(y: number, z: number, p: number): number {
  const c1 = 1 - p;
  const c2 = 2 - p;
  powerA = exp(c1 * z);
  a = y === 0 ? y : y * powerA; // not 0 · ∞
  b = exp(c2 * z);
  // Where both overflow the larger one counts: not ∞ - ∞.
  if (c1 > 0 && b === Infinity) a = 0;
  if (c2 < 0 && a === Infinity) b = 0;
  const ofA = isLimit(c1) ? (y === 0 ? y : y * growth(c1, z, powerA)) : a / c1;
  return (isLimit(c2) ? growth(c2, z, b) : b / c2) - ofA;
}

/** Of the mean e^z. */
const tweedie: Formula = (y, z, parameters) => {
  const loss = tweedieTerms(y, z, parameters[0]);
  slope = b - a;
  return loss;
};
/**
 * The second derivative is (2-p)b - (1-p)a. Where that may be negative its size stands for it, and at least a quarter of
 * what it is at z = ln y.
 */
const tweedieCurved: Formula = (y, z, parameters) => {
  const p = parameters[0];
  const loss = tweedie(y, z, parameters);
  const d = (2 - p) * b - (1 - p) * a;
  bend = 1 - p > 0 || 2 - p < 0 ? larger(Math.abs(d), 0.25 * b) : d;
  return loss;
};

/** max(0, 1 - yz)² where yz ≥ -1, else -4yz; y in {-1, 1} */
const modifiedHuber: Formula = (y, z, p) => {
  const m = y * z;
  const near = squaredHinge(y, z, p);
  if (!(m < -1)) return near;
  slope = -4 * y;
  return -4 * m;
};
const modifiedHuberCurved: Formula = (y, z, p) => {
  bend = Math.abs(y * z) > 1 ? 0 : 2;
  return modifiedHuber(y, z, p);
};

/** max(0, -yz), y in {-1, 1}. At z = 0, where weights of 0 are, it is not differentiable and takes the slope of a mistake: steps leave it. */
const perceptron: Formula = (y, z) => {
  const m = y * z;
  slope = m > 0 ? 0 : -y;
  return m > 0 ? 0 : -m;
};

/** Of the mean z itself; ∞ where that is not positive. */
const tweedieIdentity: Formula = (y, z, parameters) => {
  const isOutside = z < 2 ** -1022;
  const loss = tweedieTerms(y, log(isOutside ? 1 : z), parameters[0]);
  slope = isOutside ? -Infinity : (z - y) * (powerA / z);
  return isOutside ? Infinity : loss;
};
/** z^-p (p y/z - (p - 1)); not convex for p > 1, and there as that of the log link. */
const tweedieIdentityCurved: Formula = (y, z, parameters) => {
  const p = parameters[0];
  const loss = tweedieIdentity(y, z, parameters);
  const expected = powerA / z;
  const d = expected * (p * (y / z) + (1 - p));
  bend = z < 2 ** -1022 ? 0 : larger(Math.abs(d), (p > 1 ? 0.25 : 0) * expected);
  return loss;
};

/** Lifts formulas to passes over all outputs. */
function elementwise(name: string, parameters: string, at: Formula, curved: Formula): Loss {
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
    curvature({ y, yAt, z, weights, weightsAt, n, outputs, stride, parameters: p, terms }, out) {
      let total = 0;
      for (let k = 0; k < outputs; k++) {
        const zAt = k * stride;
        for (let i = 0; i < n; i++) {
          const loss = curved(y[yAt + zAt + i], z[zAt + i], p);
          const s = weights === null ? 1 : weights[weightsAt + i];
          terms[i] = s * loss;
          z[zAt + i] = s * slope;
          out[zAt + i] = s * bend;
        }
        total += sum(terms, 0, n);
      }
      return total;
    },
  };
}

/** ln Σ e^z_k - z_y over the outputs, the largest subtracted first; y in {0 … outputs-1} */
function softmaxPass(
  { y, yAt, z, weights, weightsAt, n, outputs, stride, terms }: LossArgs,
  out: Float64Array | null,
): number {
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
      const probability = z[k * stride + i] / total;
      z[k * stride + i] = weight * (probability - (label === k ? 1 : 0));
      if (out) out[k * stride + i] = probability;
    }
    terms[i] = weight * (log(total) - own);
  }
  return sum(terms, 0, n);
}

const softmax: Loss = {
  name: 'softmax',
  parameters: '',
  gradient: (args) => softmaxPass(args, null),
  curvature: softmaxPass,
};

export const losses: readonly Loss[] = [
  elementwise('squared', '', squared, squaredCurved),
  elementwise('logistic', '', logistic, logisticCurved),
  softmax,
  elementwise('hinge', '', hinge, straight(hinge)),
  elementwise('squared_hinge', '', squaredHinge, squaredHingeCurved),
  elementwise('huber', 'delta', huber, huberCurved),
  elementwise('quantile', 'quantile', quantile, straight(quantile)),
  elementwise('epsilon_insensitive', 'epsilon', epsilonInsensitive, straight(epsilonInsensitive)),
  elementwise('squared_epsilon_insensitive', 'epsilon', squaredEpsilonInsensitive, squaredEpsilonInsensitiveCurved),
  elementwise('poisson', '', poisson, poissonCurved),
  elementwise('gamma', '', gamma, gammaCurved),
  elementwise('tweedie', 'power', tweedie, tweedieCurved),
  elementwise('modified_huber', '', modifiedHuber, modifiedHuberCurved),
  elementwise('perceptron', '', perceptron, straight(perceptron)),
  elementwise('tweedie_identity', 'power', tweedieIdentity, tweedieIdentityCurved),
];
