// Weighted sums over rows; weights of null are all 1.
// Weights of null are all 1.

export type Weights = Float64Array | null;

export function sumOf(rows: number, weights: Weights): number {
  if (weights === null) return rows;
  let sum = 0;
  for (let i = 0; i < rows; i++) sum += weights[i];
  return sum;
}

export function mean(values: Float64Array, weights: Weights): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += (weights === null ? 1 : weights[i]) * values[i];
  return sum / sumOf(values.length, weights);
}

/** The mean square of the distance from a point. */
export function meanSquare(values: Float64Array, weights: Weights, from = 0): number {
  return mean(
    values.map((value) => (value - from) * (value - from)),
    weights,
  );
}

/** Whether there are two values. */
export function varies(values: Float64Array): boolean {
  return values.some((value) => value !== values[0]);
}

/** The different values, in ascending order. */
export function distinct(values: Float64Array): Float64Array {
  return values
    .slice()
    .sort()
    .filter((value, i, sorted) => i === 0 || value !== sorted[i - 1]);
}

/** Where a value stands among these. */
export function rankAmong(sorted: Float64Array, value: number): number {
  let [low, high] = [0, sorted.length - 1];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle] < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

/**
 * The q-th quantile: the least value up to which a part q of the weights lies, or the middle between it and the next
 * where that part is exact (so for equal weights and q = ½ the usual median). It makes the pinball loss least.
 */
export function quantile(values: Float64Array, weights: Weights, q: number): number {
  const sorted = distinct(values);
  const weightOf = new Float64Array(sorted.length);
  values.forEach((value, i) => {
    weightOf[rankAmong(sorted, value)] += weights === null ? 1 : weights[i];
  });
  const total = sumOf(values.length, weights);
  const wanted = q * total;
  const rounding = 1e-12 * total; // so that proportions are what matters
  let rank = 0;
  let reached = weightOf[0];
  while (reached < wanted - rounding && rank < sorted.length - 1) reached += weightOf[++rank];
  const isExact = reached <= wanted + rounding && rank < sorted.length - 1;
  return (sorted[rank] + sorted[isExact ? rank + 1 : rank]) / 2;
}
