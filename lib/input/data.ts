// Reads the data of a fit: checked arrays and their shape.
import { checkArray, checkLength, checkMatrix, firstNotFinite, type Matrix } from '../base/arrays.js';
import { invalid, NablaError } from '../base/errors.js';
import { type Label, sortLabels } from './labels.js';
import { readNumber, readObject } from './read.js';

/** Rows of numbers and what is to be fitted to them. */
export interface FitData<L extends Label = number> {
  /** rows × cols, row-major. A Float32Array gives the model of its numbers as doubles, to the bit, in half the memory. */
  X: Matrix;
  /**
   * rows targets, or rows × K for K targets at once (`rows` must be given then). Classes: a plain array of their labels
   * (strings, numbers or booleans, not mixed), or a Float64Array of the loss's own numbers.
   */
  y: Float64Array | readonly L[];
  /** Default: the length of y. */
  rows?: number;
  /** Default: the length of X over rows. */
  cols?: number;
  /**
   * How much each row counts, from 0; only proportions matter. A row of weight 0 is as none: whatever it holds (fill
   * values, NaN, other labels) is not looked at. Default: all the same.
   */
  sampleWeight?: Float64Array;
  /** Added to z: one a row, or rows × K. Default 0. */
  offset?: Float64Array;
}

/** Checked, but not yet related to a loss. */
export interface RawTable {
  X: Matrix;
  y: Float64Array;
  /** What y's numbers 0, 1, … stand for, where the caller gave an array of labels. */
  labels?: readonly Label[];
  rows: number;
  cols: number;
  sampleWeight: Float64Array | null;
  /** The rows whose weight is above 0, ascending; null: all. The others are as none. */
  used: Uint32Array | null;
  offset: Float64Array | null;
}

/** The rows whose weight is above 0, ascending; null: all. */
export function rowsUsed(weights: Float64Array | null): Uint32Array | null {
  if (!weights?.includes(0)) return null;
  let count = 0;
  for (let i = 0; i < weights.length; i++) if (weights[i] !== 0) count++;
  const used = new Uint32Array(count);
  for (let i = 0, to = 0; i < weights.length; i++) if (weights[i] !== 0) used[to++] = i;
  return used;
}

/** Calls `visit` for each row that is used. */
function eachUsed({ rows, used }: Pick<RawTable, 'rows' | 'used'>, visit: (row: number) => void): void {
  const count = used ? used.length : rows;
  for (let i = 0; i < count; i++) visit(used ? used[i] : i);
}

/** A size given by the caller. */
export function readSize(name: string, value: unknown): number {
  if (Number.isSafeInteger(value) && (value as number) >= 0) return value as number;
  return readNumber(name, value, { kind: 'number', default: 0, range: '[0, 9007199254740991]', whole: true, help: '' });
}

/** How many columns a matrix of this many elements has. */
export function colsOf(name: string, X: Matrix, rows: number, given: unknown): number {
  const cols = given === undefined ? X.length / rows : readSize('cols', given);
  if (!Number.isInteger(cols)) {
    throw new NablaError('ERR_SHAPE', `${name} must have a multiple of ${rows} elements (rows); got ${X.length}`);
  }
  checkLength(name, X, rows * cols, `${rows} rows × ${cols} cols`);
  return cols;
}

/** Weights of rows must be finite and from 0, and not all 0. */
export function checkWeights(name: string, weights: Float64Array): void {
  const bad = weights.findIndex((weight) => !(weight >= 0 && weight < Infinity));
  if (bad >= 0) {
    const code = weights[bad] < 0 ? 'ERR_OUT_OF_RANGE' : 'ERR_NOT_FINITE';
    throw invalid(code, `${name}[${bad}]`, 'a number from 0', weights[bad], { row: bad, column: 0 });
  }
  if (weights.every((weight) => weight === 0)) {
    throw new NablaError('ERR_OUT_OF_RANGE', `${name} must not be 0 for every row`);
  }
}

/**
 * Reads `data`, or another table of that name. `ofClasses`: y may be an array of labels; `more` are arrays that the
 * caller named among the options.
 */
export function readTable(
  name: string,
  value: unknown,
  ofClasses: boolean,
  more: Record<string, unknown> = {},
): RawTable {
  const table = readArrays(name, value, ofClasses, more);
  if (table.sampleWeight) checkWeights(name === 'data' ? 'sampleWeight' : `${name}.sampleWeight`, table.sampleWeight);
  return table;
}

