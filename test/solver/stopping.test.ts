// When a fit ends, which epoch's weights it returns, and the losses on rows held out.
import { describe, expect, it } from 'vitest';
import { type FitData, type FitOptions, type Loss, sgd } from '../../lib/index.js';
import { linear, mean, plainLosses, withOnes } from '../support/algebra.js';
import { faces } from '../support/backends.js';
import { jobOf } from '../support/jobs.js';
import { expectBits, expectClose, expectRefusal, patience as limit, normals, problem } from '../support/support.js';

const cols = 8;
/** Few noisy rows: the loss on others falls first, and rises then. */
const data = problem(12, cols, 1, 8);
const validation = problem(40, cols, 2, 8);
const options: FitOptions = { optimizer: sgd({ learningRate: 0.1 }), epochs: 150, validation };

/** Where patience ends a fit with these watched losses, and which epoch is the best; counted from 1. */
function ending(losses: ArrayLike<number>, patience: number, minDelta: number) {
  let [best, bestEpoch, waited] = [Infinity, 0, 0];
  for (let epoch = 1; epoch <= losses.length; epoch++) {
    if (losses[epoch - 1] < best - minDelta) [best, bestEpoch, waited] = [losses[epoch - 1], epoch, 0];
    else waited++;
    if (patience > 0 && waited >= patience) return { epochs: epoch, bestEpoch, stopped: true };
  }
  return { epochs: losses.length, bestEpoch, stopped: false };
}

describe.each(faces)('stopping: $name', ({ fitSync, fit: fitAsync, kernels }) => {
  const whole = fitSync(data, options);
  const watched = whole.history.validationLoss;

  it('the problem over-fits', () => {
    const { bestEpoch } = ending(watched, 0, 0);
    expect(bestEpoch).toBeGreaterThan(2);
    expect(bestEpoch).toBeLessThan(100);
    expect(watched.at(-1)).toBeGreaterThan(1.05 * watched[bestEpoch - 1]);
  });

  it.each([
    [1, 0],
    [3, 0],
    [20, 0],
    [149, 0],
    [3, 0.5],
    [10, 5],
  ])('patience %i with minDelta %d', (patience, minDelta) => {
    const { epochs, bestEpoch, stopped } = ending(watched, patience, minDelta);
    const model = fitSync(data, { ...options, patience, minDelta });
    expect(model).toMatchObject({ epochs, steps: epochs, status: stopped ? 'earlyStopped' : 'maxEpochs' });
    expectBits(model.history.validationLoss, watched.subarray(0, epochs));
    expectBits(model.coefficients, fitSync(data, { ...options, epochs }).coefficients);
    const restored = fitSync(data, { ...options, patience, minDelta, restoreBest: true });
    const best = fitSync(data, { ...options, epochs: bestEpoch });
    expectBits(restored.coefficients, best.coefficients);
    expectBits(restored.intercepts, best.intercepts);
    expect(restored.epochs).toBe(epochs);
    expectBits(restored.history, model.history);
  });

  it('without rows held out it is the training loss that is watched', () => {
    const rough: FitOptions = { optimizer: sgd({ learningRate: 0.05 }), batchSize: 2, epochs: 60, seed: 5 };
    const { history } = fitSync(data, rough);
    const { epochs, stopped } = ending(history, 2, 0);
    expect(stopped).toBe(true);
    const model = fitSync(data, { ...rough, patience: 2 });
    expect(model).toMatchObject({ epochs, status: 'earlyStopped' });
    expectBits(model.coefficients, fitSync(data, { ...rough, epochs }).coefficients);
  });

  it('restoreBest alone, and with an average', () => {
    const { bestEpoch } = ending(watched, 0, 0);
    const model = fitSync(data, { ...options, restoreBest: true });
    expect(model).toMatchObject({ status: 'maxEpochs', epochs: 150 });
    expectBits(model.coefficients, fitSync(data, { ...options, epochs: bestEpoch }).coefficients);
    const averaged: FitOptions = { ...options, averaging: 'polyak' };
    const { history } = fitSync(data, averaged);
    const best = ending(history.validationLoss, 0, 0).bestEpoch;
    const restored = fitSync(data, { ...averaged, restoreBest: true });
    expectBits(restored.coefficients, fitSync(data, { ...averaged, epochs: best }).coefficients);
  });

  it('gradientTolerance ends with the first epoch whose gradient is shorter', () => {
    const norms = whole.history.gradientNorm;
    for (const gradientTolerance of [3, 1, 0.5]) {
      const epochs = 1 + norms.findIndex((norm) => norm < gradientTolerance);
      expect(epochs).toBeGreaterThan(0);
      const model = fitSync(data, { ...options, gradientTolerance });
      expect(model).toMatchObject({ epochs, status: 'converged' });
    }
    expect(fitSync(data, { ...options, gradientTolerance: 1e-300 }).status).toBe('maxEpochs');
  });

  it('gradientNorm is that of the last step', () => {
    for (const more of [{}, { l2: 0.3 }, { clipNorm: 0.1 }]) {
      const before = fitSync(data, { ...options, ...more, epochs: 9 });
      const { history } = fitSync(data, { ...options, ...more, epochs: 10 });
      const w = Float64Array.of(...before.coefficients, before.intercept);
      const g = new Float64Array(cols + 1);
      kernels.valueAndGradient('squared', { X: withOnes(data.X, cols), y: data.y }, w, g);
      for (let j = 0; j < cols; j++) g[j] += ((more as { l2?: number }).l2 ?? 0) * w[j];
      expectClose([history.gradientNorm[9]], [Math.hypot(...g)], 1e-12);
    }
  });

  it('maxSeconds ends a fit that would take years', async () => {
    const long: FitOptions = { epochs: 2 ** 50, maxSeconds: 0.05, optimizer: sgd() };
    const start = performance.now();
    const model = fitSync(data, long);
    expect(performance.now() - start).toBeLessThan(limit(3000));
    expect(performance.now() - start).toBeGreaterThanOrEqual(50);
    expect(model.status).toBe('timeLimit');
    expect(model.history.length).toBe(model.epochs);
    expect((await fitAsync(data, long)).status).toBe('timeLimit');
    const { kept: _, ...unlimited } = whole;
    expect(fitSync(data, { ...options, maxSeconds: 1e6 })).toMatchObject(unlimited);
  });
});

