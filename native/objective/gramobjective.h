// Squared loss over all rows, expanded about a point: J(w) = J(v) + gᵀe + ½ eᵀGe, e = w - v.
// With G = XᵀSX taken once, an evaluation costs cols² and no pass over X. Twin:
// lib/reference/objective/gramobjective.ts.
#pragma once

#include <cmath>

#include "archive.h"
#include "objective.h"

namespace nabla {

// Works on moved columns, x - mean (with `standardize` scaled ones), so that large means cost no digits: the
// intercept is then that of these columns. An evaluation in which digits would be lost is made directly, over
// the rows, and the next ones expand from there.
class GramObjective {
 public:
  enum class Units { sums, means };

  // What G and the slope are in: those of sums over the rows, or of means. `kept`: length() numbers of the
  // caller's, all 0 or those of another expansion of the same rows and scaling, which need not be gone
  // through then; null: it has its own.
  GramObjective(const Kernels& kernels, const Plan& plan, const Table& table, const Scaling* scaling,
                Objective& direct, const double* weights, const Team& team, Units units = Units::sums,
                double* kept = nullptr);

  static size_t length(const Plan& plan) {
    const size_t side = plan.cols + (plan.intercept ? 1 : 0);
    return 3 + 2 * plan.size() + side * side;
  }

  // As Objective's, over all rows; first at the weights that it was made with.
  double evaluate(const double* weights, double* gradient) {
    if (isKnown()) {
      const double value = expand(weights, gradient);
      if (value < INFINITY) return value;
    }
    return begin(weights, gradient);
  }
  // The same over the rows; the next ones expand from there.
  double begin(const double* weights, double* gradient);

  const double* G() const { return G_; }  // side × side, of one output

  void serialize(Archive& archive);

  // Of the terms that a value is the sum of, what has to be left: where they cancel more, so do their digits.
  static constexpr double least = 0x1p-6;
  // Means, over the root mean squares of what remains, that make a column far from 0.
  static constexpr double far = 32.0;

 private:
  bool isKnown() const { return numbers_[0] != 0.0; }
  double& value() { return numbers_[1]; }
  bool isFar() const { return numbers_[2] != 0.0; }
  void gather(const Table& table, const Scaling* scaling, const double* weights, const Team& team);
  double expand(const double* weights, double* gradient);

  const Kernels& kernels_;
  const Plan& plan_;
  Objective& direct_;
  double n_;
  Units units_;
  double unit_;   // n, of means 1
  size_t side_;   // of G, for one output: columns and intercept
  bool isMoved_;  // weights are those of x, and to be moved
  AlignedBuffer mean_;
  AlignedBuffer own_;
  double* G_;
  double* numbers_;  // whether there is a v to expand from, J(v), whether a column is far from 0
  double* from_;     // v
  double* slope_;    // the sum's gradient at v, of moved columns
  AlignedBuffer diagonal_;
  AlignedBuffer e_;  // of one output, as is Ge_
  AlignedBuffer Ge_;
  AlignedBuffer first_;  // gradient
  double firstValue_ = 0.0;
  bool isFirst_ = false;  // these are still to be taken
};

}  // namespace nabla
