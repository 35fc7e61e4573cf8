// When a fit has converged. Twin: lib/reference/solver/stopping.ts.
#pragma once

#include <cmath>

namespace nabla {

class Stopping {
 public:
  explicit Stopping(double tolerance) : tolerance_(tolerance) {}

  // True when the loss changed by less than the tolerance since the epoch before.
  bool converged(double loss) {
    const bool still = std::fabs(loss - previous_) < tolerance_;
    previous_ = loss;
    return still;
  }

 private:
  double tolerance_;
  double previous_ = INFINITY;
};

}  // namespace nabla
