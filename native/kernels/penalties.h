// Penalty R(w) = l1·Σ f|w| + ½·l2·Σ f w², with a factor f per coefficient; proximal steps.
// Twin: lib/reference/kernels/penalties.ts.
#pragma once

#include "sums.h"
#include "table.h"

namespace nabla {
namespace NABLA_TARGET {

NABLA_INLINE Vec factorsAt(const Penalty& penalty, size_t i, size_t count) {
  return penalty.factors ? load(penalty.factors + i, count) : splat(1.0);
}

// S(u, k) = sign(u) max(0, |u| - k); NaN stays NaN.
NABLA_INLINE Vec softThreshold(Vec u, Vec k) {
  const Vec m = abs(u) - k;
  return select(m <= 0.0, 0.0, sign(u) * m);
}

// The proximal step of size `rate` (per coefficient) from u. A size that has overflown counts as the largest
// number: 0 · ∞ is NaN.
NABLA_INLINE Vec proximal(Vec u, Vec rate, Vec factor, const Penalty& penalty) {
  const Vec size = min(rate, splat(__DBL_MAX__));
  return softThreshold(u, size * (penalty.l1 * factor)) / (1.0 + size * (penalty.l2 * factor));
}

// Weights that are beyond a bound become it; NaN stays NaN.
NABLA_INLINE Vec project(Vec w, size_t i, size_t count, const Penalty& penalty) {
  const Vec lower = load(penalty.lower + i, count), upper = load(penalty.upper + i, count);
  const Vec up = select(w < lower, lower, w);
  return select(up > upper, upper, up);
}

// The part of a subgradient `at` along which weights v may go.
NABLA_INLINE Vec withinBounds(Vec at, Vec v, size_t i, size_t count, const Penalty& penalty) {
  const Vec lower = load(penalty.lower + i, count), upper = load(penalty.upper + i, count);
  const Vec up = select(v <= lower, min(at, splat(0.0)), at);
  return select(upper <= v, max(up, splat(0.0)), up);
}

// The slope of R at w other than 0.
NABLA_INLINE Vec penaltySlope(Vec w, Vec factor, const Penalty& penalty) {
  return (penalty.l1 * factor) * sign(w) + (penalty.l2 * factor) * w;
}

static double penaltyValue(const double* w, size_t n, const Penalty& penalty) {
  const double l1 = penalty.l1, half = 0.5 * penalty.l2;
  return foldedSum(n, [&](size_t i, size_t count) {
    const Vec v = load(w + i, count);
    return factorsAt(penalty, i, count) * (l1 * abs(v) + half * (v * v));
  });
}

// The sum of squares of the shortest subgradient of loss + R: 0 exactly at an optimum, zeros included.
static double stationarity(const double* w, const double* g, size_t n, const Penalty& penalty) {
  return foldedSum(n, [&](size_t i, size_t count) {
    const Vec v = load(w + i, count);
    const Vec f = factorsAt(penalty, i, count);
    const Vec smooth = load(g + i, count) + (penalty.l2 * f) * v;
    const Vec at =
        select(v == 0.0, softThreshold(smooth, penalty.l1 * f), smooth + (penalty.l1 * f) * sign(v));
    const Vec inside = penalty.bounded() ? withinBounds(at, v, i, count, penalty) : at;
    return keep(inside * inside, count);
  });
}

}  // namespace NABLA_TARGET
}  // namespace nabla
