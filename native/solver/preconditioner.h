// What L-BFGS takes the Hessian to be before it has seen any: the diagonal that a second derivative of 1
// gives, or, bent, that of the loss at some weights over a sample of rows: one matrix for all outputs, with
// the mean of their second derivatives. Twin: lib/reference/solver/preconditioner.ts.
#pragma once

#include "../objective/penalizedobjective.h"
#include "../objective/scaling.h"

namespace nabla {

class Metric {
 public:
  Metric(const Kernels& kernels, const Plan& plan, const Scaling& scaling, const Smooth& smooth,
         const Team& team);

  // Takes it at the weights, where the loss and the shape allow it. `isPart`: the table is a sample of more
  // rows.
  void bend(const Table& table, bool isPart, const double* weights);
  bool isBent() const { return L_.size() > 0; }
  // d = H⁻¹d
  void divide(double* d);

 private:
  void curve(const Table& table, const double* weights, double* d) const;
  bool measure(const Table& table, bool isPart, const double* d);

  const Kernels& kernels_;
  const Plan& plan_;
  const Scaling& scaling_;
  const Smooth& smooth_;
  const Team& team_;
  size_t side_;  // of the matrix: columns and the intercept
  Doubles diagonal_;
  Doubles L_;    // of no size unless it is bent
  Doubles one_;  // of an output
};

}  // namespace nabla
