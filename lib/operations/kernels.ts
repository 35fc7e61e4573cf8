// Functions of nabla/kernels on a backend: check the arrays, and serve short ones in JavaScript.

import type { Backend } from '../backend/interface.js';
import { softmaxLoss } from '../backend/plan.js';
import type { TensorKernels } from '../backend/tensors.js';
import { checkApart, checkArray, checkLength, isFloat64Array, overlap } from '../base/arrays.js';
import { invalid, NablaError } from '../base/errors.js';
import { isDefaultFloatingPoint } from '../base/floatingpoint.js';
import { allocate } from '../base/memory.js';
import { losses } from '../catalog/losses.js';
import { colsOf, readSize } from '../input/data.js';
import type { Loss } from '../input/options.js';
import { type Chosen, readChoice } from '../input/read.js';
import { asum, axpy, nrm2, scal } from '../reference/kernels/dense.js';
import { gemm } from '../reference/kernels/matmul.js';
import { sumOfProducts } from '../reference/kernels/sums.js';
import { evaluateBlock } from '../reference/objective/objective.js';
import { gemv, gemvT, gram } from '../reference/objective/products.js';

/** Makes arrays; see `allocate` of nabla/kernels. */
export type Allocate = (n: number) => Float64Array;

/** The vector and matrix kernels; see the functions of the same names. */
export interface Kernels {
  dot(x: Float64Array, y: Float64Array): number;
  axpy(a: number, x: Float64Array, y: Float64Array): void;
  scal(a: number, x: Float64Array): void;
  nrm2(x: Float64Array): number;
  asum(x: Float64Array): number;
  gemv(A: Float64Array, rows: number, cols: number, x: Float64Array, out: Float64Array): void;
  gemvT(A: Float64Array, rows: number, cols: number, x: Float64Array, out: Float64Array): void;
  gram(A: Float64Array, rows: number, cols: number, weights: Float64Array | null, out: Float64Array): void;
  matmul(A: Float64Array, B: Float64Array, m: number, n: number, k: number, out: Float64Array): void;
  gemm: TensorKernels['gemm'];
  valueAndGradient(
    loss: Loss,
    data: { X: Float64Array; y: Float64Array },
    weights: Float64Array,
    out: Float64Array,
  ): number;
}

/**
 * Elements below which JavaScript is faster than a call into native (bench/borders.mjs measures them). Since both
 * return the same bits, nothing but the time depends on these numbers.
 */
const border = {
  ...{ dot: 88, axpy: 88, scal: 92, nrm2: 48, asum: 60, gemv: 84, gemvT: 80, gram: 16, valueAndGradient: 92 },
  /** Of products: multiplications. */
  gemm: 216,
};

/** Whether JavaScript serves so many elements. */
const isShort = (n: number, least: number): boolean => n < least && isDefaultFloatingPoint();

function checkScalar(name: string, value: unknown): void {
  if (typeof value !== 'number') throw invalid('ERR_INVALID_ARG_TYPE', name, 'a number', value);
  if (Number.isNaN(value)) throw invalid('ERR_NOT_FINITE', name, 'a number', value);
}

function checkPair(x: unknown, y: unknown): void {
  checkLength('y', checkArray('y', y), checkArray('x', x).length, 'as many as x');
}

/** x has as many elements as `of` says, and out the other size. */
function checkMatrixVector(
  A: Float64Array,
  rows: number,
  cols: number,
  x: Float64Array,
  out: Float64Array,
  of: 'rows' | 'cols',
): void {
  const height = readSize('rows', rows);
  const width = readSize('cols', cols);
  const [xLength, outLength] = of === 'cols' ? [width, height] : [height, width];
  checkArray('A', A);
  checkArray('x', x);
  checkArray('out', out);
  // Messages are only made where they are needed.
  if (A.length !== height * width) checkLength('A', A, height * width, `${rows} rows × ${cols} cols`);
  if (x.length !== xLength) checkLength('x', x, xLength, of);
  if (out.length !== outLength) checkLength('out', out, outLength, of === 'cols' ? 'rows' : 'cols');
  checkApart('out', out, 'A', A);
  checkApart('out', out, 'x', x);
}

