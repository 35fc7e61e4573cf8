// Scale of a change of the loss, by the schedule's learning rate, for the stopping rule.
// A rate near 0 changes no loss, wherever the weights are; so a change counts as the largest rate would have made it.
// Twin: native/solver/pace.h.
import type { Archive } from '../objective/archive.js';

const rounding = 2 ** -50; // of a loss

export class Pace {
  #before = 0; // of the epoch before
  #rises = true;

  /**
   * Told of each epoch its largest rate, its loss and by how much this has moved. Returns how much it would have moved at
   * the schedule's largest rate, to which the change is in proportion, rounding included; infinite where the rate has only
   * risen so far, or is 0.
   */
  change(rate: number, largest: number, loss: number, moved: number): number {
    const factor = this.#factorOf(rate, largest);
    if (factor === 1) return moved;
    return factor < Infinity ? (moved + rounding * Math.abs(loss)) * factor : Infinity;
  }

  #factorOf(rate: number, largest: number): number {
    const lowest = rate < this.#before ? rate : this.#before;
    this.#rises &&= rate > this.#before;
    this.#before = rate;
    return this.#rises || !(lowest > 0) ? Infinity : (largest < rate ? rate : largest) / lowest;
  }

  /** Whether the rate has only risen so far, as in a warm-up. */
  get rises(): boolean {
    return this.#rises;
  }

  serialize(archive: Archive): void {
    this.#before = archive.number(this.#before, 'size');
    this.#rises = archive.flag(this.#rises);
  }
}
