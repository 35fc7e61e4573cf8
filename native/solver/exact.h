// Least squares and ridge solved at once: a method of one epoch. Twin: lib/reference/solver/exact.ts.
#pragma once

#include <algorithm>

#include "leastsquares.h"
#include "method.h"
#include "smooth.h"

namespace nabla {

class Exact final : public Method {
 public:
  // `weights`: those of the scaled columns; where they start says nothing.
  Exact(const Kernels& kernels, const Plan& plan, const Table& table, const Scaling& scaling, Smooth& smooth,
        double* weights, const Team& team)
      : kernels_(kernels),
        plan_(plan),
        table_(table),
        scaling_(scaling),
        smooth_(smooth),
        team_(team),
        w_(weights),
        original_(plan.size()),
        gradient_(plan.size()) {}

  // Returns the objective at the minimum.
  double epoch(uint64_t) override {
    std::fill_n(w_, plan_.size(), 0.0);
    const double zero = smooth_.evaluate(w_, gradient_.data());
    leastSquares(kernels_, plan_, table_, scaling_, smooth_, zero, gradient_.data(), original_.data(), team_);
    std::copy_n(original_.data(), plan_.size(), w_);
    scaling_.fromOriginal(w_);
    const double value = smooth_.evaluate(w_, gradient_.data());
    gradientNorm = smooth_.norm(w_, gradient_.data());
    change = 0.0;
    rate = 1.0;
    ++steps;
    if (plan_.stepHistory) stepLosses.push_back(value);
    ended = Status::converged;
    return value;
  }

  const double* result() const override { return w_; }
  const double* original() const override { return original_.data(); }

 private:
  const Kernels& kernels_;
  const Plan& plan_;
  const Table& table_;
  const Scaling& scaling_;
  Smooth& smooth_;
  const Team& team_;
  double* w_;
  Doubles original_;  // more exact than what becomes of w_
  Doubles gradient_;
};

}  // namespace nabla
