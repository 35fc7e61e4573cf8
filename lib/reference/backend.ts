// The reference as a Backend: one thread, plain TypeScript.
import type { Backend, FitJob, Outcome } from '../backend.js';
import { asum, axpy, dot, nrm2, scal } from './kernels/dense.js';
import { fitEpochs, valueAndGradient } from './solver/fit.js';
import { gemv, gemvT } from './solver/products.js';

/** How long an asynchronous fit keeps the event loop to itself, in milliseconds. */
const turn = 5;

function fitSync(job: FitJob): Outcome {
  const epochs = fitEpochs(job);
  for (;;) {
    const next = epochs.next();
    if (next.done) return next.value;
  }
}

async function fit(job: FitJob): Promise<Outcome> {
  const epochs = fitEpochs(job);
  for (;;) {
    await new Promise((resolve) => setImmediate(resolve));
    const end = performance.now() + turn;
    do {
      const next = epochs.next();
      if (next.done) return next.value;
    } while (performance.now() < end);
  }
}

export const reference: Backend = {
  name: 'reference',
  target: 'javascript',
  threads: 1,
  misalignment: () => 0,
  dot,
  axpy,
  scal,
  nrm2,
  asum,
  gemv,
  gemvT,
  valueAndGradient,
  fitSync,
  fit,
};
