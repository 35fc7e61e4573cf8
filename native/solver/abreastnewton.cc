// Newton's method for eight problems side by side: newton.cc, as long as no Hessian is damped and every step
// is taken whole.
#include <algorithm>
#include <cmath>

#include "abreastsmooth.h"
#include "newton.h"
#include "stopping.h"

namespace nabla {

namespace {

constexpr size_t L = abreast;

// Of a diagonal element, what has to remain when the variables before it are taken out: far more than alone.
constexpr double leastPivot = 0x1p-30;

class NewtonAbreast {
 public:
  NewtonAbreast(const Kernels& kernels, const Plan& plan, EightProblems& problems)
      : kernels_(kernels),
        plan_(plan),
        problems_(problems),
        smooth_(kernels, plan, problems),
        cols_(plan.cols),
        size_(plan.size()),
        memory_(L * (2 * size_ * size_ + 7 * size_)),
        H_(memory_.data()),
        factor_(H_ + L * size_ * size_),
        unit_(factor_ + L * size_ * size_),
        w_(unit_ + L * size_),
        g_(w_ + L * size_),
        delta_(g_ + L * size_),
        target_(delta_ + L * size_),
        moved_(target_ + L * size_),
        gradient_(moved_ + L * size_) {}

  void operator()() {
    measure();
    std::copy_n(problems_.start(), L * size_, w_);
    smooth_.fromOriginal(w_);
    smooth_.evaluate(w_, g_, value_);
    for (size_t k = 0; k < L; ++k) first_[k] = std::fabs(value_[k]);
    for (uint64_t epoch = 1; problems_.anyLive() && !problems_.stopped(); ++epoch) {
      alignas(64) double left[L], rest[L];
      bend();
      aim(left);
      untold(rest);
      step(left, rest);
      aim(left);
      untold(rest);
      smooth_.toOriginal(w_);
      for (size_t k = 0; k < L; ++k) {
        if (!problems_.isLive(k)) continue;
        const double change = left[k] + rest[k];
        const bool isOver = change <= 0x1p-4 * nothing(k) || change < Stopping::toleranceOf(plan_, value_[k]);
        if (!std::isfinite(value_[k]) || !isFiniteAbreast(smooth_.original(), size_, k))
          problems_.leave(k);
        else if (isOver || epoch == plan_.epochs)
          problems_.settle(k, smooth_.original(), isOver ? Status::converged : Status::maxEpochs, epoch,
                           epoch, value_[k]);
      }
    }
  }

 private:
  double nothing(size_t k) const { return nothingOf(value_[k], first_[k]); }

  // The mean squares of the columns (scaling.cc).
  void measure() {
    std::fill_n(unit_, L * cols_, 0.0);
    std::fill_n(unit_ + L * cols_, L * (size_ - cols_), 1.0);
    problems_.sweep([&](size_t from, size_t to) {
      kernels_.abreast.squares(problems_.rows(), from, to, problems_.weights(), smooth_.mean(), unit_);
    });
    for (size_t i = 0; i < L * cols_; ++i) {
      const double n = problems_.counts()[i % L];
      unit_[i] /= n;
      if (!isUsualColumn(n, smooth_.mean()[i], unit_[i])) problems_.leave(i % L);
    }
  }

  // The Hessian at the weights, and its factor.
  void bend() {
    problems_.gram(problems_.curvature(), plan_.intercept ? smooth_.mean() : nullptr, H_);
    for (size_t i = 0; i < L * size_ * size_; ++i) H_[i] /= problems_.counts()[i % L];
    for (size_t j = 0; j < cols_; ++j)
      for (size_t k = 0; k < L; ++k) H_[L * (j * size_ + j) + k] += plan_.l2 * smooth_.factor(L * j + k);
    alignas(64) double isGood[L];
    std::copy_n(H_, L * size_ * size_, factor_);
    kernels_.abreast.factorize(factor_, size_, leastPivot, isGood);
    for (size_t k = 0; k < L; ++k)
      if (isGood[k] != 1.0) problems_.leave(k);
  }

  // To target_, where the models have their minimum; by how much they fall.
  void aim(double* fall) {
    for (size_t i = 0; i < L * size_; ++i) delta_[i] = -g_[i];
    kernels_.abreast.solve(factor_, size_, delta_);
    for (size_t i = 0; i < L * size_; ++i) target_[i] = w_[i] + delta_[i];
    kernels_.abreast.dot(g_, delta_, size_, fall);
    for (size_t k = 0; k < L; ++k) fall[k] = 0.0 + -0.5 * fall[k];
  }

  // What the objectives could still fall by at the target.
  void untold(double* rest) {
    std::fill_n(rest, L, 0.0);
    for (size_t i = 0; i < L * size_; ++i) moved_[i] = target_[i] - w_[i];
    for (size_t j = 0; j < size_; ++j) {
      alignas(64) double slope[L];
      kernels_.abreast.dot(H_ + L * j * size_, moved_, size_, slope);
      for (size_t k = 0; k < L; ++k) {
        const double steep = g_[L * j + k] + slope[k];
        rest[k] += (0.5 * steep * steep) / (leastDamping * unit_[L * j + k]);
      }
    }
  }

  // To the target, where that is as much lower as the model has promised.
  void step(const double* promised, const double* rest) {
    alignas(64) double value[L];
    smooth_.evaluate(target_, gradient_, value);
    for (size_t k = 0; k < L; ++k) {
      const double noise = nothing(k), fall = promised[k];
      const bool isLower = fall > noise ? value[k] <= value_[k] - 1e-4 * fall : value[k] <= value_[k] + noise;
      if (!(rest[k] <= noise && fall > 0.0 && isLower)) problems_.leave(k);
      value_[k] = value[k];
    }
    std::swap(w_, target_);
    std::swap(g_, gradient_);
  }

  const Kernels& kernels_;
  const Plan& plan_;
  EightProblems& problems_;
  SmoothAbreast smooth_;
  size_t cols_, size_;
  Doubles memory_;
  double *H_, *factor_;
  double* unit_;
  double *w_, *g_, *delta_, *target_, *moved_, *gradient_;
  alignas(64) double value_[L], first_[L];
};

}  // namespace

void newtonAbreast(const Kernels& kernels, const Plan& plan, EightProblems& problems) {
  NewtonAbreast(kernels, plan, problems)();
}

}  // namespace nabla
