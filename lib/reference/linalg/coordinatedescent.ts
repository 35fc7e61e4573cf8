// Coordinate descent on a quadratic model with l1 and bounds.
// Coordinate descent finds which variables are at 0 or at a bound; a direct solve for the others makes the minimum
// exact. Twin: native/linalg/coordinatedescent.cc.

import { dot } from '../kernels/dense.js';
import { isAtLower, isAtUpper, type Penalty } from '../kernels/penalties.js';
import { factorize, rowsKept, solveFactorized, solveTransposed } from './cholesky.js';

const mostRounds = 100; // of coordinate descent and a solve
const mostSweeps = 10; // of one round over the active variables

/** Of a diagonal element, a pivot that rounding of the Hessian has left few digits: 12 bits and less. */
export const weakPivot = 2 ** -36;

const none = new Float64Array(0);

export class Quadratic {
  readonly #size: number;
  readonly #penalized: number;
  readonly #penalty: Penalty;
  readonly #plain: boolean;
  readonly #diagonal: Float64Array;
  readonly #L: Float64Array; // of H, or of its active rows and columns
  readonly #slope: Float64Array; // g + Hδ
  readonly #step: Float64Array;
  readonly #kept: Float64Array;
  readonly #settled: Float64Array; // v after the round before
  #active: number[] = [];
  /** v - w, before v is rounded. */
  readonly moved: Float64Array;
  /** Whether v is the minimum, and not where the rounds ended. */
  isSolved = false;
  /** What rounding makes of m(w) - m(v): all of it where H is all but singular and v far away. */
  noise = 0;
  #H: Float64Array = none;
  #added: Float64Array = none;
  #g: Float64Array = none;
  #w: Float64Array = none;
  #v: Float64Array = none;

  /** Of `size` variables l1 and bounds concern the first `penalized`; l2 is the caller's. */
  constructor(size: number, penalized: number, penalty: Penalty) {
    this.#size = size;
    this.#penalized = penalized;
    this.#penalty = penalty;
    this.#plain = penalty.l1 === 0 && penalty.bounds === null;
    this.#diagonal = new Float64Array(size);
    this.#L = new Float64Array(size * size);
    this.#slope = new Float64Array(size);
    this.moved = new Float64Array(size);
    this.#step = new Float64Array(size);
    this.#kept = new Float64Array(size);
    this.#settled = new Float64Array(size);
  }

