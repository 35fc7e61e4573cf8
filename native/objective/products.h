// Matrix products of nabla/kernels over blocks of rows: gemv, gemvT and gram.
// Twin: lib/reference/objective/products.ts.
#pragma once

#include <stddef.h>

#include "../kernels/table.h"

namespace nabla {

void gemv(const Kernels& kernels, const double* A, size_t rows, size_t cols, const double* x, double* out);
void gemvT(const Kernels& kernels, const double* A, size_t rows, size_t cols, const double* x, double* out);
void gram(const Kernels& kernels, const double* A, size_t rows, size_t cols, const double* weights,
          double* out);

}  // namespace nabla
