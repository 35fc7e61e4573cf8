// The learning rate at a step. Twin: lib/reference/solver/schedule.ts.
#pragma once

#include "plan.h"

namespace nabla {

constexpr Entry schedules[] = {{"constant", ""}, {"invscaling", "power"}};

// `step` counts from 1.
inline double learningRate(const Kernels& kernels, const Plan& plan, double step) {
  const double initial = plan.ruleParameters[0];
  switch (plan.schedule) {
    case ScheduleKind::invscaling:
      return initial / kernels.power(step, plan.scheduleParameters[0]);
    case ScheduleKind::constant:
      break;
  }
  return initial;
}

}  // namespace nabla
