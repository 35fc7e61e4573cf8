// L-BFGS (Nocedal 1980) with a strong Wolfe search; OWL-QN (Andrew and Gao 2007) with l1 or bounds.
// A fit of many rows starts where a fit of a sample of them ends, preconditioned by the sample's Hessian.
// Twin: lib/reference/solver/lbfgs.ts.
#pragma once

#include "linesearch.h"
#include "method.h"
#include "preconditioner.h"
#include "roundoff.h"
#include "sample.h"

namespace nabla {

class Lbfgs final : public Method {
 public:
  // `weights`: where it starts; changed in place. `isFirst`: it may start where other fits end.
  Lbfgs(const Kernels& kernels, const Plan& plan, const Table& table, const Scaling& scaling,
        PenalizedObjective& smooth, double* weights, const Team& team, bool isFirst = true);

  // One iteration. Returns the objective after it.
  double epoch(uint64_t) override;
  const double* result() const override { return w_; }
  bool mayBeCollinear() const override { return true; }
  // Begins anew where it is: the objective has changed.
  void restart();

  double firstLength = 1.0;  // of a step by the preconditioner alone
  void serialize(Archive& archive) override;

 private:
  void begin();
  double approach();
  void approachByDelta();
  void updateHessian();
  void updatePseudoGradient();
  void twoLoopRecursion();
  double search();
  Status verdict(double length, double predicted);
  Status verdictOfHidden(double predicted);
  bool isStationary();
  double hidden() const;
  double roundoff() const;
  double size() const { return meter_.size(value_, value_ - smooth_.penaltyAt(w_)); }
  double slopeBack() const;
  double backtrack(double t);
  RayPoint at(double t);
  void remember();
  double* s(size_t k) { return s_.data() + k * size_; }
  double* y(size_t k) { return y_.data() + k * size_; }
  // The place in the ring of what is `age` steps old.
  size_t place(size_t age) const { return (next_ + 2 * memory_ - 1 - age) % memory_; }
  double dot(const double* x, const double* y) const { return kernels_.dot(x, y, size_); }

  const Kernels& kernels_;
  const Plan& plan_;
  const Table& table_;
  const Scaling& scaling_;
  PenalizedObjective& smooth_;
  const Team& team_;
  const bool isFirst_;
  Sample sample_;
  Preconditioner preconditioner_;
  const bool isSmooth_;  // the loss
  Roundoff meter_;
  double least_ = INFINITY;  // decrease predicted since rounding hides it
  uint64_t waited_ = 0;      // iterations since it was a quarter of that
  size_t size_;
  size_t memory_;
  bool isOrthantWise_;
  bool stepHistory_;
  double* w_;
  AlignedBuffer hessianPoint_;  // where the preconditioner was taken
  bool bentByAll_ = false;      // over all rows, not the sample
  uint64_t aged_ = 0;           // iterations since
  AlignedBuffer g_;             // of the smooth part
  AlignedBuffer trial_, trialGradient_;
  AlignedBuffer steepest_;  // the shortest subgradient
  AlignedBuffer direction_;
  AlignedBuffer turned_;    // the newest change of the gradient, by the preconditioner
  AlignedBuffer s_, y_;     // steps and changes of the gradient, a ring
  AlignedBuffer products_;  // sᵀy of each
  AlignedBuffer alpha_;
  size_t count_ = 0;
  size_t next_ = 0;
  double value_ = 0.0;
  bool begun_ = false;
};

}  // namespace nabla
