// Reference backend: one thread, plain TypeScript.

import type { Backend, FitJob, Outcome, Steps, Update, Watch } from '../backend/interface.js';
import type { Plan } from '../backend/plan.js';
import type { Halt } from '../base/halt.js';
import { asum, axpy, dot, nrm2, scal } from './kernels/dense.js';
import { rules } from './kernels/updates.js';
import { rowsPerBlock } from './objective/blocks.js';
import { evaluateBlock, Objective } from './objective/objective.js';
import { gemv, gemvT, gram } from './objective/products.js';
import { Run } from './solver/fit.js';
import { fitEach } from './solver/many.js';
import { updateStep } from './solver/optimizer.js';
import { tensors } from './tensors.js';

/** How long an asynchronous fit keeps the event loop to itself, in milliseconds. */
const turn = 5;

/** Gives the event loop a turn. */
const pause = () => new Promise((resolve) => setImmediate(resolve));

/** All turns at once. */
function finish<R>(work: Generator<void, R>): R {
  for (;;) {
    const next = work.next();
    if (next.done) return next.value;
  }
}

/** Between turns of the event loop. */
async function share<R>(work: Generator<void, R>, halt?: Halt): Promise<R> {
  for (;;) {
    await pause();
    const end = performance.now() + turn;
    do {
      halt?.check();
      const next = work.next();
      if (next.done) return next.value;
    } while (performance.now() < end);
  }
}

function fitSync(job: FitJob): Outcome {
  const run = new Run(job);
  while (run.advance());
  return run.outcome();
}

async function fit(job: FitJob, watch?: Watch): Promise<Outcome> {
  const run = new Run(job);
  for (;;) {
    await pause();
    const end = performance.now() + turn;
    do {
      watch?.halt.check();
      if (!run.advance()) return run.outcome();
      watch?.onEpoch?.(run.last);
    } while (performance.now() < end);
  }
}

function steps(job: FitJob, halt?: Halt): Steps {
  const run = new Run(job);
  const nextSync = () => (run.advance() ? run.last : null);
  const next = async () => {
    await pause();
    halt?.check();
    return nextSync();
  };
  return { next, nextSync, outcome: () => run.outcome() };
}

const valueAndGradient: Backend['valueAndGradient'] = (
  loss,
  lossParameters,
  X,
  y,
  rows,
  cols,
  outputs,
  weights,
  out,
) => {
  if (outputs === 1 && rows <= rowsPerBlock(cols)) {
    return evaluateBlock(loss, lossParameters, X, y, rows, cols, weights, out);
  }
  const plan = { loss, lossParameters, rows, cols, outputs, targets: 1, intercept: false } as Plan;
  const table = { X, y, sampleWeight: null, offset: null, index: null, count: rows };
  const objective = new Objective(plan, table, null);
  return objective.evaluate(objective.everything, weights, out) / rows;
};

function update(u: Update): void {
  const [clipNorm, clipValue, l1, l2, maximize, norm] = u.options;
  const { parameters, learningRate, t, running, weights, gradient, states, start, end } = u;
  const bounds = u.bounds && { lower: u.bounds.lower.subarray(start), upper: u.bounds.upper.subarray(start) };
  const penalty = { l1, l2, factors: null, bounds };
  const options = { clipNorm, clipValue, penalty, maximize: maximize !== 0, norm };
  const rule = rules[u.rule];
  const size = end - start;
  updateStep(rule, parameters, options, learningRate, t, running, weights, gradient, states, null, start, end, size);
}

export const reference: Backend = {
  name: 'reference',
  target: 'javascript',
  threads: () => 1,
  setThreads: () => {},
  misalignment: () => 0,
  dot,
  axpy,
  scal,
  nrm2,
  asum,
  gemv,
  gemvT,
  gram,
  valueAndGradient,
  updateStep: update,
  tensors,
  fitSync,
  fit,
  steps,
  fitManySync: (job) => finish(fitEach(job)),
  fitMany: (job, halt) => share(fitEach(job), halt),
};
