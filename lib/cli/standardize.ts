// Fits on columns of one scale, told on the original one. No learning rate suits a carat and a price alike.
import { NablaError } from '../errors.js';
import { Model } from '../model.js';

interface Data {
  X: Float64Array;
  y: Float64Array;
  cols: number;
}

interface Scale {
  readonly mean: Float64Array;
  readonly deviation: Float64Array;
}

/** x ← (x - mean)/deviation in each of `cols` columns, in the order of the memory; about 0 unless `centred`. */
function scaleColumns(X: Float64Array, cols: number, centred: boolean): Scale {
  const rows = X.length / cols;
  const mean = new Float64Array(cols);
  const deviation = new Float64Array(cols);
  if (centred) {
    const varies = new Uint8Array(cols);
    for (let i = 0; i < X.length; i += cols) {
      for (let j = 0; j < cols; j++) {
        mean[j] += X[i + j];
        if (X[i + j] !== X[j]) varies[j] = 1;
      }
    }
    // The sum of equal numbers, divided, may miss them by a rounding, which would then be scaled up.
    for (let j = 0; j < cols; j++) mean[j] = varies[j] ? mean[j] / rows : X[j];
  }
  for (let i = 0; i < X.length; i += cols) {
    for (let j = 0; j < cols; j++) {
      const x = X[i + j] - mean[j];
      X[i + j] = x;
      deviation[j] += x * x;
    }
  }
  for (let j = 0; j < cols; j++) deviation[j] = Math.sqrt(deviation[j] / rows) || 1;
  for (let i = 0; i < X.length; i += cols) {
    for (let j = 0; j < cols; j++) X[i + j] /= deviation[j];
  }
  return { mean, deviation };
}

const tooLarge = (what: string): NablaError =>
  new NablaError('ERR_NOT_FINITE', `the numbers of ${what} are too large to standardize`);

/**
 * Scales X in place to means of 0 and deviations of 1, and y too where the loss is least squares: its fit is the same
 * on any scale of y, while others (labels, counts) mean what y says. Without an intercept nothing is moved, only scaled.
 *
 * @returns what takes a model fitted to the scaled data back to the original scale
 */
export function standardize(
  { X, y, cols }: Data,
  names: readonly string[],
  loss: string,
  intercept: boolean,
): (model: Model) => Model {
  const { mean, deviation } = scaleColumns(X, cols, intercept);
  const bad = names.find((_, j) => !Number.isFinite(mean[j]) || !Number.isFinite(deviation[j]));
  if (bad !== undefined) throw tooLarge(`column ${bad}`);
  const target = loss === 'squared' ? scaleColumns(y, 1, intercept) : { mean: [0], deviation: [1] };
  const [center] = target.mean;
  const [scale] = target.deviation;
  if (!Number.isFinite(center) || !Number.isFinite(scale)) throw tooLarge('the target');
  return (model) => {
    const json = model.toJSON();
    const coefficients = json.coefficients.map((value, j) => (value * scale) / deviation[j]);
    const shift = coefficients.reduce((sum, value, j) => sum + value * mean[j], 0);
    return Model.fromJSON({
      ...json,
      coefficients,
      intercepts: [model.intercept * scale + center - shift],
      // ½(z - y)² is in squares of the target's unit.
      history: { ...json.history, loss: json.history.loss.map((value) => value * scale ** 2) },
    });
  };
}
