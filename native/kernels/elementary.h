// Elementary functions of any argument, within about 1 ulp, with the special values of C.
// Twin: lib/reference/kernels/elementary.ts.
#pragma once

#include "pow.h"
#include "trigonometric.h"

namespace nabla {
namespace NABLA_TARGET {
namespace elementary {

// e^x - 1 = 2^n ((1 - 2^-n) + (e^r - 1)), x = n ln 2 + r, with the rounding errors of r and of the sum.
NABLA_INLINE Vec expm1(Vec argument) {
  const Vec x = select(argument < -40.0, -40.0, select(argument > 710.0, 710.0, argument));
  const Vec n = nearestInteger(x * 0x1.71547652b82fep0);
  const Vec high = x - n * ln2High;
  const Vec r = high - n * ln2Low;
  const Vec low = (high - r) - n * ln2Low;
  const Vec a = 1.0 - powerOfTwo(-select(n > 1000.0, 1000.0, n));
  const Vec s = a + r;
  const Vec value = s + (lostBySum(a, r, s) + (expTail(r) + low));
  const Vec half = nearestInteger(n * 0.5);
  return select(argument == 0.0, argument, (value * powerOfTwo(half)) * powerOfTwo(n - half));
}

// ln x = k ln 2 + ln m for finite x > 0, denormals too.
NABLA_INLINE void split(Vec x, Vec& k, Vec& m) {
  const Mask isTiny = x < 0x1p-1022;
  splitExponent(select(isTiny, x * 0x1p54, x), k, m);
  k = k - select(isTiny, 54.0, 0.0);
}

// ln x: -∞ of 0, NaN of what is negative.
NABLA_INLINE Vec log(Vec x) {
  Vec k, m;
  split(x, k, m);
  const Vec special = select(x == 0.0, -__builtin_inf(), select(x > 0.0, x, splat(__builtin_nan(""))));
  return select(isPositiveFinite(x), logOf(k * ln2High, k * ln2Low, m - 1.0), special);
}

// ln(1 + x): of x itself in [√½ - 1, 1], else of the rounded sum and of what its rounding left out.
NABLA_INLINE Vec log1p(Vec x) {
  const Vec sum = 1.0 + x;
  Vec k, m;
  splitExponent(sum, k, m);
  const Mask isNear = (splat(sqrt2 * 0.5 - 1.0) <= x) & (x <= 1.0), isUpper = x > 0.5;
  const Vec lost = select(x > 1.0, 1.0 - (sum - x), x - (sum - 1.0)) / sum;
  const Vec low = select(isNear, 0.0, lost);
  k = select(isNear, select(isUpper, 1.0, 0.0), k);
  const Vec f = select(isNear, select(isUpper, (x - 1.0) * 0.5, x), m - 1.0);
  const Vec special = select(x == -1.0, -__builtin_inf(), select(x > 0.0, x, splat(__builtin_nan(""))));
  const Vec v = select(isPositiveFinite(sum), logOf(k * ln2High, k * ln2Low + low, f), special);
  return select(x == 0.0, x, v);
}

// (tanh x - x)/x³ for z = x², |x| <= .55 (off by 5e-18 of tanh).
NABLA_INLINE Vec tanhSeries(Vec z) {
  constexpr double c[] = {-0x1.5555555555555p-2,  0x1.1111111111032p-3,  -0x1.ba1ba1b9fec84p-5,
                          0x1.664f487713373p-6,   -0x1.226e32f00cf0cp-7, 0x1.d6d339333f329p-9,
                          -0x1.7d97cfd138c28p-10, 0x1.34c5a8a996cd4p-11, -0x1.ec1091436eb2ap-13,
                          0x1.64fd88e9900a5p-14,  -0x1.59a834187ce22p-16};
  return polynomial(c, z);
}

NABLA_INLINE Vec tanh(Vec x) {
  const Vec a = abs(x), z = a * a;
  return turn(select(a < 0.55, a + a * (z * tanhSeries(z)), 1.0 - 2.0 / (elementary::exp(2.0 * a) + 1.0)), x);
}

// erf(x)/x - 1 for z = x² <= 1 (off by 2e-17).
NABLA_INLINE Vec erfNear(Vec z) {
  constexpr double c[] = {0x1.06eba8214db69p-3,   -0x1.812746b0379e6p-2,  0x1.ce2f21a042b3p-4,
                          -0x1.b82ce31284ep-6,    0x1.565bcd0dbaa38p-8,   -0x1.c02db3dac435fp-11,
                          0x1.f9a321d5b8e1ep-14,  -0x1.f4d1e3183f7aep-17, 0x1.b9df224ca4b97p-20,
                          -0x1.5f1ecb6f0764cp-23, 0x1.f7b4bf3b13964p-27,  -0x1.389d4f2641625p-30,
                          0x1.05ffd737fb32ep-34};
  return polynomial(c, z);
}

// exp(x²) erfc(x) for z = (x - 2.5)/(x + 3), x in [1, 6] (off by 8e-17 of erf).
NABLA_INLINE Vec erfFar(Vec z) {
  constexpr double c[] = {0x1.afbb3f3b73447p-3,  -0x1.a2b968ea25086p-2, 0x1.61c150e58ec1fp-2,
                          -0x1.d9f42398ffeedp-3, 0x1.e30295a154a26p-4,  -0x1.5055a0193a126p-5,
                          0x1.965a6b977727dp-8,  0x1.1504aa4c80e08p-9,  -0x1.4032f0b83b1fcp-10,
                          -0x1.40ac3d03e939p-15, 0x1.6888c7e821917p-13, -0x1.ff972830f15abp-18,
                          -0x1.9d2b6cdf7862dp-16};
  return polynomial(c, z);
}

NABLA_INLINE Vec erf(Vec x) {
  const Vec size = abs(x), a = select(size > 6.0, 6.0, size), z = a * a;
  const Vec far = 1.0 - elementary::exp(-z) * erfFar((a - 2.5) / (a + 3.0));
  return turn(select(a < 1.0, a + a * erfNear(z), far), x);
}

}  // namespace elementary
}  // namespace NABLA_TARGET
}  // namespace nabla
