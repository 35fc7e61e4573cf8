// Method `exact`: least squares and ridge in closed form, in one epoch.
// Twin: lib/reference/solver/exact.ts.
#pragma once

#include <algorithm>
#include <cmath>
#include <memory>

#include "../objective/gramobjective.h"
#include "../objective/penalizedobjective.h"
#include "leastsquares.h"
#include "method.h"

namespace nabla {

class Exact final : public Method {
 public:
  // `weights`: those of the scaled columns; where they start says nothing. `known`: where XᵀX is kept; null:
  // nowhere.
  Exact(const Kernels& kernels, const Plan& plan, const Table& table, const Scaling& scaling,
        PenalizedObjective& smooth, double* weights, const Team& team, double* known)
      : kernels_(kernels),
        plan_(plan),
        table_(table),
        scaling_(scaling),
        smooth_(smooth),
        team_(team),
        w_(weights),
        original_(plan.size()),
        gradient_(plan.size()) {
    std::fill_n(w_, plan.size(), 0.0);
    if (table.count >= plan.cols)
      expansion_.reset(new GramObjective(kernels, plan, table, &scaling, smooth.objective(), w_, team,
                                         GramObjective::Units::sums, known));
  }

  // Returns the objective at the minimum.
  double epoch(uint64_t) override {
    std::fill_n(w_, plan_.size(), 0.0);
    const double zero = atZero();
    leastSquares(kernels_, plan_, table_, scaling_, smooth_, expansion_ ? expansion_->G() : nullptr, zero,
                 gradient_.data(), original_.data(), team_);
    std::copy_n(original_.data(), plan_.size(), w_);
    scaling_.fromOriginal(w_);
    const double value = smooth_.evaluate(w_, gradient_.data());
    meanLoss = smooth_.meanLoss();
    gradientNorm = smooth_.norm(w_, gradient_.data());
    change = 0.0;
    remainingDecrease = steepest();
    rate = 1.0;
    ++steps;
    if (plan_.stepHistory) stepLosses.push_back(value);
    ended = Status::converged;
    return value;
  }

  const double* result() const override { return w_; }
  const double* original() const override { return original_.data(); }

 private:
  // The objective and its gradient where all weights are 0.
  double atZero() {
    if (!expansion_) return smooth_.evaluate(w_, gradient_.data());
    const double sum = expansion_->evaluate(w_, gradient_.data());
    return smooth_.penalize(sum / static_cast<double>(table_.count), w_, gradient_.data());
  }

  // What the objective would fall by if each weight went its own way.
  double steepest() const {
    const double* g = gradient_.data();
    double fall = 0.0;
    for (size_t i = 0; i < plan_.size(); ++i) {
      const bool isCoefficient = i < plan_.coefficients();
      const double curvature =
          isCoefficient ? square(i % plan_.cols) + smooth_.penalty().l2 * smooth_.factor(i) : 1.0;
      fall += (0.5 * g[i] * g[i]) / curvature;
    }
    return fall;
  }

  // Mean square of a column, as XᵀSX has it, if there is one.
  double square(size_t j) const {
    const size_t side = plan_.cols + (plan_.intercept ? 1 : 0);
    const double own = expansion_ ? expansion_->G()[j * side + j] / static_cast<double>(table_.count) : 0.0;
    return own > 0.0 && own < INFINITY ? own : scaling_.square()[j];
  }

  const Kernels& kernels_;
  const Plan& plan_;
  const Table& table_;
  const Scaling& scaling_;
  PenalizedObjective& smooth_;
  const Team& team_;
  double* w_;
  std::unique_ptr<GramObjective> expansion_;  // null: fewer rows than columns
  AlignedBuffer original_;                    // more exact than what becomes of w_
  AlignedBuffer gradient_;
};

}  // namespace nabla
