#include "gram.h"

#include <limits.h>
#include <string.h>

#include <algorithm>

namespace nabla {

namespace {

// Rows whose part of one square of H takes well under a millisecond.
constexpr size_t chunkRows = 512;

// Blocks so long that adding the partials of blocks costs little beside the products: 32 rows and more for
// each column. So many of a pass's blocks, a power of two, that their trees are parts of the pass's own.
size_t rowsPerGram(size_t cols, size_t size) {
  size_t rows = rowsPerBlock(cols);
  while (rows < (std::max<size_t>(size, 1) + 15) / 16 * chunkRows) rows *= 2;
  return rows;
}

}  // namespace

Gram::Gram(const Kernels& kernels, const Source& source, const double* mean, const Team& team, Beside* beside)
    : kernels_(kernels),
      cols_(source.cols),
      count_(source.count),
      mean_(mean),
      team_(team),
      size_(source.cols + (mean ? 1 : 0)),
      beside_(beside),
      step_(rowsPerGram(source.cols, size_)),
      sum_(kernels, size_ * size_ + (beside ? beside->size() : 0), source.count / step_ + 1,
           std::min(team.lanes(static_cast<double>(source.count) * static_cast<double>(size_ * size_) / 4.0),
                    beside ? beside->lanes() : UINT_MAX)),
      reader_(kernels, source, std::min(chunkRows, source.count), sum_.lanes()),
      ones_(mean ? std::min(chunkRows, source.count) : 0) {
  std::fill_n(ones_.data(), ones_.size(), 1.0);
  for (unsigned i = 0; beside && i < sum_.lanes(); ++i)
    trees_.emplace_back(kernels, beside->size(), step_ / rowsPerBlock(cols_));
}

const double* Gram::evaluate(const double* d, double* H) {
  const size_t cols = cols_, own = size_ * size_, part = rowsPerBlock(cols);
  const size_t blocks = std::max<size_t>(1, (count_ + step_ - 1) / step_);
  const double* total = sum_.pass(team_, blocks, [&](size_t i, unsigned lane, double* partial) {
    const size_t end = std::min(count_, (i + 1) * step_);
    size_t done = i * step_;  // what is taken beside
    if (beside_) trees_[lane].reset();
    for (size_t at = i * step_; at < end; at += chunkRows) {
      const size_t next = std::min(end, at + chunkRows);
      add(reader_.rows(at, next - at, lane), d ? d + at : nullptr, partial);
      for (; beside_ && done < end && std::min(end, done + part) <= next; done += part) {
        beside_->block(done, std::min(part, end - done), lane, trees_[lane].next());
        trees_[lane].push();
      }
    }
    if (beside_ && count_ > 0) memcpy(partial + own, trees_[lane].total(), beside_->size() * sizeof(double));
  });
  for (size_t j = 0; j < size_; ++j)
    for (size_t k = 0; k <= j; ++k) H[j * size_ + k] = total[j * size_ + k];
  if (mean_) {
    double* last = H + cols * size_;
    for (size_t j = 0; j < cols; ++j) last[j] -= mean_[j] * last[cols];
  }
  for (size_t j = 0; j < size_; ++j)
    for (size_t k = 0; k < j; ++k) H[k * size_ + j] = H[j * size_ + k];
  return total + own;
}

void Gram::add(const Rows& rows, const double* d, double* partial) const {
  const size_t cols = rows.cols;
  for (size_t top = 0; top < cols; top += gramSide) {
    for (size_t left = 0; left <= top; left += gramSide) {
      if (team_.stopped()) return;
      const Part part{top, std::min(cols, top + gramSide), left, std::min(cols, left + gramSide)};
      kernels_.gram(rows, d, mean_, part, partial, size_);
    }
  }
  if (!mean_) return;
  if (!d) d = ones_.data();
  kernels_.rmatvec(rows, d, partial + cols * size_);
  partial[cols * size_ + cols] += kernels_.sum(d, rows.count);
}

}  // namespace nabla
