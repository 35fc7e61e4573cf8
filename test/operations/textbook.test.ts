// The textbook functions beyond their golden values: thresholds, seeds, indices, bad options.
import { describe, expect, it } from 'vitest';
import { samplerKind } from '../../lib/backend/plan.js';
import { show } from '../../lib/base/errors.js';
import type { ErrorCode } from '../../lib/index.js';
import { Philox } from '../../lib/reference/solver/philox.js';
import { faces } from '../support/backends.js';
import { detach, expectBits, expectClose, expectRefusal, problem } from '../support/support.js';

const rows = 50;
const cols = 3;
const { X, y } = problem(rows, cols, 3);
const theta = Float64Array.of(0.1, -0.2, 0.3);
const data = { X, y, theta, alpha: 0.05 };
const mean = (list: Float64Array) => list.reduce((sum, value) => sum + value, 0) / list.length;

describe.each(faces)('textbook: $name', ({ textbook }) => {
  const { batchGradientDescent, stochasticGradientDescent, miniBatchGradientDescent, adam } = textbook;

  it('batch descent by hand', () => {
    const w = theta.slice();
    const costs: number[] = [];
    for (let iteration = 0; iteration < 20; iteration++) {
      const r = y.map((target, i) => w.reduce((z, weight, j) => z + weight * X[i * cols + j], 0) - target);
      costs.push(r.reduce((sum, value) => sum + value * value, 0) / (2 * rows));
      for (let j = 0; j < cols; j++)
        w[j] -= (0.05 / rows) * r.reduce((sum, value, i) => sum + value * X[i * cols + j], 0);
    }
    const result = batchGradientDescent({ ...data, iterations: 20 });
    expectClose(result.theta, w, 1e-12);
    expectClose(result.history, costs, 1e-12);
    expect(Object.keys(result).sort()).toEqual(['history', 'iterations', 'theta']);
  });

  it('leaves its input and returns new arrays', () => {
    const given = { X: X.slice(), y: y.slice(), theta: theta.slice(), alpha: 0.05, iterations: 5 };
    for (const run of [
      () => batchGradientDescent(given),
      () => stochasticGradientDescent(given),
      () => miniBatchGradientDescent({ ...given, batchSize: 7 }),
      () => adam(given),
    ]) {
      const first = run();
      expect(first.theta).not.toBe(given.theta);
      first.theta.fill(0);
      expect(run().theta).not.toEqual(first.theta);
      expectBits(given.X, X, 'X');
      expectBits(given.y, y, 'y');
      expectBits(given.theta, theta, 'theta');
    }
  });

  it('a threshold stops where the cost of an iteration first changes by less', () => {
    for (const [run, perIteration] of [
      [(o: object) => batchGradientDescent({ ...data, iterations: 60, ...o }), 1],
      [(o: object) => adam({ ...data, iterations: 60, ...o }), 1],
      [(o: object) => miniBatchGradientDescent({ ...data, iterations: 60, batchSize: 10, ...o }), 5],
      [(o: object) => stochasticGradientDescent({ ...data, iterations: 60, ...o }), rows],
    ] as const) {
      const whole = run({});
      expect(whole.iterations).toBe(60);
      expect(whole.history.length).toBe(60 * perIteration);
      const costs = Array.from({ length: 60 }, (_, i) =>
        mean(whole.history.subarray(i * perIteration, (i + 1) * perIteration)),
      );
      const changes = costs.map((cost, i) => Math.abs(cost - costs[i - 1])).slice(1);
      const sorted = changes.slice().sort((a, b) => a - b);
      for (const place of [5, 30, 50]) {
        const threshold = (sorted[place] + sorted[place + 1]) / 2;
        const last = 1 + changes.findIndex((change) => change < threshold);
        expect(last).toBeGreaterThan(0);
        const stopped = run({ threshold });
        expect(stopped.iterations).toBe(last + 1);
        expectBits(stopped.history, whole.history.subarray(0, (last + 1) * perIteration));
        expectBits(stopped.theta, run({ iterations: last + 1 }).theta);
      }
    }
  });

  it('stochastic descent draws its rows from the seed', () => {
    const run = (seed?: number) => stochasticGradientDescent({ ...data, iterations: 4, seed });
    expect(run(7)).toEqual(run(7));
    expect(run()).toEqual(run(0));
    expect(run(1).theta).not.toEqual(run(0).theta);
    const philox = new Philox(7, samplerKind.replacement);
    const indices: number[] = [];
    for (let epoch = 0; epoch < 4; epoch++) {
      philox.setEpoch(epoch);
      for (let i = 0; i < rows; i++) indices.push(philox.below(rows, i));
    }
    const named = stochasticGradientDescent({ ...data, indices });
    expectBits(named.theta, run(7).theta);
    expectBits(named.history, run(7).history);
    expect(named.iterations).toBe(1);
    expect(run(7).iterations).toBe(4);
  });

  it('indices in any array of whole numbers, in place of iterations', () => {
    const indices = [3, 3, 49, 0];
    const result = stochasticGradientDescent({ ...data, indices });
    expect(result.history.length).toBe(4);
    expect(stochasticGradientDescent({ ...data, indices: Uint32Array.from(indices) })).toEqual(result);
    expect(stochasticGradientDescent({ ...data, indices: Int32Array.from(indices) })).toEqual(result);
  });

  it('a mini-batch of all rows, or more, is batch descent', () => {
    const batch = batchGradientDescent({ ...data, iterations: 6 });
    expect(miniBatchGradientDescent({ ...data, iterations: 6, batchSize: rows })).toEqual(batch);
    expect(miniBatchGradientDescent({ ...data, iterations: 6, batchSize: 2 ** 32 - 1 })).toEqual(batch);
  });

  it('diverging returns what was still finite', () => {
    for (const alpha of [1e308, 50]) {
      for (const result of [
        batchGradientDescent({ ...data, alpha, iterations: 1000 }),
        stochasticGradientDescent({ ...data, alpha, iterations: 1000 }),
        miniBatchGradientDescent({ ...data, alpha, iterations: 1000, batchSize: 7 }),
      ]) {
        for (const value of [...result.theta, ...result.history]) expect(value).toSatisfy(Number.isFinite);
        expect(result.iterations).toBeLessThan(1000);
      }
    }
  });
});

