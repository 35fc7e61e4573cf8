// Primal-dual interior point method for the program of one output of a piecewise-linear loss.
// Every row is a term or two, every coefficient with l1 or bounds one more for each; only l2 is quadratic. Steps have a
// predictor and a corrector (Mehrotra 1992; for quantiles Portnoy and Koenker 1997). Their equations are those of a
// Newton step, as many as weights, or as rows where these are fewer (solver/dual). Twin: native/solver/qp.cc.

import type { Bounds } from '../../backend/interface.js';
import type { Plan, Table } from '../../backend/plan.js';
import { asum } from '../kernels/dense.js';
import type { Penalty } from '../kernels/penalties.js';
import { Barrier } from '../linalg/barrier.js';
import { factorize, solveFactorized } from '../linalg/cholesky.js';
import type { Archive, Archived } from '../objective/archive.js';
import type { Gram } from '../objective/gram.js';
import { LinearMap } from '../objective/linearmap.js';
import { lowOf, marginOf, pieceCount, wallOf } from '../objective/pieces.js';
import type { Scaling } from '../objective/scaling.js';
import { RowEquations } from './rowequations.js';

/** Of an objective: what cannot be told from rounding. */
export const rounding = 2 ** -46;
const feasible = 1e-6; // a slope that is left, beside that of rows which all pull one way
const far = 2 ** 10; // times its size: where the minimum is not, of a weight that a penalty holds
const inward = 0.9995; // of the way to where the first number would be 0
const mostIdle = 5; // iterations that gain next to nothing
const mostUnfeasible = 20; // and before slopes were met
const floorOfProducts = 2 ** -4; // of rounding: fewer say nothing, and cost the equations digits
const chunk = 4096;
/**
 * Terms that a coefficient may have: of l1, and with bounds of the lower and the upper one. What goes beyond the upper one
 * is w - upper, so that slopes and changes of w count the other way.
 */
const kind = { l1: 0, lower: 1, upper: 2 } as const;
type Kind = (typeof kind)[keyof typeof kind];

export class Program implements Archived {
  readonly #plan: Plan;
  readonly #table: Table;
  readonly #scaling: Scaling;
  readonly #penalty: Penalty;
  readonly #gram: Gram;
  readonly #output: number;
  readonly #map: LinearMap;
  readonly #size: number;
  readonly #byRows: RowEquations | null; // null: as many equations as weights
  readonly #pieces: number; // terms of a row: piece after piece, and behind them the coefficients'
  readonly #bounds: Bounds | null; // of this output
  readonly #ofCoefficients: number; // their terms, one of each kind after the other
  readonly #barrier: Barrier;
  readonly #w: Float64Array; // coefficients and, behind them, the intercept
  readonly #step: Float64Array;
  readonly #residual: Float64Array; // the slopes that are left
  readonly #right: Float64Array; // of the equations
  readonly #curvatures: Float64Array; // l2 of the coefficients, of the sum
  // Of rows and, behind them, of coefficients' terms.
  readonly #slope: Float64Array;
  readonly #curvature: Float64Array;
  readonly #pull: Float64Array;
  readonly #affine: Float64Array;
  readonly #along: Float64Array;
  #margin = 0; // a usual one where it began
  #bound = 0; // the least of the Lagrangian, d being as it is
  #left = 0; // by how much the objective is above its minimum at most
  #isFeasible = false;
  #least = Infinity; // of what was left to gain
  #leastProducts = Infinity;
  #idle = 0;

  /** The minimum of the sum over the rows is no lower. */
  bound = -Infinity;
  /** Nothing more is to be gained. */
  done = false;

