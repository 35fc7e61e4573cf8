// The functions of nabla/autodiff bound to a backend, whatever is in use.
import type { Backend } from '../backend/interface.js';
import { checkGradient } from './checkgradient.js';
import { customOp } from './customop.js';
import {
  derivative,
  differentiable,
  grad,
  hessian,
  hvp,
  jacobian,
  jvp,
  type Pullback,
  valueAndGrad,
  vjp,
} from './derivatives.js';
import { graph } from './graph.js';
import { onBackend } from './kernels.js';
import { ops } from './ops/index.js';

const derivatives = {
  grad,
  valueAndGrad,
  differentiable,
  vjp,
  jvp,
  hvp,
  jacobian,
  hessian,
  derivative,
  graph,
  customOp,
};

// biome-ignore lint/suspicious/noExplicitAny: of every function
type Call = (...args: any[]) => any;

/** The derivatives, and the functions that they return; and the ops. */
export interface Autodiff {
  readonly derivatives: typeof derivatives;
  readonly checkGradient: typeof checkGradient;
  readonly ops: typeof ops;
}

export function createAutodiff(backend: Backend): Autodiff {
  const bound =
    (call: Call): Call =>
    (...args) =>
      onBackend(backend, () => call(...args));
  const boundTwice =
    (call: Call): Call =>
    (...args) =>
      bound(call(...args));
  const each = <T extends object>(calls: T, bind: (call: Call) => Call): T =>
    Object.fromEntries(Object.entries(calls).map(([name, call]) => [name, bind(call as Call)])) as T;
  const pullback: Call = (...args) => {
    const traced = boundTwice(vjp)(...args);
    return (...given: unknown[]): Pullback<unknown> => {
      const made: Pullback<unknown> = traced(...given);
      return { ...made, vjp: bound(made.vjp) };
    };
  };
  return {
    derivatives: { ...each(derivatives, boundTwice), vjp: pullback },
    checkGradient: bound(checkGradient),
    ops: Object.freeze(each(ops, bound)),
  };
}
