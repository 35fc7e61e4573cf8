// Wire: named fields of jobs and outcomes, in the order in which they cross to the addon.
// lib/backend/wire.ts has the same lists, and a test compares them.
#pragma once

#include <stdint.h>

#include "../kernels/table.h"

namespace nabla {

// clang-format lays these lists out anew at each run.
// clang-format off
// Of one fit; any may be null. Those of a table follow its X.
#define NABLA_JOB_ARRAYS(OF) \
  OF(trainX) OF(trainY) OF(trainSampleWeight) OF(trainOffset) OF(trainIndex) \
  OF(validationX) OF(validationY) OF(validationSampleWeight) OF(validationOffset) OF(validationIndex) \
  OF(samplerIndices) OF(penaltyFactors) OF(lowerBounds) OF(upperBounds) OF(initialWeights) \
  OF(pausedState) OF(carriedState) OF(gramCache)
// Of many fits. sampleWeight, offset, penaltyFactors and the bounds may be null; those from `coefficients` on
// are written.
#define NABLA_MANY_ARRAYS(OF) \
  OF(X) OF(y) OF(sampleWeight) OF(offset) OF(borders) OF(penaltyFactors) OF(lowerBounds) OF(upperBounds) \
  OF(coefficients) OF(intercepts) OF(statuses) OF(losses) OF(remaining) OF(epochs) OF(steps)
// Fields of an Outcome.
#define NABLA_OUTCOME_NUMBERS(OF) \
  OF(status) OF(epochs) OF(steps) OF(meanLoss) OF(gap) OF(remainingDecrease) OF(lastDecrease)
#define NABLA_OUTCOME_LISTS(OF) \
  OF(weights) OF(loss) OF(validationLoss) OF(learningRate) OF(gradientNorm) OF(state) OF(carried)
// clang-format on

#define NABLA_INDEX(name) name,
struct JobArray {
  enum : uint32_t { NABLA_JOB_ARRAYS(NABLA_INDEX) count };
};
struct ManyArray {
  enum : uint32_t { NABLA_MANY_ARRAYS(NABLA_INDEX) count };
};
#undef NABLA_INDEX

constexpr uint32_t jobArrayCount = JobArray::count;
constexpr uint32_t manyArrayCount = ManyArray::count;

// Space-separated, with a space in front.
#define NABLA_NAME(name) " " #name
constexpr const char* jobArrayNames = NABLA_JOB_ARRAYS(NABLA_NAME);
constexpr const char* manyArrayNames = NABLA_MANY_ARRAYS(NABLA_NAME);
constexpr const char* outcomeNumberNames = NABLA_OUTCOME_NUMBERS(NABLA_NAME);
constexpr const char* outcomeListNames = NABLA_OUTCOME_LISTS(NABLA_NAME);
constexpr const char* unaryOpNames = NABLA_UNARY_OPS(NABLA_NAME);
constexpr const char* binaryOpNames = NABLA_BINARY_OPS(NABLA_NAME);
#undef NABLA_NAME

}  // namespace nabla
