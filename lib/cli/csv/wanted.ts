// Specification of a fit's columns, and what their cells may hold.

import { show } from '../../base/errors.js';
import { losses } from '../../catalog/losses.js';
import { readChoice } from '../../input/read.js';
import { targetRange } from '../../input/targets.js';
import { strictNumber } from '../terminal/text.js';
import type { Column, ColumnSpec } from './columns.js';
import { csvError } from './place.js';
import { type CsvTable, findColumn, type TableSpec } from './table.js';

export interface Wanted {
  readonly loss: keyof typeof losses;
  /** Of the numbers of the target. */
  readonly range: ColumnSpec['range'];
  readonly target: string;
  /** Null for all columns that are nothing else. */
  readonly features: readonly string[] | null;
  /** To be read as text, whatever their cells are. */
  readonly categorical: readonly string[];
  /** Null for those of the file. */
  readonly classes: readonly string[] | null;
  /** Columns of numbers that are no features. */
  readonly sampleWeight: string | undefined;
  readonly offset: string | undefined;
}

const nonNegative = { holds: (x: number) => x >= 0, expected: 'a number from 0' };

/** What the numbers of a target must be. */
export const rangeOfTarget = (loss: unknown): ColumnSpec['range'] =>
  targetRange(readChoice('loss', loss, losses)) ?? undefined;

function targetSpec({ loss, range, target, categorical, classes }: Wanted): ColumnSpec {
  if (losses[loss].predicts !== 'class') return { name: target, kind: 'number', range };
  const isText = categorical.includes(target);
  if (!classes) return { name: target, isClass: true, kind: isText ? 'text' : undefined };
  const numbers = classes.map(strictNumber);
  const isNumber = !isText && numbers.every(Number.isFinite);
  return {
    name: target,
    isClass: true,
    kind: isNumber ? 'number' : 'text',
    known: { names: isNumber ? numbers.map(String) : classes, says: '--classes names' },
  };
}

/** What to read of a file with this header. */
export function tableSpec(file: string, names: readonly string[], wanted: Wanted): TableSpec {
  const fail = (message: string) => csvError('ERR_CSV_COLUMN', { file, line: 1 }, message);
  const { target, features, categorical, sampleWeight, offset } = wanted;
  const others = [
    ['the target', target],
    ['the sample weight', sampleWeight],
    ['the offset', offset],
  ] as const;
  const taken = new Map<string, string>();
  for (const [what, name] of others) {
    if (name === undefined) continue;
    findColumn(file, names, name);
    const first = taken.get(name);
    if (first) throw fail(`${show(name)} is ${first} and cannot be ${what} too`);
    taken.set(name, what);
  }
  const chosen = features ?? names.filter((name) => !taken.has(name));
  for (const name of [...chosen, ...categorical]) findColumn(file, names, name);
  chosen.forEach((name, i) => {
    const what = taken.get(name);
    if (what) throw fail(`${show(name)} is ${what} and cannot be a feature too`);
    if (chosen.indexOf(name) < i) throw fail(`--features names ${show(name)} twice`);
  });
  if (chosen.length === 0) {
    throw fail(`there is no column but ${[...taken].map(([name, what]) => `${what} ${show(name)}`).join(' and ')}`);
  }
  const mayBeText = [...chosen, ...(losses[wanted.loss].predicts === 'class' ? [target] : [])];
  const unused = categorical.find((name) => !mayBeText.includes(name));
  if (unused !== undefined) throw fail(`--categorical names ${show(unused)}, which is no feature`);
  return {
    target: targetSpec(wanted),
    features: chosen.map((name) => ({ name, kind: categorical.includes(name) ? 'text' : undefined })),
    weight: sampleWeight === undefined ? null : { name: sampleWeight, kind: 'number', range: nonNegative },
    offset: offset === undefined ? null : { name: offset, kind: 'number' },
  };
}

/** Another file with the columns of this one: its categories must be among those of this. */
export function sameSpec({ features, target, weight, offset }: CsvTable): TableSpec {
  const again = (column: Column): ColumnSpec => {
    const { spec } = column;
    if (column.kind === 'number' || spec.known) return spec;
    return { ...spec, known: { names: column.categories, says: 'the data of the fit have' } };
  };
  return {
    features: features.map(again),
    target: target && again(target),
    weight: weight?.spec ?? null,
    offset: offset?.spec ?? null,
  };
}
