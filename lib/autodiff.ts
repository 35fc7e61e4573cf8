// Entry nabla/autodiff: derivatives of functions written in ops.
export { type CheckOptions, checkGradient, type GradientCheck } from './autodiff/checkgradient.js';
export { type CustomOp, customOp } from './autodiff/customop.js';
export {
  type ArgumentOptions,
  derivative,
  differentiable,
  grad,
  hessian,
  hvp,
  jacobian,
  jvp,
  type Pullback,
  type Traceable,
  type ValueAndGradient,
  valueAndGrad,
  vjp,
} from './autodiff/derivatives.js';
export { type Graph, graph } from './autodiff/graph.js';
export type { GraphJson, GraphNode } from './autodiff/graphjson.js';
export { ops } from './autodiff/ops/index.js';
export { type NestedArray, type Operand, Tensor, tensor } from './autodiff/tensor.js';
export { NablaError } from './base/errors.js';
