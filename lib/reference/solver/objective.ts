// The mean loss over a batch and its gradient. Twin: native/solver/objective.cc.
import { divide, matvec, rmatvec } from '../kernels/dense.js';
import { type Loss, lossPass } from '../kernels/losses.js';
import { sum } from '../kernels/sums.js';
import { rowsPerBlock, Tree } from './blocks.js';

/** Which rows of the data: `count` from `start`, or those that index[start] and its followers name. */
export interface Batch {
  start: number;
  count: number;
  index: Uint32Array | null;
}

export class Objective {
  /** Of the gradient: the coefficients and, behind them, the intercept. */
  readonly size: number;
  readonly #step: number;
  readonly #tree: Tree; // a partial: gradient (cols), Σ ∂ℓ/∂z, Σ ℓ
  readonly #z: Float64Array;
  readonly #terms: Float64Array;
  readonly #picked: Float64Array;

  /** `largest`: rows of the largest batch. */
  constructor(
    readonly loss: Loss,
    readonly parameters: Float64Array,
    readonly intercept: boolean,
    readonly X: Float64Array,
    readonly y: Float64Array,
    readonly cols: number,
    largest: number,
  ) {
    this.size = cols + (intercept ? 1 : 0);
    this.#step = rowsPerBlock(cols);
    this.#tree = new Tree(cols + 2);
    const block = Math.min(largest, this.#step);
    this.#z = new Float64Array(block);
    this.#terms = new Float64Array(block);
    this.#picked = new Float64Array(block);
  }

  /** Returns the sum of the losses and writes the mean gradient. */
  evaluate(batch: Batch, weights: Float64Array, gradient: Float64Array): number {
    const { X, cols, intercept, loss, parameters } = this;
    const z = this.#z;
    const b = intercept ? weights[cols] : 0;
    this.#tree.reset();
    for (let at = 0; at < batch.count; at += this.#step) {
      const count = Math.min(this.#step, batch.count - at);
      const start = batch.start + at;
      const rows = { X, cols, start, count, index: batch.index };
      let y = this.y;
      let yAt = start;
      if (batch.index) {
        for (let i = 0; i < count; i++) this.#picked[i] = y[batch.index[start + i]];
        y = this.#picked;
        yAt = 0;
      }
      const partial = this.#tree.next();
      matvec(rows, weights, b, z);
      partial[cols + 1] = lossPass(loss, y, yAt, z, count, parameters, this.#terms);
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
