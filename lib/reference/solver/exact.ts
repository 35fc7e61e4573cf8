// Method `exact`: least squares and ridge in closed form, in one epoch.
// Twin: native/solver/exact.h.
import type { Plan, Table } from '../../backend/plan.js';
import { GramObjective } from '../objective/gramobjective.js';
import type { Objective } from '../objective/objective.js';
import type { PenalizedObjective } from '../objective/penalizedobjective.js';
import type { Scaling } from '../objective/scaling.js';
import { leastSquares } from './leastsquares.js';
import { Method } from './method.js';

export class Exact extends Method {
  readonly #plan: Plan;
  readonly #table: Table;
  readonly #scaling: Scaling;
  readonly #smooth: PenalizedObjective;
  readonly #expansion: GramObjective | null; // null: fewer rows than columns
  readonly #w: Float64Array;
  readonly #original: Float64Array; // more exact than what becomes of w

  /** `weights`: those of the scaled columns; where they start says nothing. `known`: where XᵀX is kept. */
  constructor(
    plan: Plan,
    table: Table,
    scaling: Scaling,
    smooth: PenalizedObjective,
    objective: Objective,
    weights: Float64Array,
    known: Float64Array | null,
  ) {
    super();
    this.#plan = plan;
    this.#table = table;
    this.#scaling = scaling;
    this.#smooth = smooth;
    this.#w = weights;
    this.#original = new Float64Array(weights.length);
    this.#expansion =
      table.count >= plan.cols ? new GramObjective(plan, table, scaling, objective, 'sums', known) : null;
  }

  /** Returns the objective at the minimum. */
  epoch(): number {
    const gradient = new Float64Array(this.#w.length);
    const zero = this.#atZero(gradient);
    const G = this.#expansion?.G ?? null;
    leastSquares(this.#plan, this.#table, this.#scaling, this.#smooth, G, zero, gradient, this.#original);
    this.#w.set(this.#original);
    this.#scaling.fromOriginal(this.#w);
    const value = this.#smooth.evaluate(this.#w, gradient);
    this.meanLoss = this.#smooth.meanLoss;
    this.gradientNorm = this.#smooth.norm(this.#w, gradient);
    this.change = 0;
    this.remainingDecrease = this.#steepest(gradient);
    this.rate = 1;
    this.steps++;
    if (this.#plan.stepHistory) this.stepLosses.push(value);
    this.ended = 'converged';
    return value;
  }

  /** What the objective would fall by if each weight went its own way. */
  #steepest(g: Float64Array): number {
    const { cols } = this.#plan;
    const { penalty, penalized } = this.#smooth;
    let fall = 0;
    for (let i = 0; i < g.length; i++) {
      const l2 = penalty.l2 * (penalty.factors ? penalty.factors[i] : 1);
      const curvature = i < penalized ? this.#square(i % cols) + l2 : 1;
      fall += (0.5 * g[i] * g[i]) / curvature;
    }
    return fall;
  }

  /** Mean square of a column, as XᵀSX has it, if there is one. */
  #square(j: number): number {
    const { cols, intercept } = this.#plan;
    const side = cols + (intercept ? 1 : 0);
    const own = this.#expansion ? this.#expansion.G[j * side + j] / this.#table.count : 0;
    return own > 0 && own < Infinity ? own : this.#scaling.square[j];
  }

  /** The objective and its gradient where all weights are 0. */
  #atZero(gradient: Float64Array): number {
    const w = this.#w.fill(0);
    const expansion = this.#expansion;
    if (!expansion) return this.#smooth.evaluate(w, gradient);
    const sum = expansion.evaluate(expansion.everything, w, gradient);
    return this.#smooth.penalize(sum / this.#table.count, w, gradient);
  }

  get result(): Float64Array {
    return this.#w;
  }

  override get original(): Float64Array {
    return this.#original;
  }
}
