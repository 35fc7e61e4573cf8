// Objective over a batch of rows: mean loss and its gradient.
// Twin: lib/reference/objective/objective.ts.
#pragma once

#include <vector>

#include "blocks.h"
#include "plan.h"
#include "scaling.h"

namespace nabla {

// Which rows: `count` from `start`, or those that `index` names.
struct Batch {
  size_t start;
  size_t count;
  const uint32_t* index;
  size_t ahead = 0;  // row numbers that follow these in `index`: those of the next batches
};

class Objective {
 public:
  // `largest`: rows of the largest batch. `scaling`: null, or weights are those of standardized columns.
  Objective(const Kernels& kernels, const Plan& plan, const Table& table, const Scaling* scaling,
            size_t largest, const Team& team);

  // Returns the sum of the losses and writes the mean gradient, if it is asked for. A pass that the team
  // stops returns what it has.
  double evaluate(const Batch& batch, const double* weights, double* gradient) {
    if (batch.count == 1 && plan_.outputs == 1 && !scaling_) return rowPass(batch, weights, gradient);
    return pass(batch, weights, gradient, nullptr);
  }
  // The same over all rows, with the losses' second derivatives in z (of softmax the probabilities):
  // outputs × rows.
  double curve(const double* weights, double* gradient, double* curvature) {
    return pass(everything(), weights, gradient, curvature);
  }

  // The same as evaluate() over all rows, with their Gram matrix: X comes from memory once.
  double evaluateWithGram(const double* mean, const double* d, double* H, const double* weights,
                          double* gradient);

  // All rows of the table.
  Batch everything() const { return {0, table_.count, table_.index}; }

 private:
  struct Block {
    Rows rows;
    const double* y;
    const double* sampleWeight;
    const double* offset;
    size_t stride;  // between the outputs of z and of offset, and the targets of y
  };
  // Room for one block, where rows are widened, picked or transposed, and for its z and second derivatives.
  struct Room {
    AlignedBuffer memory;
    double *X, *z, *y, *sampleWeight, *offset, *curvature, *scaled;
  };
  Room room() const;
  Block block(const Batch& batch, size_t at, size_t count, const Room& room) const;
  class GramVisitor;
  // What a block has, for the pass's own tree.
  void addBlock(const Block& block, size_t count, const double* weights, bool isGradientAsked,
                double* curvature, const Room& room, double* partial) const;
  double finish(const double* total, size_t count, double* gradient) const;
  // Weights of X's own columns, unless passes take the scaled ones.
  bool isTurned() const { return scaling_ && !scaling_->isFar(); }
  const double* originalOf(const double* weights);
  double rowPass(const Batch& batch, const double* weights, double* gradient) const;
  double blockPass(const Batch& batch, const double* weights, double* gradient) const;
  double pass(const Batch& batch, const double* weights, double* gradient, double* curvature);

  const Kernels& kernels_;
  const Plan& plan_;
  const Table& table_;
  const Scaling* scaling_;
  const Team& team_;
  size_t step_;    // rows of a block
  size_t stride_;  // from one output's values of a block to the next one's: no pass has more rows
  size_t rowsAtOnce_;
  BlockSum sum_;  // a partial: gradient, and behind it the sum of the losses
  std::vector<Room> rooms_;
  AlignedBuffer original_;  // weights of the columns as they are
};

}  // namespace nabla
