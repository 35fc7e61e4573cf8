// Fractions of the second class as y of logistic: a row of f is a row of each class that weigh 1 - f and f.
import { describe, expect, it } from 'vitest';
import type { ClassMetrics } from '../../lib/index.js';
import { faces } from '../support/backends.js';
import { expectClose, expectRefusal, normals, random } from '../support/support.js';

const [rows, cols] = [40, 2];
const X = normals(rows * cols, 1);
const uniform = random(5);
const trials = Float64Array.from({ length: rows }, () => 1 + Math.floor(9 * uniform()));
const successes = trials.map((n, i) => Math.min(n, Math.floor((n + 1) * uniform() * (X[i * cols] > 0 ? 1 : 0.7))));
const y = successes.map((k, i) => k / trials[i]);
const twice = (of: (i: number, label: number) => number) =>
  Float64Array.from({ length: 2 * rows }, (_, at) => of(at >> 1, at % 2));
const apart = {
  X: Float64Array.from({ length: 2 * rows * cols }, (_, at) => X[Math.floor(at / (2 * cols)) * cols + (at % cols)]),
  y: twice((_, label) => label),
  sampleWeight: twice((i, label) => (label ? successes[i] : trials[i] - successes[i])),
};

describe.each(faces)('fractions: $name', (face) => {
  const { fitSync, fitManySync, crossValidateSync, fitPathSync, Model, estimators } = face;
  const data = { X, y, sampleWeight: trials };

  it.each(['newton', 'lbfgs', 'auto'] as const)('are a row of each class, by %s', (optimizer) => {
    const options = { loss: 'logistic', optimizer, l2: 0.01, tolerance: 0 } as const;
    const model = fitSync(data, options);
    const expected = fitSync(apart, options);
    expectClose(model.coefficients, expected.coefficients, 1e-7, 1);
    expectClose([model.intercept], [expected.intercept], 1e-7, 1);
    expect(model.labels).toEqual([0, 1]);
    const own = model.evaluate(X, y, { sampleWeight: trials }) as ClassMetrics;
    const other = model.evaluate(apart.X, apart.y, { sampleWeight: apart.sampleWeight }) as ClassMetrics;
    for (const key of ['loss', 'accuracy', 'logLoss', 'brier', 'auc', 'mcc', 'balancedAccuracy'] as const) {
      expectClose([own[key] as number], [other[key] as number], 1e-12, 1, key);
    }
    expectClose(own.confusion, other.confusion, 1e-12);
    expect(model.score(X, y, { sampleWeight: trials })).toBe(own.accuracy);
    expect(Model.fromJSON(JSON.parse(JSON.stringify(model)))).toEqual(model);
  });

  it('go along paths, into folds and among many fits', () => {
    const path = fitPathSync(data, { loss: 'logistic', count: 10 });
    expect(path.devianceRatio[0]).toBeCloseTo(0, 9);
    expect(path.devianceRatio.at(-1)).toBeGreaterThan(0);
    expect(path.devianceRatio.at(-1)).toBeLessThan(1);
    for (const measure of ['deviance', 'accuracy', 'auc'] as const) {
      const { mean } = crossValidateSync(data, { loss: 'logistic', count: 5, folds: 4, measure });
      expect(
        mean.every((value) => value >= 0 && (measure === 'deviance' || value <= 1)),
        measure,
      ).toBe(true);
    }
    const options = { loss: 'logistic', optimizer: 'newton', l2: 0.01 } as const;
    expect(fitManySync([data], options).at(0).coefficients).toEqual(fitSync(data, options).coefficients);
    const going = fitSync(data, { loss: 'logistic', optimizer: 'sgd', epochs: 2 });
    expect(going.partialFitSync(data).labels).toEqual([0, 1]);
  });

  it('have all digits of a small loss', () => {
    // y is 1 less 2⁻⁴⁰, z = 30: ln(1 + e^-30) + 2⁻⁴⁰·30.
    const model = fitSync(
      { X: Float64Array.of(1, 1), y: Float64Array.of(1, 1) },
      { loss: 'logistic', optimizer: { name: 'sgd', learningRate: 120 }, intercept: false, epochs: 1 },
    );
    const z = model.coefficients[0];
    const { loss } = model.evaluate(Float64Array.of(1), Float64Array.of(1 - 2 ** -40));
    expectClose([loss], [Math.log1p(Math.exp(-z)) + 2 ** -40 * z], 1e-12);
  });

  it('are no classes of an estimator, unless they are named', () => {
    const { LogisticRegression, LinearSVC } = estimators;
    const message = /^y\[\d+\] must be a whole number; .* classes: \[0, 1\]/;
    expectRefusal((d: typeof data) => new LogisticRegression().fitSync(d), [data], 'ERR_INVALID_LABELS', message);
    expectRefusal((d: typeof data) => new LinearSVC().fitSync(d), [data], 'ERR_INVALID_LABELS', message);
    const model = new LogisticRegression({ classes: [0, 1], C: Infinity, tolerance: 0 }).fitSync(data);
    expectClose(model.coefficients, fitSync(data, { loss: 'logistic', tolerance: 0 }).coefficients, 1e-9);
    const halves = { X, y: y.map((_, i) => 0.5 + (i % 2)) };
    expect(new LogisticRegression({ classes: [0.5, 1.5] }).fitSync(halves).labels).toEqual([0.5, 1.5]);
  });

  it('are refused where classes are weighed, or beyond 0 and 1', () => {
    for (const classWeight of ['balanced', { 0: 2 }] as const) {
      expect(() => fitSync(data, { loss: 'logistic', classWeight })).toThrow(
        /^y\[\d+\] must be 0 or 1 where there is a classWeight/,
      );
    }
    expect(() => fitSync({ X, y: y.map((f) => f + 1) }, { loss: 'logistic' })).toThrow(
      /0 or 1, or a fraction between them/,
    );
  });
});
