// Newton steps along directions in which columns are nearly dependent (CholeskyQR2).
// A Hessian of all columns loses their second derivatives to rounding. Here they are computed from
// combinations of the columns, row by row (Yamamoto, Nakatsukasa, Yanagisawa and Fukaya 2015). Twin:
// lib/reference/solver/weakdirections.ts.
#pragma once

#include <vector>

#include "../objective/penalizedobjective.h"
#include "roundoff.h"

namespace nabla {

struct WeakPoint {
  const double* weights;
  const double* gradient;   // of the smooth part
  const double* curvature;  // second derivatives in z, of softmax the probabilities: outputs × rows; null: of
                            // the squared loss
  double meanLoss;
};

// Adds to `target` the step to where the objective has its minimum along `directions` (each of all weights),
// those of output `output`, of softmax of all. Returns by how much the objective falls.
double stepAlong(const Kernels& kernels, const std::vector<std::vector<double>>& directions, size_t output,
                 const WeakPoint& at, const Plan& plan, const Table& table, const Scaling& scaling,
                 const PenalizedObjective& smooth, const Roundoff& roundoff, const Team& team,
                 double* modelMinimizer);

}  // namespace nabla
