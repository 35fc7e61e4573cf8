// Sequence of fits under successive penalties, each from the weights of the last.

import { isWorthExpanding } from '../backend/gram.js';
import type { FitJob, Outcome } from '../backend/interface.js';
import { knownPlaces, solverKind, squaredLoss, statuses } from '../backend/plan.js';
import { type FitGenerator, fitted } from '../fitting/course.js';
import type { NullModel } from './nullmodel.js';

export interface PenaltySize {
  l1: number;
  l2: number;
}

/**
 * Fits a job under each penalty, from where the last fit ended, the first from the null model. Where l1 holds all
 * coefficients at 0 the null model is the solution, and nothing is fitted. Ends before the last when `each` says so.
 * Least squares go through the rows once for all of them.
 */
export function* fitSequence(
  job: FitJob,
  penalties: readonly PenaltySize[],
  from: NullModel,
  each: (outcome: Outcome, i: number) => FitGenerator<boolean>,
): FitGenerator<void> {
  let { weights } = from;
  const known = canBeKnown(job, penalties) ? new Float64Array(knownPlaces(job.plan).length) : null;
  for (let i = 0; i < penalties.length; i++) {
    const { l1, l2 } = penalties[i];
    // λ_max times the share of l1 may round to just below.
    const held = from.certain && l1 * (1 + 1e-12) >= from.steepest;
    const outcome = held ? still(from) : yield* fitted({ ...job, plan: { ...job.plan, l1, l2 }, weights, known });
    weights = outcome.weights;
    if (yield* each(outcome, i)) return;
  }
}

/** Whether fits go by XᵀX, so that it is worth keeping. */
function canBeKnown({ plan, train }: FitJob, penalties: readonly PenaltySize[]): boolean {
  if (plan.loss !== squaredLoss) return false;
  if (plan.solver !== solverKind.newton) return plan.solver === solverKind.exact && train.count >= plan.cols;
  const isPlain = !plan.bounded && penalties.every(({ l1 }) => l1 === 0);
  return isPlain || isWorthExpanding(plan, train.count, true);
}

/** The outcome of no fit. */
function still({ weights, loss: meanLoss }: NullModel): Outcome {
  const none = new Float64Array(0);
  const series = { loss: none, validationLoss: none, learningRate: none, gradientNorm: none };
  const nothing = {
    epochs: 0,
    steps: 0,
    gap: NaN,
    remainingDecrease: 0,
    lastDecrease: NaN,
    state: null,
    carried: null,
  };
  return { status: statuses.indexOf('converged'), weights: weights.slice(), meanLoss, ...series, ...nothing };
}
