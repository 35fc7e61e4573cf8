#include "curve.h"

#include <cmath>
#include <iterator>

namespace nabla {

namespace {

// Cycles that a step passes one by one.
constexpr int mostCycles = 1 << 16;
// One of a step, of as many of them as an epoch may have.
constexpr double shortestCycle = 1.0 / static_cast<double>(mostCounted);

}  // namespace

bool isScheduleList(int kind, const double* list, size_t length) {
  if (static_cast<ScheduleKind>(kind) == ScheduleKind::lambda) return length > 0;
  if (static_cast<ScheduleKind>(kind) != ScheduleKind::sequential) return true;
  if (length == 0) return false;
  for (size_t at = 0; at < length;) {
    if (length - at < partHead) return false;
    const double part = list[at + 2], own = list[at + partHead - 1];
    if (!(part >= 0.0 && part < static_cast<double>(std::size(schedules)))) return false;
    if (!(own >= 0.0 && own <= static_cast<double>(length - at - partHead))) return false;
    if (!isScheduleList(static_cast<int>(part), list + at + partHead, static_cast<size_t>(own))) return false;
    at += partHead + static_cast<size_t>(own);
  }
  return true;
}

Curve::Curve(const Kernels& kernels, ScheduleKind kind, const double* p, const double* list, size_t length,
             double initial, double perEpoch)
    : kernels_(kernels),
      kind_(kind),
      p_(p),
      list_(list),
      length_(length),
      initial_(initial),
      perEpoch_(perEpoch) {
  double from = 0.0;
  for (size_t at = 0; kind == ScheduleKind::sequential && at < length;) {
    const double* part = list + at;
    const size_t own = static_cast<size_t>(part[partHead - 1]);
    const ScheduleKind partKind = static_cast<ScheduleKind>(static_cast<int>(part[2]));
    parts_.push_back({from, part[0]});
    curves_.emplace_back(kernels, partKind, part + 3, part + partHead, own, initial * part[1], perEpoch);
    from += part[0];
    at += partHead + own;
  }
}

double Curve::rate(double step, double own, double total, double done) {
  if (!parts_.empty()) return rateOfPart(own, total, done);
  total_ = total;
  return alone(step, own, done);
}

double Curve::largest() const {
  double most = 0.0;
  for (const Curve& part : curves_) most = std::fmax(most, part.largest());
  if (!parts_.empty()) return most;
  switch (kind_) {
    case ScheduleKind::polynomial:
      return std::fmax(initial_, p_[2]);
    case ScheduleKind::cosine:
      return std::fmax(initial_, p_[1]);
    case ScheduleKind::plateau:
      return std::fmax(initial_, p_[4]);
    case ScheduleKind::optimal:
      return typicalWeight();
    case ScheduleKind::lambda:
      for (size_t i = 0; i < length_; ++i) most = std::fmax(most, list_[i]);
      return initial_ * most;
    default:
      return initial_;
  }
}

void Curve::epochEnded(double loss) {
  if (!parts_.empty()) return curves_[current_].epochEnded(loss);
  if (kind_ != ScheduleKind::plateau) return;
  if (loss < best_ - p_[3] * std::fabs(best_)) {
    best_ = loss;
    waited_ = 0.0;
  } else if (++waited_ > p_[2]) {
    reduced_ *= p_[1];
    waited_ = 0.0;
  }
}

void Curve::serialize(Archive& archive) {
  archive.number(best_, Range::notNaN);
  archive.count(waited_);
  archive.number(cycleStart_, Range::size);
  archive.number(cycleLength_, Range::size);
  archive.require(cycleLength_ == 0.0 || cycleLength_ >= shortestCycle);
  archive.number(reduced_, Range::part);
  for (Curve& part : curves_) part.serialize(archive);
}

size_t Curve::stateLength() const {
  size_t length = 5;
  for (const Curve& part : curves_) length += part.stateLength();
  return length;
}

double Curve::rateOfPart(double own, double total, double done) {
  current_ = parts_.size() - 1;
  while (current_ > 0 && done < parts_[current_].from) --current_;
  const double epochs = parts_[current_].epochs;
  Curve& curve = curves_[current_];
  const double warmup = curve.p_[0] * perEpoch_;
  const double step = std::floor((done - parts_[current_].from) * perEpoch_ + 0.5) + 1.0;
  if (step <= warmup) return curve.initial_ * (step / warmup);
  const double since = step - std::floor(warmup);
  const double before = std::fmax(own - step, 0.0);  // steps of this fit before the part
  const bool isNew = own >= step, isOpen = epochs == 0.0;
  const double ofPart = isNew ? since : own, all = isNew ? total - before - warmup : total;
  return curve.rate(since, isOpen ? ofPart : since, isOpen ? all : epochs * perEpoch_ - warmup,
                    (since - 1.0) / perEpoch_);
}

double Curve::alone(double step, double own, double done) {
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
    case ScheduleKind::multistep: {
      size_t passed = 0;
      while (passed < length_ && list_[passed] <= std::floor(done)) ++passed;
      return initial_ * kernels_.power(p_[1], static_cast<double>(passed));
    }
    case ScheduleKind::cyclic:
      return triangle(done);
    case ScheduleKind::lambda:
      return initial_ *
             list_[static_cast<size_t>(std::fmin(std::floor(done), static_cast<double>(length_ - 1)))];
    case ScheduleKind::sequential:
    case ScheduleKind::constant:
      break;
  }
  return initial_;
}

double Curve::between(double from, double to, double x) const {
  // By rounding the cosine can be less than -1, and a rate then less than its least.
  return to + (from - to) * 0.5 * std::fmax(1.0 + kernels_.cosPi(x), 0.0);
}

double Curve::cycle(double own, double done) {
  if (p_[2] == 0.0) return 1.0 - rest(own);
  if (p_[3] == 1.0) return done / p_[2] - std::floor(done / p_[2]);
  // Steps only go on, so the cycle is looked for from the last one; none is shorter than a step.
  if (!(cycleLength_ > 0.0)) cycleLength_ = p_[2];
  // One of a file, or of epochs of more steps, may be, and each step would pass many of those.
  cycleLength_ = std::fmax(cycleLength_, 1.0 / perEpoch_);
  for (int i = 0; done - cycleStart_ >= cycleLength_ && i < mostCycles; ++i) {
    const double next = cycleStart_ + cycleLength_;
    if (next == cycleStart_) break;  // too far from 0 for such cycles
    cycleStart_ = next;
    cycleLength_ *= p_[3];
  }
  // A fit that begins so far behind has cycles that hardly grow: those that are left count as alike.
  if (done - cycleStart_ >= cycleLength_)
    cycleStart_ += std::floor((done - cycleStart_) / cycleLength_) * cycleLength_;
  return (done - cycleStart_) / cycleLength_;
}

double Curve::oneCycle(double step) const {
  const double low = initial_ / p_[2], lowest = low / p_[3];
  const double peak = std::fmax(p_[1] * total_ - 1.0, 0.0), last = total_ - 1.0;
  if (step <= peak) return between(low, initial_, peak > 0.0 ? step / peak : 1.0);
  return between(initial_, lowest, std::fmin((step - peak) / (last - peak), 1.0));
}

double Curve::triangle(double done) const {
  const double low = initial_ / p_[3], length = p_[1] + p_[2];
  const double cycle = std::floor(done / length), x = done / length - cycle, turn = p_[1] / length;
  const double height = x <= turn ? x / turn : (1.0 - x) / (1.0 - turn);
  return low + (initial_ - low) * (height * kernels_.power(p_[4], cycle));
}

}  // namespace nabla
