// Elementary functions in + - * /, comparisons and bit shifts, so that TypeScript has the same bits.
// See ARCHITECTURE.md, the law, 5. Twin: lib/reference/kernels/math.ts.
#pragma once

#include "simd.h"

namespace nabla {
namespace NABLA_TARGET {

constexpr double ln2High = 0x1.62e42fefa3800p-1;  // ln 2, its low bits zero: n · ln2High is exact
constexpr double ln2Low = 0x1.ef35793c76730p-45;
constexpr double roundToInteger = 0x1.8p52;  // adding and subtracting it rounds to the nearest integer
constexpr double sqrt2 = 0x1.6a09e667f3bcdp0;
constexpr double pi = 0x1.921fb54442d18p1;

NABLA_INLINE Vec nearestInteger(Vec x) { return (x + roundToInteger) - roundToInteger; }

// 2^n for a whole number |n| <= 1022: n's bits, from the low end of n + 1.5 · 2^52, moved to the exponent.
NABLA_INLINE Vec powerOfTwo(Vec n) {
  const Vec t = n + (roundToInteger + 1023.0);
  Vec v;
  NABLA_EACH_PART v.part[p] = (Reg)((RegMask)t.part[p] << 52);
  return v;
}

// e^r - 1 - r for |r| <= ln 2 / 2: a polynomial of degree 11 (Remez: off by 6e-18 of e^r).
NABLA_INLINE Vec expTail(Vec r) {
  const Vec r2 = r * r;
  Vec q = 0x1.289f81c494018p-22 + r * 0x1.ad202ae594fcfp-26;
  q = (0x1.a019ab359ac8bp-16 + r * 0x1.71df55233db70p-19) + r2 * q;
  q = (0x1.6c16c17cc0c4cp-10 + r * 0x1.a01a011c37858p-13) + r2 * q;
  q = (0x1.555555555320ep-5 + r * 0x1.111111112882dp-7) + r2 * q;
  q = (0.5 + r * 0x1.5555555555501p-3) + r2 * q;
  return r2 * q;
}

// e^r - 1 for |r| <= ln 2 / 2.
NABLA_INLINE Vec expSeries(Vec r) { return r + expTail(r); }

// e^x: x = n ln 2 + r, the series of r, and n added to the exponent. Where e^x may leave the normal range,
// 2^n comes in two factors, so that a result below it is rounded once: +0 below -745.13, ∞ above 709.78.
NABLA_INLINE Vec exp(Vec x) {
  const bool wide = anyAbove(abs(x), 708.0);
  if (wide) x = select(x < -746.0, -746.0, select(x > 710.0, 710.0, x));
  const Vec t = x * 0x1.71547652b82fep0 + roundToInteger;
  const Vec n = t - roundToInteger;
  const Vec power = 1.0 + expSeries((x - n * ln2High) - n * ln2Low);
  if (wide) {
    const Vec half = nearestInteger(n * 0.5);
    return (power * powerOfTwo(half)) * powerOfTwo(n - half);
  }
  Vec v;
  NABLA_EACH_PART v.part[p] = (Reg)((RegMask)power.part[p] + ((RegMask)t.part[p] << 52));
  return v;
}

// ln(1 + f) = f - s (f - logSeries(s²)), s = f/(2+f), |s| <= .2: Σ 2 s^(2k)/(2k+1), k = 1, 2 …, of degree 8
// (Remez: off by 2e-19 of the logarithm).
NABLA_INLINE Vec logSeries(Vec t) {
  const Vec t2 = t * t;
  Vec q = 0x1.0dcf137789456p-3 + t * 0x1.1b69ee81a1aeap-3;
  q = (0x1.745c4c7ad1a0dp-3 + t * 0x1.3b358bb226b4bp-3) + t2 * q;
  q = (0x1.24924921ec0d5p-2 + t * 0x1.c71c7488d9364p-3) + t2 * q;
  q = (0x1.555555555554fp-1 + t * 0x1.999999999c0f7p-2) + t2 * q;
  return t * q;
}

// high + low + ln(1 + f) for f in [√½ - 1, ½], small terms first.
NABLA_INLINE Vec logOf(Vec high, Vec low, Vec f) {
  const Vec s = f / (2.0 + f);
  return high - ((s * (f - logSeries(s * s)) - low) - f);
}

// ln(1 + u) for u in [√½ - 1, 1].
NABLA_INLINE Vec log1p(Vec u) {
  const Mask upper = u > 0.5;  // (u - 1)/2 is exact then
  return logOf(select(upper, ln2High, 0.0), select(upper, ln2Low, 0.0), select(upper, (u - 1.0) * 0.5, u));
}

// x = 2^k m for normal, finite x > 0, m in [√½, √2).
NABLA_INLINE void splitExponent(Vec x, Vec& k, Vec& m) {
  typedef uint64_t RegBits __attribute__((vector_size(W * 8)));
  Vec exponent, mantissa;
  NABLA_EACH_PART {
    const RegBits bits = (RegBits)x.part[p];
    exponent.part[p] = (Reg)((bits >> 52) | 0x4330000000000000);  // 2^52 + the biased exponent
    mantissa.part[p] = (Reg)((bits & 0xfffffffffffff) | 0x3ff0000000000000);
  }
  const Mask upper = mantissa > sqrt2;
  k = exponent - select(upper, 0x1p52 + 1022.0, 0x1p52 + 1023.0);
  m = select(upper, mantissa * 0.5, mantissa);
}

// ln x for normal, finite x > 0.
NABLA_INLINE Vec log(Vec x) {
  Vec k, m;
  splitExponent(x, k, m);
  return select(x == x, logOf(k * ln2High, k * ln2Low, m - 1.0), x);
}

// x^p for normal x > 0; good to a few ulp times |p ln x|, which a learning rate does not feel.
static double power(double x, double p) { return exp(splat(p) * log(splat(x))).part[0][0]; }

// cos(πx) for x in [0, 1]: the Taylor polynomial of sin of π(½ - x), remainder below 2e-18.
static double cosPi(double x) {
  const double a = pi * (0.5 - x);
  const double a2 = a * a;
  double q = 1.0 / 51090942171709440000.0;
  q = q * a2 - 1.0 / 121645100408832000.0;
  q = q * a2 + 1.0 / 355687428096000.0;
  q = q * a2 - 1.0 / 1307674368000.0;
  q = q * a2 + 1.0 / 6227020800.0;
  q = q * a2 - 1.0 / 39916800.0;
  q = q * a2 + 1.0 / 362880.0;
  q = q * a2 - 1.0 / 5040.0;
  q = q * a2 + 1.0 / 120.0;
  q = q * a2 - 1.0 / 6.0;
  return a + a * (a2 * q);
}

}  // namespace NABLA_TARGET
}  // namespace nabla
