// Newton system of some of the weights, and the quadratic model of the objective it defines.
// Twin: native/solver/newtonsystem.cc.
import { coefficientCount, type Plan, softmaxLoss } from '../../backend/plan.js';
import { isAtLower, isAtUpper } from '../kernels/penalties.js';
import { Quadratic } from '../linalg/coordinatedescent.js';
import type { PenalizedObjective } from '../objective/penalizedobjective.js';
import type { Scaling } from '../objective/scaling.js';

export const leastDamping = 1e-6; // damping, as a second derivative of the loss

export class NewtonSystem {
  readonly output: number;
  readonly model: Quadratic;
  readonly #smooth: PenalizedObjective;
  readonly #isCoupled: boolean;
  readonly #columns: number; // how many
  readonly #places: Uint32Array; // of its variables among the weights: coefficients, then intercepts
  readonly #penalized: number; // how many of them, the first, are coefficients
  readonly #hessian: Float64Array; // without l2
  readonly #unit: Float64Array; // the mean square of each variable's column
  readonly #added: Float64Array; // to the diagonal: l2 and damping
  // Of these weights: gradient, where they are, where the model has its minimum, and its slope there.
  readonly #g: Float64Array;
  readonly #w: Float64Array;
  readonly #v: Float64Array;
  readonly #slope: Float64Array;

  /**
   * Of one output, of softmax of all: the coefficients of these columns, and the intercepts. `G`: the Hessian without l2
   * that all outputs have, of all columns; null: it is to be set.
   */
  constructor(
    plan: Plan,
    scaling: Scaling,
    smooth: PenalizedObjective,
    columns: Uint32Array,
    output: number,
    G: Float64Array | null,
  ) {
    this.output = output;
    this.#smooth = smooth;
    this.#isCoupled = plan.loss === softmaxLoss;
    this.#columns = columns.length;
    const outputs = this.#isCoupled ? plan.outputs : 1;
    const penalized = outputs * columns.length;
    const n = penalized + (plan.intercept ? outputs : 0);
    this.#penalized = penalized;
    this.#places = new Uint32Array(n);
    this.#unit = new Float64Array(n).fill(1);
    for (let i = 0; i < n; i++) {
      if (i >= penalized) {
        this.#places[i] = coefficientCount(plan) + output + (i - penalized);
        continue;
      }
      const column = columns[i % columns.length];
      this.#places[i] = (output + Math.floor(i / columns.length)) * plan.cols + column;
      this.#unit[i] = scaling.square[column];
    }
    const { l1, l2, factors, bounds } = smooth.penalty;
    const own = (all: Float64Array) => Float64Array.from(this.#places.subarray(0, penalized), (j) => all[j]);
    this.model = new Quadratic(n, penalized, {
      l1,
      l2,
      factors: factors && own(factors),
      bounds: bounds && { lower: own(bounds.lower), upper: own(bounds.upper) },
    });
    const isWhole = G !== null && columns.length === plan.cols;
    this.#hessian = isWhole ? G : new Float64Array(n * n);
    if (G && !isWhole) this.#gather(G, columns, plan.cols + (plan.intercept ? 1 : 0));
    this.#added = new Float64Array(n);
    this.#g = new Float64Array(n);
    this.#w = new Float64Array(n);
    this.#v = new Float64Array(n);
    this.#slope = new Float64Array(n);
  }

  /**
   * Sets the second derivative of the mean loss by variables j of output k and m of output l, which count the columns, and
   * behind them the intercept. To be completed when all are set.
   */
  set(k: number, j: number, l: number, m: number, h: number): void {
    const row = this.#at(k, j);
    const column = this.#at(l, m);
    const n = this.#places.length;
    this.#hessian[row * n + column] = h;
    this.#hessian[column * n + row] = h;
  }

  /** Adds l2, and what so large a second derivative of the loss would add, to the Hessian's diagonal. */
  complete(damping: number): void {
    const { l2, factors } = this.#smooth.penalty;
    for (let i = 0; i < this.#places.length; i++) {
      const own = i < this.#penalized ? l2 * (factors ? factors[this.#places[i]] : 1) : 0;
      this.#added[i] = own + damping * this.#unit[i];
    }
    this.model.setHessian(this.#hessian, this.#added);
  }

  /**
   * Writes where the model has its minimum to `target`; returns by how much it falls. Gradient, weights and target are of
   * all weights.
   */
  minimizeModel(gradient: Float64Array, weights: Float64Array, modelMinimizer: Float64Array): number {
    const places = this.#places;
    for (let i = 0; i < places.length; i++) {
      this.#g[i] = gradient[places[i]];
      this.#w[i] = weights[places[i]];
    }
    const fall = this.model.minimize(this.#g, this.#w, this.#v);
    for (let i = 0; i < places.length; i++) modelMinimizer[places[i]] = this.#v[i];
    return fall;
  }

  /**
   * Of the model without damping, at its minimum: writes its slope to `gradient`, and returns what the objective could
   * still fall by, where the model is flat but for the least damping.
   */
  unmodelledDecrease(damping: number, gradient: Float64Array): number {
    const { penalty } = this.#smooth;
    const { l1, factors } = penalty;
    const places = this.#places;
    const slope = this.#slope;
    slope.set(this.#g);
    for (let i = 0; i < places.length; i++) {
      const moved = this.model.moved[i];
      if (moved === 0) continue; // often, beside l1
      this.model.addColumn(moved, i, slope);
      slope[i] -= damping * this.#unit[i] * moved;
    }
    let unmodelledDecrease = 0;
    for (let i = 0; i < places.length; i++) {
      const v = this.#v[i];
      gradient[places[i]] = slope[i];
      const bound = i < this.#penalized ? l1 * (factors ? factors[places[i]] : 1) : 0;
      const right = slope[i] + (v < 0 ? -bound : bound);
      const decreaseLeft = slope[i] + (v > 0 ? bound : -bound);
      const isLow = i < this.#penalized && isAtLower(penalty, places[i], v);
      const isHigh = i < this.#penalized && isAtUpper(penalty, places[i], v);
      const steep = right < 0 && !isHigh ? right : decreaseLeft > 0 && !isLow ? decreaseLeft : 0;
      unmodelledDecrease += (0.5 * steep * steep) / (leastDamping * this.#unit[i]);
    }
    return unmodelledDecrease;
  }

  /** Without l1 and bounds: directions, of all `size` weights, in which the Hessian has lost its digits (Quadratic). */
  weakDirections(size: number): Float64Array[] {
    // What the last class would tell the others have told.
    const count = this.#isCoupled ? this.#penalized - this.#columns : this.#places.length;
    return this.model.weakDirections(count).map((own) => {
      const u = new Float64Array(size);
      for (let i = 0; i < own.length; i++) u[this.#places[i]] = own[i];
      return u;
    });
  }

  /** The Hessian from that of all columns, of `side` rows. */
  #gather(G: Float64Array, columns: Uint32Array, side: number): void {
    const n = this.#places.length;
    const inG = (i: number) => (i < columns.length ? columns[i] : side - 1);
    for (let i = 0; i < n; i++) for (let k = 0; k < n; k++) this.#hessian[i * n + k] = G[inG(i) * side + inG(k)];
  }

  /** Where a variable is among the system's. */
  #at(output: number, j: number): number {
    if (!this.#isCoupled) return j;
    return j < this.#columns ? output * this.#columns + j : this.#penalized + output;
  }
}
