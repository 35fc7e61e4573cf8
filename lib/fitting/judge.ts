// Distance from the minimum (model.optimality), by the solver's estimate or by a check.
// The check is one Newton step for least squares; for other losses it is the objective that the solver of `auto`
// reaches.

import type { FitJob, Outcome } from '../backend/interface.js';
import {
  averagingKind,
  maxParameters,
  type Plan,
  piecewiseLinearLosses,
  samplerKind,
  softmaxLoss,
  solverKind,
  squaredLoss,
  statuses,
  type Table,
  tweedieIdentityLoss,
  tweedieLoss,
} from '../backend/plan.js';
import { losses } from '../catalog/losses.js';
import { solvers } from '../catalog/rules.js';
import { type FitGenerator, fitted } from './course.js';
import type { Distance } from './optimality.js';
import { withSolver } from './solver.js';
import { spreadOf } from './spread.js';
import { startOf } from './startweights.js';

/** Weights of the largest system of equations that is solved for it, as `auto` picks Newton's method up to that many. */
const mostWeights = 500;
/**
 * What it may cost: a part of the fit, or so many visits to elements of X (some 0.5 ms) for fits by solvers, and for those by
 * rules of so many epochs.
 */
const share = 1 / 16;
const visits = 2 ** 20;
const fewestEpochs = 32;
/** Visits, or as many as the fit's, where it is asked for whatever it costs (a second or two): of more rows the solver sees a part. */
const mostVisits = 2 ** 31;
/** Iterations of the solver, and how few are not worth beginning; for nonsmooth losses, of which more are needed. */
const iterations = { most: 50, fewest: 8, fewestOfPieces: 20 };
const tolerance = 1e-8;
/** Rows that the spread of y is taken of, evenly spaced: it is no more than a unit. */
const mostRows = 256;
/** Of the objective, what is not to be told from rounding. */
const rounding = 2 ** -44;

const kinds = Object.values(losses).map(({ predicts }) => predicts);
const auto = 1 + Object.keys(solvers).indexOf('auto');
const noParameters = new Float64Array(maxParameters);

/** What an outcome has of how far it got. */
export type Told = Pick<Outcome, 'status' | 'gap' | 'remainingDecrease' | 'loss'>;

const last = ({ loss }: Pick<Outcome, 'loss'>): number => (loss.length > 0 ? loss[loss.length - 1] : NaN);

/**
 * Passes over X that an iteration costs: of Newton's method two evaluations, and XᵀDX; of the interior point method as much
 * time as for so many (2,000 rows of 10 columns).
 */
function passesOf({ loss, cols, outputs, solver }: Plan): number {
  if (piecewiseLinearLosses.includes(loss)) return 40 + (outputs * cols) / 32;
  if (solver === solverKind.lbfgs) return 3;
  const grams = loss === softmaxLoss ? (outputs * (outputs + 1)) / 2 : loss === squaredLoss ? 1 : outputs;
  return 2 + grams * (2 + cols / 32);
}

/** Passes over X that go before the first iteration: means and squares. */
const passesBefore = 2;

/** Passes over X that the library may add to a fit. */
function passesFor({ plan, train }: FitJob, { epochs }: Outcome): number {
  const isShort = plan.solver !== solverKind.none || epochs >= fewestEpochs;
  const ofShort = isShort ? visits / (train.count * plan.cols) : 0;
  const ofLong = plan.gramFrom === 0 ? share * epochs : 0;
  return Math.max(ofShort, ofLong) - passesBefore;
}

/**
 * Whether what the method takes for the Hessian is of no use before it converges: of L-BFGS, and of Newton's method where
 * something else stands for a second derivative that may be negative.
 */
function isGuess({ solver, loss, lossParameters }: Plan): boolean {
  const isStandIn = loss === tweedieIdentityLoss || (loss === tweedieLoss && !(lossParameters[0] <= 2));
  return solver === solverKind.lbfgs || isStandIn;
}

/** Whether the method that fitted tells how far it got. */
function tells({ plan }: Pick<FitJob, 'plan'>, { status, gap, remainingDecrease }: Told): boolean {
  if (Number.isFinite(gap)) return true;
  if (!Number.isFinite(remainingDecrease)) return false;
  const { solver } = plan;
  const has = statuses[status] === 'converged' || (statuses[status] === 'stalled' && solver === solverKind.lbfgs);
  return has || !isGuess(plan);
}

/** A job of the same objective from these weights. */
function jobFrom(job: FitJob, weights: Float64Array, solving: Partial<Plan>): FitJob {
  const plan: Plan = {
    ...job.plan,
    sampler: samplerKind.full,
    averaging: averagingKind.none,
    validationRows: 0,
    epochs: 1,
    tolerance: 0,
    gradientTolerance: 0,
    patience: 0,
    maxSeconds: 0,
    clipNorm: 0,
    clipValue: 0,
    restoreBest: false,
    stepHistory: false,
    lossAfterUpdate: false,
    gramFrom: 0,
    pauseAfter: 0,
    ...solving,
  };
  const none = { validation: null, indices: null, state: null, carried: null, known: null };
  return { ...job, ...none, plan, weights };
}

/** By how much an objective can fall from where it is. */
interface Gain {
  gain: number;
  from: number;
}

const unknown: Gain = { gain: NaN, from: NaN };

/** The objective at weights: what an epoch of steps of length 0 tells. */
function* objectiveAt(job: FitJob, weights: Float64Array): FitGenerator<number> {
  const still = { solver: solverKind.none, rule: 0, ruleParameters: noParameters, schedule: 0 };
  return last(yield* fitted(jobFrom(job, weights, still)));
}

