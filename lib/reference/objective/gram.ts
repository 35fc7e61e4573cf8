// Gram matrix XᵀDX over many rows: the Hessian of a loss in the coefficients.
// D holds the second derivatives in z. Twin: native/objective/gram.cc.

import { Reader, type Source, widthOf } from '../data/matrix.js';
import { type Rows, rmatvec, rowAt } from '../kernels/dense.js';
import { gram } from '../kernels/gram.js';
import { sum } from '../kernels/sums.js';
import { rowsPerBlock, Tree } from './blocks.js';

const chunkRows = 512;
const ones = new Float64Array(chunkRows).fill(1);

/**
 * Blocks so long that adding the partials of blocks costs little: 32 rows and more for each column. So many of a pass's
 * blocks, a power of two, that native code can take a pass along.
 */
function rowsPerGram(cols: number, size: number): number {
  let rows = rowsPerBlock(cols);
  while (rows < Math.ceil(Math.max(size, 1) / 16) * chunkRows) rows *= 2;
  return rows;
}

export class Gram {
  readonly size: number;
  readonly #step: number; // rows of a block
  readonly #tree: Tree; // a partial: the lower triangle, the last row of it not centred unless columns are far
  readonly #reader: Reader;
  readonly #centred: Float64Array; // rows of a block, where columns are far

  /**
   * With a `mean` (null: none) the columns of X are centred, and one of ones follows them: an intercept's. `isFar`: they are
   * so far from 0 that taking the mean off the sums in its row would take their digits; off the rows it does not.
   */
  constructor(
    readonly source: Source,
    readonly mean: Float64Array | null,
    readonly isFar = false,
  ) {
    const cols = widthOf(source);
    this.size = cols + (mean ? 1 : 0);
    this.#step = rowsPerGram(cols, this.size);
    this.#tree = new Tree(this.size * this.size);
    this.#reader = new Reader(source, Math.min(chunkRows, source.count));
    this.#centred = new Float64Array(mean && isFar ? rowsPerBlock(cols) * cols : 0);
  }

  /** The whole symmetric matrix, size × size, for d of each row (null: 1). */
  evaluate(d: Float64Array | null, H: Float64Array): void {
    const { mean, size } = this;
    const { count } = this.source;
    const cols = widthOf(this.source);
    this.#tree.reset();
    for (let start = 0; start === 0 || start < count; start += this.#step) {
      const partial = this.#tree.next();
      const end = Math.min(count, start + this.#step);
      for (let at = start; at < end; at += chunkRows) {
        const chunk = this.#reader.rows(at, Math.min(chunkRows, end - at));
        if (d) this.#add(chunk, d, at, partial);
        else this.#add(chunk, ones, 0, partial);
      }
      this.#tree.push();
    }
    const total = this.#tree.total();
    for (let j = 0; j < size; j++) {
      for (let k = 0; k <= j; k++) H[j * size + k] = total[j * size + k];
    }
    if (mean && !this.isFar) {
      const last = cols * size;
      for (let j = 0; j < cols; j++) H[last + j] -= mean[j] * H[last + cols];
    }
    for (let j = 0; j < size; j++) {
      for (let k = 0; k < j; k++) H[k * size + j] = H[j * size + k];
    }
  }

  #add(rows: Rows, d: Float64Array, dAt: number, partial: Float64Array): void {
    const { mean, size } = this;
    const { cols, count } = rows;
    gram(rows, d, dAt, mean, partial, size);
    if (!mean) return;
    if (this.isFar) this.#addCentred(rows, mean, d, dAt, partial);
    else rmatvec(rows, d, dAt, partial, cols * size);
    partial[cols * size + cols] += sum(d, dAt, count);
  }

  /** The last row's part, of centred rows. */
  #addCentred(rows: Rows, mean: Float64Array, d: Float64Array, dAt: number, partial: Float64Array): void {
    const { X, cols } = rows;
    const most = rowsPerBlock(cols);
    const into = this.#centred;
    for (let at = 0; at < rows.count; at += most) {
      const count = Math.min(most, rows.count - at);
      for (let i = 0; i < count; i++) {
        const x = rowAt(rows, at + i);
        for (let j = 0; j < cols; j++) into[i * cols + j] = X[x + j] - mean[j];
      }
      rmatvec({ X: into, cols, start: 0, count, index: null }, d, dAt + at, partial, cols * this.size);
    }
  }
}
