// Full-batch descent of a problem batch, over the rows or by the Gram matrix.
// It follows solver/descent.h and objective/gramobjective.cc with default settings.
#include <algorithm>
#include <cmath>

#include "../objective/gramobjective.h"
#include "../solver/optimizer.h"
#include "../solver/pace.h"
#include "../solver/schedule.h"
#include "problembatch.h"

namespace nabla {

namespace {

constexpr size_t L = batchWidth;

// GramObjective (objective/gramobjective.cc) of each problem.
class Expansions {
 public:
  Expansions(const Kernels& kernels, const Plan& plan, ProblemBatch& problems)
      : kernels_(kernels),
        plan_(plan),
        problems_(problems),
        side_(plan.size()),
        memory_(L * (plan.cols + side_ * (side_ + 6))),
        mean_(plan.intercept ? memory_.data() : nullptr),
        G_(memory_.data() + L * plan.cols),
        diagonal_(G_ + L * side_ * side_),
        e_(diagonal_ + L * side_),
        Ge_(e_ + L * side_),
        from_(Ge_ + L * side_),
        slope_(from_ + L * side_),
        direct_(slope_ + L * side_) {
    if (mean_) centre();
    problems.gram(problems.weightsOrNone(), mean_, G_);
    for (size_t j = 0; j < side_; ++j) std::copy_n(G_ + L * (j * side_ + j), L, diagonal_ + L * j);
    if (mean_) leaveFar();
  }

  // As GramObjective's: of the lanes that are live the sums, and the gradient.
  void evaluate(const double* w, double* gradient, double* sum) {
    alignas(64) double terms[3 * L] = {};
    if (isKnown_)
      kernels_.batched.expand({G_, diagonal_, plan_.cols, mean_, output(w), output<const double>(from_),
                               output<const double>(slope_), 0.0, e_, Ge_, output(gradient)},
                              problems_.counts(), terms);
    bool isDirect[L], anyDirect = false;
    for (size_t k = 0; k < L; ++k) {
      const double linear = terms[k], square = terms[L + k], largest = terms[2 * L + k];
      isDirect[k] = problems_.isLive(k);
      if (isKnown_) {
        sum[k] = value_[k] + (linear + 0.5 * square);
        const double all = value_[k] + (std::fabs(linear) + 0.5 * largest);
        isDirect[k] &= !(sum[k] >= GramObjective::least * all && sum[k] < INFINITY);
      }
      anyDirect |= isDirect[k];
    }
    isKnown_ = true;
    if (anyDirect) begin(w, gradient, sum, isDirect);
  }

 private:
  template <class T>
  Output<T> output(T* weights) const {
    return {weights, plan_.intercept ? weights + L * plan_.cols : nullptr};
  }

  // All rows are in the sample (objective/gramobjective.cc).
  void centre() {
    const size_t cols = plan_.cols;
    alignas(64) double total[L];
    kernels_.batched.sum(problems_.weights(), problems_.rows().count, total);
    problems_.columnSums(mean_);
    for (size_t i = 0; i < L * cols; ++i) mean_[i] /= total[i % L];
    for (size_t k = 0; k < L; ++k)
      if (!(total[k] > 0.0)) problems_.leave(k);
  }

  void leaveFar() {
    const double* last = diagonal_ + L * plan_.cols;
    for (size_t i = 0; i < L * plan_.cols; ++i)
      if (mean_[i] * mean_[i] * last[i % L] > GramObjective::far * GramObjective::far * diagonal_[i])
        problems_.leave(i % L);
  }

