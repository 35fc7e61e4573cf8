// Backtracking line search on the segment from the weights to the minimum of the model.
// The whole step is taken if the objective decreases enough, else half of it, and so on (Armijo 1966). Twin:
// native/solver/backtracking.h.

export interface Segment {
  from: Float64Array;
  modelMinimizer: Float64Array;
  /** Of the objective where it begins. */
  value: number;
  /** By how much it falls to the target, by the model. */
  predictedDecrease: number;
  /** The round-off level of the objective. */
  roundoff: number;
}

/**
 * As far as the objective falls enough: `trial` is where that ends, evaluate() the objective there. Returns the part of the
 * way, 0 where nothing is gained, and the objective.
 */
export function backtrack(
  { from, modelMinimizer, value: before, predictedDecrease, roundoff }: Segment,
  trial: Float64Array,
  evaluate: () => number,
): { part: number; value: number } {
  const still = { part: 0, value: before };
  if (!(predictedDecrease > 0)) return still;
  let t = 1;
  for (let tries = 0; tries < 60; tries++) {
    for (let j = 0; j < from.length; j++)
      trial[j] = t === 1 ? modelMinimizer[j] : from[j] + t * (modelMinimizer[j] - from[j]);
    const value = evaluate();
    // A decrease that rounding hides is believed once.
    const isLower =
      predictedDecrease > roundoff ? value <= before - 1e-4 * t * predictedDecrease : value <= before + roundoff;
    if (isLower) return { part: t, value };
    t *= value < Infinity ? 0.5 : 0.1;
  }
  return still;
}
