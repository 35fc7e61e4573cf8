// The learning rate at a step. Twin: native/solver/schedule.h.
import { type Plan, scheduleKind } from '../../plan.js';
import { power } from '../kernels/math.js';

/** `step` counts from 1. */
export function learningRate(plan: Plan, step: number): number {
  const initial = plan.ruleParameters[0];
  switch (plan.schedule) {
    case scheduleKind.invscaling:
      return initial / power(step, plan.scheduleParameters[0]);
    default:
      return initial;
  }
}
