// Paths over λ: where they begin, that each model is what a fit of its own gives, and what they tell.
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { FitData, FitOptions, PathOptions } from '../../lib/index.js';
import { mean, plainLosses } from '../support/algebra.js';
import { type Face, faces } from '../support/backends.js';
import {
  detach,
  expectBits,
  expectClose,
  expectRefusal,
  expectRejection,
  normals,
  problem,
  resizable,
  runs,
} from '../support/support.js';

const fixture = (name: string) =>
  JSON.parse(readFileSync(new URL(`../fixtures/${name}.json`, import.meta.url), 'utf8'));
const diabetes = fixture('diabetes');
const sick = { X: Float64Array.from(diabetes.X as number[]), y: Float64Array.from(diabetes.y as number[]) };

const rows = 80;
const cols = 5;
const { X, y } = problem(rows, cols, 1, 2);
const noise = normals(3 * rows, 5);
const counts = y.map((value, i) => Math.max(0, Math.round(Math.abs(value / 4 + noise[i]))));
const two = y.map((value, i) => (value + 4 * noise[i] > 0 ? 1 : 0));
const three = y.map((value, i) => (value + 4 * noise[i] > 2 ? 2 : value > -3 ? 1 : 0));
const sampleWeight = noise.slice(0, rows).map(Math.abs);
const offset = noise.slice(rows, 2 * rows);

/** The population deviation of each column. */
function deviations(X: Float64Array, cols: number): Float64Array {
  return Float64Array.from({ length: cols }, (_, j) => {
    const column = X.filter((_, at) => at % cols === j);
    const centre = mean(column);
    return Math.sqrt(mean(column.map((x) => (x - centre) ** 2)));
  });
}

type Case = [string, FitData, PathOptions];
const cases: Case[] = [
  ['squared', { X, y }, {}],
  ['standardized', { X, y }, { standardize: true }],
  ['weights and an offset', { X, y, sampleWeight, offset }, {}],
  ['without an intercept', { X, y }, { intercept: false, standardize: true }],
  ['factors', { X, y }, { penaltyFactors: [1, 0.5, 2, 1, 3] }],
  ['elastic net', { X, y }, { l1Ratio: 0.3 }],
  ['not negative', { X: X.map((x, at) => (at % cols === 4 ? -x : x)), y }, { nonNegative: true }],
  ['two targets', { X, y: Float64Array.from({ length: 2 * rows }, (_, at) => y[at >> 1] + noise[at]), rows }, {}],
  ['logistic', { X, y: two }, { loss: 'logistic', standardize: true, sampleWeight }],
  ['balanced classes', { X, y: two }, { loss: 'logistic', classWeight: 'balanced' }],
  ['softmax', { X, y: three }, { loss: 'softmax' }],
  ['squared hinge', { X, y: two }, { loss: 'squared_hinge' }],
  ['huber', { X, y }, { loss: { name: 'huber', delta: 2 } }],
  ['poisson', { X, y: counts, offset: offset.map((x) => x / 4) }, { loss: 'poisson' }],
  ['gamma', { X, y: counts.map((count) => count + 0.5) }, { loss: 'gamma' }],
];

/** A fit of its own at a λ. */
function cold({ fitSync }: Face, data: FitData, { l1Ratio = 1, ...options }: PathOptions, lambda: number) {
  return fitSync(data, {
    optimizer: 'auto',
    ...options,
    l1: lambda * l1Ratio,
    l2: lambda * (1 - l1Ratio),
  } as FitOptions);
}

