// Least squares and ridge in closed form, with iterative refinement.
// By the normal equations, for fewer rows than columns in their dual form, or by Householder QR where these
// are ill-conditioned. Refined by gradients in double-double arithmetic, unless plain ones are as good. Twin:
// lib/reference/solver/leastsquares.ts.
#pragma once

#include "../objective/penalizedobjective.h"
#include "../objective/scaling.h"

namespace nabla {

// Of a diagonal element, what has to remain when the columns before it are taken out, for a gradient of plain
// doubles to be enough; of the mean square of the targets, what the residuals must then leave; and means,
// over the root mean squares of what remains, that make a column far from 0.
constexpr double plainPivot = 0x1p-10;
constexpr double plainRest = 0x1p-10;
constexpr double farFromZero = 32.0;

// Writes the weights of X's own columns that minimize the mean of ½ s (z - y)² plus the penalty (l2 alone);
// of all that do, those of least norm in the scaled coefficients. `G`: XᵀX of the scaled columns, and of
// an intercept; null: there are fewer rows than columns. `value`, `gradient`: the objective and its gradient
// in the scaled weights, where they are 0. What is not finite leaves weights that are not, what `team` stops
// any.
void leastSquares(const Kernels& kernels, const Plan& plan, const Table& table, const Scaling& scaling,
                  PenalizedObjective& smooth, const double* G, double value, const double* gradient,
                  double* weights, const Team& team);

}  // namespace nabla
