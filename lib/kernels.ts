// Entry nabla/kernels, bound to the backend in use.
import { inUse } from './native/choice.js';
import { type Allocate, createAllocate, createKernels, type Kernels } from './operations/kernels.js';

export type { Allocate, Kernels } from './operations/kernels.js';

const kernels = createKernels(inUse());

/**
 * A Float64Array of n zeros that begins on a 64-byte border, where vector loads are fastest. (On the reference,
 * wherever JavaScript puts it.)
 *
 * @param n - how many elements, a whole number
 * @throws NablaError `ERR_INVALID_ARG_TYPE` or `ERR_OUT_OF_RANGE` when n is no length; `ERR_OUT_OF_MEMORY` when memory is short
 */
export const allocate: Allocate = createAllocate(inUse());

/**
 * Σ xᵢyᵢ, in nabla's one order of a sum (32 partial sums, folded in halves).
 *
 * @param x - n elements
 * @param y - n elements
 * @returns the sum; 0 for empty arrays
 * @throws NablaError `ERR_INVALID_ARG_TYPE` for anything but Float64Array, `ERR_SHAPE` when the lengths differ,
 *   `ERR_DETACHED_BUFFER`
 */
export const dot: Kernels['dot'] = kernels.dot;

/**
 * y += a·x, in place.
 *
 * @param a - a number; NaN is refused
 * @param x - n elements
 * @param y - n elements, changed; may be x itself
 * @throws NablaError as {@link dot}; `ERR_ALIAS` when y overlaps x in part
 */
export const axpy: Kernels['axpy'] = kernels.axpy;

/**
 * x = a·x, in place.
 *
 * @param a - a number; NaN is refused
 * @param x - n elements, changed
 * @throws NablaError as {@link dot}
 */
export const scal: Kernels['scal'] = kernels.scal;

/**
 * The Euclidean norm √Σxᵢ². Does not overflow or underflow where the result does not.
 *
 * @param x - n elements
 * @returns the norm; 0 for an empty array
 * @throws NablaError as {@link dot}
 */
export const nrm2: Kernels['nrm2'] = kernels.nrm2;

/**
 * Σ|xᵢ|, in nabla's one order of a sum.
 *
 * @param x - n elements
 * @returns the sum; 0 for an empty array
 * @throws NablaError as {@link dot}
 */
export const asum: Kernels['asum'] = kernels.asum;

/**
 * out = A x.
 *
 * @param A - rows × cols, row-major
 * @param rows - a whole number
 * @param cols - a whole number
 * @param x - cols elements
 * @param out - rows elements, overwritten
 * @throws NablaError as {@link dot}; `ERR_OUT_OF_RANGE` for a size that is no whole number; `ERR_ALIAS` when out
 *   shares memory with A or x
 */
export const gemv: Kernels['gemv'] = kernels.gemv;

/**
 * out = Aᵀ x.
 *
 * @param A - rows × cols, row-major
 * @param rows - a whole number
 * @param cols - a whole number
 * @param x - rows elements
 * @param out - cols elements, overwritten
 * @throws NablaError as {@link gemv}
 */
export const gemvT: Kernels['gemvT'] = kernels.gemvT;

/**
 * out = Aᵀ diag(weights) A, the symmetric matrix of normal equations: Σ (weightsᵢ aᵢⱼ) aᵢₖ over the rows i, in blocks
 * of 512 rows and more, added pairwise.
 *
 * @param A - rows × cols, row-major
 * @param rows - a whole number
 * @param cols - a whole number
 * @param weights - rows elements, of any sign; null: 1
 * @param out - cols × cols elements, overwritten
 * @throws NablaError as {@link gemv}
 */
export const gram: Kernels['gram'] = kernels.gram;

/**
 * out = A B. An element is one chain over k in index order from +0, a multiply and an add, each rounded; so that no
 * shape, processor or number of threads changes a bit. (`gemv` and `dot` sum in another order.)
 *
 * @param A - m × k, row-major
 * @param B - k × n, row-major
 * @param m - rows of A, a whole number
 * @param n - columns of B, a whole number
 * @param k - columns of A and rows of B, a whole number
 * @param out - m × n elements, overwritten
 * @throws NablaError as {@link gemv}
 */
export const matmul: Kernels['matmul'] = kernels.matmul;

/**
 * C = alpha · op(A) op(B) + beta · C, as BLAS dgemm with row-major matrices; op(A) is A or Aᵀ. The product's elements
 * are those of {@link matmul}; alpha and beta are applied once to each. With beta 0 C is not read, and may hold NaN.
 *
 * @param transA - whether A is stored as k × m, and Aᵀ multiplied
 * @param transB - whether B is stored as n × k, and Bᵀ multiplied
 * @param m - rows of op(A) and C
 * @param n - columns of op(B) and C
 * @param k - columns of op(A) and rows of op(B)
 * @param alpha - a number; NaN is refused
 * @param A - rows of at least m or k elements, lda apart
 * @param lda - distance from a row of A to the next, at least its columns
 * @param B - rows of at least k or n elements, ldb apart
 * @param ldb - distance from a row of B to the next
 * @param beta - a number; NaN is refused
 * @param C - m rows of n elements, ldc apart; what lies between them is left alone
 * @param ldc - distance from a row of C to the next
 * @throws NablaError as {@link gemv}; `ERR_SHAPE` for a distance below the columns; `ERR_OUT_OF_MEMORY` where the packed
 *   matrices find no memory, with C unchanged
 */
export const gemm: Kernels['gemm'] = kernels.gemm;

/**
 * The mean loss of a linear model without intercept over all rows, and its gradient:
 * (1/rows) Σ ℓ(yᵢ, xᵢ·w) and (1/rows) Σ ∂ℓ/∂z xᵢ, in one pass over X.
 *
 * @param loss - `'squared'`: ½(z - y)²
 * @param data - X (rows × cols, row-major) and y (rows, at least one)
 * @param weights - cols elements
 * @param out - cols elements, overwritten with the gradient
 * @returns the mean loss
 * @throws NablaError as {@link gemv}; `ERR_UNKNOWN_OPTION` for a loss that is not known
 */
export const valueAndGradient: Kernels['valueAndGradient'] = kernels.valueAndGradient;
