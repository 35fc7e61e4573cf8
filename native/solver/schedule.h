// The learning rate at a step. Twin: lib/reference/solver/schedule.ts.
#pragma once

#include <float.h>

#include <cmath>

#include "archive.h"
#include "plan.h"

namespace nabla {

constexpr Entry schedules[] = {
    {"constant", "warmup"},
    {"invscaling", "warmup power"},
    {"exponential", "warmup gamma"},
    {"step", "warmup stepSize gamma"},
    {"polynomial", "warmup power minimum"},
    {"cosine", "warmup minimum restart restartFactor"},
    {"onecycle", "warmup start divisor finalDivisor"},
    {"plateau", "warmup factor patience threshold minimum"},
    {"optimal", "warmup alpha"},
};

class Schedule {
 public:
  Schedule(const Kernels& kernels, const Plan& plan, size_t stepsPerEpoch)
      : kernels_(kernels),
        kind_(plan.schedule),
        p_(plan.scheduleParameters),
        initial_(plan.ruleParameters[0]),
        perEpoch_(static_cast<double>(stepsPerEpoch)),
        warmup_(p_[0] * perEpoch_),
        total_(static_cast<double>(plan.epochs) * perEpoch_ - warmup_) {}

  // `step` counts from 1. During the warm-up the rate rises linearly; then the schedule begins.
  double rate(double step) {
    if (kind_ == ScheduleKind::constant && warmup_ == 0.0) return initial_;
    return step <= warmup_ ? initial_ * (step / warmup_) : after(step - std::floor(warmup_));
  }

  // Tells the loss of an epoch, for the schedule that waits for a plateau.
  void epochEnded(double loss) {
    if (kind_ != ScheduleKind::plateau) return;
    if (loss < best_ - p_[3] * std::fabs(best_)) {
      best_ = loss;
      waited_ = 0.0;
    } else if (++waited_ > p_[2]) {
      reduced_ *= p_[1];
      waited_ = 0.0;
    }
  }

  void exchange(Archive& archive) {
    archive.number(best_);
    archive.number(waited_);
    archive.number(cycleStart_);
    archive.number(cycleLength_);
    archive.number(reduced_);
  }

 private:
  // `step` counts from 1 after the warm-up.
  double after(double step) {
    const double done = (step - 1.0) / perEpoch_;  // epochs
    switch (kind_) {
      case ScheduleKind::invscaling:
        return initial_ / kernels_.power(step, p_[1]);
      case ScheduleKind::exponential:
        return initial_ * kernels_.power(p_[1], std::floor(done));
      case ScheduleKind::step:
        return initial_ * kernels_.power(p_[2], std::floor(std::floor(done) / p_[1]));
      case ScheduleKind::polynomial:
        return p_[2] + (initial_ - p_[2]) * kernels_.power(rest(step), p_[1]);
      case ScheduleKind::cosine:
        return between(initial_, p_[1], cycle(step, done));
      case ScheduleKind::onecycle:
        return oneCycle(step - 1.0);
      case ScheduleKind::plateau:
        return std::fmax(initial_ * reduced_, p_[4]);
      case ScheduleKind::optimal: {
        const double typical = std::sqrt(1.0 / std::sqrt(p_[1]));
        return 1.0 / (p_[1] * (1.0 / (typical * p_[1]) + step - 1.0));
      }
      case ScheduleKind::constant:
        break;
    }
    return initial_;
  }

  // How much of the fit is still to come, in (0, 1].
  double rest(double step) const { return std::fmax((total_ - (step - 1.0)) / total_, 1e-300); }

  // Half a cosine from one value to another; x in [0, 1].
  double between(double from, double to, double x) const {
    return to + (from - to) * 0.5 * (1.0 + kernels_.cosPi(x));
  }

  // Where in its cycle a step lies, in [0, 1).
  double cycle(double step, double done) {
    if (p_[2] == 0.0) return 1.0 - rest(step);
    if (p_[3] == 1.0) return done / p_[2] - std::floor(done / p_[2]);
    // Steps only go on, so the cycle is looked for from the last one; none is shorter than a step.
    if (cycleLength_ == 0.0) cycleLength_ = std::fmax(p_[2], 1.0 / perEpoch_);
    while (done - cycleStart_ >= cycleLength_) {
      cycleStart_ += cycleLength_;
      cycleLength_ *= p_[3];
    }
    return (done - cycleStart_) / cycleLength_;
  }

  // Up to η in the first part `start` of the steps, then down; PyTorch's OneCycleLR.
  double oneCycle(double step) const {
    const double low = initial_ / p_[2], lowest = low / p_[3];
    const double peak = p_[1] * total_ - 1.0, last = total_ - 1.0;
    if (step <= peak) return between(low, initial_, peak > 0.0 ? step / peak : 1.0);
    return between(initial_, lowest, std::fmin((step - peak) / (last - peak), 1.0));
  }

  const Kernels& kernels_;
  ScheduleKind kind_;
  const double* p_;
  double initial_;
  double perEpoch_;
  double warmup_;          // steps
  double total_;           // steps after the warm-up
  double best_ = DBL_MAX;  // not infinite, which has no relative threshold
  double waited_ = 0.0;
  double cycleStart_ = 0.0;   // epochs
  double cycleLength_ = 0.0;  // epochs; 0: not begun
  double reduced_ = 1.0;
};

}  // namespace nabla
