// Nearly collinear columns: combinations of a length near 0, which Gram matrices lose.
// Of few
// columns they come from the Gram matrix; of many, where that would cost too much, pairs alone, which random combinations of
// the rows (Charikar 2002) bring together. Twin: native/solver/combinations.cc.
import type { Plan, Table } from '../../backend/plan.js';
import { Reader } from '../data/matrix.js';
import { matvec, type Rows, rmatvec } from '../kernels/dense.js';
import { factorize, solveFactorized } from '../linalg/cholesky.js';
import { weakPivot } from '../linalg/coordinatedescent.js';
import { rowsPerBlock } from '../objective/blocks.js';
import { Gram } from '../objective/gram.js';
import type { Scaling } from '../objective/scaling.js';
import { Philox } from './philox.js';
import { areIndependent } from './shortest.js';

const mostColumns = 256; // whose Gram matrix costs little beside a fit
const pairStream = 0x70616972; // of the draws
const nearest = 2 ** -45; // of a column's random combination, a difference that rounding makes
const nearby = 2 ** -18; // and one of columns that are nearly equal
const mostBeside = 4; // columns that one is compared with
const mostFound = 32; // combinations, each of which costs passes over the rows

/** Passes over the rows of the scaled columns, which keep the digits of differences of columns. */
export class ScaledRows {
  readonly #scaling: Scaling;
  readonly #reader: Reader;
  readonly #room: Float64Array;
  readonly #length: number;
  readonly #count: number;

  constructor({ cols }: Plan, { X, count, index }: Table, scaling: Scaling) {
    this.#scaling = scaling;
    this.#length = rowsPerBlock(cols);
    this.#room = new Float64Array(this.#length * cols);
    this.#reader = new Reader({ X, cols, start: 0, count, index }, this.#length);
    this.#count = count;
  }

  each(visit: (rows: Rows, start: number) => void): void {
    for (let start = 0; start < this.#count; start += this.#length) {
      const rows = this.#reader.rows(start, Math.min(this.#length, this.#count - start));
      visit(this.#scaling.scale(rows, this.#room), start);
    }
  }

  /** Writes what rows have of such coefficients from `at` on. */
  products(u: Float64Array, at: number, intercept: number, z: Float64Array): void {
    this.each((rows, start) => matvec(rows, u, at, intercept, z, start));
  }
}

/** From the Gram matrix: one of each column that all but depends on those before it. */
function byGram(plan: Plan, { X, index, count }: Table, { mean, deviation }: Scaling): Float64Array[] {
  const { cols, intercept } = plan;
  const gram = new Gram({ X, cols, start: 0, count, index }, intercept ? mean : null);
  const side = gram.size;
  const G = new Float64Array(side * side);
  gram.evaluate(null, G);
  const F = new Float64Array(cols * cols);
  for (let j = 0; j < cols; j++) {
    for (let k = 0; k < cols; k++) F[j * cols + k] = G[j * side + k] / deviation[j] / deviation[k];
  }
  const rows = Array.from({ length: cols }, (_, j) => F.slice(j * cols, (j + 1) * cols));
  if (factorize(F, cols, 0, weakPivot) === 0) return [];
  const found: Float64Array[] = [];
  for (let j = 0; j < cols && found.length < mostFound; j++) {
    if (F[j * cols + j] > 0 || !(rows[j][j] > 0)) continue;
    const u = rows[j].map((g) => -g);
    solveFactorized(F, cols, u);
    u[j] = 1;
    found.push(u);
  }
  return found;
}

/** Pairs whose random combinations of the rows are next to each other. */
function pairs({ cols }: Plan, { count }: Table, { square, deviation }: Scaling, rows: ScaledRows): Float64Array[] {
  const draws = new Philox(0, pairStream);
  const [one, other] = [0, 1].map((epoch) => {
    draws.setEpoch(epoch);
    const r = Float64Array.from({ length: count }, (_, i) => draws.below(2 ** 31, i) * 2 ** -30 - 1);
    const sums = new Float64Array(cols);
    rows.each((part, start) => rmatvec(part, r, start, sums, 0));
    for (let j = 0; j < cols; j++) sums[j] /= Math.sqrt(square[j] * count);
    return sums;
  });
  const order = Uint32Array.from({ length: cols }, (_, j) => j).sort((a, b) => {
    const [x, y] = [Math.abs(one[a]), Math.abs(one[b])];
    return x === y ? a - b : x - y;
  });
  const found: Float64Array[] = [];
  for (let i = 0; i < cols && found.length < mostFound; i++) {
    const a = order[i];
    if (!(deviation[a] < Infinity)) continue;
    for (let next = i + 1; next < cols && next <= i + mostBeside; next++) {
      const b = order[next];
      const sign = one[a] * one[b] < 0 ? -1 : 1;
      const [off, also] = [Math.abs(one[b] - sign * one[a]), Math.abs(other[b] - sign * other[a])];
      if (!(off <= nearby)) break;
      const rounding = nearest * (Math.abs(one[b]) + Math.abs(other[b]));
      if (!(also <= nearby) || off + also <= rounding || !(deviation[b] < Infinity)) continue;
      const u = new Float64Array(cols);
      u[a] = -sign * Math.sqrt(square[b] / square[a]);
      u[b] = 1;
      found.push(u);
    }
  }
  return found;
}

/** Coefficients of the scaled columns, of combinations that may be next to nothing: what rows have of them is to tell. */
export function weakCombinations(plan: Plan, table: Table, scaling: Scaling, rows: ScaledRows): Float64Array[] {
  if (plan.cols < 2) return [];
  if (plan.cols > mostColumns || table.count <= plan.cols) return pairs(plan, table, scaling, rows);
  return areIndependent(plan, table, scaling, null) ? [] : byGram(plan, table, scaling);
}