describe.each(faces)('paths: $name', (face) => {
  const { fitPath, fitPathSync, Model } = face;

  it.each(['lasso', 'elasticNet'])('of %s agree with scikit-learn on diabetes, zeros included', (name) => {
    const { alphas, coefficients, l1Ratio, intercept } = diabetes[name];
    const path = fitPathSync(sick, { standardize: true, lambdas: alphas, l1Ratio });
    const scale = deviations(sick.X, 10);
    expect(path.length).toBe(20);
    path.models.forEach((model, i) => {
      expectClose(
        model.coefficients.map((w, j) => w * scale[j]),
        coefficients[i],
        1e-6,
        50,
        `coefficient at ${i},`,
      );
      expect([...model.coefficients].map((w) => w === 0)).toEqual(coefficients[i].map((w: number) => w === 0));
    });
    expect(Array.from(path.nonZero)).toEqual(
      coefficients.map((w: number[]) => w.filter((value) => value !== 0).length),
    );
    expectClose([path.models[0].intercept], [intercept], 1e-12);
    const own = fitPathSync(sick, { standardize: true, l1Ratio, minRatio: 1e-3, count: 20, full: true });
    expectClose(own.lambdas, alphas, 1e-12);
  });

  it.each(cases)('begin where all coefficients are 0: %s', (_name, data, options) => {
    const path = fitPathSync(data, { ...options, count: 3 });
    const [largest] = path.lambdas;
    expect(path.models[0]).toMatchObject({ status: 'converged', epochs: 0 });
    expect(path.nonZero[0]).toBe(0);
    expectClose([path.devianceRatio[0]], [0], 0, 1);
    expect([...cold(face, data, options, 1.0001 * largest).coefficients].every((w) => w === 0)).toBe(true);
    expect([...cold(face, data, options, 0.999 * largest).coefficients].some((w) => w !== 0)).toBe(true);
    expect(path.nonZero[2]).toBeGreaterThan(0);
  });

  it.each(cases)('give what fits of their own give: %s', (_name, data, options) => {
    const path = fitPathSync(data, { ...options, count: 6, minRatio: 0.01, full: true });
    path.models.forEach((model, i) => {
      const alone = cold(face, data, options, path.lambdas[i]);
      expectClose(model.coefficients, alone.coefficients, 1e-5, 1, `coefficient at ${i},`);
      // Of softmax only differences between classes count.
      const z = (of: typeof model) =>
        of.loss === 'softmax' ? of.predictProba(data.X) : of.decision(data.X, data.offset);
      expectClose(z(model), z(alone), 1e-5, 1, `z at ${i},`);
    });
    for (const [i, ratio] of path.devianceRatio.entries()) {
      if (i > 0) expect(ratio).toBeGreaterThan(path.devianceRatio[i - 1]);
    }
  });

  it('leave no slope beyond λ, whatever the shape and however columns depend on each other', () => {
    const shape = fc.record({
      rows: fc.integer({ min: 2, max: 60 }),
      cols: fc.integer({ min: 1, max: 40 }),
      correlation: fc.constantFrom(0, 0.5, 0.95, 0.9999),
      place: fc.constantFrom(0, 10),
      l1Ratio: fc.constantFrom(1, 0.7),
      intercept: fc.boolean(),
      seed: fc.nat(1e6),
    });
    fc.assert(
      fc.property(shape, ({ rows, cols, correlation, place, l1Ratio, intercept, seed }) => {
        const own = normals(rows * cols, seed);
        const common = normals(rows, seed + 1);
        const mix = (x: number, row: number) => Math.sqrt(1 - correlation) * x + Math.sqrt(correlation) * common[row];
        const X = own.map((x, at) => place + mix(x, Math.floor(at / cols)) * (1 + ((at % cols) % 3)));
        const y = normals(rows, seed + 2).map((e, i) => e + X[i * cols] - 2 * X[i * cols + cols - 1]);
        const path = fitPathSync({ X, y, rows }, { count: 8, minRatio: 1e-3, full: true, l1Ratio, intercept });
        path.models.forEach((model, k) => {
          const r = model.decision(X).map((z, i) => (z - y[i]) / rows);
          const slopes = model.coefficients.map((w, j) => {
            const slope = r.reduce((sum, ri, i) => sum + ri * X[i * cols + j], path.lambdas[k] * (1 - l1Ratio) * w);
            const bound = path.lambdas[k] * l1Ratio;
            return w === 0 ? Math.max(0, Math.abs(slope) - bound) : slope + bound * Math.sign(w);
          });
          expect(model.status).toBe('converged');
          const rounding = 1e-13 * (place + 10) * mean(y.map(Math.abs)); // of the sums here
          expect(Math.max(...slopes.map(Math.abs)), `at ${k}`).toBeLessThan(1e-11 * path.lambdas[0] + rounding);
        });
      }),
      { numRuns: runs(60) },
    );
  });

  it('have λ at even steps of their logarithms', () => {
    const { lambdas } = fitPathSync({ X, y }, { count: 11, minRatio: 1e-3, full: true });
    expect(lambdas.length).toBe(11);
    for (let i = 1; i < 11; i++) expectClose([lambdas[i] / lambdas[i - 1]], [10 ** -0.3], 1e-12);
    const usual = fitPathSync({ X, y }, { full: true }).lambdas;
    expect(usual.length).toBe(100);
    expectClose([usual[99]], [usual[0] / 1e4], 1e-12);
    const wide = fitPathSync({ X: X.subarray(0, 20), y: y.subarray(0, 4) }, { full: true, count: 2 }).lambdas;
    expectClose([wide[1]], [wide[0] / 100], 1e-12);
    expect(fitPathSync({ X, y }, { count: 1 }).lambdas).toEqual(lambdas.slice(0, 1));
    const ridge = fitPathSync({ X, y }, { l1Ratio: 0, count: 2 });
    expectClose([ridge.lambdas[0]], [1000 * lambdas[0]], 1e-12);
    expect(ridge.nonZero[0]).toBe(cols);
  });

  it('end where smaller λ explain no more, unless they are to go on', () => {
    const exact = { X, y: problem(rows, cols, 1, 0).y };
    const short = fitPathSync(exact);
    expect(short.devianceRatio.at(-1)).toBeGreaterThan(0.999);
    expect(short.devianceRatio.at(-2)).toBeLessThanOrEqual(0.999);
    expect(short.length).toBeLessThan(100);
    const whole = fitPathSync(exact, { full: true });
    expect(whole.length).toBe(100);
    expectBits(whole.coefficients.subarray(0, short.coefficients.length), short.coefficients);
    const flat = fitPathSync({ X, y });
    const [before, last] = flat.devianceRatio.slice(-2);
    expect(last).toBeLessThan(0.999);
    expect(last - before).toBeLessThan(1e-5 * last);
    const more = fitPathSync({ X, y }, { lambdas: [...flat.lambdas, 1e-9, 1e-10] });
    expect(more.length, 'nor where the caller names λ').toBe(flat.length + 2);
    expect(fitPathSync(exact, { count: 5, minRatio: 1e-9 }).length, 'five at the least').toBe(5);
  });

  it('take λ in any order, and 0', () => {
    const path = fitPathSync({ X, y }, { lambdas: Float64Array.of(0, 3, 0.1, 30) });
    expect([...path.lambdas]).toEqual([30, 3, 0.1, 0]);
    expectClose(path.models[3].coefficients, face.fitSync({ X, y }, { optimizer: 'auto' }).coefficients, 1e-6, 1);
  });

  it('of ridge regression need no square of the columns, where rows are few', () => {
    const wide = { X: normals(4 * 100_000, 3), y: Float64Array.of(1, 2, 0, 4) };
    const path = fitPathSync(wide, { l1Ratio: 0, lambdas: [1, 0.1] });
    expect(path.models.map(({ optimizer }) => optimizer)).toEqual(['exact', 'exact']);
    expect(path.devianceRatio[1]).toBeGreaterThan(0.99);
  });

  it('tell losses and deviance ratios', () => {
    const data = { X, y, sampleWeight };
    const path = fitPathSync(data, { count: 5 });
    const total = sampleWeight.reduce((sum, weight) => sum + weight);
    const weighted = (values: Float64Array) =>
      values.reduce((sum, value, i) => sum + sampleWeight[i] * value, 0) / total;
    const centre = weighted(y);
    const spread = weighted(y.map((value) => (value - centre) ** 2));
    path.models.forEach((model, i) => {
      const z = model.decision(X);
      const error = weighted(y.map((value, i) => (value - z[i]) ** 2));
      expectClose([path.losses[i], path.devianceRatio[i]], [error / 2, 1 - error / spread], 1e-10, 1);
    });
    const poisson = fitPathSync({ X, y: counts }, { loss: 'poisson', count: 5 });
    const deviance = (model: (typeof poisson.models)[0]) => {
      const z = model.decision(X);
      return mean(counts.map((k, i) => (k > 0 ? k * Math.log(k / Math.exp(z[i])) : 0) - (k - Math.exp(z[i]))));
    };
    poisson.models.forEach((model, i) => {
      const z = model.decision(X);
      expectClose([poisson.losses[i]], [mean(counts.map((k, i) => plainLosses.poisson(k, z[i])))], 1e-10, 1);
      expectClose([poisson.devianceRatio[i]], [1 - deviance(model) / deviance(poisson.models[0])], 1e-9, 1);
    });
  });

  it('leave columns without a penalty in from the start', () => {
    const path = fitPathSync({ X, y }, { penaltyFactors: [1, 1, 0, 1, 1] });
    const alone = face.fitSync({ X: X.filter((_, at) => at % cols === 2), y }, { optimizer: 'auto' });
    expectClose(path.models[0].coefficients, [0, 0, alone.coefficients[0], 0, 0], 1e-9);
    expectClose([path.models[0].intercept], [alone.intercept], 1e-9);
    expect([...path.nonZero.subarray(0, 2)]).toEqual([1, 2]);
  });

  it('count columns, not coefficients, of several outputs', () => {
    const path = fitPathSync({ X, y: three }, { loss: 'softmax', count: 5 });
    expect(path.nonZero.at(-1)).toBeLessThanOrEqual(cols);
    expect(path.models.at(-1)!.coefficients.filter((w) => w !== 0).length).toBeGreaterThan(cols);
    expect([path.coefficients.length, path.intercepts.length]).toEqual([5 * 3 * cols, 15]);
    expectBits(path.coefficients.subarray(-3 * cols), path.models.at(-1)!.coefficients);
  });

  it.each(['hinge', 'quantile', 'epsilon_insensitive'] as const)('of a loss with kinks: %s', (loss) => {
    const data = { X, y: loss === 'hinge' ? two : y };
    const path = fitPathSync(data, { loss, count: 8, minRatio: 0.01, optimizer: { name: 'sgd', learningRate: 0.05 } });
    expect(path.losses.every(Number.isFinite)).toBe(true);
    expect(path.losses.at(-1)).toBeLessThan(0.8 * path.losses[0]);
  });

  it('with an update rule, which starts from the last weights, too', () => {
    const optimizer = { name: 'nesterov', learningRate: 0.05 } as const;
    const options: PathOptions = { optimizer, epochs: 1000, gradientTolerance: 1e-9, lambdas: [3, 2, 1] };
    const path = fitPathSync({ X, y }, options);
    expectClose(path.coefficients, fitPathSync({ X, y }, { lambdas: [3, 2, 1] }).coefficients, 1e-7, 1);
    const { epochs } = face.fitSync({ X, y }, { optimizer, epochs: 1000, gradientTolerance: 1e-9, l1: 1 });
    expect(path.epochs[2]).toBeLessThan(epochs);
    expect(path.status).toEqual(['converged', 'converged', 'converged']);
  });

  it('of a target that nothing bears on are one model', () => {
    const path = fitPathSync({ X, y: new Float64Array(rows).fill(3) });
    expect([...path.lambdas]).toEqual([0]);
    expect(path.models[0]).toMatchObject({ coefficients: new Float64Array(cols), status: 'converged' });
    expectClose([path.models[0].intercept, path.devianceRatio[0]], [3, 0], 1e-9, 1);
  });

  it('give the model of a place, and of any λ', () => {
    const path = fitPathSync({ X, y }, { lambdas: [8, 4, 2] });
    expect(path.model(1)).toBe(path.models[1]);
    expect(path.at(4)).toBe(path.models[1]);
    expect(path.at(100)).toBe(path.models[0]);
    expect(path.at(0)).toBe(path.models[2]);
    const between = path.at(3.5);
    const mixed = (a: Float64Array, b: Float64Array) => a.map((value, i) => 0.75 * value + 0.25 * b[i]);
    expectClose(between.coefficients, mixed(path.models[1].coefficients, path.models[2].coefficients), 1e-14);
    expectClose(between.intercepts, mixed(path.models[1].intercepts, path.models[2].intercepts), 1e-14);
    expect(between).toMatchObject({ status: 'converged', epochs: 0, loss: 'squared' });
    expect(between.history.length).toBe(0);
    expectBits(path.predict(X, 3.5), between.predict(X));
    expectBits(path.predict(X, 4, offset), path.models[1].predict(X, offset));
    expectRefusal(path.model.bind(path), [3], 'ERR_OUT_OF_RANGE', /^i must be a whole number in \[0, 2\]; got 3$/);
    expectRefusal(path.model.bind(path), ['1'], 'ERR_INVALID_ARG_TYPE');
    expectRefusal(path.at.bind(path), [-1], 'ERR_OUT_OF_RANGE', /^lambda /);
    expectRefusal(path.predict.bind(path), [X.subarray(1), 4], 'ERR_SHAPE');
  });

  it('of classes predict their labels', () => {
    const path = fitPathSync(
      { X, y: Array.from(two, (label) => (label ? 'yes' : 'no')) },
      { loss: 'logistic', count: 3 },
    );
    const predictions: string[] = path.predict(X, 0);
    expect(new Set(predictions)).toEqual(new Set(['yes', 'no']));
    expect(path.at(path.lambdas[1] * 1.1).labels).toEqual(['no', 'yes']);
  });

  it('are plain data in JSON, whose models come back', () => {
    const path = fitPathSync({ X, y: three }, { loss: 'softmax', count: 3 });
    const json = JSON.parse(JSON.stringify(path));
    expect(json).toMatchObject({ l1Ratio: 1, lambdas: [...path.lambdas], losses: [...path.losses] });
    expect(json.devianceRatio).toEqual([...path.devianceRatio]);
    expect(json.models.map((model: unknown) => Model.fromJSON(model))).toEqual(path.models);
  });

  it('off the thread are the same', async () => {
    for (const [, data, options] of cases.slice(0, 9)) {
      const few = { ...options, count: 4 };
      expect(await fitPath(data, few)).toEqual(fitPathSync(data, few));
    }
    const expected = fitPathSync({ X, y, offset });
    const given = { X: X.slice(), y: y.slice(), offset: offset.slice() };
    const promise = fitPath(given);
    given.y.fill(NaN);
    detach(given.X);
    detach(given.offset);
    expect(await promise).toEqual(expected);
    await expectRejection(fitPath, [{ X: resizable(X), y }], 'ERR_RESIZABLE_BUFFER', /^X /);
    await expectRejection(fitPath, [{ X, y }, { lambda: [1] }], 'ERR_UNKNOWN_OPTION', /did you mean "lambdas"/);
  });

  it('are refused what does not belong to them', () => {
    const refused = (options: unknown, code: Parameters<typeof expectRefusal>[2], message: RegExp) =>
      expectRefusal(fitPathSync, [{ X, y }, options], code, message);
    for (const name of ['l1', 'l2']) refused({ [name]: 1 }, 'ERR_UNKNOWN_OPTION', /belongs to lambdas and l1Ratio/);
    for (const name of ['warmStart', 'keepState', 'checkpoint']) {
      refused({ [name]: null }, 'ERR_UNKNOWN_OPTION', /is no known option/);
    }
    refused({ lamdas: [1] }, 'ERR_UNKNOWN_OPTION', /did you mean "lambdas"/);
    refused({ folds: 3 }, 'ERR_UNKNOWN_OPTION', /^options.folds /);
    refused({ lambdas: 3 }, 'ERR_INVALID_ARG_TYPE', /^lambdas must be an array of numbers; got 3$/);
    refused({ lambdas: [] }, 'ERR_OUT_OF_RANGE', /^lambdas /);
    refused({ lambdas: [1, -1] }, 'ERR_OUT_OF_RANGE', /^lambdas\[1\] /);
    refused({ lambdas: [Infinity] }, 'ERR_OUT_OF_RANGE', /^lambdas\[0\] /);
    refused({ lambdas: ['1'] }, 'ERR_INVALID_ARG_TYPE', /^lambdas\[0\] /);
    refused({ lambdas: [1], count: 3 }, 'ERR_UNKNOWN_OPTION', /leave out count and minRatio/);
    refused({ lambdas: [1], minRatio: 0.1 }, 'ERR_UNKNOWN_OPTION', /leave out count and minRatio/);
    refused({ count: 0 }, 'ERR_OUT_OF_RANGE', /^count /);
    refused({ count: 1.5 }, 'ERR_OUT_OF_RANGE', /^count /);
    refused({ minRatio: 1 }, 'ERR_OUT_OF_RANGE', /^minRatio /);
    refused({ l1Ratio: 1.1 }, 'ERR_OUT_OF_RANGE', /^l1Ratio /);
    refused({ full: 1 }, 'ERR_INVALID_ARG_TYPE', /^full /);
    refused({ optimizer: 'exact' }, 'ERR_UNKNOWN_OPTION', /exact/);
    expectRefusal(fitPathSync, [{ X: X.with(7, NaN), y }], 'ERR_NOT_FINITE', /row 1, column 2/);
    expectRefusal(fitPathSync, [null], 'ERR_INVALID_ARG_TYPE');
  });
});

it.runIf(faces.length > 1)('paths have the same bits on every backend', () => {
  for (const [name, data, options] of cases) {
    const [a, b] = faces.map(({ fitPathSync }) => fitPathSync(data, { ...options, count: 8 }));
    expectBits(b.lambdas, a.lambdas, `λ of ${name}`);
    expectBits(b.coefficients, a.coefficients, `coefficient of ${name}`);
    expectBits(b.devianceRatio, a.devianceRatio, `ratio of ${name}`);
  }
});
