// L-BFGS (Nocedal 1980) with a strong Wolfe search; OWL-QN (Andrew and Gao 2007) with l1 or bounds.
// A fit of many rows starts where a fit of a sample of them ends, preconditioned by the sample's Hessian. Twin:
// native/solver/lbfgs.cc.
import { type Plan, piecewiseLinearLosses, type Table, weightCount } from '../../backend/plan.js';
import { axpy, dot, nrm2, scal } from '../kernels/dense.js';
import { isAtLower, isAtUpper } from '../kernels/penalties.js';
import type { Archive } from '../objective/archive.js';
import { project } from '../objective/bounds.js';
import { Objective } from '../objective/objective.js';
import { PenalizedObjective } from '../objective/penalizedobjective.js';
import type { Scaling } from '../objective/scaling.js';
import { approachHuber } from './huberstart.js';
import { type RayPoint, wolfe } from './linesearch.js';
import { Method } from './method.js';
import { Preconditioner } from './preconditioner.js';
import { Roundoff } from './roundoff.js';
import { rowSlopes } from './rowslopes.js';
import { sampleOf } from './sample.js';

const rounding = 2 ** -48; // of the objective: smaller changes are not to be told from rounding
const largestPart = 2 ** -20; // of a large x, the first step
const mostSampled = 30; // iterations on a sample
const longest = 12; // iterations with one preconditioner, where taking it anew costs little
const leastSeen = 2 ** -120; // of the size of the objective, a decrease that no digit of a weight tells
const slopeRounding = 2 ** -24; // of the slopes of rows, at most, what rounding may leave at a minimum where all are 0
const leastSlope = 2 ** -15; // of the slopes of rows, what a minimum may leave
const patience = 8; // iterations in which rounding hides the decrease, without a quarter of the least one predicted

/** What the objective is taken over. */
interface Data {
  table: Table;
  scaling: Scaling;
}

type Verdict = 'converged' | 'stalled' | null;

export class Lbfgs extends Method {
  readonly #plan: Plan;
  readonly #data: Data | null;
  readonly #isFirst: boolean; // it may start where other fits end
  readonly #sample: Table | null;
  readonly #preconditioner: Preconditioner | null; // null: 1
  readonly #smooth: PenalizedObjective;
  readonly #meter: Roundoff | null; // of a smooth loss over rows
  #least = Infinity; // decrease predicted since rounding hides it
  #waited = 0; // iterations since it was a quarter of that
  readonly #memory: number;
  readonly #isOrthantWise: boolean;
  readonly #stepHistory: boolean;
  readonly #w: Float64Array;
  readonly #hessianPoint: Float64Array; // where the preconditioner was taken
  #hessianPointByAll = false; // over all rows, not the sample
  #aged = 0; // iterations since
  readonly #g: Float64Array; // of the smooth part
  readonly #terms: Float64Array; // of the weights, in size: the larger of where the last step began and ended
  readonly #trial: Float64Array;
  readonly #trialGradient: Float64Array;
  readonly #steepest: Float64Array; // the shortest subgradient
  readonly #direction: Float64Array;
  readonly #turned: Float64Array; // the newest change of the gradient, by the preconditioner
  readonly #s: Float64Array[]; // steps and changes of the gradient, a ring
  readonly #y: Float64Array[];
  readonly #products: Float64Array; // sᵀy of each
  readonly #alpha: Float64Array;
  #count = 0;
  #unit = 0; // of H⁻¹, by the last step of a function of the caller's; 0: not known
  #next = 0;
  #value = NaN;
  #begun = false;
  /** Of a step by the preconditioner alone. */
  firstLength = 1;

