// X as its owner has it, in doubles or in singles. All that is computed is computed in doubles: of these a block of rows
// is read in place, of singles it is widened into a room, which is exact, whenever it is needed.
// Twin: native/solver/matrix.h.
import { isSingles, type Matrix } from '../../arrays.js';
import { type Rows, type RowsOf, type SingleRows, widen } from '../kernels/dense.js';

/** Rows of a matrix. */
export type Source = RowsOf<Matrix>;

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

  constructor(source: Source, longest: number) {
    this.#source = source;
    this.#room = roomFor(source.X, longest * source.cols);
  }

  /** Valid until the next ones. */
  rows(start: number, count: number): Rows {
    const { X, cols, start: first, index } = this.#source;
    return rowsOf({ X, cols, start: first + start, count, index }, this.#room);
  }
}
