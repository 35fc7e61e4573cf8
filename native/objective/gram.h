// Gram matrix XᵀDX over many rows: the Hessian of a loss in the coefficients.
// D holds the second derivatives in z. Twin: lib/reference/objective/gram.ts.
#pragma once

#include "../data/matrix.h"
#include "blocks.h"

namespace nabla {

// What else is summed over the rows while they are at hand, by its own blocks of rows and their tree.
class RowVisitor {
 public:
  virtual ~RowVisitor() = default;
  virtual size_t size() const = 0;     // of a partial
  virtual unsigned lanes() const = 0;  // at most
  // Adds what a block has, of so many rows, to the partial, which is all +0.
  virtual void block(size_t from, size_t count, unsigned lane, double* partial) = 0;
};

class Gram {
 public:
  // With a `mean` (null: none) the columns of X are centred, and one of ones follows them: an intercept's.
  // `isFar`: they are so far from 0 that taking the mean off the sums in its row would take their digits; off
  // the rows it does not.
  Gram(const Kernels& kernels, const Source& source, const double* mean, const Team& team,
       RowVisitor* beside = nullptr, bool isFar = false);

  size_t size() const { return size_; }

  // The whole symmetric matrix, size × size, for d of each row (null: 1). A pass that the team stops leaves
  // what it has. Returns the sum of what is taken beside it, valid until the next pass.
  const double* evaluate(const double* d, double* H);

 private:
  template <class Then>
  void add(const Rows& rows, const double* d, unsigned lane, double* partial, const Then& then);
  void addCentred(const Rows& rows, const double* d, unsigned lane, double* last);
  size_t packedStride() const;
  void takeBeside(size_t& done, size_t next, size_t end, unsigned lane);

  const Kernels& kernels_;
  size_t cols_;
  size_t count_;  // of rows
  const double* mean_;
  const Team& team_;
  size_t size_;
  RowVisitor* beside_;
  size_t step_;              // rows of a block, 2^k of those of a pass
  std::vector<Tree> trees_;  // over a block's parts beside it, one in each lane
  // A partial: the lower triangle, the last row of it not centred unless columns are far; what is beside it.
  BlockSum sum_;
  size_t packedRows_;
  AlignedBuffer packed_;  // rows in panels, of each lane, that are too long for the stack
  Reader reader_;
  AlignedBuffer ones_;
  bool isFar_;
  AlignedBuffer centred_;  // rows of a block, of each lane, where columns are far
};

}  // namespace nabla
