// Readers of a caller's values: each own property once, checked against the catalog.
// What comes out is plain.
import { types } from 'node:util';
import { maxParameters } from '../backend/plan.js';
import { spelling } from '../base/builtins.js';
import { invalid, NablaError, show } from '../base/errors.js';
import type { Entry, NumberOption, Parameter } from '../catalog/entry.js';

// Makes objects that inherit nothing. Those of Object.create(null) are slower by far to read.
function Empty() {}
Empty.prototype = Object.freeze(Object.create(null));
const Plain = Empty as unknown as new () => Record<string, unknown>;

/**
 * The properties of a caller's object, each read once: its own, and of an instance of a class those that the class has
 * getters for, or that it inherits otherwise. An object of another kind (a Map, a Set, a Date) has nothing to read and is
 * refused.
 */
export function readPlain(name: string, value: unknown): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value) || ArrayBuffer.isView(value)) {
    throw invalid('ERR_INVALID_ARG_TYPE', name, 'an object', value);
  }
  const given = value as Record<string, unknown>;
  let keys = Object.keys(value);
  const parent = Object.getPrototypeOf(value);
  if (parent !== null && !isRoot(parent)) {
    const isEntries = types.isMap(value) || types.isSet(value);
    keys = isEntries ? [] : [...new Set([...keys, ...inheritedKeys(parent)])];
    if (keys.length === 0) {
      const got = isEntries ? `a ${types.isMap(value) ? 'Map' : 'Set'}` : 'an instance of a class without any';
      const fix = isEntries ? ': Object.fromEntries makes such an object of entries' : '';
      throw new NablaError('ERR_INVALID_ARG_TYPE', `${name} must be an object with named properties; got ${got}${fix}`);
    }
  }
  const plain = new Plain();
  for (const key of keys) {
    const item = given[key];
    if (item !== undefined) plain[key] = item;
  }
  return plain;
}

/** Whether it is the prototype of all objects, of this realm or another. */
function isRoot(prototype: object): boolean {
  if (prototype === Object.prototype) return true;
  return Object.getPrototypeOf(prototype) === null && Object.hasOwn(prototype, 'hasOwnProperty');
}

/** Names of what a prototype, and those behind it, have that is no method. */
function inheritedKeys(prototype: object): string[] {
  const keys: string[] = [];
  for (let from = prototype; from !== null && !isRoot(from); from = Object.getPrototypeOf(from)) {
    for (const [key, { get, value }] of Object.entries(Object.getOwnPropertyDescriptors(from))) {
      if (key !== '__proto__' && (get ?? (typeof value !== 'function' && value !== undefined))) keys.push(key);
    }
  }
  return keys;
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
  const { closest, distance } = spelling();
  // The time of a comparison grows with the length, and no option is that long.
  const near = known.length > 0 && given.length <= 100 ? closest(given, known as string[]) : '';
  const hint = near && distance(given, near) <= 3 ? `; did you mean "${near}"?` : '.';
  const shown = name.length > 100 ? `${name.slice(0, 100)}…` : name;
  return new NablaError(
    'ERR_UNKNOWN_OPTION',
    `${shown} is no known ${kind}${hint} Known: ${known.join(', ') || 'none'}`,
  );
}

interface Interval {
  low: number;
  high: number;
  closedBelow: boolean;
  closedAbove: boolean;
}

/** Once for each interval such as '[0, 1)'. */
const intervals = new Map<string, Interval>();

function intervalOf(range: string): Interval {
  const known = intervals.get(range);
  if (known) return known;
  const ends = range.slice(1, -1).split(', ');
  const [low, high] = ends.map((end) => Number(end.replace('∞', 'Infinity')));
  const interval = { low, high, closedBelow: range.startsWith('['), closedAbove: range.endsWith(']') };
  intervals.set(range, interval);
  return interval;
}

function within(range: string, x: number): boolean {
  const { low, high, closedBelow, closedAbove } = intervalOf(range);
  return (closedBelow ? x >= low : x > low) && (closedAbove ? x <= high : x < high);
}

/** A number in the option's range. */
export function readNumber(name: string, value: unknown, option: NumberOption): number {
  const isNumber = typeof value === 'number';
  const { range, gap, infinite, whole } = option;
  if (infinite && value === Infinity) return value;
  const isIn = isNumber && within(range, value) && !(gap && within(gap, value));
  if (isIn && (!whole || Number.isInteger(value))) return value;
  const expected = `a ${whole ? 'whole ' : ''}number in ${range}${gap ? ` but not in ${gap}` : ''}${infinite ? ', or ∞' : ''}`;
  throw invalid(isNumber ? 'ERR_OUT_OF_RANGE' : 'ERR_INVALID_ARG_TYPE', name, expected, value);
}

