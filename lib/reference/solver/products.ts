// The matrix-vector products of nabla/kernels. Twin: native/solver/products.cc.
import { matvec, rmatvec } from '../kernels/dense.js';
import { rowsPerBlock, Tree } from './blocks.js';

export function gemv(A: Float64Array, rows: number, cols: number, x: Float64Array, out: Float64Array): void {
  matvec({ X: A, cols, start: 0, count: rows, index: null }, x, 0, out);
}

export function gemvT(A: Float64Array, rows: number, cols: number, x: Float64Array, out: Float64Array): void {
  const step = rowsPerBlock(cols);
  if (rows <= step) {
    out.fill(0);
    rmatvec({ X: A, cols, start: 0, count: rows, index: null }, x, out);
    return;
  }
  const tree = new Tree(cols);
  for (let start = 0; start < rows; start += step) {
    const count = Math.min(step, rows - start);
    const part = new Float64Array(x.buffer, x.byteOffset + 8 * start, count); // subarray() runs a subclass's code
    rmatvec({ X: A, cols, start, count, index: null }, part, tree.next());
    tree.push();
  }
  out.set(tree.total());
}
