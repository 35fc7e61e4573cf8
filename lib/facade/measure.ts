// How well weights meet rows that they were not fitted to.
import type { Backend, FitJob } from '../backend.js';
import { losses, type measures } from '../catalog.js';
import { codeOf } from '../labels.js';
import type { Table } from '../plan.js';
import { chosenPlaces } from '../predictions.js';
import { exp } from '../reference/kernels/math.js';
import type { Course } from './course.js';
import { leastLoss, lossAt } from './nullmodel.js';

export type Measure = keyof typeof measures;

/** The measure over the rows of a table, each as its weight says; NaN where it is not defined. */
export function* measured(
  backend: Backend,
  measure: Measure,
  job: FitJob,
  table: Table,
  weights: Float64Array,
): Course<number> {
  if (measure === 'loss') return yield* lossAt(job, table, weights);
  if (measure === 'deviance') return 2 * ((yield* lossAt(job, table, weights)) - leastLoss(job, table));
  const z = yield* decisions(backend, job, table, weights);
  return formulas[measure](job, table, z);
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

type Formula = (job: FitJob, table: Table, z: Float64Array) => number;

/** Of the rows by place: the weighted mean of a value for each. */
function meanOf({ index, count, sampleWeight }: Table, value: (place: number, row: number) => number): number {
  let sum = 0;
  let weights = 0;
  for (let place = 0; place < count; place++) {
    const row = index ? index[place] : place;
    const weight = sampleWeight ? sampleWeight[row] : 1;
    sum += weight * value(place, row);
    weights += weight;
  }
  return sum / weights;
}

/** The mean over rows and targets of what an error costs. */
const ofErrors =
  (cost: (error: number) => number): Formula =>
  ({ plan }, table, z) => {
    const { targets, loss } = plan;
    const isMean = Object.values(losses)[loss].predicts === 'mean';
    return meanOf(table, (place, row) => {
      let sum = 0;
      for (let k = 0; k < targets; k++) {
        const value = z[place * targets + k];
        sum += cost(table.y[row * targets + k] - (isMean ? exp(value) : value));
      }
      return sum / targets;
    });
  };

const accuracy: Formula = ({ plan }, table, z) => {
  const chosen = chosenPlaces(z, plan.outputs);
  const loss = Object.keys(losses)[plan.loss] as keyof typeof losses;
  return meanOf(table, (place, row) => (codeOf(loss, chosen[place]) === table.y[row] ? 1 : 0));
};

/** The chance that z of a row of the second class is above that of one of the first; ties count half. */
const auc: Formula = (_job, { y, index, count, sampleWeight }, z) => {
  const rows = Array.from({ length: count }, (_, place) => place).sort((a, b) => z[a] - z[b]);
  let below = 0; // weight of the first class with a smaller z
  let all = 0; // and of the second
  let area = 0;
  for (let from = 0; from < count; ) {
    let first = 0;
    let second = 0;
    let to = from;
    for (; to < count && z[rows[to]] === z[rows[from]]; to++) {
      const row = index ? index[rows[to]] : rows[to];
      const weight = sampleWeight ? sampleWeight[row] : 1;
      if (y[row] > 0) second += weight;
      else first += weight;
    }
    area += second * (below + 0.5 * first);
    below += first;
    all += second;
    from = to;
  }
  return area / (below * all);
};

const formulas: Record<Exclude<Measure, 'loss' | 'deviance'>, Formula> = {
  mse: ofErrors((error) => error * error),
  mae: ofErrors(Math.abs),
  accuracy,
  auc,
};
