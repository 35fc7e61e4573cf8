// Product of two matrices (BLAS gemm): one chain over k an element (the law, 7).
// Twins: native/objective/tensors.cc, native/kernels/matmul.h.

/** C = alpha · op(A) op(B) + beta · C; see TensorKernels for the order. */
export function gemm(
  transA: boolean,
  transB: boolean,
  m: number,
  n: number,
  k: number,
  alpha: number,
  A: Float64Array,
  lda: number,
  B: Float64Array,
  ldb: number,
  beta: number,
  C: Float64Array,
  ldc: number,
): void {
  const isPlain = alpha === 1 && beta === 0;
  const aRow = transA ? 1 : lda;
  const aCol = transA ? lda : 1;
  const row = new Float64Array(n); // chains of a row's elements, side by side
  for (let i = 0; i < m; i++) {
    row.fill(0);
    for (let p = 0; p < k; p++) {
      const a = A[i * aRow + p * aCol];
      if (transB) for (let j = 0, at = p; j < n; j++, at += ldb) row[j] += a * B[at];
      else for (let j = 0, at = p * ldb; j < n; j++, at++) row[j] += a * B[at];
    }
    const to = i * ldc;
    if (isPlain) for (let j = 0; j < n; j++) C[to + j] = row[j];
    else if (beta === 0) for (let j = 0; j < n; j++) C[to + j] = alpha * row[j];
    else for (let j = 0; j < n; j++) C[to + j] = alpha * row[j] + beta * C[to + j];
  }
}
