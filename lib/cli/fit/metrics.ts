// Metrics of a model with the class names of the file.
import type { ClassMetrics, MeanMetrics, Model, ValueMetrics } from '../../index.js';
import type { Rows } from '../csv/encode.js';
import type { Parts } from '../csv/sources.js';

type ByClass = Readonly<Record<string, number>>;

/** {@link ClassMetrics}, by name. */
export interface NamedMetrics
  extends Pick<
    ClassMetrics,
    'kind' | 'loss' | 'accuracy' | 'balancedAccuracy' | 'mcc' | 'auc' | 'logLoss' | 'brier' | 'macro' | 'weighted'
  > {
  readonly labels: readonly string[];
  /** For each class the rows that are predicted to be of each; empty for more than 1,000 classes. */
  readonly confusion: readonly (readonly number[])[];
  /** Of these, what is not 0: a class, the one predicted, and how many rows; null for fewer. */
  readonly confusionCells: readonly (readonly [string, string, number])[] | null;
  readonly precision: ByClass;
  readonly recall: ByClass;
  readonly f1: ByClass;
  readonly support: ByClass;
}

export type Metrics = ValueMetrics | MeanMetrics | NamedMetrics;

function named(metrics: ClassMetrics, labels: readonly string[]): NamedMetrics {
  const k = labels.length;
  const { confusion, confusionCells: cells, precision, recall, f1, support } = metrics;
  const byClass = (values: Float64Array): ByClass => Object.fromEntries(labels.map((label, i) => [label, values[i]]));
  return {
    ...metrics,
    labels,
    confusion: cells ? [] : labels.map((_, i) => [...confusion.subarray(i * k, (i + 1) * k)]),
    confusionCells:
      cells && Array.from(cells.rows, (rows, i) => [labels[cells.truth[i]], labels[cells.predicted[i]], rows] as const),
    precision: byClass(precision),
    recall: byClass(recall),
    f1: byClass(f1),
    support: byClass(support),
  };
}

export function metricsOf(model: Model, { X, y, sampleWeight, offset }: Rows, labels: readonly string[]): Metrics {
  const metrics = model.evaluate(X, y, { sampleWeight, offset });
  return metrics.kind === 'class' ? named(metrics, labels) : metrics;
}

/** On each part of the rows; null where there are none. */
export interface MetricsByPart {
  readonly training: Metrics;
  readonly validation: Metrics | null;
  readonly heldOut: Metrics | null;
}

export function metricsByPart(
  model: Model,
  { training, validation, heldOut }: Parts,
  labels: readonly string[],
): MetricsByPart {
  const of = (rows: Rows | null): Metrics | null => rows && metricsOf(model, rows, labels);
  return { training: metricsOf(model, training, labels), validation: of(validation), heldOut: of(heldOut) };
}
