// Averages of the weights against means of the iterates by hand.
import { describe, expect, it } from 'vitest';
import { type Averaging, type FitOptions, sgd } from '../../lib/index.js';
import { linear, mean } from '../support/algebra.js';
import { faces } from '../support/backends.js';
import { expectBits, expectClose, problem } from '../support/support.js';

const data = problem(40, 3, 1, 2);
const epochs = 25;

describe.each(faces)('averaging: $name', ({ fitSync }) => {
  const full: FitOptions = { optimizer: sgd({ learningRate: 0.2 }), epochs };
  const weightsOf = ({ coefficients, intercept }: ReturnType<typeof fitSync>) => [...coefficients, intercept];
  /** The weights after each step. */
  const iterates = Array.from({ length: epochs }, (_, k) => weightsOf(fitSync(data, { ...full, epochs: k + 1 })));
  const averaged = (averaging: Averaging, options = full) => fitSync(data, { ...options, averaging });

  it.each([1, 2, 10, 24, 25])('polyak from step %i on is the mean', (start) => {
    const tail = iterates.slice(start - 1);
    const expected = iterates[0].map((_, j) => mean(tail.map((weights) => weights[j])));
    expectClose(weightsOf(averaged({ name: 'polyak', start })), expected, 1e-13);
  });

  it('polyak begins with the first step unless told otherwise', () => {
    expect(averaged('polyak')).toEqual(averaged({ name: 'polyak', start: 1 }));
    expect(averaged('polyak').coefficients).not.toEqual(averaged('none').coefficients);
  });

  it.each([
    [0.9, 1],
    [0.5, 7],
    [0, 3],
    [0.999, 20],
  ])('ema of decay %d from step %i on', (decay, start) => {
    let expected = iterates[start - 1];
    for (const weights of iterates.slice(start)) {
      expected = expected.map((average, j) => decay * average + (1 - decay) * weights[j]);
    }
    expectClose(weightsOf(averaged({ name: 'ema', decay, start })), expected, 1e-13);
  });

  it('before it begins, the weights are those of the last step', () => {
    for (const name of ['polyak', 'ema'] as const) {
      const { kept: _, ...model } = averaged({ name, start: epochs + 1 });
      const { kept: none, ...last } = averaged('none');
      expect(model).toEqual(last);
    }
  });

  it('steps are counted over batches and epochs', () => {
    const batches: FitOptions = { ...full, sampler: 'sequential', batchSize: 10, epochs: 3 };
    const models = [1, 2, 3].map((n) => fitSync(data, { ...batches, epochs: n }));
    // The last step alone is the last iterate; from the last but three on it is not.
    expectBits(weightsOf(averaged({ name: 'polyak', start: 12 }, batches)), weightsOf(models[2]));
    expect(weightsOf(averaged({ name: 'polyak', start: 9 }, batches))).not.toEqual(weightsOf(models[2]));
    expectBits(weightsOf(averaged({ name: 'polyak', start: 8 }, { ...batches, epochs: 2 })), weightsOf(models[1]));
  });

  it('training goes on from the weights, not from their average; validation is of the average', () => {
    const validation = problem(30, 3, 9, 2);
    const model = averaged('polyak', { ...full, validation });
    expectBits(model.history, fitSync(data, full).history);
    const means = iterates.map((_, k) => iterates[0].map((_, j) => mean(iterates.slice(0, k + 1).map((w) => w[j]))));
    const losses = means.map((weights) => {
      const z = linear(validation.X, weights.slice(0, 3), weights[3]);
      return mean(z.map((value, i) => (value - validation.y[i]) ** 2 / 2));
    });
    expectClose(model.history.validationLoss, losses, 1e-12);
  });
});
