// Models of few columns: fits in which l1, or a bound at 0, holds most coefficients at 0.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Backend } from '../../lib/backend/interface.js';
import { knownPlaces } from '../../lib/backend/plan.js';
import type { FitData, FitOptions } from '../../lib/index.js';
import { WorkingSet } from '../../lib/reference/solver/workingset.js';
import { faces, native, reference } from '../support/backends.js';
import { expectOutcome, jobOf } from '../support/jobs.js';
import { expectBits, expectClose, normals, runs } from '../support/support.js';

const backends: Backend[] = native ? [reference, native] : [reference];

/** Derivatives of the losses of which the conditions of a minimum are checked. */
const slopes: Record<string, (y: number, z: number) => number> = {
  squared: (y, z) => z - y,
  logistic: (y, z) => 1 / (1 + Math.exp(-z)) - y,
  poisson: (y, z) => Math.exp(z) - y,
  huber: (y, z) => Math.max(-1, Math.min(1, z - y)),
};

function made(loss: string, rows: number, cols: number, seed: number): FitData {
  const common = normals(rows, seed + 3);
  const X = normals(rows * cols, seed).map((x, at) => x + 0.7 * common[Math.floor(at / cols)] + (at % 3));
  const y = normals(rows, seed + 1).map((noise, i) => {
    let z = noise;
    for (let j = 0; j < cols; j += Math.ceil(cols / 7)) z += (j % 2 ? -1 : 1) * (X[i * cols + j] - (j % 3));
    if (loss === 'logistic') return z > 0 ? 1 : 0;
    if (loss === 'softmax') return z > 1 ? 2 : z > -1 ? 1 : 0;
    return loss === 'poisson' ? Math.round(Math.exp(0.3 * z)) : z;
  });
  return { X, y };
}

describe.each(faces)('few of many columns: $name', ({ fitSync, fitPathSync }) => {
  const shapes = [
    [20, 150],
    [60, 300],
    [300, 129],
    [40, 2100],
  ];
  const penalties: FitOptions[] = [{ l1: 0.1 }, { l1: 0.01, l2: 0.01 }, { l1: 0.02, nonNegative: true }];

  it.each(Object.keys(slopes))('leaves no column that would lead down: %s', (loss) => {
    // Huber's loss is flat where this begins, so that its models need all columns.
    for (const [rows, cols] of shapes.slice(0, loss === 'huber' ? 3 : 4)) {
      const data = made(loss, rows, cols, rows + cols);
      const [X, y] = [data.X as Float64Array, data.y as Float64Array];
      for (const { l1 = 0, l2 = 0, nonNegative } of penalties) {
        const factors = Float64Array.from({ length: cols }, (_, j) => (j === 4 ? 0 : 0.5 + (j % 4)));
        const options: FitOptions = { loss: loss as 'huber', l1, l2, nonNegative, penaltyFactors: factors };
        const model = fitSync(data, { ...options, optimizer: 'newton', epochs: 300 });
        expect(model.status).toBe('converged');
        const w = model.coefficients;
        if (l2 === 0) expect(w.filter((x) => x !== 0).length).toBeLessThanOrEqual(Math.min(rows, cols));
        const g = new Float64Array(cols);
        let sum = 0;
        for (let i = 0; i < rows; i++) {
          let z = model.intercept;
          for (let j = 0; j < cols; j++) z += X[i * cols + j] * w[j];
          const slope = slopes[loss](y[i], z) / rows;
          sum += slope;
          for (let j = 0; j < cols; j++) g[j] += X[i * cols + j] * slope;
        }
        const room = 1e-7;
        expect(Math.abs(sum)).toBeLessThanOrEqual(room);
        for (let j = 0; j < cols; j++) {
          const slope = g[j] + l2 * factors[j] * w[j];
          const bound = l1 * factors[j];
          if (w[j] !== 0) expect(Math.abs(slope + Math.sign(w[j]) * bound)).toBeLessThanOrEqual(room);
          else expect(nonNegative ? -slope : Math.abs(slope)).toBeLessThanOrEqual(bound + room);
          if (nonNegative) expect(w[j]).toBeGreaterThanOrEqual(0);
        }
      }
    }
  });

  it('finds what all columns at once do, of softmax and of two targets', () => {
    const [rows, cols] = [80, 110];
    const labels = made('softmax', rows, cols, 1);
    const two = { X: labels.X, y: normals(2 * rows, 5), rows };
    for (const [data, options] of [
      [labels, { loss: 'softmax', l1: 0.03 }],
      [two, { l1: 0.2 }],
    ] as [FitData, FitOptions][]) {
      const asked = { ...options, epochs: 3000, tolerance: 1e-13 } as const;
      const [found, other] = (['newton', 'lbfgs'] as const).map((optimizer) => fitSync(data, { ...asked, optimizer }));
      expect(found.status).toBe('converged');
      expectClose([found.history.at(-1)!], [other.history.at(-1)!], 1e-9);
      const zeros = [...found.coefficients].filter((w) => w === 0).length;
      expect(zeros).toBeGreaterThan(cols);
      expectClose(found.coefficients, other.coefficients, 1e-4, 1);
    }
  });

  it('nothing joins where l1 holds all, with an intercept or without', () => {
    const data = made('squared', 10, 200, 3);
    for (const intercept of [true, false]) {
      const model = fitSync(data, { l1: 1e3, optimizer: 'newton', intercept });
      expect(model.status).toBe('converged');
      expect([...model.coefficients].every((w) => Object.is(w, 0))).toBe(true);
      const mean = (data.y as Float64Array).reduce((sum, y) => sum + y, 0) / 10;
      expectClose([model.intercept], [intercept ? mean : 0], 1e-12);
    }
  });

  it('non-negative least squares that meet every row end at 0', () => {
    const [rows, cols] = [30, 160];
    const X = normals(rows * cols, 8).map(Math.abs);
    const y = Float64Array.from({ length: rows }, (_, i) => X[i * cols] + 2 * X[i * cols + 50]);
    const model = fitSync({ X, y }, { nonNegative: true, optimizer: 'auto' });
    expect(model).toMatchObject({ optimizer: 'newton', status: 'converged' });
    expect(model.history.at(-1)).toBeLessThan(1e-20);
    expect(model.epochs).toBeLessThan(20);
  });

  it('a path has the models that fits alone have', () => {
    for (const [rows, cols] of [
      [40, 140], // XᵀX of all columns is kept
      [20, 200], // it is not
      [200, 150],
    ]) {
      const data = made('squared', rows, cols, cols);
      const path = fitPathSync(data, { full: true, minRatio: 0.05, count: 8, tolerance: 1e-14 });
      path.models.forEach((model, i) => {
        const alone = fitSync(data, { l1: path.lambdas[i], optimizer: 'newton', tolerance: 1e-14 });
        expectClose(model.coefficients, alone.coefficients, 1e-7, 1, `model ${i}, weight`);
      });
    }
  });
});

