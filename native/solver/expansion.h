// The squared loss over all rows, which is a quadratic, from its expansion: J(w) = J(v) + gᵀe + ½ eᵀGe,
// e = w - v. With G = XᵀSX taken once, an evaluation costs cols² and no pass over X.
// Twin: lib/reference/solver/expansion.ts.
#pragma once

#include <cmath>

#include "archive.h"
#include "objective.h"

namespace nabla {

// Works on moved columns, x - mean (with `standardize` scaled ones), so that large means cost no digits: the
// intercept is then that of these columns. An evaluation in which digits would be lost is made directly, over
// the rows, and the next ones expand from there.
class Expansion {
 public:
  Expansion(const Kernels& kernels, const Plan& plan, const Table& table, const Scaling* scaling,
            Objective& direct, const double* weights, const Team& team);

  // As Objective's, over all rows; first at the weights that it was made with.
  double evaluate(const double* weights, double* gradient) {
    if (known_) {
      const double value = expand(weights, gradient);
      if (value < INFINITY) return value;
    }
    return begin(weights, gradient);
  }

  void exchange(Archive& archive);

  // Of the terms that a value is the sum of, what has to be left: where they cancel more, so do their digits.
  static constexpr double least = 0x1p-6;
  // Means, over the root mean squares of what remains, that make a column far from 0.
  static constexpr double far = 32.0;

 private:
  double expand(const double* weights, double* gradient);
  double begin(const double* weights, double* gradient);

  const Kernels& kernels_;
  const Plan& plan_;
  Objective& direct_;
  double n_;
  size_t side_;   // of G, for one output: columns and intercept
  bool isMoved_;  // weights are those of x, and to be moved
  bool isFar_ = false;
  Doubles mean_;
  Doubles G_;
  Doubles diagonal_;
  Doubles e_;  // of one output, as is Ge_
  Doubles Ge_;
  Doubles first_;  // gradient
  double firstValue_ = 0.0;
  bool isFirst_ = true;  // these are still to be taken
  bool known_ = false;
  Doubles from_;        // v
  double value_ = 0.0;  // J(v)
  Doubles slope_;       // the sum's gradient at v, of moved columns
};

}  // namespace nabla
