// lbfgs for losses of straight pieces: held against the interior point method, which it knows nothing of.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { FitData, FitOptions } from '../../lib/index.js';
import { faces, reference } from '../support/backends.js';
import { expectOutcome, jobOf } from '../support/jobs.js';
import { expectBits, normals, patience, random, runs } from '../support/support.js';

interface Problem {
  data: FitData;
  options: FitOptions;
  /** Of y. */
  unit: number;
}

const loss = fc.constantFrom<NonNullable<FitOptions['loss']>>(
  'hinge',
  'perceptron',
  { name: 'quantile', quantile: 0.5 },
  { name: 'quantile', quantile: 0.93 },
  { name: 'epsilon_insensitive', epsilon: 0.1 },
  { name: 'epsilon_insensitive', epsilon: 1 },
);

/** Up to 60 rows of up to `most` columns. */
const anyProblem = (most: number): fc.Arbitrary<Problem> =>
  fc
    .record({
      rows: fc.integer({ min: 3, max: 60 }),
      cols: fc.oneof(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 20, max: most })),
      outputs: fc.constantFrom(1, 1, 2),
      scale: fc.constantFrom(1, 1, 1e-6, 1e6),
      loss,
      l1: fc.constantFrom(0, 0.01, 0.1),
      l2: fc.constantFrom(0, 0.01, 1),
      uneven: fc.boolean(),
      bounds: fc.constantFrom<FitOptions>({}, {}, { nonNegative: true }, { lowerBounds: -0.05, upperBounds: 0.3 }),
      intercept: fc.boolean(),
      standardize: fc.boolean(),
      weighted: fc.boolean(),
      shifted: fc.boolean(),
      seed: fc.nat(1e6),
    })
    .map(({ rows, cols, outputs, scale, bounds, l1, l2, uneven, weighted, shifted, seed, ...options }) => {
      const X = normals(rows * cols, seed).map((x, at) => x + ((at % cols) % 3));
      const noise = normals(rows * outputs, seed + 1);
      const isLabelled = options.loss === 'hinge' || options.loss === 'perceptron';
      const k = isLabelled ? 1 : outputs;
      const y = noise.subarray(0, rows * k).map((e, at) => {
        const i = Math.floor(at / k);
        const z = e + X[i * cols] - 0.5 * X[i * cols + cols - 1];
        return isLabelled ? (i === 0 || z < 0 ? -1 : 1) : scale * z;
      });
      const uniform = random(seed);
      const unit = isLabelled ? 1 : scale;
      const { loss } = options;
      const ownLoss = typeof loss === 'object' && 'epsilon' in loss ? { ...loss, epsilon: unit * loss.epsilon! } : loss;
      // Of y·c and weights·c the objective is c times as large where l2 is c times smaller.
      const penaltyFactors = uneven ? Array.from({ length: cols }, () => Math.floor(3 * uniform())) : undefined;
      return {
        data: {
          X,
          y,
          rows,
          ...(weighted && {
            sampleWeight: noise.subarray(0, rows).map((e, i) => (i > 0 && e > 1 ? 0 : 0.2 + uniform())),
          }),
          ...(shifted && { offset: normals(rows * k, seed + 2).map((e) => unit * e) }),
        },
        options: {
          ...options,
          ...bounds,
          loss: ownLoss,
          l1,
          l2: l2 / unit,
          ...(k === 1 && penaltyFactors && { penaltyFactors }),
        },
        unit,
      } as Problem;
    });

describe.each(faces)('lbfgs and losses with kinks: $name', ({ fitSync, backend }) => {
  it('is at the minimum where it says so, and seldom says anything else', { timeout: patience(120_000) }, () => {
    let stalled = 0;
    const count = runs(backend === reference ? 25 : 100);
    fc.assert(
      fc.property(anyProblem(backend === reference ? 150 : 620), ({ data, options, unit }) => {
        const exact = fitSync(data, { ...options, optimizer: 'newton' });
        const model = fitSync(data, { ...options, optimizer: 'lbfgs' });
        const least = exact.history.at(-1)!;
        const found = model.history.at(-1)!;
        const room = 1e-7 * least + 1e-9 * unit;
        if (model.status === 'converged') expect(found - least).toBeLessThanOrEqual(room);
        else stalled++;
        expect(found - least).toBeLessThanOrEqual(model.optimality!.gap! + room);
        if (exact.status === 'converged') expect(least - found).toBeLessThanOrEqual(room);
      }),
      { numRuns: count },
    );
    expect(stalled).toBeLessThanOrEqual(1 + 0.1 * count); // of three problems, where there are few, one may
  });

  it('has the reference’s bits, paused or not', { timeout: patience(60_000) }, () => {
    fc.assert(
      fc.property(anyProblem(80), fc.constantFrom(0, 1, 3), fc.boolean(), ({ data, options }, pauseAfter, steps) => {
        const job = jobOf(data, { ...options, optimizer: 'lbfgs', epochs: 12, history: steps ? 'step' : 'epoch' });
        const expected = reference.fitSync(job);
        expectOutcome(backend.fitSync(job), expected);
        const paused = backend.fitSync({ ...job, plan: { ...job.plan, pauseAfter } });
        if (!paused.state) return;
        expectBits(backend.fitSync({ ...job, state: paused.state }).weights, expected.weights, 'weight after a pause');
      }),
      { numRuns: runs(60) },
    );
  });

  it('does not call converged what columns that are all but collinear keep above the minimum', () => {
    const rows = 20;
    for (let seed = 1; seed <= 5; seed++) {
      const uniform = normals(4 * rows, seed);
      for (const apart of [1e-3, 1e-5, 1e-6, 1e-8]) {
        // The same columns, and with the difference of the first two in place of the second.
        const near = new Float64Array(3 * rows);
        const plain = new Float64Array(3 * rows);
        for (let i = 0; i < rows; i++) {
          const [a, b, c] = uniform.subarray(4 * i);
          near.set([a, a + apart * b, c], 3 * i);
          plain.set([a, (near[3 * i + 1] - a) / apart, c], 3 * i);
        }
        for (const loss of ['quantile', 'hinge'] as const) {
          const y = Float64Array.from({ length: rows }, (_, i) => {
            const z = uniform[4 * i] + uniform[4 * i + 3];
            return loss === 'quantile' ? z : z > 0 ? 1 : -1;
          });
          const least = fitSync({ X: plain, y }, { loss, optimizer: 'newton' }).history.at(-1)!;
          // To Newton's equations columns that are closer are one.
          for (const optimizer of apart < 1e-6 ? (['lbfgs'] as const) : (['lbfgs', 'newton'] as const)) {
            const model = fitSync({ X: near, y }, { loss, optimizer });
            if (model.status === 'converged') {
              expect(model.history.at(-1)! - least, `${optimizer} ${apart}`).toBeLessThan(1e-6 * least + 1e-9);
            }
          }
        }
      }
    }
  });

  it('leaves exact zeros', () => {
    const [rows, cols] = [40, 120];
    const data = { X: normals(rows * cols, 1), y: normals(rows, 2) };
    for (const loss of ['quantile', 'epsilon_insensitive'] as const) {
      const model = fitSync(data, { loss, l1: 0.1, optimizer: 'lbfgs' });
      expect(model.status).toBe('converged');
      const kept = model.coefficients.filter((w) => w !== 0).length;
      expect(kept).toBeGreaterThan(0);
      expect(kept).toBeLessThanOrEqual(rows);
    }
  });
});
