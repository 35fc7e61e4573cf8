// How well a model meets rows: what the command reports of the library's metrics.
import type { MeanMetrics, Model, ValueMetrics } from '../index.js';
import type { ClassMetrics } from '../metrics/evaluate.js';
import type { Rows } from './encode.js';

export type Metrics =
  | Pick<ValueMetrics, 'kind' | 'loss' | 'r2' | 'rmse'>
  | Pick<MeanMetrics, 'kind' | 'loss' | 'deviance' | 'rmse'>
  | Pick<ClassMetrics, 'kind' | 'loss' | 'accuracy' | 'logLoss'>;

export function metrics(model: Model, { X, y, sampleWeight, offset }: Rows): Metrics {
  const all = model.evaluate(X, y, { sampleWeight, offset });
  const { kind, loss } = all;
  switch (kind) {
    case 'value':
      return { kind, loss, r2: all.r2, rmse: all.rmse };
    case 'mean':
      return { kind, loss, deviance: all.deviance, rmse: all.rmse };
    case 'class':
      return { kind, loss, accuracy: all.accuracy, logLoss: all.logLoss };
  }
}
