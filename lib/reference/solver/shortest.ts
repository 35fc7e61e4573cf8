// Minimum-norm coefficients among those with equal predictions, for collinear columns.
// They are the part in the row space of the scaled columns of X, by the decomposition of `exact`. Twin:
// native/solver/shortest.cc.
import { type Plan, piecewiseLinearLosses, type Table } from '../../backend/plan.js';
import { nrm2 } from '../kernels/dense.js';
import type { Penalty } from '../kernels/penalties.js';
import { sumOfProducts } from '../kernels/sums.js';
import { factorize } from '../linalg/cholesky.js';
import { Gram } from '../objective/gram.js';
import { Objective } from '../objective/objective.js';
import type { Scaling } from '../objective/scaling.js';
import { Orthogonal } from './completeorthogonal.js';
import { roundingOf, type Triangle, triangleOf } from './qr.js';
import { Roundoff } from './roundoff.js';

/**
 * Of a diagonal element of the Gram matrix, or of a Hessian, what has to remain when the columns before it are taken out,
 * for columns to be independent without a further look: as fits of eight at once have it.
 */
export const independentPivot = 2 ** -30;
const mostWork = 2 ** 33; // multiplications of the triangle: some seconds
const mostSteps = 8;
const mostRise = 2 ** -40; // of the size of the objective

/** Whether the objective leaves a choice if columns are collinear. */
function mayChoose({ loss, l1, l2, bounded, cols }: Plan, { count }: Table, { factors }: Penalty): boolean {
  if (piecewiseLinearLosses.includes(loss) || l1 !== 0 || bounded) return false;
  const work = count * cols * Math.min(count, cols);
  if (!(work > 0 && work <= mostWork)) return false;
  return !(l2 > 0) || (factors?.subarray(0, cols).some((factor) => !(factor > 0)) ?? false);
}

/** What the penalty adds to the sum's second derivative; null: nothing. */
function diagonalOf({ l2, cols }: Plan, { count }: Table, { factors }: Penalty): Float64Array | null {
  if (!(l2 > 0)) return null;
  const diagonal = new Float64Array(cols).fill(count * l2);
  for (let j = 0; factors && j < cols; j++) diagonal[j] *= factors[j];
  return diagonal;
}

/** Whether a few of the rows prove the columns independent: twice as many as columns, and some more. */
export function areIndependent(plan: Plan, table: Table, scaling: Scaling, diagonal: Float64Array | null): boolean {
  const { cols, intercept } = plan;
  const { mean, deviation, square } = scaling;
  const most = 2 * cols + 64;
  if (scaling.isFar || (table.count <= cols && !diagonal)) return false;
  const stride = Math.max(1, Math.floor(table.count / most));
  const count = stride > 1 ? most : table.count;
  // Rows may have a period.
  const index = Uint32Array.from({ length: count }, (_, i) => {
    const at = i * stride + (i % stride);
    return table.index ? table.index[at] : at;
  });
  const { sampleWeight } = table;
  const gram = new Gram({ X: table.X, cols, start: 0, count, index }, intercept ? mean : null);
  const side = gram.size;
  const G = new Float64Array(side * side);
  gram.evaluate(sampleWeight && Float64Array.from(index, (row) => sampleWeight[row]), G);
  const part = count / table.count;
  const L = new Float64Array(cols * cols);
  const usual = new Float64Array(cols);
  for (let j = 0, row = 0; j < cols; j++, row += cols) {
    for (let k = 0; k <= j; k++) L[row + k] = G[j * side + k] / deviation[j] / deviation[k];
    if (diagonal) L[row + j] += part * diagonal[j];
    const isConstant = deviation[j] === Infinity;
    if (isConstant) L[row + j] = 1;
    usual[j] = isConstant ? 1 : Math.max(L[row + j], square[j] * count);
  }
  return factorize(L, cols) === 0 && usual.every((u, j) => L[j * cols + j] * L[j * cols + j] > independentPivot * u);
}

/**
 * The part of w in the row space of R, in place: the reflections', and then the shortest steps that give back what they
 * take of Rw, where the scales of columns differ by many digits.
 */
function project({ columns, stride, rows, cols }: Triangle, orthogonal: Orthogonal, w: Float64Array): void {
  let x = w.slice();
  const step = new Float64Array(cols);
  const lost = new Float64Array(rows);
  orthogonal.shorten(x);
  let kept = x;
  let before = Infinity;
  for (let n = 0; n < mostSteps; n++) {
    lost.fill(0);
    for (let j = 0; j < cols; j++) {
      const d = w[j] - x[j];
      for (let i = 0; i < rows && i <= j; i++) lost[i] += d * columns[j * stride + i];
    }
    const length = nrm2(lost);
    if (!(length < before)) {
      x = kept;
      break;
    }
    before = length;
    kept = x.slice();
    for (let j = 0; j < cols; j++) step[j] = sumOfProducts(columns, j * stride, lost, 0, Math.min(j + 1, rows));
    orthogonal.solve(step);
    for (let j = 0; j < cols; j++) x[j] += step[j];
  }
  w.set(x);
}

/**
 * In place, of the weights of X's own columns, without l1 and bounds, of a smooth loss. What the columns leave no
 * choice of stays as it is, to the bit; so does what would raise the loss by more than rounding, and what would take
 * more than some seconds. Returns whether they have changed.
 */
export function shorten(plan: Plan, table: Table, scaling: Scaling, penalty: Penalty, weights: Float64Array): boolean {
  if (!mayChoose(plan, table, penalty)) return false;
  const diagonal = diagonalOf(plan, table, penalty);
  if (areIndependent(plan, table, scaling, diagonal)) return false;
  const triangle = triangleOf(plan, table, scaling, diagonal);
  const orthogonal = new Orthogonal(triangle, roundingOf(triangle, scaling, table.count, 1));
  const varied = scaling.deviation.filter((deviation) => deviation < Infinity).length;
  if (orthogonal.rank >= varied) return false;
  const w = weights.slice();
  scaling.fromOriginal(w);
  for (let k = 0; k < plan.outputs; k++) {
    project(triangle, orthogonal, w.subarray(k * plan.cols, (k + 1) * plan.cols));
  }
  const shorter = scaling.toOriginal(w, new Float64Array(w.length));
  // Of the weights to the last bit: large ones of all but collinear columns have a minimum in their rounding.
  const objective = new Objective(plan, table, null);
  const rows = objective.everything;
  const before = objective.evaluate(rows, weights, null) / rows.count;
  const after = objective.evaluate(rows, shorter, null) / rows.count;
  const roundoff = new Roundoff(plan, table, scaling);
  if (!(after <= before + mostRise * roundoff.size(before, before) || roundoff.isZero(w, after))) return false;
  weights.set(shorter);
  return true;
}
