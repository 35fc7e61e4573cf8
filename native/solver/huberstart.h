// Initial weights of a Huber fit: continuation from larger deltas (Madsen and Nielsen 1993).
// Where most residuals exceed delta the loss has no second derivative there. The first fit is one of least
// squares, the next have the median residual as delta and less. Twin: lib/reference/solver/huberstart.ts.
#pragma once

#include <functional>
#include <memory>

#include "../objective/penalizedobjective.h"
#include "method.h"

namespace nabla {

// Moves the weights there, by fits that `methodOf` makes.
void approachHuber(const Kernels& kernels, const Plan& plan, const Table& table, const Scaling& scaling,
                   const Penalty& penalty, double* weights, const Team& team,
                   const std::function<std::unique_ptr<Method>(const Plan&, PenalizedObjective&)>& methodOf);

}  // namespace nabla
