#include "expansion.h"

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
void sampleMean(const Kernels& kernels, size_t cols, const Table& table, double* mean) {
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
  for (size_t at = 0; at < picked; at += step)
    kernels.rmatvec(reader.rows(at, std::min(step, picked - at)), weights.data() + at, mean);
  const double total = kernels.sum(weights.data(), picked);
  if (total > 0.0)
    kernels.divide(total, mean, cols);
  else
    std::fill_n(mean, cols, 0.0);
}

}  // namespace

Expansion::Expansion(const Kernels& kernels, const Plan& plan, const Table& table, const Scaling* scaling,
                     Objective& direct, const double* weights, const Team& team)
    : kernels_(kernels),
      plan_(plan),
      direct_(direct),
      n_(static_cast<double>(table.count)),
      side_(plan.cols + (plan.intercept ? 1 : 0)),
      isMoved_(plan.intercept && !scaling),
      mean_(plan.intercept ? plan.cols : 0),
      G_(side_ * side_),
      diagonal_(side_),
      e_(side_),
      Ge_(side_),
      first_(plan.size()),
      from_(plan.size()),
      slope_(plan.size()) {
  if (isMoved_)
    sampleMean(kernels, plan.cols, table, mean_.data());
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
      direct.evaluateWithGram(plan.intercept ? mean_.data() : nullptr, d, G_.data(), weights, first_.data());
  const double *G = G_.data(), *mean = mean_.data();
  for (size_t j = 0; plan.intercept && j < plan.cols; ++j)
    isFar_ |= mean[j] * mean[j] * G[side_ * side_ - 1] > far * far * G[j * side_ + j];
  const auto deviation = [&](size_t j) {
    if (!scaling || j == plan.cols) return 1.0;
    return scaling->deviation()[j] < smallest ? NAN : scaling->deviation()[j];
  };
  for (size_t j = 0; j < side_; ++j) {
    double* row = G_.data() + j * side_;
    for (size_t k = 0; k < side_; ++k) row[k] /= deviation(j) * deviation(k);
    diagonal_.data()[j] = row[j];
  }
}

void Expansion::exchange(Archive& archive) {
  isFirst_ = false;
  archive.flag(known_);
  if (!known_) return;
  archive.array(from_.data(), from_.size());
  archive.number(value_);
  archive.array(slope_.data(), slope_.size());
}

// From the expansion; infinite where it says too little.
double Expansion::expand(const double* w, double* gradient) {
  double value = value_, terms = value_;
  for (size_t k = 0; k < plan_.outputs; ++k) {
    const auto output = [&](auto* weights) {
      return Output<std::remove_pointer_t<decltype(weights)>>{
          weights + k * plan_.cols, plan_.intercept ? weights + plan_.coefficients() + k : nullptr};
    };
    const double *from = from_.data(), *slope = slope_.data();
    const Expanded sums = kernels_.expand({G_.data(), diagonal_.data(), plan_.cols,
                                           isMoved_ ? mean_.data() : nullptr, output(w), output(from),
                                           output(slope), n_, e_.data(), Ge_.data(), output(gradient)});
    value += sums.linear + 0.5 * sums.square;
    terms += std::fabs(sums.linear) + 0.5 * sums.largest;
  }
  return value >= least * terms ? value : INFINITY;
}

// From the rows, and a new expansion.
double Expansion::begin(const double* w, double* gradient) {
  const size_t cols = plan_.cols, coefficients = plan_.coefficients();
  const double* mean = mean_.data();
  double *from = from_.data(), *slope = slope_.data();
  double value = firstValue_;
  if (isFirst_)
    std::copy_n(first_.data(), plan_.size(), gradient);
  else
    value = direct_.evaluate(direct_.everything(), w, gradient);
  isFirst_ = false;
  std::copy_n(w, plan_.size(), from);
  std::copy_n(gradient, plan_.size(), slope);
  value_ = value;
  known_ = true;
  if (isFar_) {
    // The gradient of columns far from 0 has its digits where the residuals add up to 0.
    for (size_t k = 0; k < plan_.outputs; ++k)
      from[coefficients + k] -= (n_ * gradient[coefficients + k]) / diagonal_.data()[cols];
    value_ = direct_.evaluate(direct_.everything(), from, slope);
  }
  for (size_t i = 0; i < plan_.size(); ++i) slope[i] *= n_;
  for (size_t k = 0; isMoved_ && k < plan_.outputs; ++k)
    for (size_t j = 0; j < cols; ++j) slope[k * cols + j] -= mean[j] * slope[coefficients + k];
  return value;
}

}  // namespace nabla
