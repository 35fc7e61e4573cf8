// evaluate and score: the usual metrics of a kind of model, or the one that serves as its score.
import { losses } from '../catalog/losses.js';
import type { Label } from '../input/labels.js';
import { accuracy, type ClassMetrics, classMetrics } from './classes.js';
import { d2, type MeanMetrics, meanMetrics } from './means.js';
import { measure } from './measure.js';
import type { Predictor } from './predictor.js';
import { r2, type ValueMetrics, valueMetrics } from './values.js';

export type { ClassMetrics, ConfusionCells } from './classes.js';
export type { MeanMetrics } from './means.js';
export type { MeasureOptions } from './measure.js';
export type { ValueMetrics } from './values.js';

/** Metrics, told apart by `kind`. */
export type Metrics<L extends Label = number> = ValueMetrics | MeanMetrics | ClassMetrics<L>;

export function evaluate<L extends Label>(model: Predictor<L>, X: unknown, y: unknown, options: unknown): Metrics<L> {
  const measured = measure(model, X, y, options);
  const { predicts } = losses[model.loss];
  if (predicts === 'class') return classMetrics(model, measured);
  return predicts === 'mean' ? meanMetrics(measured) : valueMetrics(model, measured);
}

/** NaN where it is undefined. */
export function score(model: Predictor, X: unknown, y: unknown, options: unknown): number {
  const measured = measure(model, X, y, options);
  const { predicts } = losses[model.loss];
  if (predicts === 'class') return accuracy(measured);
  return (predicts === 'mean' ? d2(measured) : r2(measured)) ?? NaN;
}
