// Errors in a CSV file, with line and column.
import { type ErrorCode, NablaError } from '../../base/errors.js';
import { oneLine } from '../terminal/text.js';

/** Lines and columns count from 1. */
export interface Place {
  readonly file: string;
  readonly line?: number;
  readonly column?: number;
  /** Of the column. */
  readonly name?: string;
}

export function csvError(code: ErrorCode & `ERR_CSV_${string}`, place: Place, message: string): NablaError {
  const line = place.line === undefined ? '' : `, line ${place.line}`;
  const name = place.name === undefined ? '' : ` (${oneLine(place.name)})`;
  const column = place.column === undefined ? '' : `, column ${place.column}${name}`;
  return new NablaError(code, `${place.file}${line}${column}: ${message}`);
}
