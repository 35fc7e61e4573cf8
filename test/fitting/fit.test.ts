// What a fit computes: the loop against one written out by hand, schedules, stopping, histories and counts.
import { describe, expect, it } from 'vitest';
import { adagrad, adam, type FitData, type FitOptions, type Model, rmsprop, sgd } from '../../lib/index.js';
import { faces } from '../support/backends.js';
import { expectBits, expectClose, problem } from '../support/support.js';

/** Mini-batch descent in the order of the rows, with an intercept, written out. */
function byHand({ X, y }: FitData, cols: number, rate: (step: number) => number, batchSize: number, epochs: number) {
  const w = new Float64Array(cols);
  const history: number[] = [];
  const stepHistory: number[] = [];
  let b = 0;
  let step = 0;
  for (let epoch = 0; epoch < epochs; epoch++) {
    let total = 0;
    for (let start = 0; start < y.length; start += batchSize) {
      const end = Math.min(start + batchSize, y.length);
      const g = new Float64Array(cols);
      let [gb, sum] = [0, 0];
      for (let i = start; i < end; i++) {
        const r = w.reduce((z, weight, j) => z + weight * X[i * cols + j], b) - y[i];
        sum += (r * r) / 2;
        gb += r;
        for (let j = 0; j < cols; j++) g[j] += r * X[i * cols + j];
      }
      const eta = rate(++step) / (end - start);
      for (let j = 0; j < cols; j++) w[j] -= eta * g[j];
      b -= eta * gb;
      total += sum;
      stepHistory.push(sum / (end - start));
    }
    history.push(total / y.length);
  }
  return { w, b, history, stepHistory };
}

/** A problem that every rule makes steady progress on. */
const data = problem(103, 4, 1);
const cols = 4;

/** A model but for the options that partialFit keeps, which say as much by other words. */
const withoutOptions = ({ kept: _, ...model }: Model) => model;

