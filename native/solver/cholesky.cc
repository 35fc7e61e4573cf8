#include "cholesky.h"

#include <cmath>

namespace nabla {

size_t factorize(const Kernels& kernels, double* A, size_t n, const Team& team) {
  const double rounding = static_cast<double>(n) * 0x1p-48;
  size_t aliased = 0;
  for (size_t j = 0; j < n && !team.stopped(); ++j) {
    double* row = A + j * n;
    for (size_t k = 0; k < j; ++k) {
      const double* other = A + k * n;
      row[k] = other[k] > 0.0 ? (row[k] - kernels.dot(row, other, k)) / other[k] : 0.0;
    }
    const double pivot = row[j] - kernels.dot(row, row, j);
    const bool own = pivot > rounding * row[j];
    if (!own) ++aliased;
    row[j] = own ? std::sqrt(pivot) : 0.0;
  }
  return aliased;
}

void solveFactorized(const Kernels& kernels, const double* L, size_t n, double* b) {
  for (size_t j = 0; j < n; ++j) {
    const double* row = L + j * n;
    b[j] = row[j] > 0.0 ? (b[j] - kernels.dot(row, b, j)) / row[j] : 0.0;
  }
  solveTransposed(kernels, L, n, n, b);
}

void solveTransposed(const Kernels& kernels, const double* L, size_t n, size_t count, double* b) {
  for (size_t j = count; j-- > 0;) {
    const double* row = L + j * n;
    if (!(row[j] > 0.0)) continue;
    b[j] /= row[j];
    kernels.axpy(-b[j], row, b, j);
  }
}

}  // namespace nabla