export function readBoolean(name: string, value: unknown): boolean {
  if (typeof value !== 'boolean') throw invalid('ERR_INVALID_ARG_TYPE', name, 'true or false', value);
  return value;
}

/** The value of a parameter as a number. */
function readParameter(name: string, value: unknown, parameter: Parameter): number {
  return parameter.kind === 'number' ? readNumber(name, value, parameter) : Number(readBoolean(name, value));
}

/** A choice from a table of the catalog, as its number and the values of its parameters in slots. */
export interface Chosen {
  readonly name: string;
  readonly index: number;
  /** Shared by all choices of the name where the caller gave none: to be copied before it is changed. */
  readonly parameters: Float64Array;
  /** Which parameters the caller named. */
  readonly given: readonly string[];
}

type Choices = ReadonlyMap<string, { usual: Chosen; names: readonly string[]; own: readonly Parameter[] }>;
const choices = new WeakMap<object, Choices>();

/** What there is to choose from a table, with the defaults. */
function choicesOf(table: Record<string, Entry>): Choices {
  const known = choices.get(table);
  if (known) return known;
  const entries = Object.entries(table).map(([name, entry], index) => {
    const parameters = new Float64Array(maxParameters);
    const own = Object.values(entry.parameters);
    own.forEach((parameter, slot) => {
      parameters[slot] = Number(parameter.default);
    });
    return [
      name,
      { usual: { name, index, parameters, given: [] }, names: Object.keys(entry.parameters), own },
    ] as const;
  });
  const made = new Map(entries);
  choices.set(table, made);
  return made;
}

export function readChoice<T extends Record<string, Entry>>(name: string, value: unknown, table: T): Chosen {
  const choices = choicesOf(table);
  const given = typeof value === 'object' && value !== null ? readPlain(name, value) : null;
  const chosen = given ? given.name : value;
  if (typeof chosen !== 'string') {
    const known = [...choices.keys()].join(', ');
    throw invalid('ERR_INVALID_ARG_TYPE', name, `one of ${known}, or an object with such a name`, value);
  }
  const choice = choices.get(chosen);
  if (!choice) throw unknownName(`${name} ${show(chosen)}`, 'name', chosen, [...choices.keys()]);
  const keys = given ? Object.keys(given).filter((key) => key !== 'name') : [];
  if (keys.length === 0) return choice.usual;
  const parameters = choice.usual.parameters.slice();
  for (const key of keys) {
    const slot = choice.names.indexOf(key);
    if (slot < 0) throw unknownName(`${name}.${key}`, `option of ${chosen}`, key, choice.names);
    parameters[slot] = readParameter(`${name}.${key}`, given?.[key], choice.own[slot]);
  }
  return { name: chosen, index: choice.usual.index, parameters, given: keys };
}

/** The name of a choice that is a name, or an object with one. */
export function nameOf(choice: unknown): unknown {
  return typeof choice === 'object' && choice !== null ? (choice as { name?: unknown }).name : choice;
}

/** The parameters of a choice by name, switches as 0 and 1. */
export function parametersOf<T extends Record<string, Entry>>(chosen: Chosen, table: T): Record<string, number> {
  const names = Object.keys(table[chosen.name].parameters);
  if (names.length === 0) return {};
  return Object.fromEntries(names.map((name, slot) => [name, chosen.parameters[slot]]));
}

/** Of choices all of whose parameters are the usual ones: many a short fit has such a rule. */
const usualSpecs = new WeakMap<Chosen, { name: string }>();

/** A choice as callers write it, all parameters named. */
export function specOf<T extends Record<string, Entry>>(chosen: Chosen, table: T): { name: string } {
  const known = usualSpecs.get(chosen);
  if (known) return { ...known };
  const { name, parameters, given } = chosen;
  const own = table[name].parameters;
  const spec: { name: string } & Record<string, unknown> = { name };
  let slot = 0;
  for (const key in own) {
    const value = parameters[slot++];
    spec[key] = own[key].kind === 'boolean' ? value !== 0 : value;
  }
  if (given.length === 0) usualSpecs.set(chosen, { ...spec });
  return spec;
}
