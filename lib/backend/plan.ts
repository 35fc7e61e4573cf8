// Plan: a fit as plain numbers, and the arrays that it works on.
// Twin: native/objective/plan.h.
import type { Matrix } from '../base/arrays.js';

export const samplerKind = { full: 0, sequential: 1, shuffled: 2, replacement: 3, indices: 4 } as const;
export const averagingKind = { none: 0, polyak: 1, ema: 2 } as const;
export const logisticLoss = 1;
export const softmaxLoss = 2; // its y is one label a row, however many outputs

export const hingeLoss = 3;
export const squaredHingeLoss = 4;
export const huberLoss = 5;
export const quantileLoss = 6;
export const epsilonInsensitiveLoss = 7;
export const squaredEpsilonInsensitiveLoss = 8;
export const poissonLoss = 9;
export const gammaLoss = 10;
export const tweedieLoss = 11;
export const modifiedHuberLoss = 12;
export const perceptronLoss = 13;
export const tweedieIdentityLoss = 14;
/** Piecewise-linear losses, which have no second derivative. */
export const piecewiseLinearLosses: readonly number[] = [
  hingeLoss,
  quantileLoss,
  epsilonInsensitiveLoss,
  perceptronLoss,
];

export const squaredLoss = 0;
/** What changes the weights: an update rule, or a solver of the catalog, counted from 1. */
export const solverKind = { none: 0, lbfgs: 1, newton: 2, exact: 3 } as const;

/** Why a fit ended, in the order of the solver's numbers. */
export const statuses = ['converged', 'maxEpochs', 'diverged', 'earlyStopped', 'timeLimit', 'stalled'] as const;
export type Status = (typeof statuses)[number];
/** And, of one fit among many, that its data allowed none. */
export const manyStatuses = [...statuses, 'failed'] as const;
export type ManyStatus = (typeof manyStatuses)[number];
/** And what is no end: so many epochs were asked for, and there is more to do. */
export const loopStatuses = [...statuses, 'paused'] as const;
export type LoopStatus = (typeof loopStatuses)[number];

/** Numbers of one loss, rule, schedule, sampler or averaging; a list is padded with zeros. */
export const maxParameters = 12;

export interface Plan {
  loss: number;
  lossParameters: Float64Array;
  rule: number;
  ruleParameters: Float64Array;
  /** in place of the rule; 0: none */
  solver: number;
  solverParameters: Float64Array;
  schedule: number;
  scheduleParameters: Float64Array;
  /** what has no slot among its parameters: milestones, a table, parts (lib/input/schedules) */
  scheduleList: Float64Array;
  sampler: number;
  samplerParameters: Float64Array;
  averaging: number;
  averagingParameters: Float64Array;
  /** of X, used or not */
  rows: number;
  cols: number;
  /** of z, for each row */
  outputs: number;
  /** of y, for each row */
  targets: number;
  validationRows: number;
  batchSize: number;
  epochs: number;
  tolerance: number;
  /** the tolerance is of the objective where that is below 1 */
  scalesTolerance: boolean;
  gradientTolerance: number;
  /** 0: none */
  patience: number;
  minDelta: number;
  /** 0: none */
  maxSeconds: number;
  seed: number;
  l1: number;
  l2: number;
  /** 0: none */
  clipNorm: number;
  /** 0: none */
  clipValue: number;
  /** coefficients have bounds */
  bounded: boolean;
  intercept: boolean;
  standardize: boolean;
  restoreBest: boolean;
  /** the loss history is of each step, not of each epoch */
  stepHistory: boolean;
  /** an epoch's loss is taken anew at the weights that it ends with */
  lossAfterUpdate: boolean;
  /** from so many training rows on, least squares of all rows in every step goes by XᵀX (objective/gramobjective); 0: never */
  gramFrom: number;
  /** epochs after which the fit pauses and hands out its state; 0: never */
  pauseAfter: number;
  /** that it may use; 0: as many as the backend has */
  threads: number;
}

/** Rows that a loss is taken over: all of X, or those that `index` names. */
export interface Table {
  X: Matrix;
  /** rows × targets */
  y: Float64Array;
  /** null: 1; their mean over the table is 1 */
  sampleWeight: Float64Array | null;
  /** rows × outputs; null: 0 */
  offset: Float64Array | null;
  /** null: all rows */
  index: Uint32Array | null;
  /** rows of the table */
  count: number;
}

export function coefficientCount({ outputs, cols }: Plan): number {
  return outputs * cols;
}

/** Of the weights: outputs × cols coefficients and, behind them, the intercepts. */
export function weightCount({ outputs, cols, intercept }: Plan): number {
  return outputs * (cols + (intercept ? 1 : 0));
}

/** What is known of rows: how many numbers, and where behind those of objective/gramobjective objective/scaling has its own. */
export function knownPlaces(plan: Plan): { scaling: number; length: number } {
  const side = plan.cols + (plan.intercept ? 1 : 0);
  const scaling = side * side + 3 + 2 * weightCount(plan);
  return { scaling, length: scaling + 1 + 3 * plan.cols };
}
