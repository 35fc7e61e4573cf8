// Newton's method for a problem batch.
// It follows solver/newton.cc as long as no Hessian is damped and every step is taken whole. Each round
// evaluates one point of each problem: a lane's step by its newest Hessian, or one that goes on with the
// last.
#include <algorithm>
#include <cmath>

#include "../solver/newton.h"
#include "../solver/stopping.h"
#include "penalizedobjective.h"

namespace nabla {

namespace {

constexpr size_t L = batchWidth;

// Of a diagonal element, what has to remain when the variables before it are taken out: far more than alone.
constexpr double leastPivot = 0x1p-30;
// Epochs that rounding hides, fewer than those after which a fit alone may end.
constexpr uint64_t mostHidden = 4;

class BatchedNewton {
 public:
  BatchedNewton(const Kernels& kernels, const Plan& plan, ProblemBatch& problems)
      : kernels_(kernels),
        plan_(plan),
        problems_(problems),
        smooth_(kernels, plan, problems),
        cols_(plan.cols),
        size_(plan.size()),
        memory_(L * (3 * size_ * size_ + 7 * size_)),
        H_(memory_.data()),
        fresh_(H_ + L * size_ * size_),
        factor_(fresh_ + L * size_ * size_),
        unit_(factor_ + L * size_ * size_),
        w_(unit_ + L * size_),
        g_(w_ + L * size_),
        delta_(g_ + L * size_),
        modelMinimizer_(delta_ + L * size_),
        gradient_(modelMinimizer_ + L * size_),
        before_(gradient_ + L * size_),
        reach_(L * cols_) {}

  void operator()() {
    measure();
    std::copy_n(problems_.start(), L * size_, w_);
    smooth_.fromOriginal(w_);
    evaluate(w_, g_, value_, loss_);
    if (plan_.loss == huberLoss) leaveFar();
    while (problems_.anyLive() && !problems_.stopped()) {
      alignas(64) double fall[L] = {}, rest[L] = {};
      if (needsHessian()) {
        updateHessian();
        minimizeModel(fall);
        unmodelledDecrease(rest);
      }
      for (size_t k = 0; k < L; ++k)
        if (!isPolishing_[k]) predictedDecrease_[k] = fall[k] + rest[k];
      step(fall, rest);
      smooth_.toOriginal(w_);
      for (size_t k = 0; k < L; ++k) {
        if (!problems_.isLive(k)) continue;
        if (!std::isfinite(value_[k]) || !isFiniteBatched(smooth_.original(), size_, k)) {
          problems_.leave(k);
          continue;
        }
        if (!isPolishing_[k]) end(k);
      }
    }
  }

 private:
  double terms(size_t k) const {
    double terms = plan_.intercept ? std::fabs(w_[L * cols_ + k]) : 0.0;
    for (size_t j = 0; j < cols_; ++j) terms += reach_.data()[L * j + k] * std::fabs(w_[L * j + k]);
    return terms;
  }
  double level(size_t k) const {
    return Roundoff::levelOf(plan_, meanTarget_[k], terms(k), value_[k], loss_[k]);
  }
  double size(size_t k) const { return Roundoff::sizeOf(plan_, meanTarget_[k], value_[k], loss_[k]); }

  void evaluate(const double* w, double* gradient, double* value, double* loss) {
    smooth_.evaluate(w, gradient, value);
    for (size_t k = 0; k < L; ++k) loss[k] = problems_.sum(k) / problems_.counts()[k];
  }

  // A lane's epoch.
  void end(size_t k) {
    ++epoch_[k];
    const double roundoff = level(k);
    const bool isZero = isSquares_ && Roundoff::isZeroOf(plan_, terms(k), value_[k]);
    const double decreaseLeft = isZero ? 0.0 : decreaseLeft_[k];
    const bool isOver = isAtMinimum(predictedDecrease_[k], decreaseLeft, roundoff, size(k)) ||
                        decreaseLeft < Stopping::toleranceOf(plan_, value_[k]);
    hidden_[k] = valueBefore_[k] - value_[k] <= roundoff ? hidden_[k] + 1 : 0;
    if (isOver && trusts_[k]) finish(k);
    if (isOver || epoch_[k] == plan_.epochs)
      problems_.settle(k, smooth_.original(), isOver ? Status::converged : Status::maxEpochs, epoch_[k],
                       epoch_[k], value_[k], decreaseLeft);
    else if (isRefused_[k] || decreaseLeft > 0.25 * predictedDecrease_[k] || hidden_[k] == mostHidden)
      problems_.leave(k);  // second derivatives are those of a point that was refused, or models say little
  }

