// The data of a fit: checked arrays and their shape.
import { checkArray, checkLength, firstNotFinite } from './arrays.js';
import { invalid, NablaError } from './errors.js';
import { readNumber, readObject } from './read.js';

/** Rows of numbers and what is to be fitted to them. */
export interface FitData {
  /** rows × cols, row-major. */
  X: Float64Array;
  /** rows targets. */
  y: Float64Array;
  /** Default: the length of y. */
  rows?: number;
  /** Default: the length of X over rows. */
  cols?: number;
}

export interface Table {
  X: Float64Array;
  y: Float64Array;
  rows: number;
  cols: number;
}

/** A size given by the caller. */
export function readSize(name: string, value: unknown): number {
  return readNumber(name, value, { kind: 'number', default: 0, range: '[0, 9007199254740991]', whole: true, help: '' });
}

/** How many columns a matrix of this many elements has. */
export function colsOf(name: string, X: Float64Array, rows: number, given: unknown): number {
  const cols = given === undefined ? X.length / rows : readSize('cols', given);
  if (!Number.isInteger(cols)) {
    throw new NablaError('ERR_SHAPE', `${name} must have a multiple of ${rows} elements (rows); got ${X.length}`);
  }
  checkLength(name, X, rows * cols, `${rows} rows × ${cols} cols`);
  return cols;
}

export function readData(data: unknown): Table {
  const given = readObject('data', data, ['X', 'y', 'rows', 'cols']);
  const X = checkArray('X', given.X);
  const y = checkArray('y', given.y);
  const rows = given.rows === undefined ? y.length : readSize('rows', given.rows);
  checkLength('y', y, rows, `${rows} rows`);
  if (rows === 0) throw new NablaError('ERR_SHAPE', 'a fit needs at least one row; got none');
  if (rows > 0xffffffff) throw invalid('ERR_OUT_OF_RANGE', 'rows', 'at most 4294967295', rows);
  const cols = colsOf('X', X, rows, given.cols);
  if (cols === 0) throw new NablaError('ERR_SHAPE', 'X must have at least one column; got none');
  return { X, y, rows, cols };
}

/**
 * Throws ERR_NOT_FINITE if the data hold a NaN or an infinity. Any such value in a row that is used makes the loss
 * NaN or infinite, so this pass over the data is made only when a fit has diverged.
 */
export function checkFinite({ X, y, cols }: Table): void {
  const inX = firstNotFinite(X);
  if (inX >= 0) {
    const place = `row ${Math.floor(inX / cols)}, column ${inX % cols}`;
    throw new NablaError('ERR_NOT_FINITE', `X must be finite; got ${X[inX]} at index ${inX} (${place})`);
  }
  const inY = firstNotFinite(y);
  if (inY >= 0) throw new NablaError('ERR_NOT_FINITE', `y must be finite; got ${y[inY]} at index ${inY} (row ${inY})`);
}
