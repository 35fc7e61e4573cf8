// Round-off level of an objective, from the terms summed at the current point.
// A row contributes its loss, and its slope times the terms of z. Twin: lib/reference/solver/roundoff.ts.
#pragma once

#include "../linalg/alignedbuffer.h"
#include "../objective/plan.h"
#include "../objective/scaling.h"

namespace nabla {

constexpr double roundings = 0x1p-48;  // 32 of a double: those of sums and of elementary functions

// Of the size of an objective, what it can still fall by where the last Hessian will do for the steps that
// remain.
constexpr double nearby = 0x1p-40;
// And where one more step is the last one: it takes the rest of the way but for the root of that, which is no
// digit.
constexpr double leastLeft = 0x1p-64;
// Of what a model promises, what a step may leave that is more than rounding.
constexpr double leastGain = 0x1p-4;

// Whether a fit is at its minimum, but for rounding: after a step that the model promised so much of, it
// promises `left`.
inline bool isAtMinimum(double predictedDecrease, double remainingDecrease, double roundoff, double size) {
  return (predictedDecrease <= roundoff && remainingDecrease > 0.25 * predictedDecrease) ||
         remainingDecrease <= leastLeft * size;
}

// Whether the next step of the same model is worth taking without looking: after one that the model promised
// so much of, it promises `left`, and will once more be right to such a part.
inline bool isTrusted(double predictedDecrease, double remainingDecrease, double size) {
  return remainingDecrease <= 0x1p-10 * predictedDecrease && remainingDecrease <= 0x1p-20 * size &&
         remainingDecrease > 0.0;
}

class Roundoff {
 public:
  Roundoff(const Plan& plan, const Table& table, const Scaling& scaling);

  // Changes of the objective that are not to be told from rounding; `meanLoss`: its part without penalty.
  double level(const double* weights, double value, double meanLoss) const;
  // Whether a sum of squares is 0, but for the rounding of what is squared.
  bool isZero(const double* weights, double value) const { return isZeroOf(plan_, largest(weights), value); }
  // What the objective is to be measured by: the sizes of its terms, where z is small.
  double size(double value, double meanLoss) const { return sizeOf(plan_, meanTarget_, value, meanLoss); }

  // The same from the terms of z, and the mean of y where it is needed.
  static double levelOf(const Plan& plan, double meanTarget, double terms, double value, double meanLoss);
  static double sizeOf(const Plan& plan, double meanTarget, double value, double meanLoss);
  static bool isZeroOf(const Plan& plan, double terms, double value);
  static bool needsMeanTarget(const Plan& plan);

  // The mean size of a row's slope, at most, near the minimum.
  double slope(double meanLoss) const;
  // Whether that may be many times the size of slopes: where the loss has terms that are larger.
  bool isSlopeRough() const;
  // What rounding z makes of it, at most: second derivatives are about 1, or as large as slopes.
  double slopeNoise(const double* weights, double meanLoss) const;
  // What rounding z makes of a row's margin.
  double ofMargins(const double* weights) const { return 0x1p-50 * largest(weights); }

 private:
  double largest(const double* weights) const;

  const Plan& plan_;
  AlignedBuffer reach_;  // of each column, the terms of z that a scaled weight of 1 makes
  double meanTarget_ = 0.0;
};

}  // namespace nabla
