// Metrics of means of counts and amounts: deviance, D², errors.
import { losses } from '../catalog/losses.js';
import { exp, log } from '../reference/kernels/math.js';
import { halfDeviance } from './deviance.js';
import { average, errorsOf, targetsOf } from './errors.js';
import { alone, columnsOf, lossName, type Measured, meanLoss } from './measure.js';
import { numberOf } from './predictions.js';
import { mean, sumOf, varies } from './sums.js';

/**
 * Of losses that predict a mean. e = y - prediction; means are by sampleWeight. For several targets a
 * metric is the mean of those of each, but where it says otherwise.
 */
export interface MeanMetrics {
  readonly kind: 'mean';
  /** The mean of the model's loss, without penalty; for several targets their sum. */
  readonly loss: number;
  /** Twice the mean of what the loss is above the least that it can be for y. */
  readonly deviance: number;
  /** 1 - deviance/that of the mean of y; null where y does not vary. */
  readonly d2: number | null;
  /** The mean of e². */
  readonly mse: number;
  /** Its root. */
  readonly rmse: number;
  /** The mean of |e|. */
  readonly mae: number;
}

/** Each target with its z. */
function eachTarget(measured: Measured): Measured[] {
  const { y, z, targets } = measured;
  if (targets === 1) return [measured];
  const columns = columnsOf(z, targets);
  return columnsOf(y, targets).map((y, k) => alone(measured, y, columns[k]));
}

/** The power of the variance; null for a loss of no such kind. */
function powerOf(measured: Measured): number | null {
  const loss = lossName(measured);
  if (losses[loss].predicts !== 'mean') return null;
  return loss === 'poisson' ? 1 : loss === 'gamma' ? 2 : measured.parameters[0];
}

/** The mean of half the deviance, of one target whose means are given by the place of their row. */
function meanHalf({ y, weights }: Measured, power: number, of: (i: number) => { mean: number; log: number }): number {
  return mean(
    y.map((value, i) => {
      const { mean, log } = of(i);
      return halfDeviance(power, value, mean, log);
    }),
    weights,
  );
}

const logOf = (mean: number): number => (mean > 0 ? log(mean) : NaN);

/** Of one target. */
function devianceOf(measured: Measured): number {
  const power = powerOf(measured);
  if (power === null) return 2 * (meanLoss(measured) - leastOf(measured));
  const { z } = measured;
  const toMean = numberOf(lossName(measured));
  const of = (i: number) => {
    const mean = toMean(z[i]);
    return { mean, log: toMean === exp ? z[i] : logOf(mean) };
  };
  return 2 * meanHalf(measured, power, of);
}

/** What the loss is at least, for one target: with a mean at y, and of classes for a fraction of them. */
function leastOf(measured: Measured): number {
  const { y, weights, rows } = measured;
  const loss = lossName(measured);
  const power = powerOf(measured);
  if (power === 0)
    return mean(
      y.map((value) => -0.5 * value * value),
      weights,
    );
  if (loss === 'logistic') return -mean(y.map(entropy), weights);
  if (power === null) return 0;
  // Where y = 0 the loss falls with z, to 0 or, so near to 2 that it is without its constant, to -1/(2 - p).
  const isShifted = power < 2 && power > 2 - 2 ** -10;
  const link = numberOf(loss) === exp ? log : (value: number) => value;
  const isPositive = (value: number) => value > 0;
  const positive = y.filter(isPositive);
  const own = weights === null ? null : weights.filter((_, i) => isPositive(y[i]));
  const part = positive.length === 0 ? 0 : sumOf(positive.length, own) / sumOf(rows, weights);
  const atZero = isShifted ? -1 / (2 - power) : 0;
  if (positive.length === 0) return atZero;
  const met = meanLoss({ ...measured, y: positive, z: positive.map(link), weights: own, rows: positive.length });
  return met * part + atZero * (1 - part);
}

/** -y ln y - (1 - y) ln (1 - y). */
function entropy(y: number): number {
  return y > 0 && y < 1 ? -(y * log(y) + (1 - y) * log(1 - y)) : 0;
}

/** The least that the mean loss can be for y; for several targets the sum of theirs. */
export function leastLoss(measured: Measured): number {
  return eachTarget(measured).reduce((sum, one) => sum + leastOf(one), 0);
}

/** Twice the mean of what the loss, of any kind, is above its least; for several targets the mean of theirs. */
export function deviance(measured: Measured): number {
  return average(eachTarget(measured).map(devianceOf));
}

/** Of each target: how much of the deviance of its mean is gone. */
function partsExplained(measured: Measured): (number | null)[] {
  const power = powerOf(measured) as number;
  return eachTarget(measured).map((one) => {
    if (!varies(one.y)) return null;
    const all = mean(one.y, one.weights);
    return 1 - devianceOf(one) / (2 * meanHalf(one, power, () => ({ mean: all, log: logOf(all) })));
  });
}

/** The part of the deviance that the model explains. */
export function d2(measured: Measured): number | null {
  return average(partsExplained(measured));
}

export function meanMetrics(measured: Measured): MeanMetrics {
  return {
    kind: 'mean',
    loss: meanLoss(measured),
    deviance: deviance(measured),
    d2: d2(measured),
    ...errorsOf(targetsOf(measured, numberOf(lossName(measured))), measured.weights),
  };
}
