// By how much an objective could still fall, from the outcome of its fit.

import type { Outcome } from './interface.js';
import { type Plan, piecewiseLinearLosses } from './plan.js';

/**
 * By how much an objective could still fall: the bound of a piecewise-linear loss, the estimate of another; NaN: not known.
 * Twin: native/solver/many.cc.
 */
export function remainingOf({ loss }: Plan, { gap, remainingDecrease }: Outcome): number {
  if (!piecewiseLinearLosses.includes(loss)) return remainingDecrease;
  return Number.isFinite(gap) ? gap : NaN;
}
