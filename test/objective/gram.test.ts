// Full-batch least squares by the Gram matrix: the steps of the direct way, to rounding, whatever the data.
import { describe, expect, it } from 'vitest';
import type { FitData, FitOptions, Model } from '../../lib/index.js';
import { faces, native } from '../support/backends.js';
import { jobOf } from '../support/jobs.js';
import { expectBits, expectClose, expectRefusal, normals, patience, random, thrown } from '../support/support.js';

const rows = 700;
const cols = 9;

/** Columns of singular values from 1 to 1/condition, in no direction of the axes, and y from them with noise. */
function conditioned(condition: number, noise: number, { rows: n = rows, outputs = 1 } = {}) {
  const Z = normals(n * cols, 1);
  const v = normals(cols, 2);
  const squares = v.reduce((sum, x) => sum + x * x, 0);
  const X = new Float64Array(n * cols);
  for (let i = 0; i < n; i++) {
    const row = Z.subarray(i * cols, (i + 1) * cols).map((z, j) => z * condition ** (-j / (cols - 1)));
    const along = row.reduce((sum, x, j) => sum + x * v[j], 0);
    for (let j = 0; j < cols; j++) X[i * cols + j] = row[j] - (2 * along * v[j]) / squares;
  }
  const y = normals(n * outputs, 3).map((e, at) => {
    const [i, k] = [Math.floor(at / outputs), at % outputs];
    let z = 0.5 + k + noise * e;
    for (let j = 0; j < cols; j++) z += X[i * cols + j] * ((j % 3) + k - 0.9);
    return z;
  });
  return { X, y, rows: n };
}

const largest = (values: Iterable<number>): number => [...values].reduce((most, x) => Math.max(most, Math.abs(x)), 0);

/**
 * A loss is known to what rounding the predictions leaves: residuals have errors of a few units in the last place of y.
 */
function expectSameHistory(actual: ArrayLike<number>, expected: ArrayLike<number>, size: number): void {
  expect(actual.length).toBe(expected.length);
  const rounding = size * 2 ** -50;
  for (let i = 0; i < expected.length; i++) {
    const room = 1e-10 * expected[i] + Math.sqrt(expected[i]) * rounding + rounding * rounding;
    const got = `epoch ${i}: got ${actual[i]}, expected ${expected[i]} ± ${room}`;
    expect(Math.abs(actual[i] - expected[i]) <= room, got).toBe(true);
  }
}

function expectSame(actual: Model, expected: Model, size: number): void {
  expect([actual.path, expected.path]).toEqual(['gram', 'direct']);
  expect([actual.status, actual.epochs, actual.steps]).toEqual([expected.status, expected.epochs, expected.steps]);
  expectSameHistory(actual.history, expected.history, size);
  const scale = largest(expected.coefficients);
  expectClose(actual.coefficients, expected.coefficients, 1e-9, scale, 'coefficient');
  expectClose(actual.intercepts, expected.intercepts, 1e-9, scale, 'intercept');
}

const sgd = { name: 'sgd', learningRate: 0.3 } as const;
const rules: [string, FitOptions][] = [
  ['sgd', { optimizer: sgd, epochs: 1000 }],
  ['sgd on standardized columns', { optimizer: { ...sgd, learningRate: 0.1 }, epochs: 500, standardize: true }],
  ['nesterov', { optimizer: { name: 'nesterov', learningRate: 0.05 }, epochs: 300 }],
  ['adam', { optimizer: { name: 'adam', learningRate: 0.03 }, epochs: 300 }],
];

const data = conditioned(10, 0.1);
const weights = random(7);
const sampleWeight = normals(rows, 4).map((w) => (weights() < 0.3 ? 0 : Math.abs(w)));
const kinds: [string, Partial<FitData>, FitOptions][] = [
  ['no intercept', {}, { intercept: false }],
  ['no intercept, standardized', {}, { intercept: false, standardize: true }],
  ['weights of rows, some 0', { sampleWeight }, {}],
  ['weights of rows, standardized', { sampleWeight }, { standardize: true }],
  ['an offset', { offset: normals(rows, 5) }, {}],
  ['rows held out', { sampleWeight, offset: normals(rows, 5) }, { validationFraction: 0.3, patience: 40 }],
  ['penalties', {}, { l1: 0.05, l2: 0.2, penaltyFactors: [0, 1, 2, 1, 1, 1, 1, 1, 3] }],
  ['nonNegative', {}, { nonNegative: true }],
  ['clipping', {}, { clipNorm: 0.5, clipValue: 0.3 }],
  ['an average', {}, { averaging: 'polyak' }],
  ['a schedule', {}, { schedule: { name: 'cosine', restart: 30 } }],
  ['a tolerance', {}, { tolerance: 1e-9, epochs: 5000 }],
  ['losses of steps', {}, { history: 'step', restoreBest: true }],
];

