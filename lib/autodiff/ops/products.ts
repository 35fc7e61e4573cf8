// Products of vectors and matrices: matmul, dot, outer, affine, trace, diagonal.
import { allocate } from '../buffers.js';
import { backend, gemm } from '../kernels.js';
import { broadcastShape, isSameShape, type Shape, scalarShape, shapeError, showShape, sizeOf } from '../shape.js';
import { made2, madeOf } from '../tape.js';
import { type Operand, operand, Rule, type Tensor } from '../tensor.js';
import { mul } from './arithmetic.js';
import { expanded, shaped, sum, sumTo } from './broadcast.js';
import { put, take } from './structure.js';

const dotRule = new Rule('dot', [(g, r) => mul(g, r.b), (g, r) => mul(g, r.a)]);

/** y = op(A) x; detail: whether A is transposed. */
const matvecRule = new Rule('matmul', [
  (g, r) => (r.detail ? outer(r.b, g) : outer(g, r.b)),
  (g, r) => matvec(r.a, g, !r.detail),
]);

/** op(A) op(B) of the last two axes; detail: which are transposed. */
const matmulRule = new Rule('matmul', [
  (g, r) => {
    const [transA, transB] = r.detail as [boolean, boolean];
    return transA ? product(r.b, g, transB, true) : product(g, r.b, false, !transB);
  },
  (g, r) => {
    const [transA, transB] = r.detail as [boolean, boolean];
    return transB ? product(g, r.a, true, transA) : product(r.a, g, !transA, false);
  },
]);

function matvec(A: Tensor, x: Tensor, isTransposed: boolean): Tensor {
  const [rows, cols] = A.shape;
  const out = allocate(isTransposed ? cols : rows);
  if (isTransposed) backend().gemvT(A.data, rows, cols, x.data, out);
  else backend().gemv(A.data, rows, cols, x.data, out);
  return made2(matvecRule, out, [out.length], A, x, isTransposed);
}

/** Both of rank 2 or more, with shapes that fit. */
function product(a: Tensor, b: Tensor, transA: boolean, transB: boolean): Tensor {
  const [m, k] = matrixOf(a.shape, transA);
  const n = matrixOf(b.shape, transB)[1];
  if (a.shape.length === 2 && b.shape.length === 2) {
    const out = allocate(m * n);
    gemm(transA, transB, m, n, k, a.data, b.data, 0, out);
    return made2(matmulRule, out, [m, n], a, b, [transA, transB]);
  }
  const batch = broadcastShape('matmul', a.shape.slice(0, -2), b.shape.slice(0, -2));
  const left = expanded(a, [...batch, ...a.shape.slice(-2)]);
  const right = expanded(b, [...batch, ...b.shape.slice(-2)]);
  const out = allocate(sizeOf(batch) * m * n);
  for (let i = 0; i < sizeOf(batch); i++) {
    const A = left.data.subarray(i * m * k, (i + 1) * m * k);
    const B = right.data.subarray(i * k * n, (i + 1) * k * n);
    gemm(transA, transB, m, n, k, A, B, 0, out.subarray(i * m * n, (i + 1) * m * n));
  }
  return made2(matmulRule, out, [...batch, m, n], left, right, [transA, transB]);
}

function matrixOf(shape: Shape, isTransposed: boolean): [number, number] {
  const [rows, cols] = shape.slice(-2);
  return isTransposed ? [cols, rows] : [rows, cols];
}

/**
 * The matrix product, of the last two axes; those before broadcast. A vector is a row on the left and a column on the right,
 * as NumPy's matmul. An element is one chain over k; with a vector it has the bits of `gemv`, `gemvT` or `dot`.
 *
 * @throws NablaError `ERR_SHAPE`, `ERR_INVALID_ARG_TYPE`
 */
