// A running average of the weights. Twin: native/solver/averaging.h.
import { averagingKind, type Plan, weightCount } from '../../plan.js';
import { approach } from '../kernels/dense.js';
import type { Archive } from './archive.js';

export class Averaging {
  readonly #kind: number;
  readonly #decay: number;
  readonly #start: number;
  readonly #average: Float64Array;
  #begun = false;

  constructor(plan: Plan) {
    this.#kind = plan.averaging;
    this.#decay = plan.averagingParameters[0];
    this.#start = plan.averagingParameters[plan.averaging === averagingKind.ema ? 1 : 0];
    this.#average = new Float64Array(plan.averaging === averagingKind.none ? 0 : weightCount(plan));
  }

  /** After step t, counted from 1: w̄ += (w - w̄)/(t - start + 1) (Polyak), or w̄ += (1 - decay)(w - w̄). */
  add(weights: Float64Array, t: number): void {
    if (this.#kind === averagingKind.none || t < this.#start) return;
    if (t === this.#start) this.#average.set(weights);
    const part = this.#kind === averagingKind.polyak ? 1 / (t - this.#start + 1) : 1 - this.#decay;
    approach(part, weights, this.#average);
    this.#begun = true;
  }

  /** The average once it has begun, else the weights themselves. */
  of(weights: Float64Array): Float64Array {
    return this.#begun ? this.#average : weights;
  }

  exchange(archive: Archive): void {
    this.#begun = archive.flag(this.#begun);
    archive.array(this.#average);
  }
}
