// Inspection: the object that inspect --json writes.
import type { Optimality, Status } from '../../index.js';
import type { Label, Model } from '../../model/model.js';
import { coefficientNames, type Encoding } from '../csv/encode.js';
import type { ModelFile } from '../fit/modelfile.js';
import { coefficientsOf, type PerClass } from '../fit/report.js';
import type { CheckpointHolding, Holding } from './holding.js';

interface FileFacts {
  readonly file: string;
  readonly bytes: number;
  readonly form: 'json' | 'binary';
  readonly checksum: 'intact' | 'none';
}

export interface CheckpointInspection extends FileFacts {
  readonly kind: 'checkpoint';
  /** The last that was completed. */
  readonly epoch: number;
  readonly lastLoss: number | null;
  readonly lastValidationLoss: number | null;
  readonly lastLearningRate: number | null;
  readonly lastGradientNorm: number | null;
  readonly stateNumbers: number;
  /** Of the fit's data, options and start. */
  readonly fingerprint: string;
}

/** Null is what the file does not know, or what there is not. */
export interface ModelInspection extends FileFacts {
  readonly kind: 'model' | 'estimator';
  readonly writtenBy: string;
  readonly estimator: { readonly name: string; readonly options: object } | null;
  readonly target: string | null;
  readonly offset: string | null;
  readonly loss: Model['loss'];
  readonly lossParameters: Readonly<Record<string, number>>;
  readonly optimizer: string;
  readonly status: Status;
  readonly epochs: number;
  readonly steps: number;
  readonly optimality: Optimality;
  readonly lastLoss: number | null;
  readonly lastValidationLoss: number | null;
  readonly lastGradientNorm: number | null;
  /** Classes in order, or targets where there are several. */
  readonly labels: readonly string[];
  readonly columns: number;
  /** Columns with a coefficient other than 0. */
  readonly nonZero: number;
  readonly intercept: PerClass;
  readonly coefficients: Readonly<Record<string, PerClass>>;
  /** The columns as they were to be told: in the model's order, or the largest coefficients first. */
  readonly order: readonly string[];
  readonly encoding: readonly Encoding[] | null;
  readonly fitted: ModelFile['fitted'];
  /** The rule whose state is kept for partialFit, with its parameters. */
  readonly keptState: object | string | null;
}

export type Inspection = ModelInspection | CheckpointInspection;

function lastOf(series: ArrayLike<number>): number | null {
  const last = series[series.length - 1];
  return Number.isFinite(last) ? last : null;
}

function outputNames({ labels, outputs }: Model<Label>): string[] {
  if (labels.length > 0) return labels.map(String);
  return outputs > 1 ? Array.from({ length: outputs }, (_, k) => `y${k}`) : [];
}

const sizeOf = (value: PerClass): number =>
  typeof value === 'number' ? Math.abs(value) : Math.sqrt(Object.values(value).reduce((sum, w) => sum + w * w, 0));

function inspectModel(holding: Exclude<Holding, CheckpointHolding>, isSorted: boolean) {
  const { model } = holding;
  const file = holding.kind === 'model' ? holding.file : null;
  const cols = model.coefficients.length / model.outputs;
  const names = file ? coefficientNames(file.columns) : Array.from({ length: cols }, (_, j) => `x${j}`);
  const labels = file && file.labels.length > 0 ? file.labels : outputNames(model);
  const { coefficients, intercept } = coefficientsOf(model as Model, names, labels);
  const sizes = new Map(names.map((name) => [name, sizeOf(coefficients[name])]));
  const size = (name: string): number => sizes.get(name) as number;
  const { loss, lossParameters, optimizer, status, epochs, steps, optimality, history, online } = model;
  return {
    kind: holding.kind,
    writtenBy: holding.kind === 'model' ? holding.by : holding.checksum === 'none' ? 'toJSON' : 'save',
    estimator: holding.kind === 'estimator' ? { name: holding.estimator, options: holding.options } : null,
    target: file?.target ?? null,
    offset: file?.offset ?? null,
    loss,
    lossParameters,
    optimizer,
    status,
    epochs,
    steps,
    optimality,
    lastLoss: lastOf(history),
    lastValidationLoss: lastOf(history.validationLoss),
    lastGradientNorm: lastOf(history.gradientNorm),
    labels,
    columns: cols,
    nonZero: names.filter((name) => size(name) > 0).length,
    intercept,
    coefficients,
    order: isSorted ? [...names].sort((a, b) => size(b) - size(a)) : names,
    encoding: file?.columns ?? null,
    fitted: file?.fitted ?? null,
    keptState: online?.optimizer ?? null,
  };
}

/** `isSorted`: the largest coefficients first. */
export function inspectionOf(file: string, holding: Holding, isSorted: boolean): Inspection {
  const { bytes, form, checksum } = holding;
  const facts = { file, bytes, form, checksum };
  if (holding.kind !== 'checkpoint') return { ...facts, ...inspectModel(holding, isSorted) };
  const { kind, fingerprint, loss, validationLoss, learningRate, gradientNorm, state } = holding;
  return {
    ...facts,
    kind,
    epoch: learningRate.length,
    lastLoss: lastOf(loss),
    lastValidationLoss: lastOf(validationLoss),
    lastLearningRate: lastOf(learningRate),
    lastGradientNorm: lastOf(gradientNorm),
    stateNumbers: state,
    fingerprint,
  };
}
