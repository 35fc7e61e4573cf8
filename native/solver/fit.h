// Fit loop: epochs, stopping, the best epoch, histories, pauses; all methods share it.
// Twin: lib/reference/solver/fit.ts.
#pragma once

#include <atomic>
#include <memory>
#include <vector>

#include "../data/span.h"
#include "../linalg/alignedbuffer.h"
#include "../objective/bounds.h"
#include "../objective/gramobjective.h"
#include "../objective/objective.h"
#include "../objective/penalizedobjective.h"
#include "../objective/plan.h"
#include "../objective/scaling.h"
#include "method.h"
#include "stopping.h"

namespace nabla {

struct InitialState {
  const double* weights;
  Span<const double> state;    // where a paused fit goes on; null: it begins
  Span<const double> carried;  // what an update rule carries over from another fit; length 0: nothing yet
  // Of a solver whose fit is one of several of the same rows under other penalties: what these need not find
  // out again, changed in place, at first all 0; null: it is the only one.
  double* known = nullptr;

  static size_t knownLength(const Plan& plan) { return GramObjective::length(plan) + Scaling::length(plan); }
};

// What is kept of the epochs.
enum class Keep { histories, lastLoss };

struct Outcome {
  Status status = Status::running;
  uint64_t epochs = 0;  // completed: their loss and weights are finite
  uint64_t steps = 0;   // in those epochs
  double lastLoss = NAN;
  std::vector<double> weights;
  double meanLoss = NAN;  // of the training rows at the weights, without penalty; NaN: not known
  // How far the objective at the weights is from its minimum, as Method has it; `lastDecrease`: of the last
  // epoch.
  double gap = NAN, remainingDecrease = NAN, lastDecrease = NAN;
  // Of each epoch (loss: of each step, on request) since the fit began or went on.
  std::vector<double> loss, validationLoss, learningRate, gradientNorm;
  std::vector<double> state;    // of a fit that has paused
  std::vector<double> carried;  // for the next fit, if it was asked for
};

// An epoch that has completed.
struct EpochEnd {
  uint64_t epoch;  // counted from 1
  uint64_t step;
  double loss;
  double validationLoss;  // NaN without a validation
  double learningRate;
};

// One fit, to be run epoch by epoch. What it is given must stay where it is.
// Throws std::bad_alloc, and std::invalid_argument for a state that belongs to another fit.
class Run {
 public:
  Run(const Kernels& kernels, const Plan& plan, const Data& data, const InitialState& start, const Team& team,
      Keep keep = Keep::histories);

  // Runs the next epoch. False: none has completed, the fit is at its end.
  bool advance();
  // The epoch that advance() has run.
  const EpochEnd& last() const { return last_; }
  // What has come of it: to be asked for once. A fit that is left before its end has stopped early.
  Outcome outcome();

 private:
  bool stopped() const { return team_.stopped(); }
  // Whether the weights to return are those of the least objective over the training rows, the start among
  // them.
  bool watchesTraining() const { return plan_.restoreBest && !validation_; }
  bool end(Status status);
  void makeMethod();
  void record(double loss);
  Status verdict();
  void doubt(double value);
  void shortenWeights();
  bool hasConverged();
  const double* original();
  void keep(const double* weights);
  void serialize(Archive& archive);
  void exchangeScaling(Archive& archive);
  void exchangeWeights(Archive& archive, bool areThere);
  void carry();
  std::vector<double> carriedNow();
  void keepCarry();

  const Kernels& kernels_;
  const Plan& plan_;
  const Data& data_;
  const InitialState& start_;
  const Team& team_;
  const bool histories_;
  const bool isScaled_;
  std::vector<double> carriedScaling_;  // of standardized columns, as Scaling keeps it
  std::vector<double> keptCarry_;  // what goes with the weights to return, where they may not be the last
  std::unique_ptr<Scaling> scaling_;
  std::unique_ptr<Bounds> bounds_;  // null: none
  std::unique_ptr<Objective> validation_;
  Stopping stopping_;
  AlignedBuffer weights_, original_;
  std::unique_ptr<PenalizedObjective> smooth_;
  std::unique_ptr<Method> method_;
  Outcome out_;
  EpochEnd last_{};
  uint64_t firstEpoch_ = 0;  // with what was carried from another fit
  uint64_t begun_ = 0;       // epochs and steps of this fit that were done before
  uint64_t stepsBefore_ = 0;
};

// A run from its beginning to its end.
Outcome fit(const Kernels& kernels, const Plan& plan, const Data& data, const InitialState& start,
            const Team& team, Keep keep = Keep::histories);

// One evaluation of the mean loss and its gradient over the training rows, as a step of a fit makes it.
double valueAndGradient(const Kernels& kernels, const Plan& plan, const Table& table, const double* weights,
                        double* gradient);

}  // namespace nabla
