// Newton's method for fewer rows than columns, with as many equations as rows.
// For smooth losses with l2 alone (solver/rowequations), whose Hessian is positive definite but for the intercept, so
// that every step is a descent direction. Twin: native/solver/rownewton.cc.
import { coefficientCount, type Plan, type Table, weightCount } from '../../backend/plan.js';
import type { Archive } from '../objective/archive.js';
import { Gram } from '../objective/gram.js';
import { LinearMap } from '../objective/linearmap.js';
import type { Objective } from '../objective/objective.js';
import type { PenalizedObjective } from '../objective/penalizedobjective.js';
import type { Scaling } from '../objective/scaling.js';
import { backtrack } from './backtracking.js';
import { columnsOf } from './dual.js';
import { approachHuber } from './huberstart.js';
import { Method } from './method.js';
import { leastDamping } from './newtonsystem.js';
import { isAtMinimum, isTrusted, Roundoff } from './roundoff.js';
import { RowEquations } from './rowequations.js';
import { toleranceOf } from './stopping.js';

export class RowNewton extends Method {
  readonly #plan: Plan;
  readonly #table: Table;
  readonly #smooth: PenalizedObjective;
  readonly #objective: Objective;
  readonly #scaling: Scaling;
  readonly #isFirst: boolean; // it may start where other fits end
  readonly #w: Float64Array;
  readonly #equations: RowEquations[]; // of each output
  readonly #factor: Float64Array; // of one output's equations
  readonly #g: Float64Array;
  readonly #trial: Float64Array;
  readonly #trialGradient: Float64Array;
  readonly #modelMinimizer: Float64Array;
  readonly #curvature: Float64Array; // outputs × rows
  readonly #step: Float64Array; // of one output
  readonly #along: Float64Array; // what its rows have of it
  readonly #roundoff: Roundoff;
  #value = NaN;
  #predictedDecrease = 0; // by how much it falls to the target
  #begun = false;

