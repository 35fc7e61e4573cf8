// Ridge regression in its dual form, for fewer rows than columns.
// (Saunders, Gammerman and Vovk 1998.) With D the penalty's second derivatives, (XᵀX + D)⁻¹ = D⁻¹ - D⁻¹Xᵀ(XD⁻¹Xᵀ +
// I)⁻¹XD⁻¹, which takes as many equations as there are rows. Twin: native/solver/dual.cc.
import type { Plan, Table } from '../../backend/plan.js';
import { Reader } from '../data/matrix.js';
import { rmatvec, rowAt } from '../kernels/dense.js';
import { sumOfProducts } from '../kernels/sums.js';
import { factorize, solveFactorized } from '../linalg/cholesky.js';
import { Gram } from '../objective/gram.js';
import type { Scaling } from '../objective/scaling.js';

/**
 * The columns as the solver has them, (x - mean)/deviation, each with all its rows: cols × rows. `rootWeights`: each row
 * times the root of its weight.
 */
export function columnsOf(
  { cols }: Plan,
  { X, sampleWeight, index, count: rows }: Table,
  { mean, deviation }: Scaling,
  rootWeights: boolean,
): Float64Array {
  const columns = new Float64Array(cols * rows);
  const reader = new Reader({ X, cols, start: 0, count: rows, index }, 1);
  for (let i = 0; i < rows; i++) {
    const root = rootWeights && sampleWeight ? Math.sqrt(sampleWeight[index ? index[i] : i]) : 1;
    const own = reader.rows(i, 1);
    const x = rowAt(own, 0);
    for (let j = 0; j < cols; j++) columns[j * rows + i] = root * ((own.X[x + j] - mean[j]) / deviation[j]);
  }
  return columns;
}

export class Dual {
  readonly #D: Float64Array;
  readonly #columns: Float64Array; // cols × rows
  readonly #L: Float64Array;
  readonly #a: Float64Array; // of each row
  /** Of a diagonal element of the equations, the least that remained when the rows before it were taken out. */
  readonly leastPivot: number = 0;

  /** Of √s (x - mean)/deviation; `D`: one number above 0 for each column. */
  constructor(plan: Plan, table: Table, scaling: Scaling, D: Float64Array) {
    const { cols } = plan;
    const rows = table.count;
    this.#D = D;
    this.#columns = columnsOf(plan, table, scaling, true);
    this.#a = new Float64Array(rows);
    const L = new Float64Array(rows * rows);
    this.#L = L;
    const columns = { X: this.#columns, cols: rows, start: 0, count: cols, index: null };
    new Gram(columns, null).evaluate(
      D.map((d) => 1 / d),
      L,
    );
    for (let i = 0; i < rows; i++) L[i * rows + i] += 1;
    const diagonal = Float64Array.from({ length: rows }, (_, i) => L[i * rows + i]);
    if (factorize(L, rows) > 0) return;
    let least = 1;
    for (let i = 0; i < rows; i++) {
      const root = L[i * rows + i];
      const pivot = (root * root) / diagonal[i];
      if (!(pivot > least)) least = pivot;
    }
    this.leastPivot = least;
  }

  /** g becomes (XᵀX + D)⁻¹g. */
  solve(g: Float64Array): void {
    const D = this.#D;
    const columns = this.#columns;
    const a = this.#a.fill(0);
    const rows = a.length;
    const cols = g.length;
    for (let j = 0; j < cols; j++) g[j] /= D[j];
    rmatvec({ X: columns, cols: rows, start: 0, count: cols, index: null }, g, 0, a, 0);
    solveFactorized(this.#L, rows, a);
    for (let j = 0; j < cols; j++) g[j] -= sumOfProducts(columns, j * rows, a, 0, rows) / D[j];
  }
}
