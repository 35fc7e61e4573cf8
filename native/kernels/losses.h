// Losses l(y, z) and their derivatives in z (EQUATIONS.md). z that is NaN gives a loss that is NaN. The
// second derivative of those of straight pieces is 0, at their kinks, too. Twin:
// lib/reference/kernels/losses.ts.
#pragma once

#include "math.h"
#include "table.h"

namespace nabla {
namespace NABLA_TARGET {

struct LossGradient {
  Vec loss, gradient;
};
struct LossCurvature {
  Vec loss, gradient, curvature;
};
NABLA_INLINE LossCurvature with(Vec curvature, LossGradient at) { return {at.loss, at.gradient, curvature}; }

struct Squared {  // ½(z - y)²
  NABLA_INLINE LossGradient at(Vec y, Vec z, const double*) {
    const Vec r = z - y;
    return {0.5 * (r * r), r};
  }
  NABLA_INLINE LossCurvature curvature(Vec y, Vec z, const double* p) {
    return with(splat(1.0), at(y, z, p));
  }
};

struct Logistic {  // ln(1 + e^z) - yz, y in {0, 1}; with u = e^-|z| no power overflows
  // Of P(y=1) and P(y=0), the one that z points to, and the other.
  struct Sides {
    Vec u, larger, smaller;
  };
  NABLA_INLINE Sides sides(Vec z) {
    const Vec u = exp(-abs(z));
    const Vec larger = 1.0 / (1.0 + u);
    return {u, larger, u * larger};
  }
  NABLA_INLINE LossGradient at(Vec y, Vec z, Sides p) {
    const Mask positive = z > 0.0;
    const Vec one = select(positive, p.larger, p.smaller);
    const Vec none = select(positive, p.smaller, p.larger);
    return {log1p(p.u) + (select(positive, z, 0.0) - y * z), (1.0 - y) * one - y * none};
  }
  NABLA_INLINE LossGradient at(Vec y, Vec z, const double*) { return at(y, z, sides(z)); }
  NABLA_INLINE LossCurvature curvature(Vec y, Vec z, const double*) {
    const Sides p = sides(z);
    return with(p.larger * p.smaller, at(y, z, p));
  }
};

struct Hinge {  // max(0, 1 - yz), y in {-1, 1}
  NABLA_INLINE LossGradient at(Vec y, Vec z, const double*) {
    const Vec m = 1.0 - y * z;
    const Mask outside = m <= 0.0;
    return {select(outside, 0.0, m), select(outside, 0.0, -y)};
  }
  NABLA_INLINE LossCurvature curvature(Vec y, Vec z, const double* p) { return with(zero(), at(y, z, p)); }
};

struct SquaredHinge {  // max(0, 1 - yz)²
  NABLA_INLINE LossGradient at(Vec y, Vec z, const double*) {
    const Vec m = 1.0 - y * z;
    const Vec inside = select(m <= 0.0, 0.0, m);
    return {inside * inside, -2.0 * (y * inside)};
  }
  NABLA_INLINE LossCurvature curvature(Vec y, Vec z, const double* p) {
    return with(select(1.0 - y * z < 0.0, 0.0, 2.0), at(y, z, p));
  }
};

struct Huber {  // r = z - y; ½r² if |r| <= δ, else δ(|r| - ½δ)
  NABLA_INLINE LossGradient at(Vec y, Vec z, const double* p) {
    const Vec r = z - y;
    const Mask far = abs(r) > p[0];
    return {select(far, p[0] * (abs(r) - 0.5 * p[0]), 0.5 * (r * r)), select(far, p[0] * sign(r), r)};
  }
  NABLA_INLINE LossCurvature curvature(Vec y, Vec z, const double* p) {
    return with(select(abs(z - y) > p[0], 0.0, 1.0), at(y, z, p));
  }
};

struct Quantile {  // max(qr, (q - 1)r), r = y - z
  NABLA_INLINE LossGradient at(Vec y, Vec z, const double* p) {
    const Vec r = y - z;
    return {select(r > 0.0, p[0] * r, (p[0] - 1.0) * r),
            select(r > 0.0, -p[0], select(r < 0.0, 1.0 - p[0], 0.0))};
  }
  NABLA_INLINE LossCurvature curvature(Vec y, Vec z, const double* p) { return with(zero(), at(y, z, p)); }
};

struct EpsilonInsensitive {  // max(0, |r| - ε), r = z - y
  NABLA_INLINE LossGradient at(Vec y, Vec z, const double* p) {
    const Vec r = z - y;
    const Vec m = abs(r) - p[0];
    const Mask inside = m <= 0.0;
    return {select(inside, 0.0, m), select(inside, 0.0, sign(r))};
  }
  NABLA_INLINE LossCurvature curvature(Vec y, Vec z, const double* p) { return with(zero(), at(y, z, p)); }
};

struct SquaredEpsilonInsensitive {  // max(0, |r| - ε)², r = z - y
  NABLA_INLINE LossGradient at(Vec y, Vec z, const double* p) {
    const Vec r = z - y;
    const Vec m = abs(r) - p[0];
    const Vec inside = select(m <= 0.0, 0.0, m);
    return {inside * inside, 2.0 * (sign(r) * inside)};
  }
  NABLA_INLINE LossCurvature curvature(Vec y, Vec z, const double* p) {
    return with(select(abs(z - y) - p[0] < 0.0, 0.0, 2.0), at(y, z, p));
  }
};

struct Poisson {  // e^z - yz, y >= 0
  NABLA_INLINE LossGradient at(Vec y, Vec z, const double*) {
    const Vec mean = exp(z);
    return {mean - y * z, mean - y};
  }
  NABLA_INLINE LossCurvature curvature(Vec y, Vec z, const double*) {
    const Vec mean = exp(z);
    return {mean - y * z, mean - y, mean};
  }
};

struct Gamma {  // y e^-z + z, y > 0
  NABLA_INLINE LossGradient at(Vec y, Vec z, const double*) {
    const Vec ratio = y * exp(-z);
    return {ratio + z, 1.0 - ratio};
  }
  NABLA_INLINE LossCurvature curvature(Vec y, Vec z, const double* p) {
    return with(y * exp(-z), at(y, z, p));
  }
};

struct Tweedie {  // -y e^((1-p)z)/(1-p) + e^((2-p)z)/(2-p), power p in (1, 2)
  NABLA_INLINE LossGradient at(Vec y, Vec z, const double* p) {
    const Vec power = exp((1.0 - p[0]) * z);
    const Vec a = select(y == 0.0, y, y * power);  // not 0 · ∞
    const Vec b = exp((2.0 - p[0]) * z);
    return {b / (2.0 - p[0]) - a / (1.0 - p[0]), b - a};
  }
  NABLA_INLINE LossCurvature curvature(Vec y, Vec z, const double* p) {
    const Vec power = exp((1.0 - p[0]) * z);
    const Vec a = select(y == 0.0, y, y * power);
    return with((2.0 - p[0]) * exp((2.0 - p[0]) * z) - (1.0 - p[0]) * a, at(y, z, p));
  }
};

// All of them, in the order of lib/catalog.ts: one formula for each value of z, or passes of its own
// (passes.h).
// clang-format off
#define NABLA_LOSSES(elementwise, coupled) \
  elementwise("squared", "", Squared) \
  elementwise("logistic", "", Logistic) \
  coupled("softmax", "", softmaxPass, softmaxCurvaturePass) \
  elementwise("hinge", "", Hinge) \
  elementwise("squared_hinge", "", SquaredHinge) \
  elementwise("huber", "delta", Huber) \
  elementwise("quantile", "quantile", Quantile) \
  elementwise("epsilon_insensitive", "epsilon", EpsilonInsensitive) \
  elementwise("squared_epsilon_insensitive", "epsilon", SquaredEpsilonInsensitive) \
  elementwise("poisson", "", Poisson) \
  elementwise("gamma", "", Gamma) \
  elementwise("tweedie", "power", Tweedie)
// clang-format on

}  // namespace NABLA_TARGET
}  // namespace nabla
