// Problems among many that need units of their own (units.ts): fitted alone.

import type { FitJob, ManyJob, Outcome } from '../backend/interface.js';
import { coefficientCount, manyStatuses, weightCount } from '../backend/plan.js';
import { remainingOf } from '../backend/remaining.js';
import { needsUnits, unitsOf } from './units.js';

const failed = manyStatuses.indexOf('failed');

/** A problem, by its number, as a fit of its own. */
export interface Alone {
  i: number;
  job: FitJob;
}

function jobOf(all: ManyJob, i: number): FitJob {
  const { plan, X, y, sampleWeight, offset, borders, penaltyFactors, bounds, coefficients, intercepts } = all;
  const { cols, outputs, targets } = plan;
  const [from, to] = [borders[i], borders[i + 1]];
  const weights = new Float64Array(weightCount(plan));
  const size = coefficientCount(plan);
  weights.set(coefficients.subarray(i * size, (i + 1) * size));
  if (plan.intercept) weights.set(intercepts.subarray(i * outputs, (i + 1) * outputs), size);
  const train = {
    X: X.subarray(from * cols, to * cols),
    y: y.subarray(from * targets, to * targets),
    sampleWeight: sampleWeight?.subarray(from, to) ?? null,
    offset: offset?.subarray(from * outputs, to * outputs) ?? null,
    index: null,
    count: to - from,
  };
  const none = { validation: null, indices: null, state: null, carried: null, known: null };
  return { plan: { ...plan, rows: to - from }, train, penaltyFactors, bounds, weights, ...none };
}

/** Takes such problems out of a job, where they then count as failed. */
export function takeAside(all: ManyJob): Alone[] {
  const { status } = all;
  const alone: Alone[] = [];
  for (let i = 0; i < status.length; i++) {
    if (status[i] === failed || !needsUnits(all, all.borders[i], all.borders[i + 1])) continue;
    const job = jobOf(all, i);
    if (!unitsOf(job)) continue;
    alone.push({ i, job });
    status[i] = failed;
  }
  return alone;
}

/** Writes what came of one. */
export function putBack(all: ManyJob, { i, job: { plan } }: Alone, outcome: Outcome): void {
  const size = coefficientCount(plan);
  const { loss, weights } = outcome;
  all.coefficients.set(weights.subarray(0, size), i * size);
  if (plan.intercept) all.intercepts.set(weights.subarray(size), i * plan.outputs);
  all.status[i] = outcome.status;
  all.losses[i] = loss.length > 0 ? loss[loss.length - 1] : NaN;
  all.remaining[i] = remainingOf(plan, outcome);
  all.epochs[i] = outcome.epochs;
  all.steps[i] = outcome.steps;
}
