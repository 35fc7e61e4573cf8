// Where a path begins: the model of what is not penalised, and how steep the loss is there. And the loss at weights.
import { zerosLike } from '../arrays.js';
import type { FitJob, Outcome } from '../backend.js';
import { losses } from '../catalog.js';
import { readFitOptions } from '../options.js';
import { coefficientCount, maxParameters, samplerKind, type Table } from '../plan.js';
import { Scaling } from '../reference/solver/scaling.js';
import { withSolver } from '../solver.js';
import { type Course, fitted } from './course.js';
import { isFlat } from './flat.js';

/** A job for the loss and the shape of another, and nothing else of it. */
function jobOf(job: FitJob, train: Table, weights: Float64Array, options: object): FitJob {
  const { loss, lossParameters, rows, cols, outputs, targets, intercept } = job.plan;
  const shape = { loss, lossParameters, rows, cols, outputs, targets, intercept, validationRows: 0 };
  const sampler = { sampler: samplerKind.full, samplerParameters: new Float64Array(maxParameters) };
  const plan = { ...readFitOptions(options).plan, ...shape, ...sampler };
  return { ...job, plan, train, validation: null, indices: null, penaltyFactors: null, weights, known: null };
}

/** One step down the loss of some rows, of length 1: it tells the loss at the weights, and the gradient. */
function* step(job: FitJob, train: Table, weights: Float64Array): Course<Outcome> {
  return yield* fitted(jobOf(job, train, weights, { optimizer: { name: 'sgd', learningRate: 1 }, epochs: 1 }));
}

/** The mean loss of some rows at weights of X's own columns, without penalty; NaN where it is no number. */
export function* lossAt(job: FitJob, table: Table, weights: Float64Array): Course<number> {
  const { loss } = yield* step(job, table, weights);
  return loss.length > 0 ? loss[0] : NaN;
}

/** What λ is measured by. */
export interface NullModel {
  /** The intercepts, and the coefficients of columns that have no penalty; all others are 0. */
  weights: Float64Array;
  loss: number;
  /** The steepest slope of the loss against a penalised coefficient, over its factor: from l1 = this on all are 0. */
  steepest: number;
  /** Whether that is certain: a loss with kinks has other slopes at the same weights. */
  certain: boolean;
}

const kinked: readonly (keyof typeof losses)[] = ['hinge', 'quantile', 'epsilon_insensitive'];

export function* nullModel(job: FitJob): Course<NullModel> {
  const weights = yield* unpenalised(job);
  const { plan, train, penaltyFactors } = job;
  const { loss, weights: after } = yield* step(job, train, weights);
  // What is left of a constant y is rounding, of which no path is to be made.
  if (isFlat(job, weights)) return { weights, loss: loss.length > 0 ? loss[0] : NaN, steepest: 0, certain: true };
  const gradient = weights.map((weight, i) => weight - after[i]);
  if (plan.standardize) new Scaling(plan, train).chain(gradient);
  let steepest = 0;
  for (let i = 0; i < coefficientCount(plan); i++) {
    const factor = penaltyFactors ? penaltyFactors[i] : 1;
    if (factor === 0) continue;
    const slope = (plan.nonNegative ? -gradient[i] : Math.abs(gradient[i])) / factor;
    if (slope > steepest) steepest = slope;
  }
  const certain = !kinked.includes(Object.keys(losses)[plan.loss] as keyof typeof losses);
  return { weights, loss: loss.length > 0 ? loss[0] : NaN, steepest, certain };
}

/** Fits the intercepts and the columns with a penalty factor of 0 alone. */
function* unpenalised(job: FitJob): Course<Float64Array> {
  const { plan, train, penaltyFactors } = job;
  const { cols, rows, outputs, intercept } = plan;
  const weights = new Float64Array(job.weights.length);
  const free = penaltyFactors ? Array.from({ length: cols }, (_, j) => j).filter((j) => penaltyFactors[j] === 0) : [];
  if (!intercept && free.length === 0) return weights;
  const width = Math.max(1, free.length); // with no such column, one of zeros, held by a penalty
  const X = zerosLike(train.X, rows * width);
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < free.length; j++) X[i * width + j] = train.X[i * cols + free[j]];
  }
  const { nonNegative, standardize } = plan;
  const l2 = free.length === 0 ? 1 : 0;
  const start = new Float64Array(outputs * (width + (intercept ? 1 : 0)));
  const narrow = jobOf(job, { ...train, X }, start, { optimizer: 'auto', nonNegative, standardize, l2 });
  narrow.plan = withSolver({ ...narrow.plan, cols: width }, train.count).plan;
  const outcome = yield* fitted(narrow);
  for (let k = 0; k < outputs; k++) {
    for (let j = 0; j < free.length; j++) weights[k * cols + free[j]] = outcome.weights[k * width + j];
    if (intercept) weights[outputs * cols + k] = outcome.weights[outputs * width + k];
  }
  return weights;
}
