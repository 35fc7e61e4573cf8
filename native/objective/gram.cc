#include "gram.h"

#include <limits.h>
#include <string.h>

#include <algorithm>

namespace nabla {

namespace {

// Rows whose part of one square of H takes well under a millisecond.
constexpr size_t chunkRows = 512;

size_t packedCols(size_t cols) { return (cols + 7) / 8 * 8; }

// Packed rows of so many doubles lie on the stack, where two threads are faster by a tenth, unless columns
// are many.
constexpr size_t mostOnStack = 8192;
bool isWide(size_t cols) { return cols > 128; }

// Many rows, so that tiles of H are seldom loaded and stored; all columns of them stay in L2.
size_t rowsPacked(size_t cols) {
  const size_t width = std::max<size_t>(1, packedCols(cols));
  return std::min(mostPackedRows, std::max<size_t>(16, (isWide(cols) ? 65536 : mostOnStack) / width));
}

// Blocks so long that adding the partials of blocks costs little beside the products: 32 rows and more for
// each column. So many of a pass's blocks, a power of two, that their trees are parts of the pass's own.
size_t rowsPerGram(size_t cols, size_t size) {
  size_t rows = rowsPerBlock(cols);
  while (rows < (std::max<size_t>(size, 1) + 15) / 16 * chunkRows) rows *= 2;
  return rows;
}

}  // namespace

Gram::Gram(const Kernels& kernels, const Source& source, const double* mean, const Team& team,
           RowVisitor* beside, bool isFar)
    : kernels_(kernels),
      cols_(source.width()),
      count_(source.count),
      mean_(mean),
      team_(team),
      size_(source.width() + (mean ? 1 : 0)),
      beside_(beside),
      step_(rowsPerGram(source.width(), size_)),
      sum_(kernels, size_ * size_ + (beside ? beside->size() : 0), source.count / step_ + 1,
           std::min(team.lanes(static_cast<double>(source.count) * static_cast<double>(size_ * size_) / 4.0),
                    beside ? beside->lanes() : UINT_MAX)),
      packedRows_(rowsPacked(source.width())),
      packed_(isWide(source.width()) ? sum_.lanes() * packedStride() : 0),
      reader_(kernels, source, std::min(chunkRows, source.count), sum_.lanes()),
      ones_(mean ? std::min(chunkRows, source.count) : 0),
      isFar_(mean && isFar),
      centred_(isFar_ ? sum_.lanes() * threadStride(rowsPerBlock(cols_) * cols_) : 0) {
  std::fill_n(ones_.data(), ones_.size(), 1.0);
  for (unsigned i = 0; beside && i < sum_.lanes(); ++i)
    trees_.emplace_back(kernels, beside->size(), step_ / rowsPerBlock(cols_));
}

size_t Gram::packedStride() const { return threadStride(packedRows_ * packedCols(cols_)); }

const double* Gram::evaluate(const double* d, double* H) {
  const size_t cols = cols_, own = size_ * size_;
  const size_t blocks = std::max<size_t>(1, (count_ + step_ - 1) / step_);
  const double* total = sum_.pass(team_, blocks, [&](size_t i, unsigned lane, double* partial) {
    const size_t end = std::min(count_, (i + 1) * step_);
    size_t done = i * step_;  // what is taken beside
    if (beside_) trees_[lane].reset();
    for (size_t at = i * step_; at < end && !team_.stopped(); at += chunkRows) {
      const Rows rows = reader_.rows(at, std::min(chunkRows, end - at), lane);
      add(rows, d ? d + at : nullptr, lane, partial, [&](size_t gone) {
        if (beside_) takeBeside(done, at + gone, end, lane);
      });
    }
    if (beside_ && count_ > 0) memcpy(partial + own, trees_[lane].total(), beside_->size() * sizeof(double));
  });
  for (size_t j = 0; j < size_ && !team_.stopped(); ++j)
    for (size_t k = 0; k <= j; ++k) H[j * size_ + k] = total[j * size_ + k];
  if (mean_ && !isFar_) {
    double* last = H + cols * size_;
    for (size_t j = 0; j < cols; ++j) last[j] -= mean_[j] * last[cols];
  }
  for (size_t j = 0; j < size_ && !team_.stopped(); ++j)
    for (size_t k = 0; k < j; ++k) H[k * size_ + j] = H[j * size_ + k];
  return total + own;
}

// The blocks from `done` on that lie before `next` or end at `end`.
void Gram::takeBeside(size_t& done, size_t next, size_t end, unsigned lane) {
  const size_t part = rowsPerBlock(cols_);
  for (; done < end && std::min(end, done + part) <= next; done += part) {
    beside_->block(done, std::min(part, end - done), lane, trees_[lane].next());
    trees_[lane].push();
  }
}

// Some rows at a time, packed; then(rows that are done) while these are at hand.
template <class Then>
void Gram::add(const Rows& rows, const double* d, unsigned lane, double* partial, const Then& then) {
  const size_t cols = rows.cols;
  alignas(64) double own[mostOnStack];
  double* packed = packed_.size() > 0 ? packed_.data() + lane * packedStride() : own;
  for (size_t at = 0; at < rows.count; at += packedRows_) {
    const size_t count = std::min(packedRows_, rows.count - at);
    const Rows some{rows.index ? rows.X : rows.X + at * cols, cols, count,
                    rows.index ? rows.index + at : nullptr};
    kernels_.pack(some, mean_, packed);
    Ahead next{some.X + count * cols, rows.index ? 0 : count * cols / 8, 0, nullptr, 0};
    for (size_t top = 0; top < cols; top += gramSide) {
      for (size_t left = 0; left <= top; left += gramSide) {
        if (team_.stopped()) return;
        const Part part{top, std::min(cols, top + gramSide), left, std::min(cols, left + gramSide)};
        kernels_.gram({packed, count, &next}, d ? d + at : nullptr, part, partial, size_);
      }
    }
    then(at + count);
  }
  if (!mean_) return;
  if (!d) d = ones_.data();
  if (isFar_)
    addCentred(rows, d, lane, partial + cols * size_);
  else
    kernels_.rmatvec(rows, d, partial + cols * size_);
  partial[cols * size_ + cols] += kernels_.sum(d, rows.count);
}

// The last row's part, of centred rows.
void Gram::addCentred(const Rows& rows, const double* d, unsigned lane, double* last) {
  const size_t cols = rows.cols, most = rowsPerBlock(cols);
  double* into = centred_.data() + lane * threadStride(most * cols);
  for (size_t at = 0; at < rows.count; at += most) {
    const size_t count = std::min(most, rows.count - at);
    for (size_t i = 0; i < count; ++i) {
      const double* x = rows.row(at + i);
      for (size_t j = 0; j < cols; ++j) into[i * cols + j] = x[j] - mean_[j];
    }
    kernels_.rmatvec({into, cols, count, nullptr}, d + at, last);
  }
}

}  // namespace nabla
