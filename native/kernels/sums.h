// Sums in 32 partials, in one fixed order.
// Element i goes to partial i mod 32, each partial in index order from +0; partials fold in halves
// (ARCHITECTURE.md, the law, 2). Twin: lib/reference/kernels/sums.ts.
#pragma once

#include "simd.h"

namespace nabla {
namespace NABLA_TARGET {

// The terms from i on, a multiple of 32, join their partials, which are folded then.
template <class Term>
NABLA_INLINE Vec foldedRest(size_t i, size_t n, Vec (&a)[4], Term term) {
  for (; i + 32 <= n; i += 32) {
#pragma GCC unroll 4
    for (int k = 0; k < 4; ++k) a[k] += term(i + 8 * k, 8);
  }
#pragma GCC unroll 4
  for (int k = 0; k < 4; ++k) {
    if (i + 8 <= n) {
      a[k] += term(i, 8);
      i += 8;
    } else if (i < n) {
      a[k] += term(i, n - i);
      i = n;
    }
  }
  return (a[0] + a[2]) + (a[1] + a[3]);  // the fold's steps +16 and +8
}

// Σ term, folded down to eight partials. term(i, count): elements i … i+count-1, +0 in the other lanes.
template <class Term>
NABLA_INLINE Vec foldedVec(size_t n, Term term) {
  // Few elements: what the fold below would add is +0.
  if (n <= 8) return zero() + term(0, n);
  if (n <= 16) return (zero() + term(0, 8)) + (zero() + term(8, n - 8));
  Vec a[4] = {zero(), zero(), zero(), zero()};
  return foldedRest(0, n, a, term);
}

template <class Term>
NABLA_INLINE double foldedSum(size_t n, Term term) {
  return fold(foldedVec(n, term));
}

// body(i, count) for each group of eight.
template <class Body>
NABLA_INLINE void eachVec(size_t n, Body body) {
  size_t i = 0;
  for (; i + 8 <= n; i += 8) body(i, 8);
  if (i < n) body(i, n - i);
}

}  // namespace NABLA_TARGET
}  // namespace nabla
