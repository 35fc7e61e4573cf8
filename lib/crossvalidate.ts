// Public crossValidate, bound to the backend in use.

import { Model } from './model/model.js';
import { inUse } from './native/choice.js';
import { type CrossValidate, type CrossValidateSync, createCrossValidate } from './paths/crossvalidate.js';

export type { CrossValidate, CrossValidateSync, CrossValidationOptions } from './paths/crossvalidate.js';
export { CrossValidation, type CrossValidationJSON, type LeftOut } from './paths/crossvalidation.js';

const facade = createCrossValidate(inUse(), Model);

/**
 * Cross-validates the λ of a path on the calling thread: a path of all rows, and for each fold one at the same λ of the
 * rows outside it, measured on those in it. Mean and standard error over the folds are glmnet's (its `cvm` and `cvsd`,
 * with folds as their rows weigh), and so are `lambdaMin` and `lambda1se`. A fold that has no measure, or without which no
 * model is defined, is left out (`leftOut`): one without rows that weigh, of one class under `auc`, with all rows of a class.
 *
 * @param data - as of `fitSync`
 * @param options - see {@link CrossValidationOptions}
 * @returns the path of all rows, and what the folds say of its λ
 * @throws NablaError as `fitSync`; `ERR_OUT_OF_RANGE` where every fold is left out, `ERR_NOT_FINITE` where the measure is a
 *   number at no λ
 */
export const crossValidateSync: CrossValidateSync = facade.crossValidateSync;

/**
 * As {@link crossValidateSync}, off the calling thread and with the folds side by side; X and y are copied first, once.
 *
 * @param data - as of `fit`
 * @param options - see {@link CrossValidationOptions}
 * @returns a promise; it rejects with what {@link crossValidateSync} throws, and `ERR_RESIZABLE_BUFFER`
 */
export const crossValidate: CrossValidate = facade.crossValidate;
