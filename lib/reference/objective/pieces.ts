// Piecewise-linear loss of a row as terms max d·m over low <= d <= low + 1.
// Each is multiplied by the row's weight; the margin m is y - z (of perceptron -z) less an offset. Twin:
// native/objective/pieces.h.
import { epsilonInsensitiveLoss, hingeLoss, type Plan, perceptronLoss } from '../../backend/plan.js';

/** Terms of a row. */
export function pieceCount({ loss }: Plan): number {
  return loss === epsilonInsensitiveLoss ? 2 : 1;
}

/** The lower end of a term's box. */
export function lowOf({ loss, lossParameters }: Plan, piece: number, y: number): number {
  if (loss === hingeLoss || loss === perceptronLoss) return y > 0 ? 0 : -1;
  return loss === epsilonInsensitiveLoss ? -piece : lossParameters[0] - 1;
}

/** A row's margin but for the wall. */
export function marginOf({ loss }: Plan, y: number, z: number): number {
  return loss === perceptronLoss ? -z : y - z;
}

export function wallOf({ loss, lossParameters }: Plan, piece: number): number {
  if (loss !== epsilonInsensitiveLoss) return 0;
  return piece > 0 ? -lossParameters[0] : lossParameters[0];
}