describe.each(faces)('rows held out: $name', ({ fitSync }) => {
  const losses: [Loss, (y: number, z: number) => number, (y: Float64Array) => Float64Array][] = [
    ['squared', plainLosses.squared, (y) => y],
    [{ name: 'huber', delta: 2 }, (y, z) => plainLosses.huber(y, z, 2), (y) => y],
    ['logistic', plainLosses.logistic, (y) => y.map((v) => (v > 0 ? 1 : 0))],
    ['hinge', plainLosses.hinge, (y) => y.map((v) => (v > 0 ? 1 : -1))],
    ['poisson', plainLosses.poisson, (y) => y.map((v) => Math.max(0, Math.floor(v / 5)))],
    ['gamma', plainLosses.gamma, (y) => y.map((v) => Math.abs(v / 5) + 0.1)],
    [
      { name: 'tweedie', power: 1.3 },
      (y, z) => plainLosses.tweedie(y, z, 1.3),
      (y) => y.map((v) => Math.max(0, v / 5)),
    ],
  ];
  it.each(losses)(
    'the validation loss of %j is its mean at the epoch’s end, without penalty',
    (loss, plain, targets) => {
      const wide = problem(60, cols, 3, 3);
      const given: FitData = { X: wide.X, y: targets(wide.y) };
      const held: FitData = { X: validation.X, y: targets(validation.y) };
      const fitting: FitOptions = { loss, optimizer: sgd({ learningRate: 0.002 }), l1: 0.01, l2: 0.1, batchSize: 7 };
      const series = fitSync(given, { ...fitting, epochs: 5, validation: held }).history.validationLoss;
      const byHand = [1, 2, 3, 4, 5].map((epochs) => {
        const model = fitSync(given, { ...fitting, epochs });
        const z = linear(validation.X, model.coefficients, model.intercept);
        return mean(z.map((value, i) => plain(held.y[i], value)));
      });
      expectClose(series, byHand, 1e-12);
    },
  );

  it('hold a part that seed draws, and train on the rest', () => {
    const rows = 41;
    const big = { ...problem(rows, cols, 4), sampleWeight: normals(rows, 5).map((w) => Math.abs(w) + 0.1) };
    const parts = (seed: number, validationFraction = 0.3) => {
      const { train, validation } = jobOf(big, { validationFraction, seed });
      return [train.index as Uint32Array, validation?.index as Uint32Array];
    };
    const [train, held] = parts(1);
    expect(held.length).toBe(12);
    expect([...train, ...held].sort((a, b) => a - b)).toEqual([...Array(rows).keys()]);
    for (const list of [train, held]) expect([...list]).toEqual([...list].sort((a, b) => a - b));
    expect(parts(1)).toEqual([train, held]);
    expect(new Set([0, 1, 2, 3, 4].map((seed) => String(parts(seed)[1]))).size).toBe(5);
    expect(parts(1, 0.01 * 1.3)[1].length).toBe(1);

    const pick = (rows: Uint32Array): FitData => ({
      X: Float64Array.from([...rows].flatMap((i) => [...big.X.subarray(i * cols, (i + 1) * cols)])),
      y: Float64Array.from(rows, (i) => big.y[i]),
      sampleWeight: Float64Array.from(rows, (i) => big.sampleWeight[i]),
    });
    for (const more of [{}, { sampler: 'sequential', batchSize: 6 }, { standardize: true }] as FitOptions[]) {
      const fitting: FitOptions = { optimizer: sgd({ learningRate: 0.05 }), epochs: 20, seed: 1, ...more };
      const model = fitSync(big, { ...fitting, validationFraction: 0.3 });
      const apart = fitSync(pick(train), { ...fitting, validation: pick(held) });
      expectClose(model.coefficients, apart.coefficients, 1e-12);
      expectClose(model.history, apart.history, 1e-12);
      expectClose(model.history.validationLoss, apart.history.validationLoss, 1e-12);
      expect(model.steps).toBe(apart.steps);
    }
    const shuffled = fitSync(big, { validationFraction: 0.3, batchSize: 6, epochs: 2 });
    expect(shuffled.steps).toBe(2 * Math.ceil(29 / 6));
  });

  it.each([0.001, 0.999])('validationFraction %d of twelve rows leaves a part empty', (validationFraction) => {
    expectRefusal(fitSync, [data, { validationFraction }], 'ERR_OUT_OF_RANGE', /leaves a part empty/);
  });
});
