// Newton system of some of the weights, and the quadratic model of the objective it defines.
// Twin: lib/reference/solver/newtonsystem.ts.
#pragma once

#include <vector>

#include "../linalg/coordinatedescent.h"
#include "../objective/penalizedobjective.h"
#include "../objective/scaling.h"

namespace nabla {

constexpr double leastDamping = 1e-6;  // as a second derivative of the loss

class NewtonSystem {
 public:
  // Of one output, of softmax of all: the coefficients of these columns, and the intercepts. `G`: the Hessian
  // without l2 that all outputs have, of all columns, which must stay; null: it is to be set.
  NewtonSystem(const Kernels& kernels, const Plan& plan, const Scaling& scaling,
               const PenalizedObjective& smooth, const std::vector<uint32_t>& columns, size_t output,
               const double* G, const Team& team);

  size_t output() const { return output_; }
  const Quadratic& model() const { return model_; }

  // Sets the second derivative of the mean loss by variables j of output k and m of output l, which count
  // the columns, and behind them the intercept. To be completed when all are set.
  void set(size_t k, size_t j, size_t l, size_t m, double h) {
    const size_t row = at(k, j), column = at(l, m), n = places_.size();
    own_.data()[row * n + column] = h;
    own_.data()[column * n + row] = h;
  }
  // Adds l2, and what so large a second derivative of the loss would add, to the Hessian's diagonal.
  void complete(double damping);

  // Writes where the model has its minimum to `target`; returns by how much it falls. Gradient, weights and
  // target are of all weights.
  double minimizeModel(const double* gradient, const double* weights, double* modelMinimizer);
  // Of the model without damping, at its minimum: writes its slope to `gradient`, and returns what the
  // objective could still fall by, where the model is flat but for the least damping.
  double unmodelledDecrease(double damping, double* gradient);
  // Without l1 and bounds: directions, of all `size` weights, in which the Hessian has lost its digits.
  std::vector<std::vector<double>> weakDirections(size_t size) const;

 private:
  // Where a variable is among the system's.
  size_t at(size_t output, size_t j) const {
    if (!isCoupled_) return j;
    return j < columns_ ? output * columns_ + j : penalized_ + output;
  }

  const PenalizedObjective& smooth_;
  size_t output_;
  bool isCoupled_;
  size_t columns_;              // how many
  std::vector<size_t> places_;  // of its variables among the weights: coefficients, then intercepts
  size_t penalized_;            // how many of them, the first, are coefficients
  AlignedBuffer own_;
  const double* hessian_;  // without l2
  AlignedBuffer unit_;     // the mean square of each variable's column
  AlignedBuffer factors_;  // of the penalty, if it has any, and its bounds
  AlignedBuffer lower_, upper_;
  AlignedBuffer added_;  // to the diagonal: l2 and damping
  Quadratic model_;
  // Of these weights: gradient, where they are, where the model has its minimum, and its slope there.
  AlignedBuffer g_, w_, v_, slope_;
};

}  // namespace nabla
