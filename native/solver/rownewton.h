// Newton's method for fewer rows than columns, with as many equations as rows.
// For smooth losses with l2 alone (solver/rowequations), whose Hessian is positive definite but for the
// intercept, so that every step is a descent direction. Twin: lib/reference/solver/rownewton.ts.
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
            PenalizedObjective& smooth, double* weights, const Team& team, bool isFirst = true);

  // One iteration. Returns the objective after it.
  double epoch(uint64_t) override;
  const double* result() const override { return w_; }
  bool mayBeCollinear() const override { return true; }
  void serialize(Archive& archive) override;

 private:
  void approach();
  double evaluate(const double* weights, double* gradient);
  // The round-off level of the objective.
  double level() const { return roundoff_.level(w_, value_, meanLoss); }
  void minimizeModel();
  double search();

  const Kernels& kernels_;
  const Plan& plan_;
  const Table& table_;
  const Scaling& scaling_;
  PenalizedObjective& smooth_;
  const Team& team_;
  const bool isFirst_;
  double* w_;
  LinearMap map_;
  AlignedBuffer bend_;                                    // n l2 of each output's coefficients
  std::vector<std::unique_ptr<RowEquations>> equations_;  // of each output
  AlignedBuffer factor_;                                  // of one output's equations
  AlignedBuffer g_, trial_, trialGradient_, modelMinimizer_;
  AlignedBuffer curvature_;  // outputs × rows
  AlignedBuffer step_;       // of one output
  AlignedBuffer along_;      // what its rows have of it
  Roundoff roundoff_;
  double value_ = 0.0;
  double predictedDecrease_ = 0.0;  // by how much it falls to the target
  bool begun_ = false;
};

}  // namespace nabla
