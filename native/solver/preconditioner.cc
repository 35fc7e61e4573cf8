#include "preconditioner.h"

#include "../linalg/cholesky.h"
#include "../objective/gram.h"

namespace nabla {

namespace {

constexpr size_t mostSide = 512;      // of a matrix that is worth its equations
constexpr double ridge = 0x1p-20;     // of a diagonal: what is flat at these weights need not stay flat
constexpr double sampledRidge = 0.1;  // times columns by rows: as far as a sample is to be believed
constexpr double least = 0.25;        // of what a column's square lets one expect

}  // namespace

Preconditioner::Preconditioner(const Kernels& kernels, const Plan& plan, const Scaling& scaling,
                               const PenalizedObjective& smooth, const Team& team)
    : kernels_(kernels),
      plan_(plan),
      scaling_(scaling),
      smooth_(smooth),
      team_(team),
      side_(plan.cols + (plan.intercept ? 1 : 0)),
      diagonal_(plan.size()),
      L_(0),
      one_(side_) {
  for (size_t j = 0; j < plan.size(); ++j)
    diagonal_.data()[j] =
        j < plan.coefficients() ? scaling.square()[j % plan.cols] + plan.l2 * smooth.factor(j) : 1.0;
}

void Preconditioner::updateHessian(const Table& table, bool isPart, const double* weights) {
  const bool isSmooth = !isPiecewiseLinear(plan_.loss) && plan_.l1 == 0.0 && !plan_.bounded;
  if (!isSmooth || side_ > mostSide || table.count < side_) return;
  AlignedBuffer d(plan_.outputs * table.count);
  curve(table, weights, d.data());
  if (!measure(table, isPart, d.data())) L_ = AlignedBuffer(0);
}

// The sum of the outputs' second derivatives, for each row.
void Preconditioner::curve(const Table& table, const double* weights, double* d) const {
  const size_t count = table.count;
  Objective(kernels_, plan_, table, &scaling_, count, team_).curve(weights, nullptr, d);
  const bool isCoupled = plan_.loss == softmaxLoss;
  for (size_t i = 0; i < count; ++i) {
    double sum = 0.0;
    for (size_t k = 0; k < plan_.outputs; ++k) {
      const double c = d[k * count + i];
      sum += isCoupled ? c * (1.0 - c) : c;
    }
    const size_t row = table.index ? table.index[i] : i;
    d[i] = isCoupled && table.sampleWeight ? table.sampleWeight[row] * sum : sum;
  }
}

// The matrix, and its factor. False: it has none.
bool Preconditioner::measure(const Table& table, bool isPart, const double* d) {
  const size_t cols = plan_.cols, count = table.count;
  const double terms = static_cast<double>(count) * static_cast<double>(plan_.outputs);
  const double mean = kernels_.sum(d, count) / terms;
  if (!(mean > 0.0 && mean < INFINITY)) return false;
  const double part =
      isPart ? sampledRidge * (static_cast<double>(side_) / static_cast<double>(count)) : ridge;
  L_ = AlignedBuffer(side_ * side_);
  double* L = L_.data();
  Gram(kernels_, {table.X, cols, count, table.index}, plan_.intercept ? scaling_.mean() : nullptr, team_)
      .evaluate(d, L);
  for (size_t j = 0; j < side_; ++j) {
    double* row = L + j * side_;
    const double scale = j < cols ? scaling_.deviation()[j] : 1.0;
    for (size_t k = 0; k <= j; ++k)
      row[k] = row[k] / terms / scale / (k < cols ? scaling_.deviation()[k] : 1.0);
    // A column that the sample hardly knows is as all rows have it.
    const double usual = j < cols ? mean * scaling_.square()[j] : mean;
    const double own = row[j] >= least * usual ? row[j] : usual;
    row[j] = own + part * own + (j < cols ? plan_.l2 * smooth_.factor(j) : 0.0);
    if (!(row[j] > 0.0 && row[j] < INFINITY)) return false;
  }
  return factorize(kernels_, L, side_, team_) == 0;
}

void Preconditioner::divide(double* d) {
  if (!hasHessian()) {
    const double* diagonal = diagonal_.data();
    const size_t size = diagonal_.size();
    for (size_t j = 0; j < size; ++j) d[j] /= diagonal[j];
    return;
  }
  const size_t cols = plan_.cols;
  double* one = one_.data();
  for (size_t k = 0; k < plan_.outputs && !team_.stopped(); ++k) {
    double* own = d + k * cols;
    double* intercept = d + plan_.coefficients() + k;
    for (size_t j = 0; j < cols; ++j) one[j] = own[j];
    if (plan_.intercept) one[cols] = *intercept;
    solveFactorized(kernels_, L_.data(), side_, one);
    for (size_t j = 0; j < cols; ++j) own[j] = one[j];
    if (plan_.intercept) *intercept = one[cols];
  }
}

}  // namespace nabla
