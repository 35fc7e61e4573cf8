// Newton's method by as many equations as rows: smooth losses with l2 alone, of fewer rows than columns.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { FitData, FitOptions } from '../../lib/index.js';
import { faces, reference } from '../support/backends.js';
import { expectOutcome, jobOf, singlesOf } from '../support/jobs.js';
import { expectBits, expectClose, normals, runs } from '../support/support.js';

/** Derivatives of the losses. */
const slopes: Record<string, (y: number, z: number) => number> = {
  logistic: (y, z) => 1 / (1 + Math.exp(-z)) - y,
  poisson: (y, z) => Math.exp(z) - y,
  gamma: (y, z) => 1 - y * Math.exp(-z),
  huber: (y, z) => Math.max(-1, Math.min(1, z - y)),
  squared_hinge: (y, z) => -2 * (2 * y - 1) * Math.max(0, 1 - (2 * y - 1) * z),
  squared_epsilon_insensitive: (y, z) => 2 * Math.sign(z - y) * Math.max(0, Math.abs(z - y) - 0.1),
};
const names = Object.keys(slopes);

function made(loss: string, rows: number, cols: number, seed: number) {
  const X = normals(rows * cols, seed);
  const y = normals(rows, seed + 1).map((noise, i) => {
    const z = noise + X[i * cols] - X[i * cols + 1];
    if (loss === 'logistic' || loss === 'squared_hinge') return i === 0 ? 0 : i === 1 || z > 0 ? 1 : 0;
    if (loss === 'poisson') return Math.round(Math.exp(z)) + (i === 0 ? 1 : 0); // of counts of 0 there is no minimum
    return loss === 'gamma' ? Math.exp(z) : z;
  });
  const sampleWeight = normals(rows, seed + 2).map((w) => 0.3 + Math.abs(w));
  const offset = normals(rows, seed + 3).map((o) => 0.2 * o);
  return { X, y, sampleWeight, offset };
}

const any = fc.record({
  loss: fc.constantFrom(...names),
  rows: fc.constantFrom(2, 7, 8, 9, 31, 32, 33, 60),
  more: fc.constantFrom(1, 2, 31, 70),
  l2: fc.constantFrom(1e-4, 0.1, 3),
  intercept: fc.boolean(),
  standardize: fc.boolean(),
  factors: fc.boolean(),
  seed: fc.nat(1e6),
});

const factorsOf = (cols: number, uneven: boolean) =>
  Float64Array.from({ length: cols }, (_, j) => (uneven ? 0.5 + (j % 3) : 1));

describe.each(faces)('few rows of many columns: $name', ({ fitSync, backend }) => {
  it('end where no slope is left', () => {
    fc.assert(
      fc.property(any, ({ loss, rows, more, l2, intercept, factors: uneven, seed }) => {
        const cols = Math.max(rows, 32) + more;
        const data = made(loss, rows, cols, seed);
        const factors = factorsOf(cols, uneven);
        const options: FitOptions = { loss: loss as 'huber', l2, intercept, penaltyFactors: factors };
        const model = fitSync(data, { ...options, optimizer: 'newton', tolerance: 0 });
        expect(model.status).toBe('converged');
        expect(model.epochs).toBeLessThan(60);
        const { X, y, sampleWeight, offset } = data;
        const total = sampleWeight.reduce((sum, w) => sum + w, 0);
        const g = factors.map((factor, j) => l2 * factor * model.coefficients[j]);
        let sum = 0;
        let size = 0;
        for (let i = 0; i < rows; i++) {
          let z = model.intercept + offset[i];
          for (let j = 0; j < cols; j++) z += X[i * cols + j] * model.coefficients[j];
          const slope = (sampleWeight[i] * slopes[loss](y[i], z)) / total;
          sum += slope;
          size = Math.max(size, (sampleWeight[i] * (1 + Math.abs(y[i]))) / total);
          for (let j = 0; j < cols; j++) g[j] += X[i * cols + j] * slope;
        }
        const room = 1e-6 * size;
        if (intercept) expect(Math.abs(sum)).toBeLessThanOrEqual(room);
        for (const slope of g) expect(Math.abs(slope)).toBeLessThanOrEqual(room);
      }),
      { numRuns: runs(150) },
    );
  });

  it('have the reference’s bits, paused or not', () => {
    fc.assert(
      fc.property(any, fc.constantFrom(0, 1, 2), fc.boolean(), (given, pauseAfter, singles) => {
        const { loss, rows, more, seed, factors: uneven, ...options } = given;
        const cols = Math.max(rows, 32) + more;
        const data = made(loss, rows, cols, seed);
        const job = jobOf(
          { ...data, X: singles ? singlesOf(data.X) : data.X },
          {
            ...options,
            loss: loss as 'huber',
            penaltyFactors: factorsOf(cols, uneven),
            optimizer: 'newton',
            validationFraction: rows > 9 ? 0.25 : 0,
            epochs: 8,
            history: pauseAfter === 0 ? 'step' : 'epoch',
          },
        );
        const expected = reference.fitSync(job);
        expectOutcome(backend.fitSync(job), expected);
        const paused = backend.fitSync({ ...job, plan: { ...job.plan, pauseAfter } });
        if (!paused.state) return;
        const rest = backend.fitSync({ ...job, state: paused.state });
        expectBits(rest.weights, expected.weights, 'weight after a pause');
        expectBits([...paused.loss, ...rest.loss], expected.loss, 'loss after a pause');
      }),
      { numRuns: runs(100) },
    );
  });

  it('two outputs are fits of their own', () => {
    const [rows, cols] = [12, 40];
    const X = normals(rows * cols, 1);
    const y = normals(2 * rows, 2).map(Math.exp);
    const options = { loss: 'gamma', l2: 0.05, optimizer: 'newton', tolerance: 0 } as const;
    const both = fitSync({ X, y, rows }, options);
    for (const k of [0, 1]) {
      const alone = fitSync({ X, y: y.filter((_, at) => at % 2 === k) }, options);
      expectClose(both.coefficients.subarray(k * cols, (k + 1) * cols), alone.coefficients, 1e-7, 1);
    }
  });

  it('start from where a model is, and may go too far', () => {
    const data: FitData = made('poisson', 20, 50, 4);
    const options: FitOptions = { loss: 'poisson', l2: 1e-3, optimizer: 'newton', tolerance: 0 };
    const model = fitSync(data, options);
    expect(fitSync(data, { ...options, warmStart: model }).epochs).toBeLessThanOrEqual(2);
    // From far below a full step would end where exp overflows.
    const y = (data.y as Float64Array).map((_, i) => (i % 2 ? 0 : 1e5));
    const below = fitSync({ ...data, y: y.map((v) => v / 1e5) }, options);
    const far = fitSync({ ...data, y }, { ...options, warmStart: below });
    expect(far.status).toBe('converged');
    expect(Math.min(...far.history.learningRate)).toBeLessThan(1);
  });
});
