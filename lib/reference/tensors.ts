// Tensor kernels of the reference.
import type { TensorKernels } from '../backend/tensors.js';
import { extremeAxis, sumAxis } from './kernels/axes.js';
import { conv2d, conv2dInput, conv2dKernel } from './kernels/conv.js';
import { binary, select, unary } from './kernels/elementwise.js';
import { gemm } from './kernels/matmul.js';

export const tensors: TensorKernels = {
  unary,
  binary,
  select,
  sumAxis,
  extremeAxis,
  gemm,
  conv2d,
  conv2dInput,
  conv2dKernel,
};
