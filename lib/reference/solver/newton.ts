// Newton's method by Cholesky: each iteration goes to the minimum of a quadratic model of the objective, penalty and all
// (proximal Newton: Lee, Sun and Saunders 2014), or as far towards it as the objective falls. One system of equations for
// each output, one for all of softmax. Where the Hessian says nothing of a direction in which the objective falls, or too
// little, it is damped (Levenberg 1944, Marquardt 1963). Twin: native/solver/newton.cc.
import { coefficientCount, type Plan, softmaxLoss, squaredLoss, type Table, weightCount } from '../../plan.js';
import type { Archive } from './archive.js';
import { Expansion } from './expansion.js';
import { Gram } from './gram.js';
import { Method } from './method.js';
import type { Objective } from './objective.js';
import { Quadratic } from './quadratic.js';
import type { Scaling } from './scaling.js';
import type { Smooth } from './smooth.js';

const rounding = 2 ** -48; // of the objective: smaller changes are not to be told from rounding
const least = 1e-6; // damping, as a second derivative of the loss
const mostDampings = 25;
// Of a diagonal element, what has to remain when the variables before it are taken out, for an expansion's gradient to
// be enough.
const leastExpandedPivot = 2 ** -20;

/** Equations of some of the weights. */
interface System {
  /** Which output's; of softmax 0, for all. */
  output: number;
  /** Places among the weights: coefficients, then intercepts. */
  places: Uint32Array;
  /** How many of them, the first, are coefficients. */
  penalized: number;
  /** Without l2; where there is an expansion, its G. */
  hessian: Float64Array;
  /** To its diagonal: l2 and damping. */
  added: Float64Array;
  model: Quadratic;
  /** Of these weights: gradient, where they are, where the model has its minimum, and its slope there. */
  g: Float64Array;
  w: Float64Array;
  v: Float64Array;
  slope: Float64Array;
}

export class Newton extends Method {
  readonly #plan: Plan;
  readonly #table: Table;
  readonly #smooth: Smooth;
  readonly #objective: Objective;
  readonly #scaling: Scaling;
  readonly #expansion: Expansion | null; // of the squared loss, in place of passes over the rows
  readonly #gram: Gram | null; // of others
  readonly #gramMatrix: Float64Array;
  readonly #systems: System[] = [];
  readonly #w: Float64Array;
  readonly #g: Float64Array; // of the smooth part
  readonly #trial: Float64Array;
  readonly #trialGradient: Float64Array;
  readonly #target: Float64Array;
  readonly #curvature: Float64Array; // outputs × rows
  readonly #rowCurvature: Float64Array; // of one Gram matrix
  #value = NaN;
  #first = NaN; // the objective where it started
  #damping = 0;
  #begun = false;
  #isCurrent = false; // the Hessians are those of the weights

