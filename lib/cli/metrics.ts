// How well a model meets rows: in each measure a row counts as its sample weight says.
import { losses } from '../catalog.js';
import type { FitOptions, Model } from '../index.js';
import { readChoice } from '../read.js';
import { losses as formulas } from '../reference/kernels/losses.js';
import type { Rows } from './encode.js';

/** `loss` is the mean loss, without penalty. */
export type Metrics =
  /** r2: 1 - Σ(y - z)²/Σ(y - ȳ)², null where y does not vary. */
  | { readonly kind: 'value'; readonly loss: number; readonly r2: number | null; readonly rmse: number }
  /** deviance: twice the mean of what the loss is above the least for y; rmse on the scale of y. */
  | { readonly kind: 'mean'; readonly loss: number; readonly deviance: number; readonly rmse: number }
  /** logLoss: null for losses without probabilities. */
  | { readonly kind: 'class'; readonly loss: number; readonly accuracy: number; readonly logLoss: number | null };

export function metrics(model: Model, data: Rows, options: FitOptions): Metrics {
  const { X, y, rows, sampleWeight, offset } = data;
  const weight = (i: number): number => (sampleWeight ? sampleWeight[i] : 1);
  /** The weighted mean over the rows. */
  const mean = (of: (i: number) => number): number => {
    let sum = 0;
    let weights = 0;
    for (let i = 0; i < rows; i++) {
      if (weight(i) === 0) continue;
      sum += weight(i) * of(i);
      weights += weight(i);
    }
    return sum / weights;
  };

  const { index, name, parameters } = readChoice('loss', options.loss ?? 'squared', losses);
  const { predicts } = losses[name as keyof typeof losses];
  const z = model.decision(X, offset);
  const terms = new Float64Array(1);
  const one = new Float64Array(model.outputs);
  const lossAt = (row: number, zOf: (k: number) => number): number => {
    for (let k = 0; k < one.length; k++) one[k] = zOf(k);
    const outputs = one.length;
    const args = { y, yAt: row, z: one, weights: null, weightsAt: 0, n: 1, outputs, stride: 1, parameters, terms };
    return formulas[index].gradient(args);
  };
  const loss = mean((i) => lossAt(i, (k) => z[i * one.length + k]));

  const predictions = model.predict(X, offset);
  if (predicts === 'class') {
    const hasProbabilities = name === 'logistic' || name === 'softmax';
    const accuracy = mean((i) => Number(predictions[i] === y[i]));
    return { kind: 'class', loss, accuracy, logLoss: hasProbabilities ? loss : null };
  }
  const error = mean((i) => (y[i] - predictions[i]) ** 2);
  const rmse = Math.sqrt(error);
  if (predicts === 'mean') {
    // The loss is least at z = ln y; where y = 0 it goes to 0 as z falls.
    const least = mean((i) => (y[i] > 0 ? lossAt(i, () => Math.log(y[i])) : 0));
    return { kind: 'mean', loss, deviance: 2 * (loss - least), rmse };
  }
  const center = mean((i) => y[i]);
  const total = mean((i) => (y[i] - center) ** 2);
  return { kind: 'value', loss, r2: total > 0 ? 1 - error / total : null, rmse };
}
