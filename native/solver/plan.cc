#include "plan.h"

namespace nabla {

Plan Plan::decode(const double* numbers) {
  Plan plan;
  const double* n = numbers;
  auto parameters = [&n](double* list) {
    for (int i = 0; i < maxParameters; ++i) list[i] = *n++;
  };
  plan.loss = static_cast<int>(*n++);
  parameters(plan.lossParameters);
  plan.rule = static_cast<int>(*n++);
  parameters(plan.ruleParameters);
  plan.schedule = static_cast<ScheduleKind>(static_cast<int>(*n++));
  parameters(plan.scheduleParameters);
  plan.sampler = static_cast<SamplerKind>(static_cast<int>(*n++));
  plan.batchSize = static_cast<size_t>(*n++);
  plan.epochs = static_cast<uint64_t>(*n++);
  plan.tolerance = *n++;
  plan.seed = static_cast<uint64_t>(*n++);
  plan.intercept = *n++ != 0.0;
  plan.stepHistory = *n++ != 0.0;
  plan.lossAfterUpdate = *n++ != 0.0;
  return plan;
}

}  // namespace nabla