  /**
   * `weights`: where it starts; changed in place. `known`: where the expansion of the squared loss is kept.
   */
  constructor(
    plan: Plan,
    table: Table,
    smooth: Smooth,
    objective: Objective,
    scaling: Scaling,
    weights: Float64Array,
    known: Float64Array | null,
  ) {
    super();
    const size = weightCount(plan);
    const { cols, outputs, intercept } = plan;
    this.#plan = plan;
    this.#table = table;
    this.#smooth = smooth;
    this.#objective = objective;
    this.#scaling = scaling;
    const rows = { X: table.X, cols, start: 0, count: table.count, index: table.index };
    const isSquared = plan.loss === squaredLoss;
    this.#gram = isSquared ? null : new Gram(rows, intercept ? scaling.mean : null);
    this.#gramMatrix = new Float64Array((this.#gram?.size ?? 0) ** 2);
    this.#w = weights;
    const { penalty, penalized } = smooth;
    for (let j = 0; penalty.nonNegative && j < penalized; j++) if (weights[j] < 0) weights[j] = 0;
    this.#expansion = isSquared ? new Expansion(plan, table, scaling, objective, 'means', known) : null;
    this.#g = new Float64Array(size);
    this.#trial = new Float64Array(size);
    this.#trialGradient = new Float64Array(size);
    this.#target = new Float64Array(size);
    this.#curvature = new Float64Array(isSquared ? 0 : outputs * table.count);
    this.#rowCurvature = new Float64Array(isSquared ? 0 : table.count);
    const isCoupled = plan.loss === softmaxLoss;
    for (let k = 0; k < (isCoupled ? 1 : outputs); k++) {
      const first = k * cols;
      const penalized = isCoupled ? outputs * cols : cols;
      const n = penalized + (intercept ? (isCoupled ? outputs : 1) : 0);
      const places = Uint32Array.from({ length: n }, (_, i) =>
        i < penalized ? first + i : coefficientCount(plan) + k + (i - penalized),
      );
      const { factors, ...penalty } = smooth.penalty;
      const own = factors ? factors.subarray(first, first + penalized) : null;
      const vector = () => new Float64Array(n);
      this.#systems.push({
        output: k,
        places,
        penalized,
        hessian: this.#expansion?.G ?? new Float64Array(n * n),
        added: vector(),
        model: new Quadratic(n, penalized, { ...penalty, factors: own }),
        g: vector(),
        w: vector(),
        v: vector(),
        slope: vector(),
      });
    }
  }

  get result(): Float64Array {
    return this.#w;
  }

  /** One iteration. Returns the objective after it. */
  epoch(): number {
    if (!this.#begun) {
      this.#begun = true;
      this.#value = this.#evaluate(this.#w, this.#g);
      this.meanLoss = this.#smooth.meanLoss;
      this.#first = Math.abs(this.#value);
      if (!Number.isFinite(this.#value)) return this.#value;
    }
    if (!this.#isCurrent) this.#bend();
    const { length, promised } = this.#step();
    this.rate = length;
    let left = promised;
    if (length > 0) {
      this.steps++;
      this.#w.set(this.#trial);
      this.#g.set(this.#trialGradient);
      left = length === 1 && this.#isMinimal() ? 0 : this.#remaining();
      this.#isCurrent = this.#plan.loss === squaredLoss;
      if (length === 1) this.#damp(this.#damping > least ? 0.1 * this.#damping : 0);
      else if (length < 0.1) this.#dampMore();
    }
    const nothing = this.#nothing();
    this.change = left;
    if (left <= 2 ** -4 * nothing) this.ended = 'converged';
    else if (length === 0) this.ended = left <= 64 * nothing ? 'converged' : 'stalled';
    this.gradientNorm = this.#smooth.norm(this.#w, this.#g);
    if (this.#plan.stepHistory && length > 0) this.stepLosses.push(this.#value);
    return this.#value;
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

  /** What of the objective cannot be told from rounding; a minimum of 0 is known by where the fit came from. */
  #nothing(): number {
    return rounding * (Math.abs(this.#value) + 2 ** -16 * this.#first);
  }

  /**
   * Takes a step, with more damping if there is none without. Returns which part of it and what the first model promised.
   */
  #step(): { length: number; promised: number } {
    let promised = NaN;
    for (let tries = 0; tries < mostDampings; tries++) {
      const fall = this.#aim();
      const untold = this.#untold();
      if (tries === 0) promised = fall + untold;
      if (this.#damping > 0 || untold <= this.#nothing() || this.#isTold()) {
        const length = this.#search(fall);
        if (length > 0) return { length, promised };
        if (!(fall > this.#nothing())) break;
      }
      this.#dampMore();
    }
    return { length: 0, promised };
  }

  #dampMore(): void {
    this.#damp(this.#damping > 0 ? 10 * this.#damping : least);
  }

  /** Adds to the Hessians what so large a second derivative of the loss would add to their diagonals. */
  #damp(damping: number): void {
    if (damping === this.#damping) return;
    this.#damping = damping;
    for (const system of this.#systems) this.#complete(system);
  }

  #complete({ hessian, added, places, penalized, model }: System): void {
    const { l2, factors } = this.#smooth.penalty;
    for (let i = 0; i < places.length; i++) {
      const own = i < penalized ? l2 * (factors ? factors[places[i]] : 1) : 0;
      added[i] = own + this.#damping * this.#unit(i, penalized);
    }
    model.setHessian(hessian, added);
  }

  /** The mean square of a variable's column. */
  #unit(i: number, penalized: number): number {
    return i < penalized ? this.#scaling.square[i % this.#plan.cols] : 1;
  }

  /** Writes the slopes of the models without damping at the target to the trial's gradient. */
  #slopeAtTarget(): void {
    for (const { places, penalized, model, w, v, g, slope } of this.#systems) {
      const n = places.length;
      slope.set(g);
      for (let i = 0; i < n; i++) {
        w[i] = v[i] - w[i];
        if (w[i] === 0) continue; // often, beside l1
        model.addColumn(w[i], i, slope);
        slope[i] -= this.#damping * this.#unit(i, penalized) * w[i];
      }
      for (let i = 0; i < n; i++) this.#trialGradient[places[i]] = slope[i];
    }
  }

  /** What the objective could still fall by at the target, where the models are flat but for the least damping. */
  #untold(): number {
    this.#slopeAtTarget();
    const { penalty, penalized: all } = this.#smooth;
    const { l1, nonNegative, factors } = penalty;
    let untold = 0;
    for (const { places, penalized, v } of this.#systems) {
      for (let i = 0; i < places.length; i++) {
        const j = places[i];
        const bound = j < all ? l1 * (factors ? factors[j] : 1) : 0;
        const slope = this.#trialGradient[j];
        const right = slope + (v[i] < 0 ? -bound : bound);
        const left = slope + (v[i] > 0 ? bound : -bound);
        const isBound = nonNegative && j < all && !(v[i] > 0);
        const steep = right < 0 ? right : left > 0 && !isBound ? left : 0;
        untold += (0.5 * steep * steep) / (least * this.#unit(i, penalized));
      }
    }
    return untold;
  }

  /** Whether the models account for most of the gradient. */
  #isTold(): boolean {
    return this.#smooth.norm(this.#target, this.#trialGradient) <= 0.5 * this.#smooth.norm(this.#w, this.#g);
  }

  /** The Hessians at the weights. */
  #bend(): void {
    for (const system of this.#systems) {
      if (this.#plan.loss === softmaxLoss) this.#bendClasses(system);
      else if (!this.#expansion) {
        const { count } = this.#table;
        const { output } = system;
        const d = this.#curvature.subarray(output * count, (output + 1) * count);
        this.#spread(system, d, output, output);
      }
      this.#complete(system);
    }
    this.#isCurrent = true;
  }

  /** Whether the models' minimum is the objective's, but for rounding: as of an expansion, unless it says too little. */
  #isMinimal(): boolean {
    if (this.#systems.some(({ model }) => !model.isSolved || !(model.leastPivot > leastExpandedPivot))) return false;
    return this.#expansion !== null && this.#damping === 0;
  }

  /** What the objective can still fall by. */
  #remaining(): number {
    if (this.#expansion) {
      this.#value = this.#penalized(this.#expansion.begin(this.#w, this.#g), this.#w, this.#g);
      this.meanLoss = this.#smooth.meanLoss;
    }
    return this.#aim() + this.#untold();
  }

  /** Of softmax: between classes k and l the second derivative is p_k (δ_kl - p_l). */
  #bendClasses(system: System): void {
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
        this.#spread(system, d, k, l);
      }
    }
  }

  /** Writes the part of a Hessian that is between outputs k and l: the mean of d·xxᵀ in the solver's columns. */
  #spread({ hessian, places }: System, d: Float64Array, k: number, l: number): void {
    const { cols, intercept, outputs, loss } = this.#plan;
    const { deviation } = this.#scaling;
    const { count } = this.#table;
    const G = this.#gramMatrix;
    const gram = this.#gram as Gram;
    const { size } = gram;
    const n = places.length;
    gram.evaluate(d, G);
    // Where a system's variables of an output begin, and its intercept.
    const at = (output: number, j: number) => {
      if (loss !== softmaxLoss) return j;
      return j < cols ? output * cols + j : outputs * cols + output;
    };
    for (let j = 0; j < size; j++) {
      const row = at(k, j);
      const rowScale = intercept && j === cols ? 1 : deviation[j];
      for (let m = 0; m < size; m++) {
        const column = at(l, m);
        const scale = rowScale * (intercept && m === cols ? 1 : deviation[m]);
        const h = G[j * size + m] / count / scale;
        hessian[row * n + column] = h;
        hessian[column * n + row] = h;
      }
    }
  }

  /** Writes where the models have their minimum to `target`; returns by how much they fall. */
  #aim(): number {
    let fall = 0;
    for (const { places, model, g, w, v } of this.#systems) {
      for (let i = 0; i < places.length; i++) {
        g[i] = this.#g[places[i]];
        w[i] = this.#w[places[i]];
      }
      fall += model.minimize(g, w, v);
      for (let i = 0; i < places.length; i++) this.#target[places[i]] = v[i];
    }
    return fall;
  }

  /** Goes towards the target, all the way if the objective falls enough; returns which part, 0 if nothing is gained. */
  #search(promised: number): number {
    if (!(promised > 0)) return 0;
    const w = this.#w;
    const noise = this.#nothing();
    let t = 1;
    for (let tries = 0; tries < 60; tries++) {
      if (t === 1) this.#trial.set(this.#target);
      else for (let j = 0; j < w.length; j++) this.#trial[j] = w[j] + t * (this.#target[j] - w[j]);
      const value = this.#evaluate(this.#trial, this.#trialGradient);
      // A decrease that rounding hides is believed once.
      const isLower = promised > noise ? value <= this.#value - 1e-4 * t * promised : value <= this.#value + noise;
      if (isLower) {
        this.#value = value;
        this.meanLoss = this.#smooth.meanLoss;
        return t;
      }
      t *= value < Infinity ? 0.5 : 0.1;
    }
    return 0;
  }

  override exchange(archive: Archive): void {
    super.exchange(archive);
    this.#begun = archive.flag(this.#begun);
    archive.array(this.#w);
    this.#value = archive.number(this.#value);
    this.#first = archive.number(this.#first);
    this.#damping = archive.number(this.#damping);
    archive.array(this.#g);
    this.#expansion?.exchange(archive);
    // What follows from the weights is made anew.
    this.#isCurrent = false;
    if (!this.#begun) return;
    this.#evaluate(this.#w, this.#trialGradient);
    this.meanLoss = this.#smooth.meanLoss;
  }
}
