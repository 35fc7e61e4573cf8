// Which rows make the next batch. Twin: native/solver/sampler.h.
import { type Plan, samplerKind } from '../../plan.js';
import type { Batch } from './objective.js';
import { Philox } from './philox.js';

export class Sampler {
  readonly isFull: boolean;
  /** Rows taken in an epoch. */
  readonly perEpoch: number;
  /** Rows of the largest batch. */
  readonly largest: number;
  readonly #kind: number;
  readonly #rows: number;
  readonly #index: Uint32Array | null;
  readonly #philox: Philox;
  #at = 0;

  constructor(plan: Plan, rows: number, indices: Uint32Array | null) {
    this.#kind = plan.sampler;
    this.isFull = plan.sampler === samplerKind.full;
    this.perEpoch = plan.sampler === samplerKind.indices && indices ? indices.length : rows;
    this.largest = this.isFull ? this.perEpoch : Math.min(plan.batchSize, this.perEpoch);
    this.#rows = rows;
    this.#philox = new Philox(plan.seed, plan.sampler);
    this.#index =
      plan.sampler === samplerKind.shuffled
        ? new Uint32Array(rows)
        : plan.sampler === samplerKind.replacement
          ? new Uint32Array(this.largest)
          : indices;
  }

  beginEpoch(epoch: number): void {
    this.#at = 0;
    this.#philox.setEpoch(epoch);
    if (this.#kind === samplerKind.shuffled) this.#shuffle();
  }

  /** The next batch of this epoch, written to `batch`; false at its end. */
  next(batch: Batch): boolean {
    if (this.#at >= this.perEpoch) return false;
    const count = Math.min(this.largest, this.perEpoch - this.#at);
    batch.start = this.#at;
    batch.count = count;
    batch.index = this.#index;
    if (this.#kind === samplerKind.replacement && this.#index) {
      for (let i = 0; i < count; i++) this.#index[i] = this.#philox.below(this.#rows, this.#at + i);
      batch.start = 0;
    }
    this.#at += count;
    return true;
  }

  /** Fisher and Yates from the identity, so that an epoch's order does not depend on the one before. */
  #shuffle(): void {
    const order = this.#index as Uint32Array;
    for (let i = 0; i < order.length; i++) order[i] = i;
    for (let i = order.length - 1; i > 0; i--) {
      const j = this.#philox.below(i + 1, i);
      const other = order[j];
      order[j] = order[i];
      order[i] = other;
    }
  }
}
