// Ops of networks: softmax, softmaxLoss, conv2d and its two transposes.
import type { Conv2dShape } from '../../backend/tensors.js';
import { NablaError, show } from '../../base/errors.js';
import { exp, log } from '../../reference/kernels/elementary.js';
import { sum as sumOf } from '../../reference/kernels/sums.js';
import { allocate } from '../buffers.js';
import { backend } from '../kernels.js';
import { readShape, type Shape, scalarShape, shapeError, showShape, sizeOf } from '../shape.js';
import { made1, made2 } from '../tape.js';
import { type Operand, operand, Rule, Tensor } from '../tensor.js';
import { mul, sub } from './arithmetic.js';
import { sum } from './broadcast.js';
import type { Indices } from './structure.js';

/** e^(z - max) of each row, and its sum. */
function exponentials(
  z: Float64Array,
  classes: number,
): { terms: Float64Array; sums: Float64Array; tops: Float64Array } {
  const rows = classes === 0 ? 0 : z.length / classes;
  const terms = allocate(z.length);
  const [sums, tops] = [allocate(rows), allocate(rows)];
  for (let i = 0; i < rows; i++) {
    const at = i * classes;
    let top = z[at];
    for (let k = 1; k < classes; k++) if (z[at + k] > top) top = z[at + k];
    for (let k = 0; k < classes; k++) terms[at + k] = exp(z[at + k] - top);
    sums[i] = sumOf(terms, at, classes);
    tops[i] = top;
  }
  return { terms, sums, tops };
}

function probabilities({ terms, sums }: ReturnType<typeof exponentials>, classes: number): Float64Array {
  for (let i = 0, at = 0; i < sums.length; i++) for (let k = 0; k < classes; k++, at++) terms[at] /= sums[i];
  return terms;
}

const softmaxRule = new Rule('softmax', [(g, r) => mul(r, sub(g, sum(mul(g, r), -1, { keepDims: true })))]);

/** e^z / Σ e^z over the last axis, the greatest subtracted first. @throws NablaError `ERR_SHAPE`, `ERR_INVALID_ARG_TYPE` */
export function softmax(z: Operand): Tensor {
  const a = operand('softmax', 'z', z);
  const classes = a.shape[a.shape.length - 1];
  if (classes === undefined) throw shapeError('softmax', 'z must have at least one axis; got a scalar');
  return made1(softmaxRule, probabilities(exponentials(a.data, classes), classes), a.shape, a);
}

const softmaxLossRule = new Rule('softmaxLoss', [
  (g, r) => {
    const { shape } = r.a;
    return mul(mul(g, 1 / shape[0]), sub(softmax(r.a), r.detail as Tensor));
  },
]);

/**
 * The mean over rows of ln Σ e^z_k - z_y, the cross-entropy of classes: z is rows × classes.
 *
 * @param labels - the class of each row, whole numbers from 0, which are constant
 * @throws NablaError `ERR_SHAPE`, `ERR_OUT_OF_RANGE` for a label that is no class, `ERR_INVALID_ARG_TYPE`
 */
export function softmaxLoss(z: Operand, labels: Indices): Tensor {
  const a = operand('softmaxLoss', 'z', z);
  if (a.shape.length !== 2 || a.data.length === 0) {
    throw shapeError('softmaxLoss', `z must be rows × classes, and not empty; got shape ${showShape(a.shape)}`);
  }
  const [rows, classes] = a.shape;
  const isTyped = labels instanceof Int32Array || labels instanceof Uint32Array;
  const y = isTyped ? labels : operand('softmaxLoss', 'labels', labels as Operand).data;
  if (y.length !== rows)
    throw shapeError('softmaxLoss', `labels must be one for each of the ${rows} rows; got ${y.length}`);
  const chosen = allocate(rows * classes);
  for (let i = 0; i < rows; i++) {
    if (!(Number.isInteger(y[i]) && y[i] >= 0 && y[i] < classes)) {
      const range = `whole numbers from 0 to ${classes - 1}`;
      throw new NablaError('ERR_OUT_OF_RANGE', `softmaxLoss: labels must be ${range}; got ${show(y[i])} at ${i}`);
    }
    chosen[i * classes + y[i]] = 1;
  }
  const { sums, tops } = exponentials(a.data, classes);
  const losses = allocate(rows);
  for (let i = 0; i < rows; i++) losses[i] = tops[i] + log(sums[i]) - a.data[i * classes + y[i]];
  const value = Float64Array.of(sumOf(losses, 0, rows) / rows);
  return made1(softmaxLossRule, value, scalarShape, a, new Tensor(chosen, a.shape));
}

/** How a kernel moves over an image. */
export interface Conv2dOptions {
  /** Of rows and columns; a number is both. Default 1. */
  strides?: number | readonly [number, number];
  /** `'valid'`: where the kernel lies within; `'same'`: ⌈size/stride⌉ cells, zeros around, the odd one behind. Default `'valid'`. */
  padding?: 'valid' | 'same';
}

const convRule = new Rule('conv2d', [
  (g, r) => convInput(g, r.b, r.detail as Conv2dShape),
  (g, r) => convKernel(r.a, g, r.detail as Conv2dShape),
]);
const inputRule = new Rule('conv2dInput', [
  (g, r) => conv(g, r.b, r.detail as Conv2dShape),
  (g, r) => convKernel(g, r.a, r.detail as Conv2dShape),
]);
const kernelRule = new Rule('conv2dKernel', [
  (g, r) => convInput(r.b, g, r.detail as Conv2dShape),
  (g, r) => conv(r.a, g, r.detail as Conv2dShape),
]);

