// Losses of straight pieces: of each output a linear or quadratic program (program.ts) goes on by itself. The weights are
// the best that were met, and what the programs know of the minimum from below tells how far off they are.
// Twin: native/solver/interior.h.
import type { Plan, Table } from '../../plan.js';
import type { Archive } from './archive.js';
import { columnsOf } from './dual.js';
import { Gram } from './gram.js';
import { Method } from './method.js';
import { Program, rounding } from './program.js';
import { RowEquations } from './rowequations.js';
import type { Scaling } from './scaling.js';
import type { Smooth } from './smooth.js';

export class Interior extends Method {
  readonly #plan: Plan;
  readonly #table: Table;
  readonly #smooth: Smooth;
  readonly #matrix: Float64Array;
  readonly #programs: Program[];
  readonly #w: Float64Array;
  readonly #trial: Float64Array;
  readonly #gradient: Float64Array;
  #value = Infinity;
  #first = 0; // the objective where it started
  #begun = false;

  /** `weights`: where it starts; changed in place. */
  constructor(plan: Plan, table: Table, smooth: Smooth, scaling: Scaling, weights: Float64Array) {
    super();
    const { cols, outputs, intercept } = plan;
    this.#plan = plan;
    this.#table = table;
    this.#smooth = smooth;
    const { X, count, index } = table;
    const gram = RowEquations.suit(plan, table, smooth.penalty)
      ? new Gram({ X: columnsOf(plan, table, scaling, false), cols: count, start: 0, count: cols, index: null }, null)
      : new Gram({ X, cols, start: 0, count, index }, intercept ? scaling.mean : null);
    this.#matrix = new Float64Array(gram.size * gram.size);
    this.#programs = Array.from(
      { length: outputs },
      (_, k) => new Program(plan, table, scaling, smooth.penalty, gram, k),
    );
    this.#w = weights;
    this.#trial = new Float64Array(weights.length);
    this.#gradient = new Float64Array(weights.length);
  }

  get result(): Float64Array {
    return this.#w;
  }

  /** One iteration. Returns the objective after it. */
  epoch(): number {
    if (!this.#begun) {
      this.#begun = true;
      for (const program of this.#programs) program.begin(this.#w);
      const value = this.#look(true, Infinity);
      if (!Number.isFinite(value)) return value;
      this.#first = value;
      for (const program of this.#programs) program.weigh();
    }
    // No objective is below 0.
    this.rate = this.#value > 0 ? this.#step() : 0;
    const isDone = this.#programs.every(({ done }) => done);
    if (isDone) this.#look(false, -(2 ** 16) * this.#nothing());
    let bound = 0;
    for (const program of this.#programs) bound += program.bound;
    bound /= this.#table.count;
    this.change = this.#value - (bound > 0 ? bound : 0);
    if (!(this.change > 0)) this.change = 0;
    this.gap = this.change;
    if (this.change <= this.#nothing()) this.ended = 'converged';
    else if (isDone) this.ended = this.change <= 2 ** 16 * this.#nothing() ? 'converged' : 'stalled';
    if (this.#plan.stepHistory && this.rate > 0) this.stepLosses.push(this.#value);
    return this.#value;
  }

  /** What of the objective cannot be told from rounding. */
  #nothing(): number {
    return rounding * (this.#value + 2 ** -10 * this.#first);
  }

  /** Of all programs that are not done. Returns the shortest part of a step. */
  #step(): number {
    let shortest = 1;
    for (const program of this.#programs) {
      if (program.done) continue;
      const length = program.iterate(this.#matrix);
      if (length < shortest) shortest = length;
      if (program.done) continue;
      program.weigh();
      program.judge();
    }
    if (shortest > 0) this.steps++;
    this.#look(true, 2 ** 4 * this.#nothing());
    return shortest;
  }

  /** Takes the weights where the programs are, if they are worse by no more than that. Returns their objective. */
  #look(zeros: boolean, much: number): number {
    for (const program of this.#programs) program.write(this.#trial, zeros);
    const value = this.#smooth.evaluate(this.#trial, this.#gradient);
    if (value <= this.#value + much) {
      this.#value = value;
      this.#w.set(this.#trial);
      this.gradientNorm = this.#smooth.norm(this.#w, this.#gradient);
    }
    return value;
  }

  override exchange(archive: Archive): void {
    super.exchange(archive);
    this.#begun = archive.flag(this.#begun);
    archive.array(this.#w);
    this.#value = archive.number(this.#value, 'any');
    this.#first = archive.number(this.#first, 'any');
    for (const program of this.#programs) program.exchange(archive);
  }
}
