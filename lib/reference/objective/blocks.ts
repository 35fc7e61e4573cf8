// Blocks of rows, whose borders depend on the shape alone, and the pairwise tree of their sums.
// Partial results are added in block order (ARCHITECTURE.md, the law, 3). Twin: native/objective/blocks.h.
import { axpy } from '../kernels/dense.js';

/** Doubles of X in a block: 16 KiB stay in L1 between the two passes over them. */
const blockDoubles = 2048;
export const maxBlockRows = blockDoubles / 8;

/** A multiple of eight; at least eight however wide a row is, at most 256 however narrow. */
export function rowsPerBlock(cols: number): number {
  return Math.max(8, Math.floor(blockDoubles / Math.max(cols, 8) / 8) * 8);
}

/**
 * Adds partial results as they come: two neighbours of 2^k blocks become one of 2^(k+1); what is left at the end
 * is added from the last to the first. Holds at most log2(blocks) + 1 partials.
 */
export class Tree {
  readonly #size: number;
  readonly #partials: Float64Array[] = [];
  #count = 0;
  #top = 0;

  constructor(size: number) {
    this.#size = size;
  }

  reset(): void {
    this.#count = 0;
    this.#top = 0;
  }

  /** The next block's partial, all +0, to be filled before push(). */
  next(): Float64Array {
    this.#partials[this.#top] ??= new Float64Array(this.#size);
    return this.#partials[this.#top].fill(0);
  }

  push(): void {
    this.#top++;
    this.#count++;
    for (let n = this.#count; n % 2 === 0; n /= 2) this.#join();
  }

  /** The sum of all; valid until the next reset(). */
  total(): Float64Array {
    while (this.#top > 1) this.#join();
    return this.#partials[0];
  }

  #join(): void {
    this.#top--;
    axpy(1, this.#partials[this.#top], this.#partials[this.#top - 1]);
  }
}
