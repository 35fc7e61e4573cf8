// Small dense matrices of nabla/autodiff: elimination with pivots, and Cholesky's factor.

/**
 * Solves A X = B by Gaussian elimination with partial pivoting (Golub and Van Loan, Matrix Computations, 3.4): A is n × n, B
 * n × m. Of a singular A the result is infinite or NaN.
 */
export function solve(A: Float64Array, B: Float64Array, n: number, m: number): Float64Array {
  const a = A.slice();
  const x = B.slice();
  for (let k = 0; k < n; k++) {
    let pivot = k;
    for (let i = k + 1; i < n; i++) if (Math.abs(a[i * n + k]) > Math.abs(a[pivot * n + k])) pivot = i;
    if (pivot !== k) {
      swapRows(a, n, pivot, k);
      swapRows(x, m, pivot, k);
    }
    for (let i = k + 1; i < n; i++) {
      const factor = a[i * n + k] / a[k * n + k];
      if (factor === 0) continue;
      for (let j = k + 1; j < n; j++) a[i * n + j] -= factor * a[k * n + j];
      for (let j = 0; j < m; j++) x[i * m + j] -= factor * x[k * m + j];
    }
  }
  for (let i = n - 1; i >= 0; i--) {
    for (let j = 0; j < m; j++) {
      let value = x[i * m + j];
      for (let k = i + 1; k < n; k++) value -= a[i * n + k] * x[k * m + j];
      x[i * m + j] = value / a[i * n + i];
    }
  }
  return x;
}

function swapRows(a: Float64Array, cols: number, i: number, j: number): void {
  for (let k = 0; k < cols; k++) {
    const saved = a[i * cols + k];
    a[i * cols + k] = a[j * cols + k];
    a[j * cols + k] = saved;
  }
}

/** The lower triangle L of A = L Lᵀ, row after row, from the lower triangle of A; NaN where A is not positive definite. */
export function cholesky(A: Float64Array, n: number): Float64Array {
  const L = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      let value = A[i * n + j];
      for (let k = 0; k < j; k++) value -= L[i * n + k] * L[j * n + k];
      L[i * n + j] = i === j ? (value > 0 ? Math.sqrt(value) : NaN) : value / L[j * n + j];
    }
  }
  return L;
}
