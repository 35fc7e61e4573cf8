// Plan: a fit as plain numbers, and the arrays that it works on.
// `each` has its fields in the order of lib/backend/wire.ts. Twin: lib/backend/plan.ts.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include <string>
#include <vector>

#include "../data/matrix.h"
#include "../kernels/table.h"

namespace nabla {

enum class SamplerKind { full, sequential, shuffled, replacement, indices };
enum class ScheduleKind {
  constant,
  invscaling,
  exponential,
  step,
  polynomial,
  cosine,
  onecycle,
  plateau,
  optimal,
  multistep,
  cyclic,
  sequential,
  lambda
};
enum class AveragingKind { none, polyak, ema };
enum class SolverKind { none, lbfgs, newton, exact };
enum class Status {
  converged,
  maxEpochs,
  diverged,
  earlyStopped,
  timeLimit,
  stalled,
  paused,
  cancelled,
  running
};

// A row of lib/catalog/, for the test that holds the two against each other.
struct Entry {
  const char* name;
  const char* parameters;
};
constexpr Entry samplers[] = {
    {"full", ""}, {"sequential", ""}, {"shuffled", "once"}, {"replacement", ""}, {"indices", ""}};
// In place of a rule, counted from 1. `auto` is one of the others by the time a plan is made.
constexpr Entry solvers[] = {{"lbfgs", "memory"}, {"newton", ""}, {"exact", ""}};
constexpr Entry averagings[] = {{"none", ""}, {"polyak", "start"}, {"ema", "decay start"}};

constexpr int squaredLoss = 0;
constexpr int logisticLoss = 1;
constexpr int softmaxLoss = 2;  // its y is one label a row, however many outputs

constexpr int hingeLoss = 3;
constexpr int squaredHingeLoss = 4;
constexpr int huberLoss = 5;
constexpr int quantileLoss = 6;
constexpr int epsilonInsensitiveLoss = 7;
constexpr int squaredEpsilonInsensitiveLoss = 8;
constexpr int poissonLoss = 9;
constexpr int gammaLoss = 10;
constexpr int tweedieLoss = 11;
constexpr int modifiedHuberLoss = 12;
constexpr int perceptronLoss = 13;
constexpr int tweedieIdentityLoss = 14;
// Those of straight pieces, which have no second derivative.
constexpr bool isPiecewiseLinear(int loss) {
  return loss == hingeLoss || loss == quantileLoss || loss == epsilonInsensitiveLoss ||
         loss == perceptronLoss;
}

struct Plan {
  // One choice on each axis, and its parameters in the order of the catalog.
  int loss;
  double lossParameters[maxParameters];
  int rule;
  double ruleParameters[maxParameters];
  SolverKind solver;  // in place of the rule
  double solverParameters[maxParameters];
  ScheduleKind schedule;
  double scheduleParameters[maxParameters];
  SamplerKind sampler;
  double samplerParameters[maxParameters];
  AveragingKind averaging;
  double averagingParameters[maxParameters];

  size_t rows;  // of X, used or not
  size_t cols;
  size_t outputs;         // of z, for each row
  size_t targets;         // of y, for each row
  size_t validationRows;  // of the validation's X
  size_t batchSize;
  uint64_t epochs;
  double tolerance;
  bool scalesTolerance;  // it is of the objective where that is below 1
  double gradientTolerance;
  uint64_t patience;  // 0: none
  double minDelta;
  double maxSeconds;  // 0: none
  uint64_t seed;
  double l1;
  double l2;
  double clipNorm;   // 0: none
  double clipValue;  // 0: none
  bool bounded;      // coefficients have bounds
  bool intercept;
  bool standardize;
  bool restoreBest;
  bool stepHistory;      // the loss history is of each step, not of each epoch
  bool lossAfterUpdate;  // an epoch's loss is taken anew at the weights that it ends with
  // From so many training rows on, least squares of all rows in every step goes by XᵀX (gramobjective.h); 0:
  // never.
  size_t gramFrom;

  uint64_t pauseAfter;  // epochs after which the fit pauses and hands out its state; 0: never
  unsigned threads;     // that it may use; 0: as many as the pool has

  std::vector<double> scheduleList;  // what has no slot among its parameters: milestones, a table, parts

  // Visits the fields in the order of planFields in lib/backend/wire.ts: visit(name, field).
  template <class Self, class Visit>
  static void each(Self& plan, Visit&& visit) {
    visit("loss", plan.loss);
    visit("lossParameters", plan.lossParameters);
    visit("rule", plan.rule);
    visit("ruleParameters", plan.ruleParameters);
    visit("solver", plan.solver);
    visit("solverParameters", plan.solverParameters);
    visit("schedule", plan.schedule);
    visit("scheduleParameters", plan.scheduleParameters);
    visit("sampler", plan.sampler);
    visit("samplerParameters", plan.samplerParameters);
    visit("averaging", plan.averaging);
    visit("averagingParameters", plan.averagingParameters);
    visit("rows", plan.rows);
    visit("cols", plan.cols);
    visit("outputs", plan.outputs);
    visit("targets", plan.targets);
    visit("validationRows", plan.validationRows);
    visit("batchSize", plan.batchSize);
    visit("epochs", plan.epochs);
    visit("tolerance", plan.tolerance);
    visit("scalesTolerance", plan.scalesTolerance);
    visit("gradientTolerance", plan.gradientTolerance);
    visit("patience", plan.patience);
    visit("minDelta", plan.minDelta);
    visit("maxSeconds", plan.maxSeconds);
    visit("seed", plan.seed);
    visit("l1", plan.l1);
    visit("l2", plan.l2);
    visit("clipNorm", plan.clipNorm);
    visit("clipValue", plan.clipValue);
    visit("bounded", plan.bounded);
    visit("intercept", plan.intercept);
    visit("standardize", plan.standardize);
    visit("restoreBest", plan.restoreBest);
    visit("stepHistory", plan.stepHistory);
    visit("lossAfterUpdate", plan.lossAfterUpdate);
    visit("gramFrom", plan.gramFrom);
    visit("pauseAfter", plan.pauseAfter);
    visit("threads", plan.threads);
    visit("scheduleList", plan.scheduleList);
  }
  // Numbers of a plan, but for the elements of scheduleList.
  static size_t length();
  // The names of the fields, space-separated, for the test that holds them against lib/backend/wire.ts.
  static std::string fieldNames();
  // From at least `length()` numbers, of `most` that there are.
  static Plan decode(const double* numbers, size_t most);

  // Of the weights: outputs × cols coefficients and, behind them, the intercepts.
  size_t coefficients() const { return outputs * cols; }
  size_t size() const { return outputs * (cols + (intercept ? 1 : 0)); }
};

// Rows that a loss is taken over: all of X, or those that `index` names.
struct Table {
  Matrix X;
  const double* y;             // rows × targets
  const double* sampleWeight;  // null: 1; their mean over the table is 1
  const double* offset;        // rows × outputs; null: 0
  const uint32_t* index;       // null: all rows
  size_t count;                // rows of the table
};

struct Data {
  Table train;
  Table validation;         // X null: none
  const uint32_t* indices;  // for the sampler of that name
  size_t indexCount;
  const double* penaltyFactors;  // one per coefficient; null: 1
  const double* lowerBounds;     // one per coefficient; null, as the upper ones, unless the plan is bounded
  const double* upperBounds;
};

}  // namespace nabla
