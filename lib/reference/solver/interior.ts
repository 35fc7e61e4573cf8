// Method `newton` for piecewise-linear losses: an interior point method per output.
// Each output is a linear or quadratic program (solver/qp) that iterates by itself. The weights returned are the best
// met; the programs' dual values give the duality gap. Twin: native/solver/interior.h.
import type { Plan, Table } from '../../backend/plan.js';
import type { Archive } from '../objective/archive.js';
import { Gram } from '../objective/gram.js';
import type { PenalizedObjective } from '../objective/penalizedobjective.js';
import type { Scaling } from '../objective/scaling.js';
import { columnsOf } from './dual.js';
import { Method } from './method.js';
import { Program, rounding } from './qp.js';
import { Roundoff } from './roundoff.js';
import { RowEquations } from './rowequations.js';

export class Interior extends Method {
  readonly #plan: Plan;
  readonly #table: Table;
  readonly #smooth: PenalizedObjective;
  readonly #matrix: Float64Array;
  readonly #programs: Program[];
  readonly #roundoff: Roundoff;
  readonly #w: Float64Array;
  readonly #trial: Float64Array;
  readonly #gradient: Float64Array;
  #value = Infinity;
  #first = 0; // the objective where it started
  #begun = false;

  /** `weights`: where it starts; changed in place. */
  constructor(plan: Plan, table: Table, smooth: PenalizedObjective, scaling: Scaling, weights: Float64Array) {
    super();
    const { cols, outputs, intercept } = plan;
    this.#plan = plan;
    this.#table = table;
    this.#smooth = smooth;
    const { X, count, index } = table;
    const gram = RowEquations.suit(plan, table, smooth.penalty)
      ? new Gram({ X: columnsOf(plan, table, scaling, false), cols: count, start: 0, count: cols, index: null }, null)
      : new Gram({ X, cols, start: 0, count, index }, intercept ? scaling.mean : null, scaling.isFar);
    this.#matrix = new Float64Array(gram.size * gram.size);
    this.#programs = Array.from(
      { length: outputs },
      (_, k) => new Program(plan, table, scaling, smooth.penalty, gram, k),
    );
    this.#w = weights;
    this.#trial = weights.slice();
    this.#roundoff = new Roundoff(plan, table, scaling);
    this.#gradient = new Float64Array(weights.length);
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
      const first = this.#look(Infinity);
      if (!Number.isFinite(first)) return first;
      for (const program of this.#programs) program.begin(this.#w);
      this.#write(true);
      this.#look(0);
      this.#first = this.#value;
      for (const program of this.#programs) program.weigh();
    }
    // No objective is below 0.
    this.rate = this.#value > 0 ? this.#step() : 0;
    const isDone = this.#programs.every(({ done }) => done);
    if (isDone) {
      this.#write(false);
      this.#look(-(2 ** 16) * rounding * this.#size());
    }
    let bound = 0;
    for (const program of this.#programs) bound += program.bound;
    bound /= this.#table.count;
    this.change = this.#value - (bound > 0 ? bound : 0);
    if (!(this.change > 0)) this.change = 0;
    this.gap = this.change;
    if (this.change <= this.#level()) this.ended = 'converged';
    else if (isDone) this.ended = this.#isNear() ? 'converged' : 'stalled';
    if (this.#plan.stepHistory && this.rate > 0) this.stepLosses.push(this.#value);
    return this.#value;
  }

  /** What the objective is to be measured by. */
  #size(): number {
    return this.#value + 2 ** -10 * this.#first;
  }

  /** What of the objective cannot be told from rounding. */
  #level(): number {
    return rounding * this.#size() + this.#roundoff.ofMargins(this.#w);
  }

  /** Whether as little is left to gain as fits come to that gain no more. */
  #isNear(): boolean {
    return this.change <= 2 ** 22 * rounding * this.#size() + 2 ** 3 * this.#roundoff.ofMargins(this.#w);
  }

  /** Of all programs that are not done. Returns the shortest part of a step. */
  #step(): number {
    const roundoff = (this.#table.count * this.#level()) / this.#programs.length;
    let shortest = 1;
    for (const program of this.#programs) {
      if (program.done) continue;
      const length = program.iterate(this.#matrix, roundoff);
      if (length < shortest) shortest = length;
      if (program.done) continue;
      program.weigh();
      program.judge(roundoff);
    }
    if (shortest > 0) this.steps++;
    this.#write(true);
    this.#look(2 ** 4 * rounding * this.#size());
    return shortest;
  }

  /** Sets the trial to where the programs are. */
  #write(zeros: boolean): void {
    for (const program of this.#programs) program.write(this.#trial, zeros);
  }

  /** Takes the trial's weights if they are worse by no more than that. Returns their objective. */
  #look(much: number): number {
    const value = this.#smooth.evaluate(this.#trial, this.#gradient);
    if (value <= this.#value + much) {
      this.#value = value;
      this.#w.set(this.#trial);
      this.gradientNorm = this.#smooth.norm(this.#w, this.#gradient);
    }
    return value;
  }

  override serialize(archive: Archive): void {
    super.serialize(archive);
    this.#begun = archive.flag(this.#begun);
    archive.array(this.#w);
    this.#value = archive.number(this.#value, 'any');
    this.#first = archive.number(this.#first, 'any');
    for (const program of this.#programs) program.serialize(archive);
  }
}
