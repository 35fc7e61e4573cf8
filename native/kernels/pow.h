// x^y within about 1 ulp, with the special values of C.
// Twin: lib/reference/kernels/pow.ts.
#pragma once

#include "trigonometric.h"

namespace nabla {
namespace NABLA_TARGET {
namespace elementary {

NABLA_INLINE Mask isPositiveFinite(Vec x) { return (x > 0.0) & (x < __builtin_inf()); }

// 2/5 + 2/7 z + 2/9 z² …: ln((1 + s)/(1 - s)) = 2s + ⅔ s³ + s⁵ logTail(s²), |s| <= .172.
NABLA_INLINE Vec logTail(Vec z) {
  constexpr double c[] = {0x1.999999999999ap-2, 0x1.2492492492522p-2, 0x1.c71c71c6ea871p-3,
                          0x1.745d177aad02ap-3, 0x1.3b1395c88122p-3,  0x1.1118c9ee5b8a4p-3,
                          0x1.df7c5bc7c7563p-4, 0x1.e032e4d8436a1p-4};
  return polynomial(c, z);
}

// ln x = k ln 2 + ln m as a sum of two, to about 65 bits: s = (m - 1)/(m + 1), ln m = s (2 + ⅔ s² + s⁴
// logTail(s²)).
NABLA_INLINE Vec wideLog(Vec x, Vec& logLow) {
  const Mask isTiny = x < 0x1p-1022;
  Vec k, m;
  splitExponent(select(isTiny, x * 0x1p54, x), k, m);
  k = k - select(isTiny, 54.0, 0.0);
  const Vec f = m - 1.0;
  const Vec d = 1.0 + m;
  const Vec s = f / d;
  const Vec p = s * d;
  const Vec sLow = (((f - p) - lostByProduct(s, d, p)) - s * (m - (d - 1.0))) / d;
  const Vec z = s * s;
  const Vec zLow = lostByProduct(s, s, z) + 2.0 * (s * sLow);
  const Vec twoThirds = splat(0x1.5555555555555p-1);
  const Vec t = z * twoThirds;
  const Vec tLow = lostByProduct(z, twoThirds, t) + (z * 0x1.5555555555555p-55 + zLow * twoThirds);
  const Vec w = (z * z) * logTail(z);
  const Vec u = t + w;
  const Vec uLow = (w - (u - t)) + tLow;
  const Vec v = s * u;
  const Vec vLow = lostByProduct(s, u, v) + (s * uLow + sLow * u);
  const Vec a = k * ln2High;
  const Vec b = a + 2.0 * s;
  const Vec c = b + v;
  const Vec low = ((2.0 * s - (b - a)) + (v - (c - b))) + (k * ln2Low + (2.0 * sLow + vLow));
  const Vec high = c + low;
  logLow = low - (high - c);
  return high;
}

// x^y for finite x > 0: e^(y ln x).
NABLA_INLINE Vec powerOf(Vec x, Vec y) {
  Vec logLow;
  const Vec logHigh = wideLog(x, logLow);
  Vec h = y * logHigh;
  Vec low = lostByProduct(y, logHigh, h) + y * logLow;
  const Mask below = h<-746.0, above = h> 710.0;
  h = select(below, -746.0, select(above, 710.0, h));
  low = select(below | above, 0.0, low);
  const Vec n = nearestInteger(h * 0x1.71547652b82fep0);
  const Vec a = h - n * ln2High;
  const Vec b = n * ln2Low - low;
  const Vec r = a - b;
  const Vec c = (a - r) - b;
  const Vec power = 1.0 + (expSeries(r) + (c + r * c));
  const Vec half = nearestInteger(n * 0.5);
  return (power * powerOfTwo(half)) * powerOfTwo(n - half);
}

// x^y; 1^y and x^0 are 1, of NaN too.
static Vec pow(Vec x, Vec y) {
  const double inf = __builtin_inf();
  const Vec a = abs(x), size = abs(y), half = 0.5 * size;
  const Mask isWhole = (size > 0x1p52) | (((size + 0x1p52) - 0x1p52) == size);
  const Vec halfWhole = select(half < 0x1p52, (half + 0x1p52) - 0x1p52, half);
  const Mask isOdd = isWhole & ((halfWhole < half) | (halfWhole > half));
  const Mask isZero = a == 0.0, isSpecial = isZero | (a == inf);
  const Mask isSmall = y < 0.0;
  const Vec clipped = select(size > 0x1p66, select(isSmall, -0x1p66, 0x1p66), y);
  const Vec infinite = select(isZero, select(isSmall, inf, 0.0), select(isSmall, 0.0, inf));
  Vec v = select(isSpecial, infinite, powerOf(select(isSpecial, 1.0, a), clipped));
  v = turn(v, select(isOdd, x, 1.0));
  const Vec nan = splat(__builtin_nan(""));
  v = select(isSpecial, v, select(x < 0.0, select(isWhole, v, nan), v));
  v = select(x == x, select(y == y, v, y), x);
  return select(y == 0.0, 1.0, select(x == 1.0, 1.0, v));
}

}  // namespace elementary
}  // namespace NABLA_TARGET
}  // namespace nabla
