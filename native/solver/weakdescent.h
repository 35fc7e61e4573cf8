// Descent along nearly collinear columns, looked for at the end of a fit.
// Gradients and Hessians
// of the columns lose what only these tell to rounding, so that every solver may take such a point for a
// minimum. Here a combination is a column of its own, taken row by row (Yamamoto, Nakatsukasa, Yanagisawa and
// Fukaya 2015, CholeskyQR2). Twin: lib/reference/solver/weakdescent.ts.
#pragma once

#include "../objective/scaling.h"

namespace nabla {

// By how much the objective falls from these weights of the scaled columns, at least, along a combination of
// columns that is next to nothing; 0 where there is none.
double fallAlongWeak(const Kernels& kernels, const Plan& plan, const Table& table, const Scaling& scaling,
                     const Penalty& penalty, const double* w, double value, const Team& team);

}  // namespace nabla
