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

Gram::Gram(const Kernels& kernels, const Source& source, const double* mean, const Team& team)
    : kernels_(kernels),
      cols_(source.cols),
      count_(source.count),
      mean_(mean),
      team_(team),
      size_(source.cols + (mean ? 1 : 0)),
      step_(rowsPerGram(size_)),
      sum_(kernels, size_ * size_, source.count / step_ + 1,
           team.lanes(static_cast<double>(source.count) * static_cast<double>(size_ * size_) / 4.0)),
      reader_(kernels, source, std::min(chunkRows, source.count), sum_.lanes()),
      ones_(mean ? std::min(chunkRows, source.count) : 0) {
  std::fill_n(ones_.data(), ones_.size(), 1.0);
}

void Gram::evaluate(const double* d, double* H) {
  const size_t cols = cols_;
  const size_t blocks = std::max<size_t>(1, (count_ + step_ - 1) / step_);
  const double* total = sum_.pass(team_, blocks, [&](size_t i, unsigned lane, double* partial) {
    const size_t end = std::min(count_, (i + 1) * step_);
    for (size_t at = i * step_; at < end; at += chunkRows)
      add(reader_.rows(at, std::min(chunkRows, end - at), lane), d ? d + at : nullptr, partial);
  });
  for (size_t j = 0; j < size_; ++j)
    for (size_t k = 0; k <= j; ++k) H[j * size_ + k] = total[j * size_ + k];
  if (mean_) {
    double* last = H + cols * size_;
    for (size_t j = 0; j < cols; ++j) last[j] -= mean_[j] * last[cols];
  }
  for (size_t j = 0; j < size_; ++j)
    for (size_t k = 0; k < j; ++k) H[k * size_ + j] = H[j * size_ + k];
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
