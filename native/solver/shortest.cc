#include "shortest.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "../linalg/cholesky.h"
#include "../objective/gram.h"
#include "../objective/objective.h"
#include "completeorthogonal.h"
#include "roundoff.h"

namespace nabla {

namespace {

constexpr double mostWork = 0x1p33;  // multiplications of the triangle: some seconds
constexpr int mostSteps = 8;
constexpr double mostRise = 0x1p-40;  // of the size of the objective

// Whether the objective leaves a choice if columns are collinear.
bool mayChoose(const Plan& plan, const Table& table, const Penalty& penalty) {
  if (isPiecewiseLinear(plan.loss) || plan.l1 != 0.0 || plan.bounded) return false;
  const double rows = static_cast<double>(table.count), cols = static_cast<double>(plan.cols);
  const double work = rows * cols * std::min(rows, cols);
  if (!(work > 0.0 && work <= mostWork)) return false;
  if (!(plan.l2 > 0.0)) return true;
  for (size_t j = 0; penalty.factors && j < plan.cols; ++j)
    if (!(penalty.factors[j] > 0.0)) return true;
  return false;
}

// What the penalty adds to the sum's second derivative; empty: nothing.
std::vector<double> diagonalOf(const Plan& plan, const Table& table, const Penalty& penalty) {
  std::vector<double> diagonal;
  if (!(plan.l2 > 0.0)) return diagonal;
  diagonal.assign(plan.cols, static_cast<double>(table.count) * plan.l2);
  for (size_t j = 0; penalty.factors && j < plan.cols; ++j) diagonal[j] *= penalty.factors[j];
  return diagonal;
}

}  // namespace

// Whether a few of the rows prove the columns independent: twice as many as columns, and some more.
bool areIndependent(const Kernels& kernels, const Plan& plan, const Table& table, const Scaling& scaling,
                    const std::vector<double>& diagonal, const Team& team) {
  const size_t cols = plan.cols, most = 2 * cols + 64;
  if (scaling.isFar() || (table.count <= cols && diagonal.empty())) return false;
  const size_t stride = std::max<size_t>(1, table.count / most);
  const size_t count = stride > 1 ? most : table.count;
  std::vector<uint32_t> index(count);
  std::vector<double> weights(table.sampleWeight ? count : 0);
  for (size_t i = 0; i < count; ++i) {
    const size_t at = i * stride + i % stride;  // rows may have a period
    index[i] = table.index ? table.index[at] : static_cast<uint32_t>(at);
    if (table.sampleWeight) weights[i] = table.sampleWeight[index[i]];
  }
  Gram gram(kernels, {table.X, cols, count, index.data()}, plan.intercept ? scaling.mean() : nullptr, team);
  const size_t side = gram.size();
  AlignedBuffer G(side * side), L(cols * cols);
  gram.evaluate(table.sampleWeight ? weights.data() : nullptr, G.data());
  const double part = static_cast<double>(count) / static_cast<double>(table.count);
  const double* deviation = scaling.deviation();
  std::vector<double> usual(cols);
  for (size_t j = 0; j < cols; ++j) {
    double* row = L.data() + j * cols;
    for (size_t k = 0; k <= j; ++k) row[k] = G.data()[j * side + k] / deviation[j] / deviation[k];
    if (!diagonal.empty()) row[j] += part * diagonal[j];
    if (deviation[j] == INFINITY) row[j] = 1.0;
    const double square = scaling.square()[j] * static_cast<double>(count);
    usual[j] = deviation[j] == INFINITY ? 1.0 : std::max(row[j], square);
  }
  if (factorize(kernels, L.data(), cols, team) > 0) return false;
  for (size_t j = 0; j < cols; ++j) {
    const double root = L.data()[j * cols + j];
    if (!(root * root > independentPivot * usual[j])) return false;
  }
  return true;
}

namespace {

// The part of w in the row space of R, in place: the reflections', and then the shortest steps that give back
// what they take of Rw, where the scales of columns differ by many digits.
void project(const Kernels& kernels, const Triangle& R, Orthogonal& orthogonal, double* w, const Team& team) {
  const size_t cols = R.cols();
  std::vector<double> x(w, w + cols), step(cols), kept, lost(R.rows);
  orthogonal.shorten(x.data());
  double before = INFINITY;
  for (int n = 0; n < mostSteps && !team.stopped(); ++n) {
    std::fill(lost.begin(), lost.end(), 0.0);
    for (size_t j = 0; j < cols; ++j)
      kernels.axpy(w[j] - x[j], R.column(j), lost.data(), std::min(j + 1, R.rows));
    const double length = kernels.nrm2(lost.data(), R.rows);
    if (!(length < before)) {
      x = kept;
      break;
    }
    before = length;
    kept = x;
    for (size_t j = 0; j < cols; ++j)
      step[j] = kernels.dot(R.column(j), lost.data(), std::min(j + 1, R.rows));
    orthogonal.solve(step.data());
    for (size_t j = 0; j < cols; ++j) x[j] += step[j];
  }
  std::copy_n(x.data(), cols, w);
}

}  // namespace

bool shorten(const Kernels& kernels, const Plan& plan, const Table& table, const Scaling& scaling,
             const Penalty& penalty, double* weights, const Team& team) {
  if (!mayChoose(plan, table, penalty)) return false;
  const std::vector<double> diagonal = diagonalOf(plan, table, penalty);
  if (areIndependent(kernels, plan, table, scaling, diagonal, team)) return false;
  const Triangle triangle =
      triangleOf(kernels, plan, table, scaling, diagonal.empty() ? nullptr : diagonal.data(), team);
  const std::vector<double> rounding = roundingOf(kernels, triangle, scaling, table.count, 1.0);
  Orthogonal orthogonal(kernels, triangle, rounding.data(), team);
  size_t varied = 0;
  for (size_t j = 0; j < plan.cols; ++j)
    if (scaling.deviation()[j] < INFINITY) ++varied;
  if (orthogonal.rank() >= varied || team.stopped()) return false;
  std::vector<double> w(weights, weights + plan.size()), shorter(plan.size());
  scaling.fromOriginal(w.data());
  for (size_t k = 0; k < plan.outputs; ++k) project(kernels, triangle, orthogonal, &w[k * plan.cols], team);
  scaling.toOriginal(w.data(), shorter.data());
  // Of the weights to the last bit: large ones of all but collinear columns have a minimum in their rounding.
  Objective objective(kernels, plan, table, nullptr, table.count, team);
  const Batch rows = objective.everything();
  const double n = static_cast<double>(rows.count);
  const double before = objective.evaluate(rows, weights, nullptr) / n;
  const double after = objective.evaluate(rows, shorter.data(), nullptr) / n;
  const Roundoff roundoff(plan, table, scaling);
  const bool isSame =
      after <= before + mostRise * roundoff.size(before, before) || roundoff.isZero(w.data(), after);
  if (!isSame || team.stopped()) return false;
  std::copy_n(shorter.data(), plan.size(), weights);
  return true;
}

}  // namespace nabla
