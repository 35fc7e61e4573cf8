// What a fit is without options, or with options that only update rules have.
import { describe, expect, it } from 'vitest';
import type { FitOptions } from '../../lib/index.js';
import { readFitOptions } from '../../lib/input/options.js';
import { faces } from '../support/backends.js';
import { expectBits, expectClose, normal, random, runs } from '../support/support.js';

/** Columns of any scale, some far from 0, and targets that they explain but for noise. */
function anyProblem(seed: number) {
  const uniform = random(seed);
  const rows = 20 + Math.floor(60 * uniform());
  const cols = 1 + Math.floor(5 * uniform());
  const unit = 10 ** (24 * uniform() - 12);
  const columns = Array.from({ length: cols }, () => {
    const scale = 10 ** (12 * uniform() - 6);
    return { scale, mean: uniform() < 0.3 ? 1e3 * scale : 0, slope: uniform() < 0.5 ? -1 : 1 };
  });
  const X = new Float64Array(rows * cols);
  const y = new Float64Array(rows);
  for (let i = 0; i < rows; i++) {
    let z = 2 + 0.1 * normal(uniform);
    columns.forEach(({ scale, mean, slope }, j) => {
      const value = normal(uniform);
      X[i * cols + j] = mean + scale * value;
      z += slope * value;
    });
    y[i] = unit * z;
  }
  return { X, y, unit, uniform };
}

describe.each(faces)('the default: $name', ({ fit: fitAsync, fitSync, fitManySync, fitIterator }) => {
  it('recovers a plane whose columns have any scale', () => {
    const X = Float64Array.from({ length: 400 }, (_, i) => (i % 2 === 0 ? 1e6 * Math.sin(i) : 5 + Math.cos(3 * i)));
    const y = Float64Array.from({ length: 200 }, (_, i) => 3 * X[2 * i] - 2 * X[2 * i + 1] + 5);
    const model = fitSync({ X, y });
    expectClose(model.coefficients, [3, -2], 1e-9);
    expect(model.intercept).toBeCloseTo(5, 5);
    expect(model).toMatchObject({ optimizer: 'exact', status: 'converged' });
    expect(model.score(X, y)).toBeGreaterThan(1 - 1e-12);
  });

  it('explains targets of any unit by columns of any scale, by each loss of numbers', () => {
    for (let seed = 0; seed < runs(40); seed++) {
      const { X, y, unit } = anyProblem(seed);
      const losses: FitOptions['loss'][] = [
        'squared',
        { name: 'huber', delta: unit },
        'quantile',
        { name: 'epsilon_insensitive', epsilon: 0.05 * unit },
        { name: 'squared_epsilon_insensitive', epsilon: 0.05 * unit },
      ];
      for (const loss of losses) {
        const model = fitSync({ X, y }, { loss });
        expect(model.score(X, y), `${JSON.stringify(loss)} of problem ${seed}`).toBeGreaterThan(0.9);
      }
    }
  });

  it('tells classes apart, and predicts counts and amounts', () => {
    for (let seed = 100; seed < 100 + runs(20); seed++) {
      const { X, y, unit, uniform } = anyProblem(seed);
      const classes = y.map((value) => Number(value / unit + 0.5 * normal(uniform) > 2));
      const means = y.map((value) => Math.exp(Math.min(3, value / unit)));
      const counts = { X, y: means.map((mean) => Math.round(mean)) };
      const some = classes.includes(0) && classes.includes(1);
      if (some) {
        for (const loss of ['logistic', 'softmax', 'hinge', 'squared_hinge'] as const) {
          const share = classes.reduce((sum, c) => sum + c, 0) / classes.length;
          const accuracy = fitSync({ X, y: classes }, { loss }).score(X, classes);
          expect(accuracy, `${loss} of problem ${seed}`).toBeGreaterThanOrEqual(Math.max(share, 1 - share));
        }
      }
      expect(fitSync(counts, { loss: 'poisson' }).score(X, counts.y), `problem ${seed}`).toBeGreaterThan(0.5);
      for (const loss of ['gamma', 'tweedie'] as const) {
        const score = fitSync({ X, y: means }, { loss }).score(X, means);
        expect(score, `${loss} of problem ${seed}`).toBeGreaterThan(0.5);
      }
    }
  });

  it('is the optimizer auto with a tolerance of 1e-8, in each way to fit', async () => {
    const { X, y } = anyProblem(3);
    const options = { loss: 'quantile' } as const;
    const model = fitSync({ X, y }, options);
    expect(model.status).toBe('converged');
    expect(await fitAsync({ X, y }, options)).toEqual(model);
    const many = fitManySync([{ X, y }], options);
    expectBits(many.coefficients, model.coefficients);
    expect(many.statusOf(0)).toBe('converged');
    const epochs = fitIterator({ X, y }, options);
    for await (const _ of epochs);
    expect(await epochs.model).toEqual(model);
    const rest = { ...options, optimizer: 'auto' } as const;
    expect(fitSync({ X, y }, rest).epochs).toBeGreaterThanOrEqual(model.epochs);
  });

  it('counts iterations and a tolerance that are given', () => {
    const { X, y } = anyProblem(4);
    expect(fitSync({ X, y }, { loss: 'quantile', epochs: 2 })).toMatchObject({ epochs: 2, status: 'maxEpochs' });
    const one = fitSync({ X, y }, { loss: 'quantile', tolerance: 1e300 });
    expect(one).toMatchObject({ epochs: 1, status: 'converged' });
  });

  it('fits eight at once to the bits of one alone, at any scale', () => {
    const problems = Array.from({ length: 20 }, (_, seed) => {
      const { X, y, unit } = anyProblem(200 + seed);
      const rows = 20;
      const cols = X.length / y.length;
      const column = Float64Array.from({ length: rows }, (_, i) => X[i * cols] / Math.abs(X[0]));
      return { X: column, y: y.slice(0, rows).map((value) => Math.abs(value / unit) * 10 ** -(seed % 12) + 1e-300) };
    });
    const many = fitManySync(problems, { loss: 'poisson', l2: 1e-3 });
    problems.forEach((problem, i) => {
      const alone = fitSync(problem, { loss: 'poisson', l2: 1e-3 });
      expectBits(many.at(i).coefficients, alone.coefficients, `problem ${i}, coefficient`);
      expect(many.epochs[i]).toBe(alone.epochs);
    });
  });
});