const inputShape = (s: Conv2dShape): Shape => [s.images, s.rows, s.cols, s.channels];
const kernelShape = (s: Conv2dShape): Shape => [s.kernelRows, s.kernelCols, s.channels, s.filters];
const outputShape = (s: Conv2dShape): Shape => [s.images, s.outRows, s.outCols, s.filters];

function conv(x: Tensor, kernel: Tensor, of: Conv2dShape): Tensor {
  const out = allocate(sizeOf(outputShape(of)));
  backend().tensors.conv2d(of, x.data, kernel.data, out);
  return made2(convRule, out, outputShape(of), x, kernel, of);
}

function convInput(g: Tensor, kernel: Tensor, of: Conv2dShape): Tensor {
  const out = allocate(sizeOf(inputShape(of)));
  backend().tensors.conv2dInput(of, g.data, kernel.data, out);
  return made2(inputRule, out, inputShape(of), g, kernel, of);
}

function convKernel(x: Tensor, g: Tensor, of: Conv2dShape): Tensor {
  const out = allocate(sizeOf(kernelShape(of)));
  backend().tensors.conv2dKernel(of, x.data, g.data, out);
  return made2(kernelRule, out, kernelShape(of), x, g, of);
}

function readStrides(op: string, strides: Conv2dOptions['strides'] = 1): readonly number[] {
  const pair = typeof strides === 'number' ? [strides, strides] : strides;
  const isPair = Array.isArray(pair) && pair.length === 2 && pair.every((step) => Number.isInteger(step) && step >= 1);
  if (isPair) return pair;
  const got = Array.isArray(pair) ? showShape(pair) : show(pair);
  throw new NablaError('ERR_OUT_OF_RANGE', `${op}: strides must be one or two whole numbers from 1; got ${got}`);
}

/** Cells of output along one axis, and zeros in front. */
function outputs(size: number, kernel: number, stride: number, isSame: boolean): { count: number; before: number } {
  if (!isSame) return { count: Math.floor((size - kernel) / stride) + 1, before: 0 };
  const count = Math.ceil(size / stride);
  return { count, before: Math.floor(Math.max(0, (count - 1) * stride + kernel - size) / 2) };
}

function geometry(op: string, x: Shape, kernel: Shape, options: Conv2dOptions): Conv2dShape {
  const both = `x of shape ${showShape(x)} and kernel of shape ${showShape(kernel)}`;
  if (x.length !== 4 || kernel.length !== 4) {
    throw shapeError(op, `${both}: x must be [images, rows, cols, channels], kernel [rows, cols, channels, filters]`);
  }
  const [images, rows, cols, channels] = x;
  const [kernelRows, kernelCols, kernelChannels, filters] = kernel;
  if (channels !== kernelChannels) throw shapeError(op, `${both} have ${channels} and ${kernelChannels} channels`);
  const { padding = 'valid' } = options;
  if (padding !== 'valid' && padding !== 'same') {
    throw new NablaError('ERR_OUT_OF_RANGE', `${op}: padding must be "valid" or "same"; got ${show(padding)}`);
  }
  const [strideRows, strideCols] = readStrides(op, options.strides);
  const down = outputs(rows, kernelRows, strideRows, padding === 'same');
  const across = outputs(cols, kernelCols, strideCols, padding === 'same');
  if (kernelRows < 1 || kernelCols < 1 || down.count < 1 || across.count < 1) {
    throw shapeError(op, `${both}: the kernel must have a cell, and fit into x unless padding is "same"`);
  }
  return {
    images,
    rows,
    cols,
    channels,
    kernelRows,
    kernelCols,
    filters,
    strideRows,
    strideCols,
    padTop: down.before,
    padLeft: across.before,
    outRows: down.count,
    outCols: across.count,
  };
}

/**
 * Two-dimensional convolution (cross-correlation, as Keras): x is images × rows × cols × channels, the kernel rows × cols ×
 * channels × filters.
 *
 * @throws NablaError `ERR_SHAPE`, `ERR_OUT_OF_RANGE`, `ERR_INVALID_ARG_TYPE`
 */
export function conv2d(x: Operand, kernel: Operand, options: Conv2dOptions = {}): Tensor {
  const a = operand('conv2d', 'x', x);
  const w = operand('conv2d', 'kernel', kernel);
  return conv(a, w, geometry('conv2d', a.shape, w.shape, options));
}

function checkOutput(op: string, g: Tensor, of: Conv2dShape): void {
  const shape = outputShape(of);
  if (g.shape.length === 4 && g.shape.every((size, i) => size === shape[i])) return;
  throw shapeError(op, `g must have the shape of the output, ${showShape(shape)}; got ${showShape(g.shape)}`);
}

/**
 * The transpose of {@link conv2d} in x (a "transposed convolution"): from an output to images of `shape`.
 *
 * @throws NablaError as {@link conv2d}
 */
export function conv2dInput(g: Operand, kernel: Operand, shape: Shape, options: Conv2dOptions = {}): Tensor {
  const a = operand('conv2dInput', 'g', g);
  const w = operand('conv2dInput', 'kernel', kernel);
  const of = geometry('conv2dInput', readShape('conv2dInput', shape), w.shape, options);
  checkOutput('conv2dInput', a, of);
  return convInput(a, w, of);
}

/**
 * The transpose of {@link conv2d} in the kernel: from images and an output to a kernel of `shape`.
 *
 * @throws NablaError as {@link conv2d}
 */
export function conv2dKernel(x: Operand, g: Operand, shape: Shape, options: Conv2dOptions = {}): Tensor {
  const a = operand('conv2dKernel', 'x', x);
  const b = operand('conv2dKernel', 'g', g);
  const of = geometry('conv2dKernel', a.shape, readShape('conv2dKernel', shape), options);
  checkOutput('conv2dKernel', b, of);
  return convKernel(a, b, of);
}
