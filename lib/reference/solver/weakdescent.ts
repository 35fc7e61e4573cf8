// Descent along nearly collinear columns, looked for at the end of a fit.
// Gradients and Hessians of the columns
// lose what only these tell to rounding, so that every solver may take such a point for a minimum. Here a combination is a
// column of its own, taken row by row (Yamamoto, Nakatsukasa, Yanagisawa and Fukaya 2015, CholeskyQR2).
// Twin: native/solver/weakdescent.cc.
import { coefficientCount, type Plan, type Table } from '../../backend/plan.js';
import { nrm2 } from '../kernels/dense.js';
import type { Penalty } from '../kernels/penalties.js';
import { Objective } from '../objective/objective.js';
import type { Scaling } from '../objective/scaling.js';
import { ScaledRows, weakCombinations } from './combinations.js';
import { Roundoff } from './roundoff.js';

const leastPart = 2 ** -42; // of the terms of a combination, what has to remain of it to be more than rounding
const mostPart = 4; // times a combination, a term without which it is one of fewer columns
const firstStep = 2 ** -26; // of that which takes a straight objective from its size to 0
const mostSteps = 96; // each twice the one before
const noise = 2 ** -44; // of the size of an objective

/** What rows have of a combination; null: nothing but rounding. Leaves out columns that it is told without. */
function columnOf(u: Float64Array, rows: ScaledRows, { square }: Scaling, count: number): Float64Array | null {
  const t = new Float64Array(count);
  let size = 0;
  for (let round = 0; round < 2; round++) {
    rows.products(u, 0, 0, t);
    size = nrm2(t) / Math.sqrt(count);
    for (let j = 0; round === 0 && j < u.length; j++) {
      if (Math.abs(u[j]) * Math.sqrt(square[j]) <= mostPart * size) u[j] = 0;
    }
  }
  let terms = 0;
  for (let j = 0; j < u.length; j++) terms += Math.abs(u[j]) * Math.sqrt(square[j]);
  return size > leastPart * terms ? t : null;
}

/** The objective as one of a combination's weights, of each output, from where it is. */
class Along {
  readonly #penalty: Penalty;
  readonly #cols: number;
  readonly #u: Float64Array;
  readonly #w: Float64Array;
  readonly #objective: Objective;
  readonly #count: number;
  readonly #tau: Float64Array;

  constructor(plan: Plan, table: Table, penalty: Penalty, u: Float64Array, w: Float64Array) {
    this.#penalty = penalty;
    this.#cols = plan.cols;
    this.#u = u;
    this.#w = w;
    this.#count = table.count;
    this.#objective = new Objective({ ...plan, cols: 1, intercept: false }, table, null);
    this.#tau = new Float64Array(plan.outputs);
  }

  /** The mean loss and its slopes there. */
  begin(slopes: Float64Array): number {
    return this.#objective.evaluate(this.#objective.everything, this.#tau.fill(0), slopes) / this.#count;
  }

  /** How far output k may go in a direction. */
  reach(k: number, direction: number): number {
    const { bounds } = this.#penalty;
    let reach = Infinity;
    for (let j = 0; bounds && j < this.#cols; j++) {
      const d = direction * this.#u[j];
      const place = k * this.#cols + j;
      if (d === 0) continue;
      const room = (d > 0 ? bounds.upper[place] - this.#w[place] : bounds.lower[place] - this.#w[place]) / d;
      if (room < reach) reach = room;
    }
    return reach;
  }

  /** By how much the penalty changes if output k goes so far. */
  penaltyChange(k: number, tau: number): number {
    const { l1, l2, factors } = this.#penalty;
    let change = 0;
    for (let j = 0; (l1 !== 0 || l2 !== 0) && j < this.#cols; j++) {
      const d = tau * this.#u[j];
      if (d === 0) continue;
      const place = k * this.#cols + j;
      const from = this.#w[place];
      const to = from + d;
      change += (factors ? factors[place] : 1) * (l1 * (Math.abs(to) - Math.abs(from)) + l2 * (d * (from + 0.5 * d)));
    }
    return change;
  }

  /** And the mean loss. */
  loss(k: number, tau: number): number {
    this.#tau.fill(0)[k] = tau;
    return this.#objective.evaluate(this.#objective.everything, this.#tau, null) / this.#count;
  }
}

/** The most by which the objective falls where one output's weight of a combination changes. */
function fallOf(along: Along, k: number, loss: number, slope: number, size: number): number {
  let most = 0;
  for (const direction of [-1, 1]) {
    const reach = along.reach(k, direction);
    let step = firstStep * (size / Math.abs(slope));
    for (let i = 0; i < mostSteps && step < Infinity; i++, step *= 2) {
      const tau = step < reach ? step : reach;
      if (!(tau > 0)) break;
      const fall = loss - along.loss(k, direction * tau) - along.penaltyChange(k, direction * tau);
      if (fall > most) most = fall;
      else if (!(fall > -noise * size) || most > 0) break;
      if (step >= reach) break;
    }
  }
  return most;
}

/** The table with a combination for its only column, and z of the weights for its offset. */
function tableOf({ targets }: Plan, { y, sampleWeight, index, count }: Table, z: Float64Array, X: Float64Array): Table {
  const own = (all: Float64Array, of: number) =>
    index ? Float64Array.from({ length: count * of }, (_, i) => all[index[Math.floor(i / of)] * of + (i % of)]) : all;
  return {
    X,
    y: own(y, targets),
    sampleWeight: sampleWeight && own(sampleWeight, 1),
    offset: z,
    index: null,
    count,
  };
}

/** z of all outputs, rows × outputs. */
function offsetsOf(plan: Plan, table: Table, w: Float64Array, rows: ScaledRows): Float64Array {
  const { cols, outputs, intercept } = plan;
  const { count, index, offset } = table;
  const z = new Float64Array(count * outputs);
  const one = new Float64Array(count);
  for (let k = 0; k < outputs; k++) {
    rows.products(w, k * cols, intercept ? w[coefficientCount(plan) + k] : 0, one);
    for (let i = 0; i < count; i++) {
      z[i * outputs + k] = offset ? one[i] + offset[(index ? index[i] : i) * outputs + k] : one[i];
    }
  }
  return z;
}

/**
 * By how much the objective falls from these weights of the scaled columns, at least, along a combination of columns that is
 * next to nothing; 0 where there is none.
 */
export function fallAlongWeak(
  plan: Plan,
  table: Table,
  scaling: Scaling,
  penalty: Penalty,
  w: Float64Array,
  value: number,
): number {
  const roundoff = new Roundoff(plan, table, scaling);
  if (roundoff.isZero(w, value)) return 0;
  const rows = new ScaledRows(plan, table, scaling);
  const combinations = weakCombinations(plan, table, scaling, rows);
  if (combinations.length === 0) return 0;
  const z = offsetsOf(plan, table, w, rows);
  const slopes = new Float64Array(plan.outputs);
  let most = 0;
  for (const u of combinations) {
    const t = columnOf(u, rows, scaling, table.count);
    if (!t) continue;
    const along = new Along(plan, tableOf(plan, table, z, t), penalty, u, w);
    const loss = along.begin(slopes);
    const size = roundoff.size(value, loss);
    for (let k = 0; k < plan.outputs; k++) {
      if (slopes[k] === 0) continue;
      const fall = fallOf(along, k, loss, slopes[k], size);
      if (fall > most) most = fall;
    }
  }
  return most;
}
