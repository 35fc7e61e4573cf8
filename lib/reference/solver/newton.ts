// Proximal Newton method by Cholesky (Lee, Sun and Saunders 2014).
// Each iteration goes to the minimum of a quadratic model of the objective, penalty included, or part of the way by
// backtracking. There is one system of equations for each output, one for all outputs of softmax, of the columns in the
// working set. Where the Hessian is singular, or too small, in a direction in which the objective decreases, it is
// damped (Levenberg 1944, Marquardt 1963). Twin: native/solver/newton.cc.

import { isWorthExpanding } from '../../backend/gram.js';
import { type Plan, softmaxLoss, squaredLoss, type Table, weightCount } from '../../backend/plan.js';
import { sum, sumOfProducts } from '../kernels/sums.js';
import type { Archive } from '../objective/archive.js';
import { Gram } from '../objective/gram.js';
import { GramObjective } from '../objective/gramobjective.js';
import type { Objective } from '../objective/objective.js';
import type { PenalizedObjective } from '../objective/penalizedobjective.js';
import type { Scaling } from '../objective/scaling.js';
import { backtrack } from './backtracking.js';
import { approachHuber } from './huberstart.js';
import { Method } from './method.js';
import { leastDamping, NewtonSystem } from './newtonsystem.js';
import { isAtMinimum, isTrusted, leastGain, leastLeft, nearby, Roundoff } from './roundoff.js';
import { independentPivot } from './shortest.js';
import { toleranceOf } from './stopping.js';
import { stepAlong } from './weakdirections.js';
import { WorkingSet } from './workingset.js';

const mostDampings = 25;
const fewExpandedColumns = 128;
// Of a diagonal element, what has to remain when the variables before it are taken out, for the squared loss's gradient at
// the model's minimum to be enough.
const leastExpandedPivot = 2 ** -20;
// Of the objective before a step of least squares, what has to be left for the gradient to have kept its digits.
const leastRest = 2 ** -10;
const mostLeft = 2 ** -10; // of the objective, to be gained from a fit that is called converged
// Of the slopes of rows, what those of weights may leave where models say little.
const leastSlope = 2 ** -28;
// And where damping holds steps back.
const leastDampedSlope = 2 ** -21;
const mostStuck = 8;
// Of what models promise, the rounding that leaves it digits.
const leastDigits = 2 ** -4;
// Of the round-off level of the objective, a decrease along directions in which models say nothing that is worth a step.
const leastWeak = 2 ** -6;

export class Newton extends Method {
  readonly #plan: Plan;
  readonly #table: Table;
  readonly #smooth: PenalizedObjective;
  readonly #objective: Objective;
  readonly #scaling: Scaling;
  readonly #isFirst: boolean;
  readonly #expansion: GramObjective | null; // of the squared loss, in place of passes over the rows
  readonly #set: WorkingSet;
  #gram: Gram | null = null; // of what is not expanded
  #H: Float64Array = new Float64Array(0);
  #systems: NewtonSystem[] = [];
  readonly #w: Float64Array;
  readonly #g: Float64Array; // of the smooth part
  readonly #trial: Float64Array;
  readonly #trialGradient: Float64Array;
  readonly #modelMinimizer: Float64Array;
  readonly #slope: Float64Array; // of the models, where they have their minimum
  readonly #roundoff: Roundoff;
  readonly #curvature: Float64Array; // outputs × rows
  readonly #rowCurvature: Float64Array; // of one Gram matrix
  #value = NaN;
  #damping = 0;
  #stuck = 0; // iterations that lowered neither the objective nor what the models promise
  #least = Infinity; // promised since they do not lower the objective
  #weakDecrease = Infinity; // by the last step along directions in which models say nothing
  #begun = false;
  #isCurrent = false; // the Hessians are those of the weights
  #isLastStepTrusted = false; // to the target, without an evaluation