/** A stored matrix of rows × cols, its rows `ld` apart. */
function checkStored(name: string, array: unknown, rows: number, cols: number, ld: number): void {
  const { length } = checkArray(name, array);
  const apart = readSize(`ld${name.toLowerCase()}`, ld);
  if (apart < cols) {
    throw new NablaError(
      'ERR_SHAPE',
      `ld${name.toLowerCase()} must be at least ${cols} (the columns of ${name}); got ${ld}`,
    );
  }
  const least = rows > 0 && cols > 0 ? (rows - 1) * apart + cols : 0;
  if (length < least) {
    const why = `${rows} rows × ${cols} cols, rows ${ld} apart`;
    throw new NablaError('ERR_SHAPE', `${name} must have at least ${least} elements (${why}); got ${length}`);
  }
}

function checkFlag(name: string, value: unknown): void {
  if (typeof value !== 'boolean') throw invalid('ERR_INVALID_ARG_TYPE', name, 'true or false', value);
}

const chosenLosses = new Map<unknown, Chosen>(
  Object.keys(losses).map((name) => [name, readChoice('loss', name, losses)]),
);

export function createAllocate(backend: Backend): Allocate {
  return (n) => {
    const size = readSize('n', n);
    const room = allocate(size + 7);
    // Where an array lies only native code can tell, and only there it matters.
    const start = (8 - backend.misalignment(room) / 8) % 8;
    return room.subarray(start, start + size);
  };
}

/** Checks the arguments of valueAndGradient; returns the shape. */
function checkGradient(
  loss: number,
  X: Float64Array,
  y: Float64Array,
  weights: Float64Array,
  out: Float64Array,
): { cols: number; outputs: number } {
  for (const [name, array] of Object.entries({ X, y, weights, out })) checkArray(name, array);
  const rows = y.length;
  if (rows === 0) throw new NablaError('ERR_SHAPE', 'the mean of no rows has no value; got an empty y');
  const cols = loss === softmaxLoss ? colsOf('X', X, rows, undefined) : weights.length;
  const outputs = loss === softmaxLoss && cols > 0 ? weights.length / cols : 1;
  if (!Number.isInteger(outputs) || outputs < 1) {
    throw new NablaError('ERR_SHAPE', `weights must have a multiple of ${cols} elements; got ${weights.length}`);
  }
  checkLength('X', X, rows * cols, `${rows} rows × ${cols} weights`);
  checkLength('out', out, weights.length, 'as many as weights');
  return { cols, outputs };
}

