// L-BFGS (Nocedal 1980) with a strong Wolfe search; with l1 or without negative coefficients its orthant-wise form,
// OWL-QN (Andrew and Gao 2007). Twin: native/solver/lbfgs.cc.
import { type Plan, weightCount } from '../../plan.js';
import { axpy, dot, nrm2, scal } from '../kernels/dense.js';
import type { Archive } from './archive.js';
import { type RayPoint, wolfe } from './linesearch.js';
import { Method } from './method.js';
import type { Smooth } from './smooth.js';

const rounding = 2 ** -48; // of the objective: smaller changes are not to be told from rounding

export class Lbfgs extends Method {
  readonly #smooth: Smooth;
  readonly #memory: number;
  readonly #isOrthantWise: boolean;
  readonly #isScaled: boolean;
  readonly #stepHistory: boolean;
  readonly #w: Float64Array;
  readonly #g: Float64Array; // of the smooth part
  readonly #trial: Float64Array;
  readonly #trialGradient: Float64Array;
  readonly #steepest: Float64Array; // the shortest subgradient
  readonly #direction: Float64Array;
  readonly #diagonal: Float64Array; // what the Hessian's is thought to be
  readonly #s: Float64Array[]; // steps and changes of the gradient, a ring
  readonly #y: Float64Array[];
  readonly #products: Float64Array; // sᵀy of each
  readonly #alpha: Float64Array;
  #count = 0;
  #next = 0;
  #value = NaN;
  #begun = false;

  /** `weights`: where it starts; changed in place. `diagonal`: about the Hessian's; null: 1. */
  constructor(plan: Plan, smooth: Smooth, weights: Float64Array, diagonal: Float64Array | null) {
    super();
    const size = weightCount(plan);
    const vector = () => new Float64Array(size);
    this.#smooth = smooth;
    this.#memory = plan.solverParameters[0];
    this.#isOrthantWise = smooth.penalty.l1 !== 0 || smooth.penalty.nonNegative;
    this.#isScaled = diagonal !== null;
    this.#stepHistory = plan.stepHistory;
    this.#w = weights;
    this.#g = vector();
    this.#trial = vector();
    this.#trialGradient = vector();
    this.#steepest = vector();
    this.#direction = vector();
    this.#diagonal = diagonal ?? vector().fill(1);
    this.#s = Array.from({ length: this.#memory }, vector);
    this.#y = Array.from({ length: this.#memory }, vector);
    this.#products = new Float64Array(this.#memory);
    this.#alpha = new Float64Array(this.#memory);
  }

  get result(): Float64Array {
    return this.#w;
  }

