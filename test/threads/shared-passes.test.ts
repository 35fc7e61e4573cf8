// Passes over much data, shared by threads: the same bits for any number of them, and as the reference's.
import { afterAll, describe, expect, it } from 'vitest';
import type { Backend } from '../../lib/backend/interface.js';
import { NablaError, setThreads } from '../../lib/index.js';
import { faces, native, reference } from '../support/backends.js';
import { expectOutcome, jobOf } from '../support/jobs.js';
import { emulated, expectBits, normals, patience, random, thrown } from '../support/support.js';

const counts = [1, 2, 3, 7];

/** Rows enough that threads share them, and not a whole number of blocks, nor of the 2^k of them that a thread takes. */
function dataOf(rows: number, cols: number, kind: 'real' | 'classes' | 'labels' | 'counts', seed = 1) {
  const X = normals(rows * cols, seed);
  const uniform = random(seed);
  const draw = { real: 2 - 4 * uniform(), classes: 2, labels: 3, counts: 5 }[kind];
  const y = Float64Array.from({ length: rows }, (_, i) => {
    return kind === 'real' ? X[i * cols] + uniform() : Math.floor(draw * uniform());
  });
  return { X, y };
}

describe.runIf(native && !emulated)('any number of threads', { timeout: patience(60_000) }, () => {
  const backend = native as Backend;
  const usual = backend.threads();
  afterAll(() => backend.setThreads(usual));

  it.each([
    ['least squares', 20_011, 7, 'real', { optimizer: 'adam', epochs: 5 }],
    ['weights, offset, columns scaled', 9_001, 16, 'real', { optimizer: 'sgd', epochs: 3, standardize: true }],
    ['rows held out', 30_011, 9, 'real', { optimizer: 'nesterov', epochs: 3, validationFraction: 0.5 }],
    ['large batches', 40_001, 7, 'classes', { loss: 'logistic', batchSize: 20_000, epochs: 2 }],
    ['softmax', 15_001, 5, 'labels', { loss: 'softmax', optimizer: 'rmsprop', epochs: 3 }],
    ['narrow rows', 70_001, 3, 'real', { optimizer: 'sgd', epochs: 3 }],
    ['wide rows', 1003, 700, 'real', { optimizer: 'sgd', epochs: 2 }],
    ['few wide rows', 101, 1500, 'real', { optimizer: 'sgd', epochs: 3, intercept: false }],
    ['lbfgs', 20_011, 8, 'counts', { loss: 'poisson', optimizer: 'lbfgs', l2: 0.1, epochs: 4 }],
    ['owl-qn', 20_011, 8, 'classes', { loss: 'logistic', optimizer: 'lbfgs', l1: 0.01, epochs: 4 }],
    ['newton', 20_011, 12, 'classes', { loss: 'logistic', optimizer: 'newton', epochs: 3 }],
    ['newton, softmax', 12_001, 12, 'labels', { loss: 'softmax', optimizer: 'newton', l2: 0.01, epochs: 2 }],
    ['quantiles', 20_011, 12, 'real', { loss: 'quantile', optimizer: 'newton', l1: 0.01, epochs: 4 }],
    ['the two walls of a tube', 9_001, 12, 'real', { loss: 'epsilon_insensitive', optimizer: 'newton', epochs: 4 }],
    ['exact', 20_011, 12, 'real', { optimizer: 'exact', l2: 0.1 }],
  ] as const)('%s', async (what, rows, cols, kind, options) => {
    const { X, y } = dataOf(rows, cols, kind);
    const weighted = what.startsWith('weights');
    const extra = weighted && { sampleWeight: y.map(Math.abs), offset: normals(rows, 5) };
    const job = jobOf({ X, y, ...extra }, { ...options, seed: 3 });
    const expected = reference.fitSync(job);
    backend.setThreads(7);
    for (const threads of counts) {
      const of = { ...job, plan: { ...job.plan, threads } };
      expectOutcome(backend.fitSync(of), expected, `${threads} threads, `);
      expectOutcome(await backend.fit(of), expected, `${threads} threads, off the thread, `);
    }
    for (const places of counts) {
      backend.setThreads(places);
      const both = await Promise.all([backend.fit(job), backend.fit(job), backend.fitSync(job)]);
      for (const outcome of both) expectOutcome(outcome, expected, `${places} places, `);
    }
  });

  it.each([
    [30_001, 9],
    [90, 3001],
    [1003, 700],
    [4_000, 64],
  ])('products of %d × %d', (rows, cols) => {
    const A = normals(rows * cols, 1);
    const [x, y] = [normals(cols, 2), normals(rows, 3)];
    const all = (of: Backend) => {
      const [z, g, H, gradient] = [rows, cols, cols < 100 ? cols * cols : 0, cols].map((n) => new Float64Array(n));
      of.gemv(A, rows, cols, x, z);
      of.gemvT(A, rows, cols, y, g);
      if (H.length > 0) of.gram(A, rows, cols, null, H);
      const value = of.valueAndGradient(0, new Float64Array(12), A, y, rows, cols, 1, x, gradient);
      return [z, g, H, gradient, Float64Array.of(value)];
    };
    const expected = all(reference);
    for (const threads of counts) {
      backend.setThreads(threads);
      all(backend).forEach((array, i) => {
        expectBits(array, expected[i], `${threads} threads, result ${i}, element`);
      });
    }
  });
});

it.runIf(native)('setThreads says how many there are', () => {
  const backend = native as Backend;
  const usual = backend.threads();
  setThreads(3);
  expect(backend.threads()).toBe(3);
  setThreads(usual);
});

describe.each(faces)('threads: $name', ({ fitSync }) => {
  it.each([
    [0, 'ERR_OUT_OF_RANGE'],
    [1.5, 'ERR_OUT_OF_RANGE'],
    [1025, 'ERR_OUT_OF_RANGE'],
    [NaN, 'ERR_OUT_OF_RANGE'],
    ['2', 'ERR_INVALID_ARG_TYPE'],
    [undefined, 'ERR_INVALID_ARG_TYPE'],
  ])('setThreads(%s) is refused', (n, code) => {
    const error = thrown(() => setThreads(n as number));
    expect(error).toBeInstanceOf(NablaError);
    expect(error).toMatchObject({ code });
  });

  it('the option takes whole numbers from 0', () => {
    const { X, y } = dataOf(20, 2, 'real');
    expect(fitSync({ X, y }, { threads: 3 }).coefficients).toEqual(fitSync({ X, y }).coefficients);
    expect(thrown(() => fitSync({ X, y }, { threads: -1 }))).toMatchObject({ code: 'ERR_OUT_OF_RANGE' });
    expect(thrown(() => fitSync({ X, y }, { threads: 1e9 }))).toMatchObject({ code: 'ERR_OUT_OF_RANGE' });
  });
});
