// Method `lbfgs` for piecewise-linear losses: L-BFGS on their augmented Lagrangian.
// The multipliers (solver/augmented) are updated whenever it is nearly minimal. An epoch has up to `mostSteps`
// iterations; after it the dual function gives the duality gap. Twin: native/solver/multipliers.h.
import type { Plan, Table } from '../../backend/plan.js';
import type { Archive } from '../objective/archive.js';
import { PenalizedObjective } from '../objective/penalizedobjective.js';
import type { Scaling } from '../objective/scaling.js';
import { Augmented } from './augmented.js';
import { Lbfgs } from './lbfgs.js';
import { Method } from './method.js';
import { Roundoff } from './roundoff.js';

const mostSteps = 200;
const mostIdle = 10; // epochs that do not lower the gap
const firstPart = 0.1; // μ, of the usual margin
const shrink = 0.3; // μ falls so where multipliers are slow
const slow = 0.25; // to lower what they fall short by
const inexact = 0.5; // what may be left of the Lagrangian, beside that
const least = 2 ** -26; // of the first μ
/** Of the objective: a gap that is nothing, and one that is as near as fits come that gain no more. */
const precision = { aim: 2 ** -30, end: 2 ** -24 };

export class Multipliers extends Method {
  readonly #smooth: PenalizedObjective; // with the losses as they are
  readonly #augmented: Augmented;
  readonly #inner: Lbfgs;
  readonly #roundoff: Roundoff;
  readonly #stepHistory: boolean;
  readonly #w: Float64Array; // of the Lagrangian
  readonly #best: Float64Array;
  readonly #gradient: Float64Array;
  #begun = false;
  #value = Infinity;
  #first = 0; // the objective where it started
  #bound = 0; // no objective is below 0
  #leastMu = 0;
  #shortfall = Infinity;
  #leastGap = Infinity;
  #idle = 0;

  /** `weights`: where it starts; changed in place. */
  constructor(plan: Plan, table: Table, scaling: Scaling, smooth: PenalizedObjective, weights: Float64Array) {
    super();
    this.#smooth = smooth;
    this.#augmented = new Augmented(plan, table, scaling, smooth.penalty);
    this.#roundoff = new Roundoff(plan, table, scaling);
    const penalty = { ...smooth.penalty, l1: 0, bounds: null };
    const inner = new PenalizedObjective(this.#augmented, penalty, smooth.penalized);
    this.#stepHistory = plan.stepHistory;
    this.#w = weights;
    this.#best = weights.slice();
    this.#gradient = new Float64Array(weights.length);
    this.#inner = new Lbfgs({ ...plan, stepHistory: false }, inner, weights, { table, scaling });
  }

  override get mayBeCollinear(): boolean {
    return true;
  }

  get result(): Float64Array {
    return this.#best;
  }

  /** Up to `mostSteps` iterations. Returns the objective of the best weights that were met. */
  epoch(): number {
    const augmented = this.#augmented;
    if (!this.#begun) {
      this.#begun = true;
      this.#first = this.#look(this.#w);
      if (!Number.isFinite(this.#first)) return this.#first;
      augmented.begin(this.#w, firstPart);
      this.#inner.firstLength = augmented.mu;
      this.#leastMu = least * augmented.mu;
    }
    const before = this.steps;
    const isSolved = this.#descend();
    augmented.evaluate({}, this.#w, this.#gradient);
    this.#look(augmented.feasible);
    const { shortfall } = augmented;
    const bound = augmented.bound(this.#w);
    const size = this.#value + 2 ** -10 * this.#first;
    const noise = this.#roundoff.ofMargins(this.#best);
    // A minimum below the bound is further away than that takes weights without a penalty to be.
    if (this.#bound - this.#value > precision.aim * size) {
      this.#bound = 0;
      this.#leastGap = Infinity;
    }
    if (bound > this.#bound) this.#bound = bound;
    this.change = this.#value - this.#bound;
    if (!(this.change > 0)) this.change = 0;
    this.gap = this.change;
    this.#idle = this.change < 0.9 * this.#leastGap ? 0 : this.#idle + 1;
    if (this.#idle === 0) this.#leastGap = this.change;
    if (this.change <= precision.aim * size + noise) this.ended = 'converged';
    else if (this.#idle >= mostIdle)
      this.ended = this.change <= precision.end * size + 2 ** 3 * noise ? 'converged' : 'stalled';
    else if (isSolved) this.#recentre(shortfall);
    for (let i = before; this.#stepHistory && i < this.steps; i++) this.stepLosses.push(this.#value);
    return this.#value;
  }

  /** Whether the Lagrangian has become nearly least. */
  #descend(): boolean {
    const augmented = this.#augmented;
    for (let i = 0; i < mostSteps; i++) {
      this.#inner.epoch();
      this.rate = this.#inner.rate;
      if (this.rate === 0) return true;
      this.steps++;
      if (augmented.hidden(this.#w) <= inexact * augmented.shortfall) return true;
    }
    return false;
  }

  #recentre(shortfall: number): void {
    const augmented = this.#augmented;
    augmented.recentre();
    if (shortfall > slow * this.#shortfall && augmented.mu > this.#leastMu) augmented.mu *= shrink;
    this.#shortfall = shortfall;
    this.#inner.firstLength = augmented.mu;
    this.#inner.restart();
  }

  /** Takes weights that are better. Returns their objective. */
  #look(weights: Float64Array): number {
    const value = this.#smooth.evaluate(weights, this.#gradient);
    if (value < this.#value) {
      this.#value = value;
      this.#best.set(weights);
      this.gradientNorm = this.#smooth.norm(weights, this.#gradient);
    }
    return value;
  }

  override serialize(archive: Archive): void {
    super.serialize(archive);
    this.#begun = archive.flag(this.#begun);
    for (const array of [this.#w, this.#best]) archive.array(array);
    this.#value = archive.number(this.#value, 'any');
    this.#first = archive.number(this.#first, 'any');
    this.#bound = archive.number(this.#bound, 'any');
    this.#leastMu = archive.number(this.#leastMu, 'measured');
    this.#shortfall = archive.number(this.#shortfall, 'measured');
    this.#leastGap = archive.number(this.#leastGap, 'measured');
    this.#idle = archive.count(this.#idle);
    this.#augmented.serialize(archive);
    this.#inner.firstLength = this.#augmented.mu;
    this.#inner.serialize(archive);
  }
}
