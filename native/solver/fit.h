// The solver loop. Twin: lib/reference/solver/fit.ts.
#pragma once

#include <cmath>
#include <vector>

#include "plan.h"
#include "team.h"

namespace nabla {

// Numbers of another fit, or of an earlier part of this one.
struct Numbers {
  const double* data;  // null: none
  size_t length;
};

struct Start {
  const double* weights;
  Numbers state;    // where a paused fit goes on
  Numbers carried;  // what an update rule carries over from another fit; length 0: nothing yet
};

// What is kept of the epochs.
enum class Keep { histories, lastLoss };

struct Outcome {
  Status status = Status::maxEpochs;
  uint64_t epochs = 0;  // completed: their loss and weights are finite
  uint64_t steps = 0;   // in those epochs
  double lastLoss = NAN;
  std::vector<double> weights;
  // Of each epoch (loss: of each step, on request) since the fit began or went on.
  std::vector<double> loss, validationLoss, learningRate, gradientNorm;
  std::vector<double> state;    // of a fit that has paused
  std::vector<double> carried;  // for the next fit, if it was asked for
};

// Throws std::bad_alloc, and std::invalid_argument for a state that belongs to another fit.
Outcome fit(const Kernels& kernels, const Plan& plan, const Data& data, const Start& start, const Team& team,
            Keep keep = Keep::histories);

// One evaluation of the mean loss and its gradient over the training rows, as a step of a fit makes it.
double valueAndGradient(const Kernels& kernels, const Plan& plan, const Table& table, const double* weights,
                        double* gradient);

}  // namespace nabla
