// Plain JavaScript loops over Float64Array that do the same work, without checks.
import type { Data } from './numbers.js';

export function dot(x: Float64Array, y: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < x.length; i++) sum += x[i] * y[i];
  return sum;
}

export function axpy(a: number, x: Float64Array, y: Float64Array): void {
  for (let i = 0; i < x.length; i++) y[i] += a * x[i];
}

export function gemv(A: Float64Array, rows: number, cols: number, x: Float64Array, out: Float64Array): void {
  for (let i = 0; i < rows; i++) {
    let sum = 0;
    for (let j = 0; j < cols; j++) sum += A[i * cols + j] * x[j];
    out[i] = sum;
  }
}

export function gemvT(A: Float64Array, rows: number, cols: number, x: Float64Array, out: Float64Array): void {
  out.fill(0);
  for (let i = 0; i < rows; i++) for (let j = 0; j < cols; j++) out[j] += A[i * cols + j] * x[i];
}

/** Σ½(x·w - y)² over rows from … to-1, or Σ of the logistic loss; the gradient's sum goes to `gradient`. */
function addRows(
  { cols, X, y }: Data,
  logistic: boolean,
  order: Uint32Array | null,
  from: number,
  to: number,
  w: Float64Array,
  gradient: Float64Array,
): number {
  let sum = 0;
  gradient.fill(0);
  for (let k = from; k < to; k++) {
    const i = order ? order[k] : k;
    const at = i * cols;
    let z = 0;
    for (let j = 0; j < cols; j++) z += X[at + j] * w[j];
    let r = z - y[i];
    if (logistic) {
      const e = Math.exp(-Math.abs(z));
      sum += Math.log1p(e) + Math.max(z, 0) - y[i] * z;
      r = (z >= 0 ? 1 : e) / (1 + e) - y[i];
    } else sum += 0.5 * r * r;
    for (let j = 0; j < cols; j++) gradient[j] += r * X[at + j];
  }
  return sum;
}

/** The mean of ½(Xw - y)² and its gradient, in one pass over X. */
export function valueAndGradient(data: Data, w: Float64Array, gradient: Float64Array): number {
  const value = addRows(data, false, null, 0, data.rows, w, gradient);
  for (let j = 0; j < gradient.length; j++) gradient[j] /= data.rows;
  return value / data.rows;
}

export function batchDescent(data: Data, logistic: boolean, rate: number, iterations: number): Float64Array {
  const { rows, cols } = data;
  const w = new Float64Array(cols);
  const gradient = new Float64Array(cols);
  const history = new Float64Array(iterations);
  for (let t = 0; t < iterations; t++) {
    history[t] = addRows(data, logistic, null, 0, rows, w, gradient) / rows;
    for (let j = 0; j < cols; j++) w[j] -= (rate / rows) * gradient[j];
  }
  return w;
}

/** A random order of the rows. */
export function shuffled(rows: number): Uint32Array {
  const order = Uint32Array.from({ length: rows }, (_, i) => i);
  for (let i = rows - 1; i > 0; i--) {
    const j = Math.floor(Math.random() * (i + 1));
    const kept = order[i];
    order[i] = order[j];
    order[j] = kept;
  }
  return order;
}

/** A step for each row, in this order. */
export function rowDescent({ cols, X, y, rows }: Data, rate: number, order: Uint32Array | null): Float64Array {
  const w = new Float64Array(cols);
  const steps = order ? order.length : rows;
  let loss = 0;
  for (let t = 0; t < steps; t++) {
    const i = order ? order[t] : t;
    const at = i * cols;
    let z = 0;
    for (let j = 0; j < cols; j++) z += X[at + j] * w[j];
    const r = z - y[i];
    loss += 0.5 * r * r;
    for (let j = 0; j < cols; j++) w[j] -= rate * r * X[at + j];
  }
  return loss >= 0 ? w : w.fill(Number.NaN);
}

export function adam(
  data: Data,
  logistic: boolean,
  rate: number,
  batch: number,
  epochs: number,
  orderOf: () => Uint32Array | null,
): Float64Array {
  const { rows, cols } = data;
  const [w, gradient, m, v] = Array.from({ length: 4 }, () => new Float64Array(cols));
  let power1 = 1;
  let power2 = 1;
  let loss = 0;
  for (let epoch = 0; epoch < epochs; epoch++) {
    const order = orderOf();
    for (let from = 0; from < rows; from += batch) {
      const to = Math.min(from + batch, rows);
      loss += addRows(data, logistic, order, from, to, w, gradient);
      power1 *= 0.9;
      power2 *= 0.999;
      const root = Math.sqrt(1 - power2);
      for (let j = 0; j < cols; j++) {
        const g = gradient[j] / (to - from);
        m[j] = 0.9 * m[j] + 0.1 * g;
        v[j] = 0.999 * v[j] + 0.001 * g * g;
        w[j] -= ((rate / (1 - power1)) * m[j]) / (Math.sqrt(v[j]) / root + 1e-8);
      }
    }
  }
  return loss >= 0 ? w : w.fill(Number.NaN);
}

