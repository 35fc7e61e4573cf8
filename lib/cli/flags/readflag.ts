// Reads the value of a flag, by the catalog.

import { NablaError, show } from '../../base/errors.js';
import type { Parameter } from '../../catalog/entry.js';
import { readNumber } from '../../input/read.js';
import { strictNumber } from '../terminal/text.js';

export function readFlag(flag: string, value: unknown, parameter: Parameter): number | boolean {
  if (typeof value === 'boolean' || parameter.kind === 'boolean') return Boolean(value);
  const number = strictNumber(String(value));
  if (Number.isNaN(number)) {
    throw new NablaError('ERR_INVALID_ARG_TYPE', `${flag} must be a number; got ${show(value)}`);
  }
  return readNumber(flag, number, parameter);
}
