// Elementary functions of our own, in + - * / and bit shifts, so that TypeScript has the same bits
// (DESIGN.md, the law, 5). Twin: lib/reference/kernels/math.ts.
#pragma once

#include "simd.h"

namespace nabla {
namespace NABLA_TARGET {

constexpr double ln2High = 0x1.62e42fefa3800p-1;  // ln 2, its low bits zero: n * ln2High is exact
constexpr double ln2Low = 0x1.ef35793c76730p-45;
constexpr double roundToInteger = 0x1.8p52;  // adding and subtracting it rounds to the nearest integer

NABLA_INLINE int64_t bitsOf(double x) {
  int64_t bits;
  __builtin_memcpy(&bits, &x, 8);
  return bits;
}
NABLA_INLINE double ofBits(int64_t bits) {
  double x;
  __builtin_memcpy(&x, &bits, 8);
  return x;
}
NABLA_INLINE double powerOfTwo(double n) { return ofBits((static_cast<int64_t>(n) + 1023) << 52); }

// e^x for |x| <= 700: x = n ln 2 + r, the Taylor polynomial of degree 13 on |r| <= ln 2 / 2 (remainder
// 4e-18).
static double exp(double x) {
  const double n = (x * 0x1.71547652b82fep0 + roundToInteger) - roundToInteger;
  const double r = (x - n * ln2High) - n * ln2Low;
  double q = 1.0 / 6227020800.0;
  q = q * r + 1.0 / 479001600.0;
  q = q * r + 1.0 / 39916800.0;
  q = q * r + 1.0 / 3628800.0;
  q = q * r + 1.0 / 362880.0;
  q = q * r + 1.0 / 40320.0;
  q = q * r + 1.0 / 5040.0;
  q = q * r + 1.0 / 720.0;
  q = q * r + 1.0 / 120.0;
  q = q * r + 1.0 / 24.0;
  q = q * r + 1.0 / 6.0;
  q = q * r + 0.5;
  return (1.0 + (r + r * r * q)) * powerOfTwo(n);
}

// ln x for normal x > 0: x = 2^k m, m in [√½, √2), ln m = 2 artanh(s), s = (m-1)/(m+1).
static double log(double x) {
  const int64_t bits = bitsOf(x);
  int64_t k = (bits >> 52) - 1023;
  double m = ofBits((bits & 0xfffffffffffff) | 0x3ff0000000000000);
  if (m > 0x1.6a09e667f3bcdp0) {
    m *= 0.5;
    k += 1;
  }
  const double f = m - 1.0;
  const double s = f / (m + 1.0);
  const double s2 = s * s;
  double q = 1.0 / 23.0;
  q = q * s2 + 1.0 / 21.0;
  q = q * s2 + 1.0 / 19.0;
  q = q * s2 + 1.0 / 17.0;
  q = q * s2 + 1.0 / 15.0;
  q = q * s2 + 1.0 / 13.0;
  q = q * s2 + 1.0 / 11.0;
  q = q * s2 + 1.0 / 9.0;
  q = q * s2 + 1.0 / 7.0;
  q = q * s2 + 1.0 / 5.0;
  q = q * s2 + 1.0 / 3.0;
  const double n = static_cast<double>(k);
  return n * ln2High + (2.0 * s + (2.0 * s * s2 * q + n * ln2Low));
}

// x^p for x > 0; good to a few ulp times |p ln x|, which a learning rate does not feel.
static double power(double x, double p) { return exp(p * log(x)); }

}  // namespace NABLA_TARGET
}  // namespace nabla