/** Solves A x = b in place by Cholesky's method; A's lower triangle becomes its factor, b the solution. */
function solve(A: Float64Array, b: Float64Array): void {
  const n = b.length;
  for (let j = 0; j < n; j++) {
    for (let i = j; i < n; i++) {
      let sum = A[i * n + j];
      for (let k = 0; k < j; k++) sum -= A[i * n + k] * A[j * n + k];
      A[i * n + j] = i === j ? Math.sqrt(sum) : sum / A[j * n + j];
    }
  }
  for (let i = 0; i < n; i++) {
    for (let k = 0; k < i; k++) b[i] -= A[i * n + k] * b[k];
    b[i] /= A[i * n + i];
  }
  for (let i = n - 1; i >= 0; i--) {
    for (let k = i + 1; k < n; k++) b[i] -= A[k * n + i] * b[k];
    b[i] /= A[i * n + i];
  }
}

/** By the normal equations. */
export function leastSquares({ rows, cols, X, y }: Data): Float64Array {
  const A = new Float64Array(cols * cols);
  const b = new Float64Array(cols);
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < cols; j++) {
      const x = X[i * cols + j];
      b[j] += x * y[i];
      for (let k = 0; k <= j; k++) A[j * cols + k] += x * X[i * cols + k];
    }
  }
  solve(A, b);
  return b;
}

/** Newton's method on the logistic loss with ½·l2·Σw². */
export function newton(data: Data, l2: number, iterations: number): Float64Array {
  const { rows, cols, X, y } = data;
  const w = new Float64Array(cols);
  const g = new Float64Array(cols);
  const H = new Float64Array(cols * cols);
  for (let t = 0; t < iterations; t++) {
    H.fill(0);
    g.fill(0);
    for (let i = 0; i < rows; i++) {
      const at = i * cols;
      let z = 0;
      for (let j = 0; j < cols; j++) z += X[at + j] * w[j];
      const p = 1 / (1 + Math.exp(-z));
      const r = (p - y[i]) / rows;
      const c = (p * (1 - p)) / rows;
      for (let j = 0; j < cols; j++) {
        const x = X[at + j];
        g[j] += r * x;
        const cx = c * x;
        for (let k = 0; k <= j; k++) H[j * cols + k] += cx * X[at + k];
      }
    }
    for (let j = 0; j < cols; j++) {
      g[j] += l2 * w[j];
      H[j * cols + j] += l2;
    }
    solve(H, g);
    for (let j = 0; j < cols; j++) w[j] -= g[j];
  }
  return w;
}

/** One step of an update rule with its usual parameters; t counts from 1. */
export const updates: Record<
  string,
  (w: Float64Array, g: Float64Array, m: Float64Array, v: Float64Array, t: number) => void
> = {
  momentum(w, g, m, _, t) {
    for (let i = 0; i < w.length; i++) {
      m[i] = (t === 1 ? 0 : 0.9 * m[i]) + g[i];
      w[i] -= 0.01 * m[i];
    }
  },
  adagrad(w, g, m) {
    for (let i = 0; i < w.length; i++) {
      m[i] += g[i] * g[i];
      w[i] -= (0.01 * g[i]) / (Math.sqrt(m[i]) + 1e-10);
    }
  },
  rmsprop(w, g, m) {
    for (let i = 0; i < w.length; i++) {
      m[i] = 0.99 * m[i] + 0.01 * g[i] * g[i];
      w[i] -= (0.01 * g[i]) / (Math.sqrt(m[i]) + 1e-8);
    }
  },
  adam(w, g, m, v, t) {
    const rate = 0.001 / (1 - 0.9 ** t);
    const root = Math.sqrt(1 - 0.999 ** t);
    for (let i = 0; i < w.length; i++) {
      m[i] = 0.9 * m[i] + 0.1 * g[i];
      v[i] = 0.999 * v[i] + 0.001 * g[i] * g[i];
      w[i] -= (rate * m[i]) / (Math.sqrt(v[i]) / root + 1e-8);
    }
  },
  adamw(w, g, m, v, t) {
    const rate = 0.001 / (1 - 0.9 ** t);
    const root = Math.sqrt(1 - 0.999 ** t);
    for (let i = 0; i < w.length; i++) {
      m[i] = 0.9 * m[i] + 0.1 * g[i];
      v[i] = 0.999 * v[i] + 0.001 * g[i] * g[i];
      w[i] = w[i] * (1 - 0.001 * 0.01) - (rate * m[i]) / (Math.sqrt(v[i]) / root + 1e-8);
    }
  },
};

/** The first m rows of A B, of n columns each. */
export function matmul(A: Float64Array, B: Float64Array, m: number, n: number, out: Float64Array): void {
  out.fill(0, 0, m * n);
  for (let i = 0; i < m; i++) {
    for (let k = 0; k < n; k++) {
      const a = A[i * n + k];
      for (let j = 0; j < n; j++) out[i * n + j] += a * B[k * n + j];
    }
  }
}
