#include "dual.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "../linalg/cholesky.h"
#include "../objective/gram.h"

namespace nabla {

AlignedBuffer columnsOf(const Kernels& kernels, const Plan& plan, const Table& table, const Scaling& scaling,
                        bool rootWeights, const Team& team) {
  const size_t cols = plan.cols, all = table.count;
  const double *mean = scaling.mean(), *deviation = scaling.deviation();
  AlignedBuffer columns(cols * all);
  constexpr size_t together = 8;  // rows, so that a line of a column is written at once
  Reader reader(kernels, {table.X, cols, all, table.index}, together);
  for (size_t at = 0; at < all && !team.stopped(); at += together) {
    const size_t count = std::min(together, all - at);
    const Rows rows = reader.rows(at, count);
    double root[together];
    for (size_t i = 0; i < count; ++i) {
      const size_t row = table.index ? table.index[at + i] : at + i;
      root[i] = rootWeights && table.sampleWeight ? std::sqrt(table.sampleWeight[row]) : 1.0;
    }
    for (size_t j = 0; j < cols; ++j) {
      double* column = columns.data() + j * all + at;
      for (size_t i = 0; i < count; ++i) column[i] = root[i] * ((rows.row(i)[j] - mean[j]) / deviation[j]);
    }
  }
  return columns;
}

Dual::Dual(const Kernels& kernels, const Plan& plan, const Table& table, const Scaling& scaling,
           const double* D, const Team& team)
    : kernels_(kernels),
      cols_(plan.cols),
      rows_(table.count),
      D_(D),
      columns_(columnsOf(kernels, plan, table, scaling, true, team)),
      L_(table.count * table.count),
      a_(table.count) {
  std::vector<double> inverse(cols_), diagonal(rows_);
  for (size_t j = 0; j < cols_; ++j) inverse[j] = 1.0 / D[j];
  double* L = L_.data();
  Gram(kernels, {columns_.data(), rows_, cols_, nullptr}, nullptr, team).evaluate(inverse.data(), L);
  for (size_t i = 0; i < rows_; ++i) diagonal[i] = L[i * rows_ + i] += 1.0;
  if (factorize(kernels, L, rows_, team) > 0) return;
  leastPivot_ = 1.0;
  for (size_t i = 0; i < rows_; ++i) {
    const double root = L[i * rows_ + i], pivot = (root * root) / diagonal[i];
    if (!(pivot > leastPivot_)) leastPivot_ = pivot;
  }
}

void Dual::solve(double* g) {
  a_.clear();
  for (size_t j = 0; j < cols_; ++j) g[j] /= D_[j];
  kernels_.rmatvec({columns_.data(), rows_, cols_, nullptr}, g, a_.data());
  solveFactorized(kernels_, L_.data(), rows_, a_.data());
  for (size_t j = 0; j < cols_; ++j) g[j] -= kernels_.dot(column(j), a_.data(), rows_) / D_[j];
}

}  // namespace nabla
