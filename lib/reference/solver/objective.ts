// The mean loss over a batch and its gradient. Twin: native/solver/objective.cc.
import { divide, matvec, rmatvec } from '../kernels/dense.js';
import { type Loss, lossPass } from '../kernels/losses.js';
import { sum } from '../kernels/sums.js';
import { maxBlockRows, rowsPerBlock, Tree } from './blocks.js';

/** Which rows of the data: `count` from `start`, or those that index[start] and its followers name. */
export interface Batch {
  start: number;
  count: number;
  index: Uint32Array | null;
}

// Room for one block, shared by all: no evaluation is left half-way.
const z = new Float64Array(maxBlockRows);
const terms = new Float64Array(maxBlockRows);
const picked = new Float64Array(maxBlockRows);

export class Objective {
  /** Of the gradient: the coefficients and, behind them, the intercept. */
  readonly size: number;
  readonly #step: number;
  readonly #tree: Tree; // a partial: gradient (cols), Σ ∂ℓ/∂z, Σ ℓ

  constructor(
    readonly loss: Loss,
    readonly parameters: Float64Array,
    readonly intercept: boolean,
    readonly X: Float64Array,
    readonly y: Float64Array,
    readonly cols: number,
  ) {
    this.size = cols + (intercept ? 1 : 0);
    this.#step = rowsPerBlock(cols);
    this.#tree = new Tree(cols + 2);
  }

  /** Returns the sum of the losses and writes the mean gradient. */
  evaluate(batch: Batch, weights: Float64Array, gradient: Float64Array): number {
    const { X, cols, intercept, loss, parameters } = this;
    const b = intercept ? weights[cols] : 0;
    this.#tree.reset();
    for (let at = 0; at < batch.count; at += this.#step) {
      const count = Math.min(this.#step, batch.count - at);
      const start = batch.start + at;
      const rows = { X, cols, start, count, index: batch.index };
      let y = this.y;
      let yAt = start;
      if (batch.index) {
        for (let i = 0; i < count; i++) picked[i] = y[batch.index[start + i]];
        y = picked;
        yAt = 0;
      }
      const partial = this.#tree.next();
      matvec(rows, weights, b, z);
      partial[cols + 1] = lossPass(loss, y, yAt, z, count, parameters, terms);
      rmatvec(rows, z, partial);
      if (intercept) partial[cols] = sum(z, 0, count);
      this.#tree.push();
    }
    const total = this.#tree.total();
    for (let j = 0; j < this.size; j++) gradient[j] = total[j];
    if (batch.count !== 1) divide(batch.count, gradient, this.size);
    return total[cols + 1];
  }
}
