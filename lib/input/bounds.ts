// Reads numbers for each coefficient: bounds and penalty factors.

import type { Bounds } from '../backend/interface.js';
import { invalid, NablaError, viewName } from '../base/errors.js';
import { fitOptions } from '../catalog/options.js';
import { readNumber } from './read.js';

/** What says where coefficients may be: see the options of the same names. */
export interface BoundOptions {
  lowerBounds?: unknown;
  upperBounds?: unknown;
  nonNegative?: unknown;
}

/** Whether a value is numbers for each, not one for all. */
export function isList(value: unknown): value is ArrayLike<unknown> {
  return Array.isArray(value) || viewName(value) !== undefined;
}

/** One number for all columns, or one per column; null is none, as JSON has no infinity. */
function readEach(name: 'lowerBounds' | 'upperBounds', value: unknown, cols: number, unit: string): Float64Array {
  const option = fitOptions[name];
  const bounds = new Float64Array(cols).fill(option.default);
  if (value === undefined || value === null) return bounds;
  if (typeof value === 'number') return bounds.fill(readNumber(name, value, option) + 0); // no -0
  if (!Array.isArray(value) && viewName(value) !== 'Float64Array') {
    throw invalid('ERR_INVALID_ARG_TYPE', name, 'a number or an array of numbers', value);
  }
  const list = value as ArrayLike<unknown>;
  if (list.length !== cols) {
    throw new NablaError(
      'ERR_SHAPE',
      `${name} must be a number or have ${cols} elements (${unit}); got ${list.length}`,
    );
  }
  for (let j = 0; j < cols; j++) {
    if (list[j] !== null) bounds[j] = readNumber(`${name}[${j}]`, list[j], option) + 0;
  }
  return bounds;
}

/** The bounds of so many columns, or what `unit` calls them, the same for each output; null where there are none. */
export function readBounds(given: BoundOptions, cols: number, outputs: number, unit = 'cols'): Bounds | null {
  const { lowerBounds, upperBounds, nonNegative } = given;
  if (lowerBounds === undefined && upperBounds === undefined && nonNegative !== true) return null;
  const low = readEach('lowerBounds', lowerBounds, cols, unit);
  const high = readEach('upperBounds', upperBounds, cols, unit);
  const lower = new Float64Array(outputs * cols);
  const upper = new Float64Array(outputs * cols);
  for (let j = 0; j < cols; j++) {
    const isRaised = nonNegative === true && low[j] < 0;
    if (isRaised) low[j] = 0;
    if (low[j] > high[j]) {
      const name = isList(upperBounds) ? `upperBounds[${j}]` : 'upperBounds';
      const what = isRaised ? 'at least 0 with nonNegative' : `at least the lower bound of column ${j}, ${low[j]}`;
      throw invalid('ERR_OUT_OF_RANGE', name, what, high[j]);
    }
    for (let k = 0; k < outputs; k++) {
      lower[k * cols + j] = low[j];
      upper[k * cols + j] = high[j];
    }
  }
  return low.some((bound) => bound > -Infinity) || high.some((bound) => bound < Infinity) ? { lower, upper } : null;
}

/** One factor per column, repeated for each output; null when none are given. */
export function readPenaltyFactors(value: unknown, cols: number, outputs: number): Float64Array | null {
  if (value === undefined) return null;
  if (!Array.isArray(value) && viewName(value) !== 'Float64Array') {
    throw invalid('ERR_INVALID_ARG_TYPE', 'penaltyFactors', 'an array of numbers', value);
  }
  const list = value as ArrayLike<unknown>;
  if (list.length !== cols) {
    throw new NablaError('ERR_SHAPE', `penaltyFactors must have ${cols} elements (cols); got ${list.length}`);
  }
  const option = { kind: 'number', default: 1, range: '[0, ∞)', help: '' } as const;
  const factors = new Float64Array(outputs * cols);
  for (let j = 0; j < cols; j++) {
    const factor = readNumber(`penaltyFactors[${j}]`, list[j], option);
    for (let k = 0; k < outputs; k++) factors[k * cols + j] = factor;
  }
  return factors;
}
