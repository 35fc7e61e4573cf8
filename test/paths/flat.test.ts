// A y that does not vary has one λ: no path is made of what rounding leaves of it.
import { describe, expect, it } from 'vitest';
import { losses } from '../../lib/catalog/losses.js';
import type { Loss, PathOptions } from '../../lib/index.js';
import { faces } from '../support/backends.js';
import { expectClose, normals, random } from '../support/support.js';

const rows = 40;
const cols = 3;
const X = normals(rows * cols, 1).map((x, i) => (i % cols) * 10 + x * 10 ** ((i % cols) - 1));
const noise = normals(rows, 2);

/** As far from each other as rounding sets them. */
const jitter = (value: number, seed: number) => {
  const uniform = random(seed);
  return Float64Array.from({ length: rows }, () => value * (1 + 2 ** -52 * Math.floor(3 * uniform())));
};

describe.each(faces)('a constant y: $name', ({ fitPathSync, crossValidateSync }) => {
  const ofNumbers = Object.keys(losses).filter((name) => losses[name as keyof typeof losses].predicts !== 'class');

  it.each(ofNumbers)('has one λ, and no coefficient: %s', (name) => {
    const loss = name as Loss & string;
    for (const value of [0.1, 1 / 3, 1e-12, 1e12, 1.7e9]) {
      for (const y of [jitter(value, 3).fill(value), jitter(value, 4)]) {
        for (const options of [{}, { standardize: true }, { l1Ratio: 0 }, { l1Ratio: 0.5 }] as PathOptions[]) {
          const path = fitPathSync({ X, y }, { loss, ...options });
          expect(path.length, `${value}`).toBe(1);
          expect([...path.coefficients]).toEqual([0, 0, 0]);
          expect([...path.nonZero]).toEqual([0]);
          expect([...path.devianceRatio]).toEqual([0]);
          expect(path.lambdas[0]).toBe(0);
        }
      }
    }
    const y = jitter(0.1, 5);
    const asked = fitPathSync({ X, y }, { loss, lambdas: [1, 0.1] });
    expect([...asked.coefficients]).toEqual([0, 0, 0, 0, 0, 0]);
  });

  it('is one after the offset, too, of identity and log links', () => {
    const offset = noise.map((e) => e / 3);
    for (const loss of ['squared', 'huber', 'quantile'] as const) {
      const path = fitPathSync({ X, y: offset.map((shift) => 5 + shift), offset }, { loss });
      expect(path.length, loss).toBe(1);
    }
    for (const loss of ['poisson', 'gamma', 'tweedie'] as const) {
      const path = fitPathSync({ X, y: offset.map((shift) => 5 * Math.exp(shift)), offset }, { loss });
      expect(path.length, loss).toBe(1);
    }
  });

  it('is one class alone, and counts of 0', () => {
    for (const loss of ['logistic', 'hinge', 'squared_hinge', 'softmax'] as const) {
      const y = new Float64Array(rows).fill(1);
      const classes = loss === 'softmax' ? 3 : undefined;
      expect(fitPathSync({ X, y }, { loss, classes }).length, loss).toBe(1);
    }
    for (const loss of ['poisson', 'tweedie'] as const) {
      expect(fitPathSync({ X, y: new Float64Array(rows) }, { loss }).length, loss).toBe(1);
    }
  });

  it('is what columns without a penalty say', () => {
    const y = Float64Array.from({ length: rows }, (_, i) => 3 * X[i * cols] + 2);
    const path = fitPathSync({ X, y }, { penaltyFactors: [0, 1, 1] });
    expect(path.length).toBe(1);
    expectClose(path.coefficients, [3, 0, 0], 1e-12, 1);
  });

  it('has one λ in cross-validation', () => {
    const result = crossValidateSync({ X, y: jitter(0.1, 6) });
    expect(result.path.length).toBe(1);
    expect(result.lambdaMin).toBe(0);
    expect(result.mean[0]).toBeLessThan(1e-30);
  });

  it('is none where it varies by more than rounding, or nothing takes it up', () => {
    for (const scale of [1e-12, 1, 1e12]) {
      for (const shift of [0, 1, 1e3, 1e6]) {
        const y = noise.map((e) => scale * (shift + e));
        expect(fitPathSync({ X, y }, { standardize: true }).length, `${scale} ${shift}`).toBeGreaterThan(1);
        const means = noise.map((e) => scale * (shift + 1 + 0.01 * e));
        expect(fitPathSync({ X, y: means }, { loss: 'gamma', standardize: true }).length).toBeGreaterThan(1);
      }
    }
    const y = new Float64Array(rows).fill(0.1);
    expect(fitPathSync({ X, y }, { intercept: false }).length).toBeGreaterThan(1);
    const oneOfTwo = Float64Array.from({ length: 2 * rows }, (_, at) => (at % 2 ? noise[at >> 1] : 0.1));
    expect(fitPathSync({ X, y: oneOfTwo, rows }).length).toBeGreaterThan(1);
  });
});
