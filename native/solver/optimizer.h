// Update rule with its state, and the clipping of gradients before it.
// Twin: lib/reference/solver/optimizer.ts.
#pragma once

#include <algorithm>
#include <cmath>

#include "../kernels/table.h"
#include "../linalg/alignedbuffer.h"
#include "../objective/archive.h"

namespace nabla {

// What a step needs beside the rule's own parameters.
struct UpdateOptions {
  double clipNorm;   // 0: none
  double clipValue;  // 0: none
  Penalty penalty;
  bool maximize = false;  // up the gradient, not down
  double norm =
      0.0;  // of the gradient that is clipped, where these weights are a part of others; 0: of this one
  bool isNoisy = false;        // gradients are of batches, so that l1 must be cumulative
  double largestFactor = 1.0;  // of the penalty's
};

inline double largestFactor(const Penalty& penalty, size_t penalized) {
  return penalty.factors && penalized > 0 ? *std::max_element(penalty.factors, penalty.factors + penalized)
                                          : 1.0;
}

// Whether a step is the rule alone.
inline bool isPlain(const Rule& rule, const UpdateOptions& options, const double* parameters) {
  return options.clipNorm == 0.0 && options.clipValue == 0.0 && parameters[1] == 0.0 && !options.maximize &&
         !rule.shrink && !options.penalty.active();
}

// One step t, counted from 1, of a rule over n weights. `running` holds its running products (1 at first),
// `held` what a cumulative penalty holds (null: the penalty is not cumulative, or is the rule's own).
// The first `penalized` weights are subject to weight decay and penalty, the others (intercepts) are not.
// Returns whether decay ended at 0 where it asked for more: such steps lead to no minimum of the objective.
inline bool updateStep(const Kernels& kernels, const Rule& rule, const double* parameters,
                       const UpdateOptions& options, double rate, double t, double* running, double* weights,
                       const double* gradient, double* const* state, double* held, size_t n,
                       size_t penalized) {
  double coefficients[maxCoefficients] = {};
  rule.begin(parameters, rate, t, running, coefficients);
  const Passes passes = rule.passes(parameters);
  if (isPlain(rule, options, parameters)) {
    passes.plain(weights, gradient, state, n, coefficients);
    return false;
  }
  const Penalty& penalty = options.penalty;
  const double decay = parameters[1];
  const bool coupled = parameters[2] == 0.0, isLeader = rule.leader != Leader::none;
  const double length = rule.stepLength ? rule.stepLength(parameters, coefficients) : 0.0;
  if (isLeader) held = state[0];
  const bool isL2Proximal = isLeader || (penalty.l1 != 0.0 && !held), isOnce = rule.leader == Leader::once;
  Modifiers modifiers{};
  modifiers.scale = options.maximize ? -1.0 : 1.0;
  modifiers.clipValue = options.clipValue;
  modifiers.coupled = coupled ? decay : 0.0;
  modifiers.mostPull = length > 0.0 ? 1.0 / length : INFINITY;
  modifiers.decoupled =
      (coupled ? 1.0 : std::max(1.0 - rate * decay, 0.0)) * (rule.shrink ? rule.shrink(coefficients) : 1.0);
  modifiers.l2 = isL2Proximal ? 0.0 : penalty.l2;
  modifiers.penalty = penalty;
  if (!isL2Proximal) modifiers.penalty.l2 = 0.0;
  modifiers.held = held;
  modifiers.before = isOnce ? 1.0 : t - 1.0;
  modifiers.steps = isOnce ? 1.0 : t;
  if (options.clipNorm > 0.0) {
    const double norm = options.norm != 0.0 ? options.norm : kernels.nrm2(gradient, n);
    if (norm > options.clipNorm) modifiers.scale *= options.clipNorm / norm;
  }
  const bool isModified =
      modifiers.scale != 1.0 || modifiers.clipValue > 0.0 || modifiers.decoupled != 1.0 || decay != 0.0;
  if (!isModified && !penalty.active()) {
    passes.plain(weights, gradient, state, n, coefficients);
    return false;
  }
  passes.modified(weights, gradient, state, penalized, coefficients, modifiers);
  const bool isCut = modifiers.coupled + modifiers.l2 * options.largestFactor > modifiers.mostPull ||
                     (!coupled && rate * decay > 1.0);
  if (penalized == n) return isCut;
  modifiers.coupled = 0.0;
  modifiers.decoupled = 1.0;
  modifiers.l2 = 0.0;
  modifiers.penalty = {};
  modifiers.held = nullptr;
  double* rest[maxStates] = {};
  for (int k = 0; k < rule.states; ++k) rest[k] = state[k] + penalized;
  passes.modified(weights + penalized, gradient + penalized, rest, n - penalized, coefficients, modifiers);
  return isCut;
}

class Optimizer {
 public:
  Optimizer(const Kernels& kernels, const Rule& rule, const double* parameters, const UpdateOptions& options,
            size_t size, size_t penalized)
      : kernels_(kernels),
        rule_(rule),
        parameters_(parameters),
        options_(options),
        size_(size),
        penalized_(penalized),
        isPlain_(isPlain(rule, options, parameters)),
        passes_(rule.passes(parameters)),
        states_(rule.states * size),
        held_(options.isNoisy && options.penalty.l1 != 0.0 && rule.leader == Leader::none ? size : 0) {
    held_.clear();
    options_.largestFactor = largestFactor(options.penalty, penalized);
    for (int k = 0; k < rule.states; ++k) {
      state_[k] = states_.data() + k * size;
      std::fill_n(state_[k], size, rule.initialState ? rule.initialState(parameters, k) : 0.0);
    }
    for (double& product : running_) product = 1.0;
  }

  // Returns what updateStep does.
  bool step(double* weights, const double* gradient, double rate, double t) {
    if (isPlain_) {  // as updateStep does it, with nothing to be found out anew
      rule_.begin(parameters_, rate, t, running_, coefficients_);
      passes_.plain(weights, gradient, state_, size_, coefficients_);
      return false;
    }
    return updateStep(kernels_, rule_, parameters_, options_, rate, t, running_, weights, gradient, state_,
                      held_.size() > 0 ? held_.data() : nullptr, size_, penalized_);
  }

  void serialize(Archive& archive) {
    archive.array(running_, maxRunning, Range::part);
    for (int k = 0; k < rule_.states; ++k)
      archive.array(state_[k], size_, rule_.squares >> k & 1u ? Range::measured : Range::any);
    bool hasHeld = held_.size() > 0;
    archive.flag(hasHeld);
    if (!hasHeld) return;
    AlignedBuffer unused(held_.size() > 0 ? 0 : size_);  // where this fit has no cumulative penalty
    archive.array(held_.size() > 0 ? held_.data() : unused.data(), size_, Range::any);
  }

 private:
  const Kernels& kernels_;
  const Rule& rule_;
  const double* parameters_;
  UpdateOptions options_;
  size_t size_;
  size_t penalized_;
  bool isPlain_;
  Passes passes_;
  double coefficients_[maxCoefficients] = {};
  AlignedBuffer states_;
  AlignedBuffer held_;  // what l1 holds at 0, of noisy gradients
  double* state_[maxStates] = {};
  double running_[maxRunning];
};

}  // namespace nabla
