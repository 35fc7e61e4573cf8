// Cholesky factorization and solution of symmetric positive semidefinite systems.
// Twin: lib/reference/linalg/cholesky.ts.
#pragma once

#include "../kernels/table.h"
#include "../threads/team.h"

namespace nabla {

// A (n × n, row-major; its lower triangle) becomes L with A = LLᵀ; what is above it is nobody's. A variable
// whose pivot is nothing but rounding is a combination of those before it: its diagonal becomes 0. Returns
// how many there are. Told to stop, it leaves what it has. The first `known` rows, which rowsKept() has
// rounded, are L's already. `rounding`: of a diagonal element, what a pivot is that is nothing but rounding.
size_t factorize(const Kernels& kernels, double* A, size_t n, const Team& team, size_t known,
                 double rounding);
inline size_t factorize(const Kernels& kernels, double* A, size_t n, const Team& team, size_t known = 0) {
  return factorize(kernels, A, n, team, known, static_cast<double>(n) * 0x1p-48);
}
// How many of the first rows of an L can stand when only those behind them change.
size_t rowsKept(size_t rows);

// b becomes x with LLᵀx = b; 0 where the diagonal of L is.
void solveFactorized(const Kernels& kernels, const double* L, size_t n, double* b);
// The same of Lᵀx = b, with the first `count` rows and columns of L.
void solveTransposed(const Kernels& kernels, const double* L, size_t n, size_t count, double* b);

}  // namespace nabla
