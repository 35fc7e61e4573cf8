// Quadratic about a point, from its gradient and Hessian: e = w - v, gᵀe, eᵀGe and g + Ge.
// Used by objective/gramobjective. Twin: lib/reference/kernels/gramquadratic.ts.
#pragma once

#include "dense.h"

namespace nabla {
namespace NABLA_TARGET {

// Ge of a symmetric G. Beside l1 most of e is often 0: of many columns these are left out.
NABLA_INLINE void symmetricProduct(const double* G, size_t side, const double* e, double* Ge) {
  size_t moved = 0;
  for (size_t i = 0; i < side; ++i) moved += e[i] != 0.0;
  // of a few columns faster than matvec
  if (side <= 64 || 4 * moved > side) return addProducts<true>({G, side, side, nullptr}, e, Ge);
  eachVec(side, [=](size_t i, size_t count) { store(Ge + i, zero(), count); });
  for (size_t i = 0; i < side; ++i)
    if (e[i] != 0.0) axpy(e[i], G + i * side, Ge, side);
}

static Expanded expand(const ExpandArgs& a) {
  const size_t cols = a.cols, side = cols + (a.w.intercept ? 1 : 0);
  double *e = a.e, *Ge = a.Ge;
  eachVec(cols, [=](size_t i, size_t count) {
    store(e + i, load(a.w.coefficients + i, count) - load(a.from.coefficients + i, count), count);
  });
  if (a.w.intercept) {
    e[cols] = *a.w.intercept - *a.from.intercept;
    if (a.mean) e[cols] += dot(a.mean, e, cols);
  }
  symmetricProduct(a.G, side, e, Ge);
  Expanded sums{dot(a.slope.coefficients, e, cols), dot(e, Ge, side),
                foldedSum(side, [=](size_t i, size_t count) {
                  const Vec v = load(e + i, count);
                  return load(a.diagonal + i, count) * (v * v);
                })};
  double last = 0.0;
  if (a.w.intercept) {
    sums.linear += *a.slope.intercept * e[cols];
    last = *a.slope.intercept + Ge[cols];
    *a.gradient.intercept = last / a.n;
  }
  const auto slope = [=](size_t i, size_t count) {
    return load(a.slope.coefficients + i, count) + load(Ge + i, count);
  };
  double* gradient = a.gradient.coefficients;
  if (a.mean)
    eachVec(cols, [=](size_t i, size_t count) {
      store(gradient + i, (slope(i, count) + load(a.mean + i, count) * last) / a.n, count);
    });
  else
    eachVec(cols, [=](size_t i, size_t count) { store(gradient + i, slope(i, count) / a.n, count); });
  return sums;
}

}  // namespace NABLA_TARGET
}  // namespace nabla
