// Folds of cross-validation: rows dealt into parts, each held out once.
import { invalid, NablaError, viewName } from '../base/errors.js';
import { shuffled } from '../input/holdout.js';
import { readNumber } from '../input/read.js';

const foldStream = 17; // of draws: beyond that of rows held out for validation

/**
 * The part of each row, from 0: parts as large as each other but for one row, drawn by seed. `classes`: of each row,
 * of which every part gets its share, too; null where there are none. `used`: the rows to deal, null for all; the others
 * get the parts that come next, which nobody asks for.
 */
export function dealRows(
  rows: number,
  folds: number,
  seed: number,
  classes: Float64Array | null,
  used: Uint32Array | null = null,
): Uint32Array {
  const count = used ? used.length : rows;
  const order = shuffled(count, count, seed, foldStream);
  if (used) for (let i = 0; i < count; i++) order[i] = used[order[i]];
  if (classes) order.sort((a, b) => classes[a] - classes[b]); // rows of a class keep their random order
  const parts = new Uint32Array(rows).fill(folds);
  order.forEach((row, place) => {
    parts[row] = place % folds;
  });
  let place = count;
  for (let row = 0; row < rows; row++) if (parts[row] === folds) parts[row] = place++ % folds;
  return parts;
}

/** The caller's part of each row, numbered anew from 0 in ascending order. */
export function readFoldIds(value: unknown, rows: number): Uint32Array {
  const kind = viewName(value);
  if (!Array.isArray(value) && (kind === undefined || kind.startsWith('Big'))) {
    throw invalid('ERR_INVALID_ARG_TYPE', 'foldIds', 'an array of whole numbers', value);
  }
  const list = value as ArrayLike<unknown>;
  if (list.length !== rows) {
    throw new NablaError('ERR_SHAPE', `foldIds must have ${rows} elements (rows); got ${list.length}`);
  }
  const range = '[0, 4294967295]';
  const ids = Uint32Array.from({ length: rows }, (_, i) =>
    readNumber(`foldIds[${i}]`, list[i], { kind: 'number', default: 0, range, whole: true, help: '' }),
  );
  const names = [...new Set(ids)].sort((a, b) => a - b);
  if (names.length < 2)
    throw new NablaError('ERR_OUT_OF_RANGE', `foldIds must name at least two folds; got ${names.length}`);
  const numberOf = new Map(names.map((name, i) => [name, i]));
  return ids.map((id) => numberOf.get(id) as number);
}

/** Rows by whether they are of a part, each in ascending order. `used`: the rows that there are; null: all. */
export function partition(
  parts: Uint32Array,
  part: number,
  used: Uint32Array | null = null,
): { held: Uint32Array; rest: Uint32Array } {
  const rows = used ? used.length : parts.length;
  const rowAt = (i: number) => (used ? used[i] : i);
  let count = 0;
  for (let i = 0; i < rows; i++) if (parts[rowAt(i)] === part) count++;
  const held = new Uint32Array(count);
  const rest = new Uint32Array(rows - count);
  let [h, r] = [0, 0];
  for (let i = 0; i < rows; i++) {
    if (parts[rowAt(i)] === part) held[h++] = rowAt(i);
    else rest[r++] = rowAt(i);
  }
  return { held, rest };
}
