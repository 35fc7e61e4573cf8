// Public fitMany and fitManySync, bound to the backend in use.

import { createFitMany, type FitMany, type FitManySync } from './batch/many.js';
import { Model } from './model/model.js';
import { inUse } from './native/choice.js';

export type { ManyStatus } from './backend/plan.js';
export type { FitMany, FitManySync, ManyOptions } from './batch/many.js';
export { Models } from './batch/models.js';
export type { PackedProblems, Problem } from './input/problems.js';

const facade = createFitMany(inUse(), Model);

/**
 * Fits a model to each of many small problems (one per customer, device, series) on the calling thread. Each model has
 * the bits that `fitSync` gives it alone. Problems are an array of `{ X, y }`, which is packed first, or packed already
 * (`{ X, y, offsets }`) and then read in place.
 *
 * What the data of a problem hold (a NaN, a class that there is not, weights that are all 0) makes it fail alone: see
 * {@link Models.errors}. A wrong shape or type fails the call before anything is fitted, and tells the problem's index.
 *
 * @param problems - see {@link Problem} and {@link PackedProblems}; none give no models
 * @param options - see {@link ManyOptions}
 * @returns the models, in packed arrays
 * @throws NablaError `ERR_INVALID_ARG_TYPE`, `ERR_OUT_OF_RANGE`, `ERR_SHAPE`, `ERR_UNKNOWN_OPTION`,
 *   `ERR_DETACHED_BUFFER`
 */
export const fitManySync: FitManySync = facade.fitManySync;

/**
 * As {@link fitManySync}, off the calling thread. Arrays are copied first, but for views of a SharedArrayBuffer, which
 * are read in place and must not be written to meanwhile.
 *
 * @param problems - as {@link fitManySync}
 * @param options - as {@link fitManySync}
 * @returns a promise of the models; it rejects with what {@link fitManySync} throws, and `ERR_RESIZABLE_BUFFER`
 */
export const fitMany: FitMany = facade.fitMany;
