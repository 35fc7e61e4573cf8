// Benchmark rows of penalties: models along λ, and their cross-validation.
import { crossValidateSync, fitPathSync } from '../index.js';
import { candidate } from './harness.js';
import { type Data, meanLoss, table } from './numbers.js';
import type { Row } from './row.js';
import { tolerances } from './solvers.js';

const group = 'along λ';
const shape = [20_000, 50] as const;
const folds = 5;
const alone = { intercept: false, threads: 1 } as const;

/** Σ|w|. */
export const absolute = (w: Float64Array): number => w.reduce((sum, value) => sum + Math.abs(value), 0);

/** Everyone goes along the same λ. */
const lambdasOf = ({ X, y }: Data): Float64Array =>
  fitPathSync({ X, y }, { ...alone, count: 100, minRatio: 1e-3, full: true }).lambdas;

/** The mean over λ of the objective, of as many models. */
function objective(data: Data, lambdas: Float64Array, w: Float64Array): number {
  const { cols } = data;
  return lambdas.reduce((sum, lambda, i) => {
    const own = w.subarray(i * cols, (i + 1) * cols);
    return sum + (meanLoss(data, 'squared', own) + lambda * absolute(own)) / lambdas.length;
  }, 0);
}

const lassoPath: Row = {
  name: 'lasso at 100 λ, 20,000 × 50, to 1e-6',
  group,
  quick: true,
  needs: { read: 8 * shape[0] * (shape[1] + 1), arithmetic: shape[0] * shape[1] ** 2 },
  size: 8 * shape[0] * (shape[1] + 1),
  make() {
    const data = table(...shape);
    const { X, y, rows, cols } = data;
    const lambdas = lambdasOf(data);
    const best = objective(data, lambdas, fitPathSync({ X, y }, { ...alone, lambdas, tolerance: 0 }).coefficients);
    const reach = best * (1 + 1e-6);
    const lossAt = (tolerance: number): number =>
      objective(data, lambdas, fitPathSync({ X, y }, { ...alone, lambdas, tolerance }).coefficients);
    const tolerance = tolerances.find((tolerance) => lossAt(tolerance) <= reach) ?? 0;
    const options = { ...alone, lambdas, tolerance };
    return {
      nabla: candidate('fit(data, options).length', { fit: fitPathSync, data: { X, y }, options }),
      contest: {
        args: { X, y, rows, cols, lambdas },
        peers: { 'scikit-learn lasso_path': { program: 'sklearn', work: 'lasso_path' } },
        weights: lambdas.length * cols,
        loss: (w) => objective(data, lambdas, w),
        ours: lossAt(tolerance),
        agree: 1e-6,
        reach,
      },
    };
  },
};

const lassoFolds: Row = {
  name: 'lasso by cross-validation, 5 folds, 100 λ, 20,000 × 50',
  group,
  needs: { arithmetic: folds * shape[0] * shape[1] ** 2 },
  make() {
    const data = table(...shape);
    const { X, y, rows, cols } = data;
    const lambdas = lambdasOf(data);
    const foldIds = Uint32Array.from({ length: rows }, (_, i) => Math.floor((i * folds) / rows));
    const options = { ...alone, lambdas, foldIds };
    const { lambdaMin, model } = crossValidateSync({ X, y }, options);
    const loss = (w: Float64Array) => objective(data, Float64Array.of(lambdaMin), w);
    const ours = loss(model.coefficients);
    return {
      nabla: candidate('validate(data, options).lambdaMin', { validate: crossValidateSync, data: { X, y }, options }),
      contest: {
        args: { X, y, rows, cols, lambdas, folds },
        peers: { 'scikit-learn LassoCV': { program: 'sklearn', work: 'lasso_cv' } },
        weights: cols,
        loss,
        ours,
        agree: 1e-4, // who stops early may take the λ beside
        reach: ours * (1 + 1e-4),
      },
    };
  },
};

export const pathRows: readonly Row[] = [lassoPath, lassoFolds];
