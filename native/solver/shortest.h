// Minimum-norm coefficients among those with equal predictions, for collinear columns.
// They are the part in the row space of the scaled columns of X, by the decomposition of `exact`. Twin:
// lib/reference/solver/shortest.ts.
#pragma once

#include <vector>

#include "../objective/scaling.h"

namespace nabla {

// Of a diagonal element of the Gram matrix, or of a Hessian, what has to remain when the columns before it
// are taken out, for columns to be independent without a further look: as fits of eight at once have it.
constexpr double independentPivot = 0x1p-30;

// Whether a few of the rows prove the columns independent: twice as many as columns, and some more.
// `diagonal`: added to that of the sum over all rows; empty: nothing.
bool areIndependent(const Kernels& kernels, const Plan& plan, const Table& table, const Scaling& scaling,
                    const std::vector<double>& diagonal, const Team& team);

// In place, of the weights of X's own columns, without l1 and bounds, of a smooth loss. What the
// columns leave no choice of stays as it is, to the bit; so does what would raise the loss by more than
// rounding, what `team` stops, and what would take more than some seconds. Returns whether they have changed.
bool shorten(const Kernels& kernels, const Plan& plan, const Table& table, const Scaling& scaling,
             const Penalty& penalty, double* weights, const Team& team);

}  // namespace nabla
