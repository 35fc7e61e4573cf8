// Reads y: its range for a loss, and the solver's encoding of it.
import { types } from 'node:util';
import { checkLength } from '../base/arrays.js';
import { invalid, NablaError } from '../base/errors.js';
import { losses, type TargetKind } from '../catalog/losses.js';
import type { RawTable } from './data.js';
import { checkClasses, codeOf, type Label, maxClasses, placesOf, some } from './labels.js';
import { type Chosen, readNumber, readObject, readPlain } from './read.js';

/** How a loss reads y. */
export interface Targets {
  /** Values of z for each row. */
  outputs: number;
  /** Values of y for each row: of classes 1, and of more than two against the rest each, one for each. */
  targets: number;
  /** What the caller calls each class, in the order of the solver's numbers; empty for numbers. */
  labels: readonly Label[];
  /** y as the solver wants it; may be the caller's own array. */
  y: Float64Array;
}

const { isMap } = types;

/** The numbers from `least` to `most`, or the whole ones among them. */
class Range {
  constructor(
    readonly expected: string,
    readonly least: number,
    readonly most: number,
    readonly isWhole = false,
  ) {}

  holds(y: number): boolean {
    return y >= this.least && y <= this.most && (!this.isWhole || Number.isInteger(y));
  }
}
const nonNegative = new Range('a number from 0', 0, Infinity);
const positive = new Range('a number above 0', Number.MIN_VALUE, Infinity);
const ranges: Record<Exclude<TargetKind, 'tweedie'>, Range | null> = {
  real: null,
  nonNegative,
  positive,
  zeroOne: new Range('0 or 1, or a fraction between them', 0, 1),
  plusMinusOne: new Range('-1 or 1, or a class from 0', -1, maxClasses - 1, true),
  label: new Range(`a class from 0 to ${maxClasses - 1}`, 0, maxClasses - 1, true),
};

/** A loss as it was chosen. */
export type ChosenLoss = Pick<Chosen, 'name' | 'parameters'>;

/** What the numbers of y may be; null: any. */
export function targetRange({ name, parameters }: ChosenLoss): Range | null {
  const kind: TargetKind = losses[name as keyof typeof losses].target;
  if (kind !== 'tweedie') return ranges[kind];
  const [power] = parameters;
  return power < 1 ? null : power < 2 ? nonNegative : positive;
}

/** Checks y against the loss. `known`: what the training data said, for another table; `classes`: the option. */
export function readTargets(
  name: string,
  chosen: ChosenLoss,
  table: RawTable,
  known?: Pick<Targets, 'labels' | 'targets'>,
  classes?: number | readonly Label[],
): Targets {
  const loss = chosen.name as keyof typeof losses;
  const { y, rows } = table;
  const kind: TargetKind = losses[loss].target;
  const isClass = losses[loss].predicts === 'class';
  if (classes !== undefined && !isClass) {
    throw new NablaError('ERR_UNKNOWN_OPTION', `classes goes with losses of classes; got it with the loss ${loss}`);
  }
  const multiple = !isClass && y.length !== rows;
  const targets = isClass ? 1 : known ? known.targets : multiple ? y.length / rows : 1;
  if (!Number.isInteger(targets) || targets === 0) {
    throw new NablaError('ERR_SHAPE', `${name} must have a multiple of ${rows} elements (rows); got ${y.length}`);
  }
  checkLength(name, y, rows * targets, targets === 1 ? `${rows} rows` : `${rows} rows × ${targets} targets`);
  const all = known?.labels ?? (typeof classes === 'object' ? classes : undefined);
  const areFractions = kind === 'zeroOne' && !table.labels && all?.[0] === 0 && all[1] === 1 && all.length === 2;
  if (isClass && !areFractions && (all || table.labels)) {
    if (typeof classes === 'number') {
      throw invalid('ERR_INVALID_ARG_TYPE', 'classes', 'an array of all labels, as y is an array', classes);
    }
    return named(name, loss, table, all);
  }
  if (typeof classes === 'number' && kind === 'zeroOne' && classes !== 2) {
    throw invalid('ERR_INVALID_ARG_TYPE', 'classes', '2 with the loss logistic; softmax takes more', classes);
  }
  const range = targetRange(chosen);
  const wrong = range ? firstOutside(table, targets, range) : -1;
  if (range && wrong >= 0) {
    const code = Number.isFinite(y[wrong]) ? (isClass ? 'ERR_INVALID_LABELS' : 'ERR_OUT_OF_RANGE') : 'ERR_NOT_FINITE';
    const [row, column] = [Math.floor(wrong / targets), wrong % targets];
    throw invalid(code, `${name}[${wrong}]`, range.expected, y[wrong], { row, column });
  }
  if (kind === 'label') return labelled(name, table, largestOf(table), classes as number | undefined);
  if (kind === 'plusMinusOne') {
    const largest = largestOf(table);
    const count = (classes as number | undefined) ?? largest + 1;
    if (largest >= Math.max(2, count)) throw beyond(name, table, largest, count);
    return signed(name, loss, table, count);
  }
  return { outputs: targets, targets, labels: kind === 'zeroOne' ? [0, 1] : [], y };
}

