// Report of a path or its cross-validation: the object that --json writes.
import type { CrossValidation, Model, Path, Status } from '../../index.js';
import { meanLoss, measure } from '../../metrics/measure.js';
import type { Parts } from '../csv/sources.js';
import { type MetricsByPart, metricsByPart } from '../fit/metrics.js';
import { coefficientsOf, type FitReport, type Outcome } from '../fit/report.js';
import type { PathRequest } from './pathrequest.js';

/** A number for each λ, or that for each class. */
export type AlongLambda = number[] | Record<string, number[]>;

/** The model that was chosen. */
export interface Chosen extends Pick<FitReport, 'coefficients' | 'intercept'> {
  readonly lambda: number;
  readonly by: 'lambda' | 'min' | '1se';
  /** Columns with a coefficient other than 0. */
  readonly nonZero: number;
  readonly status: Status;
  /** Null where the fit diverged. */
  readonly metrics: MetricsByPart | null;
}

export interface PathReport extends Omit<Outcome, 'metrics'> {
  loss: Model['loss'];
  optimizer: string;
  l1Ratio: number;
  /** Falling. All that follows has a place for each. */
  lambdas: number[];
  nonZero: number[];
  devianceRatio: number[];
  /** The mean loss on the rows of the fit, without penalty. */
  trainingLoss: number[];
  /** And on those held out; null where there are none. */
  heldOutLoss: number[] | null;
  status: Status[];
  epochs: number[];
  coefficients: Record<string, AlongLambda>;
  intercept: AlongLambda;
  /** Null without. */
  crossValidation: {
    folds: number;
    /** Of these, without a say. */
    leftOut: CrossValidation['leftOut'];
    measure: CrossValidation['measure'];
    mean: number[];
    standardError: number[];
    lambdaMin: number;
    lambda1se: number;
  } | null;
  /** Null where no λ is asked for. */
  chosen: Chosen | null;
  /** Of the model that was chosen, what a person should know. */
  warnings: readonly string[];
  /** What was written. */
  files: { model?: string; plot?: string; pathPlot?: string };
}

/** The loss of each model on rows that it was not fitted to. */
function heldOutLosses({ models }: Path, { heldOut }: Parts): number[] | null {
  if (!heldOut) return null;
  const { X, y, sampleWeight, offset } = heldOut;
  // What diverged may be too large for its loss to be a number.
  const lossOf = (model: Model): number => meanLoss(measure(model, X, y, { sampleWeight, offset }));
  return models.map((model) => (model.status === 'diverged' ? NaN : lossOf(model)));
}

/** The λ that is asked for, and its model. */
export function choose(
  path: Path,
  cv: CrossValidation | null,
  choice: PathRequest['choice'],
): (Pick<Chosen, 'lambda' | 'by'> & { model: Model }) | null {
  if (choice === null) return null;
  if (typeof choice === 'number') return { lambda: choice, by: 'lambda', model: path.at(choice) };
  const { lambdaMin, lambda1se, model, model1se } = cv as CrossValidation;
  return choice === 'min'
    ? { lambda: lambdaMin, by: choice, model }
    : { lambda: lambda1se, by: choice, model: model1se };
}

export function pathReportOf(
  path: Path,
  cv: CrossValidation | null,
  chosen: ReturnType<typeof choose>,
  names: readonly string[],
  parts: Parts,
  outcome: Omit<Outcome, 'metrics'> & Pick<PathReport, 'warnings'>,
): PathReport {
  const { labels } = outcome;
  const { models, l1Ratio, lambdas, nonZero, devianceRatio, losses, status, epochs } = path;
  const { loss, optimizer, outputs } = models[0];
  const along = (numberOf: (model: Model, k: number) => number): AlongLambda => {
    const of = (k: number) => models.map((model) => numberOf(model, k));
    return outputs === 1 ? of(0) : Object.fromEntries(labels.map((label, k) => [label, of(k)]));
  };
  const coefficients = names.map((name, j) => {
    return [name, along(({ coefficients }, k) => coefficients[k * names.length + j])] as const;
  });
  return {
    ...outcome,
    loss,
    optimizer,
    l1Ratio,
    lambdas: [...lambdas],
    nonZero: [...nonZero],
    devianceRatio: [...devianceRatio],
    trainingLoss: [...losses],
    heldOutLoss: heldOutLosses(path, parts),
    status,
    epochs,
    coefficients: Object.fromEntries(coefficients),
    intercept: along(({ intercepts }, k) => intercepts[k]),
    crossValidation: cv && {
      folds: new Set(cv.foldIds).size,
      leftOut: cv.leftOut,
      measure: cv.measure,
      mean: [...cv.mean],
      standardError: [...cv.standardError],
      lambdaMin: cv.lambdaMin,
      lambda1se: cv.lambda1se,
    },
    chosen: chosen && chosenOf(chosen, names, labels, parts),
    files: {},
  };
}

function chosenOf(
  { lambda, by, model }: NonNullable<ReturnType<typeof choose>>,
  names: readonly string[],
  labels: readonly string[],
  parts: Parts,
): Chosen {
  const { coefficients, outputs, status } = model;
  const zeros = names.filter((_, j) => {
    return Array.from({ length: outputs }, (_, k) => coefficients[k * names.length + j]).every((w) => w === 0);
  });
  return {
    lambda,
    by,
    nonZero: names.length - zeros.length,
    status,
    ...coefficientsOf(model, names, labels),
    metrics: status === 'diverged' ? null : metricsByPart(model, parts, labels),
  };
}
