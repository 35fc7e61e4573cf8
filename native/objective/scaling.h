// Centred or standardized columns without a copy of X.
// Weights are kept for (x - mean)/deviation and converted to those of x for each pass. Twin:
// lib/reference/objective/scaling.ts.
#pragma once

#include "../linalg/alignedbuffer.h"
#include "../threads/team.h"
#include "plan.h"

namespace nabla {

// Means, over the root mean squares of what remains, that cost an evaluation's sums some of their digits.
constexpr double farOfSums = 0x1p10;

class Scaling {
 public:
  // Weighted means and, with `standardize`, standard deviations of the table's columns.
  // `kept`: length() numbers of the caller's, all 0 or those of another scaling of the same rows, which need
  // not be gone through then. null: none.
  Scaling(const Kernels& kernels, const Plan& plan, const Table& table, const Team& team,
          double* kept = nullptr);

  static size_t length(const Plan& plan) { return 1 + 3 * plan.cols; }

  // Of the columns; 0 without an intercept, which leaves them where they are.
  const double* mean() const { return mean_.data(); }
  // 1 unless they are standardized; infinite for a column that says nothing, NaN for one whose sums are not
  // finite.
  const double* deviation() const { return deviation_.data(); }
  // The mean square of each scaled column; 1 for one that says nothing.
  const double* square() const { return square_.data(); }
  // Whether a column is so far from 0 that passes take the scaled columns, row by row, and not X's own.
  bool isFar() const { return isFar_; }
  // The rows of scaled columns, written to `into`.
  Rows scale(const Rows& rows, double* into) const;

  // The weights of x's own columns become those of the scaled ones, in place.
  void fromOriginal(double* weights) const;
  // Of so many outputs, by default all, as below.
  void toOriginal(const double* scaled, double* original) const {
    toOriginal(scaled, original, plan_.outputs);
  }
  void toOriginal(const double* scaled, double* original, size_t outputs) const;
  // The gradient in x's weights becomes that in the scaled ones, in place.
  void chain(double* gradient) const { chain(gradient, plan_.outputs); }
  void chain(double* gradient, size_t outputs) const;

 private:
  void measure(const Table& table, const Team& team);

  const Kernels& kernels_;
  const Plan& plan_;
  AlignedBuffer mean_;
  AlignedBuffer deviation_;
  AlignedBuffer square_;
  bool isFar_ = false;
};

}  // namespace nabla
