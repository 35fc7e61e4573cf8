// XᵀDX over many rows: the second derivative of a loss in the coefficients, D holding those in z. Twin:
// lib/reference/solver/gram.ts.
#pragma once

#include "blocks.h"
#include "matrix.h"

namespace nabla {

class Gram {
 public:
  // With a `mean` (null: none) the columns of X are centred, and one of ones follows them: an intercept's.
  Gram(const Kernels& kernels, const Source& source, const double* mean, const Team& team);

  size_t size() const { return size_; }

  // The whole symmetric matrix, size × size, for d of each row (null: 1). A pass that the team stops leaves
  // what it has.
  void evaluate(const double* d, double* H);

 private:
  void add(const Rows& rows, const double* d, double* partial) const;

  const Kernels& kernels_;
  size_t cols_;
  size_t count_;  // of rows
  const double* mean_;
  const Team& team_;
  size_t size_;
  size_t step_;   // rows of a block
  BlockSum sum_;  // a partial: the lower triangle, the last row of it not centred
  Reader reader_;
  Doubles ones_;
};

}  // namespace nabla
