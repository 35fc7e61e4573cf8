// Stopping rules: what ends a fit before its last epoch.
// Twin: native/solver/stopping.h.
import type { Plan } from '../../backend/plan.js';
import type { Archive } from '../objective/archive.js';

/** What a change of the objective is held against. */
export function toleranceOf({ tolerance, scalesTolerance }: Plan, objective: number): number {
  const size = Math.abs(objective);
  return scalesTolerance && size < 1 ? tolerance * size : tolerance;
}

export class Stopping {
  readonly #plan: Plan;
  #start = performance.now();
  #best = Infinity;
  #waited = 0;
  #least = Infinity; // of what `isBest` was asked about

  constructor(plan: Plan) {
    this.#plan = plan;
  }

  /** By how much an objective may move still. */
  toleranceAt(objective: number): number {
    return toleranceOf(this.#plan, objective);
  }

  /** Whether this epoch is the best so far; `loss` is the one that is watched. While the rate `rises`, none is waited for. */
  improved(loss: number, rises: boolean): boolean {
    const better = loss < this.#best - this.#plan.minDelta;
    if (better) this.#best = loss;
    this.#waited = better ? 0 : this.#waited + Number(!rises);
    return better;
  }

  /** Whether an objective at the weights themselves is the best so far, for `restoreBest` without a validation. */
  isBest(objective: number): boolean {
    const better = objective < this.#least - this.#plan.minDelta;
    if (better) this.#least = objective;
    return better;
  }

  get outOfPatience(): boolean {
    return this.#plan.patience > 0 && this.#waited >= this.#plan.patience;
  }

  get outOfTime(): boolean {
    const { maxSeconds } = this.#plan;
    return maxSeconds > 0 && this.#elapsed >= maxSeconds;
  }

  get #elapsed(): number {
    return (performance.now() - this.#start) / 1000;
  }

  serialize(archive: Archive): void {
    this.#best = archive.number(this.#best, 'notNaN');
    this.#waited = archive.count(this.#waited);
    this.#least = archive.number(this.#least, 'notNaN');
    // A time is nothing that two runs share; without a limit it is not put away.
    if (this.#plan.maxSeconds > 0) this.#start = performance.now() - 1000 * archive.number(this.#elapsed, 'size');
  }
}
