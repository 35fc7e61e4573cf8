// A fit as plain numbers: what lib/plan.ts encodes, in the same order. Twin: lib/plan.ts.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "../kernels/table.h"

namespace nabla {

enum class SamplerKind { full, sequential, shuffled, replacement, indices };
enum class ScheduleKind { constant, invscaling };
enum class Status { converged, maxEpochs, diverged, cancelled };

// A row of lib/catalog.ts, for the test that holds the two against each other.
struct Entry {
  const char* name;
  const char* parameters;
};
constexpr Entry samplers[] = {
    {"full", ""}, {"sequential", ""}, {"shuffled", ""}, {"replacement", ""}, {"indices", ""}};

struct Plan {
  int loss;
  double lossParameters[maxParameters];
  int rule;
  double ruleParameters[maxParameters];
  ScheduleKind schedule;
  double scheduleParameters[maxParameters];
  SamplerKind sampler;
  size_t batchSize;
  uint64_t epochs;
  double tolerance;
  uint64_t seed;
  bool intercept;
  bool stepHistory;      // history holds the loss of each step, not of each epoch
  bool lossAfterUpdate;  // an epoch's loss is taken anew at the weights that it ends with

  // The numbers of the encoding; those in between are the three parameter lists.
  static constexpr size_t length = 11 + 3 * maxParameters;
  static Plan decode(const double* numbers);
};

// Where a fit reads from. `indices` only for the sampler of that name.
struct Data {
  const double* X;
  const double* y;
  size_t rows;
  size_t cols;
  const uint32_t* indices;
  size_t indexCount;
};

}  // namespace nabla
