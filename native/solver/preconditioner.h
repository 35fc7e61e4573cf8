// Initial inverse Hessian of L-BFGS (preconditioner).
// Either the diagonal for a second derivative of 1, or the Hessian of the loss at some weights over a sample
// of rows: one matrix for all outputs, with the mean of their second derivatives. Twin:
// lib/reference/solver/preconditioner.ts.
#pragma once

#include "../objective/penalizedobjective.h"
#include "../objective/scaling.h"

namespace nabla {

class Preconditioner {
 public:
  Preconditioner(const Kernels& kernels, const Plan& plan, const Scaling& scaling,
                 const PenalizedObjective& smooth, const Team& team);

  // Takes it at the weights, where the loss and the shape allow it. `isPart`: the table is a sample of more
  // rows.
  void updateHessian(const Table& table, bool isPart, const double* weights);
  bool hasHessian() const { return L_.size() > 0; }
  // d = H⁻¹d
  void divide(double* d);

 private:
  void curve(const Table& table, const double* weights, double* d) const;
  bool measure(const Table& table, bool isPart, const double* d);

  const Kernels& kernels_;
  const Plan& plan_;
  const Scaling& scaling_;
  const PenalizedObjective& smooth_;
  const Team& team_;
  size_t side_;  // of the matrix: columns and the intercept
  AlignedBuffer diagonal_;
  AlignedBuffer L_;    // of no size unless it is bent
  AlignedBuffer one_;  // of an output
};

}  // namespace nabla
