// Derivatives of functions of tensors: grad, vjp, jvp, hvp, jacobian, hessian, derivative.
import { checkLength } from '../base/arrays.js';
import { invalid } from '../base/errors.js';
import { backward } from './backward.js';
import { shaped } from './ops/broadcast.js';
import { filled, stack } from './ops/structure.js';
import { isSameShape, shapeError, showShape, typeError } from './shape.js';
import { differentiate, type Level, quietly } from './tape.js';
import { type Operand, operand, scalar, Tensor } from './tensor.js';
import { asKindOf, asShaped, type Kind, type Leaves, type Like, leavesOf, matching } from './trees.js';

/** A function of tensors; the first parameter may be a tree of them. */
// biome-ignore lint/suspicious/noExplicitAny: constants that follow may be anything
export type Traceable<P = Tensor> = (x: P, ...rest: any[]) => Operand;

// biome-ignore lint/suspicious/noExplicitAny: of every function
type Callable = (...args: any[]) => Operand;

/** In which arguments derivatives are taken; the others are constant. */
export interface ArgumentOptions {
  /** Number of an argument, from 0, or several. Default 0. */
  argument?: number | readonly number[];
}

/** A function whose arguments are being differentiated in: its inputs on the tape, and its result. */
interface Traced {
  readonly leaves: Leaves;
  readonly inputs: readonly Tensor[];
  readonly y: Tensor;
}

function checkFunction(op: string, f: unknown): void {
  if (typeof f !== 'function') throw typeError(op, 'f', 'a function', f);
}

function readArgument(op: string, { argument = 0 }: ArgumentOptions): number | readonly number[] {
  const list = Array.isArray(argument) ? argument : [argument];
  if (list.length > 0 && list.every((index) => Number.isInteger(index) && index >= 0)) return argument;
  const bad = list.find((index) => !(Number.isInteger(index) && index >= 0));
  throw invalid('ERR_OUT_OF_RANGE', `${op}: argument`, 'whole numbers from 0', bad);
}

/** Calls f with its arguments in place, those that are differentiated in as inputs of the level. */
function trace(
  op: string,
  f: Callable,
  level: Level,
  args: readonly unknown[],
  argument: number | readonly number[],
): Traced {
  const at = typeof argument === 'number' ? argument : null;
  const several = at === null ? (argument as readonly number[]).map((index) => args[index]) : null;
  const leaves = leavesOf(
    op,
    at === 0 ? 'x' : several ? 'arguments' : `argument ${at}`,
    several ?? args[at as number],
    several !== null,
  );
  const inputs = leaves.tensors.map((x) => level.input(x));
  const own = args.slice();
  const placed = leaves.rebuild(inputs);
  if (at !== null) own[at] = placed;
  else
    (argument as readonly number[]).forEach((index, i) => {
      own[index] = (placed as unknown[])[i];
    });
  return { leaves, inputs, y: operand(op, 'the result of f', f(...own)) };
}

function checkScalar(op: string, y: Tensor): void {
  if (y.shape.length === 0) return;
  throw shapeError(
    op,
    `f must return a scalar; got shape ${showShape(y.shape)} (ops.sum makes one; jacobian takes any)`,
  );
}

const one = scalar(1);

/** The value of f and its gradient. */
function evaluate(op: string, f: Callable, args: readonly unknown[], argument: number | readonly number[]) {
  return differentiate((level) => {
    const { leaves, y } = trace(op, f, level, args, argument);
    checkScalar(op, y);
    return { leaves, y, gradients: quietly(level, () => backward(level, [y], [one])) };
  });
}

/**
 * The gradient of a function that returns a scalar: a function of the same arguments, which returns what went in (a number, a
 * Float64Array, a tensor, a tree of them) with the derivatives in place. What does not depend on an argument has derivatives 0.
 *
 * @param f - written in `ops`; must return a scalar
 * @param options - `argument`: in which arguments, default the first; of several the result is an array
 * @throws NablaError `ERR_SHAPE` when f returns no scalar; `ERR_INVALID_ARG_TYPE` for an argument that is no tensor
 */
export function grad<P = Tensor>(
  f: Traceable<P>,
  options?: { argument?: number },
): <X extends Like<P>>(x: X, ...rest: unknown[]) => Kind<NoInfer<X>>;
export function grad(f: Callable, options: { argument: readonly number[] }): (...args: unknown[]) => unknown[];
export function grad(f: Callable, options: ArgumentOptions = {}): unknown {
  checkFunction('grad', f);
  const argument = readArgument('grad', options);
  return (...args: unknown[]) => {
    const { leaves, gradients } = evaluate('grad', f, args, argument);
    return leaves.results(gradients) as never;
  };
}

