// Paths beside those of glmnet 4.1 (thresh 1e-14): λ, coefficients, deviance ratios, and where they end.
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { explainsNoMore } from '../../lib/paths/path.js';
import { mean } from '../support/algebra.js';
import { faces } from '../support/backends.js';
import { expectClose } from '../support/support.js';

interface GlmnetPath {
  family: 'gaussian' | 'binomial' | 'poisson' | 'multinomial';
  alpha: number;
  length: number;
  /** The first, the tenth and the last. */
  lambda: number[];
  /** The tenth and the last. */
  devRatio: number[];
  /** At the tenth. */
  beta?: number[];
  intercept?: number;
}

const file = readFileSync(new URL('../fixtures/glmnet.json', import.meta.url), 'utf8');
const { X, y, paths } = JSON.parse(file) as { X: number[]; y: Record<string, number[]>; paths: GlmnetPath[] };
const losses = { gaussian: 'squared', binomial: 'logistic', poisson: 'poisson', multinomial: 'softmax' } as const;

/** √ of the mean square about the mean, as glmnet has it. */
function deviation(values: Float64Array): number {
  const center = mean(values);
  return Math.sqrt(mean(values.map((value) => (value - center) ** 2)));
}

describe.each(faces)('beside glmnet: $name', ({ fitPathSync }) => {
  it.each(paths)('$family, alpha $alpha', ({ family, alpha, length, lambda, devRatio, beta, intercept }) => {
    const given = Float64Array.from(y[family]);
    // What docs/paths.md says to pass: glmnet's gaussian family divides y by its deviation.
    const unit = family === 'gaussian' ? deviation(given) : 1;
    const data = { X: Float64Array.from(X), y: given.map((value) => value / unit) };
    const path = fitPathSync(data, { loss: losses[family], l1Ratio: alpha, standardize: true });
    expect(path.length).toBe(length);
    const at = [0, 9, length - 1].map((i) => path.lambdas[i] * unit);
    expectClose(at, lambda, 1e-7);
    expectClose([path.devianceRatio[9], path.devianceRatio[length - 1]], devRatio, 1e-6);
    if (!beta) return;
    const { coefficients, intercept: constant } = path.models[9];
    expectClose(
      [...coefficients, constant].map((w) => w * unit),
      [...beta, intercept as number],
      1e-6,
      1,
    );
  });

  it('an elastic net of y as it is has the share of l1 that docs/paths.md states', () => {
    const given = Float64Array.from(y.gaussian);
    const sd = deviation(given);
    const alpha = 0.5;
    const path = fitPathSync(
      { X: Float64Array.from(X), y: given },
      {
        l1Ratio: alpha / (alpha + (1 - alpha) / sd),
        lambdas: [
          (paths.find((one) => one.family === 'gaussian' && one.alpha === alpha)?.lambda[1] as number) *
            (alpha + (1 - alpha) / sd),
        ],
        standardize: true,
      },
    );
    const { beta, intercept } = paths.find((one) => one.family === 'gaussian' && one.alpha === alpha) as GlmnetPath;
    expectClose([...path.coefficients, path.intercepts[0]], [...(beta as number[]), intercept as number], 1e-6, 1);
  });
});

describe('the end of a path', () => {
  const rising = (gain: number, count = 8) => Array.from({ length: count }, (_, i) => 0.1 + gain * i);
  it.each<[Parameters<typeof explainsNoMore>[0], number]>([
    ['squared', 1e-5 * 0.1],
    ['poisson', (1e-4 / 4) * 0.1],
    ['logistic', 1e-5],
    ['softmax', 1e-5],
    ['gamma', 1e-5],
    ['squared_hinge', 1e-5],
  ])('of %s', (loss, gain) => {
    expect(explainsNoMore(loss, rising(gain * 1.01))).toBe(false);
    expect(explainsNoMore(loss, rising(gain * 0.99))).toBe(true);
    expect(explainsNoMore(loss, rising(gain * 0.99, 4)), 'five λ at the least').toBe(false);
    expect(explainsNoMore(loss, [0.1, 0.5, 0.9, 0.99, 0.9991])).toBe(true);
    expect(explainsNoMore(loss, [0, 0, 0, 0, 0, 0]), 'before anything has come in').toBe(false);
  });
});
