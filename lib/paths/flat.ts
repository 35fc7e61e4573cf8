// Test of a constant target: whether its residuals at the null model are rounding alone.

import type { FitJob } from '../backend/interface.js';
import { coefficientCount } from '../backend/plan.js';
import { losses } from '../catalog/losses.js';
import { exp } from '../reference/kernels/math.js';

/** Units in the last place that count as rounding. */
const ulps = 8 * 2 ** -52;

/**
 * Whether no column can explain anything, since y is constant to rounding, or what the null model says. `weights`: of the
 * null model.
 */
export function isFlat(job: FitJob, weights: Float64Array): boolean {
  const { plan } = job;
  if (plan.intercept && isConstant(job)) return true;
  const { predicts } = Object.values(losses)[plan.loss];
  return predicts !== 'class' && isExplained(job, weights, predicts === 'mean');
}

/** Calls `visit` for each row and target of the training, until it says false; whether it never did. */
function every({ train }: FitJob, width: number, visit: (row: number, k: number) => boolean): boolean {
  for (let i = 0; i < train.count; i++) {
    const row = train.index ? train.index[i] : i;
    for (let k = 0; k < width; k++) if (!visit(row, k)) return false;
  }
  return true;
}

/** One class, or one value once the offset is taken off. */
function isConstant(job: FitJob): boolean {
  const { plan, train } = job;
  const { targets, loss } = plan;
  const { predicts } = Object.values(losses)[loss];
  const offset = predicts === 'class' ? null : train.offset;
  const low = new Float64Array(targets).fill(Infinity);
  const high = new Float64Array(targets).fill(-Infinity);
  const scale = new Float64Array(targets);
  every(job, targets, (row, k) => {
    const at = row * targets + k;
    const shift = offset ? offset[at] : 0;
    const value = predicts === 'mean' ? train.y[at] * exp(-shift) : train.y[at] - shift;
    if (value < low[k]) low[k] = value;
    if (value > high[k]) high[k] = value;
    const size = Math.abs(value) + (predicts === 'mean' ? Math.abs(value * shift) : Math.abs(shift));
    if (size > scale[k]) scale[k] = size;
    return true;
  });
  const slack = 2 * slackOf(job);
  return low.every((least, k) => high[k] - least <= ulps * (scale[k] + slack) + slack);
}

/** Whether the weights meet every row. */
function isExplained(job: FitJob, weights: Float64Array, isMean: boolean): boolean {
  const { plan, train } = job;
  const { cols, outputs, intercept } = plan;
  const slack = slackOf(job);
  return every(job, outputs, (row, k) => {
    let z = intercept ? weights[coefficientCount(plan) + k] : 0;
    let size = Math.abs(z);
    const add = (term: number): void => {
      z += term;
      size += Math.abs(term);
    };
    for (let j = 0; j < cols; j++) {
      const weight = weights[k * cols + j];
      if (weight !== 0) add(weight * train.X[row * cols + j]);
    }
    if (train.offset) add(train.offset[row * outputs + k]);
    const y = train.y[row * outputs + k];
    if (!isMean) return Math.abs(y - z) <= ulps * (Math.abs(y) + size + slack) + slack;
    const mean = exp(z);
    return Math.abs(y - mean) <= ulps * (y + mean) * (1 + size);
  });
}

/** How far z may be from y at no loss. */
function slackOf({ plan }: FitJob): number {
  const isInsensitive = Object.keys(losses)[plan.loss].endsWith('epsilon_insensitive');
  return isInsensitive ? plan.lossParameters[0] : 0;
}
