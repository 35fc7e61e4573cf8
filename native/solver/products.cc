#include "products.h"

#include "blocks.h"
#include "gram.h"

namespace nabla {

void gemv(const Kernels& kernels, const double* A, size_t rows, size_t cols, const double* x, double* out) {
  kernels.matvec({A, cols, rows, nullptr}, x, 0.0, out);
}

void gemvT(const Kernels& kernels, const double* A, size_t rows, size_t cols, const double* x, double* out) {
  if (cols == 0) return;  // an empty result may have no memory
  const size_t step = rowsPerBlock(cols);
  if (rows <= step) {  // one block: its partial is the result
    memset(out, 0, cols * sizeof(double));
    return kernels.rmatvec({A, cols, rows, nullptr}, x, out);
  }
  Tree tree(kernels, cols, rows / step + 1);
  for (size_t start = 0; start < rows; start += step) {
    const size_t count = rows - start < step ? rows - start : step;
    kernels.rmatvec({A + start * cols, cols, count, nullptr}, x + start, tree.next());
    tree.push();
  }
  memcpy(out, tree.total(), cols * sizeof(double));
}

void gram(const Kernels& kernels, const double* A, size_t rows, size_t cols, const double* weights,
          double* out) {
  const std::atomic<bool> never{false};
  Gram(kernels, {A, cols, rows, nullptr}, nullptr).evaluate(weights, out, never);
}

}  // namespace nabla
