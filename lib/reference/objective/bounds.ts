// Bounds on coefficients, in the units of the fit's own columns.
// Twin: native/objective/bounds.h.

import type { Bounds } from '../../backend/interface.js';
import { coefficientCount, type Plan } from '../../backend/plan.js';
import type { Scaling } from './scaling.js';

/** The first n weights, within their bounds; NaN stays NaN. */
export function project({ lower, upper }: Bounds, weights: Float64Array, n: number): void {
  for (let j = 0; j < n; j++) {
    if (weights[j] < lower[j]) weights[j] = lower[j];
    if (weights[j] > upper[j]) weights[j] = upper[j];
  }
}

/** Bounds of X's own columns as those of the scaled ones. A constant column has the scaled coefficient 0. */
export function scaledBounds({ lower, upper }: Bounds, { cols }: Plan, { deviation }: Scaling): Bounds {
  const scaled = (bound: number, i: number) => (deviation[i % cols] < Infinity ? bound * deviation[i % cols] : 0);
  return { lower: lower.map(scaled), upper: upper.map(scaled) };
}

/** Weights of scaled columns, and their bounds. */
interface Scaled {
  weights: Float64Array;
  bounds: Bounds;
}

/**
 * Weights of X's own columns within their bounds: a constant column's coefficient, and what rounding has moved; at a bound
 * where the weights `scaled`, that they come from, are (null: not known). The intercept takes up what that changes at the
 * columns' means.
 */
export function projectOriginal(
  bounds: Bounds,
  plan: Plan,
  scaling: Scaling | null,
  weights: Float64Array,
  scaled: Scaled | null,
): void {
  const { cols } = plan;
  const size = coefficientCount(plan);
  const before = weights.slice(0, size);
  for (let i = 0; i < size && scaling && scaled; i++) {
    if (!(scaling.deviation[i % cols] < Infinity)) continue;
    if (scaled.weights[i] <= scaled.bounds.lower[i]) weights[i] = bounds.lower[i];
    if (scaled.weights[i] >= scaled.bounds.upper[i]) weights[i] = bounds.upper[i];
  }
  project(bounds, weights, size);
  for (let i = 0; i < size && scaling && plan.intercept; i++) {
    if (weights[i] !== before[i]) {
      weights[size + Math.floor(i / cols)] -= scaling.mean[i % cols] * (weights[i] - before[i]);
    }
  }
}
