// Method interface: how the weights change in an epoch.
// The loop (solver/fit) does the rest. Twin: lib/reference/solver/method.ts.
#pragma once

#include <cmath>
#include <vector>

#include "../objective/archive.h"
#include "../objective/plan.h"

namespace nabla {

class Method {
 public:
  virtual ~Method() = default;

  // Runs an epoch and returns its objective; what is not finite has diverged.
  virtual double epoch(uint64_t epoch) = 0;
  // The weights that the fit would return now.
  virtual const double* result() const = 0;
  // The objective at result(), for restoreBest; `loss`: what the epoch returned, infinite before the first.
  // The loss of a rule's epoch is taken before its steps, so that it is that of other weights; a solver's is
  // that of its result.
  virtual double objectiveAtResult(double loss) { return loss; }
  // Whether the rate has only risen so far, as in a warm-up.
  virtual bool rises() const { return false; }
  // Whether a small change, or a short gradient, of the last epoch is one of the weights that would be
  // returned too.
  virtual bool confirmsChange(double, double) { return true; }
  virtual bool confirmsGradient(double) { return true; }
  // The same of X's own columns, where the method knows them better than by turning back; null: it does not.
  virtual const double* original() const { return nullptr; }

  // Of a solver: whether columns may be collinear, so that other coefficients predict the same.
  virtual bool mayBeCollinear() const { return false; }

  // Tells the loss that is watched.
  virtual void epochEnded(double) {}
  // Whether the weights that the next step begins at are others than those returned: of an average, or scaled
  // ones.
  virtual bool hidesWeights() const { return false; }
  // What an update rule carries from one fit to the next.
  virtual void carry(Archive&) {}

  virtual void serialize(Archive& archive) {
    archive.count(steps);
    archive.number(rate);
    archive.number(gradientNorm, Range::measured);
    archive.number(change, Range::measured);
  }

  bool isNormAsked = true;         // for: the gradient norm
  uint64_t steps = 0;              // so far
  double rate = 0.0;               // learning rate, or step length, of the last step
  double gradientNorm = 0.0;       // of the shortest subgradient at the last step; of batches, of their mean
  double meanLoss = NAN;           // at the weights, without penalty; NaN: not known
  double change = INFINITY;        // of the objective: what is held against the tolerance
  double gap = NAN;                // the objective is above its minimum by no more: a bound; NaN: none
  double remainingDecrease = NAN;  // by which the objective could still fall, as estimated; NaN: not known
  double lastDecrease = NAN;       // of the objective by the last iteration; NaN: not known
  Status ended = Status::maxEpochs;  // set to another when the method itself can gain nothing more
  std::vector<double> stepLosses;    // the objective at each step, if the plan asks for it
};

}  // namespace nabla
