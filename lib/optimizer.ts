// Public optimizer objects, bound to the backend in use.
import { inUse } from './native/choice.js';
import { type CreateOptimizer, createOptimizers, type RestoreOptimizer } from './operations/optimizer.js';

export type {
  CreateOptimizer,
  OptimizerGroup,
  OptimizerJSON,
  OptimizerOptions,
  RestoreOptimizer,
  UpdateExtras,
} from './operations/optimizer.js';
export { Optimizer } from './operations/optimizer.js';

const optimizers = createOptimizers(inUse());

/**
 * An update rule with its state, for a library that keeps its own weights and gradients: `step(weights, gradient)`
 * works in place on the caller's arrays.
 *
 * @param options - a rule by name, or `adam({ … })`, with `clipNorm`, `clipValue`, `l1`, `l2`, `nonNegative`,
 *   `lowerBounds` and `upperBounds` (a number, or one per weight), `maximize`, and `groups`: ranges `{ start, end, … }` of
 *   the weights with options of their own. `clipNorm` is of the gradient of all weights; a group's own is of the group's
 *   gradient, in its place
 * @param size - how many weights
 * @throws NablaError `ERR_UNKNOWN_OPTION`, `ERR_INVALID_ARG_TYPE`, `ERR_OUT_OF_RANGE`
 */
export const createOptimizer: CreateOptimizer = optimizers.create;

/**
 * An optimizer that goes on where the one that wrote `json` was.
 *
 * @param json - what `toJSON()` of an optimizer made, parsed
 * @throws NablaError `ERR_MODEL_FORMAT`, `ERR_MODEL_VERSION`
 */
export const restoreOptimizer: RestoreOptimizer = optimizers.restore;
