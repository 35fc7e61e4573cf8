// Nearly collinear columns: combinations of a length near 0, which Gram matrices lose.
// Of few columns they come from the Gram matrix; of many, where that would cost too much, pairs
// alone, which random combinations of the rows (Charikar 2002) bring together. Twin:
// lib/reference/solver/combinations.ts.
#pragma once

#include <vector>

#include "../objective/scaling.h"

namespace nabla {

// Passes over the rows of the scaled columns, which keep the digits of differences of columns.
class ScaledRows {
 public:
  ScaledRows(const Kernels& kernels, const Plan& plan, const Table& table, const Scaling& scaling,
             const Team& team);

  // Writes what rows have of such coefficients.
  void products(const double* u, double intercept, double* z);
  // Adds the rows, each so many times.
  void gather(const double* r, double* sums);

 private:
  template <class Visit>
  void each(const Visit& visit);

  const Kernels& kernels_;
  const Scaling& scaling_;
  const Team& team_;
  const size_t count_;
  const size_t length_;  // of a block of rows
  Reader reader_;
  AlignedBuffer room_;
};

// Coefficients of the scaled columns, of combinations that may be next to nothing: what rows have of them is
// to tell.
std::vector<std::vector<double>> weakCombinations(const Kernels& kernels, const Plan& plan,
                                                  const Table& table, const Scaling& scaling,
                                                  ScaledRows& rows, const Team& team);

}  // namespace nabla