  /** One iteration. Returns the objective after it. */
  epoch(): number {
    if (!this.#begun) {
      this.#value = this.#smooth.evaluate(this.#w, this.#g);
      this.#begun = true;
      this.#look();
      if (!Number.isFinite(this.#value)) return this.#value;
    }
    const before = this.#value;
    let length = this.#search();
    if (length === 0 && this.#count > 0) {
      this.#count = 0; // what is remembered misleads: once more along the gradient
      this.#look();
      length = this.#search();
    }
    this.rate = length;
    if (length > 0) {
      this.steps++;
      this.#remember();
      this.#look();
    }
    const gain = before - this.#value;
    const still = -0.5 * dot(this.#steepest, this.#direction); // what the next step promises
    this.change = gain > still ? gain : still;
    this.gradientNorm = this.#smooth.norm(this.#w, this.#g);
    const nothing = rounding * Math.abs(this.#value);
    if (length === 0) this.ended = still <= 64 * nothing ? 'converged' : 'stalled';
    else if (this.change <= 2 ** -4 * nothing) this.ended = 'converged';
    if (this.#stepHistory && length > 0) this.stepLosses.push(this.#value);
    return this.#value;
  }

  /** The shortest subgradient at the weights, and the direction to go. */
  #look(): void {
    const { l1, nonNegative, factors } = this.#smooth.penalty;
    const steepest = this.#steepest;
    const w = this.#w;
    steepest.set(this.#g);
    for (let j = 0; this.#isOrthantWise && j < this.#smooth.penalized; j++) {
      const bound = l1 * (factors ? factors[j] : 1);
      const up = steepest[j] + bound; // the slope to the right
      const down = steepest[j] - bound; // and from the left
      if (w[j] > 0) steepest[j] = up;
      else if (w[j] < 0) steepest[j] = down;
      else steepest[j] = up < 0 ? up : down > 0 && !nonNegative ? down : 0;
    }
    this.#turn();
    if (dot(steepest, this.#direction) < 0) return;
    this.#count = 0;
    this.#turn();
  }

  /** direction = -H·steepest by the two loops over what is remembered, newest first, then oldest first. */
  #turn(): void {
    const d = this.#direction;
    const steepest = this.#steepest;
    const at = (age: number) => (this.#next - 1 - age + 2 * this.#memory) % this.#memory;
    for (let j = 0; j < d.length; j++) d[j] = -steepest[j];
    for (let age = 0; age < this.#count; age++) {
      const k = at(age);
      this.#alpha[k] = dot(this.#s[k], d) / this.#products[k];
      axpy(-this.#alpha[k], this.#y[k], d);
    }
    for (let j = 0; j < d.length; j++) d[j] /= this.#diagonal[j];
    if (this.#count > 0) {
      const y = this.#y[at(0)];
      let scaled = 0;
      for (let j = 0; j < d.length; j++) scaled += (y[j] / this.#diagonal[j]) * y[j];
      scal(this.#products[at(0)] / scaled, d);
    }
    for (let age = this.#count - 1; age >= 0; age--) {
      const k = at(age);
      axpy(this.#alpha[k] - dot(this.#y[k], d) / this.#products[k], this.#s[k], d);
    }
    // A step may not leave the orthant in which the subgradient is a gradient.
    for (let j = 0; this.#isOrthantWise && j < this.#smooth.penalized; j++) {
      if (d[j] * steepest[j] >= 0) d[j] = 0;
    }
  }

  /** Goes along the direction to `trial`; returns how far, 0 if nothing is gained. */
  #search(): number {
    const slope = dot(this.#steepest, this.#direction);
    if (!(slope < 0)) return 0;
    const first = this.#count > 0 ? 1 : this.#firstLength();
    if (this.#isOrthantWise) return this.#backtrack(first);
    const start = { t: 0, value: this.#value, slope };
    const { t, value } = wolfe(start, first, (t) => this.#at(t));
    if (t > 0) this.#value = value;
    return t;
  }

  /** The first step of all: 1 where the curvature is known, else no further than 1. */
  #firstLength(): number {
    const norm = nrm2(this.#direction);
    return this.#isScaled || this.steps > 0 || norm <= 1 ? 1 : 1 / norm;
  }

  #at(t: number): RayPoint {
    this.#trial.set(this.#w);
    axpy(t, this.#direction, this.#trial);
    const value = this.#smooth.evaluate(this.#trial, this.#trialGradient);
    return { t, value, slope: dot(this.#trialGradient, this.#direction) };
  }

  /** Halves the step until the objective falls enough; coefficients that would change sign become 0. */
  #backtrack(first: number): number {
    const w = this.#w;
    const trial = this.#trial;
    const steepest = this.#steepest;
    for (let t = first, tries = 0; tries < 50; tries++, t *= 0.5) {
      trial.set(w);
      axpy(t, this.#direction, trial);
      let slope = 0;
      for (let j = 0; j < trial.length; j++) {
        const side = w[j] === 0 ? -steepest[j] : w[j];
        if (j < this.#smooth.penalized && !(trial[j] * side > 0)) trial[j] = 0;
        slope += steepest[j] * (trial[j] - w[j]);
      }
      const value = this.#smooth.evaluate(trial, this.#trialGradient);
      if (value < this.#value && value <= this.#value + 1e-4 * slope) {
        this.#value = value;
        return t;
      }
    }
    return 0;
  }

  /** Takes the step to `trial` and remembers it, if the curvature along it is positive. */
  #remember(): void {
    const s = this.#s[this.#next];
    const y = this.#y[this.#next];
    for (let j = 0; j < s.length; j++) {
      s[j] = this.#trial[j] - this.#w[j];
      y[j] = this.#trialGradient[j] - this.#g[j];
    }
    this.#w.set(this.#trial);
    this.#g.set(this.#trialGradient);
    const product = dot(s, y);
    if (!(product > 2 ** -52 * dot(y, y)) || !(product < Infinity)) return;
    this.#products[this.#next] = product;
    this.#next = (this.#next + 1) % this.#memory;
    if (this.#count < this.#memory) this.#count++;
  }

  override exchange(archive: Archive): void {
    super.exchange(archive);
    this.#begun = archive.flag(this.#begun);
    this.#value = archive.number(this.#value);
    this.#count = archive.number(this.#count);
    this.#next = archive.number(this.#next);
    for (const vector of [this.#w, this.#g, this.#direction, this.#steepest, this.#products]) archive.array(vector);
    for (const vector of [...this.#s, ...this.#y]) archive.array(vector);
  }
}
