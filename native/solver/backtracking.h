// Backtracking line search on the segment from the weights to the minimum of the model.
// The whole step is taken if the objective decreases enough, else half of it, and so on (Armijo 1966). Twin:
// lib/reference/solver/backtracking.ts.
#pragma once

#include <cmath>

#include "../threads/team.h"

namespace nabla {

struct Segment {
  const double* from;
  const double* modelMinimizer;
  size_t size;
  double value;              // of the objective where it begins
  double predictedDecrease;  // by how much it falls to the target, by the model
  double roundoff;           // the round-off level of the objective
};

struct BacktrackResult {
  double part;   // of the way; 0: nothing is gained
  double value;  // of the objective there
};

// As far as the objective falls enough: `trial` is where that ends, evaluate(trial) the objective there.
template <class Evaluate>
BacktrackResult backtrack(const Segment& segment, double* trial, const Team& team, const Evaluate& evaluate) {
  if (!(segment.predictedDecrease > 0.0)) return {0.0, segment.value};
  double t = 1.0;
  for (int tries = 0; tries < 60 && !team.stopped(); ++tries) {
    for (size_t j = 0; j < segment.size; ++j)
      trial[j] = t == 1.0 ? segment.modelMinimizer[j]
                          : segment.from[j] + t * (segment.modelMinimizer[j] - segment.from[j]);
    const double value = evaluate(trial);
    // A decrease that rounding hides is believed once.
    const bool isLower = segment.predictedDecrease > segment.roundoff
                             ? value <= segment.value - 1e-4 * t * segment.predictedDecrease
                             : value <= segment.value + segment.roundoff;
    if (isLower) return {t, value};
    t *= value < INFINITY ? 0.5 : 0.1;
  }
  return {0.0, segment.value};
}

}  // namespace nabla
