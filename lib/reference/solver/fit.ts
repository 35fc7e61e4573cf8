// The solver loop. Twin: native/solver/fit.cc.
import type { FitJob, Outcome } from '../../backend.js';
import { status } from '../../plan.js';
import { asum } from '../kernels/dense.js';
import { losses } from '../kernels/losses.js';
import { rules } from '../kernels/updates.js';
import { type Batch, Objective } from './objective.js';
import { Optimizer } from './optimizer.js';
import { Sampler } from './sampler.js';
import { learningRate } from './schedule.js';
import { Stopping } from './stopping.js';

/** Runs a fit, pausing after each epoch so that a caller may give the event loop a turn. */
export function* fitEpochs({ plan, X, y, rows, cols, indices, weights }: FitJob): Generator<void, Outcome> {
  const sampler = new Sampler(plan, rows, indices);
  const objective = new Objective(losses[plan.loss], plan.lossParameters, plan.intercept, X, y, cols);
  const optimizer = new Optimizer(rules[plan.rule], plan.ruleParameters, objective.size);
  const stopping = new Stopping(plan.tolerance);
  const everything: Batch = { start: 0, count: rows, index: null };

  const best = new Float64Array(weights); // of the last good epoch
  const w = new Float64Array(weights);
  const g = new Float64Array(objective.size);
  const history: number[] = [];
  let epochs = 0;
  let steps = 0;
  const outcome = (reason: number): Outcome => ({
    status: reason,
    epochs,
    steps,
    weights: best,
    history: new Float64Array(history),
  });

  let known = false; // `after` and g belong to w: the loss after the last update was a full pass
  let after = 0;
  let step = 0;
  const batch: Batch = { start: 0, count: 0, index: null };
  for (let epoch = 0; epoch < plan.epochs; epoch++) {
    let loss = 0;
    sampler.beginEpoch(epoch);
    while (sampler.next(batch)) {
      const sum = known ? after : objective.evaluate(batch, w, g);
      loss += sum;
      if (!Number.isFinite(loss)) break;
      if (plan.stepHistory) history.push(sum / batch.count);
      step++;
      optimizer.step(w, g, learningRate(plan, step), step);
    }
    loss /= sampler.perEpoch;
    if (plan.lossAfterUpdate) {
      after = objective.evaluate(everything, w, g);
      loss = after / rows;
      known = sampler.isFull;
    }
    if (!Number.isFinite(loss) || !Number.isFinite(asum(w))) {
      if (plan.stepHistory) history.length = steps;
      return outcome(status.diverged);
    }
    best.set(w);
    epochs = epoch + 1;
    steps = step;
    if (!plan.stepHistory) history.push(loss);
    if (stopping.converged(loss)) return outcome(status.converged);
    yield;
  }
  return outcome(status.maxEpochs);
}

/** One evaluation of the mean loss and its gradient, as a step of a fit makes it; no intercept. */
export function valueAndGradient(
  loss: number,
  parameters: Float64Array,
  X: Float64Array,
  y: Float64Array,
  weights: Float64Array,
  out: Float64Array,
): number {
  const objective = new Objective(losses[loss], parameters, false, X, y, weights.length);
  return objective.evaluate({ start: 0, count: y.length, index: null }, weights, out) / y.length;
}
