// Initial weights inside the domain of a loss: with an identity link every mean z is positive.

import { coefficientCount, type Plan, type Table } from '../backend/plan.js';
import { type LossEntry, losses } from '../catalog/losses.js';

const entries: readonly LossEntry[] = Object.values(losses);

/** Whether weights of 0 may be outside of the loss's domain. */
export const hasDomain = ({ loss }: Plan): boolean => entries[loss].link === 'identity';

/**
 * Sets the intercepts of weights that are 0 to where every row's z is positive: the mean of y, and what lifts the least
 * offset to 0. Without an intercept they stay 0, and the fit ends there, diverged.
 */
export function startInDomain(
  plan: Plan,
  { y, offset, sampleWeight, index, count }: Table,
  weights: Float64Array,
): void {
  const { outputs, targets, intercept } = plan;
  for (let k = 0; intercept && k < outputs; k++) {
    let [sum, weight, lowest] = [0, 0, 0];
    for (let i = 0; i < count; i++) {
      const row = index ? index[i] : i;
      const own = sampleWeight ? sampleWeight[row] : 1;
      if (own === 0) continue;
      sum += own * y[row * targets + k];
      weight += own;
      if (offset && offset[row * outputs + k] < lowest) lowest = offset[row * outputs + k];
    }
    const mean = sum / weight;
    weights[coefficientCount(plan) + k] = (mean > 0 ? mean : 1) - lowest;
  }
}
