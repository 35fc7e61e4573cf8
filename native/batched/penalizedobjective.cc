#include "penalizedobjective.h"

#include <algorithm>

namespace nabla {

SmoothAbreast::SmoothAbreast(const Kernels& kernels, const Plan& plan, EightProblems& problems)
    : kernels_(kernels),
      plan_(plan),
      problems_(problems),
      mean_(abreast * plan.cols),
      original_(abreast * plan.size()) {
  mean_.clear();
  if (!plan.intercept) return;
  double* mean = mean_.data();
  problems.columnSums(mean);
  for (size_t j = 0; j < plan.cols; ++j)
    for (size_t k = 0; k < abreast; ++k) mean[abreast * j + k] /= problems.counts()[k];
}

void SmoothAbreast::shift(double* weights, double sign) const {
  if (!plan_.intercept) return;
  alignas(64) double dots[abreast];
  kernels_.abreast.dot(mean(), weights, plan_.cols, dots);
  double* b = weights + abreast * plan_.cols;
  for (size_t k = 0; k < abreast; ++k) b[k] += sign * dots[k];
}

void SmoothAbreast::toOriginal(const double* weights) {
  std::copy_n(weights, abreast * plan_.size(), original_.data());
  shift(original_.data(), -1.0);
}

void SmoothAbreast::evaluate(const double* weights, double* gradient, double* value) {
  toOriginal(weights);
  problems_.evaluate(original(), gradient);
  alignas(64) double penalty[abreast] = {};
  if (problems_.penalty().active())
    kernels_.abreast.penaltyValue(weights, plan_.cols, problems_.penalty(), penalty);
  for (size_t k = 0; k < abreast; ++k) value[k] = problems_.sum(k) / problems_.counts()[k] + penalty[k];
  if (gradient) chain(weights, gradient);
}

void SmoothAbreast::chain(const double* weights, double* gradient) const {
  const double* b = gradient + abreast * plan_.cols;
  for (size_t j = 0; j < plan_.cols; ++j) {
    double* g = gradient + abreast * j;
    for (size_t k = 0; plan_.intercept && k < abreast; ++k) g[k] -= mean()[abreast * j + k] * b[k];
    for (size_t k = 0; plan_.l2 != 0.0 && k < abreast; ++k)
      g[k] += plan_.l2 * factor(abreast * j + k) * weights[abreast * j + k];
  }
}

}  // namespace nabla
