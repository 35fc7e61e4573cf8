// Messages of the library with options named as flags.

import { NablaError } from '../../base/errors.js';
import { fitOptions, pathOptions } from '../../catalog/options.js';
import { axes } from './axes.js';
import { kebab } from './parameters.js';

const options = new Set([
  ...Object.keys(fitOptions),
  ...Object.keys(pathOptions),
  ...axes.map(({ name }) => name),
  ...['validation', 'sampleWeight', 'offset', 'classWeight', 'classes', 'checkpoint'],
  ...['lambdas', 'folds', 'measure'],
]);

/** A plain word is an option's name in the first place only: "loss must be", but "the loss hinge". */
function inFlags(message: string): string {
  const flagOf = (name: string): string => (name === 'folds' ? '--cv' : `--${kebab(name).replace('.', '-')}`);
  return message
    .replace(/^(?:options\.)?((\w+)(?:\.\w+)?)/, (all, path, name) => (options.has(name) ? flagOf(path) : all))
    .replace(/\b[a-z]+[A-Z]\w*/g, (name) => (options.has(name) ? flagOf(name) : name));
}

/** What the call returns; what it throws speaks of flags. `checkpoint`: the file that may be called that. */
export async function inTheseWords<T>(call: () => T | Promise<T>, checkpoint?: string): Promise<T> {
  try {
    return await call();
  } catch (cause) {
    if (!(cause instanceof NablaError)) throw cause;
    const message = cause.message.replace(/^checkpoint file: /, () => `${checkpoint}: `);
    throw new NablaError(cause.code, inFlags(message), { cause });
  }
}
