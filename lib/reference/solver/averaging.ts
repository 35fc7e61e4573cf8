// Running average of the weights: Polyak's, or exponential.
// Twin: native/solver/averaging.h.
import { averagingKind, type Plan, weightCount } from '../../backend/plan.js';
import { approach } from '../kernels/dense.js';
import type { Archive } from '../objective/archive.js';

export class Averaging {
  readonly #kind: number;
  readonly #decay: number;
  readonly #start: number;
  readonly #average: Float64Array;
  #begun = false;
  #first = 0; // the step with which it has begun

  constructor(plan: Plan) {
    this.#kind = plan.averaging;
    this.#decay = plan.averagingParameters[0];
    this.#start = plan.averagingParameters[plan.averaging === averagingKind.ema ? 1 : 0];
    this.#average = new Float64Array(plan.averaging === averagingKind.none ? 0 : weightCount(plan));
  }

  /** After step t, counted from 1: w̄ += (w - w̄)/(t - start + 1) (Polyak), or w̄ += (1 - decay)(w - w̄). */
  add(weights: Float64Array, t: number): void {
    if (this.#kind === averagingKind.none || t < this.#start) return;
    if (!this.#begun) {
      this.#average.set(weights);
      this.#first = t;
      this.#begun = true;
    }
    const part = this.#kind === averagingKind.polyak ? 1 / (t - this.#first + 1) : 1 - this.#decay;
    approach(part, weights, this.#average);
  }

  /** The average once it has begun, else the weights themselves. */
  of(weights: Float64Array): Float64Array {
    return this.#begun ? this.#average : weights;
  }

  get hasBegun(): boolean {
    return this.#begun;
  }

  get first(): number {
    return this.#first;
  }

  serialize(archive: Archive): void {
    this.#begun = archive.flag(this.#begun);
    archive.require(!this.#begun || this.#kind !== averagingKind.none);
    this.#first = archive.count(this.#first);
    archive.array(this.#average);
  }

  /** What goes on in the next fit; an average that this one does not keep is left out. `size`: of the weights. */
  carry(archive: Archive, size: number): void {
    const begun = archive.flag(this.#begun);
    if (!begun) return;
    const first = archive.count(this.#first);
    const isKept = this.#kind !== averagingKind.none;
    archive.array(isKept ? this.#average : new Float64Array(size));
    if (!isKept) return;
    this.#begun = true;
    this.#first = first;
  }
}
