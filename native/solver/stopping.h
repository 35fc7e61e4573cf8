// Stopping rules: what ends a fit before its last epoch.
// Twin: lib/reference/solver/stopping.ts.
#pragma once

#include <chrono>
#include <cmath>

#include "../objective/archive.h"
#include "../objective/plan.h"

namespace nabla {

class Stopping {
 public:
  explicit Stopping(const Plan& plan) : plan_(plan), start_(Clock::now()) {}

  // By how much an objective may move still.
  static double toleranceOf(const Plan& plan, double objective) {
    const double size = std::fabs(objective);
    return plan.scalesTolerance && size < 1.0 ? plan.tolerance * size : plan.tolerance;
  }

  // Whether this epoch is the best so far; `loss` is the one that is watched. While the rate `rises`, none is
  // waited for.
  bool improved(double loss, bool rises) {
    const bool better = loss < best_ - plan_.minDelta;
    if (better) best_ = loss;
    waited_ = better ? 0 : waited_ + (rises ? 0 : 1);
    return better;
  }
  // Whether an objective at the weights themselves is the best so far, for restoreBest without a validation.
  bool isBest(double objective) {
    const bool better = objective < least_ - plan_.minDelta;
    if (better) least_ = objective;
    return better;
  }
  bool outOfPatience() const { return plan_.patience > 0 && waited_ >= plan_.patience; }

  bool outOfTime() const { return plan_.maxSeconds > 0.0 && elapsed() >= plan_.maxSeconds; }

  void serialize(Archive& archive) {
    archive.number(best_, Range::notNaN);
    archive.count(waited_);
    archive.number(least_, Range::notNaN);
    // A time is nothing that two runs share; without a limit it is not put away.
    if (plan_.maxSeconds == 0.0) return;
    double spent = elapsed();
    archive.number(spent, Range::size);
    before_ = spent;
    start_ = Clock::now();
  }

 private:
  using Clock = std::chrono::steady_clock;
  double elapsed() const { return before_ + std::chrono::duration<double>(Clock::now() - start_).count(); }

  const Plan& plan_;
  Clock::time_point start_;
  double before_ = 0.0;  // spent before a pause
  double best_ = INFINITY;
  uint64_t waited_ = 0;
  double least_ = INFINITY;  // of what isBest() was asked about
};

}  // namespace nabla
