#include "penalizedobjective.h"

#include <algorithm>

namespace nabla {

BatchedObjective::BatchedObjective(const Kernels& kernels, const Plan& plan, ProblemBatch& problems)
    : kernels_(kernels),
      plan_(plan),
      problems_(problems),
      mean_(batchWidth * plan.cols),
      original_(batchWidth * plan.size()) {
  mean_.clear();
  if (!plan.intercept) return;
  double* mean = mean_.data();
  problems.columnSums(mean);
  for (size_t j = 0; j < plan.cols; ++j)
    for (size_t k = 0; k < batchWidth; ++k) mean[batchWidth * j + k] /= problems.counts()[k];
}

void BatchedObjective::shift(double* weights, double sign) const {
  if (!plan_.intercept) return;
  alignas(64) double dots[batchWidth];
  kernels_.batched.dot(mean(), weights, plan_.cols, dots);
  double* b = weights + batchWidth * plan_.cols;
  for (size_t k = 0; k < batchWidth; ++k) b[k] += sign * dots[k];
}

void BatchedObjective::toOriginal(const double* weights) {
  std::copy_n(weights, batchWidth * plan_.size(), original_.data());
  shift(original_.data(), -1.0);
}

void BatchedObjective::evaluate(const double* weights, double* gradient, double* value) {
  toOriginal(weights);
  problems_.evaluate(original(), gradient);
  alignas(64) double penalty[batchWidth] = {};
  if (problems_.penalty().active())
    kernels_.batched.penaltyValue(weights, plan_.cols, problems_.penalty(), penalty);
  for (size_t k = 0; k < batchWidth; ++k) value[k] = problems_.sum(k) / problems_.counts()[k] + penalty[k];
  if (gradient) chain(weights, gradient);
}

void BatchedObjective::chain(const double* weights, double* gradient) const {
  const double* b = gradient + batchWidth * plan_.cols;
  for (size_t j = 0; j < plan_.cols; ++j) {
    double* g = gradient + batchWidth * j;
    for (size_t k = 0; plan_.intercept && k < batchWidth; ++k) g[k] -= mean()[batchWidth * j + k] * b[k];
    for (size_t k = 0; plan_.l2 != 0.0 && k < batchWidth; ++k)
      g[k] += plan_.l2 * factor(batchWidth * j + k) * weights[batchWidth * j + k];
  }
}

}  // namespace nabla
