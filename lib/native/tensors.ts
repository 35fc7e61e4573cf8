// Tensor kernels of the addon, behind their interface.
import type { Conv2dShape, TensorKernels } from '../backend/tensors.js';

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

/** @internal */
export function nativeTensors(addon: TensorAddon): TensorKernels {
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
