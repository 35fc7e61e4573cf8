// The solvers on public data: coefficients and zeros of scikit-learn's and R's optima.
import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import type { FitOptions } from '../../lib/index.js';
import { faces } from '../support/backends.js';
import { expectClose, normals, thrown } from '../support/support.js';

const here = dirname(fileURLToPath(import.meta.url));
const fixture = (name: string) => JSON.parse(readFileSync(resolve(here, `../fixtures/${name}.json`), 'utf8'));
const read = (name: string) => {
  const file = fixture(name);
  const { rows, cols } = file;
  const X = Float64Array.from(file.X as number[]);
  const deviation = Array.from({ length: cols }, (_, j) => {
    const column = Array.from({ length: rows }, (_, i) => X[i * cols + j]);
    const mean = column.reduce((sum, x) => sum + x, 0) / rows;
    return Math.sqrt(column.reduce((sum, x) => sum + (x - mean) ** 2, 0) / rows);
  });
  return { ...file, data: { X, y: Float64Array.from(file.y as number[]) }, deviation };
};

interface Problem {
  loss: 'poisson' | 'gamma';
  X: number[];
  y: number[];
  intercept: number;
  coefficients: number[];
}
interface Optimum {
  l1?: number;
  l2?: number;
  coefficients: number[];
}
const zeros = (values: Iterable<number>) => [...values].map((value) => value === 0);

const diabetes = read('diabetes');
const cancer = read('breast_cancer');

