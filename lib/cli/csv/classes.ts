// Classes of a target column: their names in order, and their numbers for the library.
import type { losses } from '../../catalog/losses.js';
import type { Column } from './columns.js';
import { csvError } from './place.js';

type Loss = keyof typeof losses;

/** The names of the classes in order; none for a loss of numbers. */
export function classNames(file: string, target: Column, loss: Loss): readonly string[] {
  if (target.kind === 'number') return [];
  const { spec, categories } = target;
  const { known, kind, name } = spec;
  const names = known
    ? categories
    : [...categories].sort(kind === 'number' ? (a, b) => Number(a) - Number(b) : undefined);
  const fail = (message: string) => csvError('ERR_CSV_CATEGORY', { file }, `column ${name} has ${message}`);
  if (names.length < 2) throw fail(`the class ${names[0]} alone: there is nothing to tell apart`);
  if (names.length > 2 && loss === 'logistic') {
    throw fail(`${names.length} classes, and the loss ${loss} is for two; softmax takes any number`);
  }
  return names;
}