describe('the optimizer that nobody names', () => {
  const adam: FitOptions[] = [
    { schedule: 'constant' },
    { batchSize: 10 },
    { sampler: 'shuffled' },
    { averaging: 'polyak' },
    { clipNorm: 1 },
    { clipValue: 1 },
    { keepState: true },
    { history: 'step' },
    { gram: false },
  ];

  it.each(adam)('is adam with its own defaults where only update rules have an option: %j', (options) => {
    const { optimizer, plan } = readFitOptions(options);
    expect(optimizer).toBe('adam');
    expect(plan).toMatchObject({ solver: 0, epochs: 100, tolerance: 0, scalesTolerance: false });
  });

  it.each<FitOptions>([
    {},
    { sampler: 'full' },
    { averaging: 'none' },
    { sampler: { name: 'full' }, averaging: { name: 'none' } },
    { clipNorm: 0, clipValue: 0 },
    { keepState: false },
    { history: 'epoch' },
    { l1: 1, l2: 2, nonNegative: true, standardize: true, patience: 3, restoreBest: true, seed: 4 },
  ])('is auto otherwise: %j', (options) => {
    const { optimizer, plan } = readFitOptions(options);
    expect(optimizer).toBe('auto');
    expect(plan).toMatchObject({ epochs: 1000, tolerance: 1e-8, scalesTolerance: true });
  });

  it('leaves the tolerance of a solver that is named at 0', () => {
    for (const optimizer of ['auto', 'newton', 'lbfgs', 'exact'] as const) {
      expect(readFitOptions({ optimizer }).plan).toMatchObject({ epochs: 1000, tolerance: 0, scalesTolerance: false });
    }
  });
});