  void begin(const double* w, double* gradient, double* sum, const bool* isDirect) {
    const size_t cols = plan_.cols;
    problems_.evaluate(w, direct_);
    for (size_t k = 0; k < L; ++k) {
      if (!isDirect[k]) continue;
      sum[k] = value_[k] = problems_.sum(k);
      for (size_t j = 0; j < side_; ++j) {
        const size_t i = L * j + k;
        gradient[i] = direct_[i];
        from_[i] = w[i];
        slope_[i] = direct_[i] * problems_.counts()[k];
      }
      for (size_t j = 0; mean_ && j < cols; ++j) slope_[L * j + k] -= mean_[L * j + k] * slope_[L * cols + k];
    }
  }

  const Kernels& kernels_;
  const Plan& plan_;
  ProblemBatch& problems_;
  size_t side_;
  AlignedBuffer memory_;
  double* mean_;
  double *G_, *diagonal_, *e_, *Ge_, *from_, *slope_;
  double* direct_;  // gradients over the rows
  bool isKnown_ = false;
  double value_[L] = {};
};

bool isByGram(const Plan& plan, const ProblemBatch& problems) {
  return plan.gramFrom > 0 && problems.shortest() >= plan.gramFrom;
}

}  // namespace

void descendBatched(const Kernels& kernels, const Plan& plan, ProblemBatch& problems) {
  const bool byGram = isByGram(plan, problems);
  // Some by the Gram matrix, some not.
  if (!byGram && plan.gramFrom > 0 && problems.rows().count >= plan.gramFrom) return;
  const size_t size = plan.size();
  AlignedBuffer memory(2 * L * size);
  double *w = memory.data(), *g = w + L * size;
  std::copy_n(problems.start(), L * size, w);
  std::unique_ptr<Expansions> expansions(byGram ? new Expansions(kernels, plan, problems) : nullptr);
  Optimizer optimizer(kernels, kernels.rules[plan.rule], plan.ruleParameters,
                      {plan.clipNorm, plan.clipValue, problems.penalty()}, L * size, L * plan.cols);
  Schedule schedule(kernels, plan, 1);
  Pace pace;
  alignas(64) double penalty[L] = {}, sum[L], loss[L], previous[L];
  std::fill_n(previous, L, INFINITY);
  for (uint64_t epoch = 0; epoch < plan.epochs && problems.anyLive() && !problems.stopped(); ++epoch) {
    const bool isLast = epoch + 1 == plan.epochs, areLossesAsked = isLast || plan.tolerance > 0.0;
    if (expansions) {
      expansions->evaluate(w, g, sum);
    } else {
      problems.evaluate(w, g, areLossesAsked);
      for (size_t k = 0; k < L; ++k) sum[k] = areLossesAsked ? problems.sum(k) : 0.0;
    }
    if (problems.penalty().active()) kernels.batched.penaltyValue(w, plan.cols, problems.penalty(), penalty);
    const double t = static_cast<double>(epoch + 1);
    const double rate = schedule.rate(t);
    const Pace before = pace;
    const bool isCut = optimizer.step(w, g, rate, t);
    double reach[L] = {};
    for (size_t j = 0; j < size; ++j)
      for (size_t k = 0; k < L; ++k) reach[k] += std::fabs(w[L * j + k]);
    for (size_t k = 0; k < L; ++k) {
      const double rows = problems.counts()[k];
      loss[k] = (0.0 + (sum[k] + rows * penalty[k])) / rows;
      pace = before;
      const double moved = pace.change(rate, schedule.largest(), loss[k], std::fabs(loss[k] - previous[k]));
      const double change = isCut ? INFINITY : moved;
      previous[k] = loss[k];
      if (!problems.isLive(k)) continue;
      const bool isFinite =
          std::isfinite(loss[k]) && reach[k] < INFINITY && (expansions || problems.isFinite(k));
      if (!isFinite)
        problems.leave(k);
      else if (change < plan.tolerance)
        problems.settle(k, w, Status::converged, epoch + 1, epoch + 1, loss[k], NAN);
      else if (isLast)
        problems.settle(k, w, Status::maxEpochs, epoch + 1, epoch + 1, loss[k], NAN);
    }
  }
}

}  // namespace nabla
