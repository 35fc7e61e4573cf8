// From z to classes and their probabilities.
import { exp } from './reference/kernels/math.js';

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
