// From where a fit is to the minimum of its model: all the way if the objective falls enough, or half of it
// and so on. Twin: lib/reference/solver/backtracking.ts.
#pragma once

#include <cmath>

#include "../threads/team.h"

namespace nabla {

struct Way {
  const double* from;
  const double* target;
  size_t size;
  double value;     // of the objective where it begins
  double promised;  // by how much it falls to the target, by the model
  double roundoff;  // the round-off level of the objective
};

struct Went {
  double part;   // of the way; 0: nothing is gained
  double value;  // of the objective there
};

// As far as the objective falls enough: `trial` is where that ends, evaluate(trial) the objective there.
template <class Evaluate>
Went goTowards(const Way& way, double* trial, const Team& team, const Evaluate& evaluate) {
  if (!(way.promised > 0.0)) return {0.0, way.value};
  double t = 1.0;
  for (int tries = 0; tries < 60 && !team.stopped(); ++tries) {
    for (size_t j = 0; j < way.size; ++j)
      trial[j] = t == 1.0 ? way.target[j] : way.from[j] + t * (way.target[j] - way.from[j]);
    const double value = evaluate(trial);
    // A decrease that rounding hides is believed once.
    const bool isLower = way.promised > way.roundoff ? value <= way.value - 1e-4 * t * way.promised
                                                     : value <= way.value + way.roundoff;
    if (isLower) return {t, value};
    t *= value < INFINITY ? 0.5 : 0.1;
  }
  return {0.0, way.value};
}

}  // namespace nabla