  // The last step, of a length that is not worth an evaluation.
  void finish(size_t k) {
    for (size_t i = k; i < L * size_; i += L) w_[i] = modelMinimizer_[i];
    value_[k] -= decreaseLeft_[k];
    smooth_.toOriginal(w_);
  }

  // Fits alone start elsewhere where most residuals are beyond delta (huberstart.cc).
  void leaveFar() {
    for (size_t k = 0; k < L; ++k) {
      size_t near = 0, all = 0;
      for (size_t i = 0; i < problems_.rows().count; ++i) {
        if (!(problems_.weights()[L * i + k] > 0.0)) continue;
        ++all;
        if (problems_.curvature()[L * i + k] > 0.0) ++near;
      }
      // The residual in the middle, by a margin.
      if (near <= all / 2 + 1) problems_.leave(k);
    }
  }

  // The mean squares of the columns (scaling.cc).
  void measure() {
    std::fill_n(unit_, L * cols_, 0.0);
    std::fill_n(unit_ + L * cols_, L * (size_ - cols_), 1.0);
    problems_.sweep([&](size_t from, size_t to) {
      kernels_.batched.squares(problems_.rows(), from, to, problems_.weights(), smooth_.mean(), unit_);
    });
    for (size_t i = 0; i < L * cols_; ++i) {
      const double n = problems_.counts()[i % L];
      unit_[i] /= n;
      const double mean = std::fabs(smooth_.mean()[i]), root = std::sqrt(unit_[i]);
      if (!isUsualColumn(n, mean, unit_[i]) || !(mean <= 0.5 * farOfSums * root)) problems_.leave(i % L);
      reach_.data()[i] = root + mean;
    }
    if (Roundoff::needsMeanTarget(plan_)) problems_.meanTargets(meanTarget_);
  }

  bool needsHessian() const {
    for (size_t k = 0; k < L; ++k)
      if (problems_.isLive(k) && !isPolishing_[k]) return true;
    return false;
  }

  // The Hessian at the weights, and its factor; of lanes that polish they stay.
  void updateHessian() {
    problems_.gram(problems_.curvature(), plan_.intercept ? smooth_.mean() : nullptr, fresh_);
    for (size_t i = 0; i < L * size_ * size_; ++i)
      if (!isPolishing_[i % L]) H_[i] = fresh_[i] / problems_.counts()[i % L];
    for (size_t j = 0; j < cols_; ++j)
      for (size_t k = 0; k < L; ++k)
        if (!isPolishing_[k]) H_[L * (j * size_ + j) + k] += plan_.l2 * smooth_.factor(L * j + k);
    alignas(64) double isGood[L];
    std::copy_n(H_, L * size_ * size_, factor_);
    kernels_.batched.factorize(factor_, size_, leastPivot, isGood);
    for (size_t k = 0; k < L; ++k)
      if (isGood[k] != 1.0) problems_.leave(k);
  }

  // To target_, where the models have their minimum; by how much they fall.
  void minimizeModel(double* fall) {
    for (size_t i = 0; i < L * size_; ++i) delta_[i] = -g_[i];
    kernels_.batched.solve(factor_, size_, delta_);
    for (size_t i = 0; i < L * size_; ++i) modelMinimizer_[i] = w_[i] + delta_[i];
    kernels_.batched.dot(g_, delta_, size_, fall);
    for (size_t k = 0; k < L; ++k) fall[k] = 0.0 + -0.5 * fall[k];
  }

