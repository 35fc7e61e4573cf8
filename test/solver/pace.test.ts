// 'converged' means a minimum, not a learning rate near 0, a lucky batch or an average that lags behind.
import { describe, expect, it } from 'vitest';
import { type Averaging, type FitOptions, type Schedule, sgd } from '../../lib/index.js';
import { solve, withOnes } from '../support/algebra.js';
import { faces } from '../support/backends.js';
import { expectBits, problem, random } from '../support/support.js';

const rows = 40;
const cols = 3;

/** The least squares objective ½·mean (Xw + b - y)², its gradient and its minimum. */
function quadratic({ X, y }: { X: Float64Array; y: Float64Array }) {
  const Z = withOnes(X, cols);
  const side = cols + 1;
  const H = new Float64Array(side * side);
  const b = new Float64Array(side);
  let c = 0;
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < side; j++) {
      for (let k = 0; k < side; k++) H[j * side + k] += (Z[i * side + j] * Z[i * side + k]) / rows;
      b[j] += (Z[i * side + j] * y[i]) / rows;
    }
    c += (y[i] * y[i]) / (2 * rows);
  }
  const times = (w: ArrayLike<number>) => b.map((_, j) => b.reduce((sum, _, k) => sum + H[j * side + k] * w[k], 0));
  const value = (w: ArrayLike<number>) => {
    const Hw = times(w);
    return c + b.reduce((sum, bj, j) => sum + w[j] * (Hw[j] / 2 - bj), 0);
  };
  const slope = (w: ArrayLike<number>) => Math.hypot(...times(w).map((v, j) => v - b[j]));
  return { value, slope, least: value(solve(H, b)) };
}

const slow: Schedule[] = [
  { name: 'constant', warmup: 50 },
  { name: 'invscaling', warmup: 20.5 },
  { name: 'exponential', gamma: 0.6 },
  { name: 'step', stepSize: 1, gamma: 0.1 },
  { name: 'polynomial', power: 4 },
  'cosine',
  { name: 'cosine', restart: 5 },
  { name: 'onecycle', divisor: 1e4 },
  { name: 'onecycle', start: 0.9, divisor: 1e3 },
  { name: 'plateau', patience: 0, factor: 0.01, threshold: 0.9 },
];

describe.each(faces)('converged: $name', ({ fitSync, fitManySync }) => {
  const data = problem(rows, cols, 1);
  const { value, slope, least } = quadratic(data);
  const weightsOf = (model: { coefficients: Float64Array; intercept: number }) => [
    ...model.coefficients,
    model.intercept,
  ];

  it.each(slow)('a small rate of %j is no minimum', (schedule) => {
    for (const batchSize of [undefined, 4]) {
      for (const epochs of [60, 300]) {
        const options: FitOptions = {
          optimizer: sgd({ learningRate: 0.02 }),
          schedule,
          epochs,
          tolerance: 1e-4,
          gram: false,
        };
        const { gram, ...batched } = options;
        const model = fitSync(data, batchSize ? { ...batched, batchSize } : options);
        if (model.status !== 'converged') continue;
        // A step at the largest rate gains at most 1e-4, so that the gradient's square is at most that over the rate.
        const gap = value(weightsOf(model)) - least;
        expect(gap, `${JSON.stringify(schedule)} ${batchSize} ${epochs}: ${model.epochs}`).toBeLessThan(
          batchSize ? 0.05 : 0.02,
        );
        const isWarming = typeof schedule === 'object' && (schedule.warmup ?? 0) > model.epochs;
        expect(isWarming).toBe(false);
      }
    }
  });

  it('waits for no improvement while the rate rises', () => {
    const options: FitOptions = { optimizer: sgd({ learningRate: 0.02 }), epochs: 400, patience: 3, minDelta: 0.05 };
    const plain = fitSync(data, options);
    const warm = fitSync(data, { ...options, schedule: { name: 'constant', warmup: 200 } });
    expect(warm.epochs).toBeGreaterThan(10);
    expect(value(weightsOf(warm)) - least).toBeLessThan(2 * (value(weightsOf(plain)) - least) + 0.1);
  });

  it('a constant rate is judged as ever', () => {
    const options: FitOptions = { optimizer: sgd({ learningRate: 0.05 }), epochs: 500, gram: false };
    const { history } = fitSync(data, options);
    for (const tolerance of [1e-2, 1e-5]) {
      const at = history.findIndex((loss, k) => k > 0 && Math.abs(loss - history[k - 1]) < tolerance);
      expect(fitSync(data, { ...options, tolerance })).toMatchObject({ epochs: at + 1, status: 'converged' });
    }
  });

  it('many fits end where one does', () => {
    const parts = [0, 1, 2].map((k) => problem(20, cols, k + 5));
    for (const schedule of slow.filter((each) => typeof each === 'string' || each.name !== 'plateau')) {
      const options = { optimizer: sgd({ learningRate: 0.05 }), schedule, epochs: 80, tolerance: 1e-3 };
      const many = fitManySync(parts, options);
      parts.forEach((part, i) => {
        const one = fitSync(part, options);
        expect([many.statusOf(i), many.epochs[i]]).toEqual([one.status, one.epochs]);
        expectBits(many.at(i).coefficients, one.coefficients);
      });
    }
  });

  it('a gradient of batches is that of the epoch, and one of all rows bears it out', () => {
    const uniform = random(3);
    let ended = 0;
    for (let seed = 1; seed <= 30; seed++) {
      const gradientTolerance = 10 ** (-3 * uniform());
      const learningRate = 0.005 + 0.05 * uniform();
      const averaging = (['none', 'polyak', { name: 'ema', decay: 0.9 }] as Averaging[])[seed % 3];
      const sampler = (['sequential', 'shuffled', 'full'] as const)[seed % 4 === 0 ? 2 : seed % 2];
      const options: FitOptions = {
        optimizer: sgd({ learningRate }),
        sampler,
        averaging,
        epochs: 150,
        gradientTolerance,
        seed,
        ...(sampler !== 'full' && { batchSize: 1 + (seed % 7) }),
      };
      const model = fitSync(data, options);
      if (model.status !== 'converged') continue;
      ended++;
      expect(model.history.gradientNorm.at(-1)).toBeLessThan(gradientTolerance);
      // Of steps of all rows the gradient is that before the last one.
      expect(slope(weightsOf(model)), `seed ${seed}`).toBeLessThan(gradientTolerance * (1 + 1e-9));
    }
    expect(ended).toBeGreaterThan(5);
  });

  it('the gradient norm of batches is that of the mean of their gradients', () => {
    const still = sgd({ learningRate: 1e-12 });
    for (const batchSize of [1, 3, 7, 40]) {
      const { history } = fitSync(data, { optimizer: still, batchSize, epochs: 2, gradientTolerance: 1e-9 });
      expect(Math.abs(history.gradientNorm[1] - slope([0, 0, 0, 0]))).toBeLessThan(1e-8);
    }
  });

  it('an average that lags behind has not converged', () => {
    for (const averaging of ['polyak', { name: 'ema', decay: 0.99 }] as Averaging[]) {
      for (const tolerance of [1e-3, 1e-6]) {
        const options: FitOptions = { optimizer: sgd({ learningRate: 0.3 }), averaging, epochs: 3000, tolerance };
        const model = fitSync(data, options);
        const raw = fitSync(data, { ...options, averaging: 'none' });
        expect(raw.status).toBe('converged');
        expect(model.epochs).toBeGreaterThan(raw.epochs);
        if (model.status !== 'converged') continue;
        expect(value(weightsOf(model)) - least).toBeLessThan(3 * tolerance);
      }
    }
  });
});
