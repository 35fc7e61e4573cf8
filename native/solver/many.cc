#include "many.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <memory>
#include <new>
#include <vector>

#include "../batched/problembatch.h"
#include "../linalg/alignedbuffer.h"
#include "fit.h"

namespace nabla {

namespace {

// By how much the objective could still fall: the bound of a piecewise-linear loss, the estimate of another;
// NaN: not known. Twin: lib/backend/remaining.ts.
double remainingOf(const Plan& plan, const Outcome& outcome) {
  if (!isPiecewiseLinear(plan.loss)) return outcome.remainingDecrease;
  return std::isfinite(outcome.gap) ? outcome.gap : NAN;
}

class Many {
 public:
  Many(const Kernels& kernels, const Plan& plan, const Problems& problems, const Team& team)
      : kernels_(kernels), plan_(plan), all_(problems), team_(team), alone_(team.alone()) {}

  // Small problems are dealt in chunks to threads, each fitted by one, or by eights; then large ones, each by
  // all of them.
  void operator()() {
    const size_t chunk = chunkOf();
    const double passes = static_cast<double>(std::min<uint64_t>(plan_.epochs, 8));
    const unsigned lanes = team_.lanes(passes * workOf(rowOf(all_.count)));
    fitByEights(lanes);
    team_.each((all_.count + chunk - 1) / chunk, lanes, [&](size_t part, unsigned) {
      fitRange(part * chunk, std::min(all_.count, (part + 1) * chunk), false);
    });
    fitRange(0, all_.count, true);
    if (outOfMemory_.load()) throw std::bad_alloc();
  }

 private:
  size_t rowOf(size_t i) const { return static_cast<size_t>(all_.borders[i]); }
  size_t rowsOf(size_t i) const { return rowOf(i + 1) - rowOf(i); }
  // Of a pass over so many rows, in multiplications.
  double workOf(size_t rows) const {
    return static_cast<double>(rows) * static_cast<double>(plan_.cols) * static_cast<double>(plan_.outputs);
  }
  bool isLarge(size_t i) const { return team_.lanes(workOf(rowsOf(i))) > 1; }

  // Few enough that a job that waits for the thread does not wait long.
  size_t chunkOf() const {
    const double most = 0x1p15 / workOf(plan_.rows);
    return most >= 16.0 ? 16 : most > 1.0 ? static_cast<size_t>(most) : 1;
  }

  // Those that may be fitted side by side, of about as many rows each.
  std::vector<size_t> findEights() const {
    std::vector<size_t> found;
    if (!suitsBatched(kernels_, plan_)) return found;
    const size_t most = mostRowsBatched(plan_);
    bool isSorted = true;
    for (size_t i = 0; i < all_.count; ++i) {
      if (all_.status[i] == failedStatus || rowsOf(i) > most || isLarge(i)) continue;
      isSorted &= found.empty() || rowsOf(found.back()) <= rowsOf(i);
      found.push_back(i);
    }
    if (!isSorted)
      std::stable_sort(found.begin(), found.end(),
                       [this](size_t i, size_t k) { return rowsOf(i) < rowsOf(k); });
    return found;
  }

  void fitByEights(unsigned lanes) {
    const std::vector<size_t> found = findEights();
    if (found.size() < batchWidth / 2) return;
    isDone_.resize(all_.count);
    std::vector<std::unique_ptr<ProblemBatch>> eights(lanes);
    const size_t run =
        batchWidth * std::max<size_t>(1, std::min<size_t>(8, found.size() / (batchWidth * 4 * lanes)));
    team_.each((found.size() + run - 1) / run, lanes, [&](size_t part, unsigned lane) {
      try {
        if (!eights[lane]) eights[lane].reset(new ProblemBatch(kernels_, plan_, all_, alone_));
        const size_t end = std::min(found.size(), (part + 1) * run);
        for (size_t i = part * run; i < end && !team_.stopped() && !outOfMemory_.load(); i += batchWidth) {
          const size_t count = std::min(batchWidth, end - i);
          bool isDone[batchWidth];
          eights[lane]->fit(&found[i], count, end - i - count, isDone);
          for (size_t k = 0; k < count; ++k) isDone_[found[i + k]] = isDone[k];
        }
      } catch (const std::bad_alloc&) {
        outOfMemory_.store(true);
      }
    });
  }

  bool isDone(size_t i) const { return !isDone_.empty() && isDone_[i]; }

  // On any thread: it throws nothing.
  void fitRange(size_t from, size_t to, bool large) noexcept {
    try {
      AlignedBuffer weights(plan_.size());
      for (size_t i = from; i < to && !team_.stopped() && !outOfMemory_.load(); ++i)
        if (all_.status[i] != failedStatus && !isDone(i) && isLarge(i) == large)
          fitOne(i, large ? team_ : alone_, weights.data());
    } catch (const std::bad_alloc&) {
      outOfMemory_.store(true);
    }
  }

  void fitOne(size_t i, const Team& team, double* weights) {
    const size_t size = plan_.coefficients(), constants = plan_.size() - size;
    double* coefficients = all_.coefficients + i * size;
    double* intercepts = all_.intercepts + i * plan_.outputs;
    std::copy_n(coefficients, size, weights);
    std::copy_n(intercepts, constants, weights + size);
    const InitialState start{weights, {nullptr, 0}, {nullptr, 0}};
    const Outcome outcome = fit(kernels_, plan_, dataOf(i), start, team, Keep::lastLoss);
    std::copy_n(outcome.weights.data(), size, coefficients);
    std::copy_n(outcome.weights.data() + size, constants, intercepts);
    all_.status[i] = static_cast<uint8_t>(outcome.status);
    all_.losses[i] = outcome.lastLoss;
    all_.remaining[i] = remainingOf(plan_, outcome);
    all_.epochs[i] = static_cast<double>(outcome.epochs);
    all_.steps[i] = static_cast<double>(outcome.steps);
  }

  Data dataOf(size_t i) const {
    const size_t row = rowOf(i);
    Data data{};
    data.train = {all_.X.behind(row * plan_.cols),
                  all_.y + row * plan_.targets,
                  all_.sampleWeight ? all_.sampleWeight + row : nullptr,
                  all_.offset ? all_.offset + row * plan_.outputs : nullptr,
                  nullptr,
                  rowsOf(i)};
    data.penaltyFactors = all_.penaltyFactors;
    data.lowerBounds = all_.lowerBounds;
    data.upperBounds = all_.upperBounds;
    return data;
  }

  const Kernels& kernels_;
  const Plan& plan_;
  const Problems& all_;
  const Team& team_;
  const Team alone_;
  std::vector<uint8_t> isDone_;  // those fitted by eights; empty: none
  std::atomic<bool> outOfMemory_{false};
};

}  // namespace

void fitEach(const Kernels& kernels, const Plan& plan, const Problems& problems, const Team& team) {
  Many(kernels, plan, problems, team)();
}

}  // namespace nabla
