// How far weights are from the minimum of their objective.
import type { Outcome } from './backend.js';
import { kinkedLosses, type Plan } from './plan.js';

/** How far the weights of a model are from the minimum of its objective, the mean loss plus the penalty. */
export interface Optimality {
  /** A bound: the objective is above its minimum by no more than this. Left out where the solver has none. */
  readonly gap?: number;
  /**
   * Euclidean norm of the gradient (of the shortest subgradient, with l1) at the last step, as in `history`: of an update
   * rule before that step and over its batch. In the units of y and X. Null where no step was taken or kept.
   */
  readonly gradientNorm: number | null;
  /**
   * By how much the objective could still fall, as a part of what the loss of a constant prediction is above the least
   * that it can be: for least squares by how much R² could rise. Where the constant one is at that least, as of constant
   * targets, the loss of predicting z = 0 takes its place; the constant prediction of the perceptron's loss is a margin of
   * 1 to the more frequent class. It does not depend on the units of y and of columns; 0 at the minimum, and more than 1 for a model that is worse than a constant. Null where it
   * is not known: see `Model.optimality`.
   */
  readonly relative: number | null;
}

/** What a model keeps of it; null: not known. */
export type Distance = Pick<{ [K in keyof Optimality]-?: number | null }, 'gap' | 'relative'>;

export const unknownDistance: Distance = Object.freeze({ gap: null, relative: null });

/**
 * By how much an objective could still fall: the bound of a piecewise-linear loss, the estimate of another; NaN: not known.
 * Twin: native/solver/many.cc.
 */
export function remainingOf({ loss }: Plan, { gap, remainingDecrease }: Outcome): number {
  if (!kinkedLosses.includes(loss)) return remainingDecrease;
  return Number.isFinite(gap) ? gap : NaN;
}
