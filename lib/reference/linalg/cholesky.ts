// Cholesky factorization and solution of symmetric positive semidefinite systems.
// Twin: native/linalg/cholesky.cc.
import { sumOfProducts } from '../kernels/sums.js';

/** Columns that become those of L at once, and are then taken out of those behind them. */
const blockCols = 32;

/**
 * A (n × n, row-major; its lower triangle) becomes L with A = LLᵀ. A variable whose pivot is nothing but rounding is a
 * combination of those before it: its diagonal becomes 0. Returns how many there are. The first `known` rows, which
 * rowsKept() has rounded, are L's already. `rounding`: of a diagonal element, what a pivot is that is nothing but rounding.
 */
export function factorize(A: Float64Array, n: number, known = 0, rounding = n * 2 ** -48): number {
  const diagonal = Float64Array.from({ length: n }, (_, j) => A[j * n + j]);
  let aliased = 0;
  for (let j = 0; j < known; j++) if (!(diagonal[j] > 0)) aliased++;
  for (let from = 0; from < n; from += blockCols) {
    const to = Math.min(n, from + blockCols);
    const next = Math.max(to, known);
    if (from >= known) aliased += solveBlock(A, n, from, to, diagonal, rounding);
    for (let j = next; j < n; j++) solveBelow(A, n, from, to, j * n);
    takeOut(A, n, from, to, next);
  }
  return aliased;
}

/** How many of the first rows of an L can stand when only those behind them change. */
export function rowsKept(rows: number): number {
  return Math.floor(rows / blockCols) * blockCols;
}

/** Rows from … to-1, of which what is before these columns is taken out, become L's. Returns how many are aliased. */
function solveBlock(
  A: Float64Array,
  n: number,
  from: number,
  to: number,
  diagonal: Float64Array,
  rounding: number,
): number {
  let aliased = 0;
  for (let j = from, row = from * n; j < to; j++, row += n) {
    for (let k = from, other = from * n; k < j; k++, other += n) {
      const rest = A[row + k] - sumOfProducts(A, row + from, A, other + from, k - from);
      A[row + k] = A[other + k] > 0 ? rest / A[other + k] : 0;
    }
    const pivot = A[row + j] - sumOfProducts(A, row + from, A, row + from, j - from);
    const own = pivot > rounding * diagonal[j];
    if (!own) aliased++;
    A[row + j] = own ? Math.sqrt(pivot) : 0;
  }
  return aliased;
}

/** Columns from … to-1 of a row below become L's. */
function solveBelow(A: Float64Array, n: number, from: number, to: number, row: number): void {
  for (let k = from, own = from * n; k < to; k++, own += n) {
    let rest = A[row + k];
    for (let i = from; i < k; i++) rest += -A[own + i] * A[row + i];
    A[row + k] = A[own + k] > 0 ? rest / A[own + k] : 0;
  }
}

/** A -= LLᵀ of these columns in what is behind them, from row `first` on. */
function takeOut(A: Float64Array, n: number, from: number, to: number, first: number): void {
  for (let j = first, row = first * n; j < n; j++, row += n) {
    for (let k = to, other = to * n; k <= j; k++, other += n) {
      let rest = A[row + k];
      for (let i = from; i < to; i++) rest += -A[row + i] * A[other + i];
      A[row + k] = rest;
    }
  }
}

/** b becomes x with LLᵀx = b; 0 where the diagonal of L is. */
export function solveFactorized(L: Float64Array, n: number, b: Float64Array): void {
  for (let j = 0, row = 0; j < n; j++, row += n) {
    b[j] = L[row + j] > 0 ? (b[j] - sumOfProducts(L, row, b, 0, j)) / L[row + j] : 0;
  }
  solveTransposed(L, n, n, b);
}

/** The same of Lᵀx = b, with the first `count` rows and columns of L. */
export function solveTransposed(L: Float64Array, n: number, count: number, b: Float64Array): void {
  for (let j = count - 1, row = j * n; j >= 0; j--, row -= n) {
    if (!(L[row + j] > 0)) continue;
    b[j] /= L[row + j];
    for (let k = 0; k < j; k++) b[k] += -b[j] * L[row + k];
  }
}
