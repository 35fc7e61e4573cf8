// The mean loss over a batch and its gradient. Twin: lib/reference/solver/objective.ts.
#pragma once

#include <atomic>

#include "blocks.h"

namespace nabla {

// Which rows of the data: `count` from `start`, or those that `index` names.
struct Batch {
  size_t start;
  size_t count;
  const uint32_t* index;
};

class Objective {
 public:
  // `largest`: rows of the largest batch.
  Objective(const Kernels& kernels, const Loss& loss, const double* parameters, bool intercept,
            const double* X, const double* y, size_t cols, size_t largest)
      : kernels_(kernels),
        loss_(loss),
        parameters_(parameters),
        intercept_(intercept),
        X_(X),
        y_(y),
        cols_(cols),
        step_(rowsPerBlock(cols)),
        tree_(kernels, cols + 2, largest / step_ + 1),
        z_(2 * (largest < step_ ? largest : step_)) {}

  size_t size() const { return cols_ + (intercept_ ? 1 : 0); }

  // Returns the sum of the losses and writes the mean gradient; weights are the coefficients and, behind
  // them, the intercept. A pass that `cancelled` interrupts returns what it has.
  double evaluate(const Batch& batch, const double* weights, double* gradient,
                  const std::atomic<bool>& cancelled);

 private:
  const Kernels& kernels_;
  const Loss& loss_;
  const double* parameters_;
  bool intercept_;
  const double* X_;
  const double* y_;
  size_t cols_;
  size_t step_;
  Tree tree_;  // a partial: gradient (cols), sum of dl/dz, sum of l
  Doubles z_;  // of one block, and its y where rows are picked
};

}  // namespace nabla
