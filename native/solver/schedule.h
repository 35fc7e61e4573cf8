// Schedule: the learning rate at a step, with warm-up and continuation over successive fits.
// Twin: lib/reference/solver/schedule.ts.
#pragma once

#include <cmath>

#include "../objective/archive.h"
#include "../objective/plan.h"
#include "curve.h"

namespace nabla {

class Schedule {
 public:
  Schedule(const Kernels& kernels, const Plan& plan, size_t stepsPerEpoch)
      : kind_(plan.schedule),
        initial_(plan.ruleParameters[0]),
        epochs_(static_cast<double>(plan.epochs)),
        perEpoch_(static_cast<double>(stepsPerEpoch)),
        warmup_(plan.scheduleParameters[0] * perEpoch_),
        curve_(kernels, kind_, plan.scheduleParameters, plan.scheduleList.data(), plan.scheduleList.size(),
               initial_, perEpoch_),
        largest_(curve_.largest()) {}

  // `step` counts from 1. During the warm-up the rate rises linearly; then the schedule begins.
  double rate(double step) {
    if (kind_ == ScheduleKind::constant && warmup_ == 0.0) return initial_;
    const double here = step - begun_;
    // Epochs of other lengths may be a fraction off, by rounding, and in a file they may be anything.
    const double steps = std::fmax(otherEpochs_ * perEpoch_ + alike_ + here, 1.0);
    if (steps <= warmup_) return initial_ * (steps / warmup_);
    const double left = warmupLeft(), own = here - std::floor(left);
    const double done = std::fmax((steps - std::floor(warmup_) - 1.0) / perEpoch_, 0.0);
    return curve_.rate(counted_ + own, own, epochs_ * perEpoch_ - left, done);
  }

  // The largest rate that it has, all told.
  double largest() const { return largest_; }
  void epochEnded(double loss) { curve_.epochEnded(loss); }

  // What goes on in the next fit, after so many steps; another schedule begins anew.
  void carry(Archive& archive, double steps) {
    double kind = static_cast<double>(kind_), perEpoch = perEpoch_;
    const double here = steps - begun_, since = here - std::floor(warmupLeft());
    double counted = counted_ + std::fmax(since, 0.0), otherEpochs = otherEpochs_, alike = alike_ + here;
    size_t length = curve_.stateLength();
    archive.count(kind, std::size(schedules) - 1);
    for (double* value : {&counted, &otherEpochs, &alike, &perEpoch}) archive.number(*value, Range::size);
    const double most = static_cast<double>(mostCounted);
    archive.require(perEpoch >= 1.0 && counted <= most && otherEpochs <= most && alike <= most);
    archive.count(length, archive.left());
    const bool isSame = kind == static_cast<double>(kind_);
    if (isSame && length == curve_.stateLength()) {
      curve_.serialize(archive);
    } else {
      double left = 0.0;
      for (size_t i = 0; i < length; ++i) archive.number(left, Range::any);
    }
    if (!archive.isRead()) return;
    begun_ = steps;
    if (!isSame) return;
    const bool isAlike = perEpoch == perEpoch_;
    counted_ = counted;
    otherEpochs_ = isAlike ? otherEpochs : otherEpochs + alike / perEpoch;
    alike_ = isAlike ? alike : 0.0;
  }

  void serialize(Archive& archive) { curve_.serialize(archive); }

 private:
  // Steps of the warm-up that are left when this fit begins.
  double warmupLeft() const { return std::fmax(warmup_ - (otherEpochs_ * perEpoch_ + alike_), 0.0); }

  ScheduleKind kind_;
  double initial_;
  double epochs_;
  double perEpoch_;
  double warmup_;  // steps
  Curve curve_;
  double largest_;
  // Where this fit takes over: steps before it; how many of them since the warm-up; epochs of other lengths,
  // and steps of epochs of this one's.
  double begun_ = 0.0;
  double counted_ = 0.0;
  double otherEpochs_ = 0.0;
  double alike_ = 0.0;
};

}  // namespace nabla
