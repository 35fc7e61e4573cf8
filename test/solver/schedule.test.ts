// The learning rate of every schedule against formulas by hand: PyTorch's, and scikit-learn's for inverse scaling and
// optimal.
import { describe, expect, it } from 'vitest';
import type { ErrorCode } from '../../lib/base/errors.js';
import { type FitOptions, type Loss, minimize, type Schedule, SGDRegressor, sgd } from '../../lib/index.js';
import { faces } from '../support/backends.js';
import { expectBits, expectClose, expectRefusal, problem } from '../support/support.js';

const eta = 0.02;
const epochs = 12;
const perEpoch = 5;
const total = epochs * perEpoch;
const data = problem(50, 3, 1);
const batches: FitOptions = { sampler: 'sequential', batchSize: 10, epochs };
const cos = (x: number) => Math.cos(Math.PI * x);

/** The rate at step t, counted from 1, of `total` steps; an epoch has `perEpoch`. */
type Rate = (t: number, total: number) => number;
const epochAt = (t: number) => (t - 1) / perEpoch;

/** PyTorch's OneCycleLR with cosine annealing. */
const oneCycle =
  (start: number, divisor: number, finalDivisor: number): Rate =>
  (t, total) => {
    const anneal = (from: number, to: number, part: number) => to + ((from - to) / 2) * (1 + cos(part));
    const peak = start * total - 1;
    const [low, lowest] = [eta / divisor, eta / divisor / finalDivisor];
    const step = t - 1;
    if (step <= peak) return anneal(low, eta, step / peak);
    return anneal(eta, lowest, (step - peak) / (total - 1 - peak));
  };

/** PyTorch's CosineAnnealingWarmRestarts, stepped by fractions of an epoch. */
const restarts =
  (first: number, factor: number, minimum: number): Rate =>
  (t) => {
    const epoch = epochAt(t);
    const cycle =
      factor === 1
        ? Math.floor(epoch / first)
        : Math.floor(Math.log((epoch / first) * (factor - 1) + 1) / Math.log(factor) + 1e-12);
    const begun = factor === 1 ? cycle * first : (first * (factor ** cycle - 1)) / (factor - 1);
    return minimum + ((eta - minimum) / 2) * (1 + cos((epoch - begun) / (first * factor ** cycle)));
  };

/** PyTorch's CyclicLR, stepped by batches: `rise` and `fall` in steps. */
const cyclic =
  (rise: number, fall: number, divisor: number, gamma = 1): Rate =>
  (t) => {
    const [at, low] = [t - 1, eta / divisor];
    const cycle = Math.floor(1 + at / (rise + fall));
    const x = 1 + at / (rise + fall) - cycle;
    const ratio = rise / (rise + fall);
    const scale = x <= ratio ? x / ratio : (x - 1) / (ratio - 1);
    return low + (eta - low) * scale * gamma ** (cycle - 1);
  };
/** PyTorch's MultiStepLR. */
const multistep =
  (milestones: number[], gamma: number): Rate =>
  (t) =>
    eta * gamma ** milestones.filter((epoch) => epoch <= Math.floor(epochAt(t))).length;
/** PyTorch's SequentialLR: each from its own beginning. */
const sequential =
  (...parts: [epochs: number, rate: Rate][]): Rate =>
  (t, total) => {
    let from = 0;
    for (const [epochs, rate] of parts) {
      const steps = Math.min(epochs * perEpoch, total - from);
      if (t - from <= epochs * perEpoch) return rate(t - from, epochs === Infinity ? total - from : steps);
      from += epochs * perEpoch;
    }
    return NaN;
  };
const falling = (t: number, total: number) => (eta / 2) * (1 + cos((t - 1) / total));

