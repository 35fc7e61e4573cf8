#include "plan.h"

namespace nabla {

Plan Plan::decode(const double* numbers, size_t most) {
  Plan plan;
  const double* n = numbers;
  const auto kind = [&n] { return static_cast<int>(*n++); };
  const auto count = [&n] { return static_cast<size_t>(*n++); };
  const auto flag = [&n] { return *n++ != 0.0; };
  const auto parameters = [&n](double* list) {
    for (int i = 0; i < maxParameters; ++i) list[i] = *n++;
  };
  plan.loss = kind();
  parameters(plan.lossParameters);
  plan.rule = kind();
  parameters(plan.ruleParameters);
  plan.solver = static_cast<SolverKind>(kind());
  parameters(plan.solverParameters);
  plan.schedule = static_cast<ScheduleKind>(kind());
  parameters(plan.scheduleParameters);
  plan.sampler = static_cast<SamplerKind>(kind());
  parameters(plan.samplerParameters);
  plan.averaging = static_cast<AveragingKind>(kind());
  parameters(plan.averagingParameters);
  plan.rows = count();
  plan.cols = count();
  plan.outputs = count();
  plan.targets = count();
  plan.validationRows = count();
  plan.batchSize = count();
  plan.epochs = count();
  plan.tolerance = *n++;
  plan.scalesTolerance = flag();
  plan.gradientTolerance = *n++;
  plan.patience = count();
  plan.minDelta = *n++;
  plan.maxSeconds = *n++;
  plan.seed = count();
  plan.l1 = *n++;
  plan.l2 = *n++;
  plan.clipNorm = *n++;
  plan.clipValue = *n++;
  plan.bounded = flag();
  plan.intercept = flag();
  plan.standardize = flag();
  plan.restoreBest = flag();
  plan.stepHistory = flag();
  plan.lossAfterUpdate = flag();
  plan.gramFrom = count();
  plan.pauseAfter = count();
  plan.threads = static_cast<unsigned>(count());
  const double listed = *n++;
  if (listed >= 0.0 && listed <= static_cast<double>(most - length))
    plan.scheduleList.assign(n, n + static_cast<size_t>(listed));
  return plan;
}

}  // namespace nabla
