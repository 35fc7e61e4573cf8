// Prefetch of rows that are needed soon.
// It changes no bit, so it has no twin.
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

// Blocks that are asked for together: four streams of a block each last longer than four within one block.
constexpr size_t fetchedTogether = 4;

// Rows to come, where they stream from memory: while the blocks of one group are gone through, each asks for
// its share of the next group. The second of two products does, when its own rows are in a cache: asked for
// beside rows that are still to come from memory, lines come no earlier.
struct NextRows {
  const double* X;
  size_t lines;  // of cache, of the group; 0: none
  size_t first;  // of this block's share

  // What is due while so many doubles of these rows, from … to, are gone through.
  inline __attribute__((always_inline)) void fetch(size_t from, size_t to) const {
    for (size_t i = first + from / 8; i < first + to / 8; ++i) fetchLine(X, lines, i);
  }
};

// `isFirst`: of two products over them, unless it is the only one.
NABLA_INLINE NextRows nextOf(const Rows& rows, bool isFirst) {
  if (rows.index || rows.ahead == 0 || early((rows.count + rows.ahead) * rows.cols) == 0)
    return {rows.X, 0, 0};
  if (isFirst && !rows.once) return {rows.X, 0, 0};
  const size_t doubles = rows.count * rows.cols, left = rows.ahead / rows.count;  // whole blocks that follow
  const size_t own = left % fetchedTogether;                                      // of this group
  if (left < own + fetchedTogether) return {rows.X, 0, 0};
  return {rows.X + (own + 1) * doubles, fetchedTogether * (doubles / 8),
          (fetchedTogether - 1 - own) * (doubles / 8)};
}

}  // namespace NABLA_TARGET
}  // namespace nabla
