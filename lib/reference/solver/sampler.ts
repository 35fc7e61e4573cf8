// Sampler: which rows make the next batch.
// Twin: native/solver/sampler.h.
import { type Plan, samplerKind, type Table } from '../../backend/plan.js';
import type { Batch } from '../objective/objective.js';
import { Philox } from './philox.js';

export class Sampler {
  readonly isFull: boolean;
  /** Rows taken in an epoch. */
  readonly perEpoch: number;
  /** Steps in an epoch. */
  readonly steps: number;
  readonly #kind: number;
  readonly #once: boolean;
  readonly #rows: number;
  readonly #batchSize: number;
  /** The rows that batches are cut from, in order: those given, or the table's own. */
  readonly #list: Uint32Array | null;
  readonly #order: Uint32Array;
  readonly #philox: Philox;
  #at = 0;
  #isShuffled = false;

  constructor(plan: Plan, table: Table, indices: Uint32Array | null) {
    this.#kind = plan.sampler;
    this.#once = plan.samplerParameters[0] !== 0;
    this.#rows = table.count;
    this.#list = plan.sampler === samplerKind.indices ? indices : table.index;
    this.isFull = plan.sampler === samplerKind.full;
    this.perEpoch = plan.sampler === samplerKind.indices && indices ? indices.length : table.count;
    this.#batchSize = this.isFull ? this.perEpoch : Math.min(plan.batchSize, this.perEpoch);
    this.steps = Math.ceil(this.perEpoch / this.#batchSize);
    this.#philox = new Philox(plan.seed, plan.sampler);
    const drawn = { [samplerKind.shuffled]: table.count, [samplerKind.replacement]: this.#batchSize };
    this.#order = new Uint32Array(drawn[plan.sampler as keyof typeof drawn] ?? 0);
  }

  /** All rows that an epoch takes, once each; those that `indices` names. */
  get everything(): Batch {
    return { start: 0, count: this.perEpoch, index: this.#list };
  }

  get atEnd(): boolean {
    return this.#at >= this.perEpoch;
  }

  beginEpoch(epoch: number): void {
    this.#at = 0;
    this.#philox.setEpoch(this.#once ? 0 : epoch);
    if (this.#kind === samplerKind.shuffled && !(this.#once && this.#isShuffled)) this.#shuffle();
  }

  /** The next batch of this epoch, written to `batch`; not to be called at its end. */
  next(batch: Batch): void {
    batch.start = this.#at;
    batch.count = Math.min(this.#batchSize, this.perEpoch - this.#at);
    batch.index = this.#list;
    if (this.#kind === samplerKind.shuffled) batch.index = this.#order;
    if (this.#kind === samplerKind.replacement) {
      for (let i = 0; i < batch.count; i++) {
        this.#order[i] = this.#row(this.#philox.below(this.#rows, this.#at + i));
      }
      batch.start = 0;
      batch.index = this.#order;
    }
    this.#at += batch.count;
  }

  #row(i: number): number {
    return this.#list ? this.#list[i] : i;
  }

  /** Fisher and Yates from the table's order, so that an epoch's order does not depend on the one before. */
  #shuffle(): void {
    const order = this.#order;
    this.#isShuffled = true;
    for (let i = 0; i < order.length; i++) order[i] = this.#row(i);
    for (let i = order.length - 1; i > 0; i--) {
      const j = this.#philox.below(i + 1, i);
      const other = order[j];
      order[j] = order[i];
      order[i] = other;
    }
  }
}
