// Tensor kernels of the addon, and the sizes below which JavaScript is faster than a call of it.
import type { Conv2dShape, TensorKernels } from '../backend/tensors.js';
import { isDefaultFloatingPoint } from '../base/floatingpoint.js';
import { binaryOps, type OpName, unaryOps } from '../catalog/ops.js';
import { tensors as reference } from '../reference/tensors.js';

/** Of the addon: a convolution's shape as its numbers, in the order of the interface. */
export interface TensorAddon extends Omit<TensorKernels, 'conv2d' | 'conv2dInput' | 'conv2dKernel'> {
  conv2d(shape: Float64Array, x: Float64Array, kernel: Float64Array, out: Float64Array): void;
  conv2dInput(shape: Float64Array, g: Float64Array, kernel: Float64Array, out: Float64Array): void;
  conv2dKernel(shape: Float64Array, x: Float64Array, g: Float64Array, out: Float64Array): void;
}

const numbersOf = (s: Conv2dShape): Float64Array =>
  Float64Array.of(
    ...[s.images, s.rows, s.cols, s.channels, s.kernelRows, s.kernelCols, s.filters],
    ...[s.strideRows, s.strideCols, s.padTop, s.padLeft, s.outRows, s.outCols],
  );

/** The addon's own, whatever the size. */
export function directTensors(addon: TensorAddon): TensorKernels {
  return {
    unary: addon.unary,
    binary: addon.binary,
    select: addon.select,
    sumAxis: addon.sumAxis,
    extremeAxis: addon.extremeAxis,
    gemm: addon.gemm,
    conv2d: (shape, x, kernel, out) => addon.conv2d(numbersOf(shape), x, kernel, out),
    conv2dInput: (shape, g, kernel, out) => addon.conv2dInput(numbersOf(shape), g, kernel, out),
    conv2dKernel: (shape, x, g, out) => addon.conv2dKernel(numbersOf(shape), x, g, out),
  };
}

/**
 * Elements below which JavaScript is faster, of products multiplications: measured on Zen 4 and Node 20, where a call
 * takes 0.12 µs, of products 0.4 µs. Since both return the same bits, nothing but the time depends on these numbers.
 */
const border = { plain: 88, elementary: 8, pow: 4, select: 128, sumAxis: 96, extremeAxis: 256, gemm: 216, conv: 600 };
const plain: readonly OpName[] = ['neg', 'abs', 'sign', 'sqrt', 'relu'];
const unaryBorder = unaryOps.map((name) => (plain.includes(name) ? border.plain : border.elementary));
const binaryBorder = binaryOps.map((name) => (name === 'pow' ? border.pow : border.plain));

/** The addon's, or the reference's where arrays are short: both have the same bits. */
export function nativeTensors(addon: TensorAddon): TensorKernels {
  const direct = directTensors(addon);
  const chosen = (size: number, least: number): TensorKernels =>
    size < least && isDefaultFloatingPoint() ? reference : direct;
  return {
    unary: (op, x, out) => chosen(out.length, unaryBorder[op]).unary(op, x, out),
    binary: (op, a, aStep, b, bStep, out) => chosen(out.length, binaryBorder[op]).binary(op, a, aStep, b, bStep, out),
    select: (condition, a, aStep, b, bStep, out) =>
      chosen(out.length, border.select).select(condition, a, aStep, b, bStep, out),
    sumAxis: (x, outer, length, inner, out) =>
      chosen(outer * length * inner, border.sumAxis).sumAxis(x, outer, length, inner, out),
    extremeAxis: (least, x, outer, length, inner, out, index) =>
      chosen(outer * length * inner, border.extremeAxis).extremeAxis(least, x, outer, length, inner, out, index),
    gemm: (transA, transB, m, n, k, alpha, A, lda, B, ldb, beta, C, ldc) =>
      chosen(m * n * k, border.gemm).gemm(transA, transB, m, n, k, alpha, A, lda, B, ldb, beta, C, ldc),
    conv2d: (s, x, kernel, out) =>
      chosen(out.length * s.kernelRows * s.kernelCols * s.channels, border.conv).conv2d(s, x, kernel, out),
    conv2dInput: (s, g, kernel, out) =>
      chosen(g.length * s.kernelRows * s.kernelCols * s.channels, border.conv).conv2dInput(s, g, kernel, out),
    conv2dKernel: (s, x, g, out) =>
      chosen(g.length * s.kernelRows * s.kernelCols * s.channels, border.conv).conv2dKernel(s, x, g, out),
  };
}