/** By how much the objective of least squares, which is its own model, falls in a step of Newton's method. */
function* gainOfStep(job: FitJob, weights: Float64Array): FitGenerator<Gain> {
  const newton = { solver: solverKind.newton, solverParameters: noParameters };
  const step = yield* fitted(jobFrom(job, weights, newton));
  const { remainingDecrease: rest } = step;
  return { gain: Math.max(0, step.lastDecrease) + (rest > 0 && rest < Infinity ? rest : 0), from: last(step) };
}

/** So many rows of a table, evenly spaced. */
function partOf(table: Table, rows: number): Table {
  const { index, count } = table;
  const stride = count / rows;
  const row = (place: number) => (index ? index[place] : place);
  return { ...table, index: Uint32Array.from({ length: rows }, (_, i) => row(Math.floor(i * stride))), count: rows };
}

/**
 * By how much the objective is above what the solver of `auto` reaches from its own start; NaN: not known. From weights far
 * from the minimum a step of Newton's method need not gain anything: Huber's loss is straight there.
 *
 * `always`: the difference as it is, where the solver does not reach the minimum or sees a part of the rows: it is no more
 * than what is left to gain.
 */
function* gainOfSolver(
  job: FitJob,
  weights: Float64Array,
  solving: Partial<Plan>,
  rows: number,
  always: boolean,
): FitGenerator<Gain> {
  const { plan, train } = job;
  const isPart = rows < train.count;
  const part = isPart ? partOf(train, rows) : train;
  const own = jobFrom({ ...job, train: part }, startOf({ ...plan, ...solving }, part), solving);
  const end = yield* fitted(own);
  const from = yield* objectiveAt(job, weights);
  const gain = from - (yield* objectiveAt(job, end.weights));
  const rest = Number.isFinite(end.gap) ? end.gap : end.remainingDecrease;
  const hasEnded = statuses[end.status] === 'converged' || statuses[end.status] === 'stalled';
  if (!isPart && hasEnded) return { gain: Math.max(0, gain), from };
  if (!isPart && rest >= 0 && rest <= gain) return { gain: gain + rest, from };
  return { gain: always && gain > 0 ? gain : NaN, from };
}

/** By how much the objective can fall, by fits that cost little, or, `always`, whatever they cost; NaN: not known. */
function* gainFrom(job: FitJob, outcome: Outcome, always: boolean): FitGenerator<Gain> {
  const { plan, train } = job;
  const passes = always ? Infinity : passesFor(job, outcome);
  if (plan.loss === squaredLoss && plan.cols + (plan.intercept ? 1 : 0) <= mostWeights) {
    return passes >= passesOf(plan) ? yield* gainOfStep(job, outcome.weights) : unknown;
  }
  const scalesTolerance = kinds[plan.loss] !== 'class';
  const asked = { ...plan, solver: auto, solverParameters: noParameters };
  const { plan: picked } = withSolver(asked, train.count);
  const { solver, solverParameters, maxSeconds } = picked;
  const each = passesOf(picked);
  const epochs = Math.min(iterations.most, Math.floor(passes / each));
  if (epochs < (piecewiseLinearLosses.includes(plan.loss) ? iterations.fewestOfPieces : iterations.fewest))
    return unknown;
  const most = Math.max(mostVisits, outcome.epochs * train.count * plan.cols);
  const rows = Math.min(train.count, Math.ceil(most / (each * iterations.most * plan.cols)));
  const solving = { solver, solverParameters, maxSeconds, epochs, tolerance, scalesTolerance };
  return yield* gainOfSolver(job, outcome.weights, solving, rows, always);
}

/** What the method that fitted tells; null: nothing. */
function gainTold(job: Pick<FitJob, 'plan'>, outcome: Told): Gain | null {
  if (!tells(job, outcome)) return null;
  const from = last(outcome);
  if (Number.isFinite(outcome.gap)) return { gain: outcome.gap, from };
  // Flat models promise more than there is; but for losses with a log link no objective is below 0.
  const most = kinds[job.plan.loss] === 'mean' ? Infinity : from;
  return { gain: Math.min(outcome.remainingDecrease, most), from };
}

type Fitted = Pick<FitJob, 'plan' | 'train'>;

/** `exactly`: over all rows, however many. */
function distanceOf({ plan, train }: Fitted, outcome: Told, { gain, from }: Gain, exactly: boolean): Distance {
  const gap = Number.isFinite(outcome.gap) ? outcome.gap : null;
  if (!Number.isFinite(gain)) return { gap, relative: null };
  if (!isSomething(gain, from)) return { gap, relative: 0 };
  const relative = gain / spreadOf(plan, train, exactly ? Infinity : mostRows);
  return { gap, relative: Number.isFinite(relative) ? relative : null };
}

/** What the method that fitted tells. */
export function distanceTold(job: Fitted, outcome: Told): Distance {
  return distanceOf(job, outcome, gainTold(job, outcome) ?? unknown, false);
}

/** Whether a gain is known and shows. */
export const isSomething = (gain: number, from: number): boolean => gain > rounding * Math.abs(from);

/**
 * What the method that fitted tells, else what fits of the same objective find: on the same backend, where that costs little
 * beside the fit, or `always`.
 */
export function* distanceFound(job: FitJob, outcome: Outcome, always: boolean): FitGenerator<Distance> {
  const { sampler } = job.plan;
  const cannot = statuses[outcome.status] === 'diverged' || outcome.epochs === 0 || sampler === samplerKind.indices;
  const gain = gainTold(job, outcome) ?? (cannot ? unknown : yield* gainFrom(job, outcome, always));
  return distanceOf(job, outcome, gain, always);
}
