// Public fitPath, bound to the backend in use.

import { Model } from './model/model.js';
import { inUse } from './native/choice.js';
import { createFitPath, type FitPath, type FitPathSync } from './paths/path.js';

export { Path, type PathJSON } from './paths/lambdapath.js';
export type { FitPath, FitPathSync, PathOptions } from './paths/path.js';

const facade = createFitPath(inUse(), Model);

/**
 * Fits one model for each λ, from the largest to the smallest, on the calling thread; each fit starts from the weights
 * of the last. The penalty is λ·(l1Ratio·Σ|w| + ½·(1 - l1Ratio)·Σw²), with penalty factors if they are given.
 *
 * Without `lambdas` the first λ is the least at which all penalised coefficients are 0 (with `l1Ratio` below .001: that
 * of .001), and the path ends where smaller λ explain no more: as in glmnet, after five models, when the deviance ratio
 * is above .999 or has risen by less than 1e-5 (`squared`: 1e-5 of itself; `poisson`: 1e-4 of itself over four λ); `full`
 * goes on. For piecewise-linear losses (hinge, quantile, epsilon_insensitive) the first λ is one from which on
 * coefficients are about to leave 0. Unlike in glmnet, columns are not standardized unless `standardize` asks for it.
 *
 * @param data - as of `fitSync`
 * @param options - see {@link PathOptions}
 * @returns the models, and how much each explains
 * @throws NablaError as `fitSync`
 */
export const fitPathSync: FitPathSync = facade.fitPathSync;

/**
 * As {@link fitPathSync}, off the calling thread; X and y are copied first.
 *
 * @param data - as of `fit`
 * @param options - see {@link PathOptions}
 * @returns a promise of the path; it rejects with what {@link fitPathSync} throws, and `ERR_RESIZABLE_BUFFER`
 */
export const fitPath: FitPath = facade.fitPath;
