// Many fits of one plan, on packed problems.
// Twin: native/solver/many.cc.

import type { FitJob, ManyJob } from '../../backend/interface.js';
import { manyStatuses } from '../../backend/plan.js';
import { remainingOf } from '../../backend/remaining.js';
import type { Matrix } from '../../base/arrays.js';
import { Run } from './fit.js';

const failed = manyStatuses.indexOf('failed');

/** Fits each problem that has not failed, pausing after each epoch and each fit, as Run does. */
export function* fitEach(job: ManyJob): Generator<void, void> {
  for (let i = 0; i < job.status.length; i++) {
    if (job.status[i] === failed) continue;
    const run = new Run(jobOf(job, i));
    while (run.advance()) yield;
    const outcome = run.outcome();
    const { weights, loss } = outcome;
    const { coefficients, intercepts } = startOf(job, i);
    coefficients.set(weights.subarray(0, coefficients.length));
    intercepts.set(weights.subarray(coefficients.length));
    job.status[i] = outcome.status;
    if (loss.length > 0) job.losses[i] = loss[loss.length - 1];
    job.remaining[i] = remainingOf(job.plan, outcome);
    job.epochs[i] = outcome.epochs;
    job.steps[i] = outcome.steps;
    yield;
  }
}

/** Where the i-th fit starts, and what comes of it. */
function startOf({ plan, coefficients, intercepts }: ManyJob, i: number) {
  const { outputs } = plan;
  const size = outputs * plan.cols;
  return {
    coefficients: coefficients.subarray(i * size, (i + 1) * size),
    intercepts: plan.intercept ? intercepts.subarray(i * outputs, (i + 1) * outputs) : new Float64Array(0),
  };
}

function jobOf(job: ManyJob, i: number): FitJob {
  const { plan, borders, penaltyFactors, bounds } = job;
  const count = borders[i + 1] - borders[i];
  const rowsOf = <T extends Matrix>(array: T, each: number) =>
    array.subarray(borders[i] * each, borders[i + 1] * each) as T;
  const { coefficients, intercepts } = startOf(job, i);
  const weights = new Float64Array(coefficients.length + intercepts.length);
  weights.set(coefficients);
  weights.set(intercepts, coefficients.length);
  return {
    plan: { ...plan, rows: count },
    train: {
      X: rowsOf(job.X, plan.cols),
      y: rowsOf(job.y, plan.targets),
      sampleWeight: job.sampleWeight && rowsOf(job.sampleWeight, 1),
      offset: job.offset && rowsOf(job.offset, plan.outputs),
      index: null,
      count,
    },
    validation: null,
    indices: null,
    penaltyFactors,
    bounds,
    weights,
    state: null,
    carried: null,
    known: null,
  };
}
