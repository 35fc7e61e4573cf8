// Lifts a formula on eight values to a pass over an array. Twin: lib/reference/kernels/passes.ts.
#pragma once

#include "sums.h"
#include "table.h"

namespace nabla {
namespace NABLA_TARGET {

template <class L>
static double lossPass(const double* y, double* z, size_t n, const double* parameters) {
  return foldedSum(n, [=](size_t i, size_t count) {
    const auto at = L::at(load(y + i, count), load(z + i, count), parameters);
    store(z + i, at.gradient, count);
    return keep(at.loss, count);
  });
}

template <class U>
static void updatePass(double* w, const double* g, double* const* state, size_t n,
                       const double* coefficients) {
  double c[maxCoefficients];  // a copy: stores to w cannot change it, so it stays in registers
  for (int k = 0; k < maxCoefficients; ++k) c[k] = coefficients[k];
  double* s[maxStates] = {};
  for (int k = 0; k < U::states; ++k) s[k] = state[k];
  eachVec(n, [&](size_t i, size_t count) {
    Vec v[maxStates];
    for (int k = 0; k < U::states; ++k) v[k] = load(s[k] + i, count);
    const Vec next = U::step(load(w + i, count), load(g + i, count), v, c);
    for (int k = 0; k < U::states; ++k) store(s[k] + i, v[k], count);
    store(w + i, next, count);
  });
}

}  // namespace NABLA_TARGET
}  // namespace nabla
