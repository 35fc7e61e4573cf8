// Newton's method for fewer rows than columns, by as many equations as rows (rowequations.h): of smooth
// losses with l2 alone, whose Hessian is positive definite, so that every step leads down. Twin:
// lib/reference/solver/rownewton.ts.
#pragma once

#include <memory>
#include <vector>

#include "../objective/penalizedobjective.h"
#include "backtracking.h"
#include "method.h"
#include "roundoff.h"
#include "rowequations.h"

namespace nabla {

class RowNewton final : public Method {
 public:
  // `weights`: where it starts; changed in place. `isFirst`: it may start where other fits end.
  RowNewton(const Kernels& kernels, const Plan& plan, const Table& table, const Scaling& scaling,
            Smooth& smooth, double* weights, const Team& team, bool isFirst = true);

  // One iteration. Returns the objective after it.
  double epoch(uint64_t) override;
  const double* result() const override { return w_; }
  bool mayBeCollinear() const override { return true; }
  void exchange(Archive& archive) override;

 private:
  void approach();
  double evaluate(const double* weights, double* gradient);
  // The round-off level of the objective.
  double level() const { return roundoff_.level(w_, value_, meanLoss); }
  void aim();
  double search();

  const Kernels& kernels_;
  const Plan& plan_;
  const Table& table_;
  const Scaling& scaling_;
  Smooth& smooth_;
  const Team& team_;
  const bool isFirst_;
  double* w_;
  LinearMap map_;
  Doubles bend_;                                          // n l2 of each output's coefficients
  std::vector<std::unique_ptr<RowEquations>> equations_;  // of each output
  Doubles factor_;                                        // of one output's equations
  Doubles g_, trial_, trialGradient_, target_;
  Doubles curvature_;  // outputs × rows
  Doubles step_;       // of one output
  Doubles along_;      // what its rows have of it
  Roundoff roundoff_;
  double value_ = 0.0;
  double promised_ = 0.0;  // by how much it falls to the target
  bool begun_ = false;
};

}  // namespace nabla
