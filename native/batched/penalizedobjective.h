// Penalized objective of a problem batch, in centred columns.
// It follows objective/penalizedobjective.h and objective/scaling.h.
#pragma once

#include "problembatch.h"

namespace nabla {

class BatchedObjective {
 public:
  BatchedObjective(const Kernels& kernels, const Plan& plan, ProblemBatch& problems);

  // Of the columns; 0 without an intercept.
  const double* mean() const { return mean_.data(); }

  // The intercepts of X's own columns become those of the centred ones, in place.
  void fromOriginal(double* weights) const { shift(weights, 1.0); }
  // To original().
  void toOriginal(const double* weights);
  const double* original() const { return original_.data(); }

  // The objective of each problem, and its gradient if it is asked for, at centred weights.
  void evaluate(const double* weights, double* gradient, double* value);
  // The gradient of the mean loss in X's own weights becomes that of the objective in the centred ones.
  void chain(const double* weights, double* gradient) const;
  double factor(size_t i) const { return problems_.penalty().factors ? problems_.penalty().factors[i] : 1.0; }

 private:
  void shift(double* weights, double sign) const;

  const Kernels& kernels_;
  const Plan& plan_;
  ProblemBatch& problems_;
  AlignedBuffer mean_, original_;
};

}  // namespace nabla
