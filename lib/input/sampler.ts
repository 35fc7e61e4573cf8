// Reads the sampler of a fit: its number in a plan, and row numbers.

import { type Plan, samplerKind, type Table } from '../backend/plan.js';
import { invalid, NablaError, viewName } from '../base/errors.js';
import { samplers } from '../catalog/samplers.js';
import type { ReadOptions } from './options.js';
import { readChoice, readObject } from './read.js';

const full = readChoice('sampler', 'full', samplers);

/** The sampler's part of a plan, for the training rows of `rows`. */
export function readSampler(
  { given, plan }: ReadOptions,
  rows: number,
  { count: trainRows, index }: Pick<Table, 'count' | 'index'>,
): Pick<Plan, 'sampler' | 'samplerParameters'> & { indices: Uint32Array | null } {
  if (given.sampler === undefined && given.batchSize === undefined) {
    return { sampler: full.index, samplerParameters: full.parameters, indices: null };
  }
  const value = given.sampler === undefined ? 'shuffled' : given.sampler;
  const named = typeof value === 'object' && value !== null;
  const { indices, ...choice } = named
    ? readObject('sampler', value, ['name', 'once', 'indices'])
    : { indices: undefined };
  const { index: sampler, parameters: samplerParameters } = readChoice('sampler', named ? choice : value, samplers);
  if (sampler === samplerKind.full && given.batchSize !== undefined && plan.batchSize < trainRows) {
    const all = `left out, or at least ${trainRows}, with the full sampler`;
    throw invalid('ERR_OUT_OF_RANGE', 'batchSize', all, plan.batchSize);
  }
  if (sampler === samplerKind.indices) {
    if (given.validationFraction)
      throw new NablaError(
        'ERR_UNKNOWN_OPTION',
        'the sampler "indices" names the rows itself: leave out validationFraction',
      );
    return { sampler, samplerParameters, indices: usedOf(readIndices('sampler.indices', indices, rows), index) };
  }
  if (indices !== undefined)
    throw new NablaError('ERR_UNKNOWN_OPTION', 'sampler.indices goes with the sampler "indices"');
  return { sampler, samplerParameters, indices: null };
}

/** Those of the caller's row numbers that are trained on: a row of weight 0 is as none. */
function usedOf(indices: Uint32Array, index: Uint32Array | null): Uint32Array {
  if (!index) return indices;
  const used = new Set(index);
  const kept = indices.filter((row) => used.has(row));
  if (kept.length > 0) return kept;
  throw new NablaError('ERR_OUT_OF_RANGE', 'sampler.indices must name a row whose weight is above 0');
}

/** Row numbers below `rows`, copied. */
export function readIndices(name: string, value: unknown, rows: number): Uint32Array {
  const expected = `a non-empty array of row numbers below ${rows}`;
  if (!Array.isArray(value) && !/^(Ui|I)nt32Array$/.test(viewName(value) ?? '')) {
    throw invalid('ERR_INVALID_ARG_TYPE', name, expected, value);
  }
  const list = value as ArrayLike<unknown>;
  const indices = new Uint32Array(list.length);
  for (let i = 0; i < indices.length; i++) {
    const row = list[i];
    if (typeof row !== 'number') throw invalid('ERR_INVALID_ARG_TYPE', `${name}[${i}]`, 'a row number', row);
    if (!(Number.isInteger(row) && row >= 0 && row < rows)) {
      throw invalid('ERR_OUT_OF_RANGE', `${name}[${i}]`, `a row number below ${rows}`, row);
    }
    indices[i] = row;
  }
  if (indices.length === 0) throw invalid('ERR_OUT_OF_RANGE', name, expected, value);
  return indices;
}