describe.each(faces)('fit: $name', ({ fitSync, kernels }) => {
  it('has the solution of least squares, where the gradient is 0', () => {
    const X = Float64Array.from({ length: 300 }, (_, i) => Math.sin(i * i));
    const y = Float64Array.from({ length: 100 }, (_, i) => 2 * X[3 * i] - X[3 * i + 1] + 0.3 * Math.cos(i));
    const model = fitSync({ X, y }, { optimizer: sgd({ learningRate: 0.5 }), epochs: 2000, intercept: false });
    const gradient = new Float64Array(3);
    kernels.valueAndGradient('squared', { X, y }, model.coefficients, gradient);
    expectClose(gradient, [0, 0, 0], 1e-14, 1);
    expect(model.intercept).toBe(0);
  });

  it('recovers coefficients and intercept of data without noise', () => {
    const exact = problem(200, 4, 2, 0);
    const model = fitSync(exact, { optimizer: sgd({ learningRate: 0.3 }), epochs: 500 });
    expectClose([...model.coefficients, model.intercept], [1, 2, 3, 4, 0.5], 1e-12);
    expect(model.loss).toBe('squared');
  });

  it.each<[string, FitOptions['optimizer']]>([
    ['sgd', sgd({ learningRate: 0.1 })],
    ['momentum', sgd({ learningRate: 0.05, momentum: 0.9 })],
    ['dampening', sgd({ learningRate: 0.2, momentum: 0.5, dampening: 0.5 })],
    ['nesterov', sgd({ learningRate: 0.05, momentum: 0.9, nesterov: true })],
    ['adagrad', adagrad({ learningRate: 1 })],
    ['rmsprop', rmsprop({ learningRate: 0.01 })],
    ['rmsprop, centered', rmsprop({ learningRate: 0.003, centered: true, momentum: 0.5 })],
    ['adam', adam({ learningRate: 0.1 })],
  ])('%s comes near the solution', (_name, optimizer) => {
    const best = fitSync(data, { optimizer: sgd({ learningRate: 0.3 }), epochs: 1000 });
    const model = fitSync(data, { optimizer, epochs: 1000 });
    expect(model.status).toBe('maxEpochs');
    expect(model.history[999]).toBeLessThan(best.history[999] * 1.05);
    expectClose(model.coefficients, best.coefficients, 0.05);
  });

  it.each([1, 10, 50, 103, 1000])(
    'batches of %i rows, the last one short, are those of a loop by hand',
    (batchSize) => {
      const options: FitOptions = {
        optimizer: sgd({ learningRate: 0.01 }),
        sampler: 'sequential',
        batchSize,
        epochs: 3,
      };
      const { w, b, history, stepHistory } = byHand(data, cols, () => 0.01, batchSize, 3);
      const model = fitSync(data, options);
      expectClose([...model.coefficients, model.intercept], [...w, b], 1e-12);
      expectClose(model.history, history, 1e-12);
      const stepwise = fitSync(data, { ...options, history: 'step' });
      expectClose(stepwise.history, stepHistory, 1e-12, history[2]);
      expectBits(stepwise.coefficients, model.coefficients);
      for (const { epochs, steps } of [model, stepwise]) {
        expect({ epochs, steps }).toEqual({ epochs: 3, steps: 3 * Math.ceil(103 / batchSize) });
      }
    },
  );

  it('all rows in a step are one batch in order', () => {
    const options = { optimizer: sgd({ learningRate: 0.1 }), epochs: 7 };
    const { w, b, history } = byHand(data, cols, () => 0.1, 103, 7);
    const model = fitSync(data, options);
    expectClose([...model.coefficients, model.intercept], [...w, b], 1e-12);
    expectClose(model.history, history, 1e-12);
    expect(model.steps).toBe(7);
    expect(withoutOptions(fitSync(data, { ...options, sampler: 'full', batchSize: 103 }))).toEqual(
      withoutOptions(model),
    );
    expect(withoutOptions(fitSync(data, { ...options, sampler: 'sequential', batchSize: 103 }))).toEqual(
      withoutOptions(model),
    );
  });

  it('takes all rows in 100 epochs where nothing but an update rule is named', () => {
    const model = fitSync(data, { optimizer: 'adam' });
    const options: FitOptions = { optimizer: 'adam', sampler: 'full', epochs: 100, intercept: true, seed: 0 };
    expect(withoutOptions(fitSync(data, options))).toEqual(withoutOptions(model));
    expect(model).toMatchObject({ epochs: 100, steps: 100, status: 'maxEpochs', loss: 'squared' });
    expect(model.history.length).toBe(100);
  });

  it('a batch size alone means shuffled batches, a sampler alone batches of 32', () => {
    const shuffled = fitSync(data, { sampler: 'shuffled', batchSize: 10, epochs: 3 });
    expect(withoutOptions(fitSync(data, { batchSize: 10, epochs: 3 }))).toEqual(withoutOptions(shuffled));
    expect(fitSync(data, { sampler: 'shuffled', epochs: 3 }).steps).toBe(3 * 4);
  });

  it('an intercept is a column of ones that X does not have', () => {
    const ones = new Float64Array(103 * 5);
    for (let i = 0; i < 103; i++) ones.set([...data.X.subarray(4 * i, 4 * i + 4), 1], 5 * i);
    const withColumn = fitSync({ X: ones, y: data.y }, { intercept: false });
    const model = fitSync(data);
    expectClose([...model.coefficients, model.intercept], withColumn.coefficients, 1e-12);
    expect(model.intercept).not.toBe(0);
    expect(withColumn.intercept).toBe(0);
  });

  it('rows and cols may be given', () => {
    expect(fitSync({ ...data, rows: 103, cols: 4 })).toEqual(fitSync(data));
  });

  it.each([0, 0.25, 0.5, 1, 2])('inverse scaling with power %d', (power) => {
    const options: FitOptions = {
      optimizer: sgd({ learningRate: 0.02 }),
      schedule: { name: 'invscaling', power },
      sampler: 'sequential',
      batchSize: 20,
      epochs: 4,
    };
    const { w, b } = byHand(data, cols, (step) => 0.02 / step ** power, 20, 4);
    const model = fitSync(data, options);
    expectClose([...model.coefficients, model.intercept], [...w, b], 1e-12);
    if (power === 0.25)
      expect(withoutOptions(fitSync(data, { ...options, schedule: 'invscaling' }))).toEqual(withoutOptions(model));
    if (power === 0)
      expect(withoutOptions(fitSync(data, { ...options, schedule: 'constant' }))).toEqual(withoutOptions(model));
  });

  it('stops at the first epoch whose loss changes by less than the tolerance', () => {
    const options: FitOptions = { optimizer: sgd({ learningRate: 0.1 }), epochs: 200 };
    const { history } = fitSync(data, options);
    for (const tolerance of [1e-1, 1e-3, 1e-6]) {
      const last = history.findIndex((loss, i) => i > 0 && Math.abs(loss - history[i - 1]) < tolerance);
      expect(last).toBeGreaterThan(0);
      const model = fitSync(data, { ...options, tolerance });
      expect(model).toMatchObject({ status: 'converged', epochs: last + 1, steps: last + 1 });
      expectBits(model.history, history.subarray(0, last + 1));
      expectBits(model.coefficients, fitSync(data, { ...options, epochs: last + 1 }).coefficients);
    }
    expect(fitSync(data, { ...options, tolerance: 1e300 }).epochs).toBe(2);
    expect(fitSync(data, { ...options, epochs: 1, tolerance: 1e300 }).status).toBe('maxEpochs');
  });

  it('never stops without a tolerance, even where nothing changes', () => {
    const still = { X: Float64Array.of(1, 2), y: Float64Array.of(0, 0) };
    const options = { optimizer: 'adam', epochs: 50 } as const;
    expect(fitSync(still, options)).toMatchObject({ status: 'maxEpochs', epochs: 50, intercept: 0 });
    expect(fitSync(still, { ...options, tolerance: 1e-9 })).toMatchObject({ status: 'converged', epochs: 2 });
  });
});

describe.each(faces)('diverging: $name', ({ fitSync }) => {
  it.each(['sgd', 'adagrad', 'rmsprop', 'adam'] as const)('%s with a learning rate of 1e308', (name) => {
    for (const extra of [{}, { batchSize: 10 }, { batchSize: 10, history: 'step' }] as FitOptions[]) {
      const model = fitSync(data, { optimizer: { name, learningRate: 1e308 }, ...extra });
      expect(model.status).toBe('diverged');
      const { coefficients, intercept, history } = model;
      for (const value of [...coefficients, intercept, ...history]) expect(value).toSatisfy(Number.isFinite);
      expect(model.epochs).toBeLessThan(100);
      expect(history.length).toBe(extra.history === 'step' ? model.steps : model.epochs);
    }
  });

  it('keeps the last epoch whose loss and weights were finite', () => {
    const options: FitOptions = { optimizer: sgd({ learningRate: 1e20 }), epochs: 100 };
    const model = fitSync(data, options);
    expect(model.status).toBe('diverged');
    expect(model.epochs).toBeGreaterThan(2);
    const before = fitSync(data, { ...options, epochs: model.epochs });
    expect(before.status).toBe('maxEpochs');
    expectBits(model.coefficients, before.coefficients);
    expectBits(model.history, before.history);
    expect(model.steps).toBe(before.steps);
  });
});
