// Triangular factor R of A = QR, by Householder reflections over blocks of rows.
// Twin: lib/reference/solver/qr.ts.
#pragma once

#include <vector>

#include "../objective/scaling.h"

namespace nabla {

// Rows of a block: sums of some length, over what stays in cache.
constexpr size_t blockRows = 128;

class Triangle {
 public:
  Triangle(const Kernels& kernels, size_t cols, size_t stride);

  // Reflects rows k and first … end - 1 of the columns from k on, so that column k is 0 in the latter. They
  // are not written: what is below the diagonal is nobody's.
  void reflect(size_t k, size_t first, size_t end);

  double* column(size_t j) { return columns_.data() + j * stride_; }
  const double* column(size_t j) const { return columns_.data() + j * stride_; }
  size_t cols() const { return cols_; }

  // The first `rows` numbers of each column, down to the diagonal, are R.
  size_t rows = 0;

 private:
  const Kernels& kernels_;
  size_t cols_;
  size_t stride_;
  AlignedBuffer columns_;
  AlignedBuffer v_;
};

// R of √s (x - mean)/deviation, below the roots of `diagonal` (null: none). Rows come in blocks, each put
// below R and swept into it. What `team` stops is left as it is.
Triangle triangleOf(const Kernels& kernels, const Plan& plan, const Table& table, const Scaling& scaling,
                    const double* diagonal, const Team& team);

// Of each column of such a triangle, the length that says nothing: sums round it by its length, computed
// columns are collinear to some digits less than that, and the data may be rounded, which weighs more once
// they are centred. `cutoff`: in multiples of that.
std::vector<double> roundingOf(const Kernels& kernels, const Triangle& triangle, const Scaling& scaling,
                               size_t rows, double cutoff);

}  // namespace nabla
