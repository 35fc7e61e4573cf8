// Metrics of numbers: R², mean squared and absolute errors, pinball loss.

import { average, errorsOf, type Target, targetsOf } from './errors.js';
import { alone, type Measured, meanLoss } from './measure.js';
import type { Predictor } from './predictor.js';
import { mean, meanSquare, quantile, varies, type Weights } from './sums.js';

/**
 * Of losses that predict a number. e = y - prediction; means are by sampleWeight. For several targets a metric is the
 * mean of those of each, but where it says otherwise.
 */
export interface ValueMetrics {
  readonly kind: 'value';
  /** The mean of the model's loss, without penalty; for several targets their sum. */
  readonly loss: number;
  /** 1 - Σe²/Σ(y - ȳ)²; null where y does not vary. */
  readonly r2: number | null;
  /** 1 - the variance of e over that of y; null where y does not vary. */
  readonly explainedVariance: number | null;
  /** The mean of e². */
  readonly mse: number;
  /** Its root. */
  readonly rmse: number;
  /** The mean of |e|. */
  readonly mae: number;
  /** The median of |e|, half of the weights on each side. */
  readonly medianAbsoluteError: number;
  /** The largest |e|, of all targets. */
  readonly maxError: number;
  /** The loss, for the loss quantile; else null. */
  readonly pinball: number | null;
  /** 1 - pinball/that of y's own quantile, for the loss quantile; else null, as where y does not vary. */
  readonly d2: number | null;
}

const identity = (z: number): number => z;

function r2Of({ y, errors }: Target, weights: Weights): number | null {
  if (!varies(y)) return null;
  return 1 - meanSquare(errors, weights) / meanSquare(y, weights, mean(y, weights));
}

function varianceExplained({ y, errors }: Target, weights: Weights): number | null {
  if (!varies(y)) return null;
  return 1 - meanSquare(errors, weights, mean(errors, weights)) / meanSquare(y, weights, mean(y, weights));
}

function pinballExplained(measured: Measured, { y, predicted }: Target, q: number): number | null {
  if (!varies(y)) return null;
  const constant = new Float64Array(y.length).fill(quantile(y, measured.weights, q));
  return 1 - meanLoss(alone(measured, y, predicted)) / meanLoss(alone(measured, y, constant));
}

export function r2(measured: Measured): number | null {
  return average(targetsOf(measured, identity).map((target) => r2Of(target, measured.weights)));
}

export function valueMetrics(model: Predictor, measured: Measured): ValueMetrics {
  const { weights } = measured;
  const targets = targetsOf(measured, identity);
  const distances = targets.map(({ errors }) => errors.map(Math.abs));
  const loss = meanLoss(measured);
  const isQuantile = model.loss === 'quantile';
  const q = model.lossParameters.quantile;
  return {
    kind: 'value',
    loss,
    r2: average(targets.map((target) => r2Of(target, weights))),
    explainedVariance: average(targets.map((target) => varianceExplained(target, weights))),
    ...errorsOf(targets, weights),
    medianAbsoluteError: average(distances.map((errors) => quantile(errors, weights, 0.5))),
    maxError: distances.reduce((most, errors) => errors.reduce((a, b) => (b > a ? b : a), most), 0),
    pinball: isQuantile ? loss : null,
    d2: isQuantile ? average(targets.map((target) => pinballExplained(measured, target, q))) : null,
  };
}
