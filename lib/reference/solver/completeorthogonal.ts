// Minimum-norm least squares from a triangular factor, by a complete orthogonal decomposition.
// With its columns permuted, R = Q [L' 0] Z; diagonal elements at the level of rounding count as 0. Twin:
// native/solver/completeorthogonal.cc.
import { nrm2 } from '../kernels/dense.js';
import { sumOfProducts } from '../kernels/sums.js';
import { solveFactorized } from '../linalg/cholesky.js';
import { Triangle } from './qr.js';

export class Orthogonal {
  /** Of the columns, how many do not depend on others. */
  readonly rank: number;
  readonly #cols: number;
  readonly #order: Uint32Array;
  readonly #L: Float64Array; // rank × rank, its diagonal above 0
  readonly #Z: Float64Array; // rank × (cols - rank): what a reflection takes of the columns beyond the rank
  readonly #tau: Float64Array;
  readonly #x: Float64Array;

  /** `rounding`: of each column, the length that says nothing. */
  constructor(triangle: Triangle, rounding: Float64Array) {
    const { cols } = triangle;
    this.#cols = cols;
    this.#order = Uint32Array.from({ length: cols }, (_, j) => j);
    this.#x = new Float64Array(cols);
    const R = inUnits(triangle, rounding);
    const rank = this.#pivot(R);
    const { columns, stride } = R;
    for (let j = 0; j < cols; j++) {
      const unit = rounding[this.#order[j]];
      for (let i = 0; i < rank; i++) columns[j * stride + i] *= unit;
    }
    this.rank = rank;
    this.#Z = new Float64Array(rank * (cols - rank));
    this.#tau = new Float64Array(rank);
    for (let k = rank - 1; k >= 0 && rank < cols; k--) this.#reflect(R, k);
    this.#L = new Float64Array(rank * rank);
    for (let j = 0; j < rank; j++) {
      for (let i = 0; i <= j; i++) {
        const value = columns[j * stride + i];
        this.#L[j * rank + i] = columns[i * stride + i] < 0 ? -value : value;
      }
    }
  }

  /** Makes a triangle again, of the longest columns first; returns how many say something. */
  #pivot(R: Triangle): number {
    const { columns, stride, rows, cols } = R;
    const order = this.#order;
    for (let k = 0; k < rows; k++) {
      let longest = 0;
      let pivot = k;
      for (let j = k; j < cols; j++) {
        const at = j * stride + k;
        const squares = sumOfProducts(columns, at, columns, at, rows - k);
        if (squares > longest) {
          longest = squares;
          pivot = j;
        }
      }
      if (!(longest > 1)) return k;
      if (pivot !== k) {
        const moved = columns.slice(pivot * stride, pivot * stride + rows);
        columns.copyWithin(pivot * stride, k * stride, k * stride + rows);
        columns.set(moved, k * stride);
        [order[k], order[pivot]] = [order[pivot], order[k]];
      }
      R.reflect(k, k + 1, rows);
    }
    return rows;
  }

  /** Reflects columns k and those beyond the rank, so that row k is 0 in the latter. */
  #reflect({ columns, stride, cols }: Triangle, k: number): void {
    const { rank } = this;
    const rest = cols - rank;
    const v = new Float64Array(1 + rest);
    v[0] = columns[k * stride + k];
    for (let j = 0; j < rest; j++) v[1 + j] = columns[(rank + j) * stride + k];
    const norm = nrm2(v);
    const reflected = v[0] > 0 ? -norm : norm;
    const tau = (reflected - v[0]) / reflected;
    const pivot = v[0] - reflected;
    const z = this.#Z.subarray(k * rest, (k + 1) * rest);
    for (let j = 0; j < rest; j++) z[j] = v[1 + j] / pivot;
    this.#tau[k] = tau;
    columns[k * stride + k] = reflected;
    const sums = this.#x;
    for (let i = 0; i < k; i++) sums[i] = columns[k * stride + i];
    for (let j = 0; j < rest; j++) {
      for (let i = 0; i < k; i++) sums[i] += z[j] * columns[(rank + j) * stride + i];
    }
    for (let i = 0; i < k; i++) columns[k * stride + i] += -tau * sums[i];
    for (let j = 0; j < rest; j++) {
      const factor = -tau * z[j];
      for (let i = 0; i < k; i++) columns[(rank + j) * stride + i] += factor * sums[i];
    }
  }

  /** g becomes the shortest x with RᵀR x = g, or nearest to it. */
  solve(g: Float64Array): void {
    this.#apply(g, true);
  }

  /** x becomes the shortest with the same Rx: its part in the row space of R. */
  shorten(x: Float64Array): void {
    this.#apply(x, false);
  }

  /** Inverts the triangle between the reflections, or leaves it out. */
  #apply(g: Float64Array, solves: boolean): void {
    const { rank } = this;
    const x = this.#x;
    for (let j = 0; j < this.#cols; j++) x[j] = g[this.#order[j]];
    for (let k = rank - 1; k >= 0; k--) this.#turn(k, x);
    if (solves) solveFactorized(this.#L, rank, x);
    x.fill(0, rank);
    for (let k = 0; k < rank; k++) this.#turn(k, x);
    for (let j = 0; j < this.#cols; j++) g[this.#order[j]] = x[j];
  }

  #turn(k: number, x: Float64Array): void {
    const { rank } = this;
    const rest = this.#cols - rank;
    if (rest === 0) return;
    const factor = this.#tau[k] * (x[k] + sumOfProducts(this.#Z, k * rest, x, rank, rest));
    x[k] -= factor;
    for (let j = 0; j < rest; j++) x[rank + j] += -factor * this.#Z[k * rest + j];
  }
}

/** A copy with 0 below the diagonal, each column divided by its unit. */
function inUnits({ columns, stride, rows, cols }: Triangle, units: Float64Array): Triangle {
  const copy = new Triangle(cols, rows);
  copy.rows = rows;
  for (let j = 0; j < cols; j++) {
    for (let i = 0; i < rows && i <= j; i++) copy.columns[j * rows + i] = columns[j * stride + i] / units[j];
  }
  return copy;
}
