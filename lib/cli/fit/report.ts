// Report of a fit: the object that --json writes.

import { type BestEpoch, bestEpoch } from '../../draw/curve.js';
import type { BackendInfo, Model, ModelJSON, Optimality, Status } from '../../index.js';
import type { MetricsByPart } from './metrics.js';

/** One number, or one for each class of softmax. */
export type PerClass = number | Record<string, number>;

export interface FitReport {
  target: string;
  loss: Model['loss'];
  /** The update rule or solver; what was picked by `auto`. */
  optimizer: string;
  /** The classes of the target in order; empty for numbers. */
  labels: readonly string[];
  rows: number;
  trainingRows: number;
  validationRows: number;
  heldOutRows: number;
  coefficients: Record<string, PerClass>;
  intercept: PerClass;
  /** Null where the fit diverged. */
  metrics: MetricsByPart | null;
  /** Null without validation. */
  bestValidation: BestEpoch | null;
  status: Status;
  epochs: number;
  steps: number;
  /** How far the model is from the minimum of its objective. */
  optimality: Optimality;
  /** What a person should know. */
  warnings: readonly string[];
  /** Of each epoch; the loss of each step on request. */
  history: ModelJSON['history'];
  /** Of the fit alone. */
  seconds: number;
  rowsPerSecond: number;
  readSeconds: number;
  backend: BackendInfo;
  /** What was written. */
  files: { model?: string; plot?: string };
}

/** What a fit has, beside its model. */
export type Outcome = Pick<
  FitReport,
  | 'target'
  | 'labels'
  | 'rows'
  | 'trainingRows'
  | 'validationRows'
  | 'heldOutRows'
  | 'metrics'
  | 'seconds'
  | 'readSeconds'
  | 'backend'
>;

type Warned = Pick<FitReport, 'warnings'>;

/** The coefficients by the names of their columns. */
export function coefficientsOf(
  { outputs, coefficients, intercepts }: Model,
  names: readonly string[],
  labels: readonly string[],
): Pick<FitReport, 'coefficients' | 'intercept'> {
  const perClass = (numberOf: (k: number) => number): PerClass =>
    outputs === 1 ? numberOf(0) : Object.fromEntries(labels.map((label, k) => [label, numberOf(k)]));
  const of = (j: number): PerClass => perClass((k) => coefficients[k * names.length + j]);
  return {
    coefficients: Object.fromEntries(names.map((name, j) => [name, of(j)])),
    intercept: perClass((k) => intercepts[k]),
  };
}

export function reportOf(model: Model, names: readonly string[], outcome: Outcome & Warned): FitReport {
  const { loss, optimizer, status, epochs, steps, optimality } = model;
  const { trainingRows, seconds, labels } = outcome;
  return {
    ...outcome,
    loss,
    optimizer,
    ...coefficientsOf(model, names, labels),
    bestValidation: bestEpoch(model),
    status,
    epochs,
    steps,
    optimality,
    history: model.toJSON().history,
    rowsPerSecond: (trainingRows * epochs) / seconds,
    files: {},
  };
}
