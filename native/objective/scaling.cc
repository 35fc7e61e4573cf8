#include "scaling.h"

#include <algorithm>
#include <cmath>

#include "../data/matrix.h"
#include "blocks.h"

namespace nabla {

namespace {

// Σ over the table's rows, block by block.
class RowSum {
 public:
  RowSum(const Kernels& kernels, const Plan& plan, const Table& table, const Team& team)
      : cols_(plan.cols),
        table_(table),
        team_(team),
        step_(rowsPerBlock(plan.cols)),
        sum_(kernels, plan.cols, table.count / step_ + 1,
             team.lanes(static_cast<double>(table.count) * static_cast<double>(plan.cols))),
        weights_(sum_.lanes() * step_),
        reader_(kernels, {table.X, plan.cols, table.count, table.index}, step_, sum_.lanes()) {}

  // pass(rows, weights of these rows, partial)
  template <class Pass>
  void operator()(double* out, const Pass& pass) {
    const size_t blocks = (table_.count + step_ - 1) / step_;
    const double* total = sum_.pass(team_, blocks, [&](size_t i, unsigned lane, double* partial) {
      if (team_.stopped()) return;
      const size_t at = i * step_, count = table_.count - at < step_ ? table_.count - at : step_;
      double* weights = weights_.data() + lane * step_;
      for (size_t r = 0; r < count; ++r) {
        const size_t row = table_.index ? table_.index[at + r] : at + r;
        weights[r] = table_.sampleWeight ? table_.sampleWeight[row] : 1.0;
      }
      pass(reader_.rows(at, count, lane), weights, partial);
    });
    memcpy(out, total, cols_ * sizeof(double));
  }

 private:
  size_t cols_;
  const Table& table_;
  const Team& team_;
  size_t step_;
  BlockSum sum_;
  AlignedBuffer weights_;
  Reader reader_;
};

}  // namespace

Scaling::Scaling(const Kernels& kernels, const Plan& plan, const Table& table, const Team& team, double* kept)
    : kernels_(kernels), plan_(plan), mean_(plan.cols), deviation_(plan.cols), square_(plan.cols) {
  const bool isKnown = kept && *kept != 0.0;
  if (!isKnown) measure(table, team);
  double* place = kept ? kept + 1 : nullptr;
  for (AlignedBuffer* numbers : {&mean_, &deviation_, &square_}) {
    if (!kept) break;
    if (isKnown)
      std::copy_n(place, plan.cols, numbers->data());
    else
      std::copy_n(numbers->data(), plan.cols, place);
    place += plan.cols;
  }
  if (kept) *kept = 1.0;
  for (size_t j = 0; j < plan.cols; ++j)
    isFar_ |= std::fabs(mean()[j]) > farOfSums * (deviation()[j] * std::sqrt(square()[j]));
}

Rows Scaling::scale(const Rows& rows, double* into) const {
  const size_t cols = rows.cols;
  for (size_t i = 0; i < rows.count; ++i) {
    const double* x = rows.row(i);
    for (size_t j = 0; j < cols; ++j) into[i * cols + j] = (x[j] - mean()[j]) / deviation()[j];
  }
  return {into, cols, rows.count, nullptr};
}

// Of the rows.
void Scaling::measure(const Table& table, const Team& team) {
  const Kernels& kernels = kernels_;
  const Plan& plan = plan_;
  const double n = static_cast<double>(table.count);
  double* mean = mean_.data();
  double* deviation = deviation_.data();
  RowSum sum(kernels, plan, table, team);
  mean_.clear();
  if (plan.intercept || plan.standardize) {  // else a mean is no part of anything
    sum(mean, kernels.rmatvec);
    kernels.divide(n, mean, plan.cols);
  }
  sum(deviation, [&](const Rows& rows, const double* weights, double* partial) {
    kernels.squares(rows, weights, mean, partial);
  });
  for (size_t j = 0; j < plan.cols; ++j) {
    const double variance = deviation[j] / n;
    const double rounding = n * mean[j] * 0x1p-52;
    const bool finite = variance < INFINITY;
    // A constant column, whose variance is what rounding the mean leaves, says nothing that the intercept
    // does not: its coefficient is 0. Without one a column stays as it is; where the sums are not finite the
    // fit is to diverge.
    const bool constant = !(variance > n * 0x1p-52 * variance + rounding * rounding);
    const double scale = plan.standardize ? std::sqrt(variance) : 1.0;
    deviation[j] = !finite ? NAN : !constant ? scale : plan.intercept ? INFINITY : 1.0;
    const double square =
        (plan.intercept ? variance : variance + mean[j] * mean[j]) / (deviation[j] * deviation[j]);
    square_.data()[j] = square > 0.0 && square < INFINITY ? square : 1.0;
    if (!plan.intercept || !finite) mean[j] = 0.0;
  }
}

void Scaling::fromOriginal(double* weights) const {
  const size_t cols = plan_.cols;
  for (size_t k = 0; k < plan_.outputs; ++k) {
    double* w = weights + k * cols;
    if (plan_.intercept) weights[plan_.coefficients() + k] += kernels_.dot(mean(), w, cols);
    for (size_t j = 0; j < cols; ++j) w[j] = deviation()[j] < INFINITY ? w[j] * deviation()[j] : 0.0;
  }
}

void Scaling::toOriginal(const double* scaled, double* original, size_t outputs) const {
  const size_t cols = plan_.cols;
  for (size_t k = 0; k < outputs; ++k) {
    double* w = original + k * cols;
    for (size_t j = 0; j < cols; ++j) w[j] = scaled[k * cols + j] / deviation_.data()[j];
    if (!plan_.intercept) continue;
    const size_t b = outputs * cols + k;
    original[b] = scaled[b] - kernels_.dot(mean_.data(), w, cols);
  }
}

void Scaling::chain(double* gradient, size_t outputs) const {
  const size_t cols = plan_.cols;
  for (size_t k = 0; k < outputs; ++k) {
    double* g = gradient + k * cols;
    const double b = plan_.intercept ? gradient[outputs * cols + k] : 0.0;
    for (size_t j = 0; j < cols; ++j) g[j] = (g[j] - mean_.data()[j] * b) / deviation_.data()[j];
  }
}

}  // namespace nabla
