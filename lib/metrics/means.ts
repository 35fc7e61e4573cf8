// How well the mean of counts and amounts is met.
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

/** Of one target. The loss is least at z = ln y; where y = 0 it goes to 0 as z falls. */
function devianceOf(measured: Measured): number {
  const { y, weights, rows } = measured;
  const positive = y.filter((value) => value > 0);
  if (positive.length === 0) return 2 * meanLoss(measured);
  const own = weights === null ? null : weights.filter((_, i) => y[i] > 0);
  const least = meanLoss({ ...measured, y: positive, z: positive.map(log), weights: own, rows: positive.length });
  return 2 * (meanLoss(measured) - least * (sumOf(positive.length, own) / sumOf(rows, weights)));
}

/** Of each target: its deviance, and how much of that of its mean is gone. */
function deviances(measured: Measured): { deviance: number; d2: number | null }[] {
  const { y, z, weights, rows, targets } = measured;
  const columns = columnsOf(z, targets);
  return columnsOf(y, targets).map((y, k) => {
    const deviance = devianceOf(alone(measured, y, columns[k]));
    if (!varies(y)) return { deviance, d2: null };
    const constant = new Float64Array(rows).fill(log(mean(y, weights)));
    return { deviance, d2: 1 - deviance / devianceOf(alone(measured, y, constant)) };
  });
}

/** The part of the deviance that the model explains. */
export function d2(measured: Measured): number | null {
  return average(deviances(measured).map(({ d2 }) => d2));
}

export function meanMetrics(measured: Measured): MeanMetrics {
  const each = deviances(measured);
  return {
    kind: 'mean',
    loss: meanLoss(measured),
    deviance: average(each.map(({ deviance }) => deviance)),
    d2: average(each.map(({ d2 }) => d2)),
    ...errorsOf(targetsOf(measured, exp), measured.weights),
  };
}
