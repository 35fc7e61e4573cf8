// Where a fit of Huber's loss starts that would begin with most residuals beyond delta, where the loss has no
// second derivative and steps are as long as delta lets them: at the end of fits of a larger delta, of least
// squares at first, then of the median residual and less (continuation: Madsen and Nielsen 1993). Twin:
// lib/reference/solver/huberstart.ts.
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
