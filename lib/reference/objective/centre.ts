// Centring of softmax weights: the shortest of all weights that predict the same.
// A value added to the weights of all classes, of a column or of the intercept, changes no probability. Twin:
// native/objective/centre.h.
import type { FitJob } from '../../backend/interface.js';

/**
 * Takes off the mean over the classes, in place: of the intercepts, and of columns that nothing penalizes as far as bounds
 * allow. Weights and bounds are of X's own columns.
 */
export function centreClasses({ plan, penaltyFactors, bounds }: FitJob, weights: Float64Array): void {
  const { cols, outputs: classes } = plan;
  const isPenalized = plan.l1 !== 0 || plan.l2 !== 0;
  const mean = (first: number, stride: number) => {
    let sum = 0;
    for (let k = 0; k < classes; k++) sum += weights[first + k * stride];
    return sum / classes;
  };
  for (let j = 0; j < cols; j++) {
    if (isPenalized && penaltyFactors?.[j] !== 0) continue;
    let common = mean(j, cols);
    let least = -Infinity;
    let most = Infinity;
    for (let i = j; bounds && i < classes * cols; i += cols) {
      if (weights[i] - bounds.upper[i] > least) least = weights[i] - bounds.upper[i];
      if (weights[i] - bounds.lower[i] < most) most = weights[i] - bounds.lower[i];
    }
    if (common < least) common = least;
    if (common > most) common = most;
    for (let k = 0; k < classes; k++) weights[k * cols + j] -= common;
  }
  if (!plan.intercept) return;
  const intercepts = classes * cols;
  const common = mean(intercepts, 1);
  for (let k = 0; k < classes; k++) weights[intercepts + k] -= common;
}
