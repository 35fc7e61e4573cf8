// Classes by the caller's labels.
// A label's index in the list of all gives the solver's code of its class.

import { type ErrorCode, invalid, NablaError, show } from '../base/errors.js';
import { losses } from '../catalog/losses.js';
import { readNumber } from './read.js';

/** What a class may be called: a finite number, a string or a boolean; all classes of a model alike. */
export type Label = number | string | boolean;

/** One prediction a row: a Float64Array of numbers, an array of other labels. */
export type Predictions<L extends Label> = [L] extends [number]
  ? Float64Array
  : [Extract<L, number>] extends [never]
    ? L[]
    : Float64Array | L[];

/** As many as an option `classes` may ask for. */
export const maxClasses = 65536;

/**
 * The solver's number for the class at a place: 0 … K-1, or -1 and 1 for two classes of a loss with a margin. Of more
 * such a loss has as many problems, each of one class against the rest.
 */
export function codeOf(loss: keyof typeof losses, place: number, classes: number): number {
  return losses[loss].target === 'plusMinusOne' && classes === 2 ? 2 * place - 1 : place;
}

function isLabel(value: unknown): value is Label {
  return typeof value === 'string' || typeof value === 'boolean' || Number.isFinite(value);
}

/** One label like the first; -0 is 0, so that it comes back from JSON as it was. */
function readLabel(code: ErrorCode, name: string, value: unknown, first: unknown): Label {
  if (!isLabel(value)) throw invalid(code, name, 'a finite number, a string or a boolean', value);
  if (typeof value !== typeof first) throw invalid(code, name, `a ${typeof first}, as the first label is`, value);
  return value === 0 ? 0 : value;
}

/** Different labels, all alike, in the order given. */
export function readLabels(name: string, value: unknown, code: ErrorCode = 'ERR_INVALID_LABELS'): Label[] {
  if (!Array.isArray(value)) throw invalid(code, name, 'an array of labels', value);
  const labels = Array.from(value, (label, i) => readLabel(code, `${name}[${i}]`, label, value[0]));
  const seen = new Set<Label>();
  labels.forEach((label, i) => {
    if (seen.has(label)) throw invalid(code, `${name}[${i}]`, 'another label than those before it', label);
    seen.add(label);
  });
  return labels;
}

/** The option `classes`: how many there are, or all their labels. */
export function readClasses(value: unknown): number | readonly Label[] {
  if (Array.isArray(value)) return readLabels('classes', value);
  const range = `[2, ${maxClasses}]`;
  return readNumber('classes', value, { kind: 'number', default: 2, range, whole: true, help: '' });
}

/** Numbers by value, strings by code unit, false before true. */
function byValue(a: Label, b: Label): number {
  return a < b ? -1 : 1;
}

/**
 * The labels of rows: which there are, sorted, and the place of each row's. `used`: the rows that are looked at; null:
 * all.
 */
export function sortLabels(
  name: string,
  rows: readonly unknown[],
  used: Uint32Array | null = null,
): { labels: Label[]; places: Float64Array } {
  const places = new Float64Array(rows.length);
  const seen = new Map<Label, number>();
  const count = used ? used.length : places.length;
  let first: unknown;
  for (let at = 0; at < count; at++) {
    const i = used ? used[at] : at;
    const value = rows[i];
    if (at === 0) first = value;
    const label = readLabel('ERR_INVALID_LABELS', `${name}[${i}]`, value, first);
    const number = seen.get(label) ?? seen.size;
    if (number === seen.size) seen.set(label, number);
    places[i] = number;
  }
  const labels = [...seen.keys()].sort(byValue);
  const placeOf = new Float64Array(labels.length);
  labels.forEach((label, place) => {
    placeOf[seen.get(label) as number] = place;
  });
  for (let i = 0; i < places.length; i++) places[i] = placeOf[places[i]];
  return { labels, places };
}

/** Labels enough for a loss, and not too many. */
export function checkClasses(name: string, loss: keyof typeof losses, labels: readonly Label[]): void {
  const isBinary = loss === 'logistic';
  if (labels.length >= 2 && labels.length <= (isBinary ? 2 : maxClasses)) return;
  const expected = isBinary ? 'two classes for the loss logistic' : `2 to ${maxClasses} classes`;
  throw new NablaError('ERR_INVALID_LABELS', `${name} must hold ${expected}; got ${labels.length}: ${some(labels)}`);
}

/** The first few, for a message. */
export function some(labels: readonly Label[]): string {
  return `${labels.slice(0, 5).map(show).join(', ')}${labels.length > 5 ? ', …' : ''}`;
}

/** The place among `labels` of each row's label; 0 for rows that are not used. */
export function placesOf(
  name: string,
  rows: ArrayLike<unknown>,
  labels: readonly Label[],
  used: Uint32Array | null,
): Float64Array {
  const placeOf = new Map<unknown, number>(labels.map((label, place) => [label, place]));
  const places = new Float64Array(rows.length);
  const count = used ? used.length : places.length;
  for (let at = 0; at < count; at++) {
    const i = used ? used[at] : at;
    const place = placeOf.get(rows[i]);
    if (place === undefined) {
      const code = typeof rows[i] === 'number' && !Number.isFinite(rows[i]) ? 'ERR_NOT_FINITE' : 'ERR_INVALID_LABELS';
      throw invalid(code, `${name}[${i}]`, `one of the classes ${some(labels)}`, rows[i], { row: i, column: 0 });
    }
    places[i] = place;
  }
  return places;
}
