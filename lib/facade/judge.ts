// How far what a fit returns is from the minimum: by the solver's own bound or estimate, else by a step of Newton's method
// from there.
import type { FitJob, Outcome } from '../backend.js';
import { losses } from '../catalog.js';
import type { Distance } from '../optimality.js';
import {
  averagingKind,
  kinkedLosses,
  maxParameters,
  type Plan,
  samplerKind,
  softmaxLoss,
  solverKind,
  squaredLoss,
  statuses,
} from '../plan.js';
import { spreadOf } from './spread.js';

/** Weights of the largest system of equations that is solved for it, as `auto` picks Newton's method up to that many. */
const mostWeights = 500;
/** What it may cost: a part of the fit, or so many visits to elements of X (some 0.5 ms) for fits of so many epochs. */
const share = 1 / 16;
const visits = 2 ** 20;
const fewestEpochs = 32;
/** Rows that the spread of y is taken of, evenly spaced: it is no more than a unit. */
const mostRows = 2048;
/** Of the objective, what is not to be told from rounding. */
const rounding = 2 ** -44;

const kinds = Object.values(losses).map(({ predicts }) => predicts);
const noParameters = new Float64Array(maxParameters);

/** Passes over X that a step of Newton's method costs: means, squares, two evaluations, and XᵀDX. */
function passesOf({ loss, cols, outputs }: Plan): number {
  const grams = loss === softmaxLoss ? (outputs * (outputs + 1)) / 2 : loss === squaredLoss ? 1 : outputs;
  return 4 + grams * (2 + cols / 32);
}

function isCheap({ plan, train }: FitJob, { epochs }: Outcome): boolean {
  const passes = passesOf(plan);
  const isShort = epochs >= fewestEpochs && passes * train.count * plan.cols <= visits;
  return isShort || (plan.gramFrom === 0 && passes <= share * epochs);
}

/** Whether the method that fitted tells how far it got. */
function tells({ plan }: FitJob, { status, gap, remainingDecrease }: Outcome): boolean {
  if (Number.isFinite(gap)) return true;
  // What L-BFGS takes for the Hessian is of no use before it converges.
  const isGuess = plan.solver === solverKind.lbfgs && statuses[status] !== 'converged';
  return Number.isFinite(remainingDecrease) && !isGuess;
}

/**
 * A step of Newton's method from where a fit ended, which tells how much there was to gain; null where the method that
 * fitted tells it, where Newton's cannot, or, unless it is asked for `always`, where it would cost noticeably.
 */
export function judgingJob(job: FitJob, outcome: Outcome, always: boolean): FitJob | null {
  const { plan } = job;
  const side = plan.cols + (plan.intercept ? 1 : 0);
  const size = plan.loss === softmaxLoss ? plan.outputs * side : side;
  if (tells(job, outcome) || statuses[outcome.status] === 'diverged' || outcome.epochs === 0) return null;
  if (kinkedLosses.includes(plan.loss) || plan.sampler === samplerKind.indices || size > mostWeights) return null;
  if (!always && !isCheap(job, outcome)) return null;
  const judging: Plan = {
    ...plan,
    solver: solverKind.newton,
    solverParameters: noParameters,
    sampler: samplerKind.full,
    averaging: averagingKind.none,
    validationRows: 0,
    epochs: 1,
    tolerance: 0,
    gradientTolerance: 0,
    patience: 0,
    maxSeconds: 0,
    restoreBest: false,
    stepHistory: false,
    lossAfterUpdate: false,
    gramFrom: 0,
    pauseAfter: 0,
  };
  const none = { validation: null, indices: null, state: null, carried: null, known: null };
  return { ...job, ...none, plan: judging, weights: outcome.weights };
}

/** Of the last epoch, or step; NaN: not known. */
function objectiveOf({ loss }: Outcome): number {
  return loss.length > 0 ? loss[loss.length - 1] : NaN;
}

/** By how much the objective could still fall; NaN: not known. */
function leftToGain(job: FitJob, outcome: Outcome, judged: Outcome | null): number {
  const { plan } = job;
  const { gap } = outcome;
  if (!judged && !tells(job, outcome)) return NaN;
  if (!judged && Number.isFinite(gap)) return gap;
  const { remainingDecrease } = judged ?? outcome;
  // Flat models promise more than there is; but for losses with a log link no objective is below 0.
  const most = kinds[plan.loss] === 'mean' ? Infinity : objectiveOf(judged ?? outcome);
  const rest = remainingDecrease > most ? most : remainingDecrease;
  if (!judged) return rest;
  return Math.max(0, judged.lastDecrease) + (Number.isFinite(rest) ? Math.max(0, rest) : 0);
}

/** `judged`: what came of {@link judgingJob}. `exactly`: over all rows, however many. */
export function distanceOf(job: FitJob, outcome: Outcome, judged: Outcome | null, exactly = false): Distance {
  const gap = Number.isFinite(outcome.gap) ? outcome.gap : null;
  const rest = leftToGain(job, outcome, judged);
  if (!Number.isFinite(rest)) return { gap, relative: null };
  if (!(rest > rounding * Math.abs(objectiveOf(judged ?? outcome)))) return { gap, relative: 0 };
  const relative = rest / spreadOf(job.plan, job.train, exactly ? Infinity : mostRows);
  return { gap, relative: Number.isFinite(relative) ? relative : null };
}
