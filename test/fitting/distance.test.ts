// How far models say that they are from the minimum of their objective.

import { describe, expect, it } from 'vitest';
import type { FitOptions, Model } from '../../lib/index.js';
import { fitsOf } from '../../lib/model/fits.js';
import { faces } from '../support/backends.js';
import { expectRefusal, normal, random, runs } from '../support/support.js';

/** Columns of scales from 1e-6 to 1e6, some far from 0, and targets of any unit with noise. */
function anyProblem(seed: number) {
  const uniform = random(seed);
  const rows = 30 + Math.floor(50 * uniform());
  const cols = 1 + Math.floor(5 * uniform());
  const unit = 10 ** (16 * uniform() - 8);
  const columns = Array.from({ length: cols }, () => {
    const scale = 10 ** (12 * uniform() - 6);
    return { scale, mean: uniform() < 0.3 ? 100 * scale : 0, slope: normal(uniform) };
  });
  const X = new Float64Array(rows * cols);
  const z = new Float64Array(rows);
  for (let i = 0; i < rows; i++) {
    z[i] = 1 + normal(uniform);
    columns.forEach(({ scale, mean, slope }, j) => {
      const value = normal(uniform);
      X[i * cols + j] = mean + scale * value;
      z[i] += slope * value;
    });
  }
  return { X, z, unit, rows, cols, uniform };
}

const powers = [0, 1, 1.5, 2, 2.5, 3, 5];
const tweedie = (power: number): FitOptions => ({ loss: { name: 'tweedie', power } });
const rules = ['sgd', 'adam', 'rmsprop', 'adagrad', 'nesterov', 'lion', 'rprop', 'adadelta', 'ftrl', 'asgd'] as const;

const still: FitOptions = { optimizer: { name: 'sgd', learningRate: 1e-300 }, epochs: 32 };

