// Scaled columns of X as a linear map of one output: products with them in passes over the rows.
// The map has one more row for each coefficient, behind those of X. Twin:
// lib/reference/objective/linearmap.ts.
#pragma once

#include "../data/matrix.h"
#include "blocks.h"
#include "plan.h"
#include "scaling.h"

namespace nabla {

class LinearMap {
 public:
  LinearMap(const Kernels& kernels, const Plan& plan, const Table& table, const Scaling& scaling,
            const Team& team);

  // Coefficients and an intercept.
  size_t size() const { return size_; }
  // z of such weights without an offset, and behind it the coefficients.
  void spread(const double* w, double* z);
  // Adds to g the gradient that slopes in z make, and those behind them of the coefficients.
  void gather(const double* r, double* g);

 private:
  size_t blocks() const { return (table_.count + length_ - 1) / length_; }
  Rows block(size_t i, unsigned lane);

  const Kernels& kernels_;
  const Plan& plan_;
  const Table& table_;
  const Scaling& scaling_;
  const Team& team_;
  const size_t size_;
  const size_t length_;  // of a block of rows
  AlignedBuffer original_;
  const size_t stride_;  // from one lane's scaled rows to the next one's; 0: rows are X's own
  AlignedBuffer gathered_;
  BlockSum sum_;
  Reader reader_;
  AlignedBuffer scaled_;
};

}  // namespace nabla