const cases: [Schedule, Rate][] = [
  [{ name: 'multistep', milestones: [3, 7] }, multistep([3, 7], 0.1)],
  [{ name: 'multistep', milestones: [9, 2, 2], gamma: 0.5 }, multistep([2, 2, 9], 0.5)],
  ['cyclic', cyclic(20, 20, 10)],
  [{ name: 'cyclic', rise: 0.8, fall: 2.2, divisor: 4 }, cyclic(4, 11, 4)],
  [{ name: 'cyclic', rise: 1, fall: 1, divisor: 5, gamma: 0.5 }, cyclic(5, 5, 5, 0.5)],
  [{ name: 'lambda', lambda: (epoch) => 1 / (1 + epoch) }, (t) => eta / (1 + Math.floor(epochAt(t)))],
  [{ name: 'lambda', table: [1, 3, 0.5] }, (t) => eta * [1, 3, 0.5][Math.min(2, Math.floor(epochAt(t)))]],
  [
    {
      name: 'sequential',
      parts: [{ schedule: 'constant', epochs: 2, factor: 0.1 }, { schedule: { name: 'exponential', gamma: 0.9 } }],
    },
    sequential([2, () => eta / 10], [Infinity, (t) => eta * 0.9 ** Math.floor(epochAt(t))]),
  ],
  [
    {
      name: 'sequential',
      parts: [
        { schedule: 'cosine', epochs: 3 },
        { schedule: 'invscaling', epochs: 4 },
        { schedule: { name: 'onecycle', start: 0.4, divisor: 10, finalDivisor: 100 } },
      ],
    },
    sequential([3, (t) => falling(t, 15)], [4, (t) => eta / t ** 0.25], [Infinity, oneCycle(0.4, 10, 100)]),
  ],
  [
    { name: 'sequential', parts: [{ schedule: { name: 'multistep', milestones: [1] }, epochs: 12 }] },
    multistep([1], 0.1),
  ],
  ['constant', () => eta],
  ['invscaling', (t) => eta / t ** 0.25],
  [{ name: 'invscaling', power: 0.7 }, (t) => eta / t ** 0.7],
  ['exponential', (t) => eta * 0.95 ** Math.floor(epochAt(t))],
  [{ name: 'exponential', gamma: 0.5 }, (t) => eta * 0.5 ** Math.floor(epochAt(t))],
  ['step', (t) => eta * 0.1 ** Math.floor(epochAt(t) / 30)],
  [{ name: 'step', stepSize: 4, gamma: 0.3 }, (t) => eta * 0.3 ** Math.floor(epochAt(t) / 4)],
  ['polynomial', (t, total) => eta * (1 - (t - 1) / total)],
  [{ name: 'polynomial', power: 2, minimum: 0.005 }, (t, total) => 0.005 + 0.015 * (1 - (t - 1) / total) ** 2],
  ['cosine', (t, total) => (eta / 2) * (1 + cos((t - 1) / total))],
  [{ name: 'cosine', minimum: 0.01 }, (t, total) => 0.01 + 0.005 * (1 + cos((t - 1) / total))],
  [{ name: 'cosine', restart: 3 }, restarts(3, 1, 0)],
  [{ name: 'cosine', restart: 2, restartFactor: 2, minimum: 0.001 }, restarts(2, 2, 0.001)],
  [{ name: 'cosine', restart: 1.5, restartFactor: 1.5 }, restarts(1.5, 1.5, 0)],
  ['onecycle', oneCycle(0.3, 25, 1e4)],
  [{ name: 'onecycle', start: 0.5, divisor: 10, finalDivisor: 100 }, oneCycle(0.5, 10, 100)],
  ['optimal', (t) => 1 / (1e-4 * (1 / (Math.sqrt(1 / Math.sqrt(1e-4)) * 1e-4) + t - 1))],
  [{ name: 'optimal', alpha: 0.05 }, (t) => 1 / (0.05 * (1 / (Math.sqrt(1 / Math.sqrt(0.05)) * 0.05) + t - 1))],
];

/** The rates of the last steps of epochs. */
const lastOf = (rate: Rate) => Array.from({ length: epochs }, (_, epoch) => rate(perEpoch * (epoch + 1), total));

