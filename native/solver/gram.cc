#include "gram.h"

#include <algorithm>

namespace nabla {

namespace {

// Rows whose part of one square of H takes well under a millisecond.
constexpr size_t chunkRows = 512;

// Blocks so long that adding the partials of blocks costs little beside the products: 32 rows and more for
// each column.
size_t rowsPerGram(size_t cols) { return (std::max<size_t>(cols, 1) + 15) / 16 * chunkRows; }

}  // namespace

Gram::Gram(const Kernels& kernels, const Rows& rows, const double* mean)
    : kernels_(kernels),
      rows_(rows),
      mean_(mean),
      size_(rows.cols + (mean ? 1 : 0)),
      step_(rowsPerGram(size_)),
      tree_(kernels, size_ * size_, rows.count / step_ + 1),
      ones_(chunkRows) {
  std::fill_n(ones_.data(), chunkRows, 1.0);
}

void Gram::evaluate(const double* d, double* H, const std::atomic<bool>& cancelled) {
  const size_t cols = rows_.cols, count = rows_.count;
  tree_.reset();
  for (size_t start = 0; start == 0 || start < count; start += step_) {
    double* partial = tree_.next();
    const size_t end = std::min(count, start + step_);
    for (size_t at = start; at < end; at += chunkRows) {
      Rows rows{rows_.X, cols, std::min(chunkRows, end - at), rows_.index ? rows_.index + at : nullptr};
      if (!rows_.index) rows.X += at * cols;
      add(rows, d ? d + at : ones_.data(), partial, cancelled);
    }
    tree_.push();
  }
  const double* total = tree_.total();
  for (size_t j = 0; j < size_; ++j)
    for (size_t k = 0; k <= j; ++k) H[j * size_ + k] = total[j * size_ + k];
  if (mean_) {
    double* last = H + cols * size_;
    for (size_t j = 0; j < cols; ++j) last[j] -= mean_[j] * last[cols];
  }
  for (size_t j = 0; j < size_; ++j)
    for (size_t k = 0; k < j; ++k) H[k * size_ + j] = H[j * size_ + k];
}

void Gram::add(const Rows& rows, const double* d, double* partial, const std::atomic<bool>& cancelled) {
  const size_t cols = rows.cols;
  for (size_t top = 0; top < cols; top += gramSide) {
    for (size_t left = 0; left <= top; left += gramSide) {
      if (cancelled.load(std::memory_order_relaxed)) return;
      const Part part{top, std::min(cols, top + gramSide), left, std::min(cols, left + gramSide)};
      kernels_.gram(rows, d, mean_, part, partial, size_);
    }
  }
  if (!mean_) return;
  kernels_.rmatvec(rows, d, partial + cols * size_);
  partial[cols * size_ + cols] += kernels_.sum(d, rows.count);
}

}  // namespace nabla
