// Blocks of rows, whose borders depend on the shape alone, and the pairwise tree of their sums.
// Partial results are added in block order (ARCHITECTURE.md, the law, 3). Twin:
// lib/reference/objective/blocks.ts.
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <algorithm>
#include <vector>

#include "../kernels/table.h"
#include "../linalg/alignedbuffer.h"
#include "../threads/team.h"

namespace nabla {

// AlignedBuffer of X in a block: 16 KiB stay in L1 between the two passes over them.
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
  AlignedBuffer partials_;
  uint64_t count_ = 0;
  size_t top_ = 0;
};

// The sum of the blocks' partials, by as many threads as there are lanes: each takes runs of 2^k blocks,
// which make a tree of their own, and the tree over the runs is the same as that over all blocks.
class BlockSum {
 public:
  // `size`: of a partial; `blocks`: of the longest pass.
  BlockSum(const Kernels& kernels, size_t size, size_t blocks, unsigned lanes)
      : size_(size), mostRuns_(std::min(mostRunsOf(size), blocks)), runs_(lanes > 1 ? mostRuns_ * size : 0) {
    const size_t longest = lanes > 1 ? std::max(runLength(blocks), mostRuns_) : blocks;
    trees_.reserve(lanes);
    for (unsigned i = 0; i < lanes; ++i) trees_.emplace_back(kernels, size, longest);
  }

  unsigned lanes() const { return static_cast<unsigned>(trees_.size()); }

  // block(i, lane, partial) adds what block i has to the partial, which is all +0. The sum is valid until the
  // next pass.
  template <class Block>
  const double* pass(const Team& team, size_t blocks, const Block& block) {
    if (lanes() == 1) return run(0, 0, blocks, block);
    const size_t length = runLength(blocks), runs = (blocks + length - 1) / length;
    if (runs == 1) return run(0, 0, blocks, block);
    team.each(runs, lanes(), [&](size_t i, unsigned lane) {
      const double* total = run(lane, i * length, std::min(blocks, (i + 1) * length), block);
      memcpy(runs_.data() + i * size_, total, size_ * sizeof(double));
    });
    Tree& tree = trees_[0];
    tree.reset();
    for (size_t i = 0; i < runs; ++i) {
      memcpy(tree.next(), runs_.data() + i * size_, size_ * sizeof(double));
      tree.push();
    }
    return tree.total();
  }

 private:
  // Enough to share evenly, in 256 KiB unless they are very long.
  static size_t mostRunsOf(size_t size) {
    return std::max<size_t>(16, std::min<size_t>(128, 32768 / std::max<size_t>(1, size)));
  }

  size_t runLength(size_t blocks) const {
    size_t length = 1;
    while ((blocks + length - 1) / length > mostRuns_) length *= 2;
    return length;
  }

  template <class Block>
  const double* run(unsigned lane, size_t from, size_t to, const Block& block) {
    Tree& tree = trees_[lane];
    tree.reset();
    for (size_t i = from; i < to; ++i) {
      block(i, lane, tree.next());
      tree.push();
    }
    return tree.total();
  }

  size_t size_;
  size_t mostRuns_;
  AlignedBuffer runs_;
  std::vector<Tree> trees_;
};

}  // namespace nabla
