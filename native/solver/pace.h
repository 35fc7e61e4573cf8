// Scale of a change of the loss, by the schedule's learning rate, for the stopping rule.
// A rate near 0 changes no loss, wherever the weights are; so a change counts as the largest rate would have
// made it. Twin: lib/reference/solver/pace.ts.
#pragma once

#include <algorithm>
#include <cmath>

#include "../objective/archive.h"

namespace nabla {

class Pace {
 public:
  // Told of each epoch its largest rate, its loss and by how much this has moved. Returns how much it would
  // have moved at the schedule's largest rate, to which the change is in proportion, rounding included;
  // infinite where the rate has only risen so far, or is 0.
  double change(double rate, double largest, double loss, double moved) {
    const double factor = factorOf(rate, largest);
    if (factor == 1.0) return moved;
    return factor < INFINITY ? (moved + rounding * std::fabs(loss)) * factor : INFINITY;
  }

  // Whether the rate has only risen so far, as in a warm-up.
  bool rises() const { return rises_; }

  void serialize(Archive& archive) {
    archive.number(before_, Range::size);
    archive.flag(rises_);
  }

 private:
  static constexpr double rounding = 0x1p-50;  // of a loss

  double factorOf(double rate, double largest) {
    const double lowest = std::min(rate, before_);
    rises_ = rises_ && rate > before_;
    before_ = rate;
    return rises_ || !(lowest > 0.0) ? INFINITY : std::max(largest, rate) / lowest;
  }

  double before_ = 0.0;  // of the epoch before
  bool rises_ = true;
};

}  // namespace nabla
