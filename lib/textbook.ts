// Entry nabla/textbook, bound to the backend in use.
import { type GradientOf, gradient as gradientOf } from './autodiff/gradient.js';
import { inUse } from './native/choice.js';
import { createTextbook, type Textbook } from './operations/textbook.js';

export type {
  AdamOptions,
  MiniBatchOptions,
  StochasticOptions,
  Textbook,
  TextbookOptions,
  TextbookResult,
} from './operations/textbook.js';

const textbook = createTextbook(inUse());

/**
 * Gradient descent over all rows: θ -= α Xᵀ(Xθ - y)/m. `history` holds the cost Σ(Xθ - y)²/(2m) of each iteration,
 * before its update.
 *
 * @throws NablaError `ERR_INVALID_ARG_TYPE`, `ERR_OUT_OF_RANGE`, `ERR_SHAPE`, `ERR_NOT_FINITE`,
 *   `ERR_DETACHED_BUFFER`, `ERR_UNKNOWN_OPTION`
 */
export const batchGradientDescent: Textbook['batchGradientDescent'] = textbook.batchGradientDescent;

/**
 * Stochastic gradient descent: each step takes one row, drawn with replacement from `seed`, m steps an iteration; or
 * the rows that `indices` names, a step each. `history` holds the cost ½(xᵢθ - yᵢ)² of each step, before its update.
 * `threshold` compares the mean cost of one iteration with that of the one before. With `indices`, one iteration is
 * one pass over them.
 *
 * @throws NablaError as {@link batchGradientDescent}
 */
export const stochasticGradientDescent: Textbook['stochasticGradientDescent'] = textbook.stochasticGradientDescent;

/**
 * Mini-batch gradient descent: batches of `batchSize` rows in order, the last one short. `history` holds the cost of
 * each batch, before its update; cost and gradient are divided by the batch's own length. `threshold` compares the
 * mean cost of one iteration with that of the one before.
 *
 * @throws NablaError as {@link batchGradientDescent}
 */
export const miniBatchGradientDescent: Textbook['miniBatchGradientDescent'] = textbook.miniBatchGradientDescent;

/**
 * Adam over all rows (Kingma and Ba, 2015). `history` holds the cost of each iteration, after its update.
 *
 * @throws NablaError as {@link batchGradientDescent}
 */
export const adam: Textbook['adam'] = textbook.adam;

/**
 * The derivative of a function written in `ops` of nabla/autodiff, by the three formulas of a lecture:
 * - a scalar by a vector: a Float64Array, ∂f/∂x_i at i;
 * - a scalar by a matrix: a tensor of its shape, ∂f/∂W_ij at (i, j);
 * - a vector (or a scalar) by a scalar: a Float64Array (or a number), ∂f_i/∂t at i.
 *
 * @throws NablaError `ERR_SHAPE` when f of a vector or a matrix returns no scalar; `ERR_INVALID_ARG_TYPE`
 */
export const gradient: GradientOf = gradientOf;