describe.each(backends)('few of many columns, bits: $name', (backend) => {
  const any = fc.record({
    loss: fc.constantFrom('squared', 'squared', 'logistic', 'poisson', 'huber', 'softmax', 'squared_hinge'),
    rows: fc.constantFrom(1, 2, 9, 33, 64, 130),
    cols: fc.constantFrom(1, 2, 63, 64, 65, 127, 129, 200),
    part: fc.constantFrom(2, 0.5, 0.1, 0.01),
    l2: fc.constantFrom(0, 0.01),
    nonNegative: fc.constantFrom(false, false, true),
    intercept: fc.boolean(),
    standardize: fc.boolean(),
    factors: fc.boolean(),
    singles: fc.boolean(),
    held: fc.boolean(),
    known: fc.boolean(),
    pauseAfter: fc.constantFrom(0, 0, 1, 2),
    seed: fc.nat(1e6),
  });

  it('are the reference’s, paused or not', () => {
    fc.assert(
      fc.property(any, ({ loss, rows, cols, part, factors, singles, held, known, pauseAfter, seed, ...options }) => {
        const data = made(loss === 'squared_hinge' ? 'logistic' : loss, rows, cols, seed);
        const given = { ...options, ...(loss === 'softmax' ? { classes: 3 } : {}) };
        const job = jobOf(
          { ...data, X: singles ? Float32Array.from(data.X) : data.X, sampleWeight: normals(rows, 4).map(Math.abs) },
          {
            ...given,
            loss: loss as 'squared',
            l1: part,
            optimizer: 'newton',
            epochs: 12,
            penaltyFactors: factors ? Float64Array.from({ length: cols }, (_, j) => j % 5) : undefined,
            validationFraction: held && rows > 2 ? 0.3 : 0,
          },
        );
        const isKnown = known && loss === 'squared';
        const shared = () => (isKnown ? new Float64Array(knownPlaces(job.plan).length) : null);
        const expected = reference.fitSync({ ...job, known: shared() });
        expectOutcome(backend.fitSync({ ...job, known: shared() }), expected);
        if (pauseAfter === 0 || isKnown) return;
        const paused = backend.fitSync({ ...job, plan: { ...job.plan, pauseAfter } });
        if (!paused.state) return;
        const rest = backend.fitSync({ ...job, state: paused.state });
        expectBits(rest.weights, expected.weights, 'weight after a pause');
        expectBits([...paused.loss, ...rest.loss], expected.loss, 'loss after a pause');
      }),
      { numRuns: runs(120) },
    );
  });
});

describe('the working set', () => {
  const cols = 200;
  const plan = jobOf(made('squared', 5, cols, 1), { l1: 1, optimizer: 'newton' }).plan;
  const square = new Float64Array(cols).fill(1);
  const smooth = { penalty: { l1: 1, l2: 0, factors: null, bounds: null }, penalized: cols };
  const set = () => new WorkingSet(plan, { square } as never, smooth as never, true);

  it('has what is not 0, and the steepest 64 of the others, ascending', () => {
    const weights = new Float64Array(cols + 1);
    weights[150] = -3;
    const gradient = Float64Array.from({ length: cols + 1 }, (_, j) => (j % 2 ? 1 : -1) * (j / 100));
    const chosen = set();
    expect(chosen.choose(weights, gradient)).toBe(true);
    expect([...chosen.columns]).toEqual([...Array.from({ length: 65 }, (_, i) => 135 + i)]);
    expect(chosen.choose(weights, gradient)).toBe(false);
    // Half of those that are in, where these are many.
    weights.fill(1, 0, 180);
    expect(chosen.choose(weights, gradient)).toBe(true);
    expect(chosen.isWhole).toBe(true);
  });

  it('tells what could be gained outside of it', () => {
    const chosen = set();
    const gradient = new Float64Array(cols + 1);
    for (let j = 0; j < 66; j++) gradient[j] = 5 - j / 64;
    chosen.choose(new Float64Array(cols + 1), gradient);
    expect(chosen.columns.length).toBe(64);
    const gain = (j: number) => (gradient[j] - 1) ** 2 / 2 / 0.25;
    expectClose(
      [chosen.decreaseOutsideWorkingSet(new Float64Array(cols + 1), gradient, Float64Array.of(0.25))],
      [gain(64) + gain(65)],
      1e-14,
    );
  });
});