describe.each(faces)('optimality: $name', (face) => {
  const { fit: fitAsync, fitSync, fitIterator, fitPathSync, Model: Class } = face;
  const relativeOf = (model: Model): number => model.optimality.relative as number;

  /** What is said of these weights. */
  function relativeAt(data: { X: Float64Array; y: Float64Array }, like: Model, options: FitOptions): number {
    const model = fitSync(data, { ...options, ...still, warmStart: like });
    return relativeOf(model);
  }

  it('is for least squares by how much R² could rise', () => {
    for (let seed = 0; seed < runs(40); seed++) {
      const { X, z, unit } = anyProblem(seed);
      const y = z.map((value) => unit * value);
      const best = fitSync({ X, y });
      expect(relativeOf(best)).toBeLessThan(1e-12);
      for (const options of [{ optimizer: 'adam' }, { standardize: true, optimizer: 'sgd' }] as FitOptions[]) {
        const model = fitSync({ X, y }, options);
        const missing = best.score(X, y) - model.score(X, y);
        const what = `problem ${seed}, ${JSON.stringify(options)}`;
        expect(Math.abs(relativeOf(model) - missing), what).toBeLessThan(1e-6 * Math.max(1, missing));
      }
    }
  });

  it('does not depend on the units of y and of a column', () => {
    for (let seed = 0; seed < runs(30); seed++) {
      const { X, z, cols, rows, uniform } = anyProblem(seed);
      const model = fitSync({ X, y: z }, { optimizer: 'adam', epochs: 40 });
      const expected = relativeOf(model);
      const [ofY, ofColumn] = [10 ** (12 * uniform() - 6), 10 ** (12 * uniform() - 6)];
      const j = Math.floor(cols * uniform());
      const scaled = X.map((value, i) => (i % cols === j ? ofColumn * value : value));
      const json = model.toJSON();
      json.coefficients = json.coefficients.map((w, k) => (ofY * w) / (k === j ? ofColumn : 1));
      json.intercepts = json.intercepts.map((b) => ofY * b);
      const data = { X: scaled, y: z.map((value) => ofY * value) };
      const relative = relativeAt(data, Class.fromJSON<number>(json), {});
      expect(Math.abs(relative / expected - 1), `problem ${seed} of ${rows} rows`).toBeLessThan(1e-5);
    }
  });

  it('is what is left to gain of other losses, where Newton’s method can tell', () => {
    for (let seed = 50; seed < 50 + runs(15); seed++) {
      const { X, z, uniform } = anyProblem(seed);
      const classes = z.map((value) => Number(value + normal(uniform) > 1));
      const means = z.map((value) => Math.exp(Math.max(-3, Math.min(3, 0.4 * value))));
      const cases: [FitOptions, Float64Array][] = [
        [{ loss: 'logistic', l2: 0.1 }, classes],
        [{ loss: 'softmax', l2: 0.1 }, classes],
        [{ loss: 'squared_hinge', l2: 0.1 }, classes],
        [{ loss: 'poisson', l2: 0.01 }, means],
        [{ loss: 'gamma', l2: 0.01 }, means],
        [{ loss: 'tweedie', l2: 0.01 }, means],
        [{ loss: 'modified_huber', l2: 0.1 }, classes],
        [{ l1: 0.1 }, z],
        [{ nonNegative: true }, z],
      ];
      for (const [options, y] of cases) {
        const own = { ...options, standardize: true };
        const best = fitSync({ X, y }, own);
        const what = `problem ${seed}, ${JSON.stringify(options)}`;
        expect(best.status, what).toBe('converged');
        expect(relativeOf(best), what).toBeLessThan(1e-6);
        const model = fitSync({ X, y }, { ...own, optimizer: 'adam', epochs: 50 });
        const after = fitSync({ X, y }, { ...own, ...still, warmStart: model }).history[0];
        const [least] = best.history.slice(-1);
        const constant = fitSync({ X: X.map(() => 0), y }, { loss: options.loss });
        const metrics = constant.evaluate(X, y);
        const unit = metrics.kind === 'mean' ? metrics.deviance / 2 : metrics.loss;
        const missing = (after - least) / unit;
        expect(relativeOf(model) / missing, what).toBeGreaterThan(0.2);
        expect(relativeOf(model) / missing, what).toBeLessThan(10);
      }
    }
  });

  /** What a loss takes for these values of z, and a name for each. */
  function targetsOf(z: Float64Array, unit: number, uniform: () => number): [FitOptions, Float64Array][] {
    const classes = z.map((value) => Number(value + normal(uniform) > 1));
    const means = z.map((value) => unit * Math.exp(Math.max(-3, Math.min(3, 0.4 * value))));
    const values = z.map((value) => unit * (value + 1000 * uniform()));
    const ofClasses = ['logistic', 'softmax', 'hinge', 'squared_hinge', 'modified_huber', 'perceptron'] as const;
    const ofValues = ['squared', 'huber', 'quantile', 'epsilon_insensitive', 'squared_epsilon_insensitive'] as const;
    const ofMeans: FitOptions[] = [{ loss: 'poisson' }, { loss: 'gamma' }, ...powers.map(tweedie)];
    return [
      ...ofClasses.map((loss): [FitOptions, Float64Array] => [{ loss }, classes]),
      ...ofValues.map((loss): [FitOptions, Float64Array] => [{ loss }, values]),
      [{ loss: { name: 'quantile', quantile: 0.95 } }, values],
      ...ofMeans.map((options): [FitOptions, Float64Array] => [options, means]),
    ];
  }

  it('is null or near what a solver finds, of any loss after a few epochs of any rule', async () => {
    const misses: string[] = [];
    let known = 0;
    const problems = runs(Number(process.env.NABLA_SWEEP ?? 10));
    for (let seed = 100; seed < 100 + problems; seed++) {
      const { X, z, unit, uniform } = anyProblem(seed);
      for (const [options, y] of targetsOf(z, unit ** 0.5, uniform)) {
        const own = { ...options, standardize: uniform() < 0.8, l2: uniform() < 0.5 ? 0.01 : 0 };
        const optimizer = { name: rules[Math.floor(rules.length * uniform())], learningRate: 10 ** (-3 * uniform()) };
        const loop: FitOptions[] = [{}, { batchSize: 7 }, { averaging: 'polyak' }, { patience: 3, restoreBest: true }];
        const epochs = 1 + Math.floor(60 * uniform());
        const few = { ...own, optimizer, epochs, ...loop[Math.floor(4 * uniform())] } as FitOptions;
        const model = fitSync({ X, y }, few);
        const best = fitSync({ X, y }, { ...own, optimizer: 'auto', epochs: 10_000 });
        const objective = (at: Model) => fitSync({ X, y }, { ...own, ...still, epochs: 1, warmStart: at }).history[0];
        const missing = objective(model) - objective(best);
        if (model.status === 'diverged' || !Number.isFinite(missing)) continue;
        const constant = fitSync({ X: X.map(() => 0), y }, { loss: options.loss, optimizer: 'auto' });
        const metrics = constant.evaluate(X, y);
        const positive = y.reduce((sum, value) => sum + value, 0) / y.length;
        const usual = metrics.kind === 'mean' ? metrics.deviance / 2 : metrics.loss;
        const ofConstant = options.loss === 'perceptron' ? Math.min(positive, 1 - positive) : usual;
        if (ofConstant === 0) continue;
        const truth = missing / ofConstant;
        const asked = await fitsOf(Class).fit({ X, y }, few, undefined, true);
        const what = `problem ${seed}, ${JSON.stringify(few)} ${model.status} ${best.status}`;
        for (const { optimality } of [model, asked]) {
          const { relative } = optimality;
          if (relative === null) continue;
          known += 1;
          const isNear = relative > truth / 3 - 1e-6 && relative < 3 * truth + 1e-6;
          if (!isNear) misses.push(`${relative} for ${truth}: ${what}`);
        }
        if (asked.optimality.relative === null) misses.push(`null for ${truth}: ${what}`);
      }
    }
    expect(misses).toEqual([]);
    expect(known).toBeGreaterThan(10 * problems);
  });

  it('has the duality gap of an interior point method', () => {
    const { X, z } = anyProblem(7);
    for (const loss of ['quantile', 'epsilon_insensitive'] as const) {
      const { optimality } = fitSync({ X, y: z }, { loss, optimizer: 'newton', epochs: 4 });
      const end = fitSync({ X, y: z }, { loss, optimizer: 'newton' });
      const cut = fitSync({ X, y: z }, { loss, optimizer: 'newton', epochs: 4 }).history[3];
      expect(optimality.gap).toBeGreaterThanOrEqual(cut - end.history[end.epochs - 1]);
      expect(optimality.relative).toBeGreaterThan(0);
      expect(end.optimality.gap).toBeLessThan(1e-9 * end.history[0]);
      expect(end.optimality.relative).toBeLessThan(1e-9);
    }
  });

  it('is small at the minimum of perceptron, whose loss is 0 at 0 and near the mean of balanced classes', () => {
    for (let seed = 0; seed < runs(10); seed++) {
      const { X, z, rows } = anyProblem(seed);
      const y = z.map((_, i) => (i % 2 ? 1 : -1));
      const offset = z.map((value, i) => value + (i % 3));
      for (const optimizer of ['newton', 'lbfgs'] as const) {
        for (const intercept of [true, false]) {
          const options: FitOptions = { loss: 'perceptron', optimizer, intercept, standardize: true, l2: 0.01 };
          const model = fitSync({ X, y, rows, offset }, options);
          if (model.status === 'converged') expect(relativeOf(model), `${seed} ${optimizer}`).toBeLessThan(1e-6);
          expect(model.optimality.gap).toBeGreaterThan(-1e-300);
          expect(model.optimality.relative).not.toBeNull();
        }
      }
    }
  });

  it('is large where a fit by adam leaves columns of other scales where they were', () => {
    const X = Float64Array.from({ length: 400 }, (_, i) => (i % 2 ? Math.cos(3 * i) : 1e3 * Math.sin(i)));
    const y = Float64Array.from({ length: 200 }, (_, i) => 3 * X[2 * i] - 2 * X[2 * i + 1] + 5);
    const { optimality, history } = fitSync({ X, y }, { optimizer: 'adam' });
    expect(optimality.relative).toBeGreaterThan(0.5);
    expect(optimality.gradientNorm).toBe(history.gradientNorm[99]);
    expect(optimality).not.toHaveProperty('gap');
    expect(fitSync({ X, y }).optimality.relative).toBeLessThan(1e-12);
  });

  it('is 0 for constant targets that are met, and more where they are not', () => {
    const X = Float64Array.from({ length: 100 }, (_, i) => Math.sin(i));
    const y = new Float64Array(100).fill(0.1);
    expect(fitSync({ X, y }).optimality.relative).toBe(0);
    const { relative } = fitSync({ X, y }, { optimizer: { name: 'adam', learningRate: 1e-4 } }).optimality;
    expect(relative).toBeGreaterThan(0.5);
    expect(relative).toBeLessThan(1);
    expect(fitSync({ X, y: y.fill(0) }, { optimizer: 'adam' }).optimality.relative).toBe(0);
  });

  it('is about 1 at most from z = 0 where a constant prediction is at the least loss', () => {
    const X = Float64Array.from({ length: 60 }, (_, i) => Math.sin(i));
    const cases: [FitOptions['loss'], number][] = [
      ['logistic', 1],
      ['hinge', 1],
      ['squared_hinge', 1],
      ['huber', 7],
      ['quantile', 7],
      ['epsilon_insensitive', 7],
      ['poisson', 7],
      ['gamma', 7],
      [{ name: 'tweedie', power: 3 }, 7],
    ];
    for (const [loss, value] of cases) {
      const y = new Float64Array(60).fill(value);
      for (const options of [{}, { optimizer: 'adam' }, { optimizer: 'adam', epochs: 5 }] as FitOptions[]) {
        const relative = relativeOf(fitSync({ X, y }, { loss, ...options })) ?? 0;
        expect(relative, JSON.stringify([loss, options])).toBeLessThan(1.01);
      }
    }
  });

  it('is large of Huber’s loss where all residuals are in its linear part, and of tweedie’s for tiny targets', () => {
    const X = Float64Array.of(1, 2, 3, 4, 5, 6, 7, 8);
    const y = X.map((value) => 2 * value + 1000);
    expect(relativeOf(fitSync({ X, y }, { loss: 'huber', optimizer: 'adam' }))).toBeGreaterThan(100);
    for (const power of [3, 5]) {
      const tiny = X.map((value) => 1e-6 * Math.exp(0.3 * value));
      const model = fitSync({ X, y: tiny }, { loss: { name: 'tweedie', power }, optimizer: 'adam' });
      expect(relativeOf(model), `power ${power}`).toBeGreaterThan(0.5);
    }
  });

  it('is the same off the thread and epoch by epoch', async () => {
    const { X, z: y } = anyProblem(11);
    for (const options of [{}, { optimizer: 'adam' }, { optimizer: 'adam', epochs: 5 }] as FitOptions[]) {
      const { optimality } = fitSync({ X, y }, options);
      expect((await fitAsync({ X, y }, options)).optimality).toEqual(optimality);
      const epochs = fitIterator({ X, y }, options);
      for await (const _ of epochs);
      expect((await epochs.model).optimality).toEqual(optimality);
    }
  });

  it('is told by lbfgs that has ended before its minimum, after however few epochs', () => {
    for (let seed = 0; seed < runs(4); seed++) {
      const { X, z, unit, uniform } = anyProblem(seed);
      for (const [options, y] of targetsOf(z, unit ** 0.5, uniform)) {
        for (const epochs of [1, 2, 5, 20]) {
          const model = fitSync({ X, y }, { ...options, standardize: true, l2: 0.01, optimizer: 'lbfgs', epochs });
          const what = JSON.stringify({ seed, options, epochs, status: model.status });
          expect(model.status, what).not.toBe('diverged');
          expect(model.optimality.relative, what).not.toBe(null);
        }
      }
    }
  });

  it('is not known of few epochs of a rule, of nonsmooth losses by one on much data, between two models', () => {
    const { X, z: y } = anyProblem(12);
    expect(relativeOf(fitSync({ X, y }, { optimizer: 'adam', epochs: 1 }))).toBe(null);
    const many = { X: new Float64Array(4000).map((_, i) => Math.sin(i)), y: new Float64Array(2000) };
    expect(relativeOf(fitSync(many, { optimizer: 'adam', loss: 'quantile' }))).toBe(null);
    const path = fitPathSync({ X, y }, { standardize: true });
    expect(path.models[5].optimality.relative).toBeLessThan(1e-9);
    const byRule = fitPathSync({ X, y }, { optimizer: 'adam', epochs: 40, lambdas: [0.1, 0.01], standardize: true });
    expect(byRule.models[1].optimality.relative).toBeGreaterThan(1e-3);
    expect(relativeOf(path.at((path.lambdas[3] + path.lambdas[4]) / 2))).toBe(null);
  });

  it('comes back from a file, and is not known of files without it', () => {
    const { X, z: y } = anyProblem(13);
    for (const options of [{ loss: 'quantile' }, { optimizer: 'adam' }] as FitOptions[]) {
      const model = fitSync({ X, y }, options);
      const json = model.toJSON();
      expect(Class.fromJSON(JSON.parse(JSON.stringify(json))).optimality).toEqual(model.optimality);
      const { optimality: _, ...old } = json;
      expect(Class.fromJSON(old).optimality).toEqual({
        gradientNorm: model.optimality.gradientNorm,
        relative: null,
      });
      for (const wrong of [{ relative: -1 }, { relative: null }, { gap: '1' }, 3]) {
        expectRefusal(Class.fromJSON.bind(Class), [{ ...json, optimality: wrong }], 'ERR_MODEL_FORMAT');
      }
    }
  });
});