type Name = 'batchGradientDescent' | 'stochasticGradientDescent' | 'miniBatchGradientDescent' | 'adam';
const complete: Record<Name, object> = {
  batchGradientDescent: { ...data, iterations: 2 },
  stochasticGradientDescent: { ...data, iterations: 2 },
  miniBatchGradientDescent: { ...data, iterations: 2, batchSize: 8 },
  adam: { ...data, iterations: 2 },
};
const every = Object.keys(complete) as Name[];
const gone = X.slice();
detach(gone);
const broken = (array: Float64Array, i: number) => array.map((value, k) => (k === i ? NaN : value));

const bad: [functions: Name[], change: object, code: ErrorCode, message: RegExp][] = [
  [every, { alpha: undefined }, 'ERR_INVALID_ARG_TYPE', /alpha.*undefined/],
  [every, { alpha: '0.1' }, 'ERR_INVALID_ARG_TYPE', /alpha/],
  [every, { alpha: 0 }, 'ERR_OUT_OF_RANGE', /alpha/],
  [every, { alpha: -1 }, 'ERR_OUT_OF_RANGE', /alpha/],
  [every, { alpha: NaN }, 'ERR_OUT_OF_RANGE', /alpha/],
  [every, { alpha: Infinity }, 'ERR_OUT_OF_RANGE', /alpha/],
  [every, { iterations: undefined }, 'ERR_INVALID_ARG_TYPE', /iterations/],
  [every, { iterations: '10' }, 'ERR_INVALID_ARG_TYPE', /iterations/],
  [every, { iterations: 0 }, 'ERR_OUT_OF_RANGE', /iterations/],
  [every, { iterations: 1.5 }, 'ERR_OUT_OF_RANGE', /iterations/],
  [every, { iterations: 1e300 }, 'ERR_OUT_OF_RANGE', /iterations/],
  [every, { threshold: -1 }, 'ERR_OUT_OF_RANGE', /threshold/],
  [every, { threshold: null }, 'ERR_INVALID_ARG_TYPE', /threshold/],
  [every, { X: [...X] }, 'ERR_INVALID_ARG_TYPE', /^X .*an array/],
  [every, { X: gone }, 'ERR_DETACHED_BUFFER', /^X /],
  [every, { X: X.subarray(1) }, 'ERR_SHAPE', /^X .*50 rows × 3 columns/],
  [every, { y: undefined }, 'ERR_INVALID_ARG_TYPE', /^y /],
  [every, { y: new Float64Array(0) }, 'ERR_SHAPE', /empty/],
  [every, { theta: [0, 0, 0] }, 'ERR_INVALID_ARG_TYPE', /^theta /],
  [every, { theta: new Float64Array(0) }, 'ERR_SHAPE', /empty/],
  [every, { theta: new Float64Array(2) }, 'ERR_SHAPE', /2 columns/],
  [every, { X: broken(X, 7) }, 'ERR_NOT_FINITE', /^X .*row 2, column 1/],
  [every, { y: broken(y, 7) }, 'ERR_NOT_FINITE', /^y .*NaN at index 7$/],
  [every, { theta: broken(theta, 1) }, 'ERR_NOT_FINITE', /^theta .*index 1/],
  [every, { alfa: 1 }, 'ERR_UNKNOWN_OPTION', /did you mean "alpha"/],
  [every, { epochs: 1 }, 'ERR_UNKNOWN_OPTION', /epochs/],
  [['batchGradientDescent', 'adam'], { batchSize: 8 }, 'ERR_UNKNOWN_OPTION', /batchSize/],
  [['batchGradientDescent', 'miniBatchGradientDescent'], { seed: 8 }, 'ERR_UNKNOWN_OPTION', /seed/],
  [['miniBatchGradientDescent'], { batchSize: undefined }, 'ERR_INVALID_ARG_TYPE', /batchSize/],
  [['miniBatchGradientDescent'], { batchSize: 0 }, 'ERR_OUT_OF_RANGE', /batchSize/],
  [['miniBatchGradientDescent'], { batchSize: 2.5 }, 'ERR_OUT_OF_RANGE', /batchSize/],
  [['stochasticGradientDescent'], { seed: -1 }, 'ERR_OUT_OF_RANGE', /seed/],
  [['stochasticGradientDescent'], { indices: [0] }, 'ERR_UNKNOWN_OPTION', /leave out iterations/],
  [['stochasticGradientDescent'], { iterations: undefined, indices: [0], seed: 1 }, 'ERR_UNKNOWN_OPTION', /seed/],
  [['stochasticGradientDescent'], { iterations: undefined, indices: [rows] }, 'ERR_OUT_OF_RANGE', /indices\[0\]/],
  [['stochasticGradientDescent'], { iterations: undefined, indices: [] }, 'ERR_OUT_OF_RANGE', /indices/],
  [['stochasticGradientDescent'], { iterations: undefined, indices: 3 }, 'ERR_INVALID_ARG_TYPE', /indices/],
  [['adam'], { beta1: 1 }, 'ERR_OUT_OF_RANGE', /beta1/],
  [['adam'], { beta2: -0.1 }, 'ERR_OUT_OF_RANGE', /beta2/],
  [['adam'], { epsilon: -1 }, 'ERR_OUT_OF_RANGE', /epsilon/],
];

describe.each(faces)('bad input to the textbook: $name', ({ textbook }) => {
  const cases = bad.flatMap(([functions, change, code, message]) => {
    const what = Object.entries(change).map(([key, value]) => `${key} ${show(value)}`);
    return functions.map((name) => [name, what.join(', '), change, code, message] as const);
  });
  it.each(cases)('%s: %s', (name, _what, change, code, message) => {
    expectRefusal(textbook[name], [{ ...complete[name], ...change }], code, message);
  });

  it('options that are none', () => {
    for (const options of [undefined, null, 5, [], X]) {
      for (const name of every.filter((name) => name !== 'adam')) {
        expectRefusal(textbook[name], [options], 'ERR_INVALID_ARG_TYPE', /^options/);
      }
    }
  });

  it('a row number that detaches the data is found out', () => {
    for (const key of ['X', 'y', 'theta'] as const) {
      const given = { X: X.slice(), y: y.slice(), theta: theta.slice(), alpha: 0.1 };
      const indices = Object.defineProperty([0], 0, {
        get() {
          detach(given[key]);
          return 0;
        },
      });
      expectRefusal(() => textbook.stochasticGradientDescent({ ...given, indices }), [], 'ERR_DETACHED_BUFFER');
    }
  });
});
