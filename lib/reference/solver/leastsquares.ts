// Least squares and ridge in closed form, with iterative refinement.
// By the normal equations, for fewer rows than columns in their dual form, or by Householder QR where these are
// ill-conditioned. Refined by gradients in double-double arithmetic, unless plain ones are as good. Twin:
// native/solver/leastsquares.cc.
import { coefficientCount, type Plan, type Table } from '../../backend/plan.js';
import { Reader } from '../data/matrix.js';
import { nrm2 } from '../kernels/dense.js';
import { lostByProduct, residuals } from '../kernels/doubledouble.js';
import type { Penalty } from '../kernels/penalties.js';
import { sumOfProducts } from '../kernels/sums.js';
import { factorize, solveFactorized } from '../linalg/cholesky.js';
import { rowsPerBlock } from '../objective/blocks.js';
import type { PenalizedObjective } from '../objective/penalizedobjective.js';
import type { Scaling } from '../objective/scaling.js';
import { Orthogonal } from './completeorthogonal.js';
import { Dual } from './dual.js';
import { roundingOf, triangleOf } from './qr.js';

/**
 * Of a diagonal element, what has to remain when the columns before it are taken out. Steps of refinement then gain
 * four digits each; near the rounding of the sums they would gain none.
 */
const leastPivot = 2 ** -33;
const mostSteps = 16;

/**
 * And for a gradient of plain doubles to be enough; of the mean square of the targets, what the residuals must then
 * leave; and means, over the root mean squares of what remains, that make a column far from 0.
 */
const plain = { pivot: 2 ** -10, rest: 2 ** -10, far: 32 };

class LeastSquares {
  readonly #plan: Plan;
  readonly #table: Table;
  readonly #scaling: Scaling;
  readonly #diagonal: Float64Array | null; // what the penalty adds to the sum's second derivative
  readonly #lengths: Float64Array; // of the scaled columns
  readonly #reader: Reader;
  readonly #step: Float64Array;
  readonly #gradient: Float64Array; // cols + 1 high parts, and low ones
  #L: Float64Array | null = null;
  #dual: Dual | null = null;
  #orthogonal: Orthogonal | null = null;
  #cutoff = 1; // of the roundings below which a column depends on others
  #isPlain = false; // plain doubles are enough
  #isMisled = false; // refinement did not come nearer

