// The learning rate at a step. Twin: lib/reference/solver/schedule.ts.
#pragma once

#include <float.h>

#include <cmath>
#include <iterator>

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
        epochs_(static_cast<double>(plan.epochs)),
        perEpoch_(static_cast<double>(stepsPerEpoch)),
        warmup_(p_[0] * perEpoch_) {}

  // `step` counts from 1. During the warm-up the rate rises linearly; then the schedule begins.
  double rate(double step) {
    if (kind_ == ScheduleKind::constant && warmup_ == 0.0) return initial_;
    const double here = step - begun_;
    const double steps = otherEpochs_ * perEpoch_ + alike_ + here;
    if (steps <= warmup_) return initial_ * (steps / warmup_);
    const double left = warmupLeft(), own = here - std::floor(left);
    total_ = epochs_ * perEpoch_ - left;
    return after(counted_ + own, own, (steps - std::floor(warmup_) - 1.0) / perEpoch_);
  }

  // The largest rate that it has, all told.
  double largest() const {
    switch (kind_) {
      case ScheduleKind::polynomial:
        return std::fmax(initial_, p_[2]);
      case ScheduleKind::cosine:
        return std::fmax(initial_, p_[1]);
      case ScheduleKind::plateau:
        return std::fmax(initial_, p_[4]);
      case ScheduleKind::optimal:
        return typicalWeight();
      default:
        return initial_;
    }
  }

  // What goes on in the next fit, after so many steps; another schedule begins anew.
  void carry(Archive& archive, double steps) {
    double kind = static_cast<double>(kind_), perEpoch = perEpoch_;
    const double here = steps - begun_, since = here - std::floor(warmupLeft());
    double counted = counted_ + std::fmax(since, 0.0), otherEpochs = otherEpochs_, alike = alike_ + here;
    for (double* value : {&kind, &counted, &otherEpochs, &alike, &perEpoch}) archive.number(*value);
    double state[] = {best_, waited_, cycleStart_, cycleLength_, reduced_};
    archive.array(state, std::size(state));
    if (!archive.isRead()) return;
    begun_ = steps;
    if (kind != static_cast<double>(kind_)) return;
    const bool isAlike = perEpoch == perEpoch_;
    counted_ = counted;
    otherEpochs_ = isAlike ? otherEpochs : otherEpochs + alike / perEpoch;
    alike_ = isAlike ? alike : 0.0;
    best_ = state[0];
    waited_ = state[1];
    cycleStart_ = state[2];
    cycleLength_ = state[3];
    reduced_ = state[4];
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
  // Steps of the warm-up that are left when this fit begins.
  double warmupLeft() const { return std::fmax(warmup_ - (otherEpochs_ * perEpoch_ + alike_), 0.0); }

  // Since the warm-up: `step` counts from 1 over all fits that go on from each other, `own` in this fit;
  // `done` are epochs.
  double after(double step, double own, double done) {
    switch (kind_) {
      case ScheduleKind::invscaling:
        return initial_ / kernels_.power(step, p_[1]);
      case ScheduleKind::exponential:
        return initial_ * kernels_.power(p_[1], std::floor(done));
      case ScheduleKind::step:
        return initial_ * kernels_.power(p_[2], std::floor(std::floor(done) / p_[1]));
      case ScheduleKind::polynomial:
        return p_[2] + (initial_ - p_[2]) * kernels_.power(rest(own), p_[1]);
      case ScheduleKind::cosine:
        return between(initial_, p_[1], cycle(own, done));
      case ScheduleKind::onecycle:
        return oneCycle(own - 1.0);
      case ScheduleKind::plateau:
        return std::fmax(initial_ * reduced_, p_[4]);
      case ScheduleKind::optimal:
        return 1.0 / (p_[1] * (1.0 / (typicalWeight() * p_[1]) + step - 1.0));
      case ScheduleKind::constant:
        break;
    }
    return initial_;
  }

  // Of Bottou's heuristic, the rate that `optimal` begins with.
  double typicalWeight() const { return std::sqrt(1.0 / std::sqrt(p_[1])); }

  // How much of the fit is still to come, in (0, 1].
  double rest(double own) const { return std::fmax((total_ - (own - 1.0)) / total_, 1e-300); }

  // Half a cosine from one value to another; x in [0, 1].
  double between(double from, double to, double x) const {
    return to + (from - to) * 0.5 * (1.0 + kernels_.cosPi(x));
  }

  // Where in its cycle a step lies, in [0, 1).
  double cycle(double own, double done) {
    if (p_[2] == 0.0) return 1.0 - rest(own);
    if (p_[3] == 1.0) return done / p_[2] - std::floor(done / p_[2]);
    // Steps only go on, so the cycle is looked for from the last one; none is shorter than a step.
    if (cycleLength_ == 0.0) cycleLength_ = std::fmax(p_[2], 1.0 / perEpoch_);
    while (done - cycleStart_ >= cycleLength_) {
      cycleStart_ += cycleLength_;
      cycleLength_ *= p_[3];
    }
    return (done - cycleStart_) / cycleLength_;
  }

  // Up to η in the first part `start` of the steps, then down; PyTorch's OneCycleLR. Of too few steps the
  // first has η.
  double oneCycle(double step) const {
    const double low = initial_ / p_[2], lowest = low / p_[3];
    const double peak = std::fmax(p_[1] * total_ - 1.0, 0.0), last = total_ - 1.0;
    if (step <= peak) return between(low, initial_, peak > 0.0 ? step / peak : 1.0);
    return between(initial_, lowest, std::fmin((step - peak) / (last - peak), 1.0));
  }

  const Kernels& kernels_;
  ScheduleKind kind_;
  const double* p_;
  double initial_;
  double epochs_;
  double perEpoch_;
  double warmup_;       // steps
  double total_ = 0.0;  // steps after the warm-up in this fit
  // Where this fit takes over: steps before it; how many of them since the warm-up; epochs of other lengths,
  // and steps of epochs of this one's.
  double begun_ = 0.0;
  double counted_ = 0.0;
  double otherEpochs_ = 0.0;
  double alike_ = 0.0;
  double best_ = DBL_MAX;  // not infinite, which has no relative threshold
  double waited_ = 0.0;
  double cycleStart_ = 0.0;   // epochs
  double cycleLength_ = 0.0;  // epochs; 0: not begun
  double reduced_ = 1.0;
};

}  // namespace nabla