  /** `weights`: where it starts; changed in place. `data`: null for a function of the caller's. */
  constructor(plan: Plan, smooth: PenalizedObjective, weights: Float64Array, data: Data | null, isFirst = true) {
    super();
    this.#plan = plan;
    this.#data = data;
    this.#isFirst = isFirst;
    this.#sample = data && sampleOf(data.table, plan.cols);
    this.#preconditioner = data && new Preconditioner(plan, data.scaling, smooth.penalty);
    const size = weightCount(plan);
    const vector = () => new Float64Array(size);
    this.#smooth = smooth;
    const isSmooth = data !== null && !piecewiseLinearLosses.includes(plan.loss);
    this.#meter = isSmooth ? new Roundoff(plan, data.table, data.scaling) : null;
    this.#memory = plan.solverParameters[0];
    this.#isOrthantWise = smooth.penalty.l1 !== 0 || smooth.penalty.bounds !== null;
    this.#stepHistory = plan.stepHistory;
    this.#w = weights;
    this.#hessianPoint = vector();
    this.#g = vector();
    this.#terms = weights.map(Math.abs);
    this.#trial = vector();
    this.#trialGradient = vector();
    this.#steepest = vector();
    this.#direction = vector();
    this.#turned = vector();
    this.#s = Array.from({ length: this.#memory }, vector);
    this.#y = Array.from({ length: this.#memory }, vector);
    this.#products = new Float64Array(this.#memory);
    this.#alpha = new Float64Array(this.#memory);
  }

