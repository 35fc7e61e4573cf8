// Least squares and ridge solved at once: a method of one epoch. Twin: native/solver/exact.h.
import type { Plan, Table } from '../../plan.js';
import { leastSquares } from './leastsquares.js';
import { Method } from './method.js';
import type { Scaling } from './scaling.js';
import type { Smooth } from './smooth.js';

export class Exact extends Method {
  readonly #plan: Plan;
  readonly #table: Table;
  readonly #scaling: Scaling;
  readonly #smooth: Smooth;
  readonly #w: Float64Array;
  readonly #original: Float64Array; // more exact than what becomes of w

  /** `weights`: those of the scaled columns; where they start says nothing. */
  constructor(plan: Plan, table: Table, scaling: Scaling, smooth: Smooth, weights: Float64Array) {
    super();
    this.#plan = plan;
    this.#table = table;
    this.#scaling = scaling;
    this.#smooth = smooth;
    this.#w = weights;
    this.#original = new Float64Array(weights.length);
  }

  /** Returns the objective at the minimum. */
  epoch(): number {
    const gradient = new Float64Array(this.#w.length);
    const zero = this.#smooth.evaluate(this.#w.fill(0), gradient);
    leastSquares(this.#plan, this.#table, this.#scaling, this.#smooth, zero, gradient, this.#original);
    this.#w.set(this.#original);
    this.#scaling.fromOriginal(this.#w);
    const value = this.#smooth.evaluate(this.#w, gradient);
    this.gradientNorm = this.#smooth.norm(this.#w, gradient);
    this.change = 0;
    this.rate = 1;
    this.steps++;
    if (this.#plan.stepHistory) this.stepLosses.push(value);
    this.ended = 'converged';
    return value;
  }

  get result(): Float64Array {
    return this.#w;
  }

  override get original(): Float64Array {
    return this.#original;
  }
}
