// Minimum-norm least squares from a triangular factor, by a complete orthogonal decomposition.
// With its columns permuted, R = Q [L' 0] Z; diagonal elements at the level of rounding count as 0. Twin:
// lib/reference/solver/completeorthogonal.ts.
#pragma once

#include <vector>

#include "qr.h"

namespace nabla {

class Orthogonal {
 public:
  // `rounding`: of each column, the length that says nothing; above 0.
  Orthogonal(const Kernels& kernels, const Triangle& triangle, const double* rounding, const Team& team);

  // Of the columns, how many do not depend on others.
  size_t rank() const { return rank_; }
  // g becomes the shortest x with RᵀR x = g, or nearest to it.
  void solve(double* g) { apply(g, true); }
  // x becomes the shortest with the same Rx: its part in the row space of R.
  void shorten(double* x) { apply(x, false); }

 private:
  void apply(double* g, bool solves);
  Triangle inUnits(const Triangle& triangle, const double* units) const;
  size_t pivot(Triangle& R, const Team& team);
  void reflect(Triangle& R, size_t k);
  void turn(size_t k, double* x) const;

  const Kernels& kernels_;
  size_t cols_;
  size_t rank_ = 0;
  std::vector<size_t> order_;
  std::vector<double> L_;  // rank × rank, its diagonal above 0
  std::vector<double> Z_;  // rank × (cols - rank): what a reflection takes of the columns beyond the rank
  std::vector<double> tau_;
  std::vector<double> x_;
};

}  // namespace nabla
