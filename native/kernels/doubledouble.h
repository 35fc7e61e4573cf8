// Gradient of least squares in double-double arithmetic, about twice a double's digits.
// A number is the unevaluated sum of a high and a low part; sums and products pass what they round off to the
// low part (Knuth's two-sum, Dekker's product after Veltkamp's split, both without a fused multiply-add).
// Twin: lib/reference/kernels/doubledouble.ts.
#pragma once

#include "sums.h"
#include "table.h"

namespace nabla {
namespace NABLA_TARGET {

// T: a double, or a Vec of them.

// What a + b loses when it is rounded to `sum`.
template <class T>
NABLA_INLINE T lostBySum(T a, T b, T sum) {
  const T part = sum - a;
  return (a - (sum - part)) + (b - part);
}

// What a · b loses when it is rounded to `product`.
template <class T>
NABLA_INLINE T lostByProduct(T a, T b, T product) {
  constexpr double splitter = 0x1p27 + 1.0;
  const T c = splitter * a;
  const T aHigh = c - (c - a);
  const T aLow = a - aHigh;
  const T d = splitter * b;
  const T bHigh = d - (d - b);
  const T bLow = b - bHigh;
  return aLow * bLow - (((product - aHigh * bHigh) - aLow * bHigh) - aHigh * bLow);
}

// A number of twice the digits.
struct Doubled {
  double high, low;

  void add(double x) {
    const double sum = high + x;
    low += lostBySum(high, x, sum);
    high = sum;
  }
  void times(double x) {
    const double product = high * x;
    low = low * x + lostByProduct(high, x, product);
    high = product;
  }
  // The high part becomes the nearest double.
  void normalize() {
    const double sum = high + low;
    low = lostBySum(high, low, sum);
    high = sum;
  }
};

// Σ x w, in eight partials that fold in halves.
NABLA_INLINE Doubled doubledDot(const double* x, const double* w, size_t n) {
  Vec highs = zero(), lows = zero();
  eachVec(n, [&](size_t j, size_t count) {
    const Vec a = load(x + j, count), b = load(w + j, count);
    const Vec product = a * b;
    const Vec sum = highs + product;
    lows += lostBySum(highs, product, sum) + lostByProduct(a, b, product);
    highs = sum;
  });
  double high[8], low[8];
  store(high, highs);
  store(low, lows);
  for (int half = 4; half > 0; half /= 2) {
    for (int k = 0; k < half; ++k) {
      const double sum = high[k] + high[k + half];
      low[k] += low[k + half] + lostBySum(high[k], high[k + half], sum);
      high[k] = sum;
    }
  }
  return {high[0], low[0]};
}

// s (y - offset - b - x·w) of row i.
NABLA_INLINE Doubled residual(const Rows& rows, size_t i, const Targets& targets, const double* w, double b) {
  const size_t row = targets.index ? targets.index[i] : i;
  const Doubled z = doubledDot(rows.row(i), w, rows.cols);
  Doubled r{targets.y[row * targets.stride], -z.low};
  if (targets.offset) r.add(-targets.offset[row * targets.stride]);
  r.add(-b);
  r.add(-z.high);
  if (targets.sampleWeight) r.times(targets.sampleWeight[row]);
  r.normalize();
  return r;
}

// Adds Σ s (y - offset - b - x·w) x over the rows, and behind it the same sum without x, to g: cols + 1 high
// parts, then as many low ones. Eight rows at a time, so that g is loaded and stored once for them.
static void residuals(const Rows& rows, const Targets& targets, const double* w, double b, double* g) {
  const size_t cols = rows.cols;
  double* const lows = g + cols + 1;
  for (size_t at = 0; at < rows.count; at += 8) {
    const size_t group = rows.count - at < 8 ? rows.count - at : 8;
    Doubled r[8];
    const double* x[8];
    for (size_t i = 0; i < group; ++i) {
      x[i] = rows.row(at + i);
      r[i] = residual(rows, at + i, targets, w, b);
      const double sum = g[cols] + r[i].high;
      lows[cols] += lostBySum(g[cols], r[i].high, sum) + r[i].low;
      g[cols] = sum;
    }
    eachVec(cols, [&](size_t j, size_t count) {
      Vec high = load(g + j, count), low = load(lows + j, count);
      for (size_t i = 0; i < group; ++i) {
        const Vec a = load(x[i] + j, count);
        const Vec factor = splat(r[i].high);
        const Vec product = factor * a;
        const Vec sum = high + product;
        low += lostBySum(high, product, sum) + (lostByProduct(factor, a, product) + r[i].low * a);
        high = sum;
      }
      store(g + j, high, count);
      store(lows + j, low, count);
    });
  }
}

}  // namespace NABLA_TARGET
}  // namespace nabla
