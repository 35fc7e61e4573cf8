// Errors of predicted numbers, target by target.
import { columnsOf, type Measured } from './measure.js';
import { mean, meanSquare, type Weights } from './sums.js';

/** One target: what it is, and what is predicted. */
export interface Target {
  readonly y: Float64Array;
  readonly predicted: Float64Array;
  readonly errors: Float64Array;
}

export function targetsOf({ y, z, targets }: Measured, prediction: (z: number) => number): Target[] {
  const columns = columnsOf(z, targets);
  return columnsOf(y, targets).map((y, k) => {
    const predicted = columns[k].map(prediction);
    return { y, predicted, errors: y.map((value, i) => value - predicted[i]) };
  });
}

/** The mean over targets; null if one of them has none. */
export function average(values: readonly number[]): number;
export function average(values: readonly (number | null)[]): number | null;
export function average(values: readonly (number | null)[]): number | null {
  let sum = 0;
  for (const value of values) {
    if (value === null) return null;
    sum += value;
  }
  return sum / values.length;
}

/** The mean of e², its root, and the mean of |e|. */
export function errorsOf(targets: readonly Target[], weights: Weights): { mse: number; rmse: number; mae: number } {
  const squares = targets.map(({ errors }) => meanSquare(errors, weights));
  return {
    mse: average(squares),
    rmse: average(squares.map(Math.sqrt)),
    mae: average(targets.map(({ errors }) => mean(errors.map(Math.abs), weights))),
  };
}
