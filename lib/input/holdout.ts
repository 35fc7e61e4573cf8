// Random holdout: rows drawn for validation, or for the command to measure on.
import { Philox } from '../reference/solver/philox.js';

/**
 * Draws `count` of the rows without replacement, the same for the same seed and stream. Both lists are in ascending
 * order. The samplers draw from streams 0, 1, 2, …
 */
export function holdOut(
  rows: number,
  count: number,
  seed: number,
  stream: number,
): { held: Uint32Array; rest: Uint32Array } {
  const order = shuffled(rows, count, seed, stream);
  return { held: order.slice(0, count).sort(), rest: order.slice(count).sort() };
}

/** All rows, the first `count` of them drawn at random without replacement. */
export function shuffled(rows: number, count: number, seed: number, stream: number): Uint32Array {
  const order = Uint32Array.from({ length: rows }, (_, i) => i);
  const philox = new Philox(seed, stream);
  for (let i = 0; i < count; i++) {
    const j = i + philox.below(rows - i, i);
    const other = order[j];
    order[j] = order[i];
    order[i] = other;
  }
  return order;
}
