// Trees of tensors: objects and arrays with operands as leaves, taken apart and rebuilt.
import { types } from 'node:util';
import { isFloat64Array } from '../base/arrays.js';
import { isSameShape, shapeError, showShape, typeError } from './shape.js';
import { isTraced } from './tape.js';
import { type NestedArray, type Operand, operand, Tensor } from './tensor.js';

/** What a caller may give for a function's parameter: for each tensor whatever becomes one. */
export type Like<P> = P extends Tensor ? Operand : { readonly [K in keyof P]: Like<P[K]> };

/** The kind of a result: that of the argument, without its exact value. */
export type Kind<X> = X extends number
  ? number
  : X extends Float64Array | Tensor
    ? X
    : { -readonly [K in keyof X]: Kind<X[K]> };

/** A tree taken apart. */
export interface Leaves {
  readonly tensors: readonly Tensor[];
  /** Puts one value for each leaf in the places of the leaves. */
  rebuild(values: readonly unknown[]): unknown;
  /** The same of results, each of the kind of its leaf. */
  results(values: readonly Tensor[]): unknown;
}

const isLeaf = (value: unknown): boolean =>
  typeof value === 'number' || value instanceof Tensor || isFloat64Array(value) || isNumbers(value);

/** Whether it is nested arrays of nothing but numbers, which are a tensor. */
function isNumbers(value: unknown): boolean {
  return Array.isArray(value) && value.every((item) => typeof item === 'number' || isNumbers(item));
}

/** A result as callers take it: within another derivative that depends on it always a tensor. */
export function asKindOf(like: unknown, value: Tensor): number | Float64Array | Tensor | NestedArray {
  if (isTraced(value)) return value;
  if (typeof like === 'number') return value.data[0];
  if (like instanceof Tensor) return new Tensor(value.data.slice(), value.shape);
  return Array.isArray(like) ? value.toArray() : value.data.slice();
}

/** A result of no argument's kind: a number, a Float64Array for a vector, a tensor. */
export function asShaped(value: Tensor): number | Float64Array | Tensor {
  const rank = value.shape.length;
  return asKindOf(rank === 0 ? 0 : rank === 1 ? null : value, value) as number | Float64Array | Tensor;
}

/** @param isList - whether an array is a list of trees even where it has numbers alone: several arguments */
export function leavesOf(op: string, name: string, tree: unknown, isList = false): Leaves {
  if (!isList && isLeaf(tree)) {
    return {
      tensors: [operand(op, name, tree)],
      rebuild: ([value]) => value,
      results: ([value]) => asKindOf(tree, value),
    };
  }
  const tensors: Tensor[] = [];
  const givens: unknown[] = [];
  type Build = (values: readonly unknown[]) => unknown;
  const visit = (path: string, node: unknown): Build => {
    if (isLeaf(node) && !(isList && node === tree)) {
      const at = tensors.push(operand(op, path, node)) - 1;
      givens.push(node);
      return (values) => values[at];
    }
    if (Array.isArray(node)) {
      const parts = node.map((item, i) => visit(`${path}[${i}]`, item));
      return (values) => parts.map((build) => build(values));
    }
    const isPlain =
      typeof node === 'object' &&
      node !== null &&
      !ArrayBuffer.isView(node) &&
      !types.isMap(node) &&
      !types.isSet(node);
    if (!isPlain) {
      throw typeError(
        op,
        path,
        'a number, a Float64Array, a tensor, nested arrays of numbers, or a tree of such',
        node,
      );
    }
    const parts = Object.entries(node).map(([key, item]) => [key, visit(`${path}.${key}`, item)] as const);
    return (values) => Object.fromEntries(parts.map(([key, build]) => [key, build(values)]));
  };
  const rebuild = visit(name, tree);
  return { tensors, rebuild, results: (values) => rebuild(values.map((value, i) => asKindOf(givens[i], value))) };
}

/** A tree of one tensor for each leaf, of its shape: tangents and directions. */
export function matching(op: string, name: string, value: unknown, leaves: readonly Tensor[]): readonly Tensor[] {
  const { tensors } = leavesOf(op, name, value);
  if (tensors.length !== leaves.length) {
    throw shapeError(op, `${name} must have a tensor for each of the ${leaves.length} in x; got ${tensors.length}`);
  }
  return tensors.map((given, i) => {
    if (isSameShape(given.shape, leaves[i].shape)) return given;
    const shapes = `x has shape ${showShape(leaves[i].shape)} and ${name} ${showShape(given.shape)}`;
    throw shapeError(op, `${name} must have the shape of x; ${shapes}`);
  });
}
