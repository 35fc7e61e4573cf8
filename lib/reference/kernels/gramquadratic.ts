// Quadratic about a point, from its gradient and Hessian: e = w - v, gᵀe, eᵀGe and g + Ge.
// Used by objective/gramobjective. Twin: native/kernels/gramquadratic.h.
import { type Rows, rmatvec } from './dense.js';
import { sumOfProducts } from './sums.js';

/** Of one output; its weights are `cols` from `at` on and, with an intercept, the one at `b`. */
export interface ExpandArgs {
  /** symmetric, of columns and intercept */
  G: Rows;
  diagonal: Float64Array;
  cols: number;
  at: number;
  /** -1: no intercept */
  b: number;
  /** that the columns of G are moved by, when those of the weights are not; null: both are the same */
  mean: Float64Array | null;
  w: Float64Array;
  /** v */
  from: Float64Array;
  /** the sum's gradient there, of moved columns */
  slope: Float64Array;
  n: number;
  /** room for as many as G has rows, as are Ge and the squares of e */
  e: Float64Array;
  Ge: Float64Array;
  squares: Float64Array;
  /** becomes (slope + Ge)/n, of the weights' columns */
  gradient: Float64Array;
}

export interface Expanded {
  /** slopeᵀe */
  linear: number;
  /** eᵀGe */
  square: number;
  /** the part of it on the diagonal */
  largest: number;
}

/** Ge of a symmetric G. Beside l1 most of e is often 0: of many columns these are left out. */
function symmetricProduct(G: Rows, e: Float64Array, Ge: Float64Array): void {
  const side = G.count;
  let moved = 0;
  for (let i = 0; i < side; i++) if (e[i] !== 0) moved++;
  Ge.fill(0);
  if (side <= 64 || 4 * moved > side) {
    rmatvec(G, e, 0, Ge, 0);
    return;
  }
  for (let i = 0; i < side; i++) {
    for (let j = 0; e[i] !== 0 && j < side; j++) Ge[j] += e[i] * G.X[i * side + j];
  }
}

export function expand(args: ExpandArgs): Expanded {
  const { G, diagonal, cols, at, b, mean, w, from, slope, n, e, Ge, squares, gradient } = args;
  const side = G.count;
  for (let j = 0; j < cols; j++) e[j] = w[at + j] - from[at + j];
  if (b >= 0) e[cols] = w[b] - from[b];
  if (mean) e[cols] += sumOfProducts(mean, 0, e, 0, cols);
  for (let j = 0; j < side; j++) squares[j] = e[j] * e[j];
  symmetricProduct(G, e, Ge);
  let linear = sumOfProducts(slope, at, e, 0, cols);
  let last = 0;
  if (b >= 0) {
    linear += slope[b] * e[cols];
    last = slope[b] + Ge[cols];
    gradient[b] = last / n;
  }
  for (let j = 0; j < cols; j++) {
    const moved = slope[at + j] + Ge[j];
    gradient[at + j] = (mean ? moved + mean[j] * last : moved) / n;
  }
  return {
    linear,
    square: sumOfProducts(e, 0, Ge, 0, side),
    largest: sumOfProducts(diagonal, 0, squares, 0, side),
  };
}
