// Losses l(y, z) and their derivative in z (EQUATIONS.md). z that is NaN gives a loss that is NaN.
// Twin: lib/reference/kernels/losses.ts.
#pragma once

#include "math.h"

namespace nabla {
namespace NABLA_TARGET {

struct LossGradient {
  Vec loss, gradient;
};

struct Squared {  // ½(z - y)²
  NABLA_INLINE LossGradient at(Vec y, Vec z, const double*) {
    const Vec r = z - y;
    return {0.5 * (r * r), r};
  }
};

struct Logistic {  // ln(1 + e^z) - yz, y in {0, 1}; with u = e^-|z| no power overflows
  NABLA_INLINE LossGradient at(Vec y, Vec z, const double*) {
    const Mask positive = z > 0.0;
    const Vec u = exp(-abs(z));
    const Vec larger = 1.0 / (1.0 + u);  // of P(y=1) and P(y=0), the one that z points to
    const Vec smaller = u * larger;
    const Vec one = select(positive, larger, smaller);
    const Vec none = select(positive, smaller, larger);
    return {log1p(u) + (select(positive, z, 0.0) - y * z), (1.0 - y) * one - y * none};
  }
};

struct Hinge {  // max(0, 1 - yz), y in {-1, 1}
  NABLA_INLINE LossGradient at(Vec y, Vec z, const double*) {
    const Vec m = 1.0 - y * z;
    const Mask outside = m <= 0.0;
    return {select(outside, 0.0, m), select(outside, 0.0, -y)};
  }
};

struct SquaredHinge {  // max(0, 1 - yz)²
  NABLA_INLINE LossGradient at(Vec y, Vec z, const double*) {
    const Vec m = 1.0 - y * z;
    const Vec inside = select(m <= 0.0, 0.0, m);
    return {inside * inside, -2.0 * (y * inside)};
  }
};

struct Huber {  // r = z - y; ½r² if |r| <= δ, else δ(|r| - ½δ)
  NABLA_INLINE LossGradient at(Vec y, Vec z, const double* p) {
    const Vec r = z - y;
    const Mask far = abs(r) > p[0];
    return {select(far, p[0] * (abs(r) - 0.5 * p[0]), 0.5 * (r * r)), select(far, p[0] * sign(r), r)};
  }
};

struct Quantile {  // max(qr, (q - 1)r), r = y - z
  NABLA_INLINE LossGradient at(Vec y, Vec z, const double* p) {
    const Vec r = y - z;
    return {select(r > 0.0, p[0] * r, (p[0] - 1.0) * r),
            select(r > 0.0, -p[0], select(r < 0.0, 1.0 - p[0], 0.0))};
  }
};

struct EpsilonInsensitive {  // max(0, |r| - ε), r = z - y
  NABLA_INLINE LossGradient at(Vec y, Vec z, const double* p) {
    const Vec r = z - y;
    const Vec m = abs(r) - p[0];
    const Mask inside = m <= 0.0;
    return {select(inside, 0.0, m), select(inside, 0.0, sign(r))};
  }
};

struct SquaredEpsilonInsensitive {  // max(0, |r| - ε)², r = z - y
  NABLA_INLINE LossGradient at(Vec y, Vec z, const double* p) {
    const Vec r = z - y;
    const Vec m = abs(r) - p[0];
    const Vec inside = select(m <= 0.0, 0.0, m);
    return {inside * inside, 2.0 * (sign(r) * inside)};
  }
};

struct Poisson {  // e^z - yz, y >= 0
  NABLA_INLINE LossGradient at(Vec y, Vec z, const double*) {
    const Vec mean = exp(z);
    return {mean - y * z, mean - y};
  }
};

struct Gamma {  // y e^-z + z, y > 0
  NABLA_INLINE LossGradient at(Vec y, Vec z, const double*) {
    const Vec ratio = y * exp(-z);
    return {ratio + z, 1.0 - ratio};
  }
};

struct Tweedie {  // -y e^((1-p)z)/(1-p) + e^((2-p)z)/(2-p), power p in (1, 2)
  NABLA_INLINE LossGradient at(Vec y, Vec z, const double* p) {
    const Vec power = exp((1.0 - p[0]) * z);
    const Vec a = select(y == 0.0, y, y * power);  // not 0 · ∞
    const Vec b = exp((2.0 - p[0]) * z);
    return {b / (2.0 - p[0]) - a / (1.0 - p[0]), b - a};
  }
};

// All of them, in the order of lib/catalog.ts: one formula for each value of z, or a pass of its own
// (passes.h).
// clang-format off
#define NABLA_LOSSES(elementwise, coupled) \
  elementwise("squared", "", Squared) \
  elementwise("logistic", "", Logistic) \
  coupled("softmax", "", softmaxPass) \
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
