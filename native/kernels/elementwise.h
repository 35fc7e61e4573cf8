// Elementwise kernels of tensors, and reductions of their rows.
// Twins: lib/reference/kernels/elementwise.ts, axes.ts.
#pragma once

#include "dense.h"
#include "elementary.h"
#include "sums.h"
#include "table.h"

namespace nabla {
namespace NABLA_TARGET {

// One function for each name in NABLA_UNARY_OPS and NABLA_BINARY_OPS.
namespace ops {

#define NABLA_OP(name, value)                           \
  struct name {                                         \
    NABLA_INLINE_MEMBER Vec of(Vec x) { return value; } \
  };
#define NABLA_OF_TWO(name, value)                              \
  struct name {                                                \
    NABLA_INLINE_MEMBER Vec of(Vec a, Vec b) { return value; } \
  };
#define NABLA_INLINE_MEMBER static inline __attribute__((always_inline))

NABLA_INLINE Vec flag(Mask m) { return select(m, 1.0, 0.0); }
NABLA_INLINE Vec sigmoidOf(Vec x) {
  const Vec t = elementary::exp(-NABLA_TARGET::abs(x));
  return select(zero() <= x, 1.0, t) / (1.0 + t);
}

NABLA_OP(neg, -x)
NABLA_OP(abs, NABLA_TARGET::abs(x))
NABLA_OP(sign, select(x > 0.0, 1.0, select(x < 0.0, -1.0, x)))
NABLA_OP(sqrt, NABLA_TARGET::sqrt(x))
NABLA_OP(exp, elementary::exp(x))
NABLA_OP(expm1, elementary::expm1(x))
NABLA_OP(log, elementary::log(x))
NABLA_OP(log1p, elementary::log1p(x))
NABLA_OP(sin, elementary::sin(x))
NABLA_OP(cos, elementary::cos(x))
NABLA_OP(tan, elementary::tan(x))
NABLA_OP(asin, elementary::asin(x))
NABLA_OP(atan, elementary::atan(x))
NABLA_OP(tanh, elementary::tanh(x))
NABLA_OP(sigmoid, sigmoidOf(x))
NABLA_OP(softplus, max(x, zero()) + NABLA_TARGET::log1p(elementary::exp(-NABLA_TARGET::abs(x))))
NABLA_OP(erf, elementary::erf(x))
NABLA_OP(relu, select(x <= 0.0, 0.0, x))

NABLA_OF_TWO(add, a + b)
NABLA_OF_TWO(sub, a - b)
NABLA_OF_TWO(mul, (a * b))
NABLA_OF_TWO(div, a / b)
NABLA_OF_TWO(pow, elementary::pow(a, b))
NABLA_OF_TWO(maximum, select(b <= a, a, select(a == a, b, a)))
NABLA_OF_TWO(minimum, select(a <= b, a, select(a == a, b, a)))
NABLA_OF_TWO(equal, flag(a == b))
NABLA_OF_TWO(notEqual, select(a == b, 0.0, 1.0))
NABLA_OF_TWO(less, flag(a < b))
NABLA_OF_TWO(lessEqual, flag(a <= b))
NABLA_OF_TWO(greater, flag(a > b))
NABLA_OF_TWO(greaterEqual, flag(b <= a))

}  // namespace ops

// One copy of the function, for full eights and for the last ones.
template <class Op>
static void unaryPass(const double* x, double* out, size_t n) {
  for (size_t i = 0; i < n; i += 8) {
    const size_t count = n - i < 8 ? n - i : 8;
    store(out + i, Op::of(load(x + i, count)), count);
  }
}

// An operand in eights: what is repeated, eight times.
struct Eights {
  explicit Eights(Operand a) : x(a.step ? a.x : repeated), step(a.step) {
    if (!a.step) store(repeated, splat(a.x[0]));
  }
  inline __attribute__((always_inline)) Vec at(size_t i, size_t count) const {
    return load(x + i * step, count);
  }

  alignas(64) double repeated[8];
  const double* x;
  size_t step;
};

template <class Op>
static void binaryPass(Operand a, Operand b, double* out, size_t n) {
  if (n == 0) return;
  const Eights first(a), second(b);
  eachVec(n, [&](size_t i, size_t count) {
    store(out + i, Op::of(first.at(i, count), second.at(i, count)), count);
  });
}

static void selectPass(const double* condition, Operand a, Operand b, double* out, size_t n) {
  if (n == 0) return;
  const Eights first(a), second(b);
  eachVec(n, [&](size_t i, size_t count) {
    store(out + i, select(load(condition + i, count) == 0.0, second.at(i, count), first.at(i, count)), count);
  });
}

static void addRows(const double* x, size_t count, size_t n, double* g) {
  eachVec(n, [=](size_t i, size_t lanes) {
    const auto row = [=](size_t l) { return load(x + l * n + i, lanes); };
    Vec sum = load(g + i, lanes);
    size_t l = 0;
    for (; l + 4 <= count; l += 4) sum += (row(l) + row(l + 1)) + (row(l + 2) + row(l + 3));
    for (; l < count; ++l) sum += row(l);
    store(g + i, sum, lanes);
  });
}

static void addChains(const double* a, size_t count, const double* B, size_t n, double* y) {
  eachVec(n, [=](size_t j, size_t lanes) {
    Vec chain = load(y + j, lanes);
    for (size_t i = 0; i < count; ++i) chain += a[i] * load(B + i * n + j, lanes);
    store(y + j, chain, lanes);
  });
}

static void addOuter(const double* a, size_t count, const double* b, size_t n, double* C) {
  for (size_t i = 0; i < count; ++i) axpy(a[i], b, C + i * n, n);
}

static void combine(double alpha, const double* x, double beta, double* y, size_t n) {
  eachVec(n, [=](size_t i, size_t count) {
    store(y + i, alpha * load(x + i, count) + beta * load(y + i, count), count);
  });
}

}  // namespace NABLA_TARGET
}  // namespace nabla
