// One-hot encoding: columns of a file to columns of X.
import { NablaError } from '../../base/errors.js';
import type { Column, NumberColumn } from './columns.js';
import type { CsvTable } from './table.js';

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

export function encodingOf(column: Column, intercept: boolean): Encoding {
  const { kind, spec } = column;
  const { name } = spec;
  if (kind === 'number') return { name, kind };
  // By code units, so that it is the same order in every locale.
  const sorted = [...column.categories].sort();
  return { name, kind, categories: intercept ? sorted.slice(1) : sorted, base: intercept ? sorted[0] : null };
}

/** All categories that a column may hold. */
export function categoriesOf({ base, categories }: Encoding & { kind: 'text' }): readonly string[] {
  return base === null ? categories : [base, ...categories];
}

export function widthOf(encodings: readonly Encoding[]): number {
  return encodings.reduce((sum, encoding) => sum + (encoding.kind === 'number' ? 1 : encoding.categories.length), 0);
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

/** The features of some rows. */
export function encodeFeatures(features: readonly Column[], encodings: readonly Encoding[], rows: Uint32Array) {
  const cols = widthOf(encodings);
  const X = sharedArray(rows.length, cols);
  let offset = 0;
  features.forEach((column, j) => {
    const encoding = encodings[j];
    const { values } = column;
    const at = offset;
    offset += widthOf([encoding]);
    if (column.kind === 'number' || encoding.kind === 'number') {
      rows.forEach((row, i) => {
        X[i * cols + at] = values.at(row);
      });
      return;
    }
    // The place of each category in a row of X; -1 for the base.
    const places = column.categories.map((category) => {
      const place = encoding.categories.indexOf(category);
      return place < 0 ? -1 : at + place;
    });
    rows.forEach((row, i) => {
      const place = places[values.at(row)];
      if (place >= 0) X[i * cols + place] = 1;
    });
  });
  return X;
}

export function numbersOf({ values }: NumberColumn, rows: Uint32Array): Float64Array<SharedArrayBuffer> {
  const numbers = sharedArray(rows.length, 1);
  rows.forEach((row, i) => {
    numbers[i] = values.at(row);
  });
  return numbers;
}

/** Some rows as the library takes them. */
export interface Rows {
  readonly X: Float64Array;
  readonly y: Float64Array;
  readonly rows: number;
  readonly cols: number;
  readonly sampleWeight?: Float64Array;
  readonly offset?: Float64Array;
}

/** Some rows of a table as the data of a fit; `codes`: the number of each class, by its name. */
export function encodeRows(
  { features, target, weight, offset }: CsvTable,
  encodings: readonly Encoding[],
  codes: ReadonlyMap<string, number>,
  rows: Uint32Array,
): Rows {
  const y = sharedArray(rows.length, 1);
  if (target) {
    const codeOf = target.kind === 'text' ? target.categories.map((name) => codes.get(name) ?? 0) : null;
    rows.forEach((row, i) => {
      const value = target.values.at(row);
      y[i] = codeOf ? codeOf[value] : value;
    });
  }
  return {
    X: encodeFeatures(features, encodings, rows),
    y,
    rows: rows.length,
    cols: widthOf(encodings),
    ...(weight && { sampleWeight: numbersOf(weight, rows) }),
    ...(offset && { offset: numbersOf(offset, rows) }),
  };
}
