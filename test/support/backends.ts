// The backends that this machine has: every suite runs on each of them. NABLA_BACKEND=reference leaves one.

import type { Backend } from '../../lib/backend/interface.js';
import { softmaxLoss } from '../../lib/backend/plan.js';
import { losses } from '../../lib/catalog/losses.js';
import * as nabla from '../../lib/index.js';
import { readChoice } from '../../lib/input/read.js';
import * as kernels from '../../lib/kernels.js';
import { inUse } from '../../lib/native/choice.js';
import { reference } from '../../lib/reference/backend.js';
import * as facedReference from '../../lib/reference.js';
import * as textbook from '../../lib/textbook.js';

export type EstimatorName =
  | 'ElasticNet'
  | 'GammaRegressor'
  | 'HuberRegressor'
  | 'Lasso'
  | 'LinearRegression'
  | 'LinearSVC'
  | 'LogisticRegression'
  | 'PoissonRegressor'
  | 'QuantileRegressor'
  | 'Ridge'
  | 'SGDClassifier'
  | 'SGDRegressor'
  | 'SoftmaxRegression'
  | 'TweedieRegressor';

/** What a user sees of a backend. */
export interface Face {
  name: string;
  backend: Backend;
  fit: nabla.Fit;
  fitSync: nabla.FitSync;
  fitMany: nabla.FitMany;
  fitManySync: nabla.FitManySync;
  fitIterator: nabla.FitEpochs;
  fitPath: nabla.FitPath;
  fitPathSync: nabla.FitPathSync;
  crossValidate: nabla.CrossValidate;
  crossValidateSync: nabla.CrossValidateSync;
  estimators: Pick<typeof nabla, EstimatorName>;
  Model: typeof nabla.Model;
  createOptimizer: typeof nabla.createOptimizer;
  restoreOptimizer: typeof nabla.restoreOptimizer;
  kernels: kernels.Kernels;
  textbook: Pick<
    typeof textbook,
    'batchGradientDescent' | 'stochasticGradientDescent' | 'miniBatchGradientDescent' | 'adam'
  >;
}

/** Null where this platform has no binary. */
export const native: Backend | null = inUse().name === 'native' ? inUse() : null;
export { reference };

const own = { kernels: facedReference, textbook: facedReference, estimators: facedReference };
export const faces: Face[] = [{ ...facedReference, name: 'reference', backend: reference, ...own }];
if (native)
  faces.push({ ...nabla, name: `native ${native.target}`, backend: native, kernels, textbook, estimators: nabla });

/** The kernels of a backend with nothing in front: short inputs reach it too. */
function direct(backend: Backend): kernels.Kernels {
  const valueAndGradient: kernels.Kernels['valueAndGradient'] = (loss, { X, y }, weights, out) => {
    const { index, parameters } = readChoice('loss', loss, losses);
    const cols = index === softmaxLoss ? X.length / y.length : weights.length;
    const outputs = index === softmaxLoss ? weights.length / cols : 1;
    return backend.valueAndGradient(index, parameters, X, y, y.length, cols, outputs, weights, out);
  };
  const { gemm } = backend.tensors;
  const matmul: kernels.Kernels['matmul'] = (A, B, m, n, k, out) =>
    gemm(false, false, m, n, k, 1, A, k, B, n, 0, out, n);
  return { ...backend, valueAndGradient, gemm, matmul };
}

/** All ways to the kernels. */
export const kernelSets: { name: string; kernels: kernels.Kernels }[] = faces.map(({ name, kernels }) => ({
  name,
  kernels,
}));
if (native) kernelSets.push({ name: `native ${native.target} without its facade`, kernels: direct(native) });
