// How well weights meet rows that they were not fitted to: the metrics of models, on a table of a job.
import type { Backend, FitJob } from '../backend.js';
import { losses, type measures } from '../catalog.js';
import { accuracy, areaUnderRoc } from '../metrics/classes.js';
import { errorsOf, targetsOf } from '../metrics/errors.js';
import { deviance } from '../metrics/means.js';
import { type Measured, meanLoss } from '../metrics/measure.js';
import type { Table } from '../plan.js';
import { exp } from '../reference/kernels/math.js';
import type { Course } from './course.js';

export type Measure = keyof typeof measures;

/** The measure over the rows of a table, each as its weight says; null where it is not defined. */
export function* measured(
  backend: Backend,
  measure: Measure,
  job: FitJob,
  table: Table,
  weights: Float64Array,
): Course<number | null> {
  const z = yield* decisions(backend, job, table, weights);
  return formulas[measure](rowsOf(job, table, z));
}

/** What is true of a table's rows beside z of them. */
export function rowsOf({ plan }: FitJob, { y, sampleWeight, index, count }: Table, z: Float64Array): Measured {
  const { targets, outputs, loss, lossParameters: parameters } = plan;
  const pick = (from: Float64Array, width: number) =>
    index ? Float64Array.from({ length: count * width }, (_, at) => from[rowAt(index, at, width)]) : from;
  const all = { rows: count, targets, outputs, loss, parameters, z };
  return { ...all, y: pick(y, targets), weights: sampleWeight && pick(sampleWeight, 1) };
}

/** Where element `at` of the rows that are named lies among all. */
function rowAt(index: Uint32Array, at: number, width: number): number {
  return index[Math.floor(at / width)] * width + (at % width);
}

const rowsAtOnce = 1024;

/** z of the table's rows, rows × outputs. */
function* decisions(backend: Backend, { plan }: FitJob, table: Table, weights: Float64Array): Course<Float64Array> {
  const { cols, outputs, intercept } = plan;
  const { X, offset, index, count } = table;
  const all = new Float64Array(count * outputs);
  const room = new Float64Array(rowsAtOnce * cols);
  for (let start = 0; start < count; start += rowsAtOnce) {
    const rows = Math.min(rowsAtOnce, count - start);
    const rowOf = (i: number) => (index ? index[start + i] : start + i);
    for (let i = 0; i < rows; i++) room.set(X.subarray(rowOf(i) * cols, (rowOf(i) + 1) * cols), i * cols);
    const z = new Float64Array(rows);
    for (let k = 0; k < outputs; k++) {
      backend.gemv(room.subarray(0, rows * cols), rows, cols, weights.subarray(k * cols, (k + 1) * cols), z);
      const b = intercept ? weights[outputs * cols + k] : 0;
      for (let i = 0; i < rows; i++) {
        all[(start + i) * outputs + k] = z[i] + b + (offset ? offset[rowOf(i) * outputs + k] : 0);
      }
    }
    yield null;
  }
  return all;
}

function errors(rows: Measured) {
  const isMean = Object.values(losses)[rows.loss].predicts === 'mean';
  return errorsOf(
    targetsOf(rows, (z) => (isMean ? exp(z) : z)),
    rows.weights,
  );
}

const formulas: Record<Measure, (rows: Measured) => number | null> = {
  deviance,
  loss: meanLoss,
  mse: (rows) => errors(rows).mse,
  mae: (rows) => errors(rows).mae,
  accuracy,
  auc: (rows) => areaUnderRoc(rows),
};
