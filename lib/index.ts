// Entry nabla: all that the package exports by its own name.
import { type BackendInfo, describe, inUse } from './native/choice.js';

export type { Matrix } from './base/arrays.js';
export { type ErrorCode, NablaError } from './base/errors.js';
export {
  type CrossValidate,
  type CrossValidateSync,
  CrossValidation,
  type CrossValidationJSON,
  type CrossValidationOptions,
  crossValidate,
  crossValidateSync,
  type LeftOut,
} from './crossvalidate.js';
export * from './estimators/index.js';
export {
  type Averaging,
  type ClassWeight,
  type Fit,
  type FitControl,
  type FitData,
  type FitEpochs,
  type FitIterator,
  type FitOptions,
  type FitProgress,
  type FitSync,
  fit,
  fitIterator,
  fitSync,
  type Loss,
  type OptimizerSpec,
  type Sampler,
  type Schedule,
} from './fit.js';
export type { CheckpointOptions } from './input/control.js';
export {
  type FitMany,
  type FitManySync,
  fitMany,
  fitManySync,
  type ManyOptions,
  type ManyStatus,
  Models,
  type PackedProblems,
  type Problem,
} from './many.js';
export { type Differentiable, type MinimizeOptions, type Minimum, minimize } from './minimize.js';
export { History } from './model/history.js';
export {
  type ClassMetrics,
  type ConfusionCells,
  type Label,
  type MeanMetrics,
  type MeasureOptions,
  type Metrics,
  Model,
  type ModelJSON,
  type Optimality,
  type Predictions,
  type Status,
  type ValueMetrics,
} from './model/model.js';
export type { BackendInfo } from './native/choice.js';
export {
  createOptimizer,
  Optimizer,
  type OptimizerGroup,
  type OptimizerJSON,
  type OptimizerOptions,
  restoreOptimizer,
  type UpdateExtras,
} from './optimizer.js';
export { type FitPath, type FitPathSync, fitPath, fitPathSync, Path, type PathJSON, type PathOptions } from './path.js';
export * from './rules.js';
export { setThreads } from './threads.js';

/** Which backend computes, and what it runs on. */
export const backend: BackendInfo = describe(inUse());
