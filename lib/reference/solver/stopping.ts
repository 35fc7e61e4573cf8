// When a fit has converged. Twin: native/solver/stopping.h.

export class Stopping {
  readonly #tolerance: number;
  #previous = Infinity;

  constructor(tolerance: number) {
    this.#tolerance = tolerance;
  }

  /** True when the loss changed by less than the tolerance since the epoch before. */
  converged(loss: number): boolean {
    const still = Math.abs(loss - this.#previous) < this.#tolerance;
    this.#previous = loss;
    return still;
  }
}
