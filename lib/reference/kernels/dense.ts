// Vector and matrix kernels on dense rows (BLAS levels 1 and 2).
// Twin: native/kernels/dense.h.
import { sumOfMagnitudes, sumOfProducts, sumOfSquares } from './sums.js';

/** Rows of a row-major matrix: `count` consecutive ones from row `start`, or those named from index[start] on. */
export interface RowsOf<T> {
  X: T;
  cols: number;
  start: number;
  count: number;
  index: Uint32Array | null;
}
export type Rows = RowsOf<Float64Array>;
/** As they lie in memory: all kernels but `widen` work on doubles. */
export type SingleRows = RowsOf<Float32Array>;

/** Where row i of the rows begins in X. */
export function rowAt(rows: RowsOf<unknown>, i: number): number {
  return (rows.index ? rows.index[rows.start + i] : rows.start + i) * rows.cols;
}

export function dot(x: Float64Array, y: Float64Array): number {
  return sumOfProducts(x, 0, y, 0, x.length);
}

export function asum(x: Float64Array): number {
  return sumOfMagnitudes(x, 0, x.length);
}

/** √Σx². Where the squares leave the normal range, once more on x scaled by a power of two (exact). */
export function nrm2(x: Float64Array): number {
  const squares = sumOfSquares(x, 0, x.length, 1);
  if (squares > 2 ** -900 && squares < Infinity) return Math.sqrt(squares);
  if (Number.isNaN(squares)) return squares;
  const scale = squares < 1 ? 2 ** 600 : 2 ** -600;
  return Math.sqrt(sumOfSquares(x, 0, x.length, scale)) / scale;
}

export function axpy(a: number, x: Float64Array, y: Float64Array): void {
  for (let i = 0; i < x.length; i++) y[i] += a * x[i];
}

export function scal(a: number, x: Float64Array): void {
  for (let i = 0; i < x.length; i++) x[i] = a * x[i];
}

/** x /= a for the first n elements. */
export function divide(a: number, x: Float64Array, n: number): void {
  for (let i = 0; i < n; i++) x[i] /= a;
}

/** y += a (x - y). */
export function approach(a: number, x: Float64Array, y: Float64Array): void {
  for (let i = 0; i < x.length; i++) y[i] += a * (x[i] - y[i]);
}

/** The rows behind each other, as doubles. */
export function widen(rows: SingleRows, out: Float64Array): void {
  const { X, cols, start, count, index } = rows;
  if (!index) {
    out.set(X.subarray(start * cols, (start + count) * cols));
    return;
  }
  for (let i = 0, to = 0; i < count; i++) {
    const at = rowAt(rows, i);
    for (let j = 0; j < cols; j++, to++) out[to] = X[at + j];
  }
}

/** z = X w + b; w begins at wAt, z at zAt. */
export function matvec(rows: Rows, w: Float64Array, wAt: number, b: number, z: Float64Array, zAt: number): void {
  for (let i = 0; i < rows.count; i++) z[zAt + i] = sumOfProducts(rows.X, rowAt(rows, i), w, wAt, rows.cols) + b;
}

/** g += Xᵀ r, four rows after four, and what is left row after row; r begins at rAt, g at gAt. */
export function rmatvec(rows: Rows, r: Float64Array, rAt: number, g: Float64Array, gAt: number): void {
  const { X, cols, count } = rows;
  let i = 0;
  for (; i + 4 <= count; i += 4) {
    const [x0, x1, x2, x3] = [rowAt(rows, i), rowAt(rows, i + 1), rowAt(rows, i + 2), rowAt(rows, i + 3)];
    const [r0, r1, r2, r3] = [r[rAt + i], r[rAt + i + 1], r[rAt + i + 2], r[rAt + i + 3]];
    for (let j = 0; j < cols; j++) g[gAt + j] += r0 * X[x0 + j] + r1 * X[x1 + j] + (r2 * X[x2 + j] + r3 * X[x3 + j]);
  }
  for (; i < count; i++) {
    const at = rowAt(rows, i);
    const factor = r[rAt + i];
    for (let j = 0; j < cols; j++) g[gAt + j] += factor * X[at + j];
  }
}

/** g += Σ r_i (x_i - mean)², in the order of rmatvec. */
export function squares(rows: Rows, r: Float64Array, mean: Float64Array, g: Float64Array): void {
  const { X, cols, count } = rows;
  const square = (i: number, j: number) => {
    const d = X[rowAt(rows, i) + j] - mean[j];
    return r[i] * (d * d);
  };
  let i = 0;
  for (; i + 4 <= count; i += 4) {
    for (let j = 0; j < cols; j++) g[j] += square(i, j) + square(i + 1, j) + (square(i + 2, j) + square(i + 3, j));
  }
  for (; i < count; i++) for (let j = 0; j < cols; j++) g[j] += square(i, j);
}
