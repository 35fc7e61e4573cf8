#include "gramobjective.h"

#include <algorithm>
#include <cmath>
#include <type_traits>
#include <vector>

#include "gram.h"

namespace nabla {

namespace {

// Rows whose mean X is moved by: near enough to that of all for G to keep its digits.
constexpr size_t sampled = 1024;

// Squares of smaller columns underflow.
constexpr double smallest = 0x1p-450;

// Weighted means of the columns over rows evenly spaced; 0 where these weigh nothing.
void sampleMean(const Kernels& kernels, size_t cols, const Table& table, const Team& team, double* mean) {
  const size_t picked = std::min(table.count, sampled), stride = table.count / picked;
  std::vector<uint32_t> rows(picked);
  std::vector<double> weights(picked);
  for (size_t i = 0; i < picked; ++i) {
    rows[i] = table.index ? table.index[i * stride] : static_cast<uint32_t>(i * stride);
    weights[i] = table.sampleWeight ? table.sampleWeight[rows[i]] : 1.0;
  }
  std::fill_n(mean, cols, 0.0);
  const size_t step = rowsPerBlock(cols);
  Reader reader(kernels, {table.X, cols, picked, rows.data()}, step);
  for (size_t at = 0; at < picked && !team.stopped(); at += step)
    kernels.rmatvec(reader.rows(at, std::min(step, picked - at)), weights.data() + at, mean);
  const double total = kernels.sum(weights.data(), picked);
  if (total > 0.0)
    kernels.divide(total, mean, cols);
  else
    std::fill_n(mean, cols, 0.0);
}

}  // namespace

GramObjective::GramObjective(const Kernels& kernels, const Plan& plan, const Table& table,
                             const Scaling* scaling, Objective& direct, const double* weights,
                             const Team& team, Units units, double* kept)
    : kernels_(kernels),
      plan_(plan),
      direct_(direct),
      n_(static_cast<double>(table.count)),
      units_(units),
      unit_(units == Units::means ? 1.0 : n_),
      side_(plan.cols + (plan.intercept ? 1 : 0)),
      isMoved_(plan.intercept && !scaling),
      mean_(plan.intercept ? plan.cols : 0),
      own_(kept ? 0 : length(plan)),
      G_(kept ? kept : own_.data()),
      numbers_(G_ + side_ * side_),
      from_(numbers_ + 3),
      slope_(from_ + plan.size()),
      diagonal_(side_),
      e_(side_),
      Ge_(side_),
      first_(plan.size()) {
  if (!kept) std::fill_n(numbers_, 3, 0.0);
  if (!isKnown()) gather(table, scaling, weights, team);
  for (size_t j = 0; j < side_; ++j) diagonal_.data()[j] = G_[j * side_ + j];
}

// G, and along with it the first evaluation.
void GramObjective::gather(const Table& table, const Scaling* scaling, const double* weights,
                           const Team& team) {
  const Kernels& kernels = kernels_;
  const Plan& plan = plan_;
  if (isMoved_)
    sampleMean(kernels, plan.cols, table, team, mean_.data());
  else if (plan.intercept)
    std::copy_n(scaling->mean(), plan.cols, mean_.data());
  std::vector<double> picked;
  const double* d = table.sampleWeight;
  if (table.index && d) {
    picked.resize(table.count);
    for (size_t i = 0; i < table.count; ++i) picked[i] = table.sampleWeight[table.index[i]];
    d = picked.data();
  }
  firstValue_ =
      direct_.evaluateWithGram(plan.intercept ? mean_.data() : nullptr, d, G_, weights, first_.data());
  isFirst_ = true;
  const double* mean = mean_.data();
  for (size_t j = 0; plan.intercept && j < plan.cols; ++j)
    if (mean[j] * mean[j] * G_[side_ * side_ - 1] > far * far * G_[j * side_ + j]) numbers_[2] = 1.0;
  const auto deviation = [&](size_t j) {
    if (!scaling || j == plan.cols) return 1.0;
    const double deviation = scaling->deviation()[j];
    return units_ == Units::sums && deviation < smallest ? NAN : deviation;
  };
  for (size_t j = 0; j < side_ && !team.stopped(); ++j) {
    double* row = G_ + j * side_;
    for (size_t k = 0; k < side_; ++k) row[k] /= deviation(j) * deviation(k);
    if (units_ == Units::means) kernels.divide(n_, row, side_);
  }
}

void GramObjective::serialize(Archive& archive) {
  isFirst_ = false;
  bool isThere = isKnown();
  archive.flag(isThere);
  numbers_[0] = isThere ? 1.0 : 0.0;
  if (!isThere) return;
  archive.array(from_, plan_.size());
  archive.number(value(), Range::any);
  archive.array(slope_, plan_.size(), Range::any);
}

// From the expansion; infinite where it says too little.
double GramObjective::expand(const double* w, double* gradient) {
  double value = this->value(), terms = value;
  for (size_t k = 0; k < plan_.outputs; ++k) {
    const auto output = [&](auto* weights) {
      return Output<std::remove_pointer_t<decltype(weights)>>{
          weights + k * plan_.cols, plan_.intercept ? weights + plan_.coefficients() + k : nullptr};
    };
    const double *from = from_, *slope = slope_;
    const Expanded sums =
        kernels_.expand({G_, diagonal_.data(), plan_.cols, isMoved_ ? mean_.data() : nullptr, output(w),
                         output(from), output(slope), unit_, e_.data(), Ge_.data(), output(gradient)});
    value += (n_ / unit_) * (sums.linear + 0.5 * sums.square);
    terms += (n_ / unit_) * (std::fabs(sums.linear) + 0.5 * sums.largest);
  }
  return value >= least * terms ? value : INFINITY;
}

// From the rows, and a new expansion.
double GramObjective::begin(const double* w, double* gradient) {
  const size_t cols = plan_.cols, coefficients = plan_.coefficients();
  const double* mean = mean_.data();
  double* const from = from_;
  double* const slope = slope_;
  double value = firstValue_;
  if (isFirst_)
    std::copy_n(first_.data(), plan_.size(), gradient);
  else
    value = direct_.evaluate(direct_.everything(), w, gradient);
  isFirst_ = false;
  std::copy_n(w, plan_.size(), from);
  std::copy_n(gradient, plan_.size(), slope);
  numbers_[0] = 1.0;
  this->value() = value;
  if (isFar()) {
    // The gradient of columns far from 0 has its digits where the residuals add up to 0.
    for (size_t k = 0; k < plan_.outputs; ++k)
      from[coefficients + k] -= (unit_ * gradient[coefficients + k]) / diagonal_.data()[cols];
    this->value() = direct_.evaluate(direct_.everything(), from, slope);
  }
  for (size_t i = 0; i < plan_.size(); ++i) slope[i] *= unit_;
  for (size_t k = 0; isMoved_ && k < plan_.outputs; ++k)
    for (size_t j = 0; j < cols; ++j) slope[k * cols + j] -= mean[j] * slope[coefficients + k];
  return value;
}

}  // namespace nabla
