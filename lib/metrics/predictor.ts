// Predictor interface: what metrics ask of a model.
import type { Matrix } from '../base/arrays.js';
import type { losses } from '../catalog/losses.js';
import type { Label } from '../input/labels.js';

/** A model as metrics see it: its loss, its classes, and z of rows. */
export interface Predictor<L extends Label = Label> {
  readonly loss: keyof typeof losses;
  readonly lossParameters: Readonly<Record<string, number>>;
  /** The classes; empty for numbers. */
  readonly labels: readonly L[];
  readonly outputs: number;
  /** outputs × cols. */
  readonly coefficients: Float64Array;
  /** z = X·coefficients + intercepts (+ offset), rows × outputs, finite or not. */
  linear(X: Matrix, offset?: Float64Array): Float64Array;
}
