// Which rows are fitted to and which are held out to measure on.
import { Philox } from '../reference/solver/philox.js';

/** The samplers draw from streams 0, 1, 2, …; this one is its own. */
const stream = 0x73706c74;

export function allRows(rows: number): Uint32Array {
  return Uint32Array.from({ length: rows }, (_, i) => i);
}

/**
 * Draws `part` of the rows by chance, the same for the same seed, and leaves one to fit to at least. Both lists are in
 * the order of the file.
 */
export function split(rows: number, part: number, seed: number): { training: Uint32Array; heldOut: Uint32Array } {
  const order = allRows(rows);
  const out = Math.min(Math.round(rows * part), rows - 1);
  const philox = new Philox(seed, stream);
  for (let i = 0; i < out; i++) {
    const j = i + philox.below(rows - i, i);
    const other = order[j];
    order[j] = order[i];
    order[i] = other;
  }
  return { heldOut: order.slice(0, out).sort(), training: order.slice(out).sort() };
}
