// Method `lbfgs` for piecewise-linear losses: L-BFGS on their augmented Lagrangian.
// The multipliers (solver/augmented) are updated whenever it is nearly minimal. An epoch has up to
// `mostSteps` iterations; after it the dual function gives the duality gap. Twin:
// lib/reference/solver/multipliers.ts.
#pragma once

#include <algorithm>

#include "augmented.h"
#include "lbfgs.h"
#include "roundoff.h"

namespace nabla {

class Multipliers final : public Method {
 public:
  // `weights`: where it starts; changed in place.
  Multipliers(const Kernels& kernels, const Plan& plan, const Table& table, const Scaling& scaling,
              PenalizedObjective& smooth, double* weights, const Team& team)
      : plan_(plan),
        innerPlan_(withoutHistory(plan)),
        smooth_(smooth),
        augmented_(kernels, plan, table, scaling, smooth.penalty(), team),
        lagrangian_(kernels, plan, table, &scaling, ridge(smooth.penalty()), team, &augmented_),
        inner_(kernels, innerPlan_, table, scaling, lagrangian_, weights, team),
        roundoff_(plan, table, scaling),
        w_(weights),
        best_(plan.size()),
        gradient_(plan.size()) {
    std::copy_n(weights, plan.size(), best_.data());
  }

  // Up to `mostSteps` iterations. Returns the objective of the best weights that were met.
  double epoch(uint64_t) override {
    if (!begun_) {
      begun_ = true;
      first_ = look(w_);
      if (!std::isfinite(first_)) return first_;
      augmented_.begin(w_, firstPart);
      inner_.firstLength = augmented_.mu;
      leastMu_ = least * augmented_.mu;
    }
    const uint64_t before = steps;
    const bool isSolved = descend();
    augmented_.evaluate(w_, gradient_.data());
    look(augmented_.feasible());
    const double shortfall = augmented_.shortfall;
    const double bound = augmented_.bound(w_);
    const double size = value_ + 0x1p-10 * first_, noise = roundoff_.ofMargins(best_.data());
    // A minimum below the bound is further away than that takes weights without a penalty to be.
    if (bound_ - value_ > aim * size) {
      bound_ = 0.0;
      leastGap_ = INFINITY;
    }
    if (bound > bound_) bound_ = bound;
    change = value_ - bound_;
    if (!(change > 0.0)) change = 0.0;
    gap = change;
    idle_ = change < 0.9 * leastGap_ ? 0 : idle_ + 1;
    if (idle_ == 0) leastGap_ = change;
    if (change <= aim * size + noise)
      ended = Status::converged;
    else if (idle_ >= mostIdle)
      ended = change <= end * size + 0x1p3 * noise ? Status::converged : Status::stalled;
    else if (isSolved)
      recentre(shortfall);
    for (uint64_t i = before; plan_.stepHistory && i < steps; ++i) stepLosses.push_back(value_);
    return value_;
  }

  const double* result() const override { return best_.data(); }
  bool mayBeCollinear() const override { return true; }

  void serialize(Archive& archive) override {
    Method::serialize(archive);
    archive.flag(begun_);
    archive.array(w_, plan_.size());
    archive.array(best_.data(), best_.size());
    archive.number(value_, Range::any);
    archive.number(first_, Range::any);
    archive.number(bound_, Range::any);
    archive.number(leastMu_, Range::measured);
    archive.number(shortfall_, Range::measured);
    archive.number(leastGap_, Range::measured);
    archive.count(idle_);
    augmented_.serialize(archive);
    inner_.firstLength = augmented_.mu;
    inner_.serialize(archive);
  }

 private:
  static constexpr int mostSteps = 200;
  static constexpr uint64_t mostIdle = 10;  // epochs that do not lower the gap
  static constexpr double firstPart = 0.1;  // μ, of the usual margin
  static constexpr double shrink = 0.3;     // μ falls so where multipliers are slow
  static constexpr double slow = 0.25;      // to lower what they fall short by
  static constexpr double inexact = 0.5;    // what may be left of the Lagrangian, beside that
  static constexpr double least = 0x1p-26;  // of the first μ
  // Of the objective: a gap that is nothing, and one that is as near as fits come that gain no more.
  static constexpr double aim = 0x1p-30;
  static constexpr double end = 0x1p-24;

  // Nobody reads what the inner steps come to.
  static Plan withoutHistory(Plan plan) {
    plan.stepHistory = false;
    return plan;
  }

  // The Lagrangian has l1 and bounds in itself.
  static Penalty ridge(Penalty penalty) {
    penalty.l1 = 0.0;
    penalty.lower = penalty.upper = nullptr;
    return penalty;
  }

  // Whether the Lagrangian has become nearly least.
  bool descend() {
    for (int i = 0; i < mostSteps && !smooth_.stopped(); ++i) {
      inner_.epoch(0);
      rate = inner_.rate;
      if (rate == 0.0) return true;
      ++steps;
      if (augmented_.hidden(w_) <= inexact * augmented_.shortfall) return true;
    }
    return false;
  }

  void recentre(double shortfall) {
    augmented_.recentre();
    if (shortfall > slow * shortfall_ && augmented_.mu > leastMu_) augmented_.mu *= shrink;
    shortfall_ = shortfall;
    inner_.firstLength = augmented_.mu;
    inner_.restart();
  }

  // Takes weights that are better. Returns their objective.
  double look(const double* weights) {
    const double value = smooth_.evaluate(weights, gradient_.data());
    if (value < value_) {
      value_ = value;
      std::copy_n(weights, plan_.size(), best_.data());
      gradientNorm = smooth_.norm(weights, gradient_.data());
    }
    return value;
  }

  const Plan& plan_;
  const Plan innerPlan_;
  PenalizedObjective& smooth_;  // with the losses as they are
  Augmented augmented_;
  PenalizedObjective lagrangian_;
  Lbfgs inner_;
  Roundoff roundoff_;
  double* w_;  // of the Lagrangian
  AlignedBuffer best_, gradient_;
  double value_ = INFINITY;
  double first_ = 0.0;  // the objective where it started
  double bound_ = 0.0;  // no objective is below 0
  double leastMu_ = 0.0;
  double shortfall_ = INFINITY;
  double leastGap_ = INFINITY;
  uint64_t idle_ = 0;
  bool begun_ = false;
};

}  // namespace nabla