/** A value, a number unless it depends on an outer derivative, and the gradient. */
export interface ValueAndGradient<G> {
  value: number;
  gradient: G;
}

/** As {@link grad}, with the value of f: `{ value, gradient }`. @throws NablaError as grad */
export function valueAndGrad<P = Tensor>(
  f: Traceable<P>,
  options?: { argument?: number },
): <X extends Like<P>>(x: X, ...rest: unknown[]) => ValueAndGradient<Kind<NoInfer<X>>>;
export function valueAndGrad(
  f: Callable,
  options: { argument: readonly number[] },
): (...args: unknown[]) => ValueAndGradient<unknown[]>;
export function valueAndGrad(f: Callable, options: ArgumentOptions = {}): unknown {
  checkFunction('valueAndGrad', f);
  const argument = readArgument('valueAndGrad', options);
  return (...args: unknown[]) => {
    const { leaves, y, gradients } = evaluate('valueAndGrad', f, args, argument);
    return { value: asKindOf(0, y) as number, gradient: leaves.results(gradients) as never };
  };
}

/**
 * f as `minimize` takes it: `(x, gradient) => value`, which writes the gradient.
 *
 * @param f - a function of a vector, written in `ops`, that returns a scalar
 * @throws NablaError as {@link grad}
 */
export function differentiable(f: Traceable): (x: Float64Array, gradient: Float64Array) => number {
  checkFunction('differentiable', f);
  return (x, gradient) => {
    checkLength('differentiable: gradient', gradient, x.length, 'as many as x');
    const { y, gradients } = evaluate('differentiable', f, [x], 0);
    gradient.set(gradients[0].data);
    return y.data[0];
  };
}

/** A value and the function from a gradient in it to one in the argument. */
export interface Pullback<X> {
  /** f(x): a number, a Float64Array for a vector, or a tensor. */
  value: number | Float64Array | Tensor;
  /** uᵀ J: `u` has the shape of the value. May be called any number of times. */
  vjp(u: Operand): X;
}

/**
 * f(x), and the product of any vector with its Jacobian, from one run of f.
 *
 * @throws NablaError `ERR_INVALID_ARG_TYPE`; `ERR_SHAPE`, by the function returned, when u has not the shape of the value
 */
export function vjp<P = Tensor>(
  f: Traceable<P>,
  options: ArgumentOptions = {},
): <X extends Like<P>>(x: X, ...rest: unknown[]) => Pullback<Kind<NoInfer<X>>> {
  checkFunction('vjp', f);
  const argument = readArgument('vjp', options);
  return (...args) => {
    const { level, leaves, y } = differentiate((level) => {
      const traced = trace('vjp', f, level, args, argument);
      level.save();
      return { level, ...traced };
    });
    return {
      value: asShaped(y),
      vjp(u) {
        const seed = operand('vjp', 'u', u);
        if (!isSameShape(seed.shape, y.shape)) {
          throw shapeError(
            'vjp',
            `u must have the shape of the value, ${showShape(y.shape)}; got ${showShape(seed.shape)}`,
          );
        }
        return leaves.results(backward(level, [y], [seed])) as never;
      },
    };
  };
}

/** The value and the product J v: the backward pass is linear in its seed, and is differentiated in it. */
function forward(
  op: string,
  f: Callable,
  args: readonly unknown[],
  directions: (leaves: readonly Tensor[]) => readonly Tensor[],
) {
  return differentiate((level) => {
    const { leaves, y } = trace(op, f, level, args, 0);
    const v = directions(leaves.tensors);
    const [tangent] = quietly(level, () =>
      differentiate((linear) => {
        const u = linear.input(filled(0, y.shape));
        const gradients = backward(level, [y], [u]);
        return quietly(linear, () => backward(linear, gradients, v));
      }),
    );
    return { y, tangent };
  });
}

/**
 * f(x) and the directional derivative J v: `{ value, tangent }`, each a number, a Float64Array for a vector, or a tensor.
 *
 * @throws NablaError `ERR_SHAPE` when v has not the shape of x; `ERR_INVALID_ARG_TYPE`
 */
export function jvp<P = Tensor>(
  f: Traceable<P>,
): (
  x: Like<P>,
  v: Like<P>,
  ...rest: unknown[]
) => { value: number | Float64Array | Tensor; tangent: number | Float64Array | Tensor } {
  checkFunction('jvp', f);
  return (x, v, ...rest) => {
    const { y, tangent } = forward('jvp', f, [x, ...rest], (leaves) => matching('jvp', 'v', v, leaves));
    return { value: asShaped(y), tangent: asShaped(tangent) };
  };
}