  /**
   * H (size × size, symmetric, positive semidefinite), and what is added to its diagonal, must stay until minimize() has
   * been called.
   */
  setHessian(H: Float64Array, added: Float64Array): void {
    const size = this.#size;
    this.#H = H;
    this.#added = added;
    for (let j = 0; j < size; j++) this.#diagonal[j] = H[j * size + j] + added[j];
    if (!this.#plain) return;
    this.#L.set(H);
    for (let j = 0; j < size; j++) this.#L[j * size + j] = this.#diagonal[j];
    factorize(this.#L, this.#size);
  }

  /**
   * Writes the v that minimizes m(v) = gᵀ(v - w) + ½(v - w)ᵀH(v - w) + Σ l1 f |v|; a variable of which the model says
   * nothing stays as it is. Returns m(w) - m(v).
   */
  minimize(g: Float64Array, w: Float64Array, v: Float64Array): number {
    this.#g = g;
    this.#w = w;
    this.#v = v;
    const size = this.#size;
    const delta = this.moved;
    if (this.#plain) {
      for (let j = 0; j < size; j++) delta[j] = -g[j];
      solveFactorized(this.#L, size, delta);
      for (let j = 0; j < size; j++) v[j] = w[j] + delta[j];
      this.isSolved = true;
      return -0.5 * dot(g, delta);
    }
    this.isSolved = false;
    for (let j = 0; j < size; j++) v[j] = w[j] + 0; // no -0
    this.#slope.set(g);
    let first = 0;
    for (let round = 0; round < mostRounds && !this.isSolved; round++) {
      const moved = this.#sweep(true);
      if (round === 0) first = moved;
      this.isSolved = !(moved > 2 ** -100 * first);
      if (this.isSolved) break;
      for (let i = 0; i < mostSweeps && this.#sweep(false) > 1e-4 * moved; ) i++;
      this.#polish();
      this.isSolved = this.#isOptimal() || (round > 0 && this.#isSettled());
      this.#settled.set(v);
    }
    this.#refresh();
    let terms = 0;
    for (let j = 0; j < size; j++) terms += Math.sqrt(this.#diagonal[j]) * Math.abs(delta[j]);
    this.noise = 2 ** -52 * (terms * terms);
    return this.#gain();
  }

  /** m(w) - m(v), without taking the terms of l1 from each other where v has the sign of w. */
  #gain(): number {
    const [g, w, v, slope] = [this.#g, this.#w, this.#v, this.#slope];
    let gain = 0;
    for (let j = 0; j < this.#size; j++) {
      const bound = j < this.#penalized ? this.#bound(j) : 0;
      const isCrossed = w[j] * v[j] < 0;
      const side = v[j] !== 0 ? v[j] : w[j];
      const steady = isCrossed || side === 0 ? 0 : side > 0 ? bound : -bound;
      gain -= 0.5 * this.moved[j] * (g[j] + steady + (slope[j] + steady));
      if (isCrossed) gain += bound * (Math.abs(w[j]) - Math.abs(v[j]));
    }
    return gain;
  }

  /**
   * Of a diagonal element of the equations that were solved last, the least that remained when the variables before it
   * were taken out; constant columns have none.
   */
  get leastPivot(): number {
    const n = this.#plain ? this.#size : this.#active.length;
    let least = 1;
    for (let i = 0; i < n; i++) {
      const j = this.#plain ? i : this.#active[i];
      if (this.#diagonal[j] === 0) continue;
      const root = this.#L[i * n + i];
      const pivot = (root * root) / this.#diagonal[j];
      if (!(pivot > least)) least = pivot;
    }
    return least;
  }

  /**
   * Without l1 and bounds: directions in which the model says little or nothing, one for each of the first `count` variables
   * that all but depend on those before it. To the others they are conjugate.
   */
  weakDirections(count: number): Float64Array[] {
    const n = this.#size;
    const L = this.#L;
    const isWeak = (j: number) =>
      this.#diagonal[j] > 0 && !(L[j * n + j] * L[j * n + j] > weakPivot * this.#diagonal[j]);
    let any = false;
    for (let j = 0; j < count; j++) any ||= isWeak(j);
    if (!any) return [];
    const F = new Float64Array(this.#H);
    for (let j = 0; j < n; j++) F[j * n + j] = this.#diagonal[j];
    factorize(F, n, 0, weakPivot);
    const directions: Float64Array[] = [];
    for (let j = 0; j < count; j++) {
      if (F[j * n + j] > 0 || !(this.#diagonal[j] > 0)) continue;
      const u = new Float64Array(n);
      for (let k = 0; k < n; k++) u[k] = -this.#H[j * n + k];
      solveFactorized(F, n, u);
      u[j] = 1;
      directions.push(u);
    }
    return directions;
  }

  /** g += d times column j of the Hessian. */
  addColumn(d: number, j: number, g: Float64Array): void {
    const H = this.#H;
    const size = this.#size;
    const row = j * size;
    for (let k = 0; k < size; k++) g[k] += d * H[row + k];
    g[j] += d * this.#added[j];
  }

  #bound(j: number): number {
    const { l1, factors } = this.#penalty;
    return l1 * (factors ? factors[j] : 1);
  }

  #isNonsmooth(j: number): boolean {
    return j < this.#penalized && (this.#penalty.bounds !== null || this.#bound(j) > 0);
  }

  #isAtLower(j: number): boolean {
    return j < this.#penalized && isAtLower(this.#penalty, j, this.#v[j]);
  }

  #isAtUpper(j: number): boolean {
    return j < this.#penalized && isAtUpper(this.#penalty, j, this.#v[j]);
  }

  #isActive(j: number): boolean {
    if (!this.#isNonsmooth(j)) return true;
    return !((this.#v[j] === 0 && this.#bound(j) > 0) || this.#isAtLower(j) || this.#isAtUpper(j));
  }

  /** The best value of a variable, the others being as they are. */
  #best(j: number): number {
    const v = this.#v[j];
    const h = this.#diagonal[j];
    const slope = this.#slope[j];
    if (!this.#isNonsmooth(j)) return h > 0 ? v - slope / h : v;
    const bound = this.#bound(j);
    if (!(h > 0)) {
      const rest = this.#within(j, 0);
      if (v > rest) return slope + bound > 0 ? rest : v;
      return v < rest && slope - bound < 0 ? rest : v;
    }
    const u = v - slope / h;
    const magnitude = Math.abs(u) - bound / h;
    return this.#within(j, !(magnitude > 0) ? 0 : u > 0 ? magnitude : -magnitude);
  }

  /** A value of a variable within its bounds. */
  #within(j: number, v: number): number {
    const { bounds } = this.#penalty;
    if (bounds === null || j >= this.#penalized) return v;
    return v < bounds.lower[j] ? bounds.lower[j] : v > bounds.upper[j] ? bounds.upper[j] : v;
  }

  /** Where a variable that goes from v is held next: at 0 by l1, or at a bound; infinite: nowhere. */
  #breakpointAhead(j: number, v: number, up: boolean): number {
    const { bounds } = this.#penalty;
    if (j < this.#penalized && this.#bound(j) > 0 && (up ? v < 0 : v > 0)) return this.#within(j, 0);
    if (j < this.#penalized && bounds !== null) return up ? bounds.upper[j] : bounds.lower[j];
    return up ? Infinity : -Infinity;
  }

  /** How far a variable is from where it would be held. */
  #distance(j: number): number {
    const v = this.#v[j];
    const below = v - this.#breakpointAhead(j, v, false);
    const above = this.#breakpointAhead(j, v, true) - v;
    return below < above ? below : above;
  }

  /** Which part of the step takes active variable i to where it is held. */
  #partTo(i: number): number {
    const j = this.#active[i];
    return (this.#breakpointAhead(j, this.#v[j], this.#step[i] > 0) - this.#v[j]) / this.#step[i];
  }

  /** One step for each variable, or for each active one. Returns the largest, squared, in units of the model. */
  #sweep(all: boolean): number {
    const v = this.#v;
    let most = 0;
    for (let j = 0; j < this.#size; j++) {
      if (!all && !this.#isActive(j)) continue;
      const next = this.#best(j);
      const d = next - v[j];
      if (d === 0) continue;
      v[j] = next;
      this.addColumn(d, j, this.#slope);
      const moved = this.#diagonal[j] * d * d;
      if (moved > most) most = moved;
    }
    return most;
  }

  /** Solves the equations of the active variables until none of them gets to where it is held. */
  #polish(): void {
    this.#refresh();
    this.#order();
    let known = 0; // rows of L
    for (let solved = false; !solved; ) {
      solved = !(this.#factorize(known) > 0 && this.#leaveFlat()) && this.#solveActive();
      if (!solved) known = this.#drop();
    }
    this.#solveActive(); // once more for rounding
  }

  /**
   * Which variables are active. Large ones come first, so that it is the small ones that turn out to depend on others, and
   * that are dropped.
   */
  #order(): void {
    const active = this.#active;
    const sizes = this.#step;
    let n = 0;
    for (let j = 0; j < this.#size; j++) {
      if (!this.#isActive(j)) continue;
      const size = this.#distance(j);
      let i = n++;
      for (; i > 0 && size > sizes[i - 1]; i--) {
        sizes[i] = sizes[i - 1];
        active[i] = active[i - 1];
      }
      sizes[i] = size;
      active[i] = j;
    }
    active.length = n;
  }

  /** Takes out those that are no longer active; returns how many rows of L stand. */
  #drop(): number {
    const L = this.#L;
    const n = this.#active.length;
    const first = this.#active.findIndex((j) => !this.#isActive(j));
    this.#active = this.#active.filter((j) => this.#isActive(j));
    const known = rowsKept(first < 0 ? n : first);
    for (let i = 1; i < known; i++) L.copyWithin(i * this.#active.length, i * n, i * n + i + 1);
    return known;
  }

  #factorize(known: number): number {
    const active = this.#active;
    const n = active.length;
    for (let i = known; i < n; i++) {
      for (let k = 0; k < i; k++) this.#L[i * n + k] = this.#H[active[i] * this.#size + active[k]];
      this.#L[i * n + i] = this.#diagonal[active[i]];
    }
    return factorize(this.#L, n, known);
  }

  /** The slope of the model at an active variable, l1 and all. */
  #steepness(j: number): number {
    const v = this.#v[j];
    return this.#slope[j] + (!this.#isNonsmooth(j) ? 0 : v > 0 ? this.#bound(j) : -this.#bound(j));
  }

  /**
   * Where active variables depend on each other, l1 alone tells along the direction in which H is flat: goes there until
   * one of them is held. True when that changes which ones are independent.
   */
  #leaveFlat(): boolean {
    const v = this.#v;
    const L = this.#L;
    const active = this.#active;
    const n = active.length;
    const u = this.#step;
    for (let i = 0; i < n; i++) {
      if (L[i * n + i] > 0) continue;
      for (let k = 0; k < i; k++) u[k] = -L[i * n + k];
      u[i] = 1;
      solveTransposed(L, n, i, u);
      let slope = 0;
      let size = 0;
      for (let k = 0; k <= i; k++) {
        const part = this.#steepness(active[k]) * u[k];
        slope += part;
        size += Math.abs(part);
      }
      if (!(Math.abs(slope) > 2 ** -36 * size)) continue;
      if (slope > 0) for (let k = 0; k <= i; k++) u[k] = -u[k];
      const first = this.#crossing(i + 1);
      if (first > i) continue;
      const length = this.#partTo(first);
      const breakpoint = this.#breakpointAhead(active[first], v[active[first]], u[first] > 0);
      for (let k = 0; k <= i; k++) v[active[k]] = this.#within(active[k], v[active[k]] + length * u[k]);
      v[active[first]] = breakpoint;
      this.#refresh();
      if (first < i) return true;
    }
    return false;
  }

  /** Which of the first active variables is the first to be held along the step; `count`: none. */
  #crossing(count: number): number {
    let first = count;
    let length = Infinity;
    for (let i = 0; i < count; i++) {
      const part = this.#partTo(i);
      if (!(part > 0 && part < length)) continue;
      first = i;
      length = part;
    }
    return first;
  }

  /**
   * Goes to the minimum over the active variables. Those that would pass where they are held stay there: all the way, or
   * half of it and so on, until that is lower than going as far as none is held.
   */
  #solveActive(): boolean {
    const v = this.#v;
    const step = this.#step;
    const active = this.#active;
    const n = active.length;
    for (let i = 0; i < n; i++) step[i] = -this.#steepness(active[i]);
    solveFactorized(this.#L, n, step);
    let steep = 0;
    for (let i = 0; i < n; i++) steep -= this.#steepness(active[i]) * step[i];
    const first = this.#crossing(n);
    const length = first === n ? Infinity : this.#partTo(first);
    if (length > 1) {
      for (let i = 0; i < n; i++) v[active[i]] += step[i];
      this.#refresh();
      return true;
    }
    const lower = this.#value() - steep * (length - 0.5 * length * length);
    const kept = this.#kept;
    for (let i = 0; i < n; i++) kept[i] = v[active[i]];
    for (let part = 1; part > length; part *= 0.5) {
      for (let i = 0; i < n; i++) {
        const j = active[i];
        const next = kept[i] + part * step[i];
        const up = step[i] > 0;
        const breakpoint = this.#breakpointAhead(j, kept[i], up);
        v[j] = (up ? next < breakpoint : next > breakpoint) ? next : breakpoint;
      }
      this.#refresh();
      if (this.#value() < lower) return false;
    }
    const breakpoint = this.#breakpointAhead(active[first], kept[first], step[first] > 0);
    for (let i = 0; i < n; i++) v[active[i]] = this.#within(active[i], kept[i] + length * step[i]);
    v[active[first]] = breakpoint;
    this.#refresh();
    return false;
  }

  /** m(v), but for what does not depend on v. */
  #value(): number {
    let value = 0.5 * (dot(this.#g, this.moved) + dot(this.#slope, this.moved));
    for (let j = 0; j < this.#penalized; j++) value += this.#bound(j) * Math.abs(this.#v[j]);
    return value;
  }

  /** What is kept in step by coordinate descent, anew. */
  #refresh(): void {
    const size = this.#size;
    const delta = this.moved;
    const slope = this.#slope;
    slope.set(this.#g);
    for (let j = 0; j < size; j++) {
      const d = this.#v[j] - this.#w[j];
      delta[j] = d;
      if (d !== 0) this.addColumn(d, j, slope);
    }
  }

  /**
   * Whether the same variables are active, to the same side, as a round before: their equations are solved, and only
   * rounding moves them.
   */
  #isSettled(): boolean {
    const penalty = this.#penalty;
    for (let j = 0; j < this.#penalized; j++) {
      const v = this.#v[j];
      const was = this.#settled[j];
      if (this.#bound(j) > 0 && (v > 0 !== was > 0 || v < 0 !== was < 0)) return false;
      if (isAtLower(penalty, j, v) !== isAtLower(penalty, j, was)) return false;
      if (isAtUpper(penalty, j, v) !== isAtUpper(penalty, j, was)) return false;
    }
    return true;
  }

  /** Whether no variable gains by more than rounding. */
  #isOptimal(): boolean {
    const v = this.#v;
    const slope = this.#slope;
    const size = this.#size;
    const square = dot(slope, this.moved) - dot(this.#g, this.moved); // δᵀHδ
    const rounding = size * 2 ** -50;
    for (let j = 0; j < size; j++) {
      const most = j < this.#penalized ? this.#bound(j) : 0;
      const room = rounding * (Math.abs(this.#g[j]) + most + Math.sqrt(Math.abs(this.#diagonal[j] * square)));
      const right = slope[j] + (v[j] < 0 ? -most : most); // the slope to the right, and to the left
      const left = slope[j] + (v[j] > 0 ? most : -most);
      if (right < -room && !this.#isAtUpper(j)) return false;
      if (left > room && !this.#isAtLower(j)) return false;
    }
    return true;
  }
}
