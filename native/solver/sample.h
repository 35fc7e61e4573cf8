// Sample of the rows: where a fit of all of them starts, and an estimate of their Hessian.
// Twin: lib/reference/solver/sample.ts.
#pragma once

#include <algorithm>
#include <vector>

#include "../objective/plan.h"
#include "philox.h"

namespace nabla {

// Rows of a sample, at least: 32 for each column, of many columns fewer.
inline size_t fewestSampled(size_t cols) {
  return std::max<size_t>({512, 8 * cols, std::min<size_t>(32 * cols, 4096)});
}

class Sample {
 public:
  // All rows, where half of them would not be enough. The table must stay where it is.
  Sample(const Table& all, size_t cols) : table_(all) {
    const size_t stride = std::min<size_t>(10, all.count / fewestSampled(cols));
    if (stride < 2) return;
    // One run of each so many, drawn: rows may be in some order, and it may have a period.
    Philox philox(0, stream);
    const size_t runs = all.count / run / stride;
    index_.reserve(runs * run);
    for (size_t i = 0; i < runs; ++i) {
      const size_t first = (i * stride + philox.below(static_cast<uint32_t>(stride), i)) * run;
      for (size_t row = first; row < first + run; ++row)
        index_.push_back(all.index ? all.index[row] : static_cast<uint32_t>(row));
    }
    table_.index = index_.data();
    table_.count = index_.size();
  }
  Sample(const Sample&) = delete;
  Sample& operator=(const Sample&) = delete;

  bool isPart() const { return !index_.empty(); }
  const Table& table() const { return table_; }

 private:
  static constexpr uint32_t stream = 18;  // beyond those of samplers, held-out rows and folds
  static constexpr size_t run = 8;        // neighbours come from memory faster

  Table table_;
  std::vector<uint32_t> index_;
};

}  // namespace nabla
