// Penalized objective over all rows: its value, and the gradient of its smooth part.
// l1, which has no gradient at 0, is left to the solver. Twin: native/objective/penalizedobjective.h.
import { isActive, type Penalty, penaltyValue, stationarity } from '../kernels/penalties.js';
import type { Evaluator } from './objective.js';

export class PenalizedObjective {
  /** Of the last evaluation, without penalty. */
  meanLoss = NaN;

  constructor(
    readonly objective: Evaluator,
    readonly penalty: Penalty,
    /** Of the weights, how many are penalized: the first. */
    readonly penalized: number,
  ) {}

  /** The mean loss and the penalty; the gradient of the loss and of l2. */
  evaluate(weights: Float64Array, gradient: Float64Array): number {
    const rows = this.objective.everything;
    return this.penalize(this.objective.evaluate(rows, weights, gradient) / rows.count, weights, gradient);
  }

  /** The same from a mean loss and its gradient. */
  penalize(loss: number, weights: Float64Array, gradient: Float64Array): number {
    const { penalty, penalized } = this;
    this.meanLoss = loss;
    const { l2, factors } = penalty;
    for (let j = 0; l2 !== 0 && j < penalized; j++) gradient[j] += l2 * (factors ? factors[j] : 1) * weights[j];
    return isActive(penalty) ? loss + this.penaltyAt(weights) : loss;
  }

  /** The penalty's part of the objective. */
  penaltyAt(weights: Float64Array): number {
    return isActive(this.penalty) ? penaltyValue(weights, this.penalized, this.penalty) : 0;
  }

  /** The length of the shortest subgradient, from the gradient that evaluate() writes. */
  norm(weights: Float64Array, gradient: Float64Array): number {
    let squares = stationarity(weights, gradient, this.penalized, { ...this.penalty, l2: 0 });
    for (let i = this.penalized; i < gradient.length; i++) squares += gradient[i] * gradient[i];
    return Math.sqrt(squares);
  }
}