/** The same, whatever numbers they hold. */
export function readArrays(
  name: string,
  value: unknown,
  ofClasses: boolean,
  more: Record<string, unknown> = {},
): RawTable {
  const prefix = name === 'data' ? '' : `${name}.`;
  const given = readObject(name, value, ['X', 'y', 'rows', 'cols', 'sampleWeight', 'offset']);
  const either = (key: 'sampleWeight' | 'offset'): unknown => {
    if (given[key] !== undefined && more[key] !== undefined) {
      throw new NablaError('ERR_UNKNOWN_OPTION', `${key} is given twice, in ${name} and in options`);
    }
    return given[key] ?? more[key];
  };
  const weights = either('sampleWeight');
  const sampleWeight = weights === undefined ? null : checkArray(`${prefix}sampleWeight`, weights);
  const used = rowsUsed(sampleWeight);
  if (sampleWeight && ofClasses && Array.isArray(given.y)) {
    checkLength(`${prefix}sampleWeight`, sampleWeight, given.y.length, `${given.y.length} rows`);
  }
  // The labels before other arrays: reading them may run code of the caller's.
  const named = ofClasses && Array.isArray(given.y) ? sortLabels(`${prefix}y`, given.y, used) : null;
  const X = checkMatrix(`${prefix}X`, given.X);
  const y = named ? named.places : checkArray(`${prefix}y`, given.y);
  const rows = given.rows === undefined ? y.length : readSize(`${prefix}rows`, given.rows);
  if (rows === 0) throw new NablaError('ERR_SHAPE', `there must be at least one row; ${name} has none`);
  if (rows > 0xffffffff) throw invalid('ERR_OUT_OF_RANGE', `${prefix}rows`, 'at most 4294967295', rows);
  const cols = colsOf(`${prefix}X`, X, rows, given.cols);
  if (cols === 0) throw new NablaError('ERR_SHAPE', `${prefix}X must have at least one column; got none`);
  if (sampleWeight) checkLength(`${prefix}sampleWeight`, sampleWeight, rows, `${rows} rows`);
  const offset = either('offset');
  return {
    X,
    y,
    labels: named?.labels,
    rows,
    cols,
    sampleWeight,
    used,
    offset: offset === undefined ? null : checkArray(`${prefix}offset`, offset),
  };
}

/**
 * Throws ERR_NOT_FINITE if rows that are used hold a NaN or an infinity. Any such value makes the loss NaN or infinite,
 * so this pass over the data is made only when a loss came out so.
 */
export function checkFinite(name: string, { X, y, cols, offset, rows, used }: RawTable): void {
  const prefix = name === 'data' ? '' : `${name}.`;
  checkRows(`${prefix}X`, X, cols, rows, used, true);
  checkRows(`${prefix}y`, y, y.length / rows, rows, used);
  if (offset) checkRows(`${prefix}offset`, offset, offset.length / rows, rows, used);
}

/** The same of one array of so many numbers a row. */
function checkRows(
  name: string,
  array: Matrix,
  width: number,
  rows: number,
  used: Uint32Array | null,
  hasColumns = false,
): void {
  if (firstNotFinite(array) < 0) return;
  eachUsed({ rows, used }, (row) => {
    for (let at = row * width; at < (row + 1) * width; at++) {
      if (Number.isFinite(array[at])) continue;
      const column = at - row * width;
      const place = hasColumns || width > 1 ? ` (row ${row}, column ${column})` : '';
      const message = `${name} must be finite; got ${array[at]} at index ${at}${place}`;
      throw new NablaError('ERR_NOT_FINITE', message, { row, column });
    }
  });
}

/** Throws ERR_NOT_FINITE if z is not: for what X or the offset holds, or for products that overflow. */
export function checkDecision(z: Float64Array, X: Matrix, cols: number, offset: Float64Array | null): void {
  if (firstNotFinite(z) < 0) return;
  const rows = X.length / cols;
  checkRows('X', X, cols, rows, null, true);
  if (offset) checkRows('offset', offset, offset.length / rows, rows, null);
  throw overflow();
}

/** What to throw where finite rows give a z that is not. */
export function overflow(): NablaError {
  return new NablaError('ERR_NOT_FINITE', 'X must give a finite z; its products with the coefficients overflow');
}