/** The index of the first number of y in use that is not in range; -1: all are. */
function firstOutside({ y, rows, used }: RawTable, targets: number, { least, most, isWhole }: Range): number {
  const count = (used ? used.length : rows) * targets;
  for (let n = 0; n < count; n++) {
    const i = used ? used[Math.floor(n / targets)] * targets + (n % targets) : n;
    const value = y[i];
    if (!(value >= least && value <= most && (!isWhole || Number.isInteger(value)))) return i;
  }
  return -1;
}

/** The largest number of y in use, from 0; y has one a row. */
function largestOf({ y, rows, used }: RawTable): number {
  const count = used ? used.length : rows;
  let largest = 0;
  for (let n = 0; n < count; n++) {
    const value = y[used ? used[n] : n];
    if (value > largest) largest = value;
  }
  return largest;
}

/** Classes by the caller's labels: all that there are, or those of the table. */
function named(name: string, loss: keyof typeof losses, table: RawTable, all?: readonly Label[]): Targets {
  const own = table.labels;
  const labels = all ?? (own as readonly Label[]);
  checkClasses(all ? 'classes' : name, loss, labels);
  if (!all) return coded(loss, labels, table.y);
  const rows = own ? Array.from(table.y, (place) => own[place]) : table.y;
  const places = placesOf(name, rows, labels, table.used);
  const isCoded = !own && labels.every((label, place) => label === codeOf(loss, place, labels.length));
  const targets = coded(loss, labels, places);
  return isCoded && targets.targets === 1 ? { ...targets, y: table.y } : targets;
}

/** The solver's numbers for the places of the rows' labels; the places themselves where these are they. */
function coded(loss: keyof typeof losses, labels: readonly Label[], places: Float64Array): Targets {
  const classes = labels.length;
  if (loss === 'softmax') return { outputs: classes, targets: 1, labels, y: places };
  if (classes > 2) return { outputs: classes, targets: classes, labels, y: againstRest(places, classes) };
  const y = codeOf(loss, 0, 2) === 0 ? places : places.map((place) => codeOf(loss, place, 2));
  return { outputs: 1, targets: 1, labels, y };
}

/** rows × classes: 1 for the class of the row, -1 for the rest. */
function againstRest(places: Float64Array, classes: number): Float64Array {
  const y = new Float64Array(places.length * classes).fill(-1);
  // Rows that are not used may hold anything.
  for (let i = 0; i < places.length; i++) if (places[i] >= 0 && places[i] < classes) y[i * classes + places[i]] = 1;
  return y;
}

/** The class of each row by the solver's number for it, {@link codeOf}. */
export function classCodes({ y, labels, targets }: Pick<Targets, 'y' | 'labels' | 'targets'>): Float64Array {
  if (targets === 1 || labels.length === 0) return y;
  return Float64Array.from({ length: y.length / targets }, (_, i) =>
    y.subarray(i * targets, (i + 1) * targets).indexOf(1),
  );
}

/** The first row in use whose y is this number; -1: none. */
function firstOf({ y, used }: RawTable, value: number): number {
  return used ? (used.find((row) => y[row] === value) ?? -1) : y.indexOf(value);
}

/** Labels -1 and 1; 0 and 1, which become these; or 0 … K-1. */
function signed(name: string, loss: keyof typeof losses, table: RawTable, classes: number): Targets {
  const { y } = table;
  if (classes > 2) {
    const wrong = firstOf(table, -1);
    if (wrong >= 0) throw invalid('ERR_INVALID_LABELS', `${name}[${wrong}]`, `a class from 0 to ${classes - 1}`, -1);
    return coded(loss, placesUpTo(classes), y);
  }
  const labels = firstOf(table, -1) >= 0 || firstOf(table, 0) < 0 ? [-1, 1] : [0, 1];
  const wrong = firstOf(table, labels[0] === -1 ? 0 : -1);
  if (wrong >= 0)
    throw invalid('ERR_INVALID_LABELS', `${name}[${wrong}]`, `${labels.join(' or ')}, as other labels are`, y[wrong]);
  return labels[0] === 0 ? coded(loss, labels, y) : { outputs: 1, targets: 1, labels, y };
}

/** What to throw for the first row of a class that the option `classes` does not count. */
function beyond(name: string, table: RawTable, largest: number, classes: number): NablaError {
  return invalid('ERR_INVALID_LABELS', `${name}[${firstOf(table, largest)}]`, `a class below ${classes}`, largest);
}

/** Labels 0 … K-1. */
function labelled(name: string, table: RawTable, largest: number, classes = largest + 1): Targets {
  const { y } = table;
  if (largest >= classes) throw beyond(name, table, largest, classes);
  if (classes < 2)
    throw new NablaError('ERR_INVALID_LABELS', `${name} must hold at least two classes, 0 and 1; got only 0`);
  return { outputs: classes, targets: 1, labels: placesUpTo(classes), y };
}

const placesUpTo = (classes: number): number[] => Array.from({ length: classes }, (_, k) => k);

