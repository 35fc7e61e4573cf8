import { checkFixed, snapshot } from '../arrays.js';
import type { Backend, FitJob, Outcome } from '../backend.js';
import { losses } from '../catalog.js';
import { checkFinite, type FitData, readData, type Table } from '../data.js';
import type { Model } from '../model.js';
import { type FitOptions, readFitOptions } from '../options.js';
import { status } from '../plan.js';

/** Fits on the calling thread and returns when it is done. */
export type FitSync = (data: FitData, options?: FitOptions) => Model;
/** Fits off the calling thread. */
export type Fit = (data: FitData, options?: FitOptions) => Promise<Model>;

function prepare(data: unknown, options: unknown): FitJob {
  const table = readData(data);
  const { plan, indices } = readFitOptions(options, table.rows);
  readData(table); // once more: an option's getter may have detached or shrunk the arrays
  return { plan, indices, ...table, weights: new Float64Array(table.cols + (plan.intercept ? 1 : 0)) };
}

/** A NaN in the data looks like divergence; it is the caller's mistake and says where it is. */
export function blameData(outcome: Outcome, table: Table): Outcome {
  if (outcome.status === status.diverged) checkFinite(table);
  return outcome;
}

export function createFit(backend: Backend, model: typeof Model): { fitSync: FitSync; fit: Fit } {
  const lossNames = Object.keys(losses);
  const modelOf = (job: FitJob, outcome: Outcome): Model =>
    model.fromOutcome(lossNames[job.plan.loss], job.cols, blameData(outcome, job));
  return {
    fitSync(data, options) {
      const job = prepare(data, options);
      return modelOf(job, backend.fitSync(job));
    },
    async fit(data, options) {
      const job = prepare(data, options);
      checkFixed('X', job.X);
      checkFixed('y', job.y);
      // The job's own copies: the caller may transfer or change his meanwhile.
      job.X = snapshot(job.X);
      job.y = snapshot(job.y);
      return modelOf(job, await backend.fit(job));
    },
  };
}
