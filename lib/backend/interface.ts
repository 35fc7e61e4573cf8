// Backend interface, and the jobs and outcomes that cross it.
import type { Matrix } from '../base/arrays.js';
import type { Halt } from '../base/halt.js';
import type { Plan, Table } from './plan.js';
import type { TensorKernels } from './tensors.js';

/** One of each per coefficient: outputs × cols, infinite where there is none. */
export interface Bounds {
  lower: Float64Array;
  upper: Float64Array;
}

/** A fit, checked and complete. The arrays are read only. */
export interface FitJob {
  plan: Plan;
  train: Table;
  validation: Table | null;
  /** Row numbers, for the sampler of that name. */
  indices: Uint32Array | null;
  /** One per coefficient; null: 1. */
  penaltyFactors: Float64Array | null;
  /** Of coefficients, if the plan is bounded. */
  bounds: Bounds | null;
  /** Where it starts: outputs × cols coefficients and, behind them, the intercepts if the plan has them. */
  weights: Float64Array;
  /** Where a paused fit goes on; null: it begins. */
  state: Float64Array | null;
  /** What an update rule carries over from another fit; empty: nothing yet; null: nothing is to be carried on either. */
  carried: Float64Array | null;
  /**
   * Of the squared loss under `newton` or `exact`: what other fits of the same rows under other penalties need not find out
   * again, changed in place; `knownPlaces(plan).length` numbers, at first all 0. null: this is the only fit.
   */
  known: Float64Array | null;
}

export interface Outcome {
  status: number;
  epochs: number;
  steps: number;
  weights: Float64Array;
  /** Of the training rows at the weights, without penalty; NaN where the solver has not found it out. */
  meanLoss: number;
  /** The objective at the weights is above its minimum by no more; NaN where no bound is known. */
  gap: number;
  /** By which the objective could still fall from the weights, as the solver estimates it; NaN where it does not. */
  remainingDecrease: number;
  /** Of the objective by the last epoch; NaN where the method does not tell. */
  lastDecrease: number;
  /** Of each epoch; loss: of each step on request. */
  loss: Float64Array;
  validationLoss: Float64Array;
  learningRate: Float64Array;
  gradientNorm: Float64Array;
  /** Of a fit that has paused. */
  state: Float64Array | null;
  /** For the next fit, if it was asked for. */
  carried: Float64Array | null;
}

/** Many fits alike of problems that lie one behind the other, checked and complete. */
export interface ManyJob {
  /** Of each; `rows` is the number of the longest. */
  plan: Plan;
  /** Of all problems; of weights, as of those of one fit, the mean over a problem is 1. */
  X: Matrix;
  y: Float64Array;
  sampleWeight: Float64Array | null;
  offset: Float64Array | null;
  /** The rows of problem i are borders[i] … borders[i + 1] - 1. */
  borders: Float64Array;
  penaltyFactors: Float64Array | null;
  bounds: Bounds | null;
  /** Where each fit starts and, afterwards, where it ended: problems × outputs × cols. */
  coefficients: Float64Array;
  /** The same: problems × outputs. Left alone if the plan has no intercept. */
  intercepts: Float64Array;
  /** By number in `manyStatuses`: what is `failed` beforehand is not fitted. */
  status: Uint8Array;
  /** The objective of each fit's last epoch; left alone where there is none. */
  losses: Float64Array;
  /** By how much each objective could still fall, as `remainingOf` has it. */
  remaining: Float64Array;
  epochs: Float64Array;
  steps: Float64Array;
}

/** An epoch that has completed. */
export interface EpochEnd {
  /** Counted from 1. */
  epoch: number;
  step: number;
  loss: number;
  /** NaN without a validation. */
  validationLoss: number;
  learningRate: number;
}

/** How asynchronous work is watched, and ended before its end. */
export interface Watch {
  halt: Halt;
  /** Told of epochs as they end, of the newest when they come too fast. Never throws. */
  onEpoch?(end: EpochEnd): void;
}

/** A fit that is run epoch by epoch. */
export interface Steps {
  /** Runs the next epoch off the calling thread; null: none has completed, the fit is at its end. */
  next(): Promise<EpochEnd | null>;
  /** The same on the calling thread. */
  nextSync(): EpochEnd | null;
  /** What has come of it: to be asked for once, and the last thing. */
  outcome(): Outcome;
}

/** A step of an update rule over weights start … end-1. */
export interface Update {
  rule: number;
  parameters: Float64Array;
  /** clipNorm, clipValue, l1, l2, maximize; and the norm that is clipped, 0: of these gradients */
  options: Float64Array;
  /** as long as the weights; null: none */
  bounds: Bounds | null;
  learningRate: number;
  /** counted from 1 */
  t: number;
  /** the rule's running products; change in place, as do the states and the weights */
  running: Float64Array;
  states: Float64Array[];
  weights: Float64Array;
  gradient: Float64Array;
  start: number;
  end: number;
}

/** What computes. Arguments are checked by the facade; both backends return the same bits. */
export interface Backend {
  readonly name: 'native' | 'reference';
  readonly target: string;
  /** Threads that fits share. */
  threads(): number;
  setThreads(n: number): void;
  /** How far behind a 64-byte border the array begins, in bytes; 0 where nobody can tell. */
  misalignment(x: Float64Array): number;
  dot(x: Float64Array, y: Float64Array): number;
  axpy(a: number, x: Float64Array, y: Float64Array): void;
  scal(a: number, x: Float64Array): void;
  nrm2(x: Float64Array): number;
  asum(x: Float64Array): number;
  gemv(A: Float64Array, rows: number, cols: number, x: Float64Array, out: Float64Array): void;
  gemvT(A: Float64Array, rows: number, cols: number, x: Float64Array, out: Float64Array): void;
  gram(A: Float64Array, rows: number, cols: number, weights: Float64Array | null, out: Float64Array): void;
  /** weights and out: outputs × cols; several outputs only for the softmax loss. */
  valueAndGradient(
    loss: number,
    parameters: Float64Array,
    X: Float64Array,
    y: Float64Array,
    rows: number,
    cols: number,
    outputs: number,
    weights: Float64Array,
    out: Float64Array,
  ): number;
  updateStep(update: Update): void;
  /** Of nabla/autodiff. */
  readonly tensors: TensorKernels;
  fitSync(job: FitJob): Outcome;
  /** Rejects with the reason of a halt. */
  fit(job: FitJob, watch?: Watch): Promise<Outcome>;
  steps(job: FitJob, halt?: Halt): Steps;
  fitManySync(job: ManyJob): void;
  /** Rejects with the reason of a halt. */
  fitMany(job: ManyJob, halt?: Halt): Promise<void>;
}
