// Standardized columns without a copy of X: weights are kept for (x - mean)/deviation and turned into those
// of x for each pass. Twin: lib/reference/solver/scaling.ts.
#pragma once

#include "memory.h"
#include "plan.h"

namespace nabla {

class Scaling {
 public:
  // Weighted means and standard deviations of the table's columns. Without an intercept columns are not
  // centred.
  Scaling(const Kernels& kernels, const Plan& plan, const Table& table);

  void toOriginal(const double* scaled, double* original) const;
  // The gradient in x's weights becomes that in the scaled ones, in place.
  void chain(double* gradient) const;

 private:
  const Kernels& kernels_;
  const Plan& plan_;
  Doubles mean_;
  Doubles deviation_;
};

}  // namespace nabla
