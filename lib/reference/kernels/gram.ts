// Gram matrix XᵀDX of a run of rows.
// The native kernel goes by tiles; each element has the same sums in the same order. Twin: native/kernels/gram.h, where
// it goes by tiles; each element has the same sums in the same order.
import { type Rows, rowAt } from './dense.js';

/**
 * H_jk += Σ (d x̃_j) x̃_k for k ≤ j, row after row; x̃ = x - mean (null: 0). d begins at dAt; H has rows of `stride`.
 */
export function gram(
  rows: Rows,
  d: Float64Array,
  dAt: number,
  mean: Float64Array | null,
  H: Float64Array,
  stride: number,
): void {
  const { X, cols, count } = rows;
  const row = new Float64Array(cols);
  for (let i = 0; i < count; i++) {
    const at = rowAt(rows, i);
    for (let j = 0; j < cols; j++) row[j] = mean ? X[at + j] - mean[j] : X[at + j];
    for (let j = 0; j < cols; j++) {
      const factor = d[dAt + i] * row[j];
      for (let k = 0, h = j * stride; k <= j; k++, h++) H[h] += factor * row[k];
    }
  }
}
