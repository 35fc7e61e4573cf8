// Newton steps along directions in which columns are nearly dependent (CholeskyQR2).
// A Hessian of all columns loses their second derivatives to rounding. Here they are computed from combinations of the
// columns, row by row (Yamamoto, Nakatsukasa, Yanagisawa and Fukaya 2015). Twin: native/solver/weakdirections.cc.
import { coefficientCount, type Plan, softmaxLoss, type Table } from '../../backend/plan.js';
import { factorize, solveFactorized } from '../linalg/cholesky.js';
import type { PenalizedObjective } from '../objective/penalizedobjective.js';
import type { Scaling } from '../objective/scaling.js';
import type { Roundoff } from './roundoff.js';

/** Of what the terms of a combination make, what has to remain of it to be more than rounding. */
const leastPart = 2 ** -42;

export interface WeakPoint {
  weights: Float64Array;
  /** Of the smooth part. */
  gradient: Float64Array;
  /** Second derivatives in z, of softmax the probabilities: outputs × rows; null: of the squared loss. */
  curvature: Float64Array | null;
  meanLoss: number;
}

/**
 * Adds to `target` the step to where the objective has its minimum along `directions` (each of all weights), those of
 * output `output`, of softmax of all. Returns by how much the objective falls.
 */
export function stepAlong(
  directions: Float64Array[],
  output: number,
  { weights, gradient, curvature, meanLoss }: WeakPoint,
  plan: Plan,
  table: Table,
  scaling: Scaling,
  smooth: PenalizedObjective,
  roundoff: Roundoff,
  modelMinimizer: Float64Array,
): number {
  const { cols, outputs, intercept } = plan;
  const { X, index, count, sampleWeight } = table;
  const { mean, deviation, square } = scaling;
  const isCoupled = plan.loss === softmaxLoss;
  const m = directions.length;
  const first = isCoupled ? 0 : output;
  const last = isCoupled ? outputs : output + 1;
  const M = new Float64Array(m * m);
  const squares = new Float64Array(m);
  const z = new Float64Array(m * (last - first));
  const x = new Float64Array(cols);
  for (let i = 0; i < count; i++) {
    const row = index ? index[i] : i;
    const weight = sampleWeight ? sampleWeight[row] : 1;
    for (let j = 0; j < cols; j++) x[j] = (X[row * cols + j] - mean[j]) / deviation[j];
    for (let a = 0; a < m; a++) {
      const u = directions[a];
      let centre = 0;
      for (let k = first; k < last; k++) {
        let sum = intercept ? u[coefficientCount(plan) + k] : 0;
        for (let j = 0; j < cols; j++) sum += u[k * cols + j] * x[j];
        squares[a] += sum * sum;
        z[(k - first) * m + a] = sum;
        if (isCoupled && curvature) centre += curvature[k * count + i] * sum;
      }
      for (let k = first; isCoupled && k < last; k++) z[(k - first) * m + a] -= centre;
    }
    for (let k = first; k < last; k++) {
      const own = curvature ? curvature[k * count + i] : weight;
      const d = isCoupled ? weight * own : own;
      const at = (k - first) * m;
      for (let a = 0; a < m; a++) {
        const part = d * z[at + a];
        for (let b = 0; b <= a; b++) M[a * m + b] += part * z[at + b];
      }
    }
  }
  const { l2, factors } = smooth.penalty;
  const noise = roundoff.slope(Math.abs(meanLoss));
  const slope = new Float64Array(m);
  const own = new Float64Array(m);
  for (let a = 0; a < m; a++) {
    const u = directions[a];
    let terms = 0;
    let steep = 0;
    for (let j = 0; j < u.length; j++) {
      terms += Math.abs(u[j]) * (j < smooth.penalized ? Math.sqrt(square[j % cols]) : 1);
      steep += gradient[j] * u[j];
    }
    own[a] = Math.sqrt(squares[a] / count) > leastPart * terms ? 1 : 0;
    // What rounding makes of it.
    const most = 2 ** -50 * noise * terms;
    slope[a] = own[a] === 0 || Math.abs(steep) <= most ? 0 : steep;
    for (let b = 0; b <= a; b++) {
      let penalty = 0;
      for (let j = 0; l2 !== 0 && j < smooth.penalized; j++) {
        penalty += l2 * (factors ? factors[j] : 1) * u[j] * directions[b][j];
      }
      M[a * m + b] = own[a] * own[b] * (M[a * m + b] / count + penalty);
    }
  }
  factorize(M, m);
  const step = slope.map((s) => -s);
  solveFactorized(M, m, step);
  let fall = 0;
  for (let a = 0; a < m; a++) {
    fall -= 0.5 * slope[a] * step[a];
    if (step[a] === 0) continue;
    for (let j = 0; j < weights.length; j++) modelMinimizer[j] += step[a] * directions[a][j];
  }
  return fall;
}
