// standardize: the fit of a copy that was standardized by hand, told in the columns as they are.
import { describe, expect, it } from 'vitest';
import { adam, type FitData, type FitOptions, sgd } from '../../lib/index.js';
import { linear } from '../support/algebra.js';
import { faces } from '../support/backends.js';
import { expectBits, expectClose, normals, problem } from '../support/support.js';

const rows = 150;
const cols = 4;
/** Columns of very different places and widths. */
const places = [100, -3, 0.02, 5e4];
const widths = [10, 0.01, 3, 200];
const { X: Z, y } = problem(rows, cols, 1);
const X = Z.map((z, at) => places[at % cols] + widths[at % cols] * z);

/** Weighted means and deviations of some rows. */
function moments(X: Float64Array, cols: number, chosen: number[], weight: (i: number) => number) {
  const total = chosen.reduce((sum, i) => sum + weight(i), 0);
  const of = (value: (i: number) => number) => chosen.reduce((sum, i) => sum + weight(i) * value(i), 0) / total;
  const mean = Array.from({ length: cols }, (_, j) => of((i) => X[i * cols + j]));
  const deviation = mean.map((m, j) => Math.sqrt(of((i) => (X[i * cols + j] - m) ** 2)));
  return { mean, deviation };
}

const every = [...Array(rows).keys()];
const cases: [string, Partial<FitData>, FitOptions][] = [
  ['plain', {}, { optimizer: sgd({ learningRate: 0.1 }), epochs: 40 }],
  ['adam in batches', {}, { optimizer: adam({ learningRate: 0.05 }), sampler: 'sequential', batchSize: 20, epochs: 6 }],
  ['without an intercept', {}, { optimizer: sgd({ learningRate: 0.1 }), epochs: 40, intercept: false }],
  ['with penalties', {}, { optimizer: sgd({ learningRate: 0.1 }), epochs: 40, l1: 0.3, l2: 0.1 }],
  ['with clipping', {}, { optimizer: sgd({ learningRate: 0.1 }), epochs: 40, clipNorm: 0.5 }],
  ['averaged', {}, { optimizer: sgd({ learningRate: 0.1 }), epochs: 40, averaging: 'polyak' }],
  ['weighted', { sampleWeight: normals(rows, 3).map(Math.abs) }, { optimizer: sgd({ learningRate: 0.1 }), epochs: 40 }],
];

describe.each(faces)('standardize: $name', ({ fitSync, fit: fitAsync }) => {
  it.each(cases)('%s', async (_name, more, options) => {
    const data = { X: X.slice(), y, ...more };
    const { mean, deviation } = moments(X, cols, every, (i) => more.sampleWeight?.[i] ?? 1);
    const centred = options.intercept !== false;
    const copy = X.map((x, at) => (x - (centred ? mean[at % cols] : 0)) / deviation[at % cols]);
    const byHand = fitSync({ ...data, X: copy }, options);
    const model = fitSync(data, { ...options, standardize: true });
    expectBits(data.X, X, 'X');
    expectClose(model.predict(X), byHand.predict(copy), 1e-9, 1);
    expectClose(
      model.coefficients,
      byHand.coefficients.map((w, j) => w / deviation[j]),
      1e-9,
      1e-9,
    );
    expectClose(model.history, byHand.history, 1e-9, 1e-9);
    expectClose(model.history.gradientNorm, byHand.history.gradientNorm, 1e-7, 1e-3);
    if (!centred) expect(model.intercept).toBe(0);
    expect(await fitAsync(data, { ...options, standardize: true })).toEqual(model);
  });

  it('several outputs', () => {
    const both = Float64Array.from({ length: 2 * rows }, (_, at) => y[at >> 1] * (at % 2 ? -1 : 3));
    const options: FitOptions = { optimizer: sgd({ learningRate: 0.1 }), epochs: 40, standardize: true };
    const model = fitSync({ X, y: both, rows }, options);
    const first = fitSync({ X, y: y.map((v) => 3 * v) }, options);
    expectClose(model.coefficients.subarray(0, cols), first.coefficients, 1e-12);
    expectClose([model.intercepts[0]], [first.intercept], 1e-12);
    expectClose(
      model.coefficients.subarray(cols),
      first.coefficients.map((w) => -w / 3),
      1e-9,
    );
  });

  it('means and deviations are those of the training rows', () => {
    const options: FitOptions = { optimizer: sgd({ learningRate: 0.1 }), epochs: 20, standardize: true };
    const half = rows / 2;
    const top = { X: X.subarray(0, half * cols), y: y.subarray(0, half) };
    const wild = { X: X.subarray(half * cols).map((x) => 1000 * x), y: y.subarray(half) };
    const model = fitSync(top, { ...options, validation: wild });
    expectBits(model.coefficients, fitSync(top, options).coefficients);
    const z = linear(wild.X, model.coefficients, model.intercept);
    const loss = z.reduce((sum, z, i) => sum + (z - wild.y[i]) ** 2 / 2, 0) / half;
    expectClose([model.history.validationLoss.at(-1)!], [loss], 1e-9);
  });

  it.each([3, 0, -1e9, 0.1, 1e-300])('a column of nothing but %d gets a coefficient of 0', (value) => {
    const constant = X.map((x, at) => (at % cols === 1 ? value : x));
    const model = fitSync({ X: constant, y }, { optimizer: sgd({ learningRate: 0.1 }), epochs: 40, standardize: true });
    expect(model.coefficients[1]).toBe(0);
    const without = Float64Array.from(
      { length: rows * 3 },
      (_, at) => X[Math.floor(at / 3) * cols + [0, 2, 3][at % 3]],
    );
    const rest = fitSync({ X: without, y }, { optimizer: sgd({ learningRate: 0.1 }), epochs: 40, standardize: true });
    expectClose(model.predict(constant), rest.predict(without), 1e-9, 1);
  });

  it('a column of ones stands for the intercept where there is none', () => {
    const ones = Z.map((z, at) => (at % cols === 1 ? 1 : z));
    const options: FitOptions = { optimizer: sgd({ learningRate: 0.3 }), epochs: 200, standardize: true };
    const model = fitSync({ X: ones, y }, { ...options, intercept: false });
    expectClose([model.coefficients[1]], [fitSync({ X: ones, y }, options).intercept], 1e-6);
  });

  it('one row, and columns whose squares overflow, leave finite weights', () => {
    const model = fitSync({ X: X.subarray(0, cols), y: y.subarray(0, 1) }, { standardize: true, epochs: 3 });
    expect([...model.coefficients, model.intercept].every(Number.isFinite)).toBe(true);
    const huge = X.map((x, at) => (at % cols === 0 ? 1.7e308 : x));
    const kept = fitSync({ X: huge, y }, { standardize: true, epochs: 3 });
    expect([...kept.coefficients, kept.intercept].every(Number.isFinite)).toBe(true);
  });
});
