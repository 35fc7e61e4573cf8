#include "fit.h"

#include <string.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <stdexcept>

#include "descent.h"
#include "exact.h"
#include "interior.h"
#include "lbfgs.h"
#include "newton.h"
#include "stopping.h"

namespace nabla {

namespace {

class Run {
 public:
  Run(const Kernels& kernels, const Plan& plan, const Data& data, const Start& start, const Team& team,
      Keep kept)
      : kernels_(kernels),
        plan_(plan),
        data_(data),
        start_(start),
        team_(team),
        histories_(kept == Keep::histories),
        scaling_(plan.standardize || plan.solver != SolverKind::none
                     ? new Scaling(kernels, plan, data.train, team)
                     : nullptr),
        stopping_(plan),
        weights_(plan.size()),
        original_(scaling_ ? plan.size() : 0) {
    if (data.validation.X)
      validation_.reset(
          new Objective(kernels, plan, data.validation, scaling_.get(), data.validation.count, team));
    keep(start.weights);
    if (plan.size() > 0) memcpy(weights_.data(), start.weights, plan.size() * sizeof(double));
    if (scaling_) scaling_->fromOriginal(weights_.data());
    makeMethod();
    if (start.carried.length > 0) {
      Archive archive(start.carried.data, start.carried.length);
      archive.count(firstEpoch_);
      method_->carry(archive);
      require(archive);
    }
    if (start.state.data) {
      Archive archive(start.state.data, start.state.length);
      exchange(archive);
      require(archive);
    }
    begun_ = out_.epochs;
    out_.steps = stepsBefore_ = method_->steps;
  }

  Outcome operator()() {
    out_.status = loop();
    if (plan_.stepHistory) {
      out_.loss = std::move(method_->stepLosses);
      out_.loss.resize(out_.steps - stepsBefore_);
    }
    if (out_.status == Status::paused) {
      Archive archive;
      exchange(archive);
      out_.state = std::move(archive.written());
    }
    out_.epochs += firstEpoch_;
    if (start_.carried.data) carry();
    return std::move(out_);
  }

 private:
  bool stopped() const { return team_.stopped(); }

  void makeMethod() {
    const Penalty penalty{plan_.l1, plan_.l2, plan_.nonNegative, data_.penaltyFactors};
    if (plan_.solver == SolverKind::none) {
      method_.reset(new Descent(kernels_, plan_, data_, scaling_.get(), penalty, weights_.data(), team_));
      return;
    }
    smooth_.reset(new Smooth(kernels_, plan_, data_.train, scaling_.get(), penalty, team_));
    if (plan_.solver == SolverKind::lbfgs) {
      makeDiagonal();
      method_.reset(new Lbfgs(kernels_, plan_, *smooth_, weights_.data(), diagonal_.data()));
    } else if (plan_.solver == SolverKind::exact) {
      method_.reset(new Exact(kernels_, plan_, data_.train, *scaling_, *smooth_, weights_.data(), team_));
    } else if (isKinked(plan_.loss)) {
      method_.reset(new Interior(kernels_, plan_, data_.train, *scaling_, *smooth_, weights_.data(), team_));
    } else {
      method_.reset(new Newton(kernels_, plan_, data_.train, *scaling_, *smooth_, weights_.data(), team_));
    }
  }

  // About the diagonal of the Hessian, for losses whose second derivative is about 1.
  void makeDiagonal() {
    diagonal_.assign(plan_.size(), 1.0);
    for (size_t j = 0; j < plan_.coefficients(); ++j)
      diagonal_[j] = scaling_->square()[j % plan_.cols] + plan_.l2 * smooth_->factor(j);
  }

  Status loop() {
    for (uint64_t epoch = begun_; epoch < plan_.epochs; ++epoch) {
      if (plan_.pauseAfter > 0 && epoch - begun_ == plan_.pauseAfter) return Status::paused;
      const double loss = method_->epoch(firstEpoch_ + epoch);
      if (stopped()) return Status::cancelled;
      const double* returned = original();
      if (!std::isfinite(loss) || !std::isfinite(kernels_.asum(returned, plan_.size())))
        return Status::diverged;
      double watched = loss;
      if (validation_) {
        const Batch rows = validation_->everything();
        watched = validation_->evaluate(rows, method_->result(), nullptr) / static_cast<double>(rows.count);
        if (stopped()) return Status::cancelled;
        if (histories_) out_.validationLoss.push_back(watched);
      }
      out_.epochs = epoch + 1;
      out_.steps = method_->steps;
      out_.lastLoss = loss;
      if (histories_) record(loss);
      method_->epochEnded(watched);
      if (stopping_.improved(watched) || !plan_.restoreBest) keep(returned);
      if (method_->ended != Status::maxEpochs) return method_->ended;
      if (stopping_.converged(method_->change, method_->gradientNorm)) return Status::converged;
      if (stopping_.outOfPatience()) return Status::earlyStopped;
      if (stopping_.outOfTime()) return Status::timeLimit;
    }
    return Status::maxEpochs;
  }

  void record(double loss) {
    if (!plan_.stepHistory) out_.loss.push_back(loss);
    out_.learningRate.push_back(method_->rate);
    out_.gradientNorm.push_back(method_->gradientNorm);
  }

  // The weights of X's own columns.
  const double* original() {
    if (const double* known = method_->original()) return known;
    if (!scaling_) return method_->result();
    scaling_->toOriginal(method_->result(), original_.data());
    return original_.data();
  }

  // The weights to return if nothing better follows.
  void keep(const double* weights) { out_.weights.assign(weights, weights + plan_.size()); }

  void exchange(Archive& archive) {
    archive.count(out_.epochs);
    archive.array(out_.weights.data(), out_.weights.size());
    stopping_.exchange(archive);
    method_->exchange(archive);
  }

  // What the update rule takes along to the next fit; what has diverged leaves nothing.
  void carry() {
    if (out_.status == Status::diverged) {
      out_.carried.assign(start_.carried.data, start_.carried.data + start_.carried.length);
      return;
    }
    Archive archive;
    archive.count(out_.epochs);
    method_->carry(archive);
    out_.carried = std::move(archive.written());
  }

  static void require(const Archive& archive) {
    if (!archive.isWhole()) throw std::invalid_argument("a state that belongs to another fit");
  }

  const Kernels& kernels_;
  const Plan& plan_;
  const Data& data_;
  const Start& start_;
  const Team& team_;
  const bool histories_;
  std::unique_ptr<Scaling> scaling_;
  std::unique_ptr<Objective> validation_;
  Stopping stopping_;
  Doubles weights_, original_;
  std::vector<double> diagonal_;
  std::unique_ptr<Smooth> smooth_;
  std::unique_ptr<Method> method_;
  Outcome out_;
  uint64_t firstEpoch_ = 0;  // with what was carried from another fit
  uint64_t begun_ = 0;       // epochs and steps of this fit that were done before
  uint64_t stepsBefore_ = 0;
};

}  // namespace

Outcome fit(const Kernels& kernels, const Plan& plan, const Data& data, const Start& start, const Team& team,
            Keep kept) {
  return Run(kernels, plan, data, start, team, kept)();
}

double valueAndGradient(const Kernels& kernels, const Plan& plan, const Table& table, const double* weights,
                        double* gradient) {
  Objective objective(kernels, plan, table, nullptr, table.count, everyone());
  return objective.evaluate(objective.everything(), weights, gradient) / static_cast<double>(table.count);
}

}  // namespace nabla
