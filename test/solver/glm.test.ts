// Generalized linear models against minima that another program found (second order, to full precision).
import { existsSync, readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { adam, type FitOptions, nesterov } from '../../lib/index.js';
import { linear, mean, plainLosses } from '../support/algebra.js';
import { faces } from '../support/backends.js';
import { expectClose } from '../support/support.js';

interface Problem {
  loss: 'squared' | 'logistic' | 'poisson' | 'gamma';
  rows: number;
  cols: number;
  l2: number;
  X: number[];
  y: number[];
  intercept: number;
  coefficients: number[];
  objective: number;
}

const here = dirname(fileURLToPath(import.meta.url));
const whole = resolve(here, '../../../shared/golden/glm.json');
const file = existsSync(whole) ? whole : resolve(here, '../fixtures/glm.json');
const problems = JSON.parse(readFileSync(file, 'utf8')) as Problem[];

describe.each(faces)('minima of generalized linear models: $name', ({ fitSync }) => {
  it.each(problems.map((problem) => [problem.loss, problem.rows, problem.cols, problem.l2, problem] as const))(
    '%s, %i × %i, l2 %d',
    (loss, rows, cols, l2, { objective, coefficients, intercept, ...numbers }) => {
      const X = Float64Array.from(numbers.X);
      const y = Float64Array.from(numbers.y);
      expect([X.length, y.length, coefficients.length]).toEqual([rows * cols, rows, cols]);
      // Poisson of 20 columns is too steep for steps that are as long in every direction.
      const steep = loss === 'poisson' && cols > 10;
      const optimizer = steep
        ? adam({ learningRate: 0.02 })
        : nesterov({ learningRate: loss === 'poisson' ? 0.05 : 0.2 });
      const options: FitOptions = { loss, l2, optimizer, epochs: 3000, ...(steep && { schedule: 'cosine' }) };
      const model = fitSync({ X, y }, options);
      const z = linear(X, model.coefficients, model.intercept);
      const reached = mean(z.map((value, i) => plainLosses[loss](y[i], value)));
      const penalty = (l2 / 2) * model.coefficients.reduce((sum, w) => sum + w * w, 0);
      expect(Math.abs(reached + penalty - objective), 'objective').toBeLessThan(1e-6);
      expectClose([model.history.at(-1)!], [reached + penalty], 1e-9, 1, 'history');
      expectClose([...model.coefficients, model.intercept], [...coefficients, intercept], 1e-4, 1);
    },
  );

  it.each(problems.map((problem) => [problem.loss, problem.rows, problem.cols, problem.l2, problem] as const))(
    '%s, %i × %i, l2 %d, by solvers',
    (loss, _rows, _cols, l2, { objective, coefficients, intercept, ...numbers }) => {
      const X = Float64Array.from(numbers.X);
      const y = Float64Array.from(numbers.y);
      for (const optimizer of ['newton', 'lbfgs', 'auto'] as const) {
        const model = fitSync({ X, y }, { loss, l2, optimizer, tolerance: 1e-10, epochs: 200 });
        expect(model.status, optimizer).toBe('converged');
        expect(Math.abs(model.history.at(-1)! - objective), optimizer).toBeLessThan(1e-9);
        expectClose([...model.coefficients, model.intercept], [...coefficients, intercept], 1e-4, 1);
      }
    },
  );

  it('are of every loss', () => {
    expect(new Set(problems.map(({ loss }) => loss)).size).toBeGreaterThanOrEqual(file === whole ? 4 : 3);
  });
});