  /**
   * `weights`: where it starts; changed in place. `known`: where the expansion of the squared loss is kept.
   * `isFirst`: it may start where other fits end.
   */
  constructor(
    plan: Plan,
    table: Table,
    smooth: PenalizedObjective,
    objective: Objective,
    scaling: Scaling,
    weights: Float64Array,
    known: Float64Array | null,
    isFirst = true,
  ) {
    super();
    const size = weightCount(plan);
    this.#plan = plan;
    this.#table = table;
    this.#smooth = smooth;
    this.#objective = objective;
    this.#scaling = scaling;
    this.#isFirst = isFirst;
    this.#w = weights;
    const isHeld = plan.l1 > 0 || plan.bounded;
    const expands = plan.loss === squaredLoss && (!isHeld || isWorthExpanding(plan, table.count, known !== null));
    this.#expansion = expands ? new GramObjective(plan, table, scaling, objective, 'means', known) : null;
    // Of few columns whose Hessian there is nothing is gained by leaving some out of models.
    const isSparse = isHeld && !(expands && plan.cols <= fewExpandedColumns);
    this.#set = new WorkingSet(plan, scaling, smooth, isSparse);
    this.#g = new Float64Array(size);
    this.#trial = new Float64Array(size);
    this.#trialGradient = new Float64Array(size);
    this.#modelMinimizer = new Float64Array(size);
    this.#slope = new Float64Array(size);
    this.#roundoff = new Roundoff(plan, table, scaling);
    this.#curvature = new Float64Array(expands ? 0 : plan.outputs * table.count);
    this.#rowCurvature = new Float64Array(plan.loss === softmaxLoss ? table.count : 0);
    if (!this.#set.isSparse) this.#makeSystems();
  }

  /** Of the columns that are chosen. */
  #makeSystems(): void {
    const { cols, intercept, outputs, loss } = this.#plan;
    const { X, count, index } = this.#table;
    const { columns, isWhole } = this.#set;
    const G = this.#expansion?.G ?? null;
    if (!G) {
      const mean = intercept ? Float64Array.from(columns, (j) => this.#scaling.mean[j]) : null;
      this.#gram = new Gram({ X, cols, start: 0, count, index, columns: isWhole ? null : columns }, mean);
      this.#H = new Float64Array(this.#gram.size ** 2);
    }
    this.#systems = Array.from(
      { length: loss === softmaxLoss ? 1 : outputs },
      (_, k) => new NewtonSystem(this.#plan, this.#scaling, this.#smooth, columns, k, G),
    );
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
    }
    if (!this.#isCurrent) this.#updateHessian();
    const before = this.#value;
    const { length, predictedDecrease } = this.#step();
    this.rate = length;
    let decreaseLeft = predictedDecrease;
    this.#isLastStepTrusted = false;
    const isDamped = this.#damping > 0;
    const isZero = () => this.#roundoff.isZero(this.#w, this.#value);
    if (length > 0) {
      this.steps++;
      this.#w.set(this.#trial);
      this.#g.set(this.#trialGradient);
      decreaseLeft = isZero() || (length === 1 && this.#isMinimal(before)) ? 0 : this.#remaining();
      this.#isCurrent = this.#expansion !== null && !this.#set.isSparse;
      if (length === 1 && this.#damping === 0) {
        this.#isLastStepTrusted = isTrusted(predictedDecrease, decreaseLeft, this.#size());
        decreaseLeft = this.#polish(decreaseLeft);
      } else if (length === 1) this.#damp(this.#damping > leastDamping ? 0.1 * this.#damping : 0);
      else if (length < 0.1) this.#dampMore();
    }
    decreaseLeft = isZero() ? 0 : decreaseLeft + this.#decreaseOutsideWorkingSet();
    this.change = this.remainingDecrease = decreaseLeft;
    const roundoff = this.#level();
    // A step after which as much is promised as before: by models that say little of a direction.
    const isStuck = length > 0 && decreaseLeft > 0.25 * predictedDecrease;
    const isHidden = length > 0 && before - this.#value <= roundoff;
    if (!isHidden || (isDamped && this.#isSmooth)) this.#least = Infinity;
    this.#countStuck(isHidden, predictedDecrease, decreaseLeft);
    // Steps that damping shortens leave as much as those that rounding hides do.
    const isShort = isDamped && this.#isSteeper(leastDampedSlope, this.#slopeNoise());
    if (isAtMinimum(isShort ? Infinity : predictedDecrease, decreaseLeft, roundoff, this.#size()))
      this.ended = 'converged';
    else if (isStuck && this.#isSmooth && !this.#isSteeper(leastSlope, 0)) this.ended = 'converged';
    else if (this.#stuck >= mostStuck)
      this.ended = !this.#isSmooth && this.#least <= 64 * roundoff ? 'converged' : 'stalled';
    else if (length === 0) this.ended = decreaseLeft <= 64 * roundoff ? 'converged' : 'stalled';
    // Where weights run away the round-off level is no measure: it hides what models still promise.
    if (this.ended === 'converged' && !this.#isSmooth && decreaseLeft > mostLeft * this.#size()) this.ended = 'stalled';
    const isOver = this.ended !== null || decreaseLeft < toleranceOf(this.#plan, this.#value);
    const isWeak = (isOver || isStuck) && this.#isSmooth && this.#descendWeak(isOver);
    this.gradientNorm = this.#smooth.norm(this.#w, this.#g);
    const isEnd = this.ended !== null || decreaseLeft < toleranceOf(this.#plan, this.#value);
    if (!isWeak && this.#isLastStepTrusted && isEnd) this.#finish(decreaseLeft);
    this.lastDecrease = before - this.#value;
    if (this.#plan.stepHistory && length > 0) this.stepLosses.push(this.#value);
    return this.#value;
  }

  /** Rounding may turn models in a circle, in which one promises less than the one before. */
  #countStuck(isHidden: boolean, promised: number, left: number): void {
    const least = this.#least < promised ? this.#least : promised;
    this.#stuck = isHidden && left > 0.25 * least ? this.#stuck + 1 : 0;
    if (isHidden && left < this.#least) this.#least = left;
  }

  /**
   * Where models say that nothing is left, or as much as before: a step along the directions in which they say nothing, if
   * the objective falls there. Whether it does; the fit goes on then. One that is over has stalled if no such step is found.
   */
  #descendWeak(isOver: boolean): boolean {
    const damping = this.#damping;
    this.#damp(0);
    if (this.#stepWeak(isOver)) return true;
    this.#damp(damping);
    return false;
  }

  #stepWeak(isOver: boolean): boolean {
    const of = this.#systems.map((system) => system.weakDirections(this.#w.length));
    if (of.every((directions) => directions.length === 0)) return false;
    // The second derivatives of the weights; of the squared loss the gradient over the rows.
    if (!this.#expansion) this.#evaluate(this.#w, this.#trialGradient);
    const curvature = this.#expansion ? null : this.#curvature;
    const at = { weights: this.#w, gradient: this.#g, curvature, meanLoss: this.meanLoss };
    const modelMinimizer = this.#w.slice();
    let predictedDecrease = 0;
    this.#systems.forEach(({ output }, i) => {
      if (of[i].length === 0) return;
      const [table, scaling, smooth] = [this.#table, this.#scaling, this.#smooth];
      predictedDecrease += stepAlong(
        of[i],
        output,
        at,
        this.#plan,
        table,
        scaling,
        smooth,
        this.#roundoff,
        modelMinimizer,
      );
    });
    const roundoff = this.#level();
    if (!(predictedDecrease > leastWeak * roundoff && predictedDecrease > toleranceOf(this.#plan, this.#value)))
      return false;
    // Beside rounding that hides it, what is left is to fall by half each time.
    if (predictedDecrease <= roundoff && predictedDecrease > 0.5 * this.#weakDecrease) return false;
    const segment = { from: this.#w, modelMinimizer, value: this.#value, predictedDecrease, roundoff };
    // An expansion has no more digits there than the Hessian.
    const { part, value } = backtrack(segment, this.#trial, () => {
      return this.#expansion
        ? this.#smooth.evaluate(this.#trial, this.#trialGradient)
        : this.#evaluate(this.#trial, this.#trialGradient);
    });
    if (part === 0 && !isOver) {
      this.#evaluate(this.#w, this.#trialGradient);
      return false;
    }
    this.#weakDecrease = predictedDecrease;
    this.change = this.remainingDecrease = predictedDecrease;
    this.ended = part > 0 ? null : 'stalled';
    if (part === 0) return true;
    this.#value = value;
    this.meanLoss = this.#smooth.meanLoss;
    this.#w.set(this.#trial);
    this.#g.set(this.#trialGradient);
    if (this.#expansion) this.#remaining();
    else this.#isCurrent = false;
    this.#stuck = 0;
    this.#least = Infinity;
    return true;
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
      (plan, smooth, objective) => new Newton(plan, table, smooth, objective, scaling, w, null, false),
    );
  }

  /** The objective, the gradient of its smooth part, and the second derivatives. */
  #evaluate(weights: Float64Array, gradient: Float64Array): number {
    const sum = this.#expansion
      ? this.#expansion.evaluate(this.#objective.everything, weights, gradient)
      : this.#objective.curve(weights, gradient, this.#curvature);
    return this.#penalized(sum, weights, gradient);
  }

  /** From the sum of the losses, and the gradient of their mean. */
  #penalized(sum: number, weights: Float64Array, gradient: Float64Array): number {
    return this.#smooth.penalize(sum / this.#table.count, weights, gradient);
  }

  /** The round-off level of the objective. */
  #level(): number {
    return this.#roundoff.level(this.#w, this.#value, this.meanLoss);
  }

  /** Without l1 and bounds a slope of 0 is all that a minimum needs. */
  get #isSmooth(): boolean {
    const { l1, bounds } = this.#smooth.penalty;
    return l1 === 0 && bounds === null;
  }

  /**
   * Whether a weight has more of a slope, in the scale of its column, than such a part of the slopes of rows and `noise` of
   * each of them.
   */
  #isSteeper(part: number, noise: number): boolean {
    if (!this.#isSmooth) return false;
    const { square } = this.#scaling;
    const { cols } = this.#plan;
    const most = part * this.#roundoff.slope(Math.abs(this.meanLoss)) + noise;
    return !this.#g.every((g, j) => {
      return Math.abs(g) <= (j < this.#smooth.penalized ? most * Math.sqrt(square[j % cols]) : most);
    });
  }

  #slopeNoise(): number {
    return this.#roundoff.slopeNoise(this.#w, Math.abs(this.meanLoss));
  }

  #size(): number {
    return this.#roundoff.size(this.#value, this.meanLoss);
  }

  /**
   * Near the minimum, where rounding hides decreases of the objective and the Hessian changes little: goes on with it, as
   * long as each step leaves a sixteenth of what the models promise. Returns what they do at last.
   */
  #polish(predictedDecrease: number): number {
    const size = this.#size();
    let decreaseLeft = predictedDecrease;
    while (
      decreaseLeft <= nearby * size &&
      decreaseLeft > leastLeft * size &&
      decreaseLeft >= toleranceOf(this.#plan, this.#value)
    ) {
      this.#trial.set(this.#modelMinimizer);
      const value = this.#evaluate(this.#trial, this.#trialGradient);
      const next = this.#promise(this.#trial, this.#trialGradient);
      if (!(value <= this.#value + this.#level() && next <= leastGain * decreaseLeft)) {
        // The second derivatives are to be those of the weights; the target is that of those that were refused.
        this.#evaluate(this.#w, this.#trialGradient);
        this.#isLastStepTrusted = false;
        return decreaseLeft;
      }
      this.#value = value;
      this.meanLoss = this.#smooth.meanLoss;
      this.#w.set(this.#trial);
      this.#g.set(this.#trialGradient);
      decreaseLeft = next;
    }
    return decreaseLeft;
  }

  /** The last step, of a length that is not worth an evaluation: what is left is what the objective falls by. */
  #finish(decreaseLeft: number): void {
    this.ended = 'converged';
    this.#w.set(this.#modelMinimizer);
    this.#value -= decreaseLeft;
    this.meanLoss = this.#value - this.#smooth.penaltyAt(this.#w);
  }

  /**
   * Takes a step, with more damping if there is none without. Returns which part of it and what the first model promised.
   */
  #step(): { length: number; predictedDecrease: number } {
    let predictedDecrease = NaN;
    for (let tries = 0; tries < mostDampings; tries++) {
      const fall = this.#minimizeModel(this.#w, this.#g);
      const unmodelledDecrease = this.#unmodelledDecrease();
      if (tries === 0) predictedDecrease = fall + unmodelledDecrease;
      if (this.#damping > 0 || unmodelledDecrease <= this.#level() || this.#modelExplainsGradient()) {
        const length = this.#search(fall);
        if (length > 0) return { length, predictedDecrease };
        if (Math.abs(fall) <= this.#level()) break;
      }
      this.#dampMore();
    }
    return { length: 0, predictedDecrease };
  }

  #dampMore(): void {
    this.#damp(this.#damping > 0 ? 10 * this.#damping : leastDamping);
  }

  /** Adds to the Hessians what so large a second derivative of the loss would add to their diagonals. */
  #damp(damping: number): void {
    if (damping === this.#damping) return;
    this.#damping = damping;
    for (const system of this.#systems) system.complete(damping);
  }

  /**
   * What the objective could still fall by at the target; writes the models' slopes there, without damping.
   */
  #unmodelledDecrease(): number {
    this.#slope.fill(0);
    let unmodelledDecrease = 0;
    for (const system of this.#systems) unmodelledDecrease += system.unmodelledDecrease(this.#damping, this.#slope);
    return unmodelledDecrease;
  }

  /** Whether the models account for most of the gradient. */
  #modelExplainsGradient(): boolean {
    return this.#smooth.norm(this.#modelMinimizer, this.#slope) <= 0.5 * this.#smooth.norm(this.#w, this.#g);
  }

  /** The Hessians at the weights. */
  #updateHessian(): void {
    if (this.#set.choose(this.#w, this.#g) || this.#systems.length === 0) this.#makeSystems();
    const { count } = this.#table;
    for (const system of this.#systems) {
      const { output } = system;
      if (this.#plan.loss === softmaxLoss) this.#softmaxHessian(system);
      else if (!this.#expansion) {
        this.#scatterHessian(system, this.#curvature.subarray(output * count, (output + 1) * count), output, output);
      }
      system.complete(this.#damping);
    }
    this.#isCurrent = true;
  }

  /** Whether the models' minimum is the objective's, but for rounding: as of a quadratic, unless its equations say too little. */
  #isMinimal(before: number): boolean {
    if (this.#scaling.isFar || !(this.#value >= leastRest * before)) return false;
    if (this.#systems.some(({ model }) => !model.isSolved || !(model.leastPivot > leastExpandedPivot))) return false;
    return this.#plan.loss === squaredLoss && this.#damping === 0;
  }

  /** The last Hessians tell that columns are not; with l1 or bounds they are of those that are not held. */
  override get mayBeCollinear(): boolean {
    return (
      !this.#isSmooth || this.#damping > 0 || this.#systems.some(({ model }) => !(model.leastPivot > independentPivot))
    );
  }

  /** What the objective can still fall by. */
  #remaining(): number {
    if (this.#expansion) {
      this.#value = this.#penalized(this.#expansion.begin(this.#w, this.#g), this.#w, this.#g);
      this.meanLoss = this.#smooth.meanLoss;
    }
    return this.#promise(this.#w, this.#g);
  }

  /** By how much the models fall from these weights. */
  #promise(weights: Float64Array, gradient: Float64Array): number {
    const fall = this.#minimizeModel(weights, gradient);
    const rest = this.#unmodelledDecrease();
    // Models that are all but flat may lose all digits on their way to a minimum: they say nothing.
    return fall >= -this.#level() ? fall + rest : Infinity;
  }

  /** What it could fall by in columns that the models leave out. */
  #decreaseOutsideWorkingSet(): number {
    if (this.#set.isWhole) return 0;
    const { count } = this.#table;
    const c = this.#curvature;
    const { outputs, loss } = this.#plan;
    const curvature = Float64Array.from({ length: outputs }, (_, k) => {
      if (loss === squaredLoss) return 1;
      const own = sum(c, k * count, count);
      const squares = sumOfProducts(c, k * count, c, k * count, count);
      return (loss === softmaxLoss ? own - squares : own) / count;
    });
    return this.#set.decreaseOutsideWorkingSet(this.#w, this.#g, curvature);
  }

  /** Of softmax: between classes k and l the second derivative is p_k (δ_kl - p_l). */
  #softmaxHessian(system: NewtonSystem): void {
    const { outputs } = this.#plan;
    const { count, index, sampleWeight } = this.#table;
    const p = this.#curvature;
    const d = this.#rowCurvature;
    for (let k = 0; k < outputs; k++) {
      for (let l = 0; l <= k; l++) {
        for (let i = 0; i < count; i++) {
          const own = p[k * count + i];
          const other = p[l * count + i];
          const weight = sampleWeight ? sampleWeight[index ? index[i] : i] : 1;
          d[i] = weight * (k === l ? own * (1 - own) : -own * other);
        }
        this.#scatterHessian(system, d, k, l);
      }
    }
  }

  /** Writes the part of a Hessian that is between outputs k and l: the mean of d·xxᵀ in the solver's columns. */
  #scatterHessian(system: NewtonSystem, d: Float64Array, k: number, l: number): void {
    const { columns } = this.#set;
    const { deviation } = this.#scaling;
    const { count } = this.#table;
    const H = this.#H;
    const gram = this.#gram as Gram;
    const { size } = gram;
    gram.evaluate(d, H);
    for (let j = 0; j < size; j++) {
      const rowScale = j === columns.length ? 1 : deviation[columns[j]];
      for (let m = 0; m < size; m++) {
        const scale = rowScale * (m === columns.length ? 1 : deviation[columns[m]]);
        system.set(k, j, l, m, H[j * size + m] / count / scale);
      }
    }
  }

  /**
   * Writes where the models have their minimum to `modelMinimizer`; returns by how much they fall. They are damped where that is so
   * far away that rounding leaves nothing else of it.
   */
  #minimizeModel(weights: Float64Array, gradient: Float64Array): number {
    if (!this.#set.isWhole) this.#modelMinimizer.set(weights);
    for (let tries = 0; ; tries++) {
      let fall = 0;
      let noise = 0;
      for (const system of this.#systems) {
        fall += system.minimizeModel(gradient, weights, this.#modelMinimizer);
        noise += system.model.noise;
      }
      const isResolved = noise <= leastDigits * fall || noise <= leastLeft * this.#size();
      if (isResolved || tries === mostDampings) return fall;
      this.#dampMore();
    }
  }

  /** Goes towards the target; returns which part, 0 if nothing is gained. */
  #search(predictedDecrease: number): number {
    const segment = {
      from: this.#w,
      modelMinimizer: this.#modelMinimizer,
      value: this.#value,
      predictedDecrease,
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
    this.#damping = archive.number(this.#damping, 'size');
    this.#stuck = archive.count(this.#stuck);
    this.#least = archive.number(this.#least, 'notNaN');
    this.#weakDecrease = archive.number(this.#weakDecrease, 'measured');
    archive.array(this.#g, 'any');
    this.#expansion?.serialize(archive);
    // What follows from the weights is made anew.
    this.#isCurrent = false;
    if (!this.#begun) return;
    this.#evaluate(this.#w, this.#trialGradient);
    this.meanLoss = this.#smooth.meanLoss;
  }
}
