#include "problembatch.h"

#include <algorithm>
#include <cmath>

#include "../objective/blocks.h"
#include "../objective/bounds.h"

namespace nabla {

namespace {

// Sums of losses are finite where targets, predictions and slopes are smaller: none grows as an exponential
// without its slope doing so.
constexpr double calm = 0x1p400;

bool suitsDescent(const Plan& plan) {
  return plan.sampler == SamplerKind::full && plan.averaging == AveragingKind::none &&
         plan.schedule != ScheduleKind::plateau && plan.schedule != ScheduleKind::sequential &&
         plan.clipNorm == 0.0 && !plan.lossAfterUpdate;
}

// Nothing but the change of the loss ends a fit before its last epoch.
bool endsByChange(const Plan& plan) {
  return plan.gradientTolerance == 0.0 && plan.patience == 0 && plan.maxSeconds == 0.0 && !plan.restoreBest;
}

}  // namespace

bool suitsBatched(const Kernels& kernels, const Plan& plan) {
  if (plan.cols == 0 || plan.cols > mostBatched || plan.outputs != 1 || plan.targets != 1) return false;
  if (plan.standardize || plan.epochs == 0 || plan.pauseAfter > 0 || !kernels.losses[plan.loss].points)
    return false;
  if (plan.solver == SolverKind::none) return suitsDescent(plan) && endsByChange(plan);
  if (plan.l1 != 0.0 || plan.bounded) return false;
  if (plan.solver == SolverKind::exact) return true;
  return plan.solver == SolverKind::newton && !isPiecewiseLinear(plan.loss) && plan.loss != squaredLoss &&
         endsByChange(plan);
}

bool isFiniteBatched(const double* weights, size_t size, size_t lane) {
  double reach = 0.0;
  for (size_t j = 0; j < size; ++j) reach += std::fabs(weights[batchWidth * j + lane]);
  return reach < calm;
}

bool isUsualColumn(double rows, double mean, double variance) {
  const double rounding = 2.0 * rows * mean * 0x1p-52;
  return variance > rounding * rounding && variance > 0x1p-900 && variance < 0x1p900;
}

size_t mostRowsBatched(const Plan& plan) { return rowsPerBlock(plan.cols); }

ProblemBatch::ProblemBatch(const Kernels& kernels, const Plan& plan, const Problems& all, const Team& team)
    : kernels_(kernels),
      plan_(plan),
      all_(all),
      team_(team),
      most_(std::min(plan.rows, mostRowsBatched(plan))),
      X_(batchWidth * most_ * plan.cols),
      y_(batchWidth * most_),
      weights_(batchWidth * most_),
      offset_(all.offset ? batchWidth * most_ : 0),
      start_(batchWidth * plan.size()),
      factors_(all.penaltyFactors ? batchWidth * plan.cols : 0),
      lower_(plan.bounded ? batchWidth * plan.cols : 0),
      upper_(lower_.size()),
      z_(batchWidth * most_),
      losses_(batchWidth * most_),
      curvature_(batchWidth * most_),
      room_(batchWidth * all.X.room(rowsAtOnce * plan.cols)),
      penalty_{plan.l1, plan.l2, all.penaltyFactors ? factors_.data() : nullptr,
               plan.bounded ? lower_.data() : nullptr, plan.bounded ? upper_.data() : nullptr} {
  for (size_t i = 0; i < factors_.size(); ++i) factors_.data()[i] = all.penaltyFactors[i / batchWidth];
  for (size_t i = 0; i < lower_.size(); ++i) {
    lower_.data()[i] = all.lowerBounds[i / batchWidth];
    upper_.data()[i] = all.upperBounds[i / batchWidth];
  }
}

bool ProblemBatch::anyLive() const {
  return std::any_of(isLive_, isLive_ + batchWidth, [](bool live) { return live; });
}

void ProblemBatch::fit(const size_t* which, size_t count, size_t following, bool* isDone) {
  isDone_ = isDone;
  std::fill_n(isDone, count, false);
  load(which, count);
  lookAhead(which + count, std::min(following, batchWidth));
  if (plan_.solver == SolverKind::none)
    descendBatched(kernels_, plan_, *this);
  else if (plan_.solver == SolverKind::newton)
    newtonBatched(kernels_, plan_, *this);
  else
    solveExactlyBatched(kernels_, plan_, *this);
}

void ProblemBatch::load(const size_t* which, size_t count) {
  const size_t cols = plan_.cols;
  isLoaded_ = false;
  size_t longest = 0, shortest = SIZE_MAX;
  for (size_t k = 0; k < batchWidth; ++k) {
    const size_t i = which[k < count ? k : 0];  // lanes that are left over repeat the first one
    which_[k] = i;
    isLive_[k] = k < count;
    at_[k] = static_cast<size_t>(all_.borders[i]);
    lengths_[k] = static_cast<size_t>(all_.borders[i + 1]) - at_[k];
    counts_[k] = static_cast<double>(lengths_[k]);
    longest = std::max(longest, lengths_[k]);
    shortest = std::min(shortest, lengths_[k]);
  }
  rows_ = {X_.data(), cols, longest, shortest, counts_, &ahead_};
  areWeighted_ = all_.sampleWeight || shortest < longest;

  const auto interleave = [&](const double* array, double* to) {
    const double* from[batchWidth];
    for (size_t k = 0; k < batchWidth; ++k) from[k] = array + at_[k];
    kernels_.batched.interleave(from, lengths_, longest, to);
  };
  interleave(all_.y, y_.data());
  if (all_.offset) interleave(all_.offset, offset_.data());
  loadWeights(longest);
  if (all_.sampleWeight) interleave(all_.sampleWeight, weights_.data());
  for (size_t k = 0; k < batchWidth; ++k) {
    for (size_t j = 0; j < cols; ++j)
      start_.data()[batchWidth * j + k] = all_.coefficients[which_[k] * cols + j];
    if (plan_.intercept) start_.data()[batchWidth * cols + k] = all_.intercepts[which_[k]];
  }
  if (plan_.bounded) project(penalty_, start_.data(), batchWidth * cols);
}

// 1, where there are no others.
void ProblemBatch::loadWeights(size_t longest) {
  if (areWeighted_) ones_ = 0;
  if (all_.sampleWeight || ones_ >= longest) return;
  for (size_t i = 0; i < longest; ++i)
    for (size_t k = 0; k < batchWidth; ++k) weights_.data()[batchWidth * i + k] = i < lengths_[k] ? 1.0 : 0.0;
  if (!areWeighted_) ones_ = longest;
}

void ProblemBatch::loadRows(size_t from, size_t to) {
  const size_t cols = plan_.cols;
  const double* rows[batchWidth];
  size_t elements[batchWidth];
  for (size_t k = 0; k < batchWidth; ++k) {
    const size_t count = std::min(std::max(lengths_[k], from), to) - from;
    double* room = room_.data() + k * all_.X.room(rowsAtOnce * cols);
    rows[k] = all_.X.rows(kernels_, cols, nullptr, at_[k] + from, count, room).X;
    elements[k] = count * cols;
  }
  kernels_.batched.interleave(rows, elements, (to - from) * cols, X_.data() + batchWidth * from * cols);
}

// Of problems that follow each other in memory.
void ProblemBatch::lookAhead(const size_t* next, size_t count) {
  ahead_ = {};
  if (count == 0 || next[count - 1] - next[0] + 1 != count) return;
  const size_t from = static_cast<size_t>(all_.borders[next[0]]),
               to = static_cast<size_t>(all_.borders[next[0] + count]);
  ahead_ = {all_.X.inDoubles(from * plan_.cols), (to - from) * plan_.cols / 8, 0, all_.y + from,
            (to - from) / 8};
  if (!ahead_.X) ahead_.lines = 0;
}

void ProblemBatch::settle(size_t lane, const double* weights, Status status, uint64_t epochs, uint64_t steps,
                          double loss, double remaining) {
  const size_t i = which_[lane], cols = plan_.cols;
  for (size_t j = 0; j < cols; ++j) all_.coefficients[i * cols + j] = weights[batchWidth * j + lane];
  if (plan_.intercept) all_.intercepts[i] = weights[batchWidth * cols + lane];
  all_.status[i] = static_cast<uint8_t>(status);
  all_.losses[i] = loss;
  all_.remaining[i] = remaining;
  all_.epochs[i] = static_cast<double>(epochs);
  all_.steps[i] = static_cast<double>(steps);
  isLive_[lane] = false;
  isDone_[lane] = true;
}

void ProblemBatch::columnSums(double* sums) {
  std::fill_n(sums, batchWidth * plan_.cols, 0.0);
  sweep([&](size_t from, size_t to) { kernels_.batched.rmatvec(rows_, from, to, weights(), sums); });
}

void ProblemBatch::gram(const double* d, const double* mean, double* H) {
  const size_t cols = plan_.cols, side = cols + (mean ? 1 : 0);
  double* border = H + batchWidth * cols * side;
  if (mean && !d) d = weights();  // the kernel has no means without weights
  std::fill_n(H, batchWidth * side * side, 0.0);
  sweep([&](size_t from, size_t to) {
    kernels_.batched.gram(rows_, from, to, d, mean, H, side);
    if (mean) kernels_.batched.rmatvec(rows_, from, to, d, border);
  });
  if (mean) {
    double* last = border + batchWidth * cols;
    kernels_.batched.sum(d, rows_.count, last);
    for (size_t i = 0; i < batchWidth * cols; ++i) border[i] -= mean[i] * last[i % batchWidth];
  }
  for (size_t j = 0; j < side; ++j)
    for (size_t l = 0; l < j; ++l)
      std::copy_n(H + batchWidth * (j * side + l), batchWidth, H + batchWidth * (l * side + j));
}

void ProblemBatch::evaluate(const double* w, double* gradient, bool areLossesAsked) {
  if (!isLoaded_) sweep([](size_t, size_t) {});
  areLossesKnown_ = areLossesAsked;
  kernels_.batched.block(
      {rows_, y_.data(), areWeighted_ ? weights_.data() : nullptr, all_.offset ? offset_.data() : nullptr,
       kernels_.losses[plan_.loss], plan_.lossParameters, w, plan_.intercept, z_.data(),
       areLossesAsked ? losses_.data() : nullptr, curvature_.data(), gradient, sum_, reach_});
}

void ProblemBatch::evaluateAtZero() {
  const size_t n = batchWidth * rows_.count;
  double* z = z_.data();
  if (all_.offset)
    std::copy_n(offset_.data(), n, z);
  else
    std::fill_n(z, n, 0.0);
  kernels_.losses[plan_.loss].points({y_.data(), z, areWeighted_ ? weights_.data() : nullptr, n,
                                      plan_.lossParameters, losses_.data(), curvature_.data(), reach_,
                                      nullptr, 0});
  kernels_.batched.sum(losses_.data(), rows_.count, sum_);
  areLossesKnown_ = true;
}

void ProblemBatch::meanTargets(double* means) const {
  std::fill_n(means, batchWidth, 0.0);
  const double *weights = weights_.data(), *y = y_.data();
  for (size_t i = 0; i < rows_.count; ++i)
    for (size_t k = 0; k < batchWidth; ++k) means[k] += weights[batchWidth * i + k] * y[batchWidth * i + k];
  for (size_t k = 0; k < batchWidth; ++k) means[k] /= counts_[k];
}

bool ProblemBatch::isFinite(size_t lane) const {
  return areLossesKnown_ ? std::isfinite(sum_[lane]) : reach_[lane] < calm;
}

}  // namespace nabla
