// Sine, cosine, tangent and their inverses, within about 1 ulp of any argument.
// Twin: lib/reference/kernels/trigonometric.ts.
#pragma once

#include "doubledouble.h"
#include "math.h"

namespace nabla {
namespace NABLA_TARGET {
namespace elementary {

constexpr double halfPi = 0x1.921fb54442d18p0;
constexpr double halfPiLow = 0x1.1a62633145c07p-54;
// Where π/2 in three parts of 33 bits, whose products with a whole number below 2^20 are exact, is enough.
constexpr double largeAngle = 1e6;

// An angle: its quadrant, mod 4, and the rest of it in [-π/4, π/4] as a sum.
struct Angle {
  Vec quadrant, rest, low;
};

// One copy for all functions that need it.
static __attribute__((noinline)) Vec exp(Vec x) { return NABLA_TARGET::exp(x); }

// c[0] + c[1] z + …, two terms at a time.
template <int N>
NABLA_INLINE Vec polynomial(const double (&c)[N], Vec z) {
  constexpr int first = N % 2 == 0 ? N - 2 : N - 1;
  Vec q = N % 2 == 0 ? c[first] + z * c[N - 1] : splat(c[first]);
  const Vec z2 = z * z;
#pragma GCC unroll 16
  for (int i = first - 2; i >= 0; i -= 2) q = (c[i] + z * c[i + 1]) + z2 * q;
  return q;
}

// v with its sign turned where x is negative, or -0.
NABLA_INLINE Vec turn(Vec v, Vec x) {
  NABLA_EACH_PART v.part[p] = (Reg)((RegMask)v.part[p] ^ ((RegMask)x.part[p] & INT64_MIN));
  return v;
}

// Of a large angle m·2^e: the bits of 2/π that count, times m (Payne and Hanek 1983).
static void reduceLarge(double a, double& quadrant, double& rest, double& low) {
  typedef unsigned __int128 Wide;
  static constexpr uint64_t twoOverPi[] = {
      0xa2f9836e4e441529, 0xfc2757d1f534ddc0, 0xdb6295993c439041, 0xfe5163abdebbc561, 0xb7246e3a424dd2e0,
      0x06492eea09d1921c, 0xfe1deb1cb129a73e, 0xe88235f52ebb4484, 0xe99c7026b45f7e41, 0x3991d639835339f4,
      0x9c845f8bbdf9283b, 0x1ff897ffde05980f, 0xef2f118b5a0a6d1f, 0x6d367ecf27cb09b7, 0x4f463f669e5fea2d,
      0x7527bac7ebe5f17b, 0x3d0739f78a5292ea, 0x6bfb5fb11f8d5d08, 0x56033046fc7b6bab, 0xf0cfbc209af4361d};
  uint64_t bits;
  __builtin_memcpy(&bits, &a, sizeof(bits));
  const uint64_t m = (bits & 0xfffffffffffff) | 0x10000000000000;
  // 256 bits of 2/π from the one of 2^(2 - e) on; quadrants in units of 2^-126, mod 4, without the last 64
  // bits.
  const int first = static_cast<int>(bits >> 52) - 1075 - 66;
  const auto word = [=](int i) {
    const int from = first + 64 * i, at = from >> 6, shift = from & 63;
    const uint64_t high = at < 0 ? 0 : twoOverPi[at], next = at + 1 < 0 ? 0 : twoOverPi[at + 1];
    return shift == 0 ? high : high << shift | next >> (64 - shift);
  };
  const Wide p3 = Wide(m) * word(3);
  const Wide p2 = Wide(m) * word(2) + static_cast<uint64_t>(p3 >> 64);
  const Wide angle = (Wide(m) * word(1) << 64) + p2;
  const unsigned n = static_cast<unsigned>((angle + (Wide(1) << 125)) >> 126);
  const Wide from = angle - (Wide(n) << 126);
  const bool negative = from >> 127;
  const Wide f = negative ? -from : from;
  constexpr uint64_t third = (uint64_t(1) << 42) - 1;
  const double c2 = static_cast<double>(static_cast<uint64_t>(f >> 84)) * 0x1p-42;
  const double c1 = static_cast<double>(static_cast<uint64_t>(f >> 42) & third) * 0x1p-84;
  const double c0 = static_cast<double>(static_cast<uint64_t>(f) & third) * 0x1p-126;
  const double s = c2 + c1;
  const double t = c1 - (s - c2) + c0;
  const double high = s + t;
  const double lost = t - (high - s);
  const double p = high * halfPi;
  const double q = lostByProduct(high, halfPi, p) + (high * halfPiLow + lost * halfPi);
  const double r = p + q;
  quadrant = static_cast<double>(n & 3);
  rest = negative ? -r : r;
  low = negative ? r - p - q : q - (r - p);
}

// Of angles >= 0.
static __attribute__((noinline)) Angle reduce(Vec a) {
  const Vec n = nearestInteger(a * 0x1.45f306dc9c883p-1);
  const Vec r1 = a - n * 0x1.921fb544p0;
  const Vec w2 = n * 0x1.0b4611a6p-34;
  const Vec r2 = r1 - w2;
  const Vec b2 = r2 - r1;
  const Vec w3 = n * 0x1.3198a2ep-69;
  const Vec r3 = r2 - w3;
  const Vec b3 = r3 - r2;
  const Vec lost = ((r1 - (r2 - b2)) - (w2 + b2)) + ((r2 - (r3 - b3)) - (w3 + b3));
  const Vec low = lost - n * 0x1.b839a252049c1p-104;
  const Vec rest = r3 + low;
  Angle angle{n, rest, (r3 - rest) + low};
  if (anyAbove(a, largeAngle)) {
    double from[8], quadrant[8], rests[8], lows[8];
    store(from, a);
    store(quadrant, angle.quadrant);
    store(rests, angle.rest);
    store(lows, angle.low);
    for (int i = 0; i < 8; ++i)
      if (from[i] > largeAngle && from[i] < __builtin_inf())
        reduceLarge(from[i], quadrant[i], rests[i], lows[i]);
    angle = {load(quadrant), load(rests), load(lows)};
  }
  return angle;
}

// (sin x - x)/x³ for z = x², |x| <= π/4 (off by 3e-18 of the sine).
NABLA_INLINE Vec sineSeries(Vec z) {
  constexpr double c[] = {-0x1.5555555555555p-3, 0x1.111111111111p-7,    -0x1.a01a01a019936p-13,
                          0x1.71de3a54605eep-19, -0x1.ae64541266378p-26, 0x1.61217ec01749dp-33,
                          -0x1.ab17a79237a19p-41};
  return polynomial(c, z);
}

// (cos x - 1 + x²/2)/x⁴ for z = x², |x| <= π/4 (off by 2e-18 of the cosine).
NABLA_INLINE Vec cosineSeries(Vec z) {
  constexpr double c[] = {0x1.5555555555555p-5,   -0x1.6c16c16c16966p-10, 0x1.a01a019f4e867p-16,
                          -0x1.27e4fa17a41b4p-22, 0x1.1eeb68b109173p-29,  -0x1.907d7aebd5e3dp-37};
  return polynomial(c, z);
}

// sin(rest + low) - rest.
NABLA_INLINE Vec sineTail(const Angle& a, Vec z) {
  return a.low * (1.0 - 0.5 * z) + (a.rest * z) * sineSeries(z);
}

// cos(rest + low) - (1 - z/2).
NABLA_INLINE Vec cosineTail(const Angle& a, Vec z, Vec near) {
  return ((1.0 - near) - 0.5 * z) + ((z * z) * cosineSeries(z) - a.rest * a.low);
}

// A whole number below 2^51: its bits, from the low end.
NABLA_INLINE Mask wholeBits(Vec n) {
  const Vec t = n + roundToInteger;
  Mask m;
  NABLA_EACH_PART m.part[p] = (RegMask)t.part[p];
  return m;
}
// Where the last bit is set.
NABLA_INLINE Mask isOddNumber(const Mask& whole) {
  Mask m;
  NABLA_EACH_PART m.part[p] = (whole.part[p] & 1) == 1;
  return m;
}

// sin(x + turns·π/2) for x >= 0.
static __attribute__((noinline)) Vec wave(Vec x, double turns) {
  const Angle angle = reduce(x);
  const Vec z = angle.rest * angle.rest, near = 1.0 - 0.5 * z;
  const Mask quadrant = wholeBits(angle.quadrant + turns);
  Vec v = select(isOddNumber(quadrant), near + cosineTail(angle, z, near), angle.rest + sineTail(angle, z));
  NABLA_EACH_PART v.part[p] = (Reg)((RegMask)v.part[p] ^ (quadrant.part[p] & 2) << 62);
  return v;
}

NABLA_INLINE Vec sin(Vec x) { return select(x == 0.0, x, turn(wave(abs(x), 0.0), x)); }
NABLA_INLINE Vec cos(Vec x) { return wave(abs(x), 1.0); }

// sin/cos, or -cos/sin: a quotient of sums, with its remainder.
NABLA_INLINE Vec tan(Vec x) {
  const Angle angle = reduce(abs(x));
  const Vec z = angle.rest * angle.rest, near = 1.0 - 0.5 * z;
  const Vec sTail = sineTail(angle, z), cTail = cosineTail(angle, z, near);
  const Vec s = angle.rest + sTail, sLow = sTail - (s - angle.rest);
  const Vec c = near + cTail, cLow = cTail - (c - near);
  const Mask odd = isOddNumber(wholeBits(angle.quadrant));
  const Vec n = select(odd, c, s), nLow = select(odd, cLow, sLow);
  const Vec d = select(odd, s, c), dLow = select(odd, sLow, cLow);
  const Vec q = n / d;
  const Vec p = q * d;
  const Vec v = q + ((((n - p) - lostByProduct(q, d, p)) + nLow) - q * dLow) / d;
  return select(x == 0.0, x, turn(turn(v, x), select(odd, -1.0, 1.0)));
}

// (asin x - x)/x³ for z = x² <= ¼ (off by 6e-18 of the arcsine).
NABLA_INLINE Vec arcsineSeries(Vec z) {
  constexpr double c[] = {0x1.5555555555556p-3, 0x1.3333333332ecap-4, 0x1.6db6db6e31f13p-5,
                          0x1.f1c71c1db0623p-6, 0x1.6e8bb1c8209a2p-6, 0x1.1c4d35cf95421p-6,
                          0x1.c9cf07674736ap-7, 0x1.782651caa6547p-7, 0x1.52420b04b37bep-7,
                          0x1.65a9c4dfcf8b2p-8, 0x1.1d189408314eep-6, -0x1.e6aaa8a0a04ccp-7,
                          0x1.d72b2bc8155f8p-6};
  return polynomial(c, z);
}

// Above ½: π/2 - 2 asin √((1 - x)/2), with the rounding error of the root.
NABLA_INLINE Vec asin(Vec x) {
  const Vec a = abs(x);
  const Mask isSmall = a < 0.5;
  const Vec z = select(isSmall, a * a, (1.0 - a) * 0.5);
  const Vec s = sqrt(z), p = s * s;
  const Vec low = ((z - p) - lostByProduct(s, s, p)) / ((s + s) + 0x1p-1000);
  const Vec high = halfPi - 2.0 * s;
  const Vec series = z * arcsineSeries(z);
  const Vec large = high + ((((halfPi - high) - 2.0 * s) + halfPiLow) - 2.0 * (s * series + low));
  return turn(select(isSmall, a + a * series, large), x);
}

// (atan x - x)/x³ for z = x², |x| <= 7/16 (off by 3e-18 of the arctangent).
NABLA_INLINE Vec arctangentSeries(Vec z) {
  constexpr double c[] = {-0x1.5555555555555p-2, 0x1.99999999998c5p-3,  -0x1.24924924854d3p-3,
                          0x1.c71c71bd297ddp-4,  -0x1.745d154c29613p-4, 0x1.3b1375c51724bp-4,
                          -0x1.110c9c528646fp-4, 0x1.e17074088e2d1p-5,  -0x1.ab5964d962e7bp-5,
                          0x1.70003d828e51ep-5,  -0x1.0f5fd11677ccbp-5, 0x1.e40ade8e6b30dp-7};
  return polynomial(c, z);
}

// atan c + atan((x - c)/(1 + c x)), for the c of these next to x: 0, ½, 1, 3/2, ∞.
NABLA_INLINE Vec atan(Vec x) {
  const Vec a = abs(x);
  Vec above = a, below = splat(1.0), high = zero(), low = zero();
  const auto from = [&](double border, Vec numerator, Vec denominator, double angle, double rest) {
    const Mask m = a > border;
    above = select(m, numerator, above);
    below = select(m, denominator, below);
    high = select(m, angle, high);
    low = select(m, rest, low);
  };
  from(0.4375, a - 0.5, 1.0 + 0.5 * a, 0x1.dac670561bb4fp-2, 0x1.a2b7f222f65e2p-56);
  from(0.6875, a - 1.0, 1.0 + a, 0x1.921fb54442d18p-1, 0x1.1a62633145c07p-55);
  from(1.1875, a - 1.5, 1.0 + 1.5 * a, 0x1.f730bd281f69bp-1, 0x1.007887af0cbbdp-56);
  from(2.4375, splat(-1.0), a, halfPi, halfPiLow);
  const Vec t = above / below, z = t * t;
  return turn(high + (t + (t * (z * arctangentSeries(z)) + low)), x);
}

}  // namespace elementary
}  // namespace NABLA_TARGET
}  // namespace nabla
