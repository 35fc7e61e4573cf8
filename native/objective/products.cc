#include "products.h"

#include <algorithm>

#include "blocks.h"
#include "gram.h"

namespace nabla {

void gemv(const Kernels& kernels, const double* A, size_t rows, size_t cols, const double* x, double* out) {
  const Team& team = everyone();
  const unsigned lanes = team.lanes(static_cast<double>(rows) * static_cast<double>(cols));
  const size_t block = rowsPerBlock(cols), step = lanes > 1 ? 8 * block : rows;
  team.each(step > 0 ? (rows + step - 1) / step : 0, lanes, [&](size_t i, unsigned) {
    // Block by block, so that each asks for the next one.
    for (size_t at = i * step, end = std::min(rows, at + step); at < end; at += block) {
      const size_t count = std::min(block, end - at);
      kernels.matvec({A + at * cols, cols, count, nullptr, rows - at - count, true}, x, 0.0, out + at);
    }
  });
}

void gemvT(const Kernels& kernels, const double* A, size_t rows, size_t cols, const double* x, double* out) {
  if (cols == 0) return;  // an empty result may have no memory
  const size_t step = rowsPerBlock(cols);
  if (rows <= step) {  // one block: its partial is the result
    memset(out, 0, cols * sizeof(double));
    return kernels.rmatvec({A, cols, rows, nullptr}, x, out);
  }
  const Team& team = everyone();
  const size_t blocks = (rows + step - 1) / step;
  BlockSum sum(kernels, cols, blocks, team.lanes(static_cast<double>(rows) * static_cast<double>(cols)));
  const double* total = sum.pass(team, blocks, [&](size_t i, unsigned, double* partial) {
    const size_t at = i * step, count = rows - at < step ? rows - at : step;
    kernels.rmatvec({A + at * cols, cols, count, nullptr, rows - at - count, true}, x + at, partial);
  });
  memcpy(out, total, cols * sizeof(double));
}

void gram(const Kernels& kernels, const double* A, size_t rows, size_t cols, const double* weights,
          double* out) {
  Gram(kernels, {A, cols, rows, nullptr}, nullptr, everyone()).evaluate(weights, out);
}

}  // namespace nabla