  /**
   * `gram`: of the table's rows, by rows of the columns that columnsOf() gives; lent for each step, as is H, of gram's size.
   */
  constructor(plan: Plan, table: Table, scaling: Scaling, penalty: Penalty, gram: Gram, output: number) {
    this.#plan = plan;
    this.#table = table;
    this.#scaling = scaling;
    this.#penalty = penalty;
    this.#gram = gram;
    this.#output = output;
    this.#map = new LinearMap(plan, table, scaling);
    this.#size = this.#map.size;
    this.#pieces = pieceCount(plan);
    const own = (all: Float64Array) => all.subarray(output * plan.cols, (output + 1) * plan.cols);
    this.#bounds = penalty.bounds && { lower: own(penalty.bounds.lower), upper: own(penalty.bounds.upper) };
    this.#ofCoefficients = this.#bounds ? 3 * plan.cols : plan.cols;
    this.#barrier = new Barrier(this.#pieces * table.count + this.#ofCoefficients);
    const ofWeights = () => new Float64Array(this.#size);
    [this.#w, this.#step, this.#residual] = [ofWeights(), ofWeights(), ofWeights()];
    this.#right = ofWeights();
    this.#curvatures = Float64Array.from({ length: plan.cols }, (_, j) => table.count * plan.l2 * this.#factor(j));
    const isByRows = RowEquations.suit(plan, table, penalty);
    this.#byRows = isByRows ? new RowEquations(plan, table.count, this.#curvatures, 0, this.#map, gram) : null;
    const ofRows = () => new Float64Array(table.count + this.#ofCoefficients);
    [this.#slope, this.#curvature, this.#pull] = [ofRows(), ofRows(), ofRows()];
    [this.#affine, this.#along] = [ofRows(), ofRows()];
    for (let piece = 0; piece < this.#pieces; piece++) {
      for (let i = 0; i < table.count; i++) {
        this.#barrier.low[piece * table.count + i] = this.#weight(i) * lowOf(plan, piece, this.#y(i));
      }
    }
    const { low } = this.#barrier;
    for (let j = 0; j < plan.cols; j++) {
      const l1 = this.#l1(j);
      low[this.#term(j)] = -l1;
      if (!this.#bounds) continue;
      // Where a bound keeps a coefficient to one side of 0, l1 is a slope of the bound's term.
      const { lower, upper } = this.#bounds;
      low[this.#term(j, kind.lower)] = lower[j] >= 0 ? -l1 : 0;
      low[this.#term(j, kind.upper)] = upper[j] <= 0 ? -l1 : 0;
    }
  }

  /** Whether a coefficient cannot move, and has no terms. */
  #isFixed(j: number): boolean {
    return this.#bounds !== null && j < this.#plan.cols && this.#bounds.lower[j] === this.#bounds.upper[j];
  }

  #hasTerm(j: number, of: Kind): boolean {
    if (!this.#bounds) return of === kind.l1;
    if (this.#isFixed(j)) return false;
    const { lower, upper } = this.#bounds;
    if (of === kind.l1) return lower[j] < 0 && upper[j] > 0;
    return of === kind.lower ? lower[j] > -Infinity : upper[j] < Infinity;
  }

  /** Starts at the weights of all outputs; coefficients with bounds begin between them. */
  begin(weights: Float64Array): void {
    const { count } = this.#table;
    for (let j = 0; j < this.#size; j++) this.#w[j] = weights[this.#place(j)];
    this.#spreadMargins();
    const terms = this.#pieces * count;
    const mean = asum(this.#barrier.m.subarray(0, terms)) / terms;
    this.#margin = mean > 0 ? mean : 1;
    for (let t = 0; t < terms; t++) this.#barrier.begin(t, this.#weight(t % count), this.#margin);
    for (let j = 0; j < this.#plan.cols; j++) {
      this.#barrier.begin(this.#term(j), this.#hasTerm(j, kind.l1) ? this.#width(j, kind.l1) : 0, this.#usual(j));
      if (this.#bounds) this.#beginBetween(j, this.#bounds.lower[j], this.#bounds.upper[j]);
    }
    this.#spreadMargins();
  }

  /** Begins a coefficient's bounds, inside of which it is, or as far as there is room. */
  #beginBetween(j: number, low: number, high: number): void {
    const barrier = this.#barrier;
    const w = this.#w;
    const quarter = 0.25 * (high - low);
    const usual = this.#usual(j) / this.#plan.cols;
    const least = usual < quarter ? usual : quarter;
    if (!this.#isFixed(j) && !(w[j] > low + least)) w[j] = low + least;
    if (!this.#isFixed(j) && !(w[j] < high - least)) w[j] = high - least;
    for (const of of [kind.lower, kind.upper]) {
      const t = this.#term(j, of);
      barrier.m[t] = 0;
      barrier.begin(t, 0, this.#room(j));
      if (!this.#hasTerm(j, of)) continue;
      const off = of === kind.lower ? w[j] - low : high - w[j];
      barrier.m[t] = -(off > 0 ? off : least);
      barrier.beginBound(t, 0.5 * this.#width(j, of));
    }
  }

  /** A size of a coefficient that makes no more of z, or of its own penalty, than a usual margin is. */
  #usual(j: number): number {
    const room = this.#room(j);
    const all = this.#table.count * this.#margin;
    const byL1 = this.#l1(j) > 0 ? all / this.#l1(j) : Infinity;
    const byL2 = this.#curvatures[j] > 0 ? Math.sqrt(all / this.#curvatures[j]) : Infinity;
    const held = byL1 < byL2 ? byL1 : byL2;
    return room < held ? room : held;
  }

  /**
   * Writes the weights among those of all outputs; coefficients that seem to go to 0 or to a bound as that, if it is asked
   * for.
   */
  write(weights: Float64Array, snaps: boolean): void {
    for (let j = 0; j < this.#size; j++) {
      let w = this.#w[j];
      if (snaps && j < this.#plan.cols) {
        if (this.#isAtBreakpoint(j, kind.l1)) w = 0;
        if (this.#bounds && this.#isAtBreakpoint(j, kind.upper)) w = this.#bounds.upper[j];
        if (this.#bounds && this.#isAtBreakpoint(j, kind.lower)) w = this.#bounds.lower[j];
      }
      weights[this.#place(j)] = w;
    }
  }

  #isAtBreakpoint(j: number, of: Kind): boolean {
    const width = this.#hasTerm(j, of) ? this.#width(j, of) : 0;
    return this.#barrier.isAtBreakpoint(this.#term(j, of), width, this.#usual(j));
  }

  /** One iteration: returns how much of a step was taken, 0 if none can be. `roundoff`: of the sum over the rows. */
  iterate(H: Float64Array, roundoff: number): number {
    const barrier = this.#barrier;
    const affine = this.#affine;
    const along = this.#along;
    const step = this.#step;
    this.#factorize(H);
    step.set(this.#right);
    this.#solve(H, step, affine);
    barrier.turn(1);
    this.#each((t, n, at) => barrier.aim(t, n, affine, at));
    this.#couple();
    barrier.center(floorOfProducts * roundoff, this.#idle > 0);
    this.#pull.fill(0);
    this.#each((t, n, at) => barrier.correct(t, n, affine, this.#pull, at));
    this.#foldBounds(this.#pull);
    step.set(this.#right);
    this.#map.gather(this.#pull, step);
    this.#solve(H, step, along);
    if (!(asum(step) < Infinity)) {
      this.done = true;
      return 0;
    }
    barrier.turn(2);
    this.#each((t, n, at) => barrier.measure(t, n, affine, along, at));
    this.#couple();
    const primal = inward * barrier.primal < 1 ? inward * barrier.primal : 1;
    const dual = inward * barrier.dual < 1 ? inward * barrier.dual : 1;
    this.#each((t, n, at) => barrier.move(t, n, affine, along, at, primal, dual));
    for (let j = 0; j < this.#size; j++) this.#w[j] += primal * step[j];
    if (this.#bounds) this.#keepBetween(this.#bounds);
    this.#spreadMargins();
    return primal;
  }

  /** A coefficient that is nearer to a bound than to 0 is what is left of it to that. */
  #keepBetween({ lower, upper }: Bounds): void {
    const { v } = this.#barrier;
    for (let j = 0; j < this.#plan.cols; j++) {
      let w = this.#w[j];
      const size = Math.abs(w);
      const up = this.#hasTerm(j, kind.lower) ? v[this.#term(j, kind.lower)] : Infinity;
      const down = this.#hasTerm(j, kind.upper) ? v[this.#term(j, kind.upper)] : Infinity;
      if (up < size && !(down < up)) w = lower[j] + up;
      else if (down < size) w = upper[j] - down;
      this.#w[j] = w < lower[j] ? lower[j] : w > upper[j] ? upper[j] : w;
    }
  }

  /** Adds to the numbers of coefficients, behind those of rows, those of their bounds. */
  #foldBounds(z: Float64Array): void {
    const { count } = this.#table;
    const { cols } = this.#plan;
    for (let j = count; this.#bounds && j < count + cols; j++) z[j] += z[cols + j] - z[2 * cols + j];
  }

  /** Sets up the equations where it is. */
  weigh(): void {
    const { count } = this.#table;
    const { cols } = this.#plan;
    for (const array of [this.#slope, this.#curvature, this.#pull]) array.fill(0);
    const barrier = this.#barrier;
    const residual = this.#residual.fill(0);
    barrier.reset();
    this.#eachRow((t, n, at) => barrier.addCurvature(t, n, this.#slope, this.#curvature, this.#pull, at));
    this.#map.gather(this.#slope, residual);
    this.#bound = barrier.value;
    let objective = barrier.value + barrier.gap;
    this.#isFeasible = true;
    barrier.addCurvature(this.#term(0), this.#ofCoefficients, this.#slope, this.#curvature, this.#pull, count);
    this.#foldBounds(this.#slope);
    this.#foldBounds(this.#pull);
    for (let j = 0; j < this.#size; j++) {
      const w = this.#w[j];
      const addCurvature = j < cols ? this.#curvatures[j] : 0;
      const l1 = j < cols ? this.#l1(j) : 0;
      objective += l1 * Math.abs(w) + 0.5 * addCurvature * (w * w);
      this.#bound += this.#leastAlong(j, residual[j], l1, addCurvature);
      const own = j < cols ? this.#slope[count + j] - addCurvature * w : 0;
      residual[j] = this.#isFixed(j) ? 0 : residual[j] + own;
    }
    this.#left = objective - this.#bound;
    this.#right.set(residual);
    this.#map.gather(this.#pull, this.#right);
  }

  /**
   * The least that a weight's penalty and a slope r in it, of the rows' d as they are, can add to the Lagrangian: the
   * conjugate of its penalty. A weight that neither penalty nor bounds hold is taken to be near its minimum.
   */
  #leastAlong(j: number, r: number, l1: number, addCurvature: number): number {
    const w = this.#w[j];
    const size = Math.abs(r) - l1;
    const least = !(size > 0) ? 0 : addCurvature > 0 ? size / addCurvature : Infinity;
    let v = r > 0 ? least : -least;
    if (this.#bounds && j < this.#plan.cols) {
      const { lower, upper } = this.#bounds;
      v = v < lower[j] ? lower[j] : v > upper[j] ? upper[j] : v;
    }
    let reach = far * (Math.abs(w) + this.#room(j));
    if (!(Math.abs(v) < Infinity)) {
      // Columns that are all but collinear may have it far off.
      reach = Math.abs(this.#step[j]) + this.#room(j) + (j < this.#plan.cols ? Math.abs(w) : 0);
      if (!(size <= feasible * this.#table.count * this.#deviation(j))) this.#isFeasible = false;
    }
    if (v > w + reach) v = w + reach;
    if (v < w - reach) v = w - reach;
    return l1 * Math.abs(v) + 0.5 * addCurvature * (v * v) - r * (v - w);
  }

  /** What that says of the minimum, and whether to go on. */
  judge(roundoff: number): void {
    const { products } = this.#barrier;
    const left = this.#isFeasible ? this.#left : Infinity;
    // Where penalties are far larger than losses the products fall before the gap does.
    const falls = left < 0.9 * this.#least || (products > roundoff && products < 0.9 * this.#leastProducts);
    this.#idle = falls ? 0 : this.#idle + 1;
    if (products < this.#leastProducts) this.#leastProducts = products;
    if (left < this.#least) {
      this.#least = left;
      this.bound = this.#bound;
    }
    this.done = left <= roundoff || this.#idle >= (this.#least < Infinity ? mostIdle : mostUnfeasible);
  }

  serialize(archive: Archive): void {
    const { e, c, u, v } = this.#barrier;
    for (const array of [e, c, u, v, this.#w, this.#step]) archive.array(array, 'any');
    this.#margin = archive.number(this.#margin, 'any');
    this.#least = archive.number(this.#least, 'any');
    this.#leastProducts = archive.number(this.#leastProducts, 'any');
    this.#idle = archive.count(this.#idle);
    this.bound = archive.number(this.bound, 'any');
    this.done = archive.flag(this.done);
    this.#spreadMargins();
    this.weigh();
  }

  #row(i: number): number {
    const { index } = this.#table;
    return index ? index[i] : i;
  }

  #weight(i: number): number {
    const { sampleWeight } = this.#table;
    return sampleWeight ? sampleWeight[this.#row(i)] : 1;
  }

  #y(i: number): number {
    return this.#table.y[this.#row(i) * this.#plan.targets + this.#output];
  }

  /** A coefficient's term. */
  #term(j: number, of: Kind = kind.l1): number {
    return this.#pieces * this.#table.count + of * this.#plan.cols + j;
  }

  /** A weight's place among those of all outputs. */
  #place(j: number): number {
    const { cols, outputs } = this.#plan;
    return j < cols ? this.#output * cols + j : outputs * cols + this.#output;
  }

  #factor(j: number): number {
    const { factors } = this.#penalty;
    return factors ? factors[this.#output * this.#plan.cols + j] : 1;
  }

  #l1(j: number): number {
    return this.#table.count * this.#penalty.l1 * this.#factor(j);
  }

  /** The root of the mean square of a column. */
  #deviation(j: number): number {
    return j < this.#plan.cols ? Math.sqrt(this.#scaling.square[j]) : 1;
  }

  /** Of a weight, as much as moves z by a usual margin. */
  #room(j: number): number {
    return this.#margin / this.#deviation(j);
  }

  /** Of a term's box; where that has no end, about the steepest slope there is. */
  #width(j: number, of: Kind): number {
    return of === kind.l1 ? 2 * this.#l1(j) : this.#table.count * this.#deviation(j);
  }

  /** Of a coefficient the margin is its negative. */
  #spreadMargins(): void {
    const { count, offset } = this.#table;
    const { cols, outputs } = this.#plan;
    const { m } = this.#barrier;
    const z = this.#along;
    this.#map.spread(this.#w, z);
    for (let i = 0; i < count; i++) {
      const own = offset ? z[i] + offset[this.#row(i) * outputs + this.#output] : z[i];
      const margin = marginOf(this.#plan, this.#y(i), own);
      for (let piece = 0; piece < this.#pieces; piece++) m[piece * count + i] = margin - wallOf(this.#plan, piece);
    }
    for (let j = 0; j < cols; j++) m[this.#term(j)] = -this.#w[j];
    for (let j = 0; this.#bounds && j < cols; j++) {
      const { lower, upper } = this.#bounds;
      m[this.#term(j, kind.lower)] = this.#hasTerm(j, kind.lower) ? lower[j] - this.#w[j] : 0;
      m[this.#term(j, kind.upper)] = this.#hasTerm(j, kind.upper) ? this.#w[j] - upper[j] : 0;
    }
  }

  /** All terms, in parts of a kind: pass(first term, how many, where their rows or coefficients begin). */
  #each(pass: (t: number, n: number, at: number) => void): void {
    this.#eachRow(pass);
    pass(this.#term(0), this.#ofCoefficients, this.#table.count);
  }

  #eachRow(pass: (t: number, n: number, at: number) => void): void {
    const { count } = this.#table;
    for (let piece = 0; piece < this.#pieces; piece++) {
      for (let at = 0; at < count; at += chunk) pass(piece * count + at, Math.min(chunk, count - at), at);
    }
  }

  /** Of a curved objective the slopes that are left fall only where both go the same part. */
  #couple(): void {
    const { primal, dual } = this.#barrier;
    if (this.#plan.l2 > 0) this.#barrier.primal = this.#barrier.dual = primal < dual ? primal : dual;
  }

  /** The matrix of the equations. */
  #factorize(H: Float64Array): void {
    const { cols } = this.#plan;
    const { count } = this.#table;
    const { deviation } = this.#scaling;
    const n = this.#size;
    if (this.#byRows) {
      this.#byRows.factorize(this.#curvature, H);
      return;
    }
    this.#gram.evaluate(this.#curvature, H);
    for (let j = 0; j < n; j++) {
      for (let k = 0; k < n; k++) {
        const scale = (j < cols ? deviation[j] : 1) * (k < cols ? deviation[k] : 1);
        H[j * n + k] /= scale;
      }
    }
    const own = this.#curvature.subarray(count);
    for (let j = 0; j < cols; j++) H[j * n + j] += this.#curvatures[j] + own[j];
    for (let j = 0; this.#bounds && j < cols; j++) {
      H[j * n + j] += own[cols + j] + own[2 * cols + j];
      if (!this.#isFixed(j)) continue;
      for (let k = 0; k < n; k++) H[j * n + k] = H[k * n + j] = j === k ? 1 : 0;
    }
    factorize(H, n);
  }

  /** g becomes what the equations make of it, and z that of the rows and, behind them, of the coefficients. */
  #solve(H: Float64Array, g: Float64Array, z: Float64Array): void {
    if (this.#byRows) {
      this.#byRows.solve(H, g, z);
      return;
    }
    const { cols } = this.#plan;
    for (let j = 0; j < cols; j++) if (this.#isFixed(j)) g[j] = 0;
    solveFactorized(H, this.#size, g);
    this.#map.spread(g, z);
    for (let j = 0; this.#bounds && j < cols; j++) {
      z[this.#table.count + cols + j] = g[j];
      z[this.#table.count + 2 * cols + j] = -g[j];
    }
  }
}