/**
 * The derivative of a function of one number, which may return a scalar, a vector (whose derivative is a Float64Array) or a
 * tensor.
 *
 * @throws NablaError `ERR_SHAPE` when t is no scalar; `ERR_INVALID_ARG_TYPE`
 */
export function derivative(f: Traceable): (t: number | Tensor, ...rest: unknown[]) => number | Float64Array | Tensor {
  checkFunction('derivative', f);
  return (t, ...rest) => {
    const { tangent } = forward('derivative', f, [t, ...rest], ([x]) => {
      if (x === undefined || x.shape.length > 0) {
        throw shapeError(
          'derivative',
          `t must be a scalar; got shape ${x ? showShape(x.shape) : '[]'} (jvp and jacobian take any)`,
        );
      }
      return [one];
    });
    return asShaped(tangent);
  };
}

/**
 * The product of the Hessian of a scalar function with a vector, without the Hessian: the gradient of ⟨∇f, v⟩.
 *
 * @throws NablaError `ERR_SHAPE` when f returns no scalar or v has not the shape of x; `ERR_INVALID_ARG_TYPE`
 */
export function hvp<P = Tensor>(
  f: Traceable<P>,
): <X extends Like<P>>(x: X, v: Like<P>, ...rest: unknown[]) => Kind<NoInfer<X>> {
  checkFunction('hvp', f);
  return (x, v, ...rest) => {
    const { leaves, products } = differentiate((level) => {
      const { leaves, y } = trace('hvp', f, level, [x, ...rest], 0);
      checkScalar('hvp', y);
      const gradients = backward(level, [y], [one]); // recorded: it is differentiated once more
      const directions = matching('hvp', 'v', v, leaves.tensors);
      return { leaves, products: quietly(level, () => backward(level, gradients, directions)) };
    });
    return leaves.results(products) as never;
  };
}

/** Derivatives of each element of y in each input: of input j a tensor [...shape of y, ...shape of the input]. */
function rows(level: Level, y: Tensor, inputs: readonly Tensor[]): Tensor[] {
  const each = Array.from({ length: y.data.length }, (_, i) => {
    const seed = new Float64Array(y.data.length);
    seed[i] = 1;
    return backward(level, [y], [new Tensor(seed, y.shape)]);
  });
  return inputs.map((input, j) => {
    const shape = [...y.shape, ...input.shape];
    if (each.length === 0) return filled(0, shape);
    return shaped(stack(each.map((gradients) => gradients[j])), shape);
  });
}

/**
 * The Jacobian: a tensor [...shape of f(x), ...shape of x] (a Float64Array or a number where that is a vector or a scalar),
 * of a tree the same tree of such. One backward pass an element of f(x).
 *
 * @throws NablaError `ERR_INVALID_ARG_TYPE`
 */
export function jacobian<P = Tensor>(
  f: Traceable<P>,
): (x: Like<P>, ...rest: unknown[]) => P extends Tensor ? Tensor : unknown {
  checkFunction('jacobian', f);
  return (...args) => {
    const { leaves, matrices } = differentiate((level) => {
      const { leaves, inputs, y } = trace('jacobian', f, level, args, 0);
      return { leaves, matrices: quietly(level, () => rows(level, y, inputs)) };
    });
    return leaves.rebuild(matrices.map(asShaped)) as never;
  };
}

/**
 * The Hessian of a scalar function: a tensor [...shape of x, ...shape of x] (a number for a scalar x), of a tree the tree of
 * such trees. One backward pass an element of x.
 *
 * @throws NablaError `ERR_SHAPE` when f returns no scalar; `ERR_INVALID_ARG_TYPE`
 */
export function hessian<P = Tensor>(
  f: Traceable<P>,
): (x: Like<P>, ...rest: unknown[]) => P extends Tensor ? Tensor : unknown {
  checkFunction('hessian', f);
  return (...args) => {
    const { leaves, blocks } = differentiate((level) => {
      const { leaves, inputs, y } = trace('hessian', f, level, args, 0);
      checkScalar('hessian', y);
      const gradients = backward(level, [y], [one]);
      return { leaves, blocks: quietly(level, () => gradients.map((gradient) => rows(level, gradient, inputs))) };
    });
    return leaves.rebuild(blocks.map((block) => leaves.rebuild(block.map(asShaped)))) as never;
  };
}
