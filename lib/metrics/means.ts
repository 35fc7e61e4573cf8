// How well the mean of counts and amounts is met.
import { losses } from '../catalog.js';
import { exp, log } from '../reference/kernels/math.js';
import { average, errorsOf, targetsOf } from './errors.js';
import { alone, columnsOf, type Measured, meanLoss } from './measure.js';
import { mean, sumOf, varies } from './sums.js';

/**
 * Of losses with a log link, which predict a mean. e = y - prediction; means are by sampleWeight. For several targets a
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

/** Of one target. With a log link the loss is least at z = ln y; where y = 0 it goes to 0 as z falls. */
function leastOf(measured: Measured): number {
  const { y, weights, rows, loss } = measured;
  if (Object.values(losses)[loss].predicts !== 'mean') return 0;
  const positive = y.filter((value) => value > 0);
  if (positive.length === 0) return 0;
  const own = weights === null ? null : weights.filter((_, i) => y[i] > 0);
  const least = meanLoss({ ...measured, y: positive, z: positive.map(log), weights: own, rows: positive.length });
  return least * (sumOf(positive.length, own) / sumOf(rows, weights));
}

const devianceOf = (measured: Measured): number => 2 * (meanLoss(measured) - leastOf(measured));

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
  return eachTarget(measured).map((one) => {
    if (!varies(one.y)) return null;
    const z = new Float64Array(one.rows).fill(log(mean(one.y, one.weights)));
    return 1 - devianceOf(one) / devianceOf({ ...one, z });
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
    ...errorsOf(targetsOf(measured, exp), measured.weights),
  };
}