export function matmul(a: Operand, b: Operand): Tensor {
  const x = operand('matmul', 'a', a);
  const y = operand('matmul', 'b', b);
  const [p, q] = [x.shape.length, y.shape.length];
  const both = `a of shape ${showShape(x.shape)} and b of shape ${showShape(y.shape)}`;
  if (p === 0 || q === 0) throw shapeError('matmul', `${both}: a scalar is no matrix; mul multiplies by it`);
  const [k, l] = [x.shape[p - 1], y.shape[Math.max(q - 2, 0)]];
  if (k !== l) throw shapeError('matmul', `${both} do not multiply: ${k} columns against ${l} rows`);
  if (p === 1 && q === 1) {
    const out = allocate(1);
    out[0] = backend().dot(x.data, y.data);
    return made2(dotRule, out, scalarShape, x, y);
  }
  if (p === 2 && q === 1) return matvec(x, y, false);
  if (p === 1 && q === 2) return matvec(y, x, true);
  if (p === 1) {
    const made = product(shaped(x, [1, k]), y, false, false);
    return shaped(made, [...made.shape.slice(0, -2), made.shape[made.shape.length - 1]]);
  }
  if (q === 1) {
    const made = product(x, shaped(y, [l, 1]), false, false);
    return shaped(made, made.shape.slice(0, -1));
  }
  return product(x, y, false, false);
}

/** Σ a b of two vectors; of other shapes as {@link matmul}. @throws NablaError as matmul */
export function dot(a: Operand, b: Operand): Tensor {
  return matmul(a, b);
}

/** The matrix of all a_i b_j of two vectors. @throws NablaError `ERR_SHAPE`, `ERR_INVALID_ARG_TYPE` */
export function outer(a: Operand, b: Operand): Tensor {
  const x = operand('outer', 'a', a);
  const y = operand('outer', 'b', b);
  if (x.shape.length !== 1 || y.shape.length !== 1) {
    const both = `a of shape ${showShape(x.shape)} and b of shape ${showShape(y.shape)}`;
    throw shapeError('outer', `two vectors expected; got ${both}`);
  }
  return mul(shaped(x, [x.data.length, 1]), shaped(y, [1, y.data.length]));
}

const affineRule = new Rule('affine', [
  (g, r) => product(g, r.b, false, true),
  (g, r) => product(r.a, g, true, false),
  (g, r) => sumTo(g, r.more[0].shape),
]);

/**
 * x W + b, a dense layer in one pass: x is rows × inputs (or has more axes in front), W inputs × outputs, b outputs.
 *
 * @throws NablaError `ERR_SHAPE`, `ERR_INVALID_ARG_TYPE`
 */
export function affine(x: Operand, W: Operand, b: Operand): Tensor {
  const a = operand('affine', 'x', x);
  const w = operand('affine', 'W', W);
  const bias = operand('affine', 'b', b);
  const inputs = a.shape[a.shape.length - 1];
  const [k, outputs] = w.shape;
  if (a.shape.length === 0 || w.shape.length !== 2 || inputs !== k || !isSameShape(bias.shape, [outputs])) {
    const got = `x ${showShape(a.shape)}, W ${showShape(w.shape)} and b ${showShape(bias.shape)}`;
    throw shapeError('affine', `x [… , inputs], W [inputs, outputs] and b [outputs] expected; got ${got}`);
  }
  const rows = a.shape.slice(0, -1).reduce((n, size) => n * size, 1);
  const flat = shaped(a, [rows, k]);
  const out = allocate(rows * outputs);
  for (let i = 0; i < rows; i++) out.set(bias.data, i * outputs);
  gemm(false, false, rows, outputs, k, flat.data, w.data, 1, out);
  return shaped(madeOf(affineRule, out, [rows, outputs], [flat, w, bias]), [...a.shape.slice(0, -1), outputs]);
}

/** Positions of a matrix's diagonal. */
function diagonalIndices(op: string, shape: Shape): Int32Array {
  if (shape.length !== 2) throw shapeError(op, `a matrix expected; got shape ${showShape(shape)}`);
  return Int32Array.from({ length: Math.min(...shape) }, (_, i) => i * (shape[1] + 1));
}

/** The diagonal of a matrix; of a vector, the matrix that has it as its diagonal. @throws NablaError `ERR_SHAPE`, `ERR_INVALID_ARG_TYPE` */
export function diagonal(x: Operand): Tensor {
  const a = operand('diagonal', 'x', x);
  const n = a.data.length;
  if (a.shape.length === 1) return put(a, diagonalIndices('diagonal', [n, n]), [n, n]);
  return take(a, diagonalIndices('diagonal', a.shape));
}

/** The sum of a matrix's diagonal. @throws NablaError as {@link diagonal} */
export function trace(x: Operand): Tensor {
  const a = operand('trace', 'x', x);
  return sum(take(a, diagonalIndices('trace', a.shape)));
}
