// Least squares of a problem batch, with one step of refinement in plain doubles.
// It follows solver/exact.h, where that is enough (solver/leastsquares.cc).
#include <algorithm>
#include <cmath>

#include "../solver/leastsquares.h"
#include "penalizedobjective.h"

namespace nabla {

namespace {

constexpr size_t L = batchWidth;

class BatchedExact {
 public:
  BatchedExact(const Kernels& kernels, const Plan& plan, ProblemBatch& problems)
      : kernels_(kernels),
        plan_(plan),
        problems_(problems),
        smooth_(kernels, plan, problems),
        cols_(plan.cols),
        size_(plan.size()),
        memory_(L * (cols_ * (cols_ + 2) + 2 * size_)),
        H_(memory_.data()),
        step_(H_ + L * cols_ * cols_),
        square_(step_ + L * cols_),
        w_(square_ + L * cols_),
        g_(w_ + L * size_) {}

  void operator()() {
    alignas(64) double first[L], value[L];
    begin(first);
    if (!problems_.anyLive() || problems_.stopped()) return;
    descend();
    smooth_.evaluate(w_, g_, value);
    for (size_t k = 0; k < L; ++k)
      if (!(value[k] >= plainRest * first[k])) problems_.leave(k);
    descend();
    // What is returned is more exact than what becomes of it when it is turned into centred weights.
    smooth_.toOriginal(w_);
    AlignedBuffer original(L * size_);
    std::copy_n(smooth_.original(), L * size_, original.data());
    std::copy_n(smooth_.original(), L * size_, w_);
    smooth_.fromOriginal(w_);
    smooth_.evaluate(w_, g_, value);
    alignas(64) double remaining[L];
    steepest(remaining);
    for (size_t k = 0; k < L; ++k)
      if (problems_.isLive(k) && std::isfinite(value[k]) && isFiniteBatched(original.data(), size_, k))
        problems_.settle(k, original.data(), Status::converged, 1, 1, value[k], remaining[k]);
  }

 private:
  // What the objective would fall by if each weight went its own way (exact.h).
  void steepest(double* fall) const {
    std::fill_n(fall, L, 0.0);
    for (size_t j = 0; j < size_; ++j) {
      const double *g = g_ + L * j, *square = square_ + L * j;
      const double l2 = j < cols_ ? plan_.l2 * smooth_.factor(L * j) : 0.0;  // alike in all lanes
      for (size_t k = 0; k < L; ++k) {
        const double curvature = j < cols_ ? square[k] + l2 : 1.0;
        fall[k] += (0.5 * g[k] * g[k]) / curvature;
      }
    }
  }

  // The normal equations, and the objective and the gradient where the centred weights are 0.
  void begin(double* value) {
    // The kernel has no means without weights.
    const double* mean = plan_.intercept ? smooth_.mean() : nullptr;
    const double* d = mean ? problems_.weights() : problems_.weightsOrNone();
    std::fill_n(memory_.data(), memory_.size(), 0.0);
    problems_.evaluateAtZero();
    problems_.sweep([&](size_t from, size_t to) {
      kernels_.batched.gram(problems_.rows(), from, to, d, mean, H_, cols_);
      kernels_.batched.rmatvec(problems_.rows(), from, to, problems_.slopes(), g_);
    });
    if (plan_.intercept) kernels_.batched.sum(problems_.slopes(), problems_.rows().count, g_ + L * cols_);
    for (size_t i = 0; i < L * size_; ++i) g_[i] /= problems_.counts()[i % L];
    smooth_.chain(w_, g_);
    alignas(64) double isGood[L];
    addPenalty();
    // Twice what is asked for alone: no rounding of the test itself counts.
    kernels_.batched.factorize(H_, cols_, 2.0 * plainPivot, isGood);
    for (size_t k = 0; k < L; ++k) {
      value[k] = problems_.sum(k) / problems_.counts()[k];
      if (isGood[k] != 1.0 || problems_.shortest() < cols_) problems_.leave(k);
    }
  }

  void addPenalty() {
    for (size_t j = 0; j < cols_; ++j) {
      for (size_t k = 0; k < L; ++k) {
        double& diagonal = H_[L * (j * cols_ + j) + k];
        const double n = problems_.counts()[k], mean = smooth_.mean()[L * j + k];
        const bool isFar = !(std::fabs(mean) <= 0.5 * farFromZero * std::sqrt(diagonal / n));
        if (isFar || !isUsualColumn(n, mean, diagonal / n)) problems_.leave(k);
        square_[L * j + k] = diagonal / n;
        diagonal += n * plan_.l2 * smooth_.factor(L * j + k);
      }
    }
  }

  // To where the quadratic has its minimum, from the gradient in g_.
  void descend() {
    for (size_t i = 0; i < L * size_; ++i) g_[i] *= -problems_.counts()[i % L];
    std::copy_n(g_, L * cols_, step_);
    kernels_.batched.solve(H_, cols_, step_);
    for (size_t i = 0; i < L * cols_; ++i) w_[i] += step_[i];
    for (size_t i = L * cols_; i < L * size_; ++i) w_[i] += g_[i] / problems_.counts()[i % L];
  }

  const Kernels& kernels_;
  const Plan& plan_;
  ProblemBatch& problems_;
  BatchedObjective smooth_;
  size_t cols_, size_;
  AlignedBuffer memory_;
  double* H_;  // becomes its Cholesky factor
  double* step_;
  double* square_;  // mean squares of the columns
  double *w_, *g_;
};

}  // namespace

void solveExactlyBatched(const Kernels& kernels, const Plan& plan, ProblemBatch& problems) {
  BatchedExact(kernels, plan, problems)();
}

}  // namespace nabla
