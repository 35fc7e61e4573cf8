// The matrix products of nabla/kernels. Twin: lib/reference/objective/products.ts.
#pragma once

#include <stddef.h>

#include "../kernels/table.h"

namespace nabla {

void gemv(const Kernels& kernels, const double* A, size_t rows, size_t cols, const double* x, double* out);
void gemvT(const Kernels& kernels, const double* A, size_t rows, size_t cols, const double* x, double* out);
void gram(const Kernels& kernels, const double* A, size_t rows, size_t cols, const double* weights,
          double* out);

}  // namespace nabla
