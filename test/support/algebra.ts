// Linear algebra for solutions by hand: small, dense, plain.

/** x with A x = b, by elimination with pivots; A is n × n, row-major. */
export function solve(A: ArrayLike<number>, b: ArrayLike<number>): Float64Array {
  const n = b.length;
  const rows = Array.from({ length: n }, (_, i) => [...Array.from(A).slice(i * n, (i + 1) * n), b[i]]);
  for (let k = 0; k < n; k++) {
    let pivot = k;
    for (let i = k + 1; i < n; i++) if (Math.abs(rows[i][k]) > Math.abs(rows[pivot][k])) pivot = i;
    [rows[k], rows[pivot]] = [rows[pivot], rows[k]];
    for (let i = k + 1; i < n; i++) {
      const factor = rows[i][k] / rows[k][k];
      for (let j = k; j <= n; j++) rows[i][j] -= factor * rows[k][j];
    }
  }
  const x = new Float64Array(n);
  for (let k = n - 1; k >= 0; k--) {
    let rest = rows[k][n];
    for (let j = k + 1; j < n; j++) rest -= rows[k][j] * x[j];
    x[k] = rest / rows[k][k];
  }
  return x;
}

/** X with a column of ones behind it. */
export function withOnes(X: Float64Array, cols: number): Float64Array {
  const rows = X.length / cols;
  const out = new Float64Array(rows * (cols + 1)).fill(1);
  for (let i = 0; i < rows; i++) out.set(X.subarray(i * cols, (i + 1) * cols), i * (cols + 1));
  return out;
}

/** z = X w + b, row by row. */
export function linear(X: Float64Array, w: ArrayLike<number>, b = 0): Float64Array {
  const cols = w.length;
  return Float64Array.from({ length: X.length / cols }, (_, i) => {
    let z = b;
    for (let j = 0; j < cols; j++) z += X[i * cols + j] * w[j];
    return z;
  });
}

/** The mean of some numbers. */
export function mean(values: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i];
  return sum / values.length;
}

/** Losses as one would write them down, for moderate z. */
export const plainLosses = {
  squared: (y: number, z: number) => (z - y) ** 2 / 2,
  logistic: (y: number, z: number) => Math.log1p(Math.exp(z)) - y * z,
  hinge: (y: number, z: number) => Math.max(0, 1 - y * z),
  squared_hinge: (y: number, z: number) => Math.max(0, 1 - y * z) ** 2,
  huber: (y: number, z: number, delta = 1) =>
    Math.abs(z - y) <= delta ? (z - y) ** 2 / 2 : delta * (Math.abs(z - y) - delta / 2),
  quantile: (y: number, z: number, q = 0.5) => Math.max(q * (y - z), (q - 1) * (y - z)),
  epsilon_insensitive: (y: number, z: number, epsilon = 0.1) => Math.max(0, Math.abs(z - y) - epsilon),
  squared_epsilon_insensitive: (y: number, z: number, epsilon = 0.1) => Math.max(0, Math.abs(z - y) - epsilon) ** 2,
  poisson: (y: number, z: number) => Math.exp(z) - y * z,
  gamma: (y: number, z: number) => y * Math.exp(-z) + z,
  tweedie: (y: number, z: number, p = 1.5) => (-y * Math.exp((1 - p) * z)) / (1 - p) + Math.exp((2 - p) * z) / (2 - p),
  modified_huber: (y: number, z: number) => (y * z >= -1 ? Math.max(0, 1 - y * z) ** 2 : -4 * y * z),
  perceptron: (y: number, z: number) => Math.max(0, -y * z),
  tweedie_identity: (y: number, z: number, p = 1.5) =>
    z > 0 ? (-y * z ** (1 - p)) / (1 - p) + z ** (2 - p) / (2 - p) : Infinity,
};
