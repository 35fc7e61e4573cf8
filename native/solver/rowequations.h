// Systems (XᵀDX + E)s = g, D and E diagonal, with as many equations as rows.
// For fewer rows than columns (solver/dual); an intercept, which E does not penalise, is solved along with
// them. Twin: lib/reference/solver/rowequations.ts.
#pragma once

#include "../objective/gram.h"
#include "../objective/linearmap.h"

namespace nabla {

class RowEquations {
 public:
  // Whether they are worth it: rows are fewer than columns, and every coefficient has l2 alone. Other terms
  // of coefficients would cost digits.
  static bool suit(const Plan& plan, const Table& table, const Penalty& penalty);

  // E > 0, of the coefficients, must stay. `gram`: of the columns that columnsOf() gives. `least`: what the
  // intercept has for a second derivative where the rows leave it less.
  RowEquations(const Kernels& kernels, const Plan& plan, size_t rows, const double* E, double least,
               LinearMap& map, Gram& gram, const Team& team);

  // For D of the rows, which must stay; H becomes a factor, of rows².
  void factorize(const double* D, double* H);
  // g becomes s; z becomes Xs and the intercept's step, and behind it s, with the digits that rows of a large
  // D need. Once more for what the first solution leaves.
  void solve(const double* H, double* g, double* z);

 private:
  void solveOnce(const double* H, double* g, double* r);

  const Kernels& kernels_;
  const size_t rows_;
  const size_t cols_;
  const bool intercept_;
  const double* E_;
  const double least_;
  LinearMap& map_;
  const Team& team_;
  const double* D_ = nullptr;
  double shift_ = 0.0;      // σ, with an intercept that has no `least`, where D has no end
  AlignedBuffer products_;  // XE⁻¹Xᵀ + σ11ᵀ
  AlignedBuffer inverse_;   // 1/E
  AlignedBuffer root_;      // √D
  AlignedBuffer ofRoot_;    // what the equations make of it
  AlignedBuffer share_;     // h = D(Xs + b), and behind it of coefficients
  AlignedBuffer product_;   // as long
  AlignedBuffer step_, part_, left_;
};

}  // namespace nabla
