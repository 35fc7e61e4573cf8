// restoreBest without rows held out: the weights returned are those of the least objective over the training rows.
import { describe, expect, it } from 'vitest';
import { type Averaging, type FitData, type FitOptions, type Loss, minimize, sgd } from '../../lib/index.js';
import { linear, mean, plainLosses } from '../support/algebra.js';
import { faces } from '../support/backends.js';
import { expectBits, problem, random } from '../support/support.js';

const rules = ['sgd', 'momentum', 'adagrad', 'rmsprop', 'adam', 'nadam', 'yogi'] as const;
const losses: [Loss, (y: number, z: number) => number, (y: number) => number][] = [
  ['squared', plainLosses.squared, (y) => y],
  ['huber', plainLosses.huber, (y) => y],
  ['logistic', plainLosses.logistic, (y) => (y > 0 ? 1 : 0)],
  ['hinge', plainLosses.hinge, (y) => (y > 0 ? 1 : -1)],
  ['quantile', plainLosses.quantile, (y) => y],
];
const averagings: Averaging[] = ['none', 'none', 'polyak', { name: 'ema', decay: 0.6 }, { name: 'polyak', start: 5 }];

interface Case {
  data: FitData & { X: Float64Array; y: Float64Array };
  options: FitOptions;
  plain: (y: number, z: number) => number;
}

/** Fits whose loss rises and falls: large rates, momentum, few rows, batches. */
function draw(seed: number): Case {
  const uniform = random(seed);
  const pick = <T>(list: readonly T[]): T => list[Math.floor(uniform() * list.length)];
  const cols = 1 + Math.floor(5 * uniform());
  const rows = 3 + Math.floor(40 * uniform());
  const [loss, plain, target] = pick(losses);
  const { X, y } = problem(rows, cols, seed, 2);
  const options: FitOptions = {
    loss,
    optimizer: { name: pick(rules), learningRate: 0.02 + uniform() },
    averaging: pick(averagings),
    epochs: 1 + Math.floor(20 * uniform()),
    seed,
    ...(uniform() < 0.5 && { batchSize: 1 + Math.floor(10 * uniform()) }),
    ...(uniform() < 0.3 && { l2: uniform() }),
    ...(uniform() < 0.3 && { l1: uniform() }),
    ...(uniform() < 0.3 && { standardize: true }),
    ...(uniform() < 0.3 && { schedule: 'exponential' }),
  };
  if (options.loss === 'squared' && !options.batchSize && uniform() < 0.5) options.gram = true;
  return { data: { X, y: y.map(target) }, options, plain };
}

describe.each(faces)('restoreBest without a validation: $name', ({ fitSync }) => {
  it('returns the weights of the least objective, and changes nothing else', () => {
    for (let seed = 1; seed <= 60; seed++) {
      const { data, options, plain } = draw(seed);
      const last = fitSync(data, options);
      const restored = fitSync(data, { ...options, restoreBest: true });
      if (last.status === 'diverged') continue;
      expectBits(restored.history, last.history);
      expectBits(restored.history.gradientNorm, last.history.gradientNorm);
      expect(restored).toMatchObject({ status: last.status, epochs: last.epochs, steps: last.steps });
      const { l1 = 0, l2 = 0 } = options;
      const objective = (coefficients: Float64Array, intercept: number) => {
        const z = linear(data.X, coefficients, intercept);
        const penalty = coefficients.reduce((sum, w) => sum + l1 * Math.abs(w) + (l2 / 2) * w * w, 0);
        return mean(z.map((value, i) => plain(data.y[i], value))) + (options.standardize ? 0 : penalty);
      };
      if (options.standardize && (l1 || l2)) continue; // whose penalty is on the scaled columns
      const models = Array.from({ length: last.epochs }, (_, k) => fitSync(data, { ...options, epochs: k + 1 }));
      const all = [
        objective(new Float64Array(restored.coefficients.length), 0),
        ...models.map(({ coefficients, intercept }) => objective(coefficients, intercept)),
      ];
      const got = objective(restored.coefficients, restored.intercept);
      expect(got, `seed ${seed}`).toBeLessThanOrEqual(Math.min(...all) * (1 + 1e-12) + 1e-300);
      if (options.batchSize || options.averaging !== 'none') continue;
      expect(got, `seed ${seed}`).toBeLessThanOrEqual(Math.min(...last.history) * (1 + 1e-9));
    }
  });

  it('the returned weights are those of an epoch, to the bit, or of the start', () => {
    const X = Float64Array.of(1, 2, 2, 1, 3, 4, 4, 3, 5, 6);
    const data = { X, y: Float64Array.of(8.1, 6.9, 18.2, 14.8, 29.1) };
    const options: FitOptions = { optimizer: sgd({ learningRate: 0.05, momentum: 0.9 }), epochs: 30 };
    const restored = fitSync(data, { ...options, restoreBest: true });
    const { history } = fitSync(data, { ...options, epochs: 31 });
    const best = history.indexOf(Math.min(...history)); // the weights that epoch best + 1 begins with
    const model = fitSync(data, { ...options, epochs: best });
    expectBits(restored.coefficients, model.coefficients);
    const worse = fitSync(data, { optimizer: sgd({ learningRate: 9 }), epochs: 3, restoreBest: true });
    expect([...worse.coefficients, worse.intercept]).toEqual([0, 0, 0]);
    const warm = fitSync(data, { optimizer: sgd({ learningRate: 9 }), epochs: 3, restoreBest: true, warmStart: model });
    expectBits(warm.coefficients, model.coefficients);
  });

  it('minDelta is what an objective must fall by', () => {
    const data = problem(20, 2, 3);
    const options: FitOptions = { optimizer: sgd({ learningRate: 0.1 }), epochs: 40, restoreBest: true };
    const { history } = fitSync(data, { ...options, epochs: 41 });
    for (const minDelta of [0.01, 0.3, 2]) {
      let [best, at] = [Infinity, -1];
      history.forEach((loss, k) => {
        if (loss < best - minDelta) [best, at] = [loss, k];
      });
      const expected = at === 0 ? new Float64Array(2) : fitSync(data, { ...options, epochs: at }).coefficients;
      expectBits(fitSync(data, { ...options, minDelta }).coefficients, expected);
    }
  });
});

describe('restoreBest of minimize', () => {
  it('returns the least value that the function was found to have', () => {
    let least = Infinity;
    let calls = 0;
    const fun = (x: Float64Array, gradient: Float64Array) => {
      calls++;
      gradient[0] = 40 * x[0] ** 3 - 6 * x[0] + 1;
      const value = 10 * x[0] ** 4 - 3 * x[0] ** 2 + x[0];
      least = Math.min(least, value);
      return value;
    };
    const options = { optimizer: sgd({ learningRate: 0.03, momentum: 0.8 }), epochs: 15 };
    const found = minimize(fun, Float64Array.of(0.9), { ...options, restoreBest: true });
    expect(found.value).toBe(least);
    expect(found.evaluations).toBe(16); // fifteen steps, and where they end
    expect(calls).toBe(16);
  });
});
