// What y must be for a loss, and what the solver gets for it.
import { types } from 'node:util';
import { checkLength } from './arrays.js';
import { losses, type TargetKind } from './catalog.js';
import { eachUsed, type RawTable } from './data.js';
import { invalid, NablaError } from './errors.js';
import { checkClasses, codeOf, type Label, placesOf, some } from './labels.js';
import { readNumber, readObject, readPlain } from './read.js';

/** How a loss reads y. */
export interface Targets {
  /** Values of z for each row. */
  outputs: number;
  /** Values of y for each row. */
  targets: number;
  /** What the caller calls each class, in the order of the solver's numbers; empty for numbers. */
  labels: readonly Label[];
  /** y as the solver wants it; may be the caller's own array. */
  y: Float64Array;
}

const { isMap } = types;

const ranges: Record<TargetKind, { holds(y: number): boolean; expected: string } | null> = {
  real: null,
  nonNegative: { holds: (y) => y >= 0, expected: 'a number from 0' },
  positive: { holds: (y) => y > 0, expected: 'a number above 0' },
  zeroOne: { holds: (y) => y === 0 || y === 1, expected: '0 or 1' },
  plusMinusOne: { holds: (y) => y === 0 || y === 1 || y === -1, expected: '-1 or 1 (or 0 or 1)' },
  label: { holds: (y) => Number.isInteger(y) && y >= 0 && y < 65536, expected: 'a class from 0 to 65535' },
};

/** Checks y against the loss. `known`: what the training data said, for another table; `classes`: the option. */
export function readTargets(
  name: string,
  loss: keyof typeof losses,
  table: RawTable,
  known?: Pick<Targets, 'labels' | 'targets'>,
  classes?: number | readonly Label[],
): Targets {
  const { y, rows } = table;
  const kind: TargetKind = losses[loss].target;
  const isClass = losses[loss].predicts === 'class';
  if (classes !== undefined && !isClass) {
    throw new NablaError('ERR_UNKNOWN_OPTION', `classes goes with losses of classes; got it with the loss ${loss}`);
  }
  const multiple = !isClass && y.length !== rows;
  const targets = known ? known.targets : multiple ? y.length / rows : 1;
  if (!Number.isInteger(targets) || targets === 0) {
    throw new NablaError('ERR_SHAPE', `${name} must have a multiple of ${rows} elements (rows); got ${y.length}`);
  }
  checkLength(name, y, rows * targets, targets === 1 ? `${rows} rows` : `${rows} rows × ${targets} targets`);
  const all = known?.labels ?? (typeof classes === 'object' ? classes : undefined);
  if (isClass && (all || table.labels)) {
    if (typeof classes === 'number') {
      throw invalid('ERR_INVALID_ARG_TYPE', 'classes', 'an array of all labels, as y is an array', classes);
    }
    return named(name, loss, table, all);
  }
  const range = ranges[kind];
  let largest = 0;
  let lowest = 0;
  const check = (row: number): void => {
    for (let i = row * targets; range && i < (row + 1) * targets; i++) {
      if (!range.holds(y[i])) {
        const code = Number.isFinite(y[i]) ? (isClass ? 'ERR_INVALID_LABELS' : 'ERR_OUT_OF_RANGE') : 'ERR_NOT_FINITE';
        throw invalid(code, `${name}[${i}]`, range.expected, y[i], { row, column: i - row * targets });
      }
      if (y[i] > largest) largest = y[i];
      if (y[i] < lowest) lowest = y[i];
    }
  };
  if (range) eachUsed(table, check);
  if (kind === 'label') return labelled(name, y, largest, classes as number | undefined);
  if (kind === 'plusMinusOne') return signed(name, loss, table, lowest);
  return { outputs: targets, targets, labels: kind === 'zeroOne' ? [0, 1] : [], y };
}

