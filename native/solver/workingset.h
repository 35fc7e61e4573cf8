// Working set of columns where l1 or bounds hold most coefficients.
// It has the columns of coefficients that are not held, and those of the held ones whose violation is largest
// (Johnson and Guestrin 2015; Massias, Gramfort and Salmon 2018). Twin: lib/reference/solver/workingset.ts.
#pragma once

#include <vector>

#include "../objective/penalizedobjective.h"
#include "../objective/scaling.h"

namespace nabla {

class WorkingSet {
 public:
  // `isSparse`: coefficients may be held, and columns left out.
  WorkingSet(const Plan& plan, const Scaling& scaling, const PenalizedObjective& smooth, bool isSparse);

  // Chooses anew, from weights and their gradient. Returns whether that changes anything.
  bool choose(const double* weights, const double* gradient);
  // Ascending.
  const std::vector<uint32_t>& columns() const { return columns_; }
  bool isSparse() const { return isSparse_; }
  bool isWhole() const { return columns_.size() == plan_.cols; }
  // What the objective could fall by if each coefficient that is left out went its own way; `bend`: of each
  // output, the mean of the loss's second derivative.
  double decreaseOutsideWorkingSet(const double* weights, const double* gradient,
                                   const double* curvature) const;

 private:
  double bound(size_t place) const;
  bool isHeld(size_t column, const double* weights) const;
  double slope(size_t place, const double* weights, const double* gradient) const;
  double gain(size_t column, const double* weights, const double* gradient) const;

  const Plan& plan_;
  const Scaling& scaling_;
  const PenalizedObjective& smooth_;
  bool isSparse_;
  std::vector<uint32_t> columns_, before_, left_;
  std::vector<double> gains_;
};

}  // namespace nabla
