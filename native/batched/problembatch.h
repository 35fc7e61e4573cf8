// Batch of eight small problems, one in each lane of kernels/batched.h.
// It is several times as fast as one problem after another. It handles common fits only: a problem that turns
// out unusual (it diverges, its matrix is ill-conditioned) is fitted alone, with the same bits. So it has no
// twin in the reference; the tests of the law compare it with fits alone.
#pragma once

#include <memory>

#include "../linalg/alignedbuffer.h"
#include "../solver/many.h"

namespace nabla {

// Arrays of one value for each of eight problems, where others have one value.
constexpr size_t batchWidth = 8;

// Whether problems of a plan may be fitted side by side; as many rows as a problem may have then.
bool suitsBatched(const Kernels& kernels, const Plan& plan);
size_t mostRowsBatched(const Plan& plan);

// Eight problems, or fewer, and where they are put. To be used again for others.
class ProblemBatch {
 public:
  ProblemBatch(const Kernels& kernels, const Plan& plan, const Problems& all, const Team& team);

  // Fits them, while those that follow, if any, come from memory. False in `isDone`: a problem is left.
  void fit(const size_t* which, size_t count, size_t following, bool* isDone);

  // What methods see of them.

  bool stopped() const { return team_.stopped(); }
  bool isLive(size_t lane) const { return isLive_[lane]; }
  bool anyLive() const;
  // The problem in this lane is to be fitted alone.
  void leave(size_t lane) { isLive_[lane] = false; }
  // Its fit has ended; `weights`: of all lanes. `remaining`: as that of a Method.
  void settle(size_t lane, const double* weights, Status status, uint64_t epochs, uint64_t steps, double loss,
              double remaining);

  const RowsBatched& rows() const { return rows_; }
  const double* counts() const { return counts_; }
  size_t shortest() const { return rows_.shortest; }
  const double* start() const { return start_.data(); }
  const Penalty& penalty() const { return penalty_; }
  // Of the rows: 1 where there are none, +0 behind a problem's end.
  const double* weights() const { return weights_.data(); }
  const double* weightsOrNone() const { return areWeighted_ ? weights() : nullptr; }

  // pass(from, to) for the rows in order, some at once, so that they are at hand when they are needed first.
  template <class Pass>
  void sweep(const Pass& pass) {
    for (size_t from = 0; from < rows_.count; from += rowsAtOnce) {
      const size_t to = from + rowsAtOnce < rows_.count ? from + rowsAtOnce : rows_.count;
      if (!isLoaded_) loadRows(from, to);
      pass(from, to);
    }
    isLoaded_ = true;
  }

  // Weighted sums of the columns.
  void columnSums(double* sums);
  // X̃ᵀDX̃, as Gram has it (gram.h): X̃ = X - mean, with a row and a column of the intercept (mean null: X
  // alone).
  void gram(const double* d, const double* mean, double* H);

  // The sum of the losses and the gradient of their mean (null: not asked for), in the weights of X's own
  // columns. The losses themselves may be left out.
  void evaluate(const double* w, double* gradient, bool areLossesAsked = true);
  // Where the weights are 0: the sum, and the slopes of the rows' losses.
  void evaluateAtZero();
  const double* slopes() const { return z_.data(); }
  // After evaluate(): the sum of the losses; whether it can be told from it, or from what else is known, that
  // it is finite; and their second derivatives, rows × 8.
  double sum(size_t lane) const { return sum_[lane]; }
  bool isFinite(size_t lane) const;
  const double* curvature() const { return curvature_.data(); }
  // Of y, weighted, of each problem.
  void meanTargets(double* means) const;

 private:
  void load(const size_t* which, size_t count);
  void loadWeights(size_t longest);
  void loadRows(size_t from, size_t to);
  void lookAhead(const size_t* next, size_t count);

  const Kernels& kernels_;
  const Plan& plan_;
  const Problems& all_;
  const Team& team_;
  const size_t most_;  // rows
  static constexpr size_t rowsAtOnce = 32;

  size_t which_[batchWidth] = {}, at_[batchWidth] = {},
         lengths_[batchWidth] = {};  // problems, their first rows, how many
  bool isLoaded_ = false;            // X
  size_t ones_ = 0;                  // rows of weights that are 1
  bool isLive_[batchWidth] = {};
  bool* isDone_ = nullptr;
  Ahead ahead_{};
  RowsBatched rows_{};
  alignas(64) double counts_[batchWidth] = {};
  alignas(64) double sum_[batchWidth] = {};
  alignas(64) double reach_[batchWidth] = {};
  bool areLossesKnown_ = false;
  bool areWeighted_ = false;
  AlignedBuffer X_, y_, weights_, offset_, start_, factors_, lower_, upper_;
  AlignedBuffer z_, losses_, curvature_;
  AlignedBuffer room_;  // where singles are widened
  Penalty penalty_;
};

// Whether the weights in a lane are finite, whose sums alone might be by a hair.
bool isFiniteBatched(const double* weights, size_t size, size_t lane);
// Whether a column of so many rows is certainly not constant (scaling.cc), nor its squares out of range.
bool isUsualColumn(double rows, double mean, double variance);

// Methods: solver/descent.h, exact.h and newton.h for eight at once.
void descendBatched(const Kernels& kernels, const Plan& plan, ProblemBatch& problems);
void solveExactlyBatched(const Kernels& kernels, const Plan& plan, ProblemBatch& problems);
void newtonBatched(const Kernels& kernels, const Plan& plan, ProblemBatch& problems);

}  // namespace nabla
