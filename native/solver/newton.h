// Proximal Newton method by Cholesky (Lee, Sun and Saunders 2014).
// Each iteration goes to the minimum of a quadratic model of the objective, penalty included, or part of the
// way by backtracking. There is one system of equations for each output, one for all outputs of softmax, of
// the columns in the working set. Where the Hessian is singular, or too small, in a direction in which the
// objective decreases, it is damped (Levenberg 1944, Marquardt 1963). Twin: lib/reference/solver/newton.ts.
#pragma once

#include <memory>
#include <vector>

#include "../objective/gram.h"
#include "../objective/gramobjective.h"
#include "../objective/penalizedobjective.h"
#include "backtracking.h"
#include "method.h"
#include "newtonsystem.h"
#include "roundoff.h"
#include "stopping.h"
#include "workingset.h"

namespace nabla {

// Of a diagonal element, what has to remain when the variables before it are taken out, for the squared
// loss's gradient at the model's minimum to be enough.
constexpr double leastExpandedPivot = 0x1p-20;
// Of the objective before a step of least squares, what has to be left for the gradient to have kept its
// digits.
constexpr double leastRest = 0x1p-10;

class Newton final : public Method {
 public:
  // `weights`: where it starts; changed in place. `known`: where the expansion of the squared loss is kept;
  // null: nowhere. `isFirst`: it may start where other fits end.
  Newton(const Kernels& kernels, const Plan& plan, const Table& table, const Scaling& scaling,
         PenalizedObjective& smooth, double* weights, const Team& team, double* known, bool isFirst = true);

  // One iteration. Returns the objective after it.
  double epoch(uint64_t) override;
  const double* result() const override { return w_; }
  bool mayBeCollinear() const override;
  void serialize(Archive& archive) override;

 private:
  // XᵀDX of the columns that the models are about.
  struct HessianBuilder {
    HessianBuilder(const Kernels& kernels, const Plan& plan, const Table& table, const Scaling& scaling,
                   const WorkingSet& set, const Team& team);

    AlignedBuffer mean;
    Gram gram;
    AlignedBuffer H;
  };

  bool stopped() const { return team_.stopped(); }
  bool isSquared() const { return plan_.loss == squaredLoss; }
  bool isCoupled() const { return plan_.loss == softmaxLoss; }
  bool isExpanded(const double* known) const;
  bool isSparse() const;
  bool descendWeak(bool isOver);
  bool stepWeak(bool isOver);
  void approach();
  double evaluate(const double* weights, double* gradient);
  double penalized(double sum, const double* weights, double* gradient);
  void makeSystems();
  void updateHessian();
  bool isMinimal(double before) const;
  double remaining();
  double promise(const double* weights, const double* gradient);
  double polish(double predictedDecrease);
  void finish(double decreaseLeft);
  // Without l1 and bounds a slope of 0 is all that a minimum needs.
  bool isSmooth() const { return plan_.l1 == 0.0 && !plan_.bounded; }
  bool isSteeper(double part, double noise) const;
  double slopeNoise() const { return roundoff_.slopeNoise(w_, std::fabs(meanLoss)); }
  bool isZero() const { return roundoff_.isZero(w_, value_); }
  double size() const { return roundoff_.size(value_, meanLoss); }
  double decreaseOutsideWorkingSet();
  void countStuck(bool isHidden, double predicted, double left);
  void softmaxHessian(NewtonSystem& system);
  void scatterHessian(NewtonSystem& system, const double* d, size_t k, size_t l);
  double minimizeModel(const double* weights, const double* gradient);
  // The round-off level of the objective.
  double level() const { return roundoff_.level(w_, value_, meanLoss); }
  double step(double& predictedDecrease);
  void dampMore();
  void damp(double damping);
  double unmodelledDecrease();
  bool modelExplainsGradient() const;
  double search(double predictedDecrease);

  const Kernels& kernels_;
  const Plan& plan_;
  const Table& table_;
  const Scaling& scaling_;
  PenalizedObjective& smooth_;
  const Team& team_;
  const bool isFirst_;
  double* w_;
  const bool expands_;  // the squared loss, in place of passes over the rows
  std::unique_ptr<GramObjective> expansion_;
  WorkingSet set_;
  std::unique_ptr<HessianBuilder> bending_;  // of what is not expanded
  std::vector<std::unique_ptr<NewtonSystem>> systems_;
  AlignedBuffer g_;  // of the smooth part
  AlignedBuffer trial_, trialGradient_, modelMinimizer_;
  AlignedBuffer slope_;  // of the models, where they have their minimum
  Roundoff roundoff_;
  AlignedBuffer curvature_;     // outputs × rows
  AlignedBuffer rowCurvature_;  // of one Gram matrix
  double value_ = 0.0;
  double damping_ = 0.0;
  uint64_t stuck_ = 0;       // iterations that lowered neither the objective nor what the models promise
  double least_ = INFINITY;  // promised since they do not lower the objective
  double weakDecrease_ = INFINITY;  // by the last step along directions in which models say nothing
  bool begun_ = false;
  bool isCurrent_ = false;          // the Hessians are those of the weights
  bool isLastStepTrusted_ = false;  // to the target, without an evaluation
};

}  // namespace nabla
