// Centred or standardized columns without a copy of X.
// Weights are kept for (x - mean)/deviation and converted to those of x for each pass. Twin:
// native/objective/scaling.cc.

import { coefficientCount, type Plan, type Table } from '../../backend/plan.js';
import { Reader } from '../data/matrix.js';
import { type Rows, rmatvec, rowAt, squares } from '../kernels/dense.js';
import { sumOfProducts } from '../kernels/sums.js';
import { rowsPerBlock, Tree } from './blocks.js';

/** Means, over the root mean squares of what remains, that cost an evaluation's sums some of their digits. */
const farFromZero = 2 ** 10;

/** Σ over the table's rows, block by block: pass(rows, weights of these rows, partial). */
function overRows(
  { cols }: Plan,
  table: Table,
  pass: (rows: Rows, weights: Float64Array, partial: Float64Array) => void,
): Float64Array {
  const step = rowsPerBlock(cols);
  const tree = new Tree(cols);
  const weights = new Float64Array(step);
  const { X, index, count } = table;
  const reader = new Reader({ X, cols, start: 0, count, index }, step);
  for (let start = 0; start < count; start += step) {
    const rows = reader.rows(start, Math.min(step, count - start));
    for (let i = 0; i < rows.count; i++) {
      const row = index ? index[start + i] : start + i;
      weights[i] = table.sampleWeight ? table.sampleWeight[row] : 1;
    }
    pass(rows, weights, tree.next());
    tree.push();
  }
  return tree.total().slice();
}

export class Scaling {
  readonly #plan: Plan;
  /** Of the columns; 0 without an intercept, which leaves them where they are. */
  readonly mean: Float64Array;
  /** 1 unless they are standardized; infinite for a column that says nothing, NaN for one whose sums are not finite. */
  readonly deviation: Float64Array;
  /** The mean square of each scaled column; 1 for one that says nothing. */
  readonly square: Float64Array;
  /** Whether a column is so far from 0 that passes take the scaled columns, row by row, and not X's own. */
  readonly isFar: boolean;

  /**
   * Weighted means and, with `standardize`, standard deviations of the table's columns. `kept`: numbers of the caller's,
   * all 0 or those of another scaling of the same rows, which need not be gone through then.
   */
  constructor(plan: Plan, table: Table, kept: Float64Array | null = null) {
    this.#plan = plan;
    const { cols } = plan;
    const places = kept && [1, 2, 3].map((end) => kept.subarray(1 + (end - 1) * cols, 1 + end * cols));
    if (kept && places && kept[0] !== 0) {
      [this.mean, this.deviation, this.square] = places;
      this.isFar = this.#hasFar();
      return;
    }
    const n = table.count;
    const isCentred = plan.intercept || plan.standardize; // else a mean is no part of anything
    const mean = isCentred
      ? overRows(plan, table, (rows, weights, partial) => rmatvec(rows, weights, 0, partial, 0))
      : new Float64Array(plan.cols);
    for (let j = 0; j < plan.cols; j++) mean[j] /= n;
    const deviation = overRows(plan, table, (rows, weights, partial) => squares(rows, weights, mean, partial));
    this.square = new Float64Array(plan.cols);
    for (let j = 0; j < plan.cols; j++) {
      const variance = deviation[j] / n;
      const rounding = n * mean[j] * 2 ** -52;
      const finite = variance < Infinity;
      // A constant column, whose variance is what rounding the mean leaves, says nothing that the intercept does not:
      // its coefficient is 0. Without one a column stays as it is; where the sums are not finite the fit is to diverge.
      const constant = !(variance > n * 2 ** -52 * variance + rounding * rounding);
      const scale = plan.standardize ? Math.sqrt(variance) : 1;
      deviation[j] = !finite ? Number.NaN : !constant ? scale : plan.intercept ? Infinity : 1;
      const square = (plan.intercept ? variance : variance + mean[j] * mean[j]) / (deviation[j] * deviation[j]);
      this.square[j] = square > 0 && square < Infinity ? square : 1;
      if (!plan.intercept || !finite) mean[j] = 0;
    }
    this.mean = mean;
    this.deviation = deviation;
    this.isFar = this.#hasFar();
    if (!kept) return;
    [this.mean, this.deviation, this.square].forEach((numbers, i) => {
      kept.set(numbers, 1 + i * cols);
    });
    kept[0] = 1;
  }

  #hasFar(): boolean {
    const { deviation, square } = this;
    return this.mean.some((mean, j) => Math.abs(mean) > farFromZero * (deviation[j] * Math.sqrt(square[j])));
  }

  /** The rows of scaled columns, written to `into`. */
  scale(rows: Rows, into: Float64Array): Rows {
    const { mean, deviation } = this;
    const { X, cols, count } = rows;
    for (let i = 0; i < count; i++) {
      const x = rowAt(rows, i);
      for (let j = 0; j < cols; j++) into[i * cols + j] = (X[x + j] - mean[j]) / deviation[j];
    }
    return { X: into, cols, start: 0, count, index: null };
  }

  /** The weights of x's own columns become those of the scaled ones, in place. */
  fromOriginal(weights: Float64Array): void {
    const { cols, outputs, intercept } = this.#plan;
    for (let k = 0; k < outputs; k++) {
      if (intercept) weights[coefficientCount(this.#plan) + k] += sumOfProducts(this.mean, 0, weights, k * cols, cols);
      for (let j = 0; j < cols; j++) {
        weights[k * cols + j] = this.deviation[j] < Infinity ? weights[k * cols + j] * this.deviation[j] : 0;
      }
    }
  }

  /** Of so many outputs, by default all. */
  toOriginal(scaled: Float64Array, original: Float64Array, outputs = this.#plan.outputs): Float64Array {
    const { cols, intercept } = this.#plan;
    for (let k = 0; k < outputs; k++) {
      for (let j = 0; j < cols; j++) original[k * cols + j] = scaled[k * cols + j] / this.deviation[j];
      if (!intercept) continue;
      const b = outputs * cols + k;
      original[b] = scaled[b] - sumOfProducts(this.mean, 0, original, k * cols, cols);
    }
    return original;
  }

  /** The gradient in x's weights becomes that in the scaled ones, in place. */
  chain(gradient: Float64Array, outputs = this.#plan.outputs): void {
    const { cols, intercept } = this.#plan;
    for (let k = 0; k < outputs; k++) {
      const b = intercept ? gradient[outputs * cols + k] : 0;
      for (let j = 0; j < cols; j++) {
        gradient[k * cols + j] = (gradient[k * cols + j] - this.mean[j] * b) / this.deviation[j];
      }
    }
  }
}