export function createKernels(backend: Backend): Kernels {
  // The checks that always hold come first and the reference's functions are called by name: what is short takes
  // a few nanoseconds, and so would a message that is not needed or a function looked up.
  return {
    dot(x, y) {
      if (!isFloat64Array(x) || !isFloat64Array(y) || x.length !== y.length || x.length === 0) checkPair(x, y);
      const n = x.length;
      return isShort(n, border.dot) ? sumOfProducts(x, 0, y, 0, n) : backend.dot(x, y);
    },
    axpy(a, x, y) {
      if (typeof a !== 'number' || Number.isNaN(a)) checkScalar('a', a);
      if (!isFloat64Array(x) || !isFloat64Array(y) || x.length !== y.length || x.length === 0) checkPair(x, y);
      if (overlap(y, x)) throw new NablaError('ERR_ALIAS', 'y overlaps x; give it memory of its own, or x itself');
      if (isShort(x.length, border.axpy)) axpy(a, x, y);
      else backend.axpy(a, x, y);
    },
    scal(a, x) {
      if (typeof a !== 'number' || Number.isNaN(a)) checkScalar('a', a);
      checkArray('x', x);
      if (isShort(x.length, border.scal)) scal(a, x);
      else backend.scal(a, x);
    },
    nrm2(x) {
      checkArray('x', x);
      return isShort(x.length, border.nrm2) ? nrm2(x) : backend.nrm2(x);
    },
    asum(x) {
      checkArray('x', x);
      return isShort(x.length, border.asum) ? asum(x) : backend.asum(x);
    },
    gemv(A, rows, cols, x, out) {
      checkMatrixVector(A, rows, cols, x, out, 'cols');
      if (isShort(A.length, border.gemv)) gemv(A, rows, cols, x, out);
      else backend.gemv(A, rows, cols, x, out);
    },
    gemvT(A, rows, cols, x, out) {
      checkMatrixVector(A, rows, cols, x, out, 'rows');
      if (isShort(A.length, border.gemvT)) gemvT(A, rows, cols, x, out);
      else backend.gemvT(A, rows, cols, x, out);
    },
    gram(A, rows, cols, weights, out) {
      const height = readSize('rows', rows);
      const width = readSize('cols', cols);
      checkLength('A', checkArray('A', A), height * width, `${rows} rows × ${cols} cols`);
      if (weights !== null) checkLength('weights', checkArray('weights', weights), height, 'rows');
      checkLength('out', checkArray('out', out), width * width, 'cols × cols');
      checkApart('out', out, 'A', A);
      if (weights !== null) checkApart('out', out, 'weights', weights);
      if (isShort(A.length, border.gram)) gram(A, rows, cols, weights, out);
      else backend.gram(A, rows, cols, weights, out);
    },
    matmul(A, B, m, n, k, out) {
      const [height, width, depth] = [readSize('m', m), readSize('n', n), readSize('k', k)];
      checkLength('A', checkArray('A', A), height * depth, 'm × k');
      checkLength('B', checkArray('B', B), depth * width, 'k × n');
      checkLength('out', checkArray('out', out), height * width, 'm × n');
      checkApart('out', out, 'A', A);
      checkApart('out', out, 'B', B);
      const multiply = isShort(height * width * depth, border.gemm) ? gemm : backend.tensors.gemm;
      multiply(false, false, height, width, depth, 1, A, depth, B, width, 0, out, width);
    },
    gemm(transA, transB, m, n, k, alpha, A, lda, B, ldb, beta, C, ldc) {
      checkFlag('transA', transA);
      checkFlag('transB', transB);
      const [height, width, depth] = [readSize('m', m), readSize('n', n), readSize('k', k)];
      checkScalar('alpha', alpha);
      checkScalar('beta', beta);
      checkStored('A', A, transA ? depth : height, transA ? height : depth, lda);
      checkStored('B', B, transB ? width : depth, transB ? depth : width, ldb);
      checkStored('C', C, height, width, ldc);
      checkApart('C', C, 'A', A);
      checkApart('C', C, 'B', B);
      const multiply = isShort(height * width * depth, border.gemm) ? gemm : backend.tensors.gemm;
      multiply(transA, transB, height, width, depth, alpha, A, lda, B, ldb, beta, C, ldc);
    },
    valueAndGradient(loss, data, weights, out) {
      const { index, parameters } = chosenLosses.get(loss) ?? readChoice('loss', loss, losses);
      if (typeof data !== 'object' || data === null) {
        throw invalid('ERR_INVALID_ARG_TYPE', 'data', 'an object with X and y', data);
      }
      const { X, y } = data;
      const usual =
        isFloat64Array(X) &&
        isFloat64Array(y) &&
        isFloat64Array(weights) &&
        isFloat64Array(out) &&
        X.length > 0 &&
        X.length === y.length * weights.length &&
        out.length === weights.length &&
        index !== softmaxLoss;
      let cols = usual ? weights.length : 0;
      let outputs = 1;
      if (!usual) ({ cols, outputs } = checkGradient(index, X, y, weights, out));
      checkApart('out', out, 'X', X);
      checkApart('out', out, 'y', y);
      checkApart('out', out, 'weights', weights);
      if (usual && isShort(X.length, border.valueAndGradient)) {
        return evaluateBlock(index, parameters, X, y, y.length, cols, weights, out);
      }
      return backend.valueAndGradient(index, parameters, X, y, y.length, cols, outputs, weights, out);
    },
  };
}
