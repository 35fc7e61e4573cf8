// Fits, on the backend in use.
import { inUse } from './backend.js';
import { createFit, type Fit, type FitSync } from './facade/fit.js';
import { Model } from './model.js';

export type { FitData } from './data.js';
export type { Fit, FitSync } from './facade/fit.js';
export type { Averaging, FitOptions, Loss, OptimizerSpec, Sampler, Schedule } from './options.js';
export type { ClassWeight } from './targets.js';

const facade = createFit(inUse(), Model);

/**
 * Fits a linear model on the calling thread, reading X and y in place.
 *
 * @param data - X (rows × cols, row-major), y (rows), and optionally rows and cols
 * @param options - see {@link FitOptions}
 * @returns the model; not converging and diverging are told by its `status`
 * @throws NablaError `ERR_INVALID_ARG_TYPE`, `ERR_OUT_OF_RANGE`, `ERR_SHAPE`, `ERR_NOT_FINITE` (with the place),
 *   `ERR_UNKNOWN_OPTION` (with the nearest known name), `ERR_DETACHED_BUFFER`
 */
export const fitSync: FitSync = facade.fitSync;

/**
 * Fits a linear model off the calling thread, on nabla's own threads (on the reference: between turns of the event
 * loop). X and y are copied first, so the caller is free to change or transfer them; a view of a SharedArrayBuffer
 * is read in place and must not be written to meanwhile.
 *
 * @param data - as {@link fitSync}
 * @param options - as {@link fitSync}
 * @returns a promise of the model; it rejects with what {@link fitSync} throws, and `ERR_RESIZABLE_BUFFER`
 */
export const fit: Fit = facade.fit;
