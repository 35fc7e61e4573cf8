// Penalized objective over all rows: its value, and the gradient of its smooth part.
// l1, which has no gradient at 0, is left to the solver. Twin: lib/reference/objective/penalizedobjective.ts.
#pragma once

#include <cmath>

#include "objective.h"

namespace nabla {

// What sums a loss over all rows in a way of its own.
class Evaluator {
 public:
  virtual ~Evaluator() = default;
  // Returns the sum of the losses and writes the mean gradient.
  virtual double evaluate(const double* weights, double* gradient) = 0;
};

class PenalizedObjective {
 public:
  // `own`: in place of the losses; null: none.
  PenalizedObjective(const Kernels& kernels, const Plan& plan, const Table& table, const Scaling* scaling,
                     const Penalty& penalty, const Team& team, Evaluator* own = nullptr)
      : own_(own),
        kernels_(kernels),
        objective_(kernels, plan, table, scaling, table.count, team),
        penalty_(penalty),
        penalized_(plan.coefficients()),
        size_(plan.size()),
        team_(team) {}

  // The mean loss and the penalty; the gradient of the loss and of l2.
  double evaluate(const double* weights, double* gradient) {
    const Batch rows = objective_.everything();
    const double sum =
        own_ ? own_->evaluate(weights, gradient) : objective_.evaluate(rows, weights, gradient);
    return penalize(sum / static_cast<double>(rows.count), weights, gradient);
  }

  // The same from a mean loss and its gradient.
  double penalize(double loss, const double* weights, double* gradient) {
    meanLoss_ = loss;
    const double l2 = penalty_.l2;
    for (size_t j = 0; l2 != 0.0 && j < penalized_; ++j) gradient[j] += l2 * factor(j) * weights[j];
    return penalty_.active() ? loss + penaltyAt(weights) : loss;
  }

  // The penalty's part of the objective.
  double penaltyAt(const double* weights) const {
    return penalty_.active() ? kernels_.penaltyValue(weights, penalized_, penalty_) : 0.0;
  }

  // The length of the shortest subgradient, from the gradient that evaluate() writes.
  double norm(const double* weights, const double* gradient) const {
    Penalty rest = penalty_;
    rest.l2 = 0.0;
    double squares = kernels_.stationarity(weights, gradient, penalized_, rest);
    for (size_t i = penalized_; i < size_; ++i) squares += gradient[i] * gradient[i];
    return std::sqrt(squares);
  }

  // That of the last evaluation, without penalty.
  double meanLoss() const { return meanLoss_; }

  const Penalty& penalty() const { return penalty_; }
  double factor(size_t j) const { return penalty_.factors ? penalty_.factors[j] : 1.0; }
  size_t penalized() const { return penalized_; }  // of the weights: the first
  size_t size() const { return size_; }
  Objective& objective() { return objective_; }
  bool stopped() const { return team_.stopped(); }

 private:
  Evaluator* own_;
  const Kernels& kernels_;
  Objective objective_;
  Penalty penalty_;
  size_t penalized_;
  size_t size_;
  const Team& team_;
  double meanLoss_ = NAN;
};

}  // namespace nabla