describe.each(faces)('solvers on public data: $name', ({ fitSync }) => {
  it.each(['lasso', 'elasticNet'])('%s of diabetes, zeros included', (name) => {
    const { l1Ratio, alphas, coefficients } = diabetes[name];
    for (let i = 1; i < alphas.length; i++) {
      const penalty = { l1: alphas[i] * l1Ratio, l2: alphas[i] * (1 - l1Ratio) };
      const model = fitSync(diabetes.data, { ...penalty, optimizer: 'auto', standardize: true });
      expect(model).toMatchObject({ optimizer: 'newton', status: 'converged' });
      expect(zeros(model.coefficients)).toEqual(zeros(coefficients[i]));
      const scaled = [...model.coefficients].map((w, j) => w * diabetes.deviation[j]);
      expectClose(scaled, coefficients[i], 1e-9, 1);
    }
  });

  it.each([
    ['logistic', 'logistic', 1e-8],
    ['l1', 'logistic', 1e-8],
    ['squaredHinge', 'squared_hinge', 1e-8],
  ] as const)('%s of breast cancer', (name, loss, tolerance) => {
    const optimum: Optimum = cancer[name];
    for (const optimizer of ['newton', 'lbfgs'] as const) {
      const options: FitOptions = { loss, l1: optimum.l1 ?? 0, l2: optimum.l2 ?? 0, optimizer, standardize: true };
      const model = fitSync(cancer.data, options);
      expect(model.status).toBe('converged');
      const scaled = [...model.coefficients].map((w, j) => w * cancer.deviation[j]);
      expectClose(scaled, optimum.coefficients, optimizer === 'newton' ? tolerance : 1e-5, 1);
      expect(zeros(scaled)).toEqual(zeros(optimum.coefficients));
    }
  });

  it.each(
    fixture('poisson').problems.map((problem: { name: string }) => [problem.name, problem]) as [string, Problem][],
  )('%s, as R has it', (_name, problem) => {
    const { loss, intercept, coefficients } = problem;
    const data = { X: Float64Array.from(problem.X), y: Float64Array.from(problem.y) };
    for (const optimizer of ['newton', 'lbfgs', 'auto'] as const) {
      const model = fitSync(data, { loss, optimizer });
      expect(model.status).toBe('converged');
      const fitted = [model.intercept, ...model.coefficients];
      expectClose(fitted, [intercept, ...coefficients], optimizer === 'lbfgs' ? 1e-4 : 1e-7, 1);
    }
  });

  it.each(['huber', 'squared_hinge', 'squared_epsilon_insensitive'] as const)(
    'newton leaves where %s has no second derivative',
    (loss) => {
      const { data } = diabetes;
      const cols = diabetes.cols as number;
      // Far from every target, or from the margin of every row: the Hessian is 0 there.
      const y = loss === 'squared_hinge' ? data.y.map((y: number) => (y > 150 ? 1 : -1)) : data.y;
      const spread = { X: data.X, y };
      const given = loss === 'squared_epsilon_insensitive' ? { name: loss, epsilon: 60 } : loss;
      for (const options of [{}, { l1: 0.01 }, { l2: 0.1 }, { l1: 0.001, nonNegative: true }] as FitOptions[]) {
        const fits = (['newton', 'lbfgs'] as const).map((optimizer) =>
          fitSync(spread, { ...options, loss: given, optimizer, standardize: true, epochs: 2000 }),
        );
        const [found, other] = fits.map((model) => model.history.at(-1)!);
        expect(fits[0].status).toBe('converged');
        expect(fits[0].coefficients.length).toBe(cols);
        expect(found).toBeLessThanOrEqual(other * (1 + 1e-10));
        expectClose([found], [other], 1e-6);
      }
    },
  );

  // Where few rows are inside the margin a model is flat but for rounding, and may lose all digits far out.
  it.each([9, 13, 31, 57, 327])('newton goes on from models that say nothing: %i', (seed) => {
    const [rows, cols, l1] = [98, 49, 0.004];
    const common = normals(rows, seed + 3);
    const X = normals(rows * cols, seed).map(
      (x, at) => (0.7 * x + 0.7 * common[Math.floor(at / cols)]) * (1 + ((at % cols) % 3)),
    );
    const y = normals(rows, seed + 1).map((noise, i) => {
      let z = noise;
      for (let j = 0; j < cols; j += 9) z += X[i * cols + j] * (j % 2 ? 1 : -1) * 0.7;
      return z > 0 ? 1 : -1;
    });
    const model = fitSync({ X, y }, { loss: 'squared_hinge', l1, optimizer: 'newton' });
    expect(model.status).toBe('converged');
    const margins = model.decision(X);
    for (let j = 0; j < cols; j++) {
      const slope = y.reduce((g, y, i) => g - (2 * y * Math.max(0, 1 - y * margins[i]) * X[i * cols + j]) / rows, 0);
      const w = model.coefficients[j];
      expect(w === 0 ? Math.max(0, Math.abs(slope) - l1) : Math.abs(slope + Math.sign(w) * l1)).toBeLessThan(1e-6);
    }
  });

  it('newton starts from coefficients that may not be negative and are', () => {
    const { data } = diabetes;
    const start = fitSync(data, { optimizer: 'newton', standardize: true });
    expect(Math.min(...start.coefficients)).toBeLessThan(0);
    const options: FitOptions = { optimizer: 'newton', nonNegative: true, standardize: true };
    const [warm, cold] = [{ ...options, warmStart: start }, options].map((given) => fitSync(data, given));
    expect(warm.status).toBe('converged');
    expect(Math.min(...warm.coefficients)).toBe(0);
    expectClose(warm.coefficients, cold.coefficients, 1e-9, 1);
  });

  it('newton knows a minimum of 0', () => {
    const [rows, cols] = [20, 40];
    const X = normals(rows * cols, 1);
    const y = normals(rows, 2);
    for (const loss of ['squared', 'huber', 'squared_epsilon_insensitive'] as const) {
      const model = fitSync({ X, y: y.map((y) => 20 * y) }, { loss, optimizer: 'newton' });
      expect(model.status).toBe('converged');
      expect(model.history.at(-1)).toBeLessThan(1e-18);
      expect(model.epochs).toBeLessThan(60);
    }
    const separable = fitSync({ X, y: y.map((y) => Number(y > 0)) }, { loss: 'logistic', optimizer: 'newton' });
    expect(separable.status).toBe('converged');
  });

  it('what a solver cannot do is refused', () => {
    const { data } = diabetes;
    const refused: FitOptions[] = [
      { optimizer: 'exact', loss: 'huber' },
      { optimizer: 'exact', l1: 1 },
      { optimizer: 'exact', nonNegative: true },
    ];
    for (const options of refused) {
      expect(thrown(() => fitSync(data, options))).toMatchObject({ code: 'ERR_UNKNOWN_OPTION' });
    }
    expect(fitSync(data, { optimizer: 'auto', loss: 'quantile', epochs: 2 }).optimizer).toBe('newton');
    expect(fitSync(data, { optimizer: 'auto' }).optimizer).toBe('exact');
  });
});