  /** Whether the sample is less than all rows. */
  get #isPart(): boolean {
    return this.#data !== null && this.#sample !== this.#data.table;
  }

  get result(): Float64Array {
    return this.#w;
  }

  override get mayBeCollinear(): boolean {
    return true;
  }

  /** Begins anew where it is: the objective has changed. */
  restart(): void {
    this.#begun = false;
    this.#count = 0;
    this.ended = null;
  }

  /** One iteration. Returns the objective after it. */
  epoch(): number {
    if (!this.#begun) {
      this.#begin();
      this.#begun = true;
      this.#updatePseudoGradient();
      if (!Number.isFinite(this.#value)) return this.#value;
    }
    if (this.#preconditioner?.hasHessian && this.#aged >= longest + Math.floor(this.#plan.cols / 8)) {
      this.#aged = 0;
      this.#hessianPointByAll = true;
      this.#hessianPoint.set(this.#w);
      this.#updateHessian();
      this.#updatePseudoGradient();
    }
    this.#aged++;
    const before = this.#value;
    const predicted = this.#predictedDecrease();
    let length = this.#search();
    if (length === 0 && this.#count > 0) {
      this.#count = 0; // what is remembered misleads: once more along the gradient
      this.#updatePseudoGradient();
      length = this.#search();
    }
    this.rate = length;
    if (length > 0) {
      this.steps++;
      this.#remember();
      this.#updatePseudoGradient();
    }
    const gain = before - this.#value;
    const still = this.#predictedDecrease();
    this.change = gain > still ? gain : still;
    this.lastDecrease = gain;
    if (!piecewiseLinearLosses.includes(this.#plan.loss)) this.remainingDecrease = still;
    this.gradientNorm = this.#smooth.norm(this.#w, this.#g);
    // multipliers.ts judges an augmented Lagrangian.
    if (this.#meter) this.ended = this.#verdict(length, still);
    else if (!this.#data) this.ended = this.#verdictOfFunction(length, predicted, still);
    if (this.ended === 'stalled') this.remainingDecrease = NaN; // by a model that has failed
    if (this.#stepHistory && length > 0) this.stepLosses.push(this.#value);
    return this.#value;
  }

  /**
   * How the fit ends after a step of that length, 0 if there is none, with such a decrease predicted for the next one;
   * null: it goes on.
   */
  #verdict(length: number, predicted: number): Verdict {
    let verdict = this.#verdictOfHidden(predicted);
    if (length === 0) verdict = predicted <= this.#hidden() ? 'converged' : 'stalled';
    // Of a sum of squares that is 0, slopes are rounding, whatever the scale of their column.
    if (this.#meter?.isZero(this.#w, this.#value)) return 'converged';
    return verdict === 'converged' && !this.#isStationary() ? 'stalled' : verdict;
  }

  /** The same of a function of the caller's; `before`: predicted for the last step. */
  #verdictOfFunction(length: number, before: number, predicted: number): Verdict {
    const level = this.#roundoff();
    if (length === 0) {
      const least = !this.#isOrthantWise && before < predicted ? before : predicted;
      return least <= 64 * level ? 'converged' : 'stalled';
    }
    // It is evaluated no more once the curvature of its steps predicts no visible decrease.
    const isOver = this.#isOrthantWise
      ? this.change <= 2 ** -4 * level
      : this.#count > 0 && predicted <= 2 ** -2 * level;
    return isOver ? 'converged' : null;
  }

  /** What the steps that go by the gradient, where rounding hides what they gain, have come to; null: they go on. */
  #verdictOfHidden(predicted: number): Verdict {
    if (this.change > this.#roundoff()) {
      this.#least = Infinity;
      this.#waited = 0;
      return null;
    }
    this.#waited++;
    if (predicted <= 0.25 * this.#least) {
      this.#least = predicted;
      this.#waited = 0;
    }
    if (predicted <= leastSeen * this.#size()) return 'converged';
    const isHidden = predicted <= this.#hidden();
    if (this.#waited < (isHidden ? 1 : patience)) return null;
    return isHidden ? 'converged' : 'stalled';
  }

  /**
   * Decreases that rounding hides in the gradient, too: of the order of the square of what it hides in the objective; with
   * l1, of whose steps signs are part, of the order of that.
   */
  #hidden(): number {
    const roundoff = this.#roundoff();
    return this.#isOrthantWise ? roundoff : 16 * roundoff * (roundoff / this.#size());
  }

  /** Whether no weight has more of a slope, in the scale of its column, than a small part of the slopes of rows. */
  #isStationary(): boolean {
    const { table, scaling } = this.#data as Data;
    const { objective, penalized, penalty } = this.#smooth;
    const meter = this.#meter as Roundoff;
    const steepest = this.#steepest;
    const slope = meter.slope(Math.abs(this.#value - this.#smooth.penaltyAt(this.#w)));
    const unit = (j: number) => (j < penalized ? Math.sqrt(scaling.square[j % this.#plan.cols]) : 1);
    const isWithin = (part: number) => steepest.every((g, j) => Math.abs(g) <= part * slope * unit(j));
    if (!isWithin(leastSlope)) return false;
    if (!meter.isSlopeRough || isWithin(slopeRounding)) return true;
    const { l1, l2, factors } = penalty;
    const terms = rowSlopes(objective, table, this.#w, steepest.length);
    return steepest.every((g, j) => {
      const ofPenalty = j < penalized ? (factors ? factors[j] : 1) * (l1 + l2 * Math.abs(this.#w[j])) : 0;
      return Math.abs(g) <= leastSlope * (terms[j] + ofPenalty) + slopeRounding * slope * unit(j);
    });
  }

  #size(): number {
    return (this.#meter as Roundoff).size(this.#value, this.#value - this.#smooth.penaltyAt(this.#w));
  }

  /** Of the next step, by the quadratic model. */
  #predictedDecrease(): number {
    return -0.5 * dot(this.#steepest, this.#direction);
  }

  /**
   * Round-off level of the objective. Of a function of the caller's, whose own terms nobody knows, it includes by how much
   * rounding the weights moves it: of a minimum of 0 nothing else tells.
   */
  #roundoff(): number {
    if (this.#meter) {
      return this.#meter.level(this.#w, this.#value, this.#value - this.#smooth.penaltyAt(this.#w));
    }
    const level = rounding * Math.abs(this.#value);
    if (this.#data) return level;
    let moves = 0;
    for (let j = 0; j < this.#w.length; j++) moves += Math.abs(this.#steepest[j]) * this.#terms[j];
    return level + rounding * moves;
  }

  /** To where the first iteration starts. */
  #begin(): void {
    const isNothing = this.#w.every((w, j) => w === 0 || j >= this.#smooth.penalized);
    // Where the caller starts may be better than where a sample ends.
    const approaches = isNothing && this.#isPart && !piecewiseLinearLosses.includes(this.#plan.loss);
    const start = this.#w.slice();
    const expected = approaches ? this.#approach() : 0;
    this.#approachHuber();
    this.#hessianPoint.set(this.#w);
    this.#updateHessian();
    this.#value = this.#smooth.evaluate(this.#w, this.#g);
    if (!approaches || this.#value - expected <= Math.abs(expected)) return;
    // The sample says little of the other rows.
    this.#trial.set(start);
    const value = this.#smooth.evaluate(this.#trial, this.#trialGradient);
    if (this.#value <= value) return;
    this.#value = value;
    this.#w.set(this.#trial);
    this.#g.set(this.#trialGradient);
  }

  /**
   * Goes to where the objective of a sample is least, about as near as that is to the minimum over all rows; returns
   * what it is there.
   */
  #approach(): number {
    const { scaling } = this.#data as Data;
    const table = this.#sample as Table;
    const { penalty, penalized } = this.#smooth;
    const far = 0.5 * (this.#w.length / table.count);
    const smooth = new PenalizedObjective(new Objective(this.#plan, table, scaling), penalty, penalized);
    const fit = new Lbfgs(this.#plan, smooth, this.#w, { table, scaling });
    let value = NaN;
    for (let i = 0; i < mostSampled && !fit.ended; i++) {
      value = fit.epoch();
      if (!(fit.change > far * Math.abs(value))) break;
    }
    return value;
  }

  #approachHuber(): void {
    const [data, w] = [this.#data, this.#w];
    if (!data || !this.#isFirst) return;
    approachHuber(
      this.#plan,
      data.table,
      data.scaling,
      this.#smooth,
      w,
      (plan, smooth) => new Lbfgs(plan, smooth, w, data, false),
    );
  }

  #updateHessian(): void {
    if (!this.#data || !this.#sample) return;
    if (this.#hessianPointByAll) this.#preconditioner?.updateHessian(this.#data.table, false, this.#hessianPoint);
    else this.#preconditioner?.updateHessian(this.#sample, this.#isPart, this.#hessianPoint);
  }

  /** The shortest subgradient at the weights, and the direction to go. */
  #updatePseudoGradient(): void {
    const { penalty } = this.#smooth;
    const { l1, factors } = penalty;
    const steepest = this.#steepest;
    const w = this.#w;
    steepest.set(this.#g);
    for (let j = 0; this.#isOrthantWise && j < this.#smooth.penalized; j++) {
      const bound = l1 * (factors ? factors[j] : 1);
      const up = steepest[j] + bound; // the slope to the right
      const down = steepest[j] - bound; // and from the left
      if (w[j] > 0) steepest[j] = up;
      else if (w[j] < 0) steepest[j] = down;
      else steepest[j] = up < 0 ? up : down > 0 ? down : 0;
      if (steepest[j] < 0 ? isAtUpper(penalty, j, w[j]) : isAtLower(penalty, j, w[j])) steepest[j] = 0;
    }
    this.#twoLoopRecursion();
    if (dot(steepest, this.#direction) < 0) return;
    this.#count = 0;
    this.#twoLoopRecursion();
  }

  /** direction = -H·steepest by the two loops over what is remembered, newest first, then oldest first. */
  #twoLoopRecursion(): void {
    const d = this.#direction;
    const steepest = this.#steepest;
    const at = (age: number) => (this.#next - 1 - age + 2 * this.#memory) % this.#memory;
    for (let j = 0; j < d.length; j++) d[j] = -steepest[j];
    for (let age = 0; age < this.#count; age++) {
      const k = at(age);
      this.#alpha[k] = dot(this.#s[k], d) / this.#products[k];
      axpy(-this.#alpha[k], this.#y[k], d);
    }
    if (this.#preconditioner) this.#preconditioner.divide(d);
    else if (this.#count === 0) this.#scaleByUnit();
    if (this.#count > 0) {
      const y = this.#y[at(0)];
      this.#turned.set(y);
      this.#preconditioner?.divide(this.#turned);
      scal(this.#products[at(0)] / dot(this.#turned, y), d);
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

  /**
   * Of a function of the caller's, the step along the gradient where nothing is remembered: by the curvature of the last
   * step, else of length 1, or a small part of x where that is large. No unit of f changes it.
   */
  #scaleByUnit(): void {
    const d = this.#direction;
    const length = largestPart * nrm2(this.#w);
    const scale = this.#unit > 0 ? this.#unit : (length > 1 ? length : 1) / nrm2(d);
    if (scale < Infinity) scal(scale, d);
  }

  /** Goes along the direction to `trial`; returns how far, 0 if nothing is gained. */
  #search(): number {
    const slope = dot(this.#steepest, this.#direction);
    if (!(slope < 0)) return 0;
    const first = this.#count > 0 || !this.#preconditioner ? 1 : this.firstLength;
    if (this.#isOrthantWise) return this.#backtrack(first);
    const start = { t: 0, value: this.#value, slope };
    // The terms of a caller's function may be larger than their sum.
    const part = this.#data || this.#count === 0 ? rounding : 2 ** -40;
    const roundoff = this.#meter ? this.#roundoff() : part * Math.abs(this.#value);
    const { t, value } = wolfe(start, first, roundoff, (t) => this.#at(t));
    if (t > 0) this.#value = value;
    return t;
  }

  #at(t: number): RayPoint {
    this.#trial.set(this.#w);
    axpy(t, this.#direction, this.#trial);
    const value = this.#smooth.evaluate(this.#trial, this.#trialGradient);
    return { t, value, slope: dot(this.#trialGradient, this.#direction) };
  }

  /** Halves the step until the objective falls enough; coefficients that would pass 0 against l1, or a bound, stay there. */
  #backtrack(first: number): number {
    const w = this.#w;
    const trial = this.#trial;
    const steepest = this.#steepest;
    const { penalized } = this.#smooth;
    const { l1, factors, bounds } = this.#smooth.penalty;
    const roundoff = this.#roundoff();
    for (let t = first, tries = 0; tries < 50; tries++, t *= 0.5) {
      trial.set(w);
      axpy(t, this.#direction, trial);
      let slope = 0;
      for (let j = 0; j < penalized; j++) {
        const side = w[j] === 0 ? -steepest[j] : w[j];
        if (l1 * (factors ? factors[j] : 1) > 0 && !(trial[j] * side > 0)) trial[j] = 0;
      }
      if (bounds) project(bounds, trial, penalized);
      for (let j = 0; j < trial.length; j++) slope += steepest[j] * (trial[j] - w[j]);
      const value = this.#smooth.evaluate(trial, this.#trialGradient);
      const isHidden = this.#meter !== null && Math.abs(value - this.#value) <= roundoff;
      if (
        isHidden ? this.#slopeBack() <= (2e-4 - 1) * slope : value < this.#value && value <= this.#value + 1e-4 * slope
      ) {
        this.#value = value;
        return t;
      }
    }
    return 0;
  }

  /** Of the objective along the step to `trial`, where that ends. */
  #slopeBack(): number {
    const { l1, factors } = this.#smooth.penalty;
    let slope = 0;
    for (let j = 0; j < this.#trial.length; j++) {
      const bound = j < this.#smooth.penalized ? l1 * (factors ? factors[j] : 1) : 0;
      const side = this.#trial[j] === 0 ? this.#w[j] : this.#trial[j];
      const steep = this.#trialGradient[j] + (side === 0 ? 0 : side > 0 ? bound : -bound);
      slope += steep * (this.#trial[j] - this.#w[j]);
    }
    return slope;
  }

  /** Takes the step to `trial` and remembers it, if the curvature along it is positive. */
  #remember(): void {
    const s = this.#s[this.#next];
    const y = this.#y[this.#next];
    for (let j = 0; j < s.length; j++) {
      s[j] = this.#trial[j] - this.#w[j];
      y[j] = this.#trialGradient[j] - this.#g[j];
      const [from, to] = [Math.abs(this.#w[j]), Math.abs(this.#trial[j])];
      this.#terms[j] = from > to ? from : to;
    }
    this.#w.set(this.#trial);
    this.#g.set(this.#trialGradient);
    const product = dot(s, y);
    if (!(product > 2 ** -52 * (nrm2(s) * nrm2(y))) || !(product < Infinity)) return;
    this.#products[this.#next] = product;
    this.#unit = product / dot(y, y);
    this.#next = (this.#next + 1) % this.#memory;
    if (this.#count < this.#memory) this.#count++;
  }

  override serialize(archive: Archive): void {
    super.serialize(archive);
    this.#begun = archive.flag(this.#begun);
    this.#value = archive.number(this.#value, 'any');
    this.#count = archive.count(this.#count, this.#memory);
    this.#next = archive.count(this.#next, this.#memory - 1);
    archive.array(this.#w);
    archive.array(this.#hessianPoint);
    this.#hessianPointByAll = archive.flag(this.#hessianPointByAll);
    this.#aged = archive.count(this.#aged);
    this.#least = archive.number(this.#least, 'notNaN');
    this.#waited = archive.count(this.#waited);
    for (const vector of [this.#g, this.#direction, this.#steepest, this.#products]) archive.array(vector, 'any');
    for (const vector of [...this.#s, ...this.#y]) archive.array(vector, 'any');
    if (this.#begun) this.#updateHessian(); // what follows from the weights is made anew
  }
}