  /** `weights`: where it starts; changed in place. */
  constructor(
    plan: Plan,
    table: Table,
    smooth: PenalizedObjective,
    objective: Objective,
    scaling: Scaling,
    weights: Float64Array,
    isFirst = true,
  ) {
    super();
    const { cols, outputs, l2 } = plan;
    const { count } = table;
    const size = weightCount(plan);
    this.#plan = plan;
    this.#table = table;
    this.#smooth = smooth;
    this.#objective = objective;
    this.#scaling = scaling;
    this.#isFirst = isFirst;
    this.#w = weights;
    const map = new LinearMap(plan, table, scaling);
    const { factors } = smooth.penalty;
    const X = columnsOf(plan, table, scaling, false);
    const gram = new Gram({ X, cols: count, start: 0, count: cols, index: null }, null);
    this.#equations = Array.from({ length: outputs }, (_, k) => {
      const ridge = Float64Array.from({ length: cols }, (_, j) => count * l2 * (factors ? factors[k * cols + j] : 1));
      return new RowEquations(plan, count, ridge, leastDamping * count, map, gram);
    });
    this.#factor = new Float64Array(count * count);
    this.#g = new Float64Array(size);
    this.#trial = new Float64Array(size);
    this.#trialGradient = new Float64Array(size);
    this.#modelMinimizer = new Float64Array(size);
    this.#curvature = new Float64Array(outputs * count);
    this.#step = new Float64Array(map.size);
    this.#along = new Float64Array(count + cols);
    this.#roundoff = new Roundoff(plan, table, scaling);
  }

  override get mayBeCollinear(): boolean {
    return true;
  }

  get result(): Float64Array {
    return this.#w;
  }

  /** One iteration. Returns the objective after it. */
  epoch(): number {
    if (!this.#begun) {
      this.#begun = true;
      this.#approach();
      this.#value = this.#evaluate(this.#w, this.#g);
      this.meanLoss = this.#smooth.meanLoss;
      if (!Number.isFinite(this.#value)) return this.#value;
      this.#minimizeModel();
    }
    const predictedDecrease = this.#predictedDecrease;
    const before = this.#value;
    const length = this.#search();
    this.rate = length;
    if (length > 0) {
      this.steps++;
      this.#w.set(this.#trial);
      this.#g.set(this.#trialGradient);
      this.#minimizeModel();
    }
    this.change = this.remainingDecrease = this.#predictedDecrease;
    const roundoff = this.#level();
    const size = this.#roundoff.size(this.#value, this.meanLoss);
    if (isAtMinimum(predictedDecrease, this.#predictedDecrease, roundoff, size)) this.ended = 'converged';
    else if (length === 0) this.ended = predictedDecrease <= 64 * roundoff ? 'converged' : 'stalled';
    this.gradientNorm = this.#smooth.norm(this.#w, this.#g);
    const isOver = this.ended !== null || this.#predictedDecrease < toleranceOf(this.#plan, this.#value);
    if (length === 1 && isOver && isTrusted(predictedDecrease, this.#predictedDecrease, size)) {
      this.ended = 'converged';
      this.#w.set(this.#modelMinimizer);
      this.#value -= this.#predictedDecrease;
      this.meanLoss = this.#value - this.#smooth.penaltyAt(this.#w);
    }
    this.lastDecrease = before - this.#value;
    if (this.#plan.stepHistory && length > 0) this.stepLosses.push(this.#value);
    return this.#value;
  }

  /** To where the first iteration starts. */
  #approach(): void {
    if (!this.#isFirst) return;
    const [table, scaling, w] = [this.#table, this.#scaling, this.#w];
    approachHuber(
      this.#plan,
      table,
      scaling,
      this.#smooth,
      w,
      (plan, smooth, objective) => new RowNewton(plan, table, smooth, objective, scaling, w, false),
    );
  }

  #evaluate(weights: Float64Array, gradient: Float64Array): number {
    const sum = this.#objective.curve(weights, gradient, this.#curvature);
    return this.#smooth.penalize(sum / this.#table.count, weights, gradient);
  }

  /** The round-off level of the objective. */
  #level(): number {
    return this.#roundoff.level(this.#w, this.#value, this.meanLoss);
  }

  /** To where the quadratic model about the weights has its minimum. */
  #minimizeModel(): void {
    const { cols } = this.#plan;
    const { count } = this.#table;
    const step = this.#step;
    this.#predictedDecrease = 0;
    this.#equations.forEach((equations, k) => {
      // A weight's place among those of all outputs.
      const place = (j: number) => (j < cols ? k * cols + j : coefficientCount(this.#plan) + k);
      for (let j = 0; j < step.length; j++) step[j] = -(count * this.#g[place(j)]);
      equations.factorize(this.#curvature.subarray(k * count, (k + 1) * count), this.#factor);
      equations.solve(this.#factor, step, this.#along);
      let slope = 0;
      for (let j = 0; j < step.length; j++) {
        slope += this.#g[place(j)] * step[j];
        this.#modelMinimizer[place(j)] = this.#w[place(j)] + step[j];
      }
      this.#predictedDecrease -= 0.5 * slope;
    });
  }

  /** Goes towards the target; returns which part, 0 if nothing is gained. */
  #search(): number {
    const segment = {
      from: this.#w,
      modelMinimizer: this.#modelMinimizer,
      value: this.#value,
      predictedDecrease: this.#predictedDecrease,
      roundoff: this.#level(),
    };
    const { part, value } = backtrack(segment, this.#trial, () => this.#evaluate(this.#trial, this.#trialGradient));
    if (part > 0) {
      this.#value = value;
      this.meanLoss = this.#smooth.meanLoss;
    }
    return part;
  }

  override serialize(archive: Archive): void {
    super.serialize(archive);
    this.#begun = archive.flag(this.#begun);
    archive.array(this.#w);
    this.#value = archive.number(this.#value, 'notNaN');
    archive.array(this.#g, 'any');
    if (!this.#begun) return;
    // What follows from the weights is made anew.
    this.#evaluate(this.#w, this.#trialGradient);
    this.meanLoss = this.#smooth.meanLoss;
    this.#minimizeModel();
  }
}
