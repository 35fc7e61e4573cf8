#include "combinations.h"

#include <algorithm>
#include <cmath>

#include "../linalg/cholesky.h"
#include "../linalg/coordinatedescent.h"
#include "../objective/gram.h"
#include "philox.h"
#include "shortest.h"

namespace nabla {

namespace {

constexpr size_t mostColumns = 256;          // whose Gram matrix costs little beside a fit
constexpr uint32_t pairStream = 0x70616972;  // of the draws
constexpr double nearest = 0x1p-45;  // of a column's random combination, a difference that rounding makes
constexpr double nearby = 0x1p-18;   // and one of columns that are nearly equal
constexpr size_t mostBeside = 4;     // columns that one is compared with
constexpr size_t mostFound = 32;     // combinations, each of which costs passes over the rows

// From the Gram matrix: one of each column that all but depends on those before it.
std::vector<std::vector<double>> byGram(const Kernels& kernels, const Plan& plan, const Table& table,
                                        const Scaling& scaling, const Team& team) {
  const size_t cols = plan.cols;
  const double* deviation = scaling.deviation();
  Gram gram(kernels, {table.X, cols, table.count, table.index}, plan.intercept ? scaling.mean() : nullptr,
            team);
  const size_t side = gram.size();
  AlignedBuffer G(side * side), F(cols * cols);
  gram.evaluate(nullptr, G.data());
  for (size_t j = 0; j < cols; ++j) {
    for (size_t k = 0; k < cols; ++k)
      F.data()[j * cols + k] = G.data()[j * side + k] / deviation[j] / deviation[k];
  }
  const std::vector<double> whole(F.data(), F.data() + cols * cols);
  std::vector<std::vector<double>> found;
  if (factorize(kernels, F.data(), cols, team, 0, weakPivot) == 0) return found;
  for (size_t j = 0; j < cols && found.size() < mostFound && !team.stopped(); ++j) {
    if (F.data()[j * cols + j] > 0.0 || !(whole[j * cols + j] > 0.0)) continue;
    std::vector<double> u(cols);
    for (size_t k = 0; k < cols; ++k) u[k] = -whole[j * cols + k];
    solveFactorized(kernels, F.data(), cols, u.data());
    u[j] = 1.0;
    found.push_back(std::move(u));
  }
  return found;
}

// Pairs whose random combinations of the rows are next to each other.
std::vector<std::vector<double>> pairs(const Plan& plan, const Table& table, const Scaling& scaling,
                                       ScaledRows& rows) {
  const size_t cols = plan.cols;
  const double *square = scaling.square(), *deviation = scaling.deviation();
  Philox draws(0, pairStream);
  std::vector<double> sums[2], r(table.count);
  for (size_t epoch = 0; epoch < 2; ++epoch) {
    draws.setEpoch(epoch);
    for (size_t i = 0; i < r.size(); ++i)
      r[i] = static_cast<double>(draws.below(0x80000000u, i)) * 0x1p-30 - 1.0;
    sums[epoch].assign(cols, 0.0);
    rows.gather(r.data(), sums[epoch].data());
    for (size_t j = 0; j < cols; ++j)
      sums[epoch][j] /= std::sqrt(square[j] * static_cast<double>(table.count));
  }
  const std::vector<double>&one = sums[0], &other = sums[1];
  std::vector<size_t> order(cols);
  for (size_t j = 0; j < cols; ++j) order[j] = j;
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    const double x = std::fabs(one[a]), y = std::fabs(one[b]);
    return x == y ? a < b : x < y;
  });
  std::vector<std::vector<double>> found;
  for (size_t i = 0; i < cols && found.size() < mostFound; ++i) {
    const size_t a = order[i];
    if (!(deviation[a] < INFINITY)) continue;
    for (size_t next = i + 1; next < cols && next <= i + mostBeside; ++next) {
      const size_t b = order[next];
      const double sign = one[a] * one[b] < 0.0 ? -1.0 : 1.0;
      const double off = std::fabs(one[b] - sign * one[a]), also = std::fabs(other[b] - sign * other[a]);
      if (!(off <= nearby)) break;
      const double rounding = nearest * (std::fabs(one[b]) + std::fabs(other[b]));
      if (!(also <= nearby) || off + also <= rounding || !(deviation[b] < INFINITY)) continue;
      std::vector<double> u(cols);
      u[a] = -sign * std::sqrt(square[b] / square[a]);
      u[b] = 1.0;
      found.push_back(std::move(u));
    }
  }
  return found;
}

}  // namespace

ScaledRows::ScaledRows(const Kernels& kernels, const Plan& plan, const Table& table, const Scaling& scaling,
                       const Team& team)
    : kernels_(kernels),
      scaling_(scaling),
      team_(team),
      count_(table.count),
      length_(rowsPerBlock(plan.cols)),
      reader_(kernels, {table.X, plan.cols, table.count, table.index}, length_),
      room_(length_ * plan.cols) {}

template <class Visit>
void ScaledRows::each(const Visit& visit) {
  for (size_t start = 0; start < count_ && !team_.stopped(); start += length_)
    visit(scaling_.scale(reader_.rows(start, std::min(length_, count_ - start)), room_.data()), start);
}

void ScaledRows::products(const double* u, double intercept, double* z) {
  each([&](const Rows& rows, size_t start) { kernels_.matvec(rows, u, intercept, z + start); });
}

void ScaledRows::gather(const double* r, double* sums) {
  each([&](const Rows& rows, size_t start) { kernels_.rmatvec(rows, r + start, sums); });
}

std::vector<std::vector<double>> weakCombinations(const Kernels& kernels, const Plan& plan,
                                                  const Table& table, const Scaling& scaling,
                                                  ScaledRows& rows, const Team& team) {
  if (plan.cols < 2) return {};
  if (plan.cols > mostColumns || table.count <= plan.cols) return pairs(plan, table, scaling, rows);
  if (areIndependent(kernels, plan, table, scaling, {}, team)) return {};
  return byGram(kernels, plan, table, scaling, team);
}

}  // namespace nabla
