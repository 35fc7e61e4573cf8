// History of a fit: the training loss of each epoch or step, with the other series beside it.

/**
 * What a fit went through: an array of the training loss of each epoch (or step, on request), with the other series
 * beside it. The training loss is the objective, penalty included, as the mean over an epoch's batches, each before
 * its update.
 */
export class History extends Float64Array {
  /** Loss on the validation rows, without penalty, at the end of each epoch; empty without validation. */
  readonly validationLoss: Float64Array;
  /** Learning rate of each epoch's last step. */
  readonly learningRate: Float64Array;
  /**
   * Euclidean norm of the gradient (of the shortest subgradient, with l1) at each epoch's last step; with batches of the
   * last batch's, or where a `gradientTolerance` is given, of the mean of all of the epoch, each taken before its step.
   */
  readonly gradientNorm: Float64Array;

  /** @internal */
  constructor(
    loss: ArrayLike<number>,
    series: { validationLoss: Float64Array; learningRate: Float64Array; gradientNorm: Float64Array },
  ) {
    super(loss);
    this.validationLoss = series.validationLoss;
    this.learningRate = series.learningRate;
    this.gradientNorm = series.gradientNorm;
  }

  /** The training loss as a plain array, over the same memory. */
  get loss(): Float64Array {
    return new Float64Array(this.buffer, this.byteOffset, this.length);
  }

  /** slice, map and the like give plain arrays. */
  static get [Symbol.species](): Float64ArrayConstructor {
    return Float64Array;
  }
}
