// Many fits of one plan, on packed problems.
// Twin: lib/reference/solver/many.ts.
#pragma once

#include "../objective/plan.h"
#include "../threads/team.h"

namespace nabla {

// A problem's status that is not to be fitted: behind those of lib/backend/plan.ts.
constexpr uint8_t failedStatus = 6;

// Problems that lie one behind the other in one set of arrays.
struct Problems {
  Matrix X;
  const double* y;             // rows × targets
  const double* sampleWeight;  // null: 1; their mean over a problem is 1
  const double* offset;        // rows × outputs; null: 0
  size_t count;                // of problems
  const double* borders;       // the rows of problem i are borders[i] … borders[i + 1] - 1
  const double* penaltyFactors;
  const double* lowerBounds;  // as in Data
  const double* upperBounds;
  // Where each fit starts and, afterwards, where it ended.
  double* coefficients;  // of each: outputs × cols
  double* intercepts;    // of each: outputs; left alone if the plan has none
  uint8_t* status;
  double* losses;     // of each fit's last epoch; left alone where there is none
  double* remaining;  // by which each objective could still fall; NaN: not known
  double* epochs;
  double* steps;
};

// Fits the problems that have not failed, until it is stopped. Throws std::bad_alloc.
void fitEach(const Kernels& kernels, const Plan& plan, const Problems& problems, const Team& team);

}  // namespace nabla
