// Design matrix X as the caller stores it, in doubles or in singles.
// All arithmetic is in doubles: a block of rows in doubles is read in place; one in singles is widened into a
// buffer, which is exact, each time it is needed. Twin: lib/reference/data/matrix.ts.
#pragma once

#include <vector>

#include "../kernels/table.h"
#include "../linalg/alignedbuffer.h"

namespace nabla {

class Matrix {
 public:
  Matrix() = default;  // none
  Matrix(const double* X) : doubles_(X) {}
  Matrix(const float* X) : singles_(X) {}

  explicit operator bool() const { return doubles_ || singles_; }
  bool operator==(const Matrix& other) const {
    return doubles_ == other.doubles_ && singles_ == other.singles_;
  }

  // What follows so many elements.
  Matrix behind(size_t elements) const {
    return singles_ ? Matrix(singles_ + elements) : Matrix(doubles_ + elements);
  }

  // Where doubles lie; null: X has none.
  const double* inDoubles(size_t element) const { return doubles_ ? doubles_ + element : nullptr; }

  // AlignedBuffer of room that a block of so many elements needs.
  size_t room(size_t elements) const { return singles_ ? elements : 0; }

  // Rows as doubles, valid until the room is used again: `count` from `start`, or those that `index` names
  // from `start` on, which `ahead` others follow.
  Rows rows(const Kernels& kernels, size_t cols, const uint32_t* index, size_t start, size_t count,
            double* room, size_t ahead = 0) const {
    if (!singles_) return rowsOf(doubles_, cols, index, start, count, ahead);
    kernels.widen(rowsOf(singles_, cols, index, start, count, ahead), room);
    return {room, cols, count, nullptr};
  }

  size_t rowBytes(size_t cols) const { return cols * (singles_ ? sizeof(float) : sizeof(double)); }
  // Asks for a row early.
  void fetch(size_t cols, size_t row) const {
    const char* x = reinterpret_cast<const char*>(doubles_);
    if (singles_) x = reinterpret_cast<const char*>(singles_);
    fetchAll(x + row * rowBytes(cols), rowBytes(cols));
  }

 private:
  template <class T>
  static RowsOf<T> rowsOf(const T* X, size_t cols, const uint32_t* index, size_t start, size_t count,
                          size_t ahead) {
    if (index) return {X, cols, count, index + start, ahead};
    return {X + start * cols, cols, count, nullptr, ahead};
  }

  const double* doubles_ = nullptr;
  const float* singles_ = nullptr;
};

// All rows of a matrix, or those that `index` names; of all its columns or some.
struct Source {
  Matrix X;
  size_t cols;
  size_t count;
  const uint32_t* index;
  const std::vector<uint32_t>* columns = nullptr;  // null: all

  size_t width() const { return columns ? columns->size() : cols; }
};

// Gives blocks of these rows as doubles, at most `longest` at once, to each lane its own.
class Reader {
 public:
  Reader(const Kernels& kernels, const Source& source, size_t longest, unsigned lanes = 1)
      : kernels_(kernels),
        source_(source),
        whole_(source.X.room(longest * source.cols)),
        stride_((whole_ + (source.columns ? longest * source.width() : 0) + 7) / 8 * 8),
        room_(lanes * stride_) {}

  // Valid until the lane's next ones.
  Rows rows(size_t start, size_t count, unsigned lane = 0) {
    const Source& s = source_;
    double* room = room_.data() + lane * stride_;
    const Rows whole = s.X.rows(kernels_, s.cols, s.index, start, count, room);
    if (!s.columns) return whole;
    double* const picked = room + whole_;
    double* to = picked;
    for (size_t i = 0; i < count; ++i) {
      const double* row = whole.row(i);
      for (const uint32_t j : *s.columns) *to++ = row[j];
    }
    return {picked, s.width(), count, nullptr};
  }

 private:
  const Kernels& kernels_;
  const Source source_;
  size_t whole_;  // room for rows of all columns
  size_t stride_;
  AlignedBuffer room_;
};

}  // namespace nabla
