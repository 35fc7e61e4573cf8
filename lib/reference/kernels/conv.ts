// Two-dimensional convolution and its two transposes (the law, 7).
// Twin: native/objective/tensors.cc.
import type { Conv2dShape } from '../../backend/tensors.js';
import { Tree } from '../objective/blocks.js';

/** Each output cell: a chain over (kernel row, kernel column, channel). */
export function conv2d(shape: Conv2dShape, x: Float64Array, kernel: Float64Array, out: Float64Array): void {
  const { images, rows, cols, channels, kernelRows, kernelCols, filters, outRows, outCols } = shape;
  out.fill(0);
  for (let image = 0, to = 0; image < images; image++) {
    for (let r = 0; r < outRows; r++) {
      for (let c = 0; c < outCols; c++, to += filters) {
        for (let p = 0; p < kernelRows; p++) {
          const row = r * shape.strideRows - shape.padTop + p;
          if (row < 0 || row >= rows) continue;
          for (let q = 0; q < kernelCols; q++) {
            const col = c * shape.strideCols - shape.padLeft + q;
            if (col < 0 || col >= cols) continue;
            const from = ((image * rows + row) * cols + col) * channels;
            const weights = (p * kernelCols + q) * channels * filters;
            for (let k = 0; k < channels; k++) {
              const value = x[from + k];
              const at = weights + k * filters;
              for (let f = 0; f < filters; f++) out[to + f] += value * kernel[at + f];
            }
          }
        }
      }
    }
  }
}

/** Each cell of x: a chain over (kernel row, kernel column, filter) of the output cells that see it. */
export function conv2dInput(shape: Conv2dShape, g: Float64Array, kernel: Float64Array, out: Float64Array): void {
  const { images, rows, cols, channels, kernelRows, kernelCols, filters, outRows, outCols } = shape;
  for (let image = 0, to = 0; image < images; image++) {
    for (let row = 0; row < rows; row++) {
      for (let col = 0; col < cols; col++) {
        for (let k = 0; k < channels; k++, to++) {
          let chain = 0;
          for (let p = 0; p < kernelRows; p++) {
            const r = (row + shape.padTop - p) / shape.strideRows;
            if (r < 0 || r >= outRows || !Number.isInteger(r)) continue;
            for (let q = 0; q < kernelCols; q++) {
              const c = (col + shape.padLeft - q) / shape.strideCols;
              if (c < 0 || c >= outCols || !Number.isInteger(c)) continue;
              const from = ((image * outRows + r) * outCols + c) * filters;
              const at = ((p * kernelCols + q) * channels + k) * filters;
              for (let f = 0; f < filters; f++) chain += g[from + f] * kernel[at + f];
            }
          }
          out[to] = chain;
        }
      }
    }
  }
}

/** Each weight: of an image a chain over (out row, out column); images go by the tree. */
export function conv2dKernel(shape: Conv2dShape, x: Float64Array, g: Float64Array, out: Float64Array): void {
  const { images, rows, cols, channels, kernelRows, kernelCols, filters, outRows, outCols } = shape;
  const tree = new Tree(out.length);
  for (let image = 0; image < images; image++) {
    const partial = tree.next();
    for (let r = 0; r < outRows; r++) {
      for (let c = 0; c < outCols; c++) {
        const from = ((image * outRows + r) * outCols + c) * filters;
        for (let p = 0; p < kernelRows; p++) {
          const row = r * shape.strideRows - shape.padTop + p;
          if (row < 0 || row >= rows) continue;
          for (let q = 0; q < kernelCols; q++) {
            const col = c * shape.strideCols - shape.padLeft + q;
            if (col < 0 || col >= cols) continue;
            const xAt = ((image * rows + row) * cols + col) * channels;
            for (let k = 0; k < channels; k++) {
              const value = x[xAt + k];
              const at = ((p * kernelCols + q) * channels + k) * filters;
              for (let f = 0; f < filters; f++) partial[at + f] += value * g[from + f];
            }
          }
        }
      }
    }
    tree.push();
  }
  if (images === 0) out.fill(0);
  else out.set(tree.total());
}
