#include "roundoff.h"

#include <algorithm>
#include <cmath>

namespace nabla {

namespace {

bool hasLogLink(int loss) { return loss == poissonLoss || loss == gammaLoss || loss == tweedieLoss; }

// Near 0.
bool isOfSquares(int loss) {
  return loss == squaredLoss || loss == squaredHingeLoss || loss == huberLoss || loss == modifiedHuberLoss ||
         loss == squaredEpsilonInsensitiveLoss;
}

// Whether tweedie's loss of this power is without its constant (kernels/losses.h), as those of poisson and
// gamma are: near a minimum it may be 0, and says nothing of the size of its terms.
bool isLimit(double power, double of) { return std::fabs(power - of) < 0x1p-10; }

// The mean size of a row's slope, at most, near the minimum; by convexity from the mean loss.
double slopeOf(const Plan& plan, double meanTarget, double meanLoss) {
  const double outputs = static_cast<double>(plan.outputs), parameter = plan.lossParameters[0];
  const double ofSquares = 2.0 * std::sqrt(outputs * meanLoss);
  switch (plan.loss) {
    case logisticLoss:
    case softmaxLoss:
      return std::min(outputs, 2.0 * meanLoss);
    case huberLoss:
      return std::min(ofSquares, outputs * parameter);
    case poissonLoss:
      return 3.0 * meanTarget;
    case gammaLoss:
      return 3.0 * outputs;
    case tweedieLoss:
      if (isLimit(parameter, 1.0)) return 3.0 * meanTarget;
      if (isLimit(parameter, 2.0)) return 3.0 * outputs;
      return (1.0 + parameter * parameter) * meanLoss;
    case tweedieIdentityLoss:
      if (isLimit(parameter, 1.0)) return 3.0 * outputs;
      if (isLimit(parameter, 2.0)) return 3.0 * outputs / meanTarget;
      return (1.0 + parameter * parameter) * meanLoss / meanTarget;
    default:
      return ofSquares;
  }
}

}  // namespace

Roundoff::Roundoff(const Plan& plan, const Table& table, const Scaling& scaling)
    : plan_(plan), reach_(plan.cols) {
  for (size_t j = 0; j < plan.cols; ++j) {
    const double moved = scaling.isFar() ? 0.0 : std::fabs(scaling.mean()[j] / scaling.deviation()[j]);
    reach_.data()[j] = std::sqrt(scaling.square()[j]) + moved;
  }
  if (!needsMeanTarget(plan)) return;
  for (size_t i = 0; i < table.count; ++i) {
    const size_t row = table.index ? table.index[i] : i;
    const double weight = table.sampleWeight ? table.sampleWeight[row] : 1.0;
    for (size_t k = 0; k < plan.targets; ++k) meanTarget_ += weight * table.y[row * plan.targets + k];
  }
  meanTarget_ /= static_cast<double>(table.count);
}

bool Roundoff::needsMeanTarget(const Plan& plan) {
  return plan.loss == poissonLoss || plan.loss == tweedieIdentityLoss ||
         (plan.loss == tweedieLoss && isLimit(plan.lossParameters[0], 1.0));
}

double Roundoff::slopeNoise(const double* weights, double meanLoss) const {
  return 0x1p-50 * largest(weights) * (isOfSquares(plan_.loss) ? 1.0 : slope(meanLoss));
}

bool Roundoff::isSlopeRough() const { return hasLogLink(plan_.loss) || plan_.loss == tweedieIdentityLoss; }

double Roundoff::slope(double meanLoss) const { return slopeOf(plan_, meanTarget_, meanLoss); }

double Roundoff::levelOf(const Plan& plan, double meanTarget, double terms, double value, double meanLoss) {
  return roundings *
         (sizeOf(plan, meanTarget, value, meanLoss) + slopeOf(plan, meanTarget, std::fabs(meanLoss)) * terms);
}

double Roundoff::sizeOf(const Plan& plan, double meanTarget, double value, double meanLoss) {
  const double loss = std::fabs(meanLoss), unit = hasLogLink(plan.loss) ? 1.0 : 0.0;
  return std::fabs(value) + loss + slopeOf(plan, meanTarget, loss) * unit;
}

bool Roundoff::isZeroOf(const Plan& plan, double terms, double value) {
  if (!isOfSquares(plan.loss)) return false;
  const double rounding = 0x1p-46 * terms;
  return value <= rounding * rounding;
}

double Roundoff::level(const double* weights, double value, double meanLoss) const {
  return levelOf(plan_, meanTarget_, largest(weights), value, meanLoss);
}

// The terms of z, of the output where they are largest.
double Roundoff::largest(const double* weights) const {
  const size_t cols = plan_.cols;
  double largest = 0.0;
  for (size_t k = 0; k < plan_.outputs; ++k) {
    double sum = plan_.intercept ? std::fabs(weights[plan_.coefficients() + k]) : 0.0;
    for (size_t j = 0; j < cols; ++j) sum += reach_.data()[j] * std::fabs(weights[k * cols + j]);
    if (sum > largest) largest = sum;
  }
  return largest;
}

}  // namespace nabla
