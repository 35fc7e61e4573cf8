// Design matrix X as the caller stores it, in doubles or in singles.
// All arithmetic is in doubles: a block of rows in doubles is read in place; one in singles is widened into a buffer,
// which is exact, each time it is needed. Twin: native/data/matrix.h.
import { isSingles, type Matrix } from '../../base/arrays.js';
import { type Rows, type RowsOf, rowAt, type SingleRows, widen } from '../kernels/dense.js';

/** Rows of a matrix; of all its columns or some. */
export interface Source extends RowsOf<Matrix> {
  columns?: Uint32Array | null;
}

export function widthOf({ cols, columns }: Source): number {
  return columns ? columns.length : cols;
}

/** Room for a block of so many elements; null: it is read in place. */
export function roomFor(X: Matrix, elements: number): Float64Array | null {
  return isSingles(X) ? new Float64Array(elements) : null;
}

/** The rows as doubles, valid until the room is used again. */
export function rowsOf(source: Source, room: Float64Array | null): Rows {
  if (!room) return source as Rows;
  const { cols, count } = source;
  widen(source as SingleRows, room);
  return { X: room, cols, start: 0, count, index: null };
}

/** Gives blocks of these rows as doubles, at most `longest` at once. */
export class Reader {
  readonly #source: Source;
  readonly #room: Float64Array | null;
  readonly #picked: Float64Array; // of some columns

  constructor(source: Source, longest: number) {
    this.#source = source;
    this.#room = roomFor(source.X, longest * source.cols);
    this.#picked = new Float64Array(longest * (source.columns?.length ?? 0));
  }

  /** Valid until the next ones. */
  rows(start: number, count: number): Rows {
    const { X, cols, start: first, index, columns } = this.#source;
    const whole = rowsOf({ X, cols, start: first + start, count, index }, this.#room);
    if (!columns) return whole;
    for (let i = 0, to = 0; i < count; i++) {
      const at = rowAt(whole, i);
      for (let j = 0; j < columns.length; j++, to++) this.#picked[to] = whole.X[at + columns[j]];
    }
    return { X: this.#picked, cols: columns.length, start: 0, count, index: null };
  }
}
