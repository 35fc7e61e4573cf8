#include "fit.h"

#include <string.h>

#include <algorithm>
#include <cmath>
#include <memory>

#include "averaging.h"
#include "objective.h"
#include "optimizer.h"
#include "sampler.h"
#include "schedule.h"
#include "stopping.h"

namespace nabla {

namespace {

class Run {
 public:
  Run(const Kernels& kernels, const Plan& plan, const Data& data, const double* initial,
      const std::atomic<bool>& cancelled)
      : kernels_(kernels),
        plan_(plan),
        data_(data),
        cancelled_(cancelled),
        penalty_{plan.l1, plan.l2, plan.nonNegative, data.penaltyFactors},
        scaling_(plan.standardize ? new Scaling(kernels, plan, data.train) : nullptr),
        sampler_(plan, data),
        objective_(
            kernels, plan, data.train, scaling_.get(),
            plan.lossAfterUpdate ? std::max(data.train.count, sampler_.largest()) : sampler_.largest()),
        optimizer_(kernels, kernels.rules[plan.rule], plan.ruleParameters,
                   {plan.clipNorm, plan.clipValue, penalty_}, plan.size(), plan.coefficients()),
        schedule_(kernels, plan, sampler_.steps()),
        averaging_(kernels, plan),
        stopping_(plan),
        weights_(plan.size()),
        gradient_(plan.size()),
        original_(plan.standardize ? plan.size() : 0) {
    if (data.validation.X)
      validation_.reset(new Objective(kernels, plan, data.validation, scaling_.get(), data.validation.count));
    memcpy(w(), initial, plan.size() * sizeof(double));
    keep(original(w()));
  }

  Outcome operator()() {
    out_.status = loop();
    if (plan_.stepHistory) out_.loss.resize(out_.steps);
    return std::move(out_);
  }

 private:
  double* w() { return weights_.data(); }
  double* g() { return gradient_.data(); }
  bool stopped() const { return cancelled_.load(std::memory_order_relaxed); }

  Status loop() {
    for (uint64_t epoch = 0; epoch < plan_.epochs; ++epoch) {
      const double loss = runEpoch(epoch);
      if (stopped()) return Status::cancelled;
      const double* result = averaging_.of(w());
      const double* returned = original(result);
      if (!std::isfinite(loss) || !std::isfinite(kernels_.asum(returned, plan_.size())))
        return Status::diverged;
      double watched = loss;
      if (validation_) {
        watched = mean(*validation_, result);
        if (stopped()) return Status::cancelled;
        out_.validationLoss.push_back(watched);
      }
      out_.epochs = epoch + 1;
      out_.steps = step_;
      if (!plan_.stepHistory) out_.loss.push_back(loss);
      out_.learningRate.push_back(rate_);
      out_.gradientNorm.push_back(norm_);
      schedule_.epochEnded(watched);
      if (stopping_.improved(watched) || !plan_.restoreBest) keep(returned);
      if (stopping_.converged(loss, norm_)) return Status::converged;
      if (stopping_.outOfPatience()) return Status::earlyStopped;
      if (stopping_.outOfTime()) return Status::timeLimit;
    }
    return Status::maxEpochs;
  }

  // Returns the epoch's mean objective: over its batches, each before its update.
  double runEpoch(uint64_t epoch) {
    double loss = 0.0;
    sampler_.beginEpoch(epoch);
    while (!sampler_.atEnd()) {
      const Batch batch = sampler_.next();
      const double rows = static_cast<double>(batch.count);
      const double sum = known_ ? after_ : objective_.evaluate(batch, w(), g(), cancelled_);
      if (stopped()) return 0.0;
      const double penalty =
          penalty_.active() ? kernels_.penaltyValue(w(), plan_.coefficients(), penalty_) : 0.0;
      loss += sum + rows * penalty;
      if (!std::isfinite(loss)) break;
      if (plan_.stepHistory) out_.loss.push_back(sum / rows + penalty);
      if (sampler_.atEnd()) norm_ = gradientNorm();
      const double t = static_cast<double>(++step_);
      rate_ = schedule_.rate(t);
      optimizer_.step(w(), g(), rate_, t);
      averaging_.add(w(), t);
    }
    if (!plan_.lossAfterUpdate) return loss / static_cast<double>(sampler_.perEpoch());
    after_ = objective_.evaluate(objective_.everything(), w(), g(), cancelled_);
    known_ = sampler_.isFull();
    return after_ / static_cast<double>(data_.train.count);
  }

  double gradientNorm() {
    const size_t n = plan_.coefficients();
    double squares = kernels_.stationarity(w(), g(), n, penalty_);
    for (size_t i = n; i < plan_.size(); ++i) squares += g()[i] * g()[i];
    return std::sqrt(squares);
  }

  double mean(Objective& objective, const double* weights) {
    const Batch rows = objective.everything();
    return objective.evaluate(rows, weights, nullptr, cancelled_) / static_cast<double>(rows.count);
  }

  // The weights of X's own columns.
  const double* original(const double* weights) {
    if (!scaling_) return weights;
    scaling_->toOriginal(weights, original_.data());
    return original_.data();
  }

  // The weights to return if nothing better follows.
  void keep(const double* weights) { out_.weights.assign(weights, weights + plan_.size()); }

  const Kernels& kernels_;
  const Plan& plan_;
  const Data& data_;
  const std::atomic<bool>& cancelled_;
  Penalty penalty_;
  std::unique_ptr<Scaling> scaling_;
  Sampler sampler_;
  Objective objective_;
  std::unique_ptr<Objective> validation_;
  Optimizer optimizer_;
  Schedule schedule_;
  Averaging averaging_;
  Stopping stopping_;
  Doubles weights_, gradient_, original_;
  Outcome out_;
  bool known_ = false;  // `after_` and the gradient belong to the weights: the last loss was a full pass
  double after_ = 0.0;
  uint64_t step_ = 0;
  double rate_ = 0.0;
  double norm_ = 0.0;
};

}  // namespace

Outcome fit(const Kernels& kernels, const Plan& plan, const Data& data, const double* initial,
            const std::atomic<bool>& cancelled) {
  return Run(kernels, plan, data, initial, cancelled)();
}

double valueAndGradient(const Kernels& kernels, const Plan& plan, const Table& table, const double* weights,
                        double* gradient) {
  const std::atomic<bool> never{false};
  Objective objective(kernels, plan, table, nullptr, table.count);
  return objective.evaluate(objective.everything(), weights, gradient, never) /
         static_cast<double>(table.count);
}

}  // namespace nabla