  // What the objectives could still fall by at the target.
  void unmodelledDecrease(double* rest) {
    std::fill_n(rest, L, 0.0);
    for (size_t j = 0; j < size_; ++j) {
      alignas(64) double slope[L];
      kernels_.batched.dot(H_ + L * j * size_, delta_, size_, slope);
      for (size_t k = 0; k < L; ++k) {
        const double steep = g_[L * j + k] + slope[k];
        rest[k] += (0.5 * steep * steep) / (leastDamping * unit_[L * j + k]);
      }
    }
  }

  // To the target, where that is as much lower as the model has promised, or near the minimum as long as each
  // step leaves a sixteenth of what the model promises.
  void step(const double* predictedDecrease, const double* rest) {
    alignas(64) double value[L], loss[L], noise[L], decreaseLeft[L], more[L];
    for (size_t k = 0; k < L; ++k) noise[k] = level(k);
    evaluate(modelMinimizer_, gradient_, value, loss);
    std::copy_n(w_, L * size_, before_);
    for (size_t k = 0; k < L; ++k) {
      isRefused_[k] = false;
      if (isPolishing_[k]) {
        isRefused_[k] = !(value[k] <= value_[k] + noise[k]);
        continue;
      }
      const double fall = predictedDecrease[k];
      const bool isLower =
          fall > noise[k] ? value[k] <= value_[k] - 1e-4 * fall : value[k] <= value_[k] + noise[k];
      if (!(rest[k] <= noise[k] && fall > 0.0 && isLower)) problems_.leave(k);
    }
    std::swap(w_, modelMinimizer_);
    std::swap(g_, gradient_);
    minimizeModel(decreaseLeft);
    unmodelledDecrease(more);
    for (size_t k = 0; k < L; ++k) {
      double next = decreaseLeft[k] + more[k];
      if (!(decreaseLeft[k] >= 0.0)) problems_.leave(k);
      if (isPolishing_[k] && (isRefused_[k] || !(next <= leastGain * decreaseLeft_[k]))) {
        refuse(k);
        continue;
      }
      if (!isPolishing_[k]) valueBefore_[k] = value_[k];
      value_[k] = value[k];
      loss_[k] = loss[k];
      if (!isPolishing_[k] && Roundoff::isZeroOf(plan_, terms(k), value_[k])) next = 0.0;
      decreaseLeft_[k] = next;
      if (!isPolishing_[k]) {
        sizeBefore_[k] = size(k);
        trusts_[k] = isTrusted(predictedDecrease_[k], next, sizeBefore_[k]);
      }
      isPolishing_[k] = next <= nearby * sizeBefore_[k] && next > leastLeft * sizeBefore_[k] &&
                        next >= Stopping::toleranceOf(plan_, value_[k]);
    }
  }

  // Back to where a lane was; its epoch ends.
  void refuse(size_t k) {
    for (size_t i = k; i < L * size_; i += L) w_[i] = before_[i];
    isRefused_[k] = true;
    isPolishing_[k] = trusts_[k] = false;  // the target is that of the weights that were refused
  }

  const Kernels& kernels_;
  const Plan& plan_;
  ProblemBatch& problems_;
  BatchedObjective smooth_;
  size_t cols_, size_;
  AlignedBuffer memory_;
  double *H_, *fresh_, *factor_;
  double* unit_;
  double *w_, *g_, *delta_, *modelMinimizer_, *gradient_, *before_;
  AlignedBuffer reach_;  // of each column, the terms of z that a weight of 1 makes
  alignas(64) double value_[L], loss_[L];
  double meanTarget_[L] = {};
  const bool isSquares_ = Roundoff::isZeroOf(plan_, 1.0, 0.0);  // the loss, near 0: only then it may be 0
  double predictedDecrease_[L] = {}, decreaseLeft_[L] = {},
         sizeBefore_[L] = {};  // of an epoch; sizes where polishing began
  bool isPolishing_[L] = {}, isRefused_[L] = {}, trusts_[L] = {};
  double valueBefore_[L] = {};               // of the epoch
  uint64_t epoch_[L] = {}, hidden_[L] = {};  // and those in a row that did not lower the objective
};

}  // namespace

void newtonBatched(const Kernels& kernels, const Plan& plan, ProblemBatch& problems) {
  BatchedNewton(kernels, plan, problems)();
}

}  // namespace nabla
