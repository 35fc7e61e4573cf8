// How well predictions meet what they predict.

export interface Metrics {
  /** 1 - Σ(y - z)²/Σ(y - ȳ)²; NaN where y does not vary. */
  readonly r2: number;
  /** √(Σ(y - z)²/n). */
  readonly rmse: number;
}

export function metrics(y: Float64Array, predictions: Float64Array): Metrics {
  const n = y.length;
  let mean = 0;
  for (let i = 0; i < n; i++) mean += y[i];
  mean /= n;
  let error = 0;
  let total = 0;
  for (let i = 0; i < n; i++) {
    error += (y[i] - predictions[i]) ** 2;
    total += (y[i] - mean) ** 2;
  }
  return { r2: total > 0 ? 1 - error / total : Number.NaN, rmse: Math.sqrt(error / n) };
}
