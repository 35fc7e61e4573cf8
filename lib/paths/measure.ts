// Measures of cross-validation: metrics of weights on a table of rows.

import type { Backend, FitJob } from '../backend/interface.js';
import type { Plan, Table } from '../backend/plan.js';
import type { measures } from '../catalog/measures.js';
import type { FitGenerator } from '../fitting/course.js';
import { accuracy, areaUnderRoc } from '../metrics/classes.js';
import { errorsOf, targetsOf } from '../metrics/errors.js';
import { deviance } from '../metrics/means.js';
import { lossName, type Measured, meanLoss } from '../metrics/measure.js';
import { numberOf } from '../metrics/predictions.js';

export type Measure = keyof typeof measures;

/** Models that are measured in one pass over the rows. */
const atOnce = 32;
/** Numbers of X that stay in a cache meanwhile. */
const numbersAtOnce = 2 ** 14;

/** The measure over the rows of a table, of the model of each weights; null where it is not defined. */
export function* measured(
  backend: Backend,
  measure: Measure,
  job: FitJob,
  table: Table,
  weights: readonly Float64Array[],
): FitGenerator<(number | null)[]> {
  const rows = rowsOf(job, table, new Float64Array(0));
  const values: (number | null)[] = [];
  for (let at = 0; at < weights.length; at += atOnce) {
    const all = yield* decisions(backend, job, table, weights.slice(at, at + atOnce));
    for (const z of all) {
      values.push(formulas[measure]({ ...rows, z }));
      yield null;
    }
  }
  return values;
}

/** What is true of a table's rows beside z of them. */
export function rowsOf({ plan }: FitJob, { y, sampleWeight, index, count }: Table, z: Float64Array): Measured {
  const { targets, outputs, loss, lossParameters: parameters } = plan;
  const all = { rows: count, targets, outputs, loss, parameters, z };
  return { ...all, y: picked(y, targets, index), weights: sampleWeight && picked(sampleWeight, 1, index) };
}

/** Of the rows that are named. */
function picked(from: Float64Array, width: number, index: Uint32Array | null): Float64Array {
  if (!index) return from;
  const to = new Float64Array(index.length * width);
  for (let i = 0; i < index.length; i++) {
    for (let k = 0; k < width; k++) to[i * width + k] = from[index[i] * width + k];
  }
  return to;
}

/** z of the table's rows by each weights, rows × outputs. */
function* decisions(
  backend: Backend,
  { plan }: FitJob,
  table: Table,
  weights: readonly Float64Array[],
): FitGenerator<Float64Array[]> {
  const { cols, outputs } = plan;
  const { count } = table;
  const all = weights.map(() => new Float64Array(count * outputs));
  const atMost = Math.max(8, Math.floor(numbersAtOnce / Math.max(1, cols)));
  const room = new Float64Array(Math.min(atMost, count) * cols);
  for (let start = 0; start < count; start += atMost) {
    const rows = Math.min(atMost, count - start);
    gather(table, start, rows, cols, room);
    for (let m = 0; m < weights.length; m++) {
      const z = all[m].subarray(start * outputs, (start + rows) * outputs);
      decide(backend, plan, room.subarray(0, rows * cols), weights[m], z);
    }
    yield null;
  }
  if (table.offset) for (const z of all) addOffset(z, table.offset, table, outputs);
  return all;
}

/** Copies rows of a table: by hand, since a view for each would take longer than its copy. */
function gather({ X, index }: Table, start: number, rows: number, cols: number, room: Float64Array): void {
  for (let i = 0; i < rows; i++) {
    const from = (index ? index[start + i] : start + i) * cols;
    for (let j = 0; j < cols; j++) room[i * cols + j] = X[from + j];
  }
}

/** Writes z of some rows, rows × outputs. */
function decide(backend: Backend, plan: Plan, X: Float64Array, weights: Float64Array, z: Float64Array): void {
  const { cols, outputs, intercept } = plan;
  const rows = z.length / outputs;
  const one = outputs === 1 ? z : new Float64Array(rows);
  for (let k = 0; k < outputs; k++) {
    backend.gemv(X, rows, cols, weights.subarray(k * cols, (k + 1) * cols), one);
    const b = intercept ? weights[outputs * cols + k] : 0;
    for (let i = 0; i < rows; i++) z[i * outputs + k] = one[i] + b;
  }
}

function addOffset(z: Float64Array, offset: Float64Array, { index, count }: Table, outputs: number): void {
  for (let i = 0; i < count; i++) {
    const row = index ? index[i] : i;
    for (let k = 0; k < outputs; k++) z[i * outputs + k] += offset[row * outputs + k];
  }
}

function errors(rows: Measured) {
  return errorsOf(targetsOf(rows, numberOf(lossName(rows))), rows.weights);
}

const formulas: Record<Measure, (rows: Measured) => number | null> = {
  deviance,
  loss: meanLoss,
  mse: (rows) => errors(rows).mse,
  mae: (rows) => errors(rows).mae,
  accuracy,
  auc: (rows) => areaUnderRoc(rows),
};
