// Entry nabla/reference: all public functions by the same names, forced to TypeScript.
import { createAutodiff } from './autodiff/bound.js';
import type { Traceable } from './autodiff/derivatives.js';
import { type GradientOf, gradient as gradientOf } from './autodiff/gradient.js';
import { onBackend } from './autodiff/kernels.js';
import type { Backend } from './backend/interface.js';
import { createFitMany, type FitMany, type FitManySync } from './batch/many.js';
import { bindEstimators } from './estimators/bind.js';
import type { Label } from './input/labels.js';
import { createFit, type Fit, type FitEpochs, type FitSync } from './model/fits.js';
import { Model as AnyModel } from './model/model.js';
import { type BackendInfo, describe } from './native/choice.js';
import { type Allocate, createAllocate, createKernels, type Kernels } from './operations/kernels.js';
import { type CreateOptimizer, createOptimizers, type RestoreOptimizer } from './operations/optimizer.js';
import { createTextbook, type Textbook } from './operations/textbook.js';
import { createSetThreads, type SetThreads } from './operations/threads.js';
import { type CrossValidate, type CrossValidateSync, createCrossValidate } from './paths/crossvalidate.js';
import { createFitPath, type FitPath, type FitPathSync } from './paths/path.js';
import { reference } from './reference/backend.js';
import { adam as adamRule } from './rules.js';

export { Tensor, tensor } from './autodiff/tensor.js';
export { NablaError } from './base/errors.js';
export { Models } from './batch/models.js';
export { type Differentiable, type MinimizeOptions, type Minimum, minimize } from './minimize.js';
export { History } from './model/history.js';
export { Optimizer } from './operations/optimizer.js';
export { CrossValidation } from './paths/crossvalidation.js';
export { Path } from './paths/lambdapath.js';
export * from './rules.js'; // but for adam, below

/** As `Model` of nabla; predicts in TypeScript. */
export class Model<L extends Label = number> extends AnyModel<L> {
  static override get backend(): Backend {
    return reference;
  }
}

const facade = createFit(reference, Model);
const many = createFitMany(reference, Model);
const paths = createFitPath(reference, Model);
const folds = createCrossValidate(reference, Model);
const optimizers = createOptimizers(reference);
const kernels = createKernels(reference);
const textbook = createTextbook(reference);

/** Tells that this is the reference. */
export const backend: BackendInfo = describe(reference);

/** As `setThreads` of nabla; there is one thread. */
export const setThreads: SetThreads = createSetThreads(reference);

/** As `fitSync` of nabla. */
export const fitSync: FitSync = facade.fitSync;
/** As `fit` of nabla, between turns of the event loop. */
export const fit: Fit = facade.fit;
/** As `fitIterator` of nabla, each epoch in a turn of the event loop. */
export const fitIterator: FitEpochs = facade.fitIterator;

/** As `fitManySync` of nabla. */
export const fitManySync: FitManySync = many.fitManySync;
/** As `fitMany` of nabla, between turns of the event loop. */
export const fitMany: FitMany = many.fitMany;

/** As `fitPathSync` of nabla. */
export const fitPathSync: FitPathSync = paths.fitPathSync;
/** As `fitPath` of nabla, between turns of the event loop. */
export const fitPath: FitPath = paths.fitPath;

/** As `crossValidateSync` of nabla. */
export const crossValidateSync: CrossValidateSync = folds.crossValidateSync;
/** As `crossValidate` of nabla, between turns of the event loop. */
export const crossValidate: CrossValidate = folds.crossValidate;

/** As the estimators of nabla. */
export const {
  ElasticNet,
  GammaRegressor,
  HuberRegressor,
  Lasso,
  LinearRegression,
  LinearSVC,
  LogisticRegression,
  PoissonRegressor,
  QuantileRegressor,
  Ridge,
  SGDClassifier,
  SGDRegressor,
  SoftmaxRegression,
  TweedieRegressor,
} = bindEstimators(Model);

/** As `createOptimizer` of nabla. */
export const createOptimizer: CreateOptimizer = optimizers.create;
/** As `restoreOptimizer` of nabla. */
export const restoreOptimizer: RestoreOptimizer = optimizers.restore;

/** As `allocate` of nabla/kernels, wherever JavaScript puts it. */
export const allocate: Allocate = createAllocate(reference);
/** As `dot` of nabla/kernels. */
export const dot: Kernels['dot'] = kernels.dot;
/** As `axpy` of nabla/kernels. */
export const axpy: Kernels['axpy'] = kernels.axpy;
/** As `scal` of nabla/kernels. */
export const scal: Kernels['scal'] = kernels.scal;
/** As `nrm2` of nabla/kernels. */
export const nrm2: Kernels['nrm2'] = kernels.nrm2;
/** As `asum` of nabla/kernels. */
export const asum: Kernels['asum'] = kernels.asum;
/** As `gemv` of nabla/kernels. */
export const gemv: Kernels['gemv'] = kernels.gemv;
/** As `gemvT` of nabla/kernels. */
export const gemvT: Kernels['gemvT'] = kernels.gemvT;
/** As `gram` of nabla/kernels. */
export const gram: Kernels['gram'] = kernels.gram;
/** As `matmul` of nabla/kernels. */
export const matmul: Kernels['matmul'] = kernels.matmul;
/** As `gemm` of nabla/kernels. */
export const gemm: Kernels['gemm'] = kernels.gemm;
/** As `valueAndGradient` of nabla/kernels. */
export const valueAndGradient: Kernels['valueAndGradient'] = kernels.valueAndGradient;

const autodiff = createAutodiff(reference);

/** As the functions of nabla/autodiff. */
export const { customOp, derivative, differentiable, grad, graph, hessian, hvp, jacobian, jvp, valueAndGrad, vjp } =
  autodiff.derivatives;
/** As `checkGradient` of nabla/autodiff. */
export const checkGradient: typeof autodiff.checkGradient = autodiff.checkGradient;
/** As `ops` of nabla/autodiff. */
export const ops: typeof autodiff.ops = autodiff.ops;

/** As `gradient` of nabla/textbook. */
export const gradient = ((f: Traceable, x: number) => onBackend(reference, () => gradientOf(f, x))) as GradientOf;

/** As `batchGradientDescent` of nabla/textbook. */
export const batchGradientDescent: Textbook['batchGradientDescent'] = textbook.batchGradientDescent;
/** As `stochasticGradientDescent` of nabla/textbook. */
export const stochasticGradientDescent: Textbook['stochasticGradientDescent'] = textbook.stochasticGradientDescent;
/** As `miniBatchGradientDescent` of nabla/textbook. */
export const miniBatchGradientDescent: Textbook['miniBatchGradientDescent'] = textbook.miniBatchGradientDescent;

/**
 * Two functions of nabla share this name, and this is both: with data (`X`) it is `adam` of nabla/textbook, which
 * fits; otherwise `adam` of nabla, which describes the rule.
 */
export const adam = ((options?: object) =>
  options && 'X' in options ? textbook.adam(options as never) : adamRule(options)) as Textbook['adam'] &
  typeof adamRule;
