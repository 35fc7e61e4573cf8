// Tensor kernels over whole arrays: threads, blocks and tree, and packing of matrix products.
// Twins: lib/reference/tensors.ts and the kernels that it names.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "../kernels/table.h"

namespace nabla {

void unary(const Kernels& kernels, size_t op, const double* x, double* out, size_t n);
void binary(const Kernels& kernels, size_t op, Operand a, Operand b, double* out, size_t n);
void select(const Kernels& kernels, const double* condition, Operand a, Operand b, double* out, size_t n);

// Over the middle of three axes.
void sumAxis(const Kernels& kernels, const double* x, size_t outer, size_t length, size_t inner, double* out);
void extremeAxis(bool least, const double* x, size_t outer, size_t length, size_t inner, double* out,
                 int32_t* index);

// A matrix whose element (i, j) is at i·row + j·col.
struct Strided {
  const double* x;
  size_t row, col;
};

// C = alpha A B + beta C, A m × k, B k × n, rows of C ldc apart.
void gemm(const Kernels& kernels, size_t m, size_t n, size_t k, double alpha, Strided A, Strided B,
          double beta, double* C, size_t ldc);

// Sizes of a convolution; named as in lib/backend/tensors.ts, in this order. Padding may be negative.
struct ConvShape {
  size_t images, rows, cols, channels, kernelRows, kernelCols, filters, strideRows, strideCols;
  int64_t padTop, padLeft;
  size_t outRows, outCols;
};

void conv2d(const Kernels& kernels, const ConvShape& shape, const double* x, const double* kernel,
            double* out);
void conv2dInput(const Kernels& kernels, const ConvShape& shape, const double* g, const double* kernel,
                 double* out);
void conv2dKernel(const Kernels& kernels, const ConvShape& shape, const double* x, const double* g,
                  double* out);

}  // namespace nabla
