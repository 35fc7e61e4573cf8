// Ridge regression in its dual form, for fewer rows than columns.
// (Saunders, Gammerman and Vovk 1998.) With D the penalty's second derivatives, (XᵀX + D)⁻¹ = D⁻¹ -
// D⁻¹Xᵀ(XD⁻¹Xᵀ + I)⁻¹XD⁻¹, which takes as many equations as there are rows. Twin:
// lib/reference/solver/dual.ts.
#pragma once

#include "../objective/scaling.h"

namespace nabla {

// The columns as the solver has them, (x - mean)/deviation, each with all its rows: cols × rows.
// `rootWeights`: each row times the root of its weight.
AlignedBuffer columnsOf(const Kernels& kernels, const Plan& plan, const Table& table, const Scaling& scaling,
                        bool rootWeights, const Team& team);

class Dual {
 public:
  // Of √s (x - mean)/deviation; `D`: one number above 0 for each column.
  Dual(const Kernels& kernels, const Plan& plan, const Table& table, const Scaling& scaling, const double* D,
       const Team& team);

  // Of a diagonal element of the equations, the least that remained when the rows before it were taken out.
  double leastPivot() const { return leastPivot_; }
  // g becomes (XᵀX + D)⁻¹g.
  void solve(double* g);

 private:
  const double* column(size_t j) const { return columns_.data() + j * rows_; }

  const Kernels& kernels_;
  size_t cols_;
  size_t rows_;
  const double* D_;
  AlignedBuffer columns_;  // cols × rows
  AlignedBuffer L_;
  AlignedBuffer a_;  // of each row
  double leastPivot_ = 0.0;
};

}  // namespace nabla
