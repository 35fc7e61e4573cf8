// Losses ℓ(y, z) with their first and second derivatives in z (docs/equations.md).
// z that is NaN gives a loss that is NaN. The second derivative of piecewise-linear losses is 0, also where
// they are not differentiable. Twin: lib/reference/kernels/losses.ts.
#pragma once

#include <cmath>

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

struct Logistic {  // ln(1 + e^z) - yz, y in [0, 1]; with u = e^-|z| no power overflows
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
    const Vec line = select(positive, 1.0 - y, -y) * z;
    return {log1p(p.u) + line, (1.0 - y) * one - y * none};
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

// Half the deviance of power p but for what z does not change: b/(2-p) - a/(1-p), with b = e^((2-p)z) and a =
// y e^((1-p)z). Near p = 1 and p = 2 a quotient's constant, 1/(1-p) or 1/(2-p), would take all digits: there
// it is left out, (e^cz - 1)/c, and p = 1 is poisson, p = 2 gamma. p < 1 and p > 2 are not convex.
struct TweedieTerms {
  double c1, c2;
  Vec power, a, b;

  NABLA_INLINE TweedieTerms of(Vec y, Vec z, double p) {
    const double c1 = 1.0 - p, c2 = 2.0 - p;
    const Vec power = exp(c1 * z);
    Vec a = select(y == 0.0, y, y * power);  // not 0 · ∞
    Vec b = exp(c2 * z);
    // Where both overflow the larger one counts: not ∞ - ∞.
    if (c1 > 0.0) a = select(b == INFINITY, 0.0, a);
    if (c2 < 0.0) b = select(a == INFINITY, 0.0, b);
    return {c1, c2, power, a, b};
  }
  NABLA_INLINE Vec loss(Vec y, Vec z, const TweedieTerms& t) {
    const Vec ofA = isLimit(t.c1) ? select(y == 0.0, y, y * growth(t.c1, z, t.power)) : t.a / t.c1;
    return (isLimit(t.c2) ? growth(t.c2, z, t.b) : t.b / t.c2) - ofA;
  }
  // The second derivative in z is c2·b - c1·a. Where that may be negative its size stands for it, and at
  // least a quarter of what it is at z = ln y.
  NABLA_INLINE Vec curvature(const TweedieTerms& t) {
    const Vec d = t.c2 * t.b - t.c1 * t.a;
    return t.c1 > 0.0 || t.c2 < 0.0 ? max(abs(d), 0.25 * t.b) : d;
  }

 private:
  NABLA_INLINE bool isLimit(double c) { return c < 0x1p-10 && c > -0x1p-10; }
  // (e^cz - 1)/c of a small c, with its digits where cz is small; z for c = 0.
  NABLA_INLINE Vec growth(double c, Vec z, Vec power) {
    const Vec x = c * z;
    return c == 0.0 ? z : select(abs(x) < 0.34, expSeries(x), power - 1.0) / c;
  }
};

struct Tweedie {  // of the mean e^z
  NABLA_INLINE LossGradient at(Vec y, Vec z, const TweedieTerms& t) {
    return {TweedieTerms::loss(y, z, t), t.b - t.a};
  }
  NABLA_INLINE LossGradient at(Vec y, Vec z, const double* p) {
    return at(y, z, TweedieTerms::of(y, z, p[0]));
  }
  NABLA_INLINE LossCurvature curvature(Vec y, Vec z, const double* p) {
    const TweedieTerms t = TweedieTerms::of(y, z, p[0]);
    return with(TweedieTerms::curvature(t), at(y, z, t));
  }
};

struct ModifiedHuber {  // max(0, 1 - yz)² where yz >= -1, else -4yz; y in {-1, 1}
  NABLA_INLINE LossGradient at(Vec y, Vec z, const double* p) {
    const Vec m = y * z;
    const Mask far = m < -1.0;
    const LossGradient near = SquaredHinge::at(y, z, p);
    return {select(far, -4.0 * m, near.loss), select(far, -4.0 * y, near.gradient)};
  }
  NABLA_INLINE LossCurvature curvature(Vec y, Vec z, const double* p) {
    return with(select(abs(y * z) > 1.0, 0.0, 2.0), at(y, z, p));
  }
};

// max(0, -yz), y in {-1, 1}. At z = 0, where weights of 0 are, it is not differentiable and takes the slope
// of a mistake: steps leave it.
struct Perceptron {
  NABLA_INLINE LossGradient at(Vec y, Vec z, const double*) {
    const Vec m = y * z;
    const Mask right = m > 0.0;
    return {select(right, 0.0, -m), select(right, 0.0, -y)};
  }
  NABLA_INLINE LossCurvature curvature(Vec y, Vec z, const double* p) { return with(zero(), at(y, z, p)); }
};

struct TweedieIdentity {  // of the mean z itself; ∞ where that is not positive
  struct Terms {
    Mask outside;
    Vec log;
    TweedieTerms half;
  };
  NABLA_INLINE Terms terms(Vec y, Vec z, const double* p) {
    const Mask outside = z < 0x1p-1022;
    const Vec logarithm = log(select(outside, 1.0, z));
    return {outside, logarithm, TweedieTerms::of(y, logarithm, p[0])};
  }
  NABLA_INLINE LossGradient at(Vec y, Vec z, const Terms& t) {
    return {select(t.outside, INFINITY, TweedieTerms::loss(y, t.log, t.half)),
            select(t.outside, -INFINITY, (z - y) * (t.half.power / z))};
  }
  NABLA_INLINE LossGradient at(Vec y, Vec z, const double* p) { return at(y, z, terms(y, z, p)); }
  // z^-p (p y/z - (p - 1)); not convex for p > 1, and there as TweedieTerms has it.
  NABLA_INLINE LossCurvature curvature(Vec y, Vec z, const double* p) {
    const Terms t = terms(y, z, p);
    const Vec expected = t.half.power / z;
    const Vec d = expected * (p[0] * (y / z) + (1.0 - p[0]));
    return with(select(t.outside, 0.0, max(abs(d), (p[0] > 1.0 ? 0.25 : 0.0) * expected)), at(y, z, t));
  }
};

// All of them, in the order of lib/catalog/losses.ts: one formula for each value of z, passes of its own, or
// passes that call the formula (passes.h).
// clang-format off
#define NABLA_LOSSES(elementwise, coupled, called) \
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
  called("tweedie", "power", Tweedie) \
  called("modified_huber", "", ModifiedHuber) \
  called("perceptron", "", Perceptron) \
  called("tweedie_identity", "power", TweedieIdentity)
// clang-format on

}  // namespace NABLA_TARGET
}  // namespace nabla
