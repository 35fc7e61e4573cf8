// A fit that pauses and goes on from its state ends with the bits of one that does not, on whichever backend.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Backend, FitJob, Outcome } from '../../lib/backend/interface.js';
import { loopStatuses } from '../../lib/backend/plan.js';
import { anyFit } from '../support/anyfit.js';
import { faces, reference } from '../support/backends.js';
import { expectOutcome } from '../support/jobs.js';
import { expectBits, runs } from '../support/support.js';

const series = ['loss', 'validationLoss', 'learningRate', 'gradientNorm'] as const;

/** Runs the job in pieces of so many epochs, each on the next of the backends. */
function inPieces(job: FitJob, pauseAfter: number, backends: Backend[]): Outcome {
  const whole: Record<string, number[]> = Object.fromEntries(series.map((name) => [name, []]));
  let state: Float64Array | null = null;
  for (let piece = 0; ; piece++) {
    const backend = backends[piece % backends.length];
    const outcome = backend.fitSync({ ...job, plan: { ...job.plan, pauseAfter }, state });
    for (const name of series) whole[name].push(...outcome[name]);
    if (loopStatuses[outcome.status] !== 'paused') {
      expect(outcome.state).toBe(null);
      const { status, epochs, steps, weights, meanLoss, gap, remainingDecrease, lastDecrease, carried } = outcome;
      const [loss, validationLoss, learningRate, gradientNorm] = series.map((name) => Float64Array.from(whole[name]));
      const lists = { loss, validationLoss, learningRate, gradientNorm };
      const numbers = { status, epochs, steps, meanLoss, gap, remainingDecrease, lastDecrease };
      return { ...numbers, weights, state, carried, ...lists };
    }
    expect(outcome.epochs).toBe((piece + 1) * pauseAfter);
    state = outcome.state;
  }
}

describe.each(faces)('pausing: $name', ({ backend }) => {
  it('changes nothing, nor does another backend that takes over', () => {
    fc.assert(
      fc.property(anyFit, fc.integer({ min: 1, max: 5 }), fc.boolean(), ({ job }, pauseAfter, alternate) => {
        fc.pre(job.plan.maxSeconds === 0);
        const expected = reference.fitSync(job);
        expectOutcome(inPieces(job, pauseAfter, alternate ? [backend, reference] : [backend]), expected);
      }),
      { numRuns: runs(300) },
    );
  });

  it('hands out the same state', () => {
    fc.assert(
      fc.property(anyFit, ({ job }) => {
        fc.pre(job.plan.maxSeconds === 0);
        const paused = { ...job, plan: { ...job.plan, pauseAfter: 2 } };
        const [ours, theirs] = [backend.fitSync(paused), reference.fitSync(paused)];
        expect(ours.state === null).toBe(theirs.state === null);
        if (ours.state && theirs.state) expectBits(ours.state, theirs.state, 'state');
      }),
      { numRuns: runs(200) },
    );
  });

  it('what a rule carries over goes on where it was', () => {
    fc.assert(
      fc.property(anyFit, ({ job }) => {
        fc.pre(job.plan.solver === 0);
        const carried = new Float64Array(0);
        const [ours, theirs] = [backend, reference].map((each) => {
          const first = each.fitSync({ ...job, carried });
          return [first, each.fitSync({ ...job, weights: first.weights, carried: first.carried })];
        });
        ours.forEach((outcome, i) => {
          expectOutcome(outcome, theirs[i]);
          expectBits(outcome.carried as Float64Array, theirs[i].carried as Float64Array, 'carried');
        });
      }),
      { numRuns: runs(200) },
    );
  });
});
