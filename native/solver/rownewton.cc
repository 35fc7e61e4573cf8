#include "rownewton.h"

#include <algorithm>
#include <cmath>

#include "dual.h"
#include "huberstart.h"
#include "newtonsystem.h"
#include "stopping.h"

namespace nabla {

RowNewton::RowNewton(const Kernels& kernels, const Plan& plan, const Table& table, const Scaling& scaling,
                     PenalizedObjective& smooth, double* weights, const Team& team, bool isFirst)
    : kernels_(kernels),
      plan_(plan),
      table_(table),
      scaling_(scaling),
      smooth_(smooth),
      team_(team),
      isFirst_(isFirst),
      w_(weights),
      map_(kernels, plan, table, scaling, team),
      bend_(plan.coefficients()),
      factor_(table.count * table.count),
      g_(plan.size()),
      trial_(plan.size()),
      trialGradient_(plan.size()),
      modelMinimizer_(plan.size()),
      curvature_(plan.outputs * table.count),
      step_(map_.size()),
      along_(table.count + plan.cols),
      roundoff_(plan, table, scaling) {
  g_.clear();
  modelMinimizer_.clear();
  for (size_t j = 0; j < plan.coefficients(); ++j)
    bend_.data()[j] = static_cast<double>(table.count) * plan.l2 * smooth.factor(j);
  const AlignedBuffer columns = columnsOf(kernels, plan, table, scaling, false, team);
  Gram gram(kernels, {columns.data(), table.count, plan.cols, nullptr}, nullptr, team);
  for (size_t k = 0; k < plan.outputs; ++k)
    equations_.push_back(
        std::make_unique<RowEquations>(kernels, plan, table.count, bend_.data() + k * plan.cols,
                                       leastDamping * static_cast<double>(table.count), map_, gram, team));
}

double RowNewton::epoch(uint64_t) {
  if (!begun_) {
    begun_ = true;
    approach();
    value_ = evaluate(w_, g_.data());
    meanLoss = smooth_.meanLoss();
    if (!std::isfinite(value_)) return value_;
    minimizeModel();
  }
  if (team_.stopped()) return value_;
  const double predictedDecrease = predictedDecrease_;
  const double before = value_;
  const double length = search();
  rate = length;
  if (length > 0.0) {
    ++steps;
    std::copy_n(trial_.data(), plan_.size(), w_);
    std::copy_n(trialGradient_.data(), plan_.size(), g_.data());
    minimizeModel();
  }
  change = remainingDecrease = predictedDecrease_;
  const double roundoff = level(), size = roundoff_.size(value_, meanLoss);
  if (isAtMinimum(predictedDecrease, predictedDecrease_, roundoff, size))
    ended = Status::converged;
  else if (length == 0.0)
    ended = predictedDecrease <= 64.0 * roundoff ? Status::converged : Status::stalled;
  gradientNorm = smooth_.norm(w_, g_.data());
  const bool isOver = ended != Status::maxEpochs || predictedDecrease_ < Stopping::toleranceOf(plan_, value_);
  if (length == 1.0 && isOver && isTrusted(predictedDecrease, predictedDecrease_, size)) {
    ended = Status::converged;
    std::copy_n(modelMinimizer_.data(), plan_.size(), w_);
    value_ -= predictedDecrease_;
    meanLoss = value_ - smooth_.penaltyAt(w_);
  }
  lastDecrease = before - value_;
  if (plan_.stepHistory && length > 0.0) stepLosses.push_back(value_);
  return value_;
}

// To where the first iteration starts.
void RowNewton::approach() {
  if (!isFirst_) return;
  approachHuber(kernels_, plan_, table_, scaling_, smooth_.penalty(), w_, team_,
                [&](const Plan& plan, PenalizedObjective& smooth) {
                  return std::unique_ptr<Method>(
                      new RowNewton(kernels_, plan, table_, scaling_, smooth, w_, team_, false));
                });
}

double RowNewton::evaluate(const double* weights, double* gradient) {
  const double sum = smooth_.objective().curve(weights, gradient, curvature_.data());
  return smooth_.penalize(sum / static_cast<double>(table_.count), weights, gradient);
}

// To where the quadratic model about the weights has its minimum.
void RowNewton::minimizeModel() {
  const size_t cols = plan_.cols;
  const double count = static_cast<double>(table_.count);
  double* step = step_.data();
  double* modelMinimizer = modelMinimizer_.data();
  predictedDecrease_ = 0.0;
  for (size_t k = 0; k < plan_.outputs && !team_.stopped(); ++k) {
    // A weight's place among those of all outputs.
    const auto place = [&](size_t j) { return j < cols ? k * cols + j : plan_.coefficients() + k; };
    for (size_t j = 0; j < map_.size(); ++j) step[j] = -(count * g_.data()[place(j)]);
    equations_[k]->factorize(curvature_.data() + k * table_.count, factor_.data());
    equations_[k]->solve(factor_.data(), step, along_.data());
    double slope = 0.0;
    for (size_t j = 0; j < map_.size(); ++j) {
      slope += g_.data()[place(j)] * step[j];
      modelMinimizer[place(j)] = w_[place(j)] + step[j];
    }
    predictedDecrease_ -= 0.5 * slope;
  }
}

// Goes towards the target; returns which part, 0 if nothing is gained.
double RowNewton::search() {
  const Segment segment{w_, modelMinimizer_.data(), plan_.size(), value_, predictedDecrease_, level()};
  const BacktrackResult result = backtrack(segment, trial_.data(), team_, [&](const double* trial) {
    return evaluate(trial, trialGradient_.data());
  });
  if (result.part > 0.0) {
    value_ = result.value;
    meanLoss = smooth_.meanLoss();
  }
  return result.part;
}

void RowNewton::serialize(Archive& archive) {
  Method::serialize(archive);
  archive.flag(begun_);
  archive.array(w_, plan_.size());
  archive.number(value_, Range::notNaN);
  archive.array(g_.data(), plan_.size(), Range::any);
  if (!begun_) return;
  // What follows from the weights is made anew.
  evaluate(w_, trialGradient_.data());
  meanLoss = smooth_.meanLoss();
  minimizeModel();
}

}  // namespace nabla
