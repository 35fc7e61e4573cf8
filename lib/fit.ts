// Public fit, fitSync and fitIterator, bound to the backend in use.

import { createFit, type Fit, type FitEpochs, type FitSync } from './model/fits.js';
import { Model } from './model/model.js';
import { inUse } from './native/choice.js';

export type { FitControl, FitProgress } from './input/control.js';
export type { FitData } from './input/data.js';
export type { Averaging, FitOptions, Loss, OptimizerSpec, Sampler, Schedule } from './input/options.js';
export type { ClassWeight } from './input/targets.js';
export type { Fit, FitEpochs, FitIterator, FitSync } from './model/fits.js';

const facade = createFit(inUse(), Model);

/**
 * Fits a linear model on the calling thread, reading X and y in place.
 *
 * @param data - X (rows × cols, row-major, a Float64Array or a Float32Array), y (rows), and optionally rows and cols
 * @param options - see {@link FitOptions}
 * @returns the model; not converging and diverging are told by its `status`
 * @throws NablaError `ERR_INVALID_ARG_TYPE`, `ERR_OUT_OF_RANGE`, `ERR_SHAPE`, `ERR_NOT_FINITE` (with the place),
 *   `ERR_UNKNOWN_OPTION` (with the nearest known name), `ERR_DETACHED_BUFFER`
 */
export const fitSync: FitSync = facade.fitSync;

/**
 * Fits a linear model off the calling thread, on nabla's own threads (on the reference: between turns of the event
 * loop). X and y are copied first, so the caller is free to change or transfer them; with `transfer` their buffers are
 * taken over; a view of a SharedArrayBuffer is read in place and must not be written to meanwhile. What takes some
 * microseconds is done at once, since handing it over takes longer, and told at the next turn of the event loop.
 *
 * @param data - as {@link fitSync}
 * @param options - as {@link fitSync}
 * @returns a promise of the model; it rejects with what {@link fitSync} throws, `ERR_RESIZABLE_BUFFER`, the reason of an
 *   aborted `signal`, and what `onProgress` throws
 */
export const fit: Fit = facade.fit;

/**
 * As {@link fit}, an epoch at a time: an async iterator that runs the next epoch when it is asked for, and yields what
 * `onProgress` is told, for every epoch. Its `model` is a promise of the model, to the bits of {@link fit}; a fit that is
 * left with `break` has the model of the epochs so far, with the status `'earlyStopped'`. `checkpoint` and `onProgress`
 * do not go with it.
 *
 * @param data - as {@link fit}
 * @param options - as {@link fit}
 * @returns an async iterator; the iteration throws what {@link fit} rejects with, and `model` rejects with it
 */
export const fitIterator: FitEpochs = facade.fitIterator;
