// Null model of a path: its weights, and the gradient of the loss there.
// Also the loss at given weights.

import type { FitJob, Outcome } from '../backend/interface.js';
import { coefficientCount, maxParameters, samplerKind, type Table } from '../backend/plan.js';
import { zerosLike } from '../base/arrays.js';
import { losses } from '../catalog/losses.js';
import { type FitGenerator, fitted } from '../fitting/course.js';
import { hasDomain, startInDomain } from '../fitting/domain.js';
import { withSolver } from '../fitting/solver.js';
import { refuseUnits } from '../fitting/units.js';
import { readFitOptions } from '../input/options.js';
import { Scaling } from '../reference/objective/scaling.js';
import { isFlat } from './flat.js';

/** A job for the loss and the shape of another, and nothing else of it. */
function jobOf(job: FitJob, train: Table, weights: Float64Array, options: object): FitJob {
  const { loss, lossParameters, rows, cols, outputs, targets, intercept } = job.plan;
  const shape = { loss, lossParameters, rows, cols, outputs, targets, intercept, validationRows: 0 };
  const sampler = { sampler: samplerKind.full, samplerParameters: new Float64Array(maxParameters) };
  const plan = { ...readFitOptions(options).plan, ...shape, ...sampler };
  const none = { validation: null, indices: null, penaltyFactors: null, bounds: null, known: null };
  return { ...job, plan, train, ...none, weights };
}

/** One step down the loss of some rows, of length 1: it tells the loss at the weights, and the gradient. */
function* step(job: FitJob, train: Table, weights: Float64Array): FitGenerator<Outcome> {
  return yield* fitted(jobOf(job, train, weights, { optimizer: { name: 'sgd', learningRate: 1 }, epochs: 1 }));
}

/** The mean loss of some rows at weights of X's own columns, without penalty; NaN where it is no number. */
export function* lossAt(job: FitJob, table: Table, weights: Float64Array): FitGenerator<number> {
  const { loss } = yield* step(job, table, weights);
  return loss.length > 0 ? loss[0] : NaN;
}

/** What λ is measured by. */
export interface NullModel {
  /**
   * The intercepts, and the coefficients of columns that have no penalty; all others are 0, or as near to it as their
   * bounds allow.
   */
  weights: Float64Array;
  loss: number;
  /**
   * The steepest slope of the loss against a penalised coefficient, the way that bounds leave it, over its factor: from
   * l1 = this on none moves.
   */
  steepest: number;
  /** Whether that is certain: a loss with kinks has other slopes at the same weights. */
  certain: boolean;
}

const kinked: readonly (keyof typeof losses)[] = ['hinge', 'quantile', 'epsilon_insensitive', 'perceptron'];

export function* nullModel(job: FitJob): FitGenerator<NullModel> {
  refuseUnits(job);
  const weights = yield* unpenalised(job);
  const { plan, train, penaltyFactors, bounds } = job;
  const { loss, weights: after } = yield* step(job, train, weights);
  // What is left of a constant y is rounding, of which no path is to be made.
  const isAtZero = nearestZero(job).every((weight) => weight === 0);
  if (isAtZero && isFlat(job, weights))
    return { weights, loss: loss.length > 0 ? loss[0] : NaN, steepest: 0, certain: true };
  const gradient = weights.map((weight, i) => weight - after[i]);
  if (plan.standardize) new Scaling(plan, train).chain(gradient);
  let steepest = 0;
  for (let i = 0; i < coefficientCount(plan); i++) {
    const factor = penaltyFactors ? penaltyFactors[i] : 1;
    if (factor === 0) continue;
    // Away from 0 alone: the other way l1 leads here.
    const canRise = weights[i] >= 0 && !(bounds && weights[i] >= bounds.upper[i]);
    const canFall = weights[i] <= 0 && !(bounds && weights[i] <= bounds.lower[i]);
    const slope = Math.max(canRise ? -gradient[i] : 0, canFall ? gradient[i] : 0) / factor;
    if (slope > steepest) steepest = slope;
  }
  const certain = !kinked.includes(Object.keys(losses)[plan.loss] as keyof typeof losses);
  return { weights, loss: loss.length > 0 ? loss[0] : NaN, steepest, certain };
}

/** Weights of 0, or as near to it as bounds allow; of columns without a penalty 0. */
function nearestZero({ plan, penaltyFactors, bounds, weights }: FitJob): Float64Array {
  const nearest = new Float64Array(weights.length);
  for (let i = 0; bounds && i < coefficientCount(plan); i++) {
    if (penaltyFactors?.[i] !== 0) nearest[i] = Math.max(bounds.lower[i], Math.min(bounds.upper[i], 0));
  }
  return nearest;
}

/** What a row's outputs are beside the columns without a penalty: the offset, and coefficients that bounds keep off 0. */
function offsetOf({ plan, train }: FitJob, weights: Float64Array): Float64Array | null {
  const { rows, cols, outputs } = plan;
  if (weights.every((weight) => weight === 0)) return train.offset;
  const offset = train.offset ? train.offset.slice() : new Float64Array(rows * outputs);
  for (let i = 0; i < rows; i++) {
    for (let k = 0; k < outputs; k++) {
      for (let j = 0; j < cols; j++) offset[i * outputs + k] += train.X[i * cols + j] * weights[k * cols + j];
    }
  }
  return offset;
}

/** Fits the intercepts and the columns with a penalty factor of 0 alone. */
function* unpenalised(job: FitJob): FitGenerator<Float64Array> {
  const { plan, train, penaltyFactors, bounds } = job;
  const { cols, rows, outputs, intercept } = plan;
  const weights = nearestZero(job);
  const free = penaltyFactors ? Array.from({ length: cols }, (_, j) => j).filter((j) => penaltyFactors[j] === 0) : [];
  if (!intercept && free.length === 0) return weights;
  const width = Math.max(1, free.length); // with no such column, one of zeros, held by a penalty
  const X = zerosLike(train.X, rows * width);
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < free.length; j++) X[i * width + j] = train.X[i * cols + free[j]];
  }
  const { standardize } = plan;
  const l2 = free.length === 0 ? 1 : 0;
  const offset = offsetOf(job, weights);
  const start = new Float64Array(outputs * (width + (intercept ? 1 : 0)));
  const narrow = jobOf(job, { ...train, X, offset }, start, { optimizer: 'auto', standardize, l2 });
  const own = (all: Float64Array) =>
    Float64Array.from({ length: outputs * width }, (_, i) => all[Math.floor(i / width) * cols + free[i % width]]);
  if (bounds && free.length > 0) narrow.bounds = { lower: own(bounds.lower), upper: own(bounds.upper) };
  narrow.plan = withSolver({ ...narrow.plan, cols: width, bounded: narrow.bounds !== null }, train.count).plan;
  if (hasDomain(narrow.plan)) startInDomain(narrow.plan, narrow.train, start);
  const outcome = yield* fitted(narrow);
  for (let k = 0; k < outputs; k++) {
    for (let j = 0; j < free.length; j++) weights[k * cols + free[j]] = outcome.weights[k * width + j];
    if (intercept) weights[outputs * cols + k] = outcome.weights[outputs * width + k];
  }
  return weights;
}
