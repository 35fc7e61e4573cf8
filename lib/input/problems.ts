// Reads many problems, packed one behind the other.
import { checkArray, checkLength, checkMatrix, isSingles, type Matrix } from '../base/arrays.js';
import { invalid, NablaError, viewName } from '../base/errors.js';
import { colsOf, type RawTable, readArrays, readSize, rowsUsed } from './data.js';
import { readObject } from './read.js';

/** One of many problems: the rows of one customer, device or series. */
export interface Problem {
  /** rows × cols, row-major; all problems have the same columns. May be a Float32Array, as of a fit. */
  X: Matrix;
  /** rows targets, or rows × K (`rows` must be given then). Classes are numbers: of the loss, or of `classes`. */
  y: Float64Array;
  /** Default: the length of y. */
  rows?: number;
  /** Default: the length of X over rows. */
  cols?: number;
  /** How much each row counts, from 0; only proportions within the problem matter. Given for all problems or none. */
  sampleWeight?: Float64Array;
  /** Added to z: one a row, or rows × K. Given for all problems or none. */
  offset?: Float64Array;
}

/** Many problems in one set of arrays, which are not copied. */
export interface PackedProblems {
  /** The rows of all problems, one behind the other; row-major. May be a Float32Array, as of a fit. */
  X: Matrix;
  /** Their targets: one a row, or K. */
  y: Float64Array;
  /**
   * The borders, as row numbers: problem i has the rows `offsets[i]` … `offsets[i + 1] - 1`. The first is 0 and the last
   * the number of rows. (Not to be confused with `offset`, which is added to z.)
   */
  offsets: ArrayLike<number>;
  /** Default: the length of X over the number of rows. */
  cols?: number;
  /** How much each row counts, as in one problem. */
  sampleWeight?: Float64Array;
  /** Added to z: one a row, or rows × K. */
  offset?: Float64Array;
}

/** Checked, but not yet related to a loss. */
export interface RawProblems extends RawTable {
  /** How many problems. */
  count: number;
  /** The rows of problem i are borders[i] … borders[i + 1] - 1. */
  borders: Float64Array;
  /** The arrays are copies of nabla's own. */
  copied: boolean;
}

export function readProblems(value: unknown): RawProblems {
  return Array.isArray(value) ? pack(value) : readPacked(value);
}

/** One problem, as a fit of its own has it. */
export function problemOf({ X, y, sampleWeight, offset, cols, rows: all, borders }: RawProblems, i: number): RawTable {
  const rowsOf = (array: Float64Array) => {
    const each = array.length / all;
    return array.subarray(borders[i] * each, borders[i + 1] * each);
  };
  const own = sampleWeight && rowsOf(sampleWeight);
  return {
    X: X.subarray(borders[i] * cols, borders[i + 1] * cols),
    y: rowsOf(y),
    rows: borders[i + 1] - borders[i],
    cols,
    sampleWeight: own,
    used: rowsUsed(own),
    offset: offset && rowsOf(offset),
  };
}

/** The number of rows of the longest problem. */
export function longest(borders: Float64Array): number {
  let rows = 0;
  for (let i = 0; i < borders.length - 1; i++) rows = Math.max(rows, borders[i + 1] - borders[i]);
  return rows;
}

/** And of the shortest. */
export function shortest(borders: Float64Array): number {
  let rows = Infinity;
  for (let i = 0; i < borders.length - 1; i++) rows = Math.min(rows, borders[i + 1] - borders[i]);
  return rows;
}

function readPacked(value: unknown): RawProblems {
  const given = readObject('problems', value, ['X', 'y', 'offsets', 'cols', 'sampleWeight', 'offset']);
  const borders = readBorders(given.offsets);
  const count = borders.length - 1;
  const rows = borders[count];
  const X = checkMatrix('X', given.X);
  const y = checkArray('y', given.y);
  const cols =
    rows > 0 ? colsOf('X', X, rows, given.cols) : given.cols === undefined ? 0 : readSize('cols', given.cols);
  if (rows > 0 && cols === 0) throw new NablaError('ERR_SHAPE', 'X must have at least one column; got none');
  checkLength('X', X, rows * cols, `${rows} rows × ${cols} cols`);
  const multiple = rows > 0 ? y.length % rows === 0 && y.length > 0 : y.length === 0;
  if (!multiple)
    throw new NablaError('ERR_SHAPE', `y must have a multiple of ${rows} elements (rows); got ${y.length}`);
  const sampleWeight = given.sampleWeight === undefined ? null : checkArray('sampleWeight', given.sampleWeight);
  if (sampleWeight) checkLength('sampleWeight', sampleWeight, rows, `${rows} rows`);
  const offset = given.offset === undefined ? null : checkArray('offset', given.offset);
  const used = rowsUsed(sampleWeight);
  return { X, y, rows, cols, sampleWeight, used, offset, count, borders, copied: false };
}

