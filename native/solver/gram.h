// XᵀDX over many rows: the second derivative of a loss in the coefficients, D holding those in z. Twin:
// lib/reference/solver/gram.ts.
#pragma once

#include <atomic>

#include "blocks.h"

namespace nabla {

class Gram {
 public:
  // With a `mean` (null: none) the columns of X are centred, and one of ones follows them: an intercept's.
  Gram(const Kernels& kernels, const Rows& rows, const double* mean);

  size_t size() const { return size_; }

  // The whole symmetric matrix, size × size, for d of each row (null: 1). A pass that `cancelled` interrupts
  // leaves what it has.
  void evaluate(const double* d, double* H, const std::atomic<bool>& cancelled);

 private:
  void add(const Rows& rows, const double* d, double* partial, const std::atomic<bool>& cancelled);

  const Kernels& kernels_;
  Rows rows_;
  const double* mean_;
  size_t size_;
  size_t step_;  // rows of a block
  Tree tree_;    // a partial: the lower triangle, the last row of it not centred
  Doubles ones_;
};

}  // namespace nabla
