// Matrix products of nabla/kernels over blocks of rows: gemv, gemvT and gram.
// Twin: native/objective/products.cc.
import { matvec, rmatvec } from '../kernels/dense.js';
import { rowsPerBlock, Tree } from './blocks.js';
import { Gram } from './gram.js';

export function gemv(A: Float64Array, rows: number, cols: number, x: Float64Array, out: Float64Array): void {
  matvec({ X: A, cols, start: 0, count: rows, index: null }, x, 0, 0, out, 0);
}

export function gemvT(A: Float64Array, rows: number, cols: number, x: Float64Array, out: Float64Array): void {
  const step = rowsPerBlock(cols);
  if (rows <= step) {
    out.fill(0);
    rmatvec({ X: A, cols, start: 0, count: rows, index: null }, x, 0, out, 0);
    return;
  }
  const tree = new Tree(cols);
  for (let start = 0; start < rows; start += step) {
    const count = Math.min(step, rows - start);
    rmatvec({ X: A, cols, start, count, index: null }, x, start, tree.next(), 0);
    tree.push();
  }
  out.set(tree.total());
}

export function gram(
  A: Float64Array,
  rows: number,
  cols: number,
  weights: Float64Array | null,
  out: Float64Array,
): void {
  new Gram({ X: A, cols, start: 0, count: rows, index: null }, null).evaluate(weights, out);
}
