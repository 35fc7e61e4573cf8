// Vec: eight logical doubles on every instruction set, in 8/W registers of W doubles.
// Included by a target unit, which defines NABLA_TARGET (its namespace) and NABLA_WIDTH (W). No standard
// library here: an inline std function compiled for a wide target could be linked into shared code.
#pragma once

#include <stddef.h>
#include <stdint.h>

#if defined(__x86_64__) || defined(_M_X64)
#include <immintrin.h>
#else
#include <arm_neon.h>
#endif

#define NABLA_INLINE static inline __attribute__((always_inline))

namespace nabla {
namespace NABLA_TARGET {

constexpr int W = NABLA_WIDTH;
constexpr int parts = 8 / W;

typedef double Reg __attribute__((vector_size(W * 8)));
typedef int64_t RegMask __attribute__((vector_size(W * 8)));
typedef double RegUnaligned __attribute__((vector_size(W * 8), aligned(8), may_alias));

struct Vec {
  Reg part[parts];
};

#define NABLA_EACH_PART _Pragma("GCC unroll 4") for (int p = 0; p < parts; ++p)

NABLA_INLINE Vec splat(double a) {
  Vec v;
  NABLA_EACH_PART v.part[p] = a - Reg{};
  return v;
}
NABLA_INLINE Vec zero() {
  Vec v;
  NABLA_EACH_PART v.part[p] = Reg{};
  return v;
}

#define NABLA_OPERATOR(op)                                                \
  NABLA_INLINE Vec operator op(Vec a, Vec b) {                            \
    Vec v;                                                                \
    NABLA_EACH_PART v.part[p] = a.part[p] op b.part[p];                   \
    return v;                                                             \
  }                                                                       \
  NABLA_INLINE Vec operator op(Vec a, double b) { return a op splat(b); } \
  NABLA_INLINE Vec operator op(double a, Vec b) { return splat(a) op b; }
NABLA_OPERATOR(+)
NABLA_OPERATOR(-)
NABLA_OPERATOR(*)
NABLA_OPERATOR(/)
#undef NABLA_OPERATOR

NABLA_INLINE Vec operator-(Vec a) { return -0.0 - a; }
NABLA_INLINE Vec& operator+=(Vec& a, Vec b) { return a = a + b; }

// Per lane: all bits set, or none.
struct Mask {
  RegMask part[parts];
};

#define NABLA_COMPARISON(op)                                       \
  NABLA_INLINE Mask operator op(Vec a, Vec b) {                    \
    Mask m;                                                        \
    NABLA_EACH_PART m.part[p] = (RegMask)(a.part[p] op b.part[p]); \
    return m;                                                      \
  }                                                                \
  NABLA_INLINE Mask operator op(Vec a, double b) { return a op splat(b); }
NABLA_COMPARISON(<)
NABLA_COMPARISON(<=)
NABLA_COMPARISON(>)
NABLA_COMPARISON(==)
#undef NABLA_COMPARISON

NABLA_INLINE Mask operator&(Mask a, Mask b) {
  NABLA_EACH_PART a.part[p] &= b.part[p];
  return a;
}
NABLA_INLINE Mask operator|(Mask a, Mask b) {
  NABLA_EACH_PART a.part[p] |= b.part[p];
  return a;
}

// a where the mask is set, b elsewhere.
NABLA_INLINE Vec select(Mask m, Vec a, Vec b) {
  Vec v;
  NABLA_EACH_PART v.part[p] = m.part[p] ? a.part[p] : b.part[p];
  return v;
}
NABLA_INLINE Vec select(Mask m, Vec a, double b) { return select(m, a, splat(b)); }
NABLA_INLINE Vec select(Mask m, double a, Vec b) { return select(m, splat(a), b); }
NABLA_INLINE Vec select(Mask m, double a, double b) { return select(m, splat(a), splat(b)); }
// Of two equal values the second, and with a NaN the second: select() says it all.
NABLA_INLINE Vec max(Vec a, Vec b) { return select(a > b, a, b); }
NABLA_INLINE Vec min(Vec a, Vec b) { return select(a < b, a, b); }
// -1, 0 or 1; 0 for NaN.
NABLA_INLINE Vec sign(Vec a) { return select(a > 0.0, 1.0, select(a < 0.0, -1.0, 0.0)); }

// Square root, partial loads and a question to all lanes are the only primitives that need a target's own
// instructions.
#if NABLA_WIDTH == 8
NABLA_INLINE Reg sqrtPart(Reg a) { return _mm512_maskz_sqrt_pd(0xff, a); }
NABLA_INLINE __mmask8 lanes(size_t count) { return static_cast<__mmask8>((1u << count) - 1u); }
NABLA_INLINE Reg loadPart(const double* x, size_t count) { return _mm512_maskz_loadu_pd(lanes(count), x); }
NABLA_INLINE void storePart(double* x, Reg a, size_t count) { _mm512_mask_storeu_pd(x, lanes(count), a); }
NABLA_INLINE Reg keepPart(Reg a, size_t count) { return _mm512_maskz_mov_pd(lanes(count), a); }
// Whether a lane is above a limit.
NABLA_INLINE bool anyAbove(Vec a, double limit) {
  return _mm512_cmp_pd_mask(a.part[0], splat(limit).part[0], _CMP_GT_OQ) != 0;
}
#elif NABLA_WIDTH == 4
NABLA_INLINE Reg sqrtPart(Reg a) { return _mm256_sqrt_pd(a); }
NABLA_INLINE __m256i lanes(size_t count) {
  return _mm256_cmpgt_epi64(_mm256_set1_epi64x(static_cast<int64_t>(count)), _mm256_setr_epi64x(0, 1, 2, 3));
}
NABLA_INLINE Reg loadPart(const double* x, size_t count) { return _mm256_maskload_pd(x, lanes(count)); }
NABLA_INLINE void storePart(double* x, Reg a, size_t count) { _mm256_maskstore_pd(x, lanes(count), a); }
NABLA_INLINE Reg keepPart(Reg a, size_t count) { return _mm256_and_pd(a, _mm256_castsi256_pd(lanes(count))); }
NABLA_INLINE bool anyAbove(Vec a, double limit) {
  const Mask m = a > limit;
  return _mm256_movemask_pd((Reg)(m.part[0] | m.part[1])) != 0;
}
#else
NABLA_INLINE Reg keepPart(Reg a, size_t count) {
  return count == 0 ? Reg{} : count == 1 ? Reg{a[0], 0.0} : a;
}
NABLA_INLINE bool anyAbove(Vec a, double limit) {
  const Mask m = a > limit;
  const RegMask any = (m.part[0] | m.part[1]) | (m.part[2] | m.part[3]);
  return (any[0] | any[1]) != 0;
}
#if defined(__x86_64__) || defined(_M_X64)
NABLA_INLINE Reg sqrtPart(Reg a) { return _mm_sqrt_pd(a); }
#else
NABLA_INLINE Reg sqrtPart(Reg a) { return vsqrtq_f64(a); }
#endif
NABLA_INLINE Reg loadPart(const double* x, size_t count) {
  return count == 0 ? Reg{} : count == 1 ? Reg{x[0], 0.0} : Reg{x[0], x[1]};
}
NABLA_INLINE void storePart(double* x, Reg a, size_t count) {
  if (count > 0) x[0] = a[0];
  if (count > 1) x[1] = a[1];
}
#endif

NABLA_INLINE Vec sqrt(Vec a) {
  Vec v;
  NABLA_EACH_PART v.part[p] = sqrtPart(a.part[p]);
  return v;
}
NABLA_INLINE Vec abs(Vec a) {
  Vec v;
  NABLA_EACH_PART v.part[p] = (Reg)((RegMask)a.part[p] & INT64_MAX);
  return v;
}

NABLA_INLINE Vec load(const double* x) {
  Vec v;
  NABLA_EACH_PART v.part[p] = *reinterpret_cast<const RegUnaligned*>(x + p * W);
  return v;
}
NABLA_INLINE void store(double* x, Vec a) {
  NABLA_EACH_PART* reinterpret_cast<RegUnaligned*>(x + p * W) = a.part[p];
}

NABLA_INLINE double first(Vec a) { return a.part[0][0]; }

NABLA_INLINE size_t inPart(size_t count, int p) {
  const size_t before = static_cast<size_t>(p) * W;
  return count <= before ? 0 : count - before < W ? count - before : W;
}
// The first `count` lanes; the others are +0. `count` is 8 as a constant on the hot path.
NABLA_INLINE Vec load(const double* x, size_t count) {
  if (count == 8) return load(x);
  Vec v;
  NABLA_EACH_PART v.part[p] = loadPart(x + p * W, inPart(count, p));
  return v;
}
NABLA_INLINE void store(double* x, Vec a, size_t count) {
  if (count == 8) return store(x, a);
  NABLA_EACH_PART storePart(x + p * W, a.part[p], inPart(count, p));
}
// The first `count` lanes of a; the others become +0.
NABLA_INLINE Vec keep(Vec a, size_t count) {
  if (count == 8) return a;
  Vec v;
  NABLA_EACH_PART v.part[p] = keepPart(a.part[p], inPart(count, p));
  return v;
}

// The end of the fold: lanes k += k+4, then +2, then +1 (ARCHITECTURE.md, the law, 2).
NABLA_INLINE double fold(Vec a) {
#if NABLA_WIDTH == 8
  typedef double Half __attribute__((vector_size(32)));
  const Half four = __builtin_shufflevector(a.part[0], a.part[0], 0, 1, 2, 3) +
                    __builtin_shufflevector(a.part[0], a.part[0], 4, 5, 6, 7);
  return (four[0] + four[2]) + (four[1] + four[3]);
#elif NABLA_WIDTH == 4
  const Reg four = a.part[0] + a.part[1];
  return (four[0] + four[2]) + (four[1] + four[3]);
#else
  const Reg two = (a.part[0] + a.part[2]) + (a.part[1] + a.part[3]);
  return two[0] + two[1];
#endif
}

// fold() of eight Vecs at once: lane i of the result is fold(a[i]).
NABLA_INLINE Vec foldEach(const Vec a[8]) {
  Vec v;
#if NABLA_WIDTH == 8
  Reg four[4], two[2];
  for (int i = 0; i < 4; ++i) {
    const Reg b = a[2 * i].part[0], c = a[2 * i + 1].part[0];
    four[i] = __builtin_shufflevector(b, c, 0, 1, 2, 3, 8, 9, 10, 11) +
              __builtin_shufflevector(b, c, 4, 5, 6, 7, 12, 13, 14, 15);
  }
  for (int i = 0; i < 2; ++i) {
    const Reg b = four[2 * i], c = four[2 * i + 1];
    two[i] = __builtin_shufflevector(b, c, 0, 1, 4, 5, 8, 9, 12, 13) +
             __builtin_shufflevector(b, c, 2, 3, 6, 7, 10, 11, 14, 15);
  }
  v.part[0] = __builtin_shufflevector(two[0], two[1], 0, 2, 4, 6, 8, 10, 12, 14) +
              __builtin_shufflevector(two[0], two[1], 1, 3, 5, 7, 9, 11, 13, 15);
#elif NABLA_WIDTH == 4
  for (int h = 0; h < 2; ++h) {
    Reg two[2];
    for (int i = 0; i < 2; ++i) {
      const Reg b = a[4 * h + 2 * i].part[0] + a[4 * h + 2 * i].part[1];
      const Reg c = a[4 * h + 2 * i + 1].part[0] + a[4 * h + 2 * i + 1].part[1];
      two[i] = __builtin_shufflevector(b, c, 0, 1, 4, 5) + __builtin_shufflevector(b, c, 2, 3, 6, 7);
    }
    v.part[h] = __builtin_shufflevector(two[0], two[1], 0, 2, 4, 6) +
                __builtin_shufflevector(two[0], two[1], 1, 3, 5, 7);
  }
#else
  for (int h = 0; h < 4; ++h) {
    const Vec& b = a[2 * h];
    const Vec& c = a[2 * h + 1];
    const Reg d = (b.part[0] + b.part[2]) + (b.part[1] + b.part[3]);
    const Reg e = (c.part[0] + c.part[2]) + (c.part[1] + c.part[3]);
    v.part[h] = __builtin_shufflevector(d, e, 0, 2) + __builtin_shufflevector(d, e, 1, 3);
  }
#endif
  return v;
}

}  // namespace NABLA_TARGET
}  // namespace nabla
