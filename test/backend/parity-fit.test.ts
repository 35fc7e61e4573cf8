// Whole fits: the reference and native return the same weights, histories, status and counts, fit and fitSync alike.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Backend, FitJob } from '../../lib/backend/interface.js';
import { statuses } from '../../lib/backend/plan.js';
import { anyFit } from '../support/anyfit.js';
import { faces, native, reference } from '../support/backends.js';
import { arraysOf, expectOutcome, jobOf } from '../support/jobs.js';
import { expectBits, problem, runs, slow } from '../support/support.js';

/** All arrays that a fit reads. */
function inputsOf({ train, validation, indices, penaltyFactors, weights }: FitJob) {
  return [train, validation]
    .flatMap((table) => (table ? [table.X, table.y, table.sampleWeight, table.offset, table.index] : []))
    .concat(indices, penaltyFactors, weights)
    .filter((array) => array !== null);
}

describe.each(faces)('fits: $name', ({ backend }) => {
  it('as the reference’s, whatever is fitted, and leave their input as it was', async () => {
    const seen = new Set<string>();
    await fc.assert(
      fc.asyncProperty(anyFit, async ({ job }) => {
        const given = inputsOf(job).map((array) => array.slice());
        const expected = reference.fitSync(job);
        seen.add(statuses[expected.status]);
        expectOutcome(backend.fitSync(job), expected);
        expectOutcome(await backend.fit(job), expected);
        inputsOf(job).forEach((array, i) => {
          expectBits(array, given[i], 'input');
        });
        const [weights, ...series] = arraysOf(expected);
        if (job.weights.every(Number.isFinite)) expect([...weights].every(Number.isFinite), 'weights').toBe(true);
        expect([...series[0]].every(Number.isFinite), 'losses').toBe(true);
      }),
      { numRuns: runs(1000) },
    );
    if (!slow) expect([...seen].sort()).toEqual([...statuses].sort());
  });

  it('NaN and infinities in any place that is used diverge, with the start as the result', () => {
    for (const value of [NaN, Infinity, -Infinity]) {
      for (const place of ['X', 'y', 'offset', 'weights'] as const) {
        for (const sampler of ['full', 'sequential', 'shuffled'] as const) {
          const data = { ...problem(37, 5, 1), offset: new Float64Array(37) };
          const batches = sampler === 'full' ? {} : { batchSize: 8 };
          const job = jobOf(data, { sampler, ...batches, epochs: 3, seed: 1, history: 'step' });
          job.weights = job.weights.slice();
          (place === 'weights' ? job.weights : (job.train[place] as Float64Array))[3] = value;
          const outcome = backend.fitSync(job);
          expect(statuses[outcome.status]).toBe('diverged');
          expect(outcome).toMatchObject({ epochs: 0, steps: 0 });
          expectBits(outcome.weights, job.weights);
          for (const series of arraysOf(outcome).slice(1)) expect(series.length).toBe(0);
          expectOutcome(outcome, reference.fitSync(job));
        }
      }
    }
  });
});

describe.runIf(native)('many native fits at once', () => {
  it('have the bits of one after the other', async () => {
    const fits = fc.sample(anyFit, { numRuns: runs(300), seed: 1 });
    const outcomes = await Promise.all(fits.map(({ job }) => (native as Backend).fit(job)));
    for (const [i, { job }] of fits.entries()) expectOutcome(outcomes[i], reference.fitSync(job), `fit ${i}, `);
  });
});