  constructor(plan: Plan, table: Table, { l2, factors }: Penalty, scaling: Scaling) {
    const { cols } = plan;
    this.#plan = plan;
    this.#table = table;
    this.#scaling = scaling;
    this.#diagonal = l2 > 0 ? new Float64Array(cols).fill(table.count * l2) : null;
    for (let j = 0; this.#diagonal && factors && j < cols; j++) this.#diagonal[j] *= factors[j];
    this.#lengths = scaling.square.map((square) => Math.sqrt(square * table.count));
    const { X, index, count } = table;
    this.#reader = new Reader({ X, cols, start: 0, count, index }, rowsPerBlock(cols));
    this.#step = new Float64Array(cols);
    this.#gradient = new Float64Array(2 * (cols + 1));
  }

  /** `value`, `first`: the objective, and minus the gradient of the sum, where the scaled weights are 0. */
  solve(
    smooth: PenalizedObjective,
    G: Float64Array | null,
    value: number,
    first: Float64Array,
    weights: Float64Array,
  ): void {
    const { outputs } = this.#plan;
    if (!first.every(Number.isFinite)) {
      weights.fill(Number.NaN);
      return;
    }
    if (G ? this.#normalEquations(G) : this.#dualEquations()) {
      if (this.#isPlain && this.#solvePlain(smooth, value, first, weights)) return;
      let k = 0;
      while (k < outputs && this.#refine(k, first, weights)) k++;
      if (k === outputs) return;
    }
    this.#orthogonalize();
    for (let k = 0; k < outputs; k++) this.#refine(k, first, weights);
    // The first correction is as long as what it corrects: rounding has the say in some direction, which is left out.
    for (let tries = 0; tries < 8 && this.#isMisled; tries++) {
      this.#cutoff *= 64;
      this.#orthogonalize();
      for (let k = 0; k < outputs; k++) this.#refine(k, first, weights);
    }
  }

  /** False: ill-conditioned. */
  #normalEquations(G: Float64Array): boolean {
    const { cols, intercept } = this.#plan;
    const { deviation } = this.#scaling;
    const side = cols + (intercept ? 1 : 0);
    const L = new Float64Array(cols * cols);
    const diagonal = new Float64Array(cols);
    for (let j = 0; j < cols; j++) {
      for (let k = 0; k <= j; k++) L[j * cols + k] = G[j * side + k];
      if (this.#diagonal) L[j * cols + j] += this.#diagonal[j];
      if (deviation[j] === Infinity) L[j * cols + j] = 1;
      diagonal[j] = L[j * cols + j];
    }
    this.#L = L;
    if (factorize(L, cols) > 0) return false;
    this.#isPlain = this.#isNear();
    for (let j = 0; j < cols; j++) {
      const root = L[j * cols + j];
      if (!(root * root > leastPivot * diagonal[j])) return false;
      if (!(root * root > plain.pivot * diagonal[j])) this.#isPlain = false;
    }
    return true;
  }

  /** False: ill-conditioned, or there are none. */
  #dualEquations(): boolean {
    const D = this.#diagonal;
    if (!D || D.some((d) => d <= 0)) return false;
    const dual = new Dual(this.#plan, this.#table, this.#scaling, D);
    this.#dual = dual;
    this.#isPlain = dual.leastPivot > plain.pivot && this.#isNear();
    return dual.leastPivot > leastPivot;
  }

  /** Whether no column is far from 0. */
  #isNear(): boolean {
    const { mean, deviation, square } = this.#scaling;
    return mean.every((m, j) => Math.abs(m) <= plain.far * (deviation[j] * Math.sqrt(square[j])));
  }

  /** With one step of refinement; false if a double's digits are too few for its gradient. */
  #solvePlain(smooth: PenalizedObjective, value: number, first: Float64Array, weights: Float64Array): boolean {
    const { cols, outputs } = this.#plan;
    const { count } = this.#table;
    const step = this.#step;
    const w = new Float64Array(weights.length);
    const g = new Float64Array(weights.length);
    const descend = (slope: Float64Array) => {
      for (let k = 0; k < outputs; k++) {
        step.set(slope.subarray(k * cols, (k + 1) * cols));
        this.#solveNormal(step);
        for (let j = 0; j < cols; j++) w[k * cols + j] += step[j];
      }
      for (let i = outputs * cols; i < w.length; i++) w[i] += slope[i] / count;
    };
    descend(first);
    if (!(smooth.evaluate(w, g) >= plain.rest * value)) return false;
    for (let i = 0; i < g.length; i++) g[i] *= -count;
    descend(g);
    this.#scaling.toOriginal(w, weights);
    return true;
  }

  #orthogonalize(): void {
    this.#isMisled = false;
    const triangle = triangleOf(this.#plan, this.#table, this.#scaling, this.#diagonal);
    this.#orthogonal = new Orthogonal(triangle, roundingOf(triangle, this.#scaling, this.#table.count, this.#cutoff));
  }

  /** A gradient in the scaled coefficients becomes the step to where it is 0. */
  #solveNormal(g: Float64Array): void {
    if (this.#orthogonal) {
      this.#orthogonal.solve(g);
    } else if (this.#dual) {
      this.#dual.solve(g);
    } else if (this.#L) {
      solveFactorized(this.#L, g.length, g);
    }
  }

  /** How far scaled coefficients reach in the predictions, about. */
  #reach(scaled: (j: number) => number): number {
    return nrm2(this.#lengths.map((length, j) => scaled(j) * length));
  }

  /** From 0; returns whether the steps became as short as rounding lets them. */
  #refine(k: number, first: Float64Array, weights: Float64Array): boolean {
    const { cols, intercept } = this.#plan;
    const { mean, deviation } = this.#scaling;
    const { count } = this.#table;
    const step = this.#step;
    const w = weights.subarray(k * cols, (k + 1) * cols).fill(0);
    const bAt = coefficientCount(this.#plan) + k;
    let shift = intercept ? first[bAt] : 0;
    // A double's digits leave too little of the gradient where the matrix is ill-conditioned; and of columns far from 0,
    // whose means are rounded, unless the residuals add up to 0.
    const isExact = this.#orthogonal !== null || this.#scaling.isFar;
    if (intercept) weights[bAt] = isExact ? shift / count : 0;
    if (isExact) shift = this.#evaluate(k, w, intercept ? weights[bAt] : 0);
    else step.set(first.subarray(k * cols, (k + 1) * cols));
    let before = Infinity;
    for (let n = 0; n < mostSteps; n++) {
      this.#solveNormal(step);
      const change = this.#reach((j) => step[j]);
      const size = this.#reach((j) => (deviation[j] < Infinity ? w[j] * deviation[j] : 0));
      if (!(change < 0.5 * before)) {
        if (before === Infinity) w.fill(Number.NaN);
        if (n === 1 && change > 0) this.#isMisled = true;
        return before <= 2 ** -40 * size;
      }
      for (let j = 0; j < cols; j++) {
        step[j] /= deviation[j];
        w[j] += step[j];
      }
      if (intercept) weights[bAt] += shift / count - sumOfProducts(mean, 0, step, 0, cols);
      if (before < Infinity && change * (change / before) <= 2 ** -64 * size) return true;
      before = change;
      shift = this.#evaluate(k, w, intercept ? weights[bAt] : 0);
    }
    return false;
  }

  /** Minus the gradient of the sum in the scaled coefficients, to #step; returns that in the intercept. */
  #evaluate(k: number, w: Float64Array, b: number): number {
    const { cols, outputs } = this.#plan;
    const { y, sampleWeight, offset, index, count } = this.#table;
    const { mean, deviation } = this.#scaling;
    const g = this.#gradient.fill(0);
    const low = g.subarray(cols + 1);
    const block = rowsPerBlock(cols);
    for (let start = 0; start < count; start += block) {
      const rows = this.#reader.rows(start, Math.min(block, count - start));
      residuals(rows, { y, sampleWeight, offset, stride: outputs, at: k, start, index }, w, b, g);
    }
    for (let j = 0; j < cols; j++) {
      const shift = mean[j] * g[cols];
      const lost = lostByProduct(mean[j], g[cols], shift) + mean[j] * low[cols];
      const centred = g[j] - shift + (low[j] - lost);
      const penalty = this.#diagonal && deviation[j] < Infinity ? this.#diagonal[j] * (w[j] * deviation[j]) : 0;
      this.#step[j] = centred / deviation[j] - penalty;
    }
    return g[cols] + low[cols];
  }
}

/**
 * Writes the weights of X's own columns that minimize the mean of ½ s (z - y)² plus the penalty (l2 alone); of all that
 * do, those of least norm in the scaled coefficients. `G`: XᵀX of the scaled columns, and of an intercept; null: there are
 * fewer rows than columns. `value`, `gradient`: the objective and its gradient in the scaled weights, where they are 0.
 * What is not finite leaves weights that are not.
 */
export function leastSquares(
  plan: Plan,
  table: Table,
  scaling: Scaling,
  smooth: PenalizedObjective,
  G: Float64Array | null,
  value: number,
  gradient: Float64Array,
  weights: Float64Array,
): void {
  const first = gradient.map((g) => -table.count * g);
  new LeastSquares(plan, table, smooth.penalty, scaling).solve(smooth, G, value, first, weights);
}
