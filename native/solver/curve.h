// Curves of the schedules: the learning rate at a given step and epoch.
// Twin: lib/reference/solver/curve.ts.
#pragma once

#include <float.h>

#include <cmath>
#include <vector>

#include "../objective/archive.h"
#include "../objective/plan.h"

namespace nabla {

constexpr Entry schedules[] = {
    {"constant", "warmup"},
    {"invscaling", "warmup power"},
    {"exponential", "warmup gamma"},
    {"step", "warmup stepSize gamma"},
    {"polynomial", "warmup power minimum"},
    {"cosine", "warmup minimum restart restartFactor"},
    {"onecycle", "warmup start divisor finalDivisor"},
    {"plateau", "warmup factor patience threshold minimum"},
    {"optimal", "warmup alpha"},
    {"multistep", "warmup gamma"},
    {"cyclic", "warmup rise fall divisor gamma"},
    {"sequential", "warmup"},
    {"lambda", "warmup"},
};

// Beside its kind, parameters and list a part of `sequential` has epochs (0: all that follow) and a factor on
// η.
constexpr size_t partHead = 4 + maxParameters;

// Whether the numbers of a list are those of such a schedule, for memory safety.
bool isScheduleList(int kind, const double* list, size_t length);

class Curve {
 public:
  Curve(const Kernels& kernels, ScheduleKind kind, const double* p, const double* list, size_t length,
        double initial, double perEpoch);

  // `step` counts from 1 over all fits that go on from each other, `own` in this one, of `total`; `done` are
  // epochs, a fraction.
  double rate(double step, double own, double total, double done);

  // The largest rate that it has, all told.
  double largest() const;

  // Tells the loss of an epoch, for the schedule that waits for a plateau.
  void epochEnded(double loss);

  // What it knows of the steps before, and its parts likewise: five numbers each.
  void serialize(Archive& archive);
  size_t stateLength() const;

 private:
  struct Part {
    double from;    // epochs from the beginning
    double epochs;  // 0: all that follow
  };

  // A part counts its own steps and epochs, warm-up among them. The last one may run over what is left of the
  // fit.
  double rateOfPart(double own, double total, double done);

  double alone(double step, double own, double done);

  // Of Bottou's heuristic, the rate that `optimal` begins with.
  double typicalWeight() const { return std::sqrt(1.0 / std::sqrt(p_[1])); }

  // How much of the fit is still to come, in (0, 1].
  double rest(double own) const { return std::fmax((total_ - (own - 1.0)) / total_, 1e-300); }

  // Half a cosine from one value to another; x in [0, 1].
  double between(double from, double to, double x) const;

  // Where in its cycle a step lies, in [0, 1).
  double cycle(double own, double done);

  // Up to η in the first part `start` of the steps, then down; PyTorch's OneCycleLR. Of too few steps the
  // first has η.
  double oneCycle(double step) const;

  // Up and down between η over a divisor and η, each cycle less high than the one before; PyTorch's CyclicLR.
  double triangle(double done) const;

  const Kernels& kernels_;
  ScheduleKind kind_;
  const double* p_;
  const double* list_;  // what has no slot among the parameters: milestones, a table, parts
  size_t length_;
  double initial_;
  double perEpoch_;
  double total_ = 0.0;
  std::vector<Part> parts_;
  std::vector<Curve> curves_;  // of the parts
  size_t current_ = 0;         // part of the last step
  double best_ = DBL_MAX;      // not infinite, which has no relative threshold
  double waited_ = 0.0;
  double cycleStart_ = 0.0;   // epochs
  double cycleLength_ = 0.0;  // epochs; 0: not begun
  double reduced_ = 1.0;
};

}  // namespace nabla