/** Classes by the caller's labels: all that there are, or those of the table. */
function named(name: string, loss: keyof typeof losses, table: RawTable, all?: readonly Label[]): Targets {
  const own = table.labels;
  const labels = all ?? (own as readonly Label[]);
  checkClasses(all ? 'classes' : name, loss, labels);
  const outputs = loss === 'softmax' ? labels.length : 1;
  if (!all) return { outputs, targets: 1, labels, y: codesOf(loss, table.y) };
  const rows = own ? Array.from(table.y, (place) => own[place]) : table.y;
  const places = placesOf(name, rows, labels, table.used);
  const isCoded = !own && labels.every((label, place) => label === codeOf(loss, place));
  return { outputs, targets: 1, labels, y: isCoded ? table.y : codesOf(loss, places) };
}

/** The solver's number for each place; the places themselves where these are they. */
function codesOf(loss: keyof typeof losses, places: Float64Array): Float64Array {
  return codeOf(loss, 0) === 0 ? places : places.map((place) => codeOf(loss, place));
}

/** Labels -1 and 1; or 0 and 1, which become these. */
function signed(name: string, loss: keyof typeof losses, table: RawTable, lowest: number): Targets {
  const { y } = table;
  const indexOf = (value: number): number => {
    let index = -1;
    eachUsed(table, (row) => {
      if (index < 0 && y[row] === value) index = row;
    });
    return index;
  };
  const labels = lowest < 0 || indexOf(0) < 0 ? [-1, 1] : [0, 1];
  const wrong = indexOf(labels[0] === -1 ? 0 : -1);
  if (wrong >= 0)
    throw invalid('ERR_INVALID_LABELS', `${name}[${wrong}]`, `${labels.join(' or ')}, as other labels are`, y[wrong]);
  return { outputs: 1, targets: 1, labels, y: labels[0] === -1 ? y : codesOf(loss, y) };
}

/** Labels 0 … K-1. */
function labelled(name: string, y: Float64Array, largest: number, classes = largest + 1): Targets {
  if (largest >= classes) {
    throw invalid('ERR_INVALID_LABELS', `${name}[${y.indexOf(largest)}]`, `a class below ${classes}`, largest);
  }
  if (classes < 2)
    throw new NablaError('ERR_INVALID_LABELS', `${name} must hold at least two classes, 0 and 1; got only 0`);
  return { outputs: classes, targets: 1, labels: Array.from({ length: classes }, (_, k) => k), y };
}

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
  { y, labels }: Pick<Targets, 'y' | 'labels'>,
  index: Uint32Array | null = used,
  classWeight?: unknown,
): RowWeights {
  const all = index ? index.length : rows;
  if (classWeight === undefined && sampleWeight === null) return { sampleWeight: null, weight: all, index, count: all };
  const weights = sampleWeight === null ? new Float64Array(rows).fill(1) : new Float64Array(sampleWeight);
  let kept = index ?? Uint32Array.from({ length: rows }, (_, i) => i);
  let inUse = index;
  if (classWeight !== undefined) {
    const ofClass = readClassWeight(classWeight, loss, labels, y, kept);
    for (const i of kept) weights[i] *= ofClass.get(y[i]) ?? 1;
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

/** By the solver's number of each class. */
export function readClassWeight(
  value: unknown,
  loss: keyof typeof losses,
  labels: readonly Label[],
  y: Float64Array,
  used: Uint32Array,
): Map<number, number> {
  if (labels.length === 0) {
    throw new NablaError('ERR_UNKNOWN_OPTION', 'classWeight goes with losses of classes: logistic, softmax, hinge');
  }
  const count = new Map<number, number>();
  for (const i of used) count.set(y[i], (count.get(y[i]) ?? 0) + 1);
  if (value === 'balanced') {
    return new Map([...count].map(([code, n]) => [code, used.length / (count.size * n)]));
  }
  if (typeof value === 'string') throw invalid('ERR_OUT_OF_RANGE', 'classWeight', '"balanced" or an object', value);
  const given = isMap(value) ? ofMap(value, labels) : readObject('classWeight', value, labels.map(String));
  const option = { kind: 'number', default: 1, range: '[0, ∞)', help: '' } as const;
  const weights = new Map<number, number>();
  labels.forEach((label, place) => {
    const weight = given[String(label)];
    if (weight !== undefined) weights.set(codeOf(loss, place), readNumber(`classWeight.${label}`, weight, option));
  });
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
