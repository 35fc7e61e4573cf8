// Reader of the numbers of a plan.
#pragma once

#include <iterator>

#include "../objective/plan.h"
#include "../solver/schedule.h"
#include "../threads/pool.h"
#include "args.h"

namespace nabla {

inline Plan readPlan(Napi::Value value, const Kernels& kernels) {
  const auto numbers = doubles(value);
  requireLength(numbers.length, Plan::length());
  const Plan plan = Plan::decode(numbers.data, numbers.length);
  const auto below = [](int index, size_t limit) { return index >= 0 && static_cast<size_t>(index) < limit; };
  if (!below(plan.loss, kernels.lossCount) || !below(plan.rule, kernels.ruleCount) ||
      !below(static_cast<int>(plan.schedule), std::size(schedules)) ||
      !isScheduleList(static_cast<int>(plan.schedule), plan.scheduleList.data(), plan.scheduleList.size()) ||
      !below(static_cast<int>(plan.sampler), std::size(samplers)) ||
      !below(static_cast<int>(plan.averaging), std::size(averagings)) ||
      !below(static_cast<int>(plan.solver), std::size(solvers) + 1) ||
      (plan.solver == SolverKind::lbfgs &&
       !(plan.solverParameters[0] >= 1.0 && plan.solverParameters[0] <= 1000.0)) ||
      plan.batchSize == 0 || plan.threads > maxThreads || plan.rows == 0 || plan.rows > UINT32_MAX ||
      plan.validationRows > UINT32_MAX || plan.outputs == 0 ||
      plan.targets != (plan.loss == softmaxLoss ? 1 : plan.outputs) ||
      plan.outputs > (SIZE_MAX >> 8) / (plan.cols + 1))
    reject("ERR_OUT_OF_RANGE", "a plan that no fit can follow");
  return plan;
}

}  // namespace nabla
