// Descent method: steps of an update rule along the gradients of batches.
// Twin: lib/reference/solver/descent.ts.
#pragma once

#include <algorithm>
#include <memory>

#include "../objective/gramobjective.h"
#include "../objective/objective.h"
#include "averaging.h"
#include "method.h"
#include "optimizer.h"
#include "pace.h"
#include "sampler.h"
#include "schedule.h"

namespace nabla {

class Descent final : public Method {
 public:
  // `weights`: where it starts; changed in place.
  Descent(const Kernels& kernels, const Plan& plan, const Data& data, const Scaling* scaling,
          const Penalty& penalty, double* weights, const Team& team)
      : kernels_(kernels),
        plan_(plan),
        penalty_(penalty),
        team_(team),
        rows_(data.train.count),
        sampler_(plan, data),
        objective_(kernels, plan, data.train, scaling,
                   mayPassAll(plan) ? std::max(data.train.count, sampler_.perEpoch()) : sampler_.largest(),
                   team),
        expansion_(plan.gramFrom > 0 && rows_ >= plan.gramFrom
                       ? new GramObjective(kernels, plan, data.train, scaling, objective_, weights, team)
                       : nullptr),
        optimizer_(kernels, kernels.rules[plan.rule], plan.ruleParameters,
                   {plan.clipNorm, plan.clipValue, penalty, false, 0.0, !sampler_.isFull()}, plan.size(),
                   plan.coefficients()),
        schedule_(kernels, plan, sampler_.steps()),
        averaging_(kernels, plan),
        w_(weights),
        gradient_(plan.size()),
        mean_(plan.gradientTolerance > 0.0 ? plan.size() : 0) {
    mean_.clear();
  }

  // Returns the epoch's mean objective: over its batches, each before its update.
  double epoch(uint64_t epoch) override {
    double* g = gradient_.data();
    double loss = 0.0;
    bool isCut = false;
    double largest = 0.0;  // rate
    sampler_.beginEpoch(epoch);
    while (!sampler_.atEnd()) {
      const Batch batch = sampler_.next();
      const double rows = static_cast<double>(batch.count);
      const double sum = known_ ? after_ : evaluate(batch);
      known_ = false;
      // A look takes a twentieth of a step of one row.
      if (steps % 8 == 0 && team_.stopped()) return 0.0;
      const double penalty = penaltyAt(w_);
      loss += sum + rows * penalty;
      if (!std::isfinite(loss)) break;
      if (plan_.stepHistory) stepLosses.push_back(sum / rows + penalty);
      if (isNormAsked) watchGradient(rows);
      const double t = static_cast<double>(++steps);
      rate = schedule_.rate(t);
      largest = std::max(largest, rate);
      isCut = optimizer_.step(w_, g, rate, t - ruleBegan_);
      averaging_.add(w_, t);
    }
    if (plan_.lossAfterUpdate) {
      after_ = evaluate(objective_.everything());
      known_ = sampler_.isFull();
      loss = after_ / static_cast<double>(rows_);
    } else {
      loss /= static_cast<double>(sampler_.perEpoch());
    }
    change = pace_.change(largest, schedule_.largest(), loss, std::fabs(loss - previous_));
    if (isCut) change = INFINITY;
    previous_ = loss;
    return loss;
  }

  // Costs a pass over the rows, but where the next epoch begins with the same one.
  double objectiveAtResult(double) override {
    const Batch all = sampler_.everything();
    const double rows = static_cast<double>(all.count);
    const double* at = result();
    double sum;
    if (sampler_.isFull() && at == w_) {
      if (!known_) after_ = evaluate(all);
      known_ = true;
      sum = after_;
    } else {
      sum = objective_.evaluate(all, at, nullptr);
    }
    return (sum + rows * penaltyAt(at)) / rows;
  }

