// Split of the rows into those fitted and those held out.
import { holdOut } from '../../input/holdout.js';

/** Of draws: its own, so that the rows are not those that validation would draw. */
const stream = 0x73706c74;

export function allRows(rows: number): Uint32Array {
  return Uint32Array.from({ length: rows }, (_, i) => i);
}

/**
 * Draws `part` of the rows by chance, the same for the same seed, and leaves one to fit to at least. Both lists are in
 * the order of the file.
 */
export function split(rows: number, part: number, seed: number): { training: Uint32Array; heldOut: Uint32Array } {
  const count = Math.min(Math.round(rows * part), rows - 1);
  const { held, rest } = holdOut(rows, count, seed, stream);
  return { heldOut: held, training: rest };
}
