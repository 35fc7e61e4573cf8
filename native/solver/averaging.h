// Running average of the weights: Polyak's, or exponential.
// Twin: lib/reference/solver/averaging.ts.
#pragma once

#include <string.h>

#include "../linalg/alignedbuffer.h"
#include "../objective/archive.h"
#include "../objective/plan.h"

namespace nabla {

class Averaging {
 public:
  Averaging(const Kernels& kernels, const Plan& plan)
      : kernels_(kernels),
        kind_(plan.averaging),
        decay_(plan.averagingParameters[0]),
        start_(plan.averagingParameters[kind_ == AveragingKind::ema ? 1 : 0]),
        average_(kind_ == AveragingKind::none ? 0 : plan.size()) {
    average_.clear();
  }

  // After step t, counted from 1: w̄ += (w - w̄)/(t - start + 1) (Polyak), or w̄ += (1 - decay)(w - w̄).
  void add(const double* weights, double t) {
    if (kind_ == AveragingKind::none || t < start_) return;
    if (!begun_) {
      memcpy(average_.data(), weights, average_.size() * sizeof(double));
      first_ = t;
      begun_ = true;
    }
    const double part = kind_ == AveragingKind::polyak ? 1.0 / (t - first_ + 1.0) : 1.0 - decay_;
    kernels_.approach(part, weights, average_.data(), average_.size());
  }

  // The average once it has begun, else the weights themselves.
  const double* of(const double* weights) const { return begun_ ? average_.data() : weights; }

  bool hasBegun() const { return begun_; }
  double first() const { return first_; }

  void serialize(Archive& archive) {
    archive.flag(begun_);
    archive.require(!begun_ || kind_ != AveragingKind::none);
    archive.count(first_);
    archive.array(average_.data(), average_.size());
  }

  // What goes on in the next fit; an average that this one does not keep is left out. `size`: of the weights.
  void carry(Archive& archive, size_t size) {
    bool begun = begun_;
    archive.flag(begun);
    if (!begun) return;
    double first = first_;
    archive.count(first);
    if (kind_ == AveragingKind::none) {
      AlignedBuffer left(size);
      return archive.array(left.data(), size);
    }
    archive.array(average_.data(), size);
    begun_ = true;
    first_ = first;
  }

 private:
  const Kernels& kernels_;
  AveragingKind kind_;
  double decay_;
  double start_;
  AlignedBuffer average_;
  bool begun_ = false;
  double first_ = 0.0;  // the step with which it has begun
};

}  // namespace nabla
