// An update rule with its state. Twin: native/solver/optimizer.h.
import type { Rule, UpdatePass } from '../kernels/updates.js';

export class Optimizer {
  readonly #pass: UpdatePass;
  readonly #state: Float64Array[] = [];
  readonly #running = new Float64Array(4).fill(1);
  readonly #coefficients = new Float64Array(8);

  constructor(
    readonly rule: Rule,
    readonly parameters: Float64Array,
    readonly size: number,
  ) {
    this.#pass = rule.pass(parameters);
    for (let k = 0; k < rule.states; k++) {
      this.#state.push(new Float64Array(size).fill(rule.initialState(parameters)));
    }
  }

  /** Step t, counted from 1, at this learning rate. */
  step(weights: Float64Array, gradient: Float64Array, rate: number, t: number): void {
    this.rule.begin(this.parameters, rate, t, this.#running, this.#coefficients);
    this.#pass(weights, gradient, this.#state, this.size, this.#coefficients);
  }
}
