// Predictions from z: means, classes and their probabilities.
import { type LossEntry, losses } from '../catalog/losses.js';
import { exp } from '../reference/kernels/math.js';

const identity = (z: number): number => z;

/** The number that a loss predicts from z: e^z, the mean, where it has a log link; else z. */
export function numberOf(loss: keyof typeof losses): (z: number) => number {
  const { predicts, link }: LossEntry = losses[loss];
  return predicts === 'mean' && link !== 'identity' ? exp : identity;
}

/** The place of the class that a model chooses for each row: the largest z, or the sign of the only one. */
export function chosenPlaces(z: Float64Array, outputs: number): Float64Array {
  if (outputs === 1) return z.map((value) => (value > 0 ? 1 : 0));
  const places = new Float64Array(z.length / outputs);
  for (let i = 0; i < places.length; i++) {
    let best = 0;
    for (let k = 1; k < outputs; k++) if (z[i * outputs + k] > z[i * outputs + best]) best = k;
    places[i] = best;
  }
  return places;
}

/** Those losses that tell probabilities. */
export const probabilistic: readonly (keyof typeof losses)[] = ['logistic', 'softmax', 'modified_huber'];

/** rows × classes, of a loss that tells them. */
export function probabilitiesOf(loss: keyof typeof losses, z: Float64Array, outputs: number): Float64Array {
  return loss === 'modified_huber' ? clippedShares(z, outputs) : probabilities(z, outputs);
}

/**
 * Of modified_huber (Zhang 2004): (1 + z)/2 clipped to [0, 1] for a class; of more than two their shares, equal ones
 * where all are 0.
 */
function clippedShares(z: Float64Array, outputs: number): Float64Array {
  const shares = z.map((value) => (1 + (value > 1 ? 1 : value < -1 ? -1 : value)) / 2);
  if (outputs === 1)
    return Float64Array.from({ length: 2 * z.length }, (_, i) => (i % 2 ? shares[i >> 1] : 1 - shares[i >> 1]));
  for (let i = 0; i < shares.length; i += outputs) {
    const row = shares.subarray(i, i + outputs);
    const total = row.reduce((sum, share) => sum + share, 0);
    for (let k = 0; k < outputs; k++) row[k] = total > 0 ? row[k] / total : 1 / outputs;
  }
  return shares;
}

/** rows × classes, of the losses logistic and softmax. */
export function probabilities(z: Float64Array, outputs: number): Float64Array {
  const classes = outputs === 1 ? 2 : outputs;
  const rows = z.length / outputs;
  const out = new Float64Array(rows * classes);
  for (let i = 0; i < rows; i++) {
    // The logistic z is that of class 1 against 0 for class 0.
    const row = outputs === 1 ? [0, z[i]] : z.subarray(i * classes, (i + 1) * classes);
    let largest = row[0];
    for (let k = 1; k < classes; k++) if (row[k] > largest) largest = row[k];
    let total = 0;
    for (let k = 0; k < classes; k++) {
      out[i * classes + k] = exp(row[k] - largest);
      total += out[i * classes + k];
    }
    for (let k = 0; k < classes; k++) out[i * classes + k] /= total;
  }
  return out;
}
