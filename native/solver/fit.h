// The solver loop. Twin: lib/reference/solver/fit.ts.
#pragma once

#include <atomic>
#include <vector>

#include "plan.h"

namespace nabla {

struct Outcome {
  Status status = Status::maxEpochs;
  uint64_t epochs = 0;  // completed: their loss and weights are finite
  uint64_t steps = 0;   // in those epochs
  std::vector<double> weights;
  // Of each epoch (loss: of each step, on request).
  std::vector<double> loss, validationLoss, learningRate, gradientNorm;
};

// Starts at `weights`. Throws std::bad_alloc only.
Outcome fit(const Kernels& kernels, const Plan& plan, const Data& data, const double* weights,
            const std::atomic<bool>& cancelled);

// One evaluation of the mean loss and its gradient over the training rows, as a step of a fit makes it.
double valueAndGradient(const Kernels& kernels, const Plan& plan, const Table& table, const double* weights,
                        double* gradient);

}  // namespace nabla
