// Scaled columns of X as a linear map of one output: products with them in passes over the rows.
// The map has one more row for each coefficient, behind those of X. Twin: native/objective/linearmap.cc.
import type { Plan, Table } from '../../backend/plan.js';
import { Reader } from '../data/matrix.js';
import { matvec, type Rows, rmatvec } from '../kernels/dense.js';
import { sum } from '../kernels/sums.js';
import { rowsPerBlock, Tree } from './blocks.js';
import type { Scaling } from './scaling.js';

export class LinearMap {
  /** Coefficients and an intercept. */
  readonly size: number;
  readonly #plan: Plan;
  readonly #count: number; // of rows
  readonly #scaling: Scaling;
  readonly #original: Float64Array;
  readonly #scaled: Float64Array; // rows of scaled columns, of a block, where some are far from 0
  readonly #tree: Tree;
  readonly #reader: Reader;

  constructor(plan: Plan, { X, count, index }: Table, scaling: Scaling) {
    this.#plan = plan;
    this.#count = count;
    this.#scaling = scaling;
    this.size = plan.cols + (plan.intercept ? 1 : 0);
    this.#original = new Float64Array(this.size);
    this.#scaled = new Float64Array(scaling.isFar ? rowsPerBlock(plan.cols) * plan.cols : 0);
    this.#tree = new Tree(this.size);
    this.#reader = new Reader({ X, cols: plan.cols, start: 0, count, index }, rowsPerBlock(plan.cols));
  }

  #rows(start: number, count: number): Rows {
    const rows = this.#reader.rows(start, count);
    return this.#scaling.isFar ? this.#scaling.scale(rows, this.#scaled) : rows;
  }

  /** z of such weights without an offset, and behind it the coefficients. */
  spread(w: Float64Array, z: Float64Array): void {
    const count = this.#count;
    const { cols, intercept } = this.#plan;
    const original = this.#scaling.isFar ? w : this.#scaling.toOriginal(w, this.#original, 1);
    const length = rowsPerBlock(cols);
    for (let start = 0; start < count; start += length) {
      const rows = this.#rows(start, Math.min(length, count - start));
      matvec(rows, original, 0, intercept ? original[cols] : 0, z, start);
    }
    for (let j = 0; j < cols; j++) z[count + j] = w[j];
  }

  /** Adds to g the gradient that slopes in z make, and those behind them of the coefficients. */
  gather(r: Float64Array, g: Float64Array): void {
    const count = this.#count;
    const { cols, intercept } = this.#plan;
    const length = rowsPerBlock(cols);
    this.#tree.reset();
    for (let start = 0; start < count; start += length) {
      const rows = this.#rows(start, Math.min(length, count - start));
      const partial = this.#tree.next();
      rmatvec(rows, r, start, partial, 0);
      if (intercept) partial[cols] = sum(r, start, rows.count);
      this.#tree.push();
    }
    const total = this.#tree.total();
    if (!this.#scaling.isFar) this.#scaling.chain(total, 1);
    for (let j = 0; j < this.size; j++) g[j] += j < cols ? total[j] + r[count + j] : total[j];
  }
}
