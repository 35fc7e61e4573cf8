// How a pass over many rows is cut, and how its parts are added (DESIGN.md, the law, 3): blocks whose borders
// depend on the shape alone, partial results added by one pairwise tree in block order.
// Twin: lib/reference/solver/blocks.ts.
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "../kernels/table.h"
#include "memory.h"

namespace nabla {

// Doubles of X in a block: 16 KiB stay in L1 between the two passes over them.
constexpr size_t blockDoubles = 2048;
constexpr size_t maxBlockRows = blockDoubles / 8;

// A multiple of eight; at least eight however wide a row is, at most 256 however narrow.
inline size_t rowsPerBlock(size_t cols) {
  const size_t rows = blockDoubles / (cols < 8 ? 8 : cols) / 8 * 8;
  return rows < 8 ? 8 : rows;
}

// Adds partial results as they come: two neighbours of 2^k blocks become one of 2^(k+1); what is left at the
// end is added from the last to the first. Holds at most log2(blocks) + 1 partials.
class Tree {
 public:
  Tree(const Kernels& kernels, size_t size, size_t blocks)
      : kernels_(kernels), size_(size), partials_(size * (levels(blocks) + 1)) {}

  void reset() { count_ = top_ = 0; }
  // The next block's partial, all +0, to be filled before push().
  double* next() {
    double* partial = at(top_);
    memset(partial, 0, size_ * sizeof(double));
    return partial;
  }
  void push() {
    ++top_;
    for (uint64_t n = ++count_; n % 2 == 0; n /= 2) join();
  }
  // The sum of all; valid until the next reset().
  const double* total() {
    while (top_ > 1) join();
    return at(0);
  }

 private:
  static size_t levels(size_t blocks) {
    size_t levels = 1;
    while (blocks >>= 1) ++levels;
    return levels;
  }
  double* at(size_t level) { return partials_.data() + level * size_; }
  void join() {
    --top_;
    kernels_.axpy(1.0, at(top_), at(top_ - 1), size_);
  }

  const Kernels& kernels_;
  size_t size_;
  Doubles partials_;
  uint64_t count_ = 0;
  size_t top_ = 0;
};

}  // namespace nabla
