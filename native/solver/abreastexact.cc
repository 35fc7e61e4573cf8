// Least squares of eight problems side by side: exact.h, where one step of refinement in plain doubles is
// enough (leastsquares.cc).
#include <algorithm>
#include <cmath>

#include "abreast.h"
#include "leastsquares.h"

namespace nabla {

namespace {

constexpr size_t L = abreast;

class ExactAbreast {
 public:
  ExactAbreast(const Kernels& kernels, const Plan& plan, EightProblems& problems)
      : kernels_(kernels),
        plan_(plan),
        problems_(problems),
        cols_(plan.cols),
        size_(plan.size()),
        memory_(L * (cols_ * (cols_ + 2) + 3 * size_)),
        H_(memory_.data()),
        mean_(H_ + L * cols_ * cols_),
        step_(mean_ + L * cols_),
        w_(step_ + L * cols_),
        original_(w_ + L * size_),
        g_(original_ + L * size_) {}

  void operator()() {
    std::fill_n(w_, L * size_, 0.0);
    centre();
    normalEquations();
    if (!problems_.anyLive() || problems_.stopped()) return;
    alignas(64) double first[L], value[L];
    for (size_t k = 0; k < L; ++k) first[k] = problems_.sum(k) / problems_.counts()[k];
    descend();
    toOriginal();
    evaluate(original_, true, value);
    for (size_t k = 0; k < L; ++k)
      if (!(value[k] >= plainRest * first[k])) problems_.leave(k);
    descend();
    toOriginal();
    // The objective as it is at the scaled weights that these are turned into, and those back.
    alignas(64) double dots[L];
    double* b = plan_.intercept ? w_ + L * cols_ : nullptr;
    std::copy_n(original_, L * size_, w_);
    if (b) {
      kernels_.abreast.dot(mean_, w_, cols_, dots);
      for (size_t k = 0; k < L; ++k) b[k] += dots[k];
      kernels_.abreast.dot(mean_, w_, cols_, dots);
      for (size_t k = 0; k < L; ++k) b[k] -= dots[k];
    }
    evaluate(w_, false, value);
    for (size_t k = 0; k < L; ++k) {
      double reach = 0.0;
      for (size_t j = 0; j < size_; ++j) reach += std::fabs(original_[L * j + k]);
      if (problems_.isLive(k) && std::isfinite(value[k]) && reach < INFINITY)
        problems_.settle(k, original_, Status::converged, 1, 1, value[k]);
    }
  }

 private:
  // Means of the columns (scaling.cc).
  void centre() {
    std::fill_n(mean_, L * cols_, 0.0);
    if (!plan_.intercept) return;
    problems_.sweep([&](size_t from, size_t to) {
      kernels_.abreast.rmatvec(problems_.rows(), from, to, problems_.weights(), mean_);
    });
    for (size_t i = 0; i < L * cols_; ++i) mean_[i] /= problems_.counts()[i % L];
  }

  // And minus the gradient where the scaled weights are 0.
  void normalEquations() {
    const bool isPlain = !plan_.intercept && !problems_.areWeighted();
    std::fill_n(H_, L * cols_ * cols_, 0.0);
    std::fill_n(g_, L * size_, 0.0);
    problems_.evaluateAtZero();
    problems_.sweep([&](size_t from, size_t to) {
      kernels_.abreast.gram(problems_.rows(), from, to, isPlain ? nullptr : problems_.weights(),
                            isPlain ? nullptr : mean_, H_, cols_);
      kernels_.abreast.rmatvec(problems_.rows(), from, to, problems_.slopes(), g_);
    });
    if (plan_.intercept) kernels_.abreast.sum(problems_.slopes(), problems_.rows().count, g_ + L * cols_);
    for (size_t i = 0; i < L * size_; ++i) g_[i] /= problems_.counts()[i % L];
    toSteepest();
    for (size_t j = 0; j < cols_; ++j) {
      for (size_t k = 0; k < L; ++k) {
        double& diagonal = H_[L * (j * cols_ + j) + k];
        const double n = problems_.counts()[k], mean = mean_[L * j + k];
        if (!isUsual(n, mean, diagonal / n) || problems_.shortest() < cols_) problems_.leave(k);
        const double factor = problems_.penalty().factors ? problems_.penalty().factors[L * j + k] : 1.0;
        diagonal += n * plan_.l2 * factor;
      }
    }
    alignas(64) double isGood[L];
    // Twice what is asked for alone: no rounding of the test itself counts.
    kernels_.abreast.factorize(H_, cols_, 2.0 * plainPivot, isGood);
    for (size_t k = 0; k < L; ++k)
      if (isGood[k] != 1.0) problems_.leave(k);
  }

  // Neither constant (scaling.cc) nor far from 0, by twice as much as is asked for alone.
  static bool isUsual(double n, double mean, double variance) {
    const double rounding = 2.0 * n * mean * 0x1p-52;
    return variance > rounding * rounding && variance > 0x1p-900 && variance < 0x1p900 &&
           std::fabs(mean) <= 0.5 * farFromZero * std::sqrt(variance);
  }

  // The objective and, if it is asked for, minus the gradient of the sum in the scaled weights, to g_.
  void evaluate(const double* original, bool isGradientAsked, double* value) {
    problems_.evaluate(original, isGradientAsked ? g_ : nullptr);
    alignas(64) double penalty[L] = {};
    if (problems_.penalty().active()) kernels_.abreast.penaltyValue(w_, cols_, problems_.penalty(), penalty);
    for (size_t k = 0; k < L; ++k) value[k] = problems_.sum(k) / problems_.counts()[k] + penalty[k];
    if (isGradientAsked) toSteepest();
  }

  // The gradient in X's own weights becomes minus that of the sum in the scaled ones, with the penalty's.
  void toSteepest() {
    const double* b = g_ + L * cols_;
    for (size_t i = 0; i < L * size_; ++i) {
      const size_t k = i % L;
      if (i < L * cols_ && plan_.intercept) g_[i] -= mean_[i] * b[k];
      if (i < L * cols_ && plan_.l2 != 0.0) {
        const double factor = problems_.penalty().factors ? problems_.penalty().factors[i] : 1.0;
        g_[i] += plan_.l2 * factor * w_[i];
      }
      g_[i] *= -problems_.counts()[k];
    }
  }

  // To where the quadratic has its minimum, from minus its gradient in g_.
  void descend() {
    std::copy_n(g_, L * cols_, step_);
    kernels_.abreast.solve(H_, cols_, step_);
    for (size_t i = 0; i < L * cols_; ++i) w_[i] += step_[i];
    for (size_t i = L * cols_; i < L * size_; ++i) w_[i] += g_[i] / problems_.counts()[i % L];
  }

  void toOriginal() {
    std::copy_n(w_, L * size_, original_);
    if (!plan_.intercept) return;
    alignas(64) double dots[L];
    kernels_.abreast.dot(mean_, original_, cols_, dots);
    for (size_t k = 0; k < L; ++k) original_[L * cols_ + k] = w_[L * cols_ + k] - dots[k];
  }

  const Kernels& kernels_;
  const Plan& plan_;
  EightProblems& problems_;
  size_t cols_, size_;
  Doubles memory_;
  double* H_;  // becomes its Cholesky factor
  double *mean_, *step_;
  double *w_, *original_, *g_;
};

}  // namespace

void solveExactlyAbreast(const Kernels& kernels, const Plan& plan, EightProblems& problems) {
  ExactAbreast(kernels, plan, problems)();
}

}  // namespace nabla
