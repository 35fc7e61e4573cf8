// Round-off level of an objective, from the terms summed at the current point.
// A row contributes its loss, and its slope times the terms of z. Twin: native/solver/roundoff.cc.
import {
  coefficientCount,
  gammaLoss,
  huberLoss,
  logisticLoss,
  modifiedHuberLoss,
  type Plan,
  poissonLoss,
  softmaxLoss,
  squaredEpsilonInsensitiveLoss,
  squaredHingeLoss,
  squaredLoss,
  type Table,
  tweedieIdentityLoss,
  tweedieLoss,
} from '../../backend/plan.js';
import type { Scaling } from '../objective/scaling.js';

const roundings = 2 ** -48; // 32 of a double: those of sums and of elementary functions

/** Of the size of an objective, what it can still fall by where the last Hessian will do for the steps that remain. */
export const nearby = 2 ** -40;
/** And where one more step is the last one: it takes the rest of the way but for the root of that, which is no digit. */
export const leastLeft = 2 ** -64;
/** Of what a model promises, what a step may leave that is more than rounding. */
export const leastGain = 2 ** -4;

/**
 * Whether a fit is at its minimum, but for rounding: after a step that the model promised so much of, it promises `left`.
 */
export function isAtMinimum(
  predictedDecrease: number,
  remainingDecrease: number,
  roundoff: number,
  size: number,
): boolean {
  return (
    (predictedDecrease <= roundoff && remainingDecrease > 0.25 * predictedDecrease) ||
    remainingDecrease <= leastLeft * size
  );
}

/**
 * Whether the next step of the same model is worth taking without looking: after one that the model promised so much of, it
 * promises `left`, and will once more be right to such a part.
 */
export function isTrusted(predictedDecrease: number, remainingDecrease: number, size: number): boolean {
  return (
    remainingDecrease <= 2 ** -10 * predictedDecrease && remainingDecrease <= 2 ** -20 * size && remainingDecrease > 0
  );
}

/** Losses that are squares near 0. */
const ofSquares: readonly number[] = [
  squaredLoss,
  squaredHingeLoss,
  huberLoss,
  modifiedHuberLoss,
  squaredEpsilonInsensitiveLoss,
];

/**
 * Whether tweedie's loss of this power is without its constant (kernels/losses), as those of poisson and gamma are: near a
 * minimum it may be 0, and says nothing of the size of its terms.
 */
const isLimit = (power: number, of: number): boolean => Math.abs(power - of) < 2 ** -10;

function needsMeanTarget({ loss, lossParameters }: Plan): boolean {
  return (
    loss === poissonLoss || loss === tweedieIdentityLoss || (loss === tweedieLoss && isLimit(lossParameters[0], 1))
  );
}

export class Roundoff {
  readonly #plan: Plan;
  readonly #reach: Float64Array; // of each column, the terms of z that a scaled weight of 1 makes
  readonly #meanTarget: number; // of y, where it is needed
  readonly #isSquares: boolean; // the loss, near 0
  readonly #unit: number; // of z, where it has one

  constructor(plan: Plan, table: Table, { mean, deviation, square, isFar }: Scaling) {
    this.#plan = plan;
    this.#reach = square.map((s, j) => Math.sqrt(s) + (isFar ? 0 : Math.abs(mean[j] / deviation[j])));
    this.#isSquares = ofSquares.includes(plan.loss);
    this.#unit = plan.loss === poissonLoss || plan.loss === gammaLoss || plan.loss === tweedieLoss ? 1 : 0;
    this.#meanTarget = needsMeanTarget(plan) ? meanTarget(plan, table) : 0;
  }

  /** Changes of the objective that are not to be told from rounding; `meanLoss`: its part without penalty. */
  level(weights: Float64Array, value: number, meanLoss: number): number {
    return roundings * (this.size(value, meanLoss) + this.slope(Math.abs(meanLoss)) * this.#largest(weights));
  }

  /** Whether a sum of squares is 0, but for the rounding of what is squared. */
  isZero(weights: Float64Array, value: number): boolean {
    if (!this.#isSquares) return false;
    const rounding = 2 ** -46 * this.#largest(weights);
    return value <= rounding * rounding;
  }

  /** What rounding z makes of a row's slope, at most: second derivatives are about 1, or as large as slopes. */
  slopeNoise(weights: Float64Array, meanLoss: number): number {
    return 2 ** -50 * this.#largest(weights) * (this.#isSquares ? 1 : this.slope(meanLoss));
  }

  /** What rounding z makes of a row's margin. */
  ofMargins(weights: Float64Array): number {
    return 2 ** -50 * this.#largest(weights);
  }

  /** What the objective is to be measured by: the sizes of its terms, where z is small. */
  size(value: number, meanLoss: number): number {
    const loss = Math.abs(meanLoss);
    return Math.abs(value) + loss + this.slope(loss) * this.#unit;
  }

  /** The terms of z, of the output where they are largest. */
  #largest(weights: Float64Array): number {
    const { cols, outputs, intercept } = this.#plan;
    let largest = 0;
    for (let k = 0; k < outputs; k++) {
      let sum = intercept ? Math.abs(weights[coefficientCount(this.#plan) + k]) : 0;
      for (let j = 0; j < cols; j++) sum += this.#reach[j] * Math.abs(weights[k * cols + j]);
      if (sum > largest) largest = sum;
    }
    return largest;
  }

  /** Whether slope() may be many times the size of slopes: where the loss has terms that are larger. */
  get isSlopeRough(): boolean {
    return this.#unit > 0 || this.#plan.loss === tweedieIdentityLoss;
  }

  /** The mean size of a row's slope, at most, near the minimum; by convexity from the mean loss. */
  slope(meanLoss: number): number {
    const { loss, outputs, lossParameters } = this.#plan;
    const bySquares = 2 * Math.sqrt(outputs * meanLoss);
    switch (loss) {
      case logisticLoss:
      case softmaxLoss:
        return least(outputs, 2 * meanLoss);
      case huberLoss:
        return least(bySquares, outputs * lossParameters[0]);
      case poissonLoss:
        return 3 * this.#meanTarget;
      case gammaLoss:
        return 3 * outputs;
      case tweedieLoss:
        if (isLimit(lossParameters[0], 1)) return 3 * this.#meanTarget;
        if (isLimit(lossParameters[0], 2)) return 3 * outputs;
        return (1 + lossParameters[0] * lossParameters[0]) * meanLoss;
      case tweedieIdentityLoss:
        if (isLimit(lossParameters[0], 1)) return 3 * outputs;
        if (isLimit(lossParameters[0], 2)) return (3 * outputs) / this.#meanTarget;
        return ((1 + lossParameters[0] * lossParameters[0]) * meanLoss) / this.#meanTarget;
      default:
        return bySquares;
    }
  }
}

function least(a: number, b: number): number {
  return b < a ? b : a;
}

function meanTarget({ targets }: Plan, { y, sampleWeight, index, count }: Table): number {
  let sum = 0;
  for (let i = 0; i < count; i++) {
    const row = index ? index[i] : i;
    const weight = sampleWeight ? sampleWeight[row] : 1;
    for (let k = 0; k < targets; k++) sum += weight * y[row * targets + k];
  }
  return sum / count;
}
