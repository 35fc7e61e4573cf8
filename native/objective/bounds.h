// Bounds on coefficients, in the units of the fit's own columns.
// Twin: lib/reference/objective/bounds.ts.
#pragma once

#include <cmath>

#include "../linalg/alignedbuffer.h"
#include "scaling.h"

namespace nabla {

// The first n weights, within the penalty's bounds; NaN stays NaN.
inline void project(const Penalty& penalty, double* weights, size_t n) {
  for (size_t j = 0; j < n; ++j) {
    if (weights[j] < penalty.lower[j]) weights[j] = penalty.lower[j];
    if (weights[j] > penalty.upper[j]) weights[j] = penalty.upper[j];
  }
}

class Bounds {
 public:
  // `scaling`: null, or weights are those of its columns.
  Bounds(const Plan& plan, const Data& data, const Scaling* scaling)
      : plan_(plan),
        scaling_(scaling),
        own_{0.0, 0.0, nullptr, data.lowerBounds, data.upperBounds},
        lower_(scaling ? plan.coefficients() : 0),
        upper_(lower_.size()) {
    for (size_t i = 0; i < lower_.size(); ++i) {
      // A constant column has the scaled coefficient 0, whatever its own is.
      const double deviation = scaling->deviation()[i % plan.cols];
      lower_.data()[i] = deviation < INFINITY ? data.lowerBounds[i] * deviation : 0.0;
      upper_.data()[i] = deviation < INFINITY ? data.upperBounds[i] * deviation : 0.0;
    }
  }

  // The penalty that a fit works with.
  Penalty penalty(const double* factors) const {
    return {plan_.l1, plan_.l2, factors, scaling_ ? lower_.data() : own_.lower,
            scaling_ ? upper_.data() : own_.upper};
  }

  // Weights of X's own columns within their bounds: a constant column's coefficient, and what rounding has
  // moved; at a bound where the weights `scaled`, that they come from, are (null: not known). The intercept
  // takes up what that changes at the columns' means.
  void projectOriginal(double* weights, const double* scaled) const {
    const size_t cols = plan_.cols;
    for (size_t i = 0; i < plan_.coefficients(); ++i) {
      const double before = weights[i];
      if (scaled && scaling_ && scaling_->deviation()[i % cols] < INFINITY) {
        if (scaled[i] <= lower_.data()[i]) weights[i] = own_.lower[i];
        if (scaled[i] >= upper_.data()[i]) weights[i] = own_.upper[i];
      }
      project({0.0, 0.0, nullptr, own_.lower + i, own_.upper + i}, weights + i, 1);
      if (scaling_ && plan_.intercept && weights[i] != before)
        weights[plan_.coefficients() + i / cols] -= scaling_->mean()[i % cols] * (weights[i] - before);
    }
  }

 private:
  const Plan& plan_;
  const Scaling* scaling_;
  Penalty own_;  // in the units of X's columns
  AlignedBuffer lower_, upper_;
};

}  // namespace nabla
