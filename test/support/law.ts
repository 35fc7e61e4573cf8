// The order of every sum, written down once more and as plainly as can be, for lib/ and native/ to be held against.

/** 32 partial sums: term i goes to partial i mod 32, each from +0 in order; they fold in halves. */
export function lawSum(terms: ArrayLike<number>): number {
  const partial: number[] = new Array(32).fill(0);
  for (let i = 0; i < terms.length; i++) partial[i % 32] += terms[i];
  for (const half of [16, 8, 4, 2, 1]) {
    for (let k = 0; k < half; k++) partial[k] += partial[k + half];
  }
  return partial[0];
}

export function lawDot(x: ArrayLike<number>, y: ArrayLike<number>): number {
  return lawSum(Array.from(x, (value, i) => value * y[i]));
}

/** Rows of a block: 16 KiB of X, a multiple of eight, at least eight. */
export function lawBlock(cols: number): number {
  return Math.max(8, Math.floor(2048 / Math.max(cols, 8) / 8) * 8);
}

/** Partial results added pairwise: the first 2^k of them, as many as leave some over, and then the others. */
export function lawTree(parts: number[][]): number[] {
  if (parts.length === 1) return parts[0];
  let half = 1;
  while (2 * half < parts.length) half *= 2;
  const left = lawTree(parts.slice(0, half));
  const right = lawTree(parts.slice(half));
  return left.map((value, j) => value + right[j]);
}

/** The numbers from 0 to n - 1 in blocks. */
function blocks(n: number, size: number): number[][] {
  const result: number[][] = [];
  for (let start = 0; start < n; start += size) {
    result.push(Array.from({ length: Math.min(size, n - start) }, (_, i) => start + i));
  }
  return result;
}

/** Aᵀ x over some rows, from +0: rows in fours, (0 + 1) + (2 + 3), and those that are left one by one. */
function rowsAdded(A: Float64Array, cols: number, rows: number[], factor: (row: number) => number): number[] {
  return Array.from({ length: cols }, (_, j) => {
    const terms = rows.map((i) => factor(i) * A[i * cols + j]);
    let g = 0;
    while (terms.length >= 4) {
      const [a, b, c, d] = terms.splice(0, 4);
      g += a + b + (c + d);
    }
    for (const term of terms) g += term;
    return g;
  });
}

export function lawGemvT(A: Float64Array, rows: number, cols: number, x: Float64Array): number[] {
  if (rows === 0) return new Array(cols).fill(0);
  return lawTree(blocks(rows, lawBlock(cols)).map((block) => rowsAdded(A, cols, block, (i) => x[i])));
}

/** Aᵀ diag(d) A: element j, k ≤ j is Σ (d a_j) a_k row after row within a block; mirrored. */
export function lawGram(A: Float64Array, rows: number, cols: number, d: ArrayLike<number>): number[] {
  let long = lawBlock(cols);
  while (long < Math.ceil(cols / 16) * 512) long *= 2;
  const parts = blocks(rows, long).map((block) => {
    const H: number[] = new Array(cols * cols).fill(0);
    for (const i of block) {
      for (let j = 0; j < cols; j++) {
        for (let k = 0; k <= j; k++) H[j * cols + k] += d[i] * A[i * cols + j] * A[i * cols + k];
      }
    }
    return H;
  });
  const lower = lawTree(parts);
  return lower.map((_, at) => {
    const [j, k] = [Math.floor(at / cols), at % cols];
    return lower[Math.max(j, k) * cols + Math.min(j, k)];
  });
}

/** The mean of ½(z - y)² and its gradient. */
export function lawSquared(X: Float64Array, y: Float64Array, w: Float64Array): { value: number; gradient: number[] } {
  const cols = w.length;
  const parts = blocks(y.length, lawBlock(cols)).map((block) => {
    const r = block.map((i) => lawDot(X.subarray(i * cols, (i + 1) * cols), w) - y[i]);
    const gradient = rowsAdded(X, cols, block, (i) => r[i - block[0]]);
    return [...gradient, lawSum(r.map((value) => 0.5 * (value * value)))];
  });
  const total = lawTree(parts).map((value) => value / y.length);
  return { value: total[cols], gradient: total.slice(0, cols) };
}
