// Centring of softmax weights: the shortest of all weights that predict the same.
// A value added to the weights of all classes, of a column or of the intercept, changes no probability. Twin:
// lib/reference/objective/centre.ts.
#pragma once

#include <cmath>

#include "plan.h"

namespace nabla {

// Takes off the mean over the classes, in place: of the intercepts, and of columns that nothing penalizes as
// far as bounds allow. Weights and bounds are of X's own columns.
inline void centreClasses(const Plan& plan, const Data& data, double* weights) {
  const size_t cols = plan.cols, classes = plan.outputs;
  const bool isPenalized = plan.l1 != 0.0 || plan.l2 != 0.0;
  const auto mean = [classes](const double* first, size_t stride) {
    double sum = 0.0;
    for (size_t k = 0; k < classes; ++k) sum += first[k * stride];
    return sum / static_cast<double>(classes);
  };
  for (size_t j = 0; j < cols; ++j) {
    if (isPenalized && !(data.penaltyFactors && data.penaltyFactors[j] == 0.0)) continue;
    double common = mean(weights + j, cols), least = -INFINITY, most = INFINITY;
    for (size_t i = j; plan.bounded && i < classes * cols; i += cols) {
      if (weights[i] - data.upperBounds[i] > least) least = weights[i] - data.upperBounds[i];
      if (weights[i] - data.lowerBounds[i] < most) most = weights[i] - data.lowerBounds[i];
    }
    if (common < least) common = least;
    if (common > most) common = most;
    for (size_t k = 0; k < classes; ++k) weights[k * cols + j] -= common;
  }
  if (!plan.intercept) return;
  double* intercepts = weights + plan.coefficients();
  const double common = mean(intercepts, 1);
  for (size_t k = 0; k < classes; ++k) intercepts[k] -= common;
}

}  // namespace nabla
