// Working set of columns where l1 or bounds hold most coefficients.
// It has the columns of coefficients that are not held, and those of the held ones whose violation is largest (Johnson
// and Guestrin 2015; Massias, Gramfort and Salmon 2018). Twin: native/solver/workingset.cc.
import { coefficientCount, type Plan } from '../../backend/plan.js';
import { isAtLower, isAtUpper } from '../kernels/penalties.js';
import type { PenalizedObjective } from '../objective/penalizedobjective.js';
import type { Scaling } from '../objective/scaling.js';

const fewest = 64; // columns that may join at once, if half of those that are in are fewer

export class WorkingSet {
  readonly #plan: Plan;
  readonly #scaling: Scaling;
  readonly #smooth: PenalizedObjective;
  readonly #gains: Float64Array;
  /** Ascending. */
  columns: Uint32Array;

  constructor(
    plan: Plan,
    scaling: Scaling,
    smooth: PenalizedObjective,
    /** Coefficients may be held, and columns left out. */
    readonly isSparse: boolean,
  ) {
    this.#plan = plan;
    this.#scaling = scaling;
    this.#smooth = smooth;
    this.#gains = new Float64Array(isSparse ? plan.cols : 0);
    this.columns = Uint32Array.from({ length: isSparse ? 0 : plan.cols }, (_, j) => j);
  }

  get isWhole(): boolean {
    return this.columns.length === this.#plan.cols;
  }

  /** Chooses anew, from weights and their gradient. Returns whether that changes anything. */
  choose(weights: Float64Array, gradient: Float64Array): boolean {
    if (!this.isSparse) return false;
    const before = this.columns;
    const gains = this.#gains;
    const columns: number[] = [];
    const left: number[] = [];
    for (let j = 0; j < this.#plan.cols; j++) {
      gains[j] = this.#gain(j, weights, gradient);
      if (!this.#isHeld(j, weights)) columns.push(j);
      else if (gains[j] > 0) left.push(j);
    }
    left.sort((a, b) => (gains[a] === gains[b] ? a - b : gains[a] > gains[b] ? -1 : 1));
    const joining = left.slice(0, Math.max(fewest, Math.floor(columns.length / 2)));
    this.columns = Uint32Array.from([...columns, ...joining]).sort();
    return before.length !== this.columns.length || before.some((j, i) => j !== this.columns[i]);
  }

  /**
   * What the objective could fall by if each coefficient that is left out went its own way; `bend`: of each output, the
   * mean of the loss's second derivative.
   */
  decreaseOutsideWorkingSet(weights: Float64Array, gradient: Float64Array, curvature: Float64Array): number {
    const { cols, outputs } = this.#plan;
    let gain = 0;
    let next = 0;
    for (let column = 0; column < cols && !this.isWhole; column++) {
      if (this.columns[next] === column) {
        next++;
        continue;
      }
      for (let k = 0; k < outputs; k++) {
        const steep = this.#slope(k * cols + column, weights, gradient);
        if (steep > 0) gain += (0.5 * steep * steep) / (curvature[k] * this.#scaling.square[column]);
      }
    }
    return gain;
  }

  #bound(place: number): number {
    const { l1, factors } = this.#smooth.penalty;
    return l1 * (factors ? factors[place] : 1);
  }

  /** Whether a column's coefficients are all at 0 and l1 holds them there, or at bounds. */
  #isHeld(column: number, weights: Float64Array): boolean {
    const { penalty } = this.#smooth;
    for (let j = column; j < coefficientCount(this.#plan); j += this.#plan.cols) {
      const w = weights[j];
      if (!((w === 0 && this.#bound(j) > 0) || isAtLower(penalty, j, w) || isAtUpper(penalty, j, w))) return false;
    }
    return true;
  }

  /** How steeply the objective falls where a coefficient leaves its place, the way that it may go. */
  #slope(place: number, weights: Float64Array, gradient: Float64Array): number {
    const { penalty } = this.#smooth;
    const w = weights[place];
    const most = this.#bound(place);
    const right = gradient[place] + (w < 0 ? -most : most);
    const left = gradient[place] + (w > 0 ? most : -most);
    if (right < 0 && !isAtUpper(penalty, place, w)) return -right;
    return left > 0 && !isAtLower(penalty, place, w) ? left : 0;
  }

  /** What a column promises, in units that all share. */
  #gain(column: number, weights: Float64Array, gradient: Float64Array): number {
    let gain = 0;
    for (let j = column; j < coefficientCount(this.#plan); j += this.#plan.cols) {
      const steep = this.#slope(j, weights, gradient);
      gain += (steep * steep) / this.#scaling.square[column];
    }
    return gain;
  }
}
