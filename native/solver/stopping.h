// When a fit ends before its last epoch. Twin: lib/reference/solver/stopping.ts.
#pragma once

#include <chrono>
#include <cmath>

#include "plan.h"

namespace nabla {

class Stopping {
 public:
  explicit Stopping(const Plan& plan) : plan_(plan), start_(Clock::now()) {}

  // True when the loss changed by less than the tolerance since the epoch before, or the gradient is that
  // short.
  bool converged(double loss, double gradientNorm) {
    const bool still = std::fabs(loss - previous_) < plan_.tolerance;
    previous_ = loss;
    return still || gradientNorm < plan_.gradientTolerance;
  }

  // Whether this epoch is the best so far; `loss` is the one that is watched.
  bool improved(double loss) {
    const bool better = loss < best_ - plan_.minDelta;
    if (better) best_ = loss;
    waited_ = better ? 0 : waited_ + 1;
    return better;
  }
  bool outOfPatience() const { return plan_.patience > 0 && waited_ >= plan_.patience; }

  bool outOfTime() const {
    return plan_.maxSeconds > 0.0 &&
           std::chrono::duration<double>(Clock::now() - start_).count() >= plan_.maxSeconds;
  }

 private:
  using Clock = std::chrono::steady_clock;
  const Plan& plan_;
  Clock::time_point start_;
  double previous_ = INFINITY;
  double best_ = INFINITY;
  uint64_t waited_ = 0;
};

}  // namespace nabla