/** Rising row numbers from 0, copied. */
function readBorders(value: unknown): Float64Array {
  const kinds = /^((Ui|I)nt32|Float64)Array$/;
  if (!Array.isArray(value) && !kinds.test(viewName(value) ?? '')) {
    throw invalid('ERR_INVALID_ARG_TYPE', 'offsets', 'an array of row numbers', value);
  }
  const list = value as ArrayLike<unknown>;
  if (list.length === 0) throw new NablaError('ERR_SHAPE', 'offsets must begin with 0; got no elements');
  const borders = new Float64Array(list.length);
  for (let i = 0; i < borders.length; i++) {
    const border = list[i];
    if (typeof border !== 'number') throw invalid('ERR_INVALID_ARG_TYPE', `offsets[${i}]`, 'a row number', border);
    if (!Number.isSafeInteger(border) || border < 0) {
      throw invalid('ERR_OUT_OF_RANGE', `offsets[${i}]`, 'a row number', border);
    }
    if (i === 0 ? border !== 0 : border <= borders[i - 1]) {
      const expected = i === 0 ? '0' : `above ${borders[i - 1]}, for problem ${i - 1} to have rows`;
      throw invalid('ERR_SHAPE', `offsets[${i}]`, expected, border);
    }
    if (border - borders[i - 1] > 0xffffffff) {
      throw invalid('ERR_OUT_OF_RANGE', `offsets[${i}]`, 'at most 4294967295 rows behind the one before', border);
    }
    borders[i] = border;
  }
  return borders;
}

/** Copies problems behind each other, once all have been seen to be of one shape. */
function pack(list: readonly unknown[]): RawProblems {
  const count = list.length;
  const borders = new Float64Array(count + 1);
  const tables = Array.from({ length: count }, (_, i) => {
    const table = readArrays(`problems[${i}]`, list[i], false);
    borders[i + 1] = borders[i] + table.rows;
    return table;
  });
  const rows = borders[count];
  const [first] = tables;
  for (const [i, table] of tables.entries()) checkAlike(i, table, first);
  const gather = <T extends Matrix>(all: T, of: (table: RawTable) => Matrix): T => {
    for (let i = 0; i < count; i++) all.set(of(tables[i]), borders[i] * (all.length / rows));
    return all;
  };
  const room = (each: number) => new Float64Array(rows * each);
  const more = (key: 'sampleWeight' | 'offset') =>
    first?.[key] ? gather(room(first[key].length / first.rows), (table) => table[key] as Float64Array) : null;
  const cols = first?.cols ?? 0;
  const sampleWeight = more('sampleWeight');
  const areSingles = tables.every(({ X }) => isSingles(X)); // else those among them become doubles
  return {
    X: gather<Matrix>(areSingles ? new Float32Array(rows * cols) : room(cols), ({ X }) => X),
    y: gather(room(first ? first.y.length / first.rows : 0), ({ y }) => y),
    rows,
    cols,
    sampleWeight,
    used: rowsUsed(sampleWeight),
    offset: more('offset'),
    count,
    borders,
    copied: true,
  };
}

/** Whether a problem has the shape of the first, and still has the arrays that it was read with. */
function checkAlike(i: number, table: RawTable, first: RawTable): void {
  const { rows, cols } = table;
  if (cols !== first.cols) {
    throw new NablaError(
      'ERR_SHAPE',
      `problems[${i}].X must have ${first.cols} columns, as the first has; got ${cols}`,
    );
  }
  checkLength(`problems[${i}].X`, checkMatrix(`problems[${i}].X`, table.X), rows * cols, `${rows} rows × ${cols} cols`);
  for (const key of ['y', 'sampleWeight', 'offset'] as const) {
    const [own, other] = [table[key], first[key]];
    if (Boolean(own) !== Boolean(other)) {
      const how = other ? 'be given, as it is in the first' : 'be left out, as it is in the first';
      throw new NablaError('ERR_SHAPE', `problems[${i}].${key} must ${how}`);
    }
    if (!own || !other) continue;
    const each = other.length / first.rows;
    if (!Number.isInteger(each) || each === 0) {
      const got = `got ${other.length}`;
      throw new NablaError(
        'ERR_SHAPE',
        `problems[0].${key} must have a multiple of ${first.rows} elements (rows); ${got}`,
      );
    }
    const per = each === 1 ? `${rows} rows` : `${rows} rows × ${each}, as in the first`;
    checkLength(`problems[${i}].${key}`, checkArray(`problems[${i}].${key}`, own), rows * each, per);
  }
}
