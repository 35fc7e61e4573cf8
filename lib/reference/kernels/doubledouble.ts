// Gradient of least squares in double-double arithmetic, about twice a double's digits.
// A number is the unevaluated sum of a high and a low part; sums and products pass what they round off to the low part
// (Knuth's two-sum, Dekker's product after Veltkamp's split, both without a fused multiply-add). Twin:
// native/kernels/doubledouble.h.
import { type Rows, rowAt } from './dense.js';

/** What a + b loses when it is rounded to `sum`. */
export function lostBySum(a: number, b: number, sum: number): number {
  const part = sum - a;
  return a - (sum - part) + (b - part);
}

const splitter = 2 ** 27 + 1;

/** What a · b loses when it is rounded to `product`. */
export function lostByProduct(a: number, b: number, product: number): number {
  const c = splitter * a;
  const aHigh = c - (c - a);
  const aLow = a - aHigh;
  const d = splitter * b;
  const bHigh = d - (d - b);
  const bLow = b - bHigh;
  return aLow * bLow - (product - aHigh * bHigh - aLow * bHigh - aHigh * bLow);
}

/** What rows are held against, named as rows are: row i's y and offset are element i · stride + at. */
export interface Targets {
  y: Float64Array;
  /** null: 1 */
  sampleWeight: Float64Array | null;
  /** null: 0 */
  offset: Float64Array | null;
  stride: number;
  at: number;
  start: number;
  index: Uint32Array | null;
}

/** A number of twice the digits. */
class Doubled {
  constructor(
    public high: number,
    public low: number,
  ) {}

  add(x: number): void {
    const sum = this.high + x;
    this.low += lostBySum(this.high, x, sum);
    this.high = sum;
  }

  times(x: number): void {
    const product = this.high * x;
    this.low = this.low * x + lostByProduct(this.high, x, product);
    this.high = product;
  }

  /** The high part becomes the nearest double. */
  normalize(): void {
    const sum = this.high + this.low;
    this.low = lostBySum(this.high, this.low, sum);
    this.high = sum;
  }
}

const high = new Float64Array(8);
const low = new Float64Array(8);

/** Σ x[xAt + j] · w[j] in eight partials, as Vec has lanes, which fold in halves. */
function dot(x: Float64Array, xAt: number, w: Float64Array, n: number): Doubled {
  high.fill(0);
  low.fill(0);
  for (let j = 0; j < n; j++) {
    const product = x[xAt + j] * w[j];
    const before = high[j & 7];
    const sum = before + product;
    low[j & 7] += lostBySum(before, product, sum) + lostByProduct(x[xAt + j], w[j], product);
    high[j & 7] = sum;
  }
  for (let half = 4; half > 0; half >>= 1) {
    for (let k = 0; k < half; k++) {
      const sum = high[k] + high[k + half];
      low[k] += low[k + half] + lostBySum(high[k], high[k + half], sum);
      high[k] = sum;
    }
  }
  return new Doubled(high[0], low[0]);
}

/**
 * Adds Σ s (y - offset - b - x·w) x over the rows, and behind it the same sum without x, to g: cols + 1 high parts, then
 * as many low ones.
 */
export function residuals(
  rows: Rows,
  { y, sampleWeight, offset, stride, at, start, index }: Targets,
  w: Float64Array,
  b: number,
  g: Float64Array,
): void {
  const { X, cols } = rows;
  const lows = cols + 1;
  for (let i = 0; i < rows.count; i++) {
    const row = index ? index[start + i] : start + i;
    const x = rowAt(rows, i);
    const z = dot(X, x, w, cols);
    const r = new Doubled(y[row * stride + at], -z.low);
    if (offset) r.add(-offset[row * stride + at]);
    r.add(-b);
    r.add(-z.high);
    if (sampleWeight) r.times(sampleWeight[row]);
    r.normalize();
    for (let j = 0; j < cols; j++) {
      const product = r.high * X[x + j];
      const sum = g[j] + product;
      g[lows + j] += lostBySum(g[j], product, sum) + (lostByProduct(r.high, X[x + j], product) + r.low * X[x + j]);
      g[j] = sum;
    }
    const sum = g[cols] + r.high;
    g[lows + cols] += lostBySum(g[cols], r.high, sum) + r.low;
    g[cols] = sum;
  }
}
