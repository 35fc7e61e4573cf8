// Linear equations with a symmetric positive semidefinite matrix. Twin: native/solver/cholesky.cc.
import { sumOfProducts } from '../kernels/sums.js';

/**
 * A (n × n, row-major; its lower triangle) becomes L with A = LLᵀ, row by row. A variable whose pivot is nothing but
 * rounding is a combination of those before it: its diagonal becomes 0. Returns how many there are.
 */
export function factorize(A: Float64Array, n: number): number {
  const rounding = n * 2 ** -48;
  let aliased = 0;
  for (let j = 0, row = 0; j < n; j++, row += n) {
    for (let k = 0, other = 0; k < j; k++, other += n) {
      A[row + k] = A[other + k] > 0 ? (A[row + k] - sumOfProducts(A, row, A, other, k)) / A[other + k] : 0;
    }
    const pivot = A[row + j] - sumOfProducts(A, row, A, row, j);
    const own = pivot > rounding * A[row + j];
    if (!own) aliased++;
    A[row + j] = own ? Math.sqrt(pivot) : 0;
  }
  return aliased;
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
