// Method interface: how the weights change in an epoch.
// The loop (solver/fit) does the rest. Twin: native/solver/method.h.
import type { Status } from '../../backend/plan.js';
import type { Archive, Archived } from '../objective/archive.js';

export abstract class Method implements Archived {
  /** Update steps so far. */
  steps = 0;
  /** Learning rate, or step length, of the last step. */
  rate = 0;
  /** Euclidean norm of the shortest subgradient at the last step; of batches, of the mean of an epoch's gradients. */
  gradientNorm = 0;
  /** At the weights, without penalty; NaN: not known. */
  meanLoss = NaN;
  /** By how much the objective still moves: what is held against the tolerance. */
  change = Infinity;
  /** The objective is above its minimum by no more: a bound; NaN: none is known. */
  gap = NaN;
  /** By which the objective could still fall, as estimated; NaN: not known. */
  remainingDecrease = NaN;
  /** Of the objective by the last iteration; NaN: not known. */
  lastDecrease = NaN;
  /** Set when the method itself can gain nothing more. */
  ended: Status | null = null;
  /** The objective at each step, if the plan asks for it. */
  readonly stepLosses: number[] = [];

  /** Runs an epoch and returns its objective; what is not finite has diverged. */
  abstract epoch(epoch: number): number;
  /** The weights that the fit would return now. */
  abstract get result(): Float64Array;

  /**
   * The objective at `result`, for `restoreBest`; `loss`: what the epoch returned, infinite before the first. The loss of a
   * rule's epoch is taken before its steps, so that it is that of other weights; a solver's is that of its result.
   */
  objectiveAtResult(loss: number): number {
    return loss;
  }

  /** Whether the rate has only risen so far, as in a warm-up. */
  get rises(): boolean {
    return false;
  }

  /** Whether a small change, or a short gradient, of the last epoch is one of the weights that would be returned too. */
  confirmsChange(_loss: number, _tolerance: number): boolean {
    return true;
  }

  confirmsGradient(_tolerance: number): boolean {
    return true;
  }

  /** The same of X's own columns, where the method knows them better than by turning back. */
  get original(): Float64Array | null {
    return null;
  }

  /** Of a solver: whether columns may be collinear, so that other coefficients predict the same. */
  get mayBeCollinear(): boolean {
    return false;
  }

  /** Tells the loss that is watched. */
  epochEnded(_loss: number): void {}

  /** Whether the weights that the next step begins at are others than those returned: of an average, or scaled ones. */
  get hidesWeights(): boolean {
    return false;
  }

  /** What an update rule carries from one fit to the next. */
  carry(_archive: Archive): void {}

  serialize(archive: Archive): void {
    this.steps = archive.count(this.steps);
    this.rate = archive.number(this.rate);
    this.gradientNorm = archive.number(this.gradientNorm, 'measured');
    this.change = archive.number(this.change, 'measured');
  }
}