/**
 * What a row of each class counts in the fit: a number per label, as an object or a Map; 'balanced' makes all classes count
 * the same. Rows held out (validation, folds) are measured without it.
 */
export type ClassWeight = 'balanced' | { readonly [label: string]: number } | ReadonlyMap<Label, number>;

/** The rows that a loss is taken over, and what they weigh. */
export interface RowWeights {
  /** Of each row of the table, with a mean of 1 over those in use; null when all count the same. */
  sampleWeight: Float64Array | null;
  /** The sum, over the rows in use, of the weights as the caller gave them; the number of rows when there are none. */
  weight: number;
  /** The rows in use, none of weight 0; null: all. */
  index: Uint32Array | null;
  /** How many. */
  count: number;
}

/**
 * How much each row counts. `index`: the rows to use; null: all that the table uses. Rows of weight 0 are taken out here,
 * once for all losses, solvers and measures. Both losses and gradients are means over rows, so that a mean weight of 1
 * divides them by the sum of the weights.
 */
export function rowWeights(
  loss: keyof typeof losses,
  { rows, sampleWeight, used }: RawTable,
  targets: Pick<Targets, 'y' | 'labels' | 'targets'>,
  index: Uint32Array | null = used,
  classWeight?: unknown,
): RowWeights {
  const all = index ? index.length : rows;
  if (classWeight === undefined && sampleWeight === null) return { sampleWeight: null, weight: all, index, count: all };
  const weights = sampleWeight === null ? new Float64Array(rows).fill(1) : new Float64Array(sampleWeight);
  let kept = index ?? Uint32Array.from({ length: rows }, (_, i) => i);
  let inUse = index;
  if (classWeight !== undefined) {
    const codes = classCodes(targets);
    const ofClass = readClassWeight(classWeight, loss, targets.labels, codes, kept);
    for (const i of kept) weights[i] *= ofClass.get(codes[i]) ?? 1;
    const above = kept.filter((i) => weights[i] !== 0);
    if (above.length === 0) {
      throw new NablaError('ERR_OUT_OF_RANGE', 'classWeight must not be 0 for every class that the rows in use have');
    }
    if (above.length < kept.length) inUse = kept = above;
  }
  let sum = 0;
  for (const i of kept) sum += weights[i];
  if (!(sum > 0 && sum < Infinity)) {
    throw new NablaError('ERR_OUT_OF_RANGE', 'sampleWeight must have a positive, finite sum over the rows in use');
  }
  const scale = kept.length / sum;
  for (const i of kept) weights[i] *= scale;
  return { sampleWeight: weights, weight: sum, index: inUse, count: kept.length };
}

/** A copy of the option that JSON keeps. */
export function plainClassWeight(value: unknown): ClassWeight {
  if (value === 'balanced') return value;
  return (isMap(value) ? Object.fromEntries(value) : { ...readPlain('classWeight', value) }) as ClassWeight;
}

/** By the solver's number of each class; `codes`: of each row. */
export function readClassWeight(
  value: unknown,
  loss: keyof typeof losses,
  labels: readonly Label[],
  codes: Float64Array,
  used: Uint32Array,
): Map<number, number> {
  if (labels.length === 0) {
    throw new NablaError('ERR_UNKNOWN_OPTION', 'classWeight goes with losses of classes: logistic, softmax, hinge');
  }
  const count = new Map<number, number>();
  for (const i of used) count.set(codes[i], (count.get(codes[i]) ?? 0) + 1);
  const part = loss === 'logistic' ? (used.find((row) => codes[row] > 0 && codes[row] < 1) ?? -1) : -1;
  const checkWhole = () => {
    const expected = '0 or 1 where there is a classWeight, since a fraction is of both classes';
    if (part >= 0) throw invalid('ERR_INVALID_LABELS', `y[${part}]`, expected, codes[part]);
  };
  if (value === 'balanced') {
    checkWhole();
    return new Map([...count].map(([code, n]) => [code, used.length / (count.size * n)]));
  }
  if (typeof value === 'string') throw invalid('ERR_OUT_OF_RANGE', 'classWeight', '"balanced" or an object', value);
  const given = isMap(value) ? ofMap(value, labels) : readObject('classWeight', value, labels.map(String));
  const option = { kind: 'number', default: 1, range: '[0, ∞)', help: '' } as const;
  const weights = new Map<number, number>();
  labels.forEach((label, place) => {
    const weight = given[String(label)];
    const code = codeOf(loss, place, labels.length);
    if (weight !== undefined) weights.set(code, readNumber(`classWeight.${label}`, weight, option));
  });
  checkWhole();
  return weights;
}

/** A Map by label as the object of the same weights. */
function ofMap(map: ReadonlyMap<unknown, unknown>, labels: readonly Label[]): Record<string, unknown> {
  const known = new Set<unknown>(labels);
  const wrong = [...map.keys()].find((label) => !known.has(label));
  if (wrong !== undefined || map.has(undefined)) {
    throw invalid('ERR_UNKNOWN_OPTION', 'a key of classWeight', `one of the classes ${some(labels)}`, wrong);
  }
  return Object.fromEntries(map as ReadonlyMap<Label, unknown>);
}
