// What is asked of memory before it is needed. It changes no bit, so it has no twin.
#pragma once

#include "simd.h"
#include "table.h"

namespace nabla {
namespace NABLA_TARGET {

// How many doubles early a stream of so many is asked for: what fits caches is not. The hardware's own
// prefetching leaves a third of what memory can do.
NABLA_INLINE size_t early(size_t n) { return n > 32768 ? 1024 : 0; }

#if NABLA_WIDTH == 8
// Vecs one after the other from an array that may lie across cache lines: a load of two lines keeps a stream
// from memory a quarter below what it can be, so each line is loaded once, and shifted.
class Stream {
 public:
  inline __attribute__((always_inline)) explicit Stream(const double* x) {
    const size_t skipped = reinterpret_cast<size_t>(x) / 8 % 8;
    next_ = x - skipped + 8;
    shift_ = _mm512_add_epi64(_mm512_setr_epi64(0, 1, 2, 3, 4, 5, 6, 7),
                              _mm512_set1_epi64(static_cast<int64_t>(skipped)));
    const auto own = static_cast<__mmask8>(0xffu << skipped);
    line_ = _mm512_maskz_loadu_pd(own, x - skipped);
  }
  // Reads up to seven doubles behind the Vec.
  inline __attribute__((always_inline)) Vec next() {
    const Reg line = load(next_).part[0];
    next_ += 8;
    Vec v;
    v.part[0] = _mm512_permutex2var_pd(line_, shift_, line);
    line_ = line;
    return v;
  }

 private:
  const double* next_;
  Reg line_;
  __m512i shift_;
};
#endif

// The i-th line of so many, from four quarters of them by turns: memory is faster from several pages at once.
NABLA_INLINE void fetchLine(const double* X, size_t lines, size_t i) {
  __builtin_prefetch(X + 8 * (i / 4 % 4 * (lines / 4) + i / 16 * 4 + i % 4));
}

// The rows behind these, as many, where they stream from memory. They are asked for while these are gone
// through, one half by each of two products: memory is at work at all times then.
struct NextRows {
  const double* X;
  size_t lines;   // of cache; 0: none
  size_t second;  // where the second product begins
  int shift;      // of doubles gone through to lines that are due

  // What is due while so many doubles of these rows, from … to, are gone through.
  inline __attribute__((always_inline)) void fetch(bool isSecond, size_t from, size_t to) const {
    const size_t begin = isSecond ? second : 0;
    for (size_t i = begin + (from >> shift); i < begin + (to >> shift); ++i) fetchLine(X, lines, i);
  }
};

NABLA_INLINE NextRows nextOf(const Rows& rows) {
  const bool streams = !rows.index && rows.ahead > 0 && early((rows.count + rows.ahead) * rows.cols) > 0;
  const size_t lines = streams ? rows.count * rows.cols / 8 : 0;
  return {rows.X + rows.count * rows.cols, lines, rows.once ? 0 : lines / 2, rows.once ? 3 : 4};
}

}  // namespace NABLA_TARGET
}  // namespace nabla
