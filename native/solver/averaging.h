// A running average of the weights. Twin: lib/reference/solver/averaging.ts.
#pragma once

#include <string.h>

#include "archive.h"
#include "memory.h"
#include "plan.h"

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
    if (t == start_) memcpy(average_.data(), weights, average_.size() * sizeof(double));
    const double part = kind_ == AveragingKind::polyak ? 1.0 / (t - start_ + 1.0) : 1.0 - decay_;
    kernels_.approach(part, weights, average_.data(), average_.size());
    begun_ = true;
  }

  // The average once it has begun, else the weights themselves.
  const double* of(const double* weights) const { return begun_ ? average_.data() : weights; }

  void exchange(Archive& archive) {
    archive.flag(begun_);
    archive.array(average_.data(), average_.size());
  }

 private:
  const Kernels& kernels_;
  AveragingKind kind_;
  double decay_;
  double start_;
  Doubles average_;
  bool begun_ = false;
};

}  // namespace nabla
