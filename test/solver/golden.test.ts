// Values that other programs computed: of the textbook algorithms, and PyTorch's update rules in float64.
import { existsSync, readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import type { OptimizerOptions } from '../../lib/index.js';
import { faces } from '../support/backends.js';
import { expectBits, expectClose } from '../support/support.js';

interface Trace {
  alpha: number;
  theta: number[];
  history: number[];
}
interface Problem {
  rows: number;
  cols: number;
  X: number[];
  y: number[];
  theta0: number[];
  batch: Trace & { iterations: number };
  stochastic: Trace & { indices: number[] };
  minibatch: Trace & { epochs: number; batchSize: number };
  adam: Trace & { iterations: number; beta1: number; beta2: number; epsilon: number };
}
interface RuleTrace {
  options: { [name: string]: number | boolean };
  n: number;
  steps: number;
  theta0: number[];
  gradients: number[];
  trace: number[];
}

/** All golden values where they are to be had, else the part of them that is kept with the tests. */
function golden<T>(name: string): T {
  const here = dirname(fileURLToPath(import.meta.url));
  const whole = resolve(here, '../../../shared/golden', name);
  return JSON.parse(readFileSync(existsSync(whole) ? whole : resolve(here, '../fixtures', name), 'utf8'));
}

const tolerance = 1e-12;
const problems = golden<Problem[]>('textbook.json');

/**
 * The cost of a single row, ½r², loses digits to cancellation when r is small: two of the stochastic costs (r near
 * 1e-4) differ by up to 9e-12 of themselves between two correct orders of summation, though r is right to 1e-16 of its
 * terms. So a cost may be off by 1e-12 of the mean cost, or of itself where it is larger.
 */
function expectTrace(actual: { theta: Float64Array; history: Float64Array }, expected: Trace): void {
  const mean = expected.history.reduce((sum, cost) => sum + cost, 0) / expected.history.length;
  expectClose(actual.theta, expected.theta, tolerance, 0, 'theta');
  expectClose(actual.history, expected.history, tolerance, mean, 'cost');
}

describe.each(faces)('golden values of the textbook: $name', ({ textbook }) => {
  describe.each(problems.map((problem, i) => [`${problem.rows} × ${problem.cols}, ${i}`, problem] as const))(
    '%s',
    (_name, { rows, cols, batch, stochastic, minibatch, adam, ...numbers }) => {
      const X = Float64Array.from(numbers.X);
      const y = Float64Array.from(numbers.y);
      const theta = Float64Array.from(numbers.theta0);
      const data = { X, y, theta };
      const unchanged = () => {
        expectBits(X, numbers.X, 'X');
        expectBits(y, numbers.y, 'y');
        expectBits(theta, numbers.theta0, 'theta');
      };

      it('batch', () => {
        expect([X.length, y.length, theta.length]).toEqual([rows * cols, rows, cols]);
        const { alpha, iterations } = batch;
        const result = textbook.batchGradientDescent({ ...data, alpha, iterations });
        expectTrace(result, batch);
        expect(result.iterations).toBe(iterations);
        unchanged();
      });

      it('stochastic', () => {
        const { alpha, indices } = stochastic;
        const result = textbook.stochasticGradientDescent({ ...data, alpha, indices });
        expectTrace(result, stochastic);
        expect(result.iterations).toBe(1);
        unchanged();
      });

      it('mini-batch', () => {
        const { alpha, epochs, batchSize } = minibatch;
        const result = textbook.miniBatchGradientDescent({ ...data, alpha, iterations: epochs, batchSize });
        expectTrace(result, minibatch);
        expect(result.iterations).toBe(epochs);
        unchanged();
      });

      it('adam', () => {
        const { theta: _theta, history: _history, ...options } = adam;
        expectTrace(textbook.adam({ ...data, ...options }), adam);
        unchanged();
      });
    },
  );
});

/** Of the file's names the rule comes first: sgd_momentum is sgd with momentum. */
const cases = Object.entries(golden<Record<string, RuleTrace>>('optimizers.json'));

describe.each(faces)('golden values of the update rules: $name', ({ createOptimizer, restoreOptimizer }) => {
  it('are there', () => expect(cases.length).toBeGreaterThanOrEqual(17));

  it.each(cases)('%s', (name, { options, n, steps, theta0, gradients, trace }) => {
    const optimizer = createOptimizer({ name: name.split('_')[0], ...options } as OptimizerOptions, n);
    const weights = Float64Array.from(theta0);
    for (let t = 1; t <= steps; t++) {
      const gradient = Float64Array.from(gradients.slice((t - 1) * n, t * n));
      optimizer.step(weights, gradient);
      expectClose(weights, trace.slice((t - 1) * n, t * n), tolerance, 0, `step ${t}, weight`);
      expectBits(gradient, gradients.slice((t - 1) * n, t * n), 'gradient');
    }
    expect(optimizer.steps).toBe(steps);
    expect(restoreOptimizer(JSON.parse(JSON.stringify(optimizer)))).toEqual(optimizer);
  });
});