describe.each(faces)('by the Gram matrix: $name', ({ backend, fit: fitAsync, fitSync, Model, textbook }) => {
  const both = (table: FitData, options: FitOptions): [Model, Model] => [
    fitSync(table, { ...options, gram: true }),
    fitSync(table, { ...options, gram: false }),
  ];

  describe.each([1, 100, 1e4, 1e6])('condition %d', (condition) => {
    it.each(rules)('%s', { timeout: patience(20_000) }, (_name, options) => {
      for (const noise of [0, 1e-6, 0.1, 10]) {
        const table = conditioned(condition, noise);
        expectSame(...both(table, options), largest(table.y));
      }
    });
  });

  it.each(kinds)('%s', (_name, more, options) => {
    const optimizer = { ...sgd, learningRate: 0.1 };
    expectSame(...both({ ...data, ...more }, { optimizer, epochs: 300, ...options }), largest(data.y));
  });

  it('several outputs', () => {
    for (const intercept of [true, false]) {
      for (const standardize of [true, false]) {
        const table = conditioned(10, 0.1, { outputs: 3 });
        const offset = normals(rows * 3, 6);
        const options = { optimizer: { ...sgd, learningRate: 0.1 }, epochs: 300, intercept, standardize };
        expectSame(...both({ ...table, offset, sampleWeight }, options), largest(table.y));
      }
    }
  });

  it('columns that are 0, constant, twice another, or more than the rows', () => {
    const X = data.X.map((x, at) => {
      const [row, j] = [at - (at % cols), at % cols];
      return j === 1 ? 0 : j === 3 ? 5 : j === 5 ? 2 * data.X[row + 4] : x;
    });
    for (const n of [rows, 5, 1]) {
      const table = { X: X.slice(0, n * cols), y: data.y.slice(0, n), rows: n };
      for (const standardize of [true, false]) {
        for (const intercept of [true, false]) {
          const options = { optimizer: { ...sgd, learningRate: 0.01 }, epochs: 500, standardize, intercept };
          expectSame(...both(table, options), largest(table.y));
        }
      }
    }
  });

  it('columns far from 0 keep the digits that they have directly', () => {
    // Whole numbers over 64, to which 2^18 may be added without rounding.
    const near = data.X.map((x) => Math.round(64 * x) / 64);
    const far = near.map((x) => x + 2 ** 18);
    const options = { optimizer: { ...sgd, learningRate: 0.1 }, epochs: 300, standardize: true };
    for (const noise of [0.1, 10]) {
      const { y } = conditioned(10, noise);
      const truth = fitSync({ X: near, y }, { ...options, gram: false });
      const [gram, direct] = both({ X: far, y }, options);
      const error = (model: Model) => largest(truth.history.map((loss, i) => model.history[i] / loss - 1));
      expect(error(gram)).toBeLessThan(4 * error(direct));
      expectClose(gram.coefficients, truth.coefficients, 1e-9, largest(truth.coefficients));
    }
  });

  it('rows of weight 0 far from the others cost no digits', () => {
    const far = { ...data, X: data.X.map((x, at) => (sampleWeight[Math.floor(at / cols)] === 0 ? 1e9 : x)) };
    expectSame(...both({ ...far, sampleWeight }, { optimizer: sgd, epochs: 300 }), largest(data.y));
  });

  it('columns whose squares underflow or overflow', () => {
    for (const scale of [1e-170, 1e-159, 1e-156, 1e-140, 1e140, 1e160]) {
      const table = { ...data, X: data.X.map((x) => scale * x) };
      for (const standardize of [true, false]) {
        for (const optimizer of [sgd, { name: 'adam', learningRate: 0.1 }] as const) {
          expectSame(...both(table, { optimizer, epochs: 20, standardize }), largest(data.y));
        }
      }
    }
  });

  it('a learning rate that is too large ends as it does directly', () => {
    for (const learningRate of [2.2, 3, 1e3, 1e100, 1e300]) {
      const [a, b] = both(data, { optimizer: { ...sgd, learningRate }, epochs: 2000 });
      expect(b.status).toBe('diverged');
      expect([a.status, a.epochs]).toEqual([b.status, b.epochs]);
      expect(a.coefficients.every(Number.isFinite)).toBe(true);
    }
  });

  it('says where a NaN is', () => {
    const X = data.X.slice();
    X[3 * cols + 2] = NaN;
    expect(thrown(() => fitSync({ ...data, X }, { gram: true }))).toMatchObject({
      code: 'ERR_NOT_FINITE',
      message: expect.stringMatching(/row 3, column 2/),
    });
  });

  it('goes on from a state to the same bits, when it expands from elsewhere too', () => {
    const job = jobOf(conditioned(100, 0), { optimizer: sgd, epochs: 60, gram: true });
    const whole = backend.fitSync(job);
    let loss: number[] = [];
    let state: Float64Array | null = null;
    for (let pieces = 0; pieces < 12; pieces++) {
      const outcome = backend.fitSync({ ...job, plan: { ...job.plan, pauseAfter: 5 }, state });
      loss = [...loss, ...outcome.loss];
      state = outcome.state;
      if (!state) expectBits(outcome.weights, whole.weights);
    }
    expect(state).toBe(null);
    expectBits(loss, whole.loss);
  });

  it('is chosen where it pays, unless it is forbidden', async () => {
    const adam: FitOptions = { optimizer: 'adam' };
    const path = (options: FitOptions, table: FitData = data) => fitSync(table, { ...adam, ...options }).path;
    expect(path({})).toBe('gram');
    expect((await fitAsync(data, adam)).path).toBe('gram');
    expect(path({ gram: false })).toBe('direct');
    expect(path({ epochs: 8 })).toBe('direct');
    expect(path({ epochs: 10 })).toBe('gram');
    expect(path({}, conditioned(1, 1, { rows: 113 }))).toBe('direct');
    expect(path({}, conditioned(1, 1, { rows: 114 }))).toBe('gram');
    expect(path({ validationFraction: 0.9 })).toBe('direct');
    expect(path({ batchSize: 32 })).toBe('direct');
    expect(path({ loss: 'huber' })).toBe('direct');
    expect(path({ optimizer: 'exact' })).toBe(null);
    expect(path({}, { X: normals(40 * 60, 1), y: normals(40, 2) })).toBe('gram');
    expect(path({}, { X: normals(10 * 120, 1), y: normals(10, 2) })).toBe('direct');
    expectBits(fitSync(data, adam).coefficients, fitSync(data, { gram: true }).coefficients);
  });

  it('is refused where it cannot be', () => {
    const wrong: [FitOptions, RegExp][] = [
      [{ loss: 'huber' }, /not for the loss huber/],
      [{ optimizer: 'lbfgs' }, /not for a solver/],
      [{ batchSize: 32 }, /not for batches/],
      [{ sampler: { name: 'indices', indices: [0, 1] } }, /not for batches/],
    ];
    for (const [options, message] of wrong) {
      expectRefusal(fitSync as never, [data, { ...options, gram: true }], 'ERR_UNKNOWN_OPTION', message);
      expect(fitSync(data, { ...options, gram: false, epochs: 1 }).path).not.toBe('gram');
    }
  });

  it('the model keeps it; one that does not say has null, and no other is known', () => {
    for (const gram of [true, false]) {
      const model = fitSync(data, { gram, epochs: 2 });
      expect(Model.fromJSON(JSON.parse(JSON.stringify(model)))).toEqual(model);
    }
    const solved = fitSync(data, { optimizer: 'exact' });
    expect(solved.toJSON()).not.toHaveProperty('path');
    expect(Model.fromJSON(solved.toJSON()).path).toBe(null);
    const json = { ...solved.toJSON(), path: 'round' };
    expect(thrown(() => Model.fromJSON(json))).toMatchObject({ code: 'ERR_MODEL_FORMAT' });
  });

  it('the textbook’s functions', () => {
    const { X, y } = data;
    const call = { X, y, theta: new Float64Array(cols), alpha: 0.1, iterations: 100 };
    for (const name of ['batchGradientDescent', 'adam'] as const) {
      const { theta, history } = textbook[name](call);
      const rule = { name: name === 'adam' ? 'adam' : 'sgd', learningRate: 0.1 } as const;
      const model = fitSync(data, { optimizer: rule, intercept: false, gram: false });
      expectClose(theta, model.coefficients, 1e-12, 1);
      const same = fitSync(data, { optimizer: rule, intercept: false });
      expectBits(theta, same.coefficients);
      // Adam's costs are those after an update.
      if (name !== 'adam') expectBits(history, same.history);
      else expectClose(history.subarray(0, 99), Float64Array.from(model.history).subarray(1), 1e-12);
    }
  });
});

describe.runIf(native)('a first gradient that is taken along with the Gram matrix', () => {
  it.each([
    [3, [511, 512, 513, 1500]],
    [10, [799, 800, 801, 2500]],
    [33, [2047, 2049]],
  ])(
    '%i columns: the bits of the reference, which takes it by itself',
    { timeout: patience(60_000) },
    (cols, counts) => {
      for (const rows of counts) {
        const data = { X: normals(rows * cols, 1), rows, cols, sampleWeight: normals(rows, 2).map((w) => w * w) };
        for (const outputs of [1, 2]) {
          const all = { ...data, y: normals(rows * outputs, 3), offset: normals(rows * outputs, 4) };
          for (const intercept of [true, false]) {
            const options = { gram: true, epochs: 4, intercept, standardize: outputs > 1 } as const;
            const [expected, actual] = faces.map(({ fitSync }) => fitSync(all, { ...options, optimizer: 'momentum' }));
            expect(actual.path).toBe('gram');
            expectBits(actual.history, expected.history, 'loss');
            expectBits(actual.coefficients, expected.coefficients, 'coefficient');
            expectBits(actual.intercepts, expected.intercepts, 'intercept');
          }
        }
      }
    },
  );
});
