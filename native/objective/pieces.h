// Piecewise-linear loss of a row as terms max d·m over low <= d <= low + 1.
// Each is multiplied by the row's weight; the margin m is y - z (of perceptron -z) less an offset. Twin:
// lib/reference/objective/pieces.ts.
#pragma once

#include "plan.h"

namespace nabla {

// Terms of a row.
inline size_t pieceCount(const Plan& plan) { return plan.loss == epsilonInsensitiveLoss ? 2 : 1; }

// The lower end of a term's box.
inline double lowOf(const Plan& plan, size_t piece, double y) {
  if (plan.loss == hingeLoss || plan.loss == perceptronLoss) return y > 0.0 ? 0.0 : -1.0;
  return plan.loss == epsilonInsensitiveLoss ? -static_cast<double>(piece) : plan.lossParameters[0] - 1.0;
}

// A row's margin but for the wall.
inline double marginOf(const Plan& plan, double y, double z) {
  return plan.loss == perceptronLoss ? -z : y - z;
}

inline double wallOf(const Plan& plan, size_t piece) {
  if (plan.loss != epsilonInsensitiveLoss) return 0.0;
  return piece > 0 ? -plan.lossParameters[0] : plan.lossParameters[0];
}

}  // namespace nabla
