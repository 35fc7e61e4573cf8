// Initial inverse Hessian of L-BFGS (preconditioner).
// Either the diagonal for a second derivative of 1, or the Hessian of the loss at some weights over a sample of rows:
// one matrix for all outputs, with the mean of their second derivatives. Twin: native/solver/preconditioner.cc.
import {
  coefficientCount,
  type Plan,
  piecewiseLinearLosses,
  softmaxLoss,
  type Table,
  weightCount,
} from '../../backend/plan.js';
import type { Penalty } from '../kernels/penalties.js';
import { sum } from '../kernels/sums.js';
import { factorize, solveFactorized } from '../linalg/cholesky.js';
import { Gram } from '../objective/gram.js';
import { Objective } from '../objective/objective.js';
import type { Scaling } from '../objective/scaling.js';

const mostSide = 512; // of a matrix that is worth its equations
const ridge = 2 ** -20; // of a diagonal: what is flat at these weights need not stay flat
const sampledRidge = 0.1; // times columns by rows: as far as a sample is to be believed
const least = 0.25; // of what a column's square lets one expect

export class Preconditioner {
  readonly #plan: Plan;
  readonly #scaling: Scaling;
  readonly #penalty: Penalty;
  readonly #side: number; // of the matrix: columns and the intercept
  readonly #diagonal: Float64Array;
  readonly #one: Float64Array; // of an output
  #L: Float64Array | null = null; // null unless it is bent

  constructor(plan: Plan, scaling: Scaling, penalty: Penalty) {
    this.#plan = plan;
    this.#scaling = scaling;
    this.#penalty = penalty;
    this.#side = plan.cols + (plan.intercept ? 1 : 0);
    this.#diagonal = Float64Array.from({ length: weightCount(plan) }, (_, j) =>
      j < coefficientCount(plan) ? scaling.square[j % plan.cols] + plan.l2 * this.#factor(j) : 1,
    );
    this.#one = new Float64Array(this.#side);
  }

  #factor(j: number): number {
    return this.#penalty.factors ? this.#penalty.factors[j] : 1;
  }

  /** Takes it at the weights, where the loss and the shape allow it. `isPart`: the table is a sample of more rows. */
  updateHessian(table: Table, isPart: boolean, weights: Float64Array): void {
    const { loss, l1, bounded } = this.#plan;
    const isSmooth = !piecewiseLinearLosses.includes(loss) && l1 === 0 && !bounded;
    if (!isSmooth || this.#side > mostSide || table.count < this.#side) return;
    this.#L = this.#measure(table, isPart, this.#curve(table, weights));
  }

  get hasHessian(): boolean {
    return this.#L !== null;
  }

  /** The sum of the outputs' second derivatives, for each row. */
  #curve(table: Table, weights: Float64Array): Float64Array {
    const { outputs, loss } = this.#plan;
    const { count, index, sampleWeight } = table;
    const d = new Float64Array(outputs * count);
    new Objective(this.#plan, table, this.#scaling).curve(weights, null, d);
    const isCoupled = loss === softmaxLoss;
    for (let i = 0; i < count; i++) {
      let sum = 0;
      for (let k = 0; k < outputs; k++) {
        const c = d[k * count + i];
        sum += isCoupled ? c * (1 - c) : c;
      }
      d[i] = isCoupled && sampleWeight ? sampleWeight[index ? index[i] : i] * sum : sum;
    }
    return d;
  }

  /** The matrix's factor; null where it has none. */
  #measure(table: Table, isPart: boolean, d: Float64Array): Float64Array | null {
    const { cols, outputs, intercept, l2 } = this.#plan;
    const { mean: means, deviation, square } = this.#scaling;
    const side = this.#side;
    const { X, count, index } = table;
    const terms = count * outputs;
    const mean = sum(d, 0, count) / terms;
    if (!(mean > 0 && mean < Infinity)) return null;
    const part = isPart ? sampledRidge * (side / count) : ridge;
    const L = new Float64Array(side * side);
    new Gram({ X, cols, start: 0, count, index }, intercept ? means : null).evaluate(d, L);
    for (let j = 0, row = 0; j < side; j++, row += side) {
      const scale = j < cols ? deviation[j] : 1;
      for (let k = 0; k <= j; k++) L[row + k] = L[row + k] / terms / scale / (k < cols ? deviation[k] : 1);
      // A column that the sample hardly knows is as all rows have it.
      const usual = j < cols ? mean * square[j] : mean;
      const own = L[row + j] >= least * usual ? L[row + j] : usual;
      L[row + j] = own + part * own + (j < cols ? l2 * this.#factor(j) : 0);
      if (!(L[row + j] > 0 && L[row + j] < Infinity)) return null;
    }
    return factorize(L, side) === 0 ? L : null;
  }

  /** d = H⁻¹d */
  divide(d: Float64Array): void {
    const { cols, outputs, intercept } = this.#plan;
    const coefficients = coefficientCount(this.#plan);
    const one = this.#one;
    if (!this.#L) {
      for (let j = 0; j < d.length; j++) d[j] /= this.#diagonal[j];
      return;
    }
    for (let k = 0; k < outputs; k++) {
      for (let j = 0; j < cols; j++) one[j] = d[k * cols + j];
      if (intercept) one[cols] = d[coefficients + k];
      solveFactorized(this.#L, this.#side, one);
      for (let j = 0; j < cols; j++) d[k * cols + j] = one[j];
      if (intercept) d[coefficients + k] = one[cols];
    }
  }
}
