#include "fit.h"

#include <string.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "../objective/centre.h"
#include "descent.h"
#include "exact.h"
#include "interior.h"
#include "lbfgs.h"
#include "multipliers.h"
#include "newton.h"
#include "rownewton.h"
#include "shortest.h"
#include "weakdescent.h"

namespace nabla {

namespace {

// Of an objective, by how much it falls beyond a minimum that rounding hides.
constexpr double leastFall = 0x1p-22;

// What is known of the rows: the expansion's numbers, and behind them the scaling's.
double* keptScaling(const InitialState& start, const Plan& plan) {
  return start.known ? start.known + GramObjective::length(plan) : nullptr;
}

}  // namespace

Run::Run(const Kernels& kernels, const Plan& plan, const Data& data, const InitialState& start,
         const Team& team, Keep kept)
    : kernels_(kernels),
      plan_(plan),
      data_(data),
      start_(start),
      team_(team),
      histories_(kept == Keep::histories),
      isScaled_(plan.standardize || plan.solver != SolverKind::none),
      stopping_(plan),
      weights_(plan.size()),
      original_(isScaled_ || plan.bounded ? plan.size() : 0) {
  Archive carried(start.carried.data, start.carried.length);
  const bool isCarried = start.carried.length > 0;
  if (start.carried.data && plan.standardize) carriedScaling_.resize(Scaling::length(plan));
  if (isCarried) {
    carried.count(firstEpoch_);
    exchangeScaling(carried);
  }
  if (isScaled_) {
    double* numbers = carriedScaling_.empty() ? keptScaling(start, plan) : carriedScaling_.data();
    scaling_.reset(new Scaling(kernels, plan, data.train, team, numbers));
  }
  if (plan.bounded) bounds_.reset(new Bounds(plan, data, scaling_.get()));
  if (data.validation.X)
    validation_.reset(
        new Objective(kernels, plan, data.validation, scaling_.get(), data.validation.count, team));
  if (plan.size() > 0) memcpy(weights_.data(), start.weights, plan.size() * sizeof(double));
  if (bounds_) bounds_->projectOriginal(weights_.data(), nullptr);
  keep(weights_.data());
  if (scaling_) scaling_->fromOriginal(weights_.data());
  if (isCarried) exchangeWeights(carried, false);
  if (bounds_) project(bounds_->penalty(nullptr), weights_.data(), plan.coefficients());
  makeMethod();
  method_->isNormAsked = histories_ || plan.gradientTolerance > 0.0;
  if (histories_) {  // a short fit takes longer to grow its lists than to run
    const size_t epochs = static_cast<size_t>(std::min<uint64_t>(plan.epochs, 64));
    for (auto* list : {&out_.loss, &out_.learningRate, &out_.gradientNorm}) list->reserve(epochs);
  }
  if (isCarried) {
    method_->carry(carried);
    carried.requireEnd();
  }
  if (start.state.data) {
    Archive archive(start.state.data, start.state.length);
    serialize(archive);
    archive.requireEnd();
  }
  begun_ = out_.epochs;
  out_.steps = stepsBefore_ = method_->steps;
}

void Run::makeMethod() {
  const double* factors = data_.penaltyFactors;
  const Penalty penalty =
      bounds_ ? bounds_->penalty(factors) : Penalty{plan_.l1, plan_.l2, factors, nullptr, nullptr};
  if (plan_.solver == SolverKind::none) {
    method_.reset(new Descent(kernels_, plan_, data_, scaling_.get(), penalty, weights_.data(), team_));
    return;
  }
  smooth_.reset(new PenalizedObjective(kernels_, plan_, data_.train, scaling_.get(), penalty, team_));
  if (plan_.solver == SolverKind::lbfgs && isPiecewiseLinear(plan_.loss)) {
    method_.reset(new Multipliers(kernels_, plan_, data_.train, *scaling_, *smooth_, weights_.data(), team_));
  } else if (plan_.solver == SolverKind::lbfgs) {
    method_.reset(new Lbfgs(kernels_, plan_, data_.train, *scaling_, *smooth_, weights_.data(), team_));
  } else if (plan_.solver == SolverKind::exact) {
    method_.reset(
        new Exact(kernels_, plan_, data_.train, *scaling_, *smooth_, weights_.data(), team_, start_.known));
  } else if (isPiecewiseLinear(plan_.loss)) {
    method_.reset(new Interior(kernels_, plan_, data_.train, *scaling_, *smooth_, weights_.data(), team_));
  } else if (plan_.loss != squaredLoss && plan_.loss != softmaxLoss &&
             RowEquations::suit(plan_, data_.train, penalty)) {
    method_.reset(new RowNewton(kernels_, plan_, data_.train, *scaling_, *smooth_, weights_.data(), team_));
  } else {
    method_.reset(
        new Newton(kernels_, plan_, data_.train, *scaling_, *smooth_, weights_.data(), team_, start_.known));
  }
}

bool Run::end(Status status) {
  out_.status = status;
  return false;
}

bool Run::advance() {
  if (out_.status != Status::running) return false;
  const uint64_t epoch = out_.epochs;
  if (epoch >= plan_.epochs) {
    shortenWeights();
    return end(stopped() ? Status::cancelled : Status::maxEpochs);
  }
  if (plan_.pauseAfter > 0 && epoch - begun_ == plan_.pauseAfter) return end(Status::paused);
  if (epoch == 0) keepCarry();
  if (epoch == 0 && watchesTraining()) {
    stopping_.isBest(method_->objectiveAtResult(INFINITY));
    if (stopped()) return end(Status::cancelled);
  }
  if (stopped()) return end(Status::cancelled);  // while data were looked at
  const double loss = method_->epoch(firstEpoch_ + epoch);
  if (stopped()) return end(Status::cancelled);
  const double* returned = original();
  if (!std::isfinite(loss) || !std::isfinite(kernels_.asum(returned, plan_.size())))
    return end(Status::diverged);
  double watched = loss;
  if (validation_) {
    const Batch rows = validation_->everything();
    watched = validation_->evaluate(rows, method_->result(), nullptr) / static_cast<double>(rows.count);
    if (stopped()) return end(Status::cancelled);
    if (histories_) out_.validationLoss.push_back(watched);
  }
  out_.epochs = epoch + 1;
  out_.steps = method_->steps;
  out_.lastLoss = loss;
  out_.lastDecrease = method_->lastDecrease;
  if (histories_) record(loss);
  last_ = {firstEpoch_ + out_.epochs, out_.steps, loss, validation_ ? watched : NAN, method_->rate};
  method_->epochEnded(watched);
  bool isBest = stopping_.improved(watched, method_->rises());
  if (watchesTraining()) {
    isBest = stopping_.isBest(method_->objectiveAtResult(loss));
    if (stopped()) return end(Status::cancelled);
  }
  if (isBest || !plan_.restoreBest) {
    keep(returned);
    keepCarry();
    out_.meanLoss = method_->meanLoss;
    out_.gap = method_->gap;
    out_.remainingDecrease = method_->remainingDecrease;
  }
  out_.status = verdict();
  if (out_.status == Status::converged || out_.status == Status::stalled) doubt(loss);
  if (out_.status != Status::running) shortenWeights();
  return stopped() ? end(Status::cancelled) : true;
}

void Run::record(double loss) {
  if (!plan_.stepHistory) out_.loss.push_back(loss);
  out_.learningRate.push_back(method_->rate);
  out_.gradientNorm.push_back(method_->gradientNorm);
}

// Whether the epoch was the last one.
Status Run::verdict() {
  if (method_->ended != Status::maxEpochs) return method_->ended;
  if (hasConverged()) return Status::converged;
  if (stopping_.outOfPatience()) return Status::earlyStopped;
  if (stopping_.outOfTime()) return Status::timeLimit;
  return Status::running;
}

// A solver's fit that rounding has ended has stalled, where the objective still falls along nearly equal
// columns.
void Run::doubt(double value) {
  if (!smooth_ || !method_->mayBeCollinear()) return;
  const double fall = fallAlongWeak(kernels_, plan_, data_.train, *scaling_, smooth_->penalty(),
                                    method_->result(), value, team_);
  if (!(fall > leastFall * std::fabs(value)) || fall < Stopping::toleranceOf(plan_, value)) return;
  out_.status = Status::stalled;
  if (!(out_.remainingDecrease > fall)) out_.remainingDecrease = fall;
  if (out_.gap < fall) out_.gap = fall;
}

// Where other weights predict the same: at the end, so that no step has other digits for it.
void Run::shortenWeights() {
  if (!smooth_ || out_.epochs == 0 || !method_->mayBeCollinear()) return;
  double* weights = out_.weights.data();
  const bool isShorter = shorten(kernels_, plan_, data_.train, *scaling_, smooth_->penalty(), weights, team_);
  if (isShorter && plan_.loss == softmaxLoss) centreClasses(plan_, data_, weights);
}

bool Run::hasConverged() {
  const double loss = last_.loss, tolerance = Stopping::toleranceOf(plan_, loss);
  if (method_->change < tolerance && method_->confirmsChange(loss, tolerance)) return true;
  return method_->gradientNorm < plan_.gradientTolerance &&
         method_->confirmsGradient(plan_.gradientTolerance);
}

Outcome Run::outcome() {
  if (out_.status == Status::running) out_.status = Status::earlyStopped;
  if (plan_.stepHistory) {
    out_.loss = std::move(method_->stepLosses);
    out_.loss.resize(out_.steps - stepsBefore_);
  }
  if (out_.status == Status::paused) {
    Archive archive;
    serialize(archive);
    out_.state = std::move(archive.written());
  }
  if (start_.carried.data) carry();
  out_.epochs += firstEpoch_;
  return std::move(out_);
}

// The weights of X's own columns.
const double* Run::original() {
  if (const double* known = method_->original()) return known;
  if (!scaling_ && !bounds_) return method_->result();
  if (scaling_)
    scaling_->toOriginal(method_->result(), original_.data());
  else
    std::copy_n(method_->result(), plan_.size(), original_.data());
  if (bounds_) bounds_->projectOriginal(original_.data(), method_->result());
  if (plan_.loss != softmaxLoss || plan_.solver == SolverKind::none) return original_.data();
  centreClasses(plan_, data_, original_.data());
  if (bounds_) bounds_->projectOriginal(original_.data(), nullptr);
  return original_.data();
}

// The weights to return if nothing better follows.
void Run::keep(const double* weights) { out_.weights.assign(weights, weights + plan_.size()); }

void Run::serialize(Archive& archive) {
  archive.count(out_.epochs);
  archive.array(out_.weights.data(), out_.weights.size());
  size_t length = keptCarry_.size();
  archive.count(length, archive.left());
  keptCarry_.resize(length);
  archive.array(keptCarry_.data(), length, Range::any);  // TypeScript knows what it holds
  archive.number(out_.gap, Range::measured);
  archive.number(out_.remainingDecrease, Range::measured);
  archive.number(out_.lastDecrease, Range::any);
  stopping_.serialize(archive);
  method_->serialize(archive);
}

// Columns that the first fit has standardized stay so.
void Run::exchangeScaling(Archive& archive) {
  bool isThere = !carriedScaling_.empty();
  archive.flag(isThere);
  archive.require(!isThere || !carriedScaling_.empty());
  if (isThere) archive.array(carriedScaling_.data(), carriedScaling_.size(), Range::any);
}

void Run::exchangeWeights(Archive& archive, bool areThere) {
  archive.flag(areThere);
  if (areThere) archive.array(weights_.data(), weights_.size());
}

// What is carried to the next fit: of the weights that are returned. What has diverged leaves nothing.
void Run::carry() {
  if (!keptCarry_.empty())
    out_.carried = std::move(keptCarry_);
  else if (out_.status == Status::diverged)
    out_.carried.assign(start_.carried.data, start_.carried.data + start_.carried.length);
  else
    out_.carried = carriedNow();
}

std::vector<double> Run::carriedNow() {
  Archive archive;
  uint64_t epochs = firstEpoch_ + out_.epochs;
  archive.count(epochs);
  exchangeScaling(archive);
  exchangeWeights(archive, method_->hidesWeights());
  method_->carry(archive);
  return std::move(archive.written());
}

// Where others than the last weights may be returned: what goes with those that were kept.
void Run::keepCarry() {
  if (plan_.restoreBest && start_.carried.data) keptCarry_ = carriedNow();
}

Outcome fit(const Kernels& kernels, const Plan& plan, const Data& data, const InitialState& start,
            const Team& team, Keep kept) {
  Run run(kernels, plan, data, start, team, kept);
  while (run.advance()) {
  }
  return run.outcome();
}

double valueAndGradient(const Kernels& kernels, const Plan& plan, const Table& table, const double* weights,
                        double* gradient) {
  Objective objective(kernels, plan, table, nullptr, table.count, everyone());
  return objective.evaluate(objective.everything(), weights, gradient) / static_cast<double>(table.count);
}

}  // namespace nabla
