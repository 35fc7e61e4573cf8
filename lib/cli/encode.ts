// Columns of a file to columns of X: a number is one, a text is one for each of its categories but the base.
import { NablaError } from '../errors.js';
import type { CsvTable, NumberColumn, TextColumn } from './table.js';

/** What a model file keeps of a column. */
export type Encoding =
  | { readonly name: string; readonly kind: 'number' }
  | {
      readonly name: string;
      readonly kind: 'text';
      /** Sorted, each with a column of X. */
      readonly categories: readonly string[];
      /** The category that the intercept stands for; null without an intercept. */
      readonly base: string | null;
    };

export function encodingOf(column: NumberColumn | TextColumn, intercept: boolean): Encoding {
  const { name, kind } = column;
  if (kind === 'number') return { name, kind };
  // By code units, so that it is the same order in every locale.
  const sorted = [...column.categories].sort();
  return { name, kind, categories: intercept ? sorted.slice(1) : sorted, base: intercept ? sorted[0] : null };
}

export function widthOf(encoding: Encoding): number {
  return encoding.kind === 'number' ? 1 : encoding.categories.length;
}

/** The names of X's columns. */
export function coefficientNames(encodings: readonly Encoding[]): string[] {
  const names = encodings.flatMap((encoding) => {
    if (encoding.kind === 'number') return [encoding.name];
    return encoding.categories.map((category) => `${encoding.name}=${category}`);
  });
  const twice = names.find((name, i) => names.indexOf(name) < i);
  if (twice !== undefined) {
    throw new NablaError('ERR_CSV_COLUMN', `two columns would be called "${twice}"; rename one, or leave it out`);
  }
  return names;
}

/** Where each column begins in a row of X, and how wide a row is. */
export function layout(encodings: readonly Encoding[]): { offsets: number[]; cols: number } {
  let cols = 0;
  const offsets = encodings.map((encoding) => {
    const offset = cols;
    cols += widthOf(encoding);
    return offset;
  });
  return { offsets, cols };
}

/** Shared memory: a fit on its own threads then reads it in place instead of copying it. */
function sharedArray(rows: number, cols: number): Float64Array<SharedArrayBuffer> {
  try {
    return new Float64Array(new SharedArrayBuffer(8 * rows * cols));
  } catch (cause) {
    const gigabytes = ((8 * rows * cols) / 2 ** 30).toFixed(1);
    throw new NablaError('ERR_OUT_OF_MEMORY', `${rows} rows × ${cols} columns of numbers need ${gigabytes} GiB`, {
      cause,
    });
  }
}

/** Some rows of a table as the data of a fit. */
export function encodeRows(table: CsvTable, encodings: readonly Encoding[], rows: Uint32Array) {
  const { offsets, cols } = layout(encodings);
  const X = sharedArray(rows.length, cols);
  const y = sharedArray(rows.length, 1);
  rows.forEach((row, i) => {
    y[i] = table.target.values.at(row);
  });
  table.features.forEach((column, j) => {
    const encoding = encodings[j];
    const offset = offsets[j];
    const { values } = column;
    if (column.kind === 'number' || encoding.kind === 'number') {
      rows.forEach((row, i) => {
        X[i * cols + offset] = values.at(row);
      });
      return;
    }
    // The place of each category in a row of X; -1 for the base.
    const places = column.categories.map((category) => {
      const place = encoding.categories.indexOf(category);
      return place < 0 ? -1 : offset + place;
    });
    rows.forEach((row, i) => {
      const place = places[values.at(row)];
      if (place >= 0) X[i * cols + place] = 1;
    });
  });
  return { X, y, rows: rows.length, cols };
}
