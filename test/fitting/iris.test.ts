// Softmax with l2 on the iris data against scikit-learn's LogisticRegression(C = 1); the fixture says how it was made.
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { faces } from '../support/backends.js';

const iris = JSON.parse(readFileSync(new URL('../fixtures/iris.json', import.meta.url), 'utf8')) as {
  l2: number;
  X: number[];
  y: number[];
  coefficients: number[];
  intercepts: number[];
};

describe.each(faces)('iris: $name', ({ fitSync }) => {
  it('gives scikit-learn’s coefficients at the same penalty', () => {
    const X = Float64Array.from(iris.X);
    const y = Float64Array.from(iris.y);
    const optimizer = { name: 'nesterov', learningRate: 0.05, momentum: 0.99 } as const;
    const model = fitSync(
      { X, y },
      { loss: 'softmax', l2: iris.l2, optimizer, epochs: 20_000, gradientTolerance: 1e-9 },
    );
    expect(model.status).toBe('converged');
    model.coefficients.forEach((value, j) => {
      expect(Math.abs(value - iris.coefficients[j])).toBeLessThan(1e-6);
    });
    // Only differences of intercepts are determined; scikit-learn's add up to 0.
    const mean = model.intercepts.reduce((sum, value) => sum + value, 0) / 3;
    model.intercepts.forEach((value, k) => {
      expect(Math.abs(value - mean - iris.intercepts[k])).toBeLessThan(1e-5);
    });
    const right = model.predict(X).filter((label, i) => label === y[i]).length;
    expect(right).toBeGreaterThanOrEqual(145);
  });
});
