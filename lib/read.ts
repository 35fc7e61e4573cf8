// Readers of callers' values: each property once, own ones only, checked against the catalog. What comes out is plain.
import { closest, distance } from 'fastest-levenshtein';
import type { Entry, NumberOption, Parameter } from './catalog.js';
import { invalid, NablaError, show } from './errors.js';
import { maxParameters } from './plan.js';

/** The own properties of a caller's object, each read once. */
export function readPlain(name: string, value: unknown): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value) || ArrayBuffer.isView(value)) {
    throw invalid('ERR_INVALID_ARG_TYPE', name, 'an object', value);
  }
  const plain: Record<string, unknown> = Object.create(null);
  for (const key of Object.keys(value)) {
    const item = (value as Record<string, unknown>)[key];
    if (item !== undefined) plain[key] = item;
  }
  return plain;
}

/**
 * A caller's object as plain values; properties other than `known` are refused. `elsewhere`: where names belong that
 * may have been put here by mistake.
 */
export function readObject(
  name: string,
  value: unknown,
  known: readonly string[],
  elsewhere?: ReadonlyMap<string, string>,
): Record<string, unknown> {
  const plain = readPlain(name, value);
  for (const key of Object.keys(plain)) {
    if (known.includes(key)) continue;
    const place = elsewhere?.get(key);
    if (place === undefined) throw unknownName(`${name}.${key}`, 'option', key, known);
    throw new NablaError('ERR_UNKNOWN_OPTION', `${name}.${key} is no option here; it belongs to ${place}`);
  }
  return plain;
}

function unknownName(name: string, kind: string, given: string, known: readonly string[]): NablaError {
  const near = known.length > 0 ? closest(given, known as string[]) : '';
  const hint = near && distance(given, near) <= 3 ? `; did you mean "${near}"?` : '.';
  return new NablaError(
    'ERR_UNKNOWN_OPTION',
    `${name} is no known ${kind}${hint} Known: ${known.join(', ') || 'none'}`,
  );
}

/** Whether x lies in an interval such as '[0, 1)'. */
function within(range: string, x: number): boolean {
  const [low, high] = range
    .slice(1, -1)
    .split(', ')
    .map((end) => (end === '∞' ? Infinity : Number(end)));
  return (range.startsWith('[') ? x >= low : x > low) && (range.endsWith(']') ? x <= high : x < high);
}

/** A number in the option's range. */
export function readNumber(name: string, value: unknown, option: NumberOption): number {
  const expected = `a ${option.whole ? 'whole ' : ''}number in ${option.range}`;
  if (typeof value !== 'number') throw invalid('ERR_INVALID_ARG_TYPE', name, expected, value);
  if (!within(option.range, value) || (option.whole && !Number.isInteger(value))) {
    throw invalid('ERR_OUT_OF_RANGE', name, expected, value);
  }
  return value;
}

export function readBoolean(name: string, value: unknown): boolean {
  if (typeof value !== 'boolean') throw invalid('ERR_INVALID_ARG_TYPE', name, 'true or false', value);
  return value;
}

/** The value of a parameter as a number, its default if it is not given. */
function readParameter(name: string, value: unknown, parameter: Parameter): number {
  if (value === undefined) return Number(parameter.default);
  return parameter.kind === 'number' ? readNumber(name, value, parameter) : Number(readBoolean(name, value));
}

/** A choice from a table of the catalog, as its number and the values of its parameters in slots. */
export interface Chosen {
  readonly name: string;
  readonly index: number;
  readonly parameters: Float64Array;
  /** Which parameters the caller named. */
  readonly given: readonly string[];
}

export function readChoice<T extends Record<string, Entry>>(name: string, value: unknown, table: T): Chosen {
  const known = Object.keys(table);
  let chosen = value;
  let given: Record<string, unknown> = Object.create(null);
  if (typeof value === 'object' && value !== null) {
    given = readPlain(name, value);
    chosen = given.name;
    delete given.name;
  }
  if (typeof chosen !== 'string') {
    throw invalid('ERR_INVALID_ARG_TYPE', name, `one of ${known.join(', ')}, or an object with such a name`, value);
  }
  const index = known.indexOf(chosen);
  if (index < 0) throw unknownName(`${name} ${show(chosen)}`, 'name', chosen, known);
  const own = Object.entries(table[chosen].parameters);
  for (const key of Object.keys(given)) {
    const names = own.map(([parameter]) => parameter);
    if (!names.includes(key)) throw unknownName(`${name}.${key}`, `option of ${chosen}`, key, names);
  }
  const parameters = new Float64Array(maxParameters);
  own.forEach(([key, parameter], slot) => {
    parameters[slot] = readParameter(`${name}.${key}`, given[key], parameter);
  });
  return { name: chosen, index, parameters, given: Object.keys(given) };
}

/** The parameters of a choice by name, switches as 0 and 1. */
export function parametersOf<T extends Record<string, Entry>>(chosen: Chosen, table: T): Record<string, number> {
  const names = Object.keys(table[chosen.name].parameters);
  return Object.fromEntries(names.map((name, slot) => [name, chosen.parameters[slot]]));
}
