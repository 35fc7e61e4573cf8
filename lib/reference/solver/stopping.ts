// When a fit ends before its last epoch. Twin: native/solver/stopping.h.
import type { Plan } from '../../plan.js';

export class Stopping {
  readonly #plan: Plan;
  readonly #start = performance.now();
  #previous = Infinity;
  #best = Infinity;
  #waited = 0;

  constructor(plan: Plan) {
    this.#plan = plan;
  }

  /** True when the loss changed by less than the tolerance since the epoch before, or the gradient is that short. */
  converged(loss: number, gradientNorm: number): boolean {
    const still = Math.abs(loss - this.#previous) < this.#plan.tolerance;
    this.#previous = loss;
    return still || gradientNorm < this.#plan.gradientTolerance;
  }

  /** Whether this epoch is the best so far; `loss` is the one that is watched. */
  improved(loss: number): boolean {
    const better = loss < this.#best - this.#plan.minDelta;
    if (better) this.#best = loss;
    this.#waited = better ? 0 : this.#waited + 1;
    return better;
  }

  get outOfPatience(): boolean {
    return this.#plan.patience > 0 && this.#waited >= this.#plan.patience;
  }

  get outOfTime(): boolean {
    const { maxSeconds } = this.#plan;
    return maxSeconds > 0 && (performance.now() - this.#start) / 1000 >= maxSeconds;
  }
}
