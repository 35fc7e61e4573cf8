// Softmax weights are not unique: solvers return the shortest of those that predict the same.
import { describe, expect, it } from 'vitest';
import type { FitOptions, Model } from '../../lib/index.js';
import { faces } from '../support/backends.js';
import { expectClose, normal, normals, random, runs } from '../support/support.js';

/** The mean over the classes, of each column and behind them of the intercepts, beside the largest of these weights. */
function common({ coefficients, intercepts }: Model, cols: number): number[] {
  const classes = intercepts.length;
  const lists = Array.from({ length: cols }, (_, j) => coefficients.filter((_, i) => i % cols === j));
  return [...lists, intercepts].map((weights) => {
    const largest = Math.max(...weights.map(Math.abs));
    return largest === 0 ? 0 : weights.reduce((sum, w) => sum + w, 0) / classes / largest;
  });
}

function classified(seed: number, rows = 60, cols = 3, classes = 3) {
  const uniform = random(seed);
  const X = Float64Array.from({ length: rows * cols }, (_, i) => 2 ** (i % cols) * normal(uniform) + 5 * (i % cols));
  const y = Float64Array.from({ length: rows }, (_, i) => {
    const best = Array.from({ length: classes }, (_, k) => (k - 1) * normal(uniform) + (0.4 * k * X[i * cols]) / 3);
    return best.indexOf(Math.max(...best));
  });
  return { data: { X, y }, cols, classes };
}

const isSmall = (values: number[]) => values.every((value) => Math.abs(value) < 1e-12);

describe.each(faces)('softmax: $name', ({ fitSync, fitPathSync, fitManySync, crossValidateSync, estimators }) => {
  const penalties: FitOptions[] = [
    {},
    { l2: 0.1 },
    { l1: 0.02 },
    { l1: 0.01, l2: 0.05, penaltyFactors: [1, 0, 2] },
    { intercept: false },
    { standardize: true },
  ];

  it('has intercepts and unpenalized columns whose sum over the classes is 0, of any solver', () => {
    for (let seed = 1; seed <= runs(4); seed++) {
      const { data, cols, classes } = classified(seed);
      const offset = normals(60 * classes, seed).map((x) => 0.3 * x);
      for (const penalty of penalties) {
        for (const optimizer of ['newton', 'lbfgs', 'auto'] as const) {
          for (const more of [{}, { offset }]) {
            const options: FitOptions = { ...penalty, loss: 'softmax', classes, optimizer };
            const model = fitSync({ ...data, ...more }, options);
            const means = common(model, cols);
            const what = `${seed} ${JSON.stringify(options)}`;
            expect(Math.abs(means[cols]), what).toBeLessThan(1e-12);
            for (let j = 0; j < cols; j++) {
              const isFree = (!penalty.l1 && !penalty.l2) || penalty.penaltyFactors?.[j] === 0;
              // The minimum with l2 alone is centred, as far as it is reached.
              if (isFree) expect(Math.abs(means[j]), what).toBeLessThan(1e-12);
              else if (!penalty.l1) expect(Math.abs(means[j]), what).toBeLessThan(1e-4);
            }
          }
        }
      }
    }
  });

  it('is the same from any start', () => {
    const { data, cols } = classified(7);
    const options: FitOptions = { loss: 'softmax', optimizer: 'newton' };
    const start = fitSync(data, { loss: 'softmax', optimizer: { name: 'adam', learningRate: 0.5 }, epochs: 20 });
    expect(isSmall(common(start, cols))).toBe(false);
    const [one, other] = [fitSync(data, options), fitSync(data, { ...options, warmStart: start })];
    expectClose(other.coefficients, one.coefficients, 1e-6, 1);
    expectClose(other.intercepts, one.intercepts, 1e-6, 1);
  });

  it('along paths, in cross-validation, of many fits and of estimators', () => {
    const { data, cols, classes } = classified(8);
    const path = fitPathSync(data, { loss: 'softmax', count: 8, penaltyFactors: [1, 0, 1] });
    const { model } = crossValidateSync(data, { loss: 'softmax', folds: 3, count: 5 });
    const many = fitManySync([data, classified(9).data], { loss: 'softmax', classes });
    for (const one of [...path.models, path.at(path.lambdas[2] * 0.9)]) {
      expect(isSmall([common(one, cols)[1], common(one, cols)[cols]])).toBe(true);
    }
    expect(isSmall(common(model, cols).slice(cols))).toBe(true);
    for (const i of [0, 1]) expect(isSmall(common(many.at(i), cols))).toBe(true);
    const estimator = new estimators.LogisticRegression();
    expect(isSmall(common(estimator.fitSync(data).model, cols).slice(cols))).toBe(true);
  });

  it('as short as bounds allow', () => {
    const { data, cols, classes } = classified(10);
    for (const bounds of [{ nonNegative: true }, { lowerBounds: [-1, 0.5, -0.2], upperBounds: [1, 2, 0.1] }]) {
      const { coefficients } = fitSync(data, { loss: 'softmax', optimizer: 'newton', ...bounds });
      const [lower, upper] = [bounds.lowerBounds ?? [0, 0, 0], bounds.upperBounds ?? [Infinity, Infinity, Infinity]];
      for (let j = 0; j < cols; j++) {
        const weights = coefficients.filter((_, i) => i % cols === j);
        const mean = weights.reduce((sum, w) => sum + w, 0) / classes;
        expect(Math.min(...weights)).toBeGreaterThanOrEqual(lower[j]);
        expect(Math.max(...weights)).toBeLessThanOrEqual(upper[j]);
        // Nearer to a sum of 0 one of them would leave its bounds.
        if (mean > 1e-12) expect(Math.min(...weights)).toBe(lower[j]);
        if (mean < -1e-12) expect(Math.max(...weights)).toBe(upper[j]);
      }
    }
  });

  it('rules return the weights of their steps: plain gradients keep the sum, others need not', () => {
    const { data, cols } = classified(11);
    const by = (optimizer: FitOptions['optimizer']) => fitSync(data, { loss: 'softmax', optimizer, epochs: 30 });
    expect(isSmall(common(by({ name: 'momentum', learningRate: 0.01 }), cols))).toBe(true);
    expect(isSmall(common(by({ name: 'adam', learningRate: 0.1 }), cols))).toBe(false);
  });
});