  const double* result() const override { return averaging_.of(w_); }
  bool rises() const override { return pace_.rises(); }
  // An average lags behind the weights whose loss stands still.
  bool confirmsChange(double loss, double tolerance) override {
    return !averaging_.hasBegun() || objectiveAtResult(loss) <= loss + tolerance;
  }
  // What batches and an average have is checked against the gradient of all rows.
  bool confirmsGradient(double tolerance) override {
    if (sampler_.isFull() && !averaging_.hasBegun()) return true;
    objective_.evaluate(sampler_.everything(), result(), mean_.data());
    const double length = norm(result(), mean_.data());
    mean_.clear();
    return length < tolerance;
  }
  void epochEnded(double loss) override { schedule_.epochEnded(loss); }

  bool hidesWeights() const override { return averaging_.hasBegun() || plan_.standardize; }
  void carry(Archive& archive) override {
    archive.count(steps);
    // Of a rule that begins anew there are the counts alone.
    bool hasState = true;
    archive.flag(hasState);
    if (hasState) {
      archive.count(ruleBegan_, steps);
      optimizer_.serialize(archive);
    } else {
      ruleBegan_ = static_cast<double>(steps);
    }
    averaging_.carry(archive, plan_.size());
    archive.require(averaging_.first() <= static_cast<double>(steps));
    schedule_.carry(archive, static_cast<double>(steps));
  }

  void serialize(Archive& archive) override {
    Method::serialize(archive);
    archive.array(w_, plan_.size());
    optimizer_.serialize(archive);
    schedule_.serialize(archive);
    averaging_.serialize(archive);
    archive.require(averaging_.first() <= static_cast<double>(steps) &&
                    ruleBegan_ <= static_cast<double>(steps));
    pace_.serialize(archive);
    archive.flag(known_);
    archive.number(after_, Range::any);
    archive.number(previous_, Range::notNaN);
    if (known_) archive.array(gradient_.data(), plan_.size(), Range::any);
    if (expansion_) expansion_->serialize(archive);
  }

 private:
  double evaluate(const Batch& batch) {
    return expansion_ ? expansion_->evaluate(w_, gradient_.data())
                      : objective_.evaluate(batch, w_, gradient_.data());
  }

  double penaltyAt(const double* weights) const {
    return penalty_.active() ? kernels_.penaltyValue(weights, plan_.coefficients(), penalty_) : 0.0;
  }

  // Whether all rows may be gone through at once beside the batches.
  static bool mayPassAll(const Plan& plan) {
    const bool isAveraged = plan.averaging != AveragingKind::none;
    return plan.lossAfterUpdate || plan.restoreBest || isAveraged || plan.gradientTolerance > 0.0;
  }

  // At a batch's gradient: that of an epoch is the mean over its rows, each where it was taken; the last
  // batch's, where it is no more than written down.
  void watchGradient(double rows) {
    const bool isOne = sampler_.steps() == 1 || plan_.gradientTolerance == 0.0;
    if (!isOne) kernels_.axpy(rows, gradient_.data(), mean_.data(), plan_.size());
    if (!sampler_.atEnd()) return;
    const double all = static_cast<double>(sampler_.perEpoch());
    for (size_t i = 0; !isOne && i < plan_.size(); ++i) mean_.data()[i] /= all;
    gradientNorm = norm(w_, isOne ? gradient_.data() : mean_.data());
    mean_.clear();
  }

  double norm(const double* weights, const double* g) const {
    const size_t n = plan_.coefficients();
    double squares = kernels_.stationarity(weights, g, n, penalty_);
    for (size_t i = n; i < plan_.size(); ++i) squares += g[i] * g[i];
    return std::sqrt(squares);
  }

  const Kernels& kernels_;
  const Plan& plan_;
  Penalty penalty_;
  const Team& team_;
  size_t rows_;
  Sampler sampler_;
  Objective objective_;
  std::unique_ptr<GramObjective> expansion_;  // in place of the objective, if the plan says so
  Optimizer optimizer_;
  Schedule schedule_;
  Averaging averaging_;
  double* w_;
  AlignedBuffer gradient_;
  AlignedBuffer mean_;  // gradient, of an epoch's batches; 0 between epochs
  Pace pace_;
  double ruleBegan_ = 0.0;  // steps before the rule's first
  bool known_ = false;      // `after_` and the gradient belong to the weights: the last loss was a full pass
  double after_ = 0.0;
  double previous_ = INFINITY;
};

}  // namespace nabla
