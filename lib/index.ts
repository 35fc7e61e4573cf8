// The public face of nabla.
import { type BackendInfo, describe, inUse } from './backend.js';

export type { BackendInfo } from './backend.js';
export { type ErrorCode, NablaError } from './errors.js';
export {
  type Fit,
  type FitData,
  type FitOptions,
  type FitSync,
  fit,
  fitSync,
  type Loss,
  type Optimizer,
  type Sampler,
  type Schedule,
} from './fit.js';
export { Model, type ModelJSON, type Status } from './model.js';
export { adagrad, adam, rmsprop, sgd } from './optimizer.js';

/** Which backend computes, and what it runs on. */
export const backend: BackendInfo = describe(inUse());
