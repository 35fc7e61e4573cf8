// Triangular factor R of A = QR, by Householder reflections over blocks of rows.
// Twin: native/solver/qr.cc.
import type { Plan, Table } from '../../backend/plan.js';
import { Reader } from '../data/matrix.js';
import { nrm2, rowAt } from '../kernels/dense.js';
import { sumOfProducts } from '../kernels/sums.js';
import type { Scaling } from '../objective/scaling.js';

/** Rows of a block: sums of some length, over what stays in cache. */
const blockRows = 128;
const collinear = 128; // roundings of a column, 1e-13 of it in all: refinement finds no digits beyond

/** Columns one behind the other, `stride` apart. The first `rows` numbers of each, down to the diagonal, are R. */
export class Triangle {
  readonly columns: Float64Array;
  rows = 0;
  readonly #v: Float64Array;

  constructor(
    readonly cols: number,
    readonly stride: number,
  ) {
    this.columns = new Float64Array(cols * stride);
    this.#v = new Float64Array(stride + 1);
  }

  /**
   * Reflects rows k and first … end - 1 of the columns from k on, so that column k is 0 in the latter. They are not
   * written: what is below the diagonal is nobody's.
   */
  reflect(k: number, first: number, end: number): void {
    const { columns, stride, cols } = this;
    const count = end - first;
    const diagonal = k * stride + k;
    const v = this.#v.subarray(0, 1 + count);
    v[0] = columns[diagonal];
    v.set(columns.subarray(k * stride + first, k * stride + end), 1);
    const norm = nrm2(v);
    if (norm === 0) return;
    const reflected = v[0] > 0 ? -norm : norm;
    const tau = (reflected - v[0]) / reflected;
    const pivot = v[0] - reflected;
    for (let i = 1; i <= count; i++) v[i] /= pivot;
    columns[diagonal] = reflected;
    for (let j = k + 1; j < cols; j++) {
      const at = j * stride;
      const factor = tau * (columns[at + k] + sumOfProducts(v, 1, columns, at + first, count));
      columns[at + k] -= factor;
      for (let i = 0; i < count; i++) columns[at + first + i] += -factor * v[1 + i];
    }
  }
}

/**
 * R of √s (x - mean)/deviation, below the roots of `diagonal` (null: none). Rows come in blocks, each put below R and
 * swept into it.
 */
export function triangleOf(plan: Plan, table: Table, scaling: Scaling, diagonal: Float64Array | null): Triangle {
  const { cols } = plan;
  const { X, sampleWeight, index, count } = table;
  const { mean, deviation } = scaling;
  const reader = new Reader({ X, cols, start: 0, count, index }, 1);
  const most = diagonal || count > cols ? cols : count;
  const triangle = new Triangle(cols, most + blockRows);
  const { columns, stride } = triangle;
  if (diagonal) {
    for (let j = 0; j < cols; j++) columns[j * stride + j] = Math.sqrt(diagonal[j]);
    triangle.rows = cols;
  }
  for (let start = 0; start < count; start += blockRows) {
    const first = triangle.rows;
    const end = first + Math.min(blockRows, count - start);
    for (let i = first; i < end; i++) {
      const row = index ? index[start + i - first] : start + i - first;
      const root = sampleWeight ? Math.sqrt(sampleWeight[row]) : 1;
      const rows = reader.rows(start + i - first, 1);
      const x = rowAt(rows, 0);
      for (let j = 0; j < cols; j++) {
        columns[j * stride + i] = root * ((rows.X[x + j] - mean[j]) / deviation[j]);
      }
    }
    for (let k = 0; k < cols && k < end; k++) triangle.reflect(k, Math.max(k + 1, first), end);
    triangle.rows = Math.min(end, cols);
  }
  return triangle;
}

/**
 * Of each column of such a triangle, the length that says nothing: sums round it by its length, computed columns are
 * collinear to some digits less than that, and the data may be rounded, which weighs more once they are centred.
 * `cutoff`: in multiples of that.
 */
export function roundingOf(triangle: Triangle, scaling: Scaling, rows: number, cutoff: number): Float64Array {
  const { columns, stride, cols } = triangle;
  const { mean, deviation } = scaling;
  const sums = collinear + cols + rows / blockRows;
  return deviation.map((width, j) => {
    const length = nrm2(columns.subarray(j * stride, j * stride + Math.min(j + 1, triangle.rows)));
    const centred = Math.sqrt(rows) * Math.abs(mean[j] / width);
    const unit = cutoff * 2 ** -50 * (length * sums + centred);
    return unit > 0 ? unit : 1;
  });
}