describe.each(faces)('schedules: $name', ({ fitSync }) => {
  it.each(cases)('%j', (schedule, rate) => {
    const small: FitOptions = { ...batches, optimizer: sgd({ learningRate: eta }), schedule };
    expectClose(fitSync(data, small).history.learningRate, lastOf(rate), 1e-12, 1e-9);
  });

  it.each(cases)('%j after a warm-up', (schedule, rate) => {
    for (const [warmup, steps] of [
      [2, 10],
      [0.6, 3],
      [12, 60],
    ]) {
      const name = typeof schedule === 'string' ? schedule : schedule.name;
      const given = { ...(typeof schedule === 'string' ? {} : schedule), name, warmup } as Schedule;
      const model = fitSync(data, { ...batches, optimizer: sgd({ learningRate: eta }), schedule: given });
      const warmed: Rate = (t, total) => (t <= steps ? (eta * t) / steps : rate(t - steps, total - steps));
      expectClose(model.history.learningRate, lastOf(warmed), 1e-12, 1e-9);
    }
  });

  it.each(cases)('%j is what steps are made with', (schedule) => {
    const options: FitOptions = { epochs: 40, optimizer: sgd({ learningRate: eta }), schedule };
    const model = fitSync(data, options);
    const w = new Float64Array(4);
    for (const rate of model.history.learningRate) {
      const g = new Float64Array(4);
      for (let i = 0; i < 50; i++) {
        const x = [...data.X.subarray(3 * i, 3 * i + 3), 1];
        const r = x.reduce((z, value, j) => z + value * w[j], 0) - data.y[i];
        x.forEach((value, j) => {
          g[j] += (r * value) / 50;
        });
      }
      for (let j = 0; j < 4; j++) w[j] -= rate * g[j];
    }
    expectClose([...model.coefficients, model.intercept], w, 1e-9, 1e-6);
    const first = fitSync(data, { ...options, epochs: 1 });
    expect(first.history.learningRate[0] === 0, 'a first step of no length').toBe(false);
  });

  it('takes lists of any array of numbers', () => {
    const rates = (schedule: Schedule) => fitSync(data, { optimizer: 'sgd', epochs: 6, schedule }).history.learningRate;
    const plain = rates({ name: 'multistep', milestones: [2, 4] });
    for (const type of [Float64Array, Float32Array, Uint8ClampedArray, Uint32Array, Int16Array]) {
      expectBits(rates({ name: 'multistep', milestones: type.of(4, 2) }), plain);
    }
    const table = Float64Array.of(1, 0.3, 0.2);
    expectBits(rates({ name: 'lambda', table }), rates({ name: 'lambda', table: Array.from(table) }));
  });

  it('refuses lists and functions that say no rates', () => {
    const wrong: [unknown, ErrorCode, RegExp][] = [
      ['multistep', 'ERR_INVALID_ARG_TYPE', /^schedule\.milestones/],
      [{ name: 'multistep', milestones: [] }, 'ERR_OUT_OF_RANGE', /^schedule\.milestones/],
      [{ name: 'multistep', milestones: [3, 0] }, 'ERR_OUT_OF_RANGE', /^schedule\.milestones\[1\]/],
      [{ name: 'step', milestones: [3] }, 'ERR_UNKNOWN_OPTION', /^schedule\.milestones is no option of step/],
      ['lambda', 'ERR_INVALID_ARG_TYPE', /^schedule\.lambda/],
      [{ name: 'lambda', lambda: () => -1 }, 'ERR_OUT_OF_RANGE', /^schedule\.lambda\(0\)/],
      [{ name: 'lambda', lambda: () => '1' }, 'ERR_INVALID_ARG_TYPE', /^schedule\.lambda\(0\)/],
      [{ name: 'lambda', table: [1, NaN] }, 'ERR_OUT_OF_RANGE', /^schedule\.table\[1\]/],
      [{ name: 'lambda', table: [1], lambda: () => 1 }, 'ERR_UNKNOWN_OPTION', /not both$/],
      ['sequential', 'ERR_INVALID_ARG_TYPE', /^schedule\.parts/],
      [{ name: 'sequential', parts: [] }, 'ERR_OUT_OF_RANGE', /^schedule\.parts/],
      [{ name: 'sequential', parts: ['step', 'step'] }, 'ERR_INVALID_ARG_TYPE', /^schedule\.parts\[0\]/],
      [
        { name: 'sequential', parts: [{ schedule: 'step' }, { schedule: 'step' }] },
        'ERR_INVALID_ARG_TYPE',
        /^schedule\.parts\[0\]\.epochs/,
      ],
      [
        { name: 'sequential', parts: [{ schedule: { name: 'cyclic', rise: 0 } }] },
        'ERR_OUT_OF_RANGE',
        /^schedule\.parts\[0\]\.schedule\.rise/,
      ],
      [{ name: 'cyclic', fall: -1 }, 'ERR_OUT_OF_RANGE', /^schedule\.fall/],
      [{ name: 'multistep', milestones: BigInt64Array.of(2n) }, 'ERR_INVALID_ARG_TYPE', /^schedule\.milestones/],
      [{ name: 'sequential', parts: new Array(1) }, 'ERR_INVALID_ARG_TYPE', /^schedule\.parts\[0\] must be an object/],
    ];
    const endless = { schedule: { name: 'sequential', parts: [] as unknown[] } };
    endless.schedule.parts.push(endless);
    wrong.push([endless.schedule, 'ERR_OUT_OF_RANGE', /^schedule must hold at most 16 /]);
    for (const [schedule, code, message] of wrong) {
      expectRefusal(fitSync, [data, { optimizer: 'sgd', schedule: schedule as Schedule }], code, message);
    }
    const lambda = { schedule: { name: 'lambda', lambda: () => 1 } };
    expectRefusal((options) => new SGDRegressor(options as never), [lambda], 'ERR_INVALID_ARG_TYPE', /table$/);
  });

  it('minimize has them, an epoch being a step', () => {
    const fun = (x: Float64Array, gradient: Float64Array) => {
      gradient[0] = 2 * x[0];
      return x[0] ** 2;
    };
    const schedule: Schedule = {
      name: 'sequential',
      parts: [{ schedule: 'polynomial', epochs: 2 }, { schedule: 'step' }],
    };
    const { history } = minimize(fun, Float64Array.of(1), {
      optimizer: sgd({ learningRate: 0.1 }),
      schedule,
      epochs: 4,
    });
    expectClose(history.learningRate, [0.1, 0.05, 0.1, 0.1], 1e-14);
  });

  it('the defaults that depend on the rest', () => {
    const y = data.y.map((value) => (value > 0 ? 1 : 0));
    const rates = (loss: Loss, more: FitOptions) => {
      const of = loss === 'logistic' ? { X: data.X, y } : data;
      return fitSync(of, { epochs: 9, optimizer: sgd({ learningRate: eta }), loss, ...more }).history.learningRate;
    };
    expectClose([rates('logistic', { schedule: 'invscaling' })[8]], [eta / 3], 1e-12);
    expectClose([rates('logistic', { schedule: { name: 'invscaling', power: 1 } })[8]], [eta / 9], 1e-12);
    const optimal = rates('squared', { schedule: 'optimal', l2: 0.3 });
    expectBits(optimal, rates('squared', { schedule: { name: 'optimal', alpha: 0.3 }, l2: 0.3 }));
    expect(rates('squared', { schedule: { name: 'optimal', alpha: 0.01 }, l2: 0.3 })).not.toEqual(optimal);
  });

  it('plateau waits, and falls by its factor, as ReduceLROnPlateau does', () => {
    for (const [patience, factor, threshold, minimum] of [
      [0, 0.5, 1e-4, 0],
      [2, 0.1, 0.05, 0],
      [1, 0.5, 0.02, 0.004],
    ]) {
      const schedule: Schedule = { name: 'plateau', patience, factor, threshold, minimum };
      const held = problem(20, 3, 77, 3);
      for (const more of [{}, { validation: held }] as FitOptions[]) {
        const { history } = fitSync(data, { epochs: 60, optimizer: sgd({ learningRate: 0.3 }), schedule, ...more });
        const watched = more.validation ? history.validationLoss : history;
        let [best, bad, rate] = [Infinity, 0, 0.3];
        const expected = Array.from(watched, (loss) => {
          const now = rate;
          if (loss < best * (1 - threshold)) [best, bad] = [loss, 0];
          else bad++;
          if (bad > patience) [rate, bad] = [Math.max(rate * factor, minimum), 0];
          return now;
        });
        expectClose(history.learningRate, expected, 1e-12);
        expect(new Set(expected).size).toBeGreaterThan(2);
        expect(expected.at(-1)).toBeGreaterThanOrEqual(minimum);
      }
    }
  });

  it('the rate of every rule follows its schedule', () => {
    for (const name of ['adam', 'momentum', 'adagrad', 'lion', 'ftrl'] as const) {
      const options: FitOptions = {
        ...batches,
        optimizer: { name, learningRate: 0.5 },
        schedule: { name: 'exponential', gamma: 0.5 },
      };
      const { history } = fitSync(data, options);
      expectClose(
        history.learningRate,
        history.learningRate.map((_, epoch) => 0.5 ** (epoch + 1)),
        1e-14,
      );
    }
  });
});
