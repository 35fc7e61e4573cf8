#include "cholesky.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "alignedbuffer.h"

namespace nabla {

namespace {

// Columns that become those of L at once, and are then taken out of those behind them.
constexpr size_t blockCols = 32;

// The rows below a block of L, transposed, and the same in panels.
struct Below {
  explicit Below(size_t most) : columns(most * blockCols), panels((most + 7) / 8 * 8 * blockCols) {}
  AlignedBuffer columns, panels;
};

// Columns from … to-1 of the rows below become L's; the first `known` of these rows are.
void solveBelow(const Kernels& kernels, double* A, size_t n, size_t from, size_t to, size_t known,
                double* columns) {
  const size_t below = n - to;
  for (size_t j = 0; j < below; ++j)
    for (size_t k = from; k < to; ++k) columns[(k - from) * below + j] = A[(to + j) * n + k];
  for (size_t k = from; k < to; ++k) {
    double* own = columns + (k - from) * below + known;
    const double root = A[k * n + k];
    if (root > 0.0)
      kernels.divide(root, own, below - known);
    else
      std::fill_n(own, below - known, 0.0);
    for (size_t m = k + 1; m < to; ++m)
      kernels.axpy(-A[m * n + k], own, columns + (m - from) * below + known, below - known);
  }
  for (size_t j = known; j < below; ++j)
    for (size_t k = from; k < to; ++k) A[(to + j) * n + k] = columns[(k - from) * below + j];
}

// A -= LLᵀ of these columns in what is behind them, as a Gram matrix takes rows in, but in the first `known`
// rows, whole squares of them.
void takeOut(const Kernels& kernels, double* A, size_t n, size_t from, size_t to, size_t known, Below& room,
             const Team& team) {
  const size_t below = n - to, count = to - from;
  double minus[blockCols];
  std::fill_n(minus, count, -1.0);
  kernels.pack({room.columns.data(), below, count, nullptr}, nullptr, room.panels.data());
  for (size_t top = known; top < below && !team.stopped(); top += gramSide) {
    for (size_t left = 0; left <= top; left += gramSide) {
      const Part part{top, std::min(below, top + gramSide), left, std::min(below, left + gramSide)};
      kernels.gram({room.panels.data(), count, nullptr}, minus, part, A + to * n + to, n);
    }
  }
}

// Rows from … to-1, of which what is before these columns is taken out, become L's. Returns how many are
// aliased.
size_t solveBlock(const Kernels& kernels, double* A, size_t n, size_t from, size_t to, const double* diagonal,
                  double rounding) {
  size_t aliased = 0;
  for (size_t j = from; j < to; ++j) {
    double* row = A + j * n;
    for (size_t k = from; k < j; ++k) {
      const double* other = A + k * n;
      const double rest = row[k] - kernels.dot(row + from, other + from, k - from);
      row[k] = other[k] > 0.0 ? rest / other[k] : 0.0;
    }
    const double pivot = row[j] - kernels.dot(row + from, row + from, j - from);
    const bool own = pivot > rounding * diagonal[j];
    if (!own) ++aliased;
    row[j] = own ? std::sqrt(pivot) : 0.0;
  }
  return aliased;
}

}  // namespace

static_assert(blockCols == gramSide);

size_t rowsKept(size_t rows) { return rows / blockCols * blockCols; }

size_t factorize(const Kernels& kernels, double* A, size_t n, const Team& team, size_t known,
                 double rounding) {
  std::vector<double> diagonal(n);
  for (size_t j = 0; j < n; ++j) diagonal[j] = A[j * n + j];
  Below room(n > blockCols ? n - blockCols : 0);
  size_t aliased = 0;
  for (size_t j = 0; j < known; ++j)
    if (!(diagonal[j] > 0.0)) ++aliased;
  for (size_t from = 0; from < n && !team.stopped(); from += blockCols) {
    const size_t to = std::min(n, from + blockCols), above = known > to ? known - to : 0;
    if (from >= known) aliased += solveBlock(kernels, A, n, from, to, diagonal.data(), rounding);
    if (to == n) break;
    solveBelow(kernels, A, n, from, to, above, room.columns.data());
    takeOut(kernels, A, n, from, to, above, room, team);
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
