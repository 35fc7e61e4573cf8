#include "qr.h"

#include <string.h>

#include <algorithm>
#include <cmath>

namespace nabla {

namespace {

constexpr double collinear =
    128.0;  // roundings of a column, 1e-13 of it in all: refinement finds no digits beyond

}  // namespace

Triangle::Triangle(const Kernels& kernels, size_t cols, size_t stride)
    : kernels_(kernels), cols_(cols), stride_(stride), columns_(cols * stride), v_(stride + 1) {
  columns_.clear();
}

void Triangle::reflect(size_t k, size_t first, size_t end) {
  const size_t count = end - first;
  double* own = column(k);
  double* v = v_.data();
  v[0] = own[k];
  memcpy(v + 1, own + first, count * sizeof(double));
  const double norm = kernels_.nrm2(v, 1 + count);
  if (norm == 0.0) return;
  const double reflected = v[0] > 0.0 ? -norm : norm;
  const double tau = (reflected - v[0]) / reflected;
  kernels_.divide(v[0] - reflected, v + 1, count);
  own[k] = reflected;
  for (size_t j = k + 1; j < cols_; ++j) {
    double* other = column(j);
    const double factor = tau * (other[k] + kernels_.dot(v + 1, other + first, count));
    other[k] -= factor;
    kernels_.axpy(-factor, v + 1, other + first, count);
  }
}

Triangle triangleOf(const Kernels& kernels, const Plan& plan, const Table& table, const Scaling& scaling,
                    const double* diagonal, const Team& team) {
  const size_t cols = plan.cols;
  const double* mean = scaling.mean();
  const double* deviation = scaling.deviation();
  Reader reader(kernels, {table.X, cols, table.count, table.index}, 1);
  const size_t most = diagonal || table.count > cols ? cols : table.count;
  Triangle triangle(kernels, cols, most + blockRows);
  if (diagonal) {
    for (size_t j = 0; j < cols; ++j) triangle.column(j)[j] = std::sqrt(diagonal[j]);
    triangle.rows = cols;
  }
  for (size_t start = 0; start < table.count; start += blockRows) {
    const size_t first = triangle.rows;
    const size_t end = first + std::min(blockRows, table.count - start);
    for (size_t i = first; i < end; ++i) {
      if (team.stopped()) return triangle;
      const size_t row = table.index ? table.index[start + i - first] : start + i - first;
      const double root = table.sampleWeight ? std::sqrt(table.sampleWeight[row]) : 1.0;
      const double* x = reader.rows(start + i - first, 1).row(0);
      for (size_t j = 0; j < cols; ++j) triangle.column(j)[i] = root * ((x[j] - mean[j]) / deviation[j]);
    }
    for (size_t k = 0; k < cols && k < end; ++k) {
      if (team.stopped()) return triangle;
      triangle.reflect(k, std::max(k + 1, first), end);
    }
    triangle.rows = std::min(end, cols);
  }
  return triangle;
}

std::vector<double> roundingOf(const Kernels& kernels, const Triangle& triangle, const Scaling& scaling,
                               size_t rows, double cutoff) {
  const size_t cols = triangle.cols();
  const double n = static_cast<double>(rows);
  const double sums = collinear + static_cast<double>(cols) + n / static_cast<double>(blockRows);
  std::vector<double> rounding(cols);
  for (size_t j = 0; j < cols; ++j) {
    const double length = kernels.nrm2(triangle.column(j), std::min(j + 1, triangle.rows));
    const double centred = std::sqrt(n) * std::fabs(scaling.mean()[j] / scaling.deviation()[j]);
    rounding[j] = cutoff * 0x1p-50 * (length * sums + centred);
    if (!(rounding[j] > 0.0)) rounding[j] = 1.0;
  }
  return rounding;
}

}  // namespace nabla
