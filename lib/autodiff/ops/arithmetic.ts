// Elementwise ops of two operands: arithmetic, pow, maximum, comparisons, where.

import { binaryOps, type OpName, unaryOps } from '../../catalog/ops.js';
import { allocate } from '../buffers.js';
import { binary as kernel, select as selectKernel, unary as unaryKernel } from '../kernels.js';
import { broadcastShape, isSameShape, type Shape, scalarShape, sizeOf } from '../shape.js';
import { made1, made2, madeOf } from '../tape.js';
import { type Operand, operand, Rule, Tensor, type Vjp } from '../tensor.js';
import { repeated } from './broadcast.js';

/** An elementwise kernel of one operand, by its name. */
export function unaryRule(name: OpName, vjp: Vjp): Rule {
  return new Rule(name, [vjp], null, unaryOps.indexOf(name));
}

export function unary(rule: Rule, x: Operand): Tensor {
  const a = x instanceof Tensor ? x : operand(rule.name, 'x', x);
  const out = allocate(a.data.length);
  unaryKernel(rule.number, a.data, out);
  return made1(rule, out, a.shape, a);
}

function binaryRule(name: OpName, da: Vjp, db: Vjp): Rule {
  return new Rule(name, [da, db], null, binaryOps.indexOf(name));
}

function binary(rule: Rule, x: Operand, y: Operand): Tensor {
  const a = x instanceof Tensor ? x : operand(rule.name, 'a', x);
  const b = y instanceof Tensor ? y : operand(rule.name, 'b', y);
  let out: Float64Array;
  let shape: Shape;
  if (isSameShape(a.shape, b.shape)) {
    shape = a.shape;
    out = allocate(a.data.length);
    kernel(rule.number, a.data, 1, b.data, 1, out);
  } else if (b.shape === scalarShape) {
    shape = a.shape;
    out = allocate(a.data.length);
    kernel(rule.number, a.data, 1, b.data, 0, out);
  } else if (a.shape === scalarShape) {
    shape = b.shape;
    out = allocate(b.data.length);
    kernel(rule.number, a.data, 0, b.data, 1, out);
  } else {
    shape = broadcastShape(rule.name, a.shape, b.shape);
    const left = aligned(a, shape);
    const right = aligned(b, shape);
    out = allocate(sizeOf(shape));
    kernel(rule.number, left, left.length === 1 ? 0 : 1, right, right.length === 1 ? 0 : 1, out);
  }
  return made2(rule, out, shape, a, b);
}

/** The numbers of an operand in the shape of the result; of one element as they are. */
function aligned(x: Tensor, shape: Shape): Float64Array {
  return x.data.length === 1 || isSameShape(x.shape, shape) ? x.data : repeated(x.data, x.shape, shape);
}

// Gradients have the shape of the result; the backward pass sums them over what was broadcast.
export const zero: Vjp = () => null;

const negRule = unaryRule('neg', (g) => neg(g));
const addRule = binaryRule(
  'add',
  (g) => g,
  (g) => g,
);
const subRule = binaryRule(
  'sub',
  (g) => g,
  (g) => neg(g),
);
const mulRule = binaryRule(
  'mul',
  (g, r) => mul(g, r.b),
  (g, r) => mul(g, r.a),
);
const divRule = binaryRule(
  'div',
  (g, r) => div(g, r.b),
  (g, r) => neg(div(mul(g, r), r.b)),
);
const powRule = binaryRule(
  'pow',
  (g, r) => {
    if (r.b.mask !== 0 || r.b.data.length !== 1) {
      return mul(g, where(equal(r.b, 0), 0, mul(r.b, pow(r.a, sub(r.b, 1)))));
    }
    const p = r.b.data[0]; // a constant exponent, by far the most frequent
    return p === 0 ? null : mul(g, mul(p, p === 2 ? r.a : pow(r.a, p - 1)));
  },
  (g, r) => mul(g, mul(r, log(where(equal(r.a, 0), 1, r.a)))),
);
const logRule = unaryRule('log', (g, r) => div(g, r.a));
const maximumRule = binaryRule(
  'maximum',
  (g, r) => where(greaterEqual(r.a, r.b), g, 0),
  (g, r) => where(greaterEqual(r.a, r.b), 0, g),
);
const minimumRule = binaryRule(
  'minimum',
  (g, r) => where(lessEqual(r.a, r.b), g, 0),
  (g, r) => where(lessEqual(r.a, r.b), 0, g),
);
const equalRule = binaryRule('equal', zero, zero);
const notEqualRule = binaryRule('notEqual', zero, zero);
const lessRule = binaryRule('less', zero, zero);
const lessEqualRule = binaryRule('lessEqual', zero, zero);
const greaterRule = binaryRule('greater', zero, zero);
const greaterEqualRule = binaryRule('greaterEqual', zero, zero);

/** -x. */
export function neg(x: Operand): Tensor {
  return unary(negRule, x);
}
/** a + b, broadcast as by NumPy. @throws NablaError `ERR_SHAPE`, `ERR_INVALID_ARG_TYPE`, as all ops of two operands */
export function add(a: Operand, b: Operand): Tensor {
  return binary(addRule, a, b);
}
/** a - b. */
export function sub(a: Operand, b: Operand): Tensor {
  return binary(subRule, a, b);
}
/** a b, element by element. */
export function mul(a: Operand, b: Operand): Tensor {
  return binary(mulRule, a, b);
}
/** a/b. */
export function div(a: Operand, b: Operand): Tensor {
  return binary(divRule, a, b);
}
/** a^b. The derivative in a is 0 where b = 0, and that in b is 0 where a = 0, as by JAX; NaN where a < 0. */
export function pow(a: Operand, b: Operand): Tensor {
  return binary(powRule, a, b);
}
/** ln x; -∞ at 0, NaN below. */
export function log(x: Operand): Tensor {
  return unary(logRule, x);
}
/** The greater of a and b, NaN if one is. Of equal ones all of the gradient goes to a. */
export function maximum(a: Operand, b: Operand): Tensor {
  return binary(maximumRule, a, b);
}
/** The lesser of a and b, NaN if one is. Of equal ones all of the gradient goes to a. */
export function minimum(a: Operand, b: Operand): Tensor {
  return binary(minimumRule, a, b);
}
/** 1 where a = b, else 0; gradient 0, as of all comparisons. */
export function equal(a: Operand, b: Operand): Tensor {
  return binary(equalRule, a, b);
}
/** 1 where a ≠ b, else 0. */
export function notEqual(a: Operand, b: Operand): Tensor {
  return binary(notEqualRule, a, b);
}
/** 1 where a < b, else 0. */
export function less(a: Operand, b: Operand): Tensor {
  return binary(lessRule, a, b);
}
/** 1 where a ≤ b, else 0. */
export function lessEqual(a: Operand, b: Operand): Tensor {
  return binary(lessEqualRule, a, b);
}
/** 1 where a > b, else 0. */
export function greater(a: Operand, b: Operand): Tensor {
  return binary(greaterRule, a, b);
}
/** 1 where a ≥ b, else 0. */
export function greaterEqual(a: Operand, b: Operand): Tensor {
  return binary(greaterEqualRule, a, b);
}

const whereRule = new Rule('where', [zero, (g, r) => where(r.a, g, 0), (g, r) => where(r.a, 0, g)]);

/**
 * a where the condition is not 0, else b; all three broadcast. The gradient of the one that is not chosen is 0, but a
 * derivative that is NaN or infinite there makes 0 · ∞ = NaN: choose safe operands, as with JAX.
 */
export function where(condition: Operand, a: Operand, b: Operand): Tensor {
  const c = operand('where', 'condition', condition);
  const x = operand('where', 'a', a);
  const y = operand('where', 'b', b);
  const both = isSameShape(x.shape, y.shape) ? x.shape : broadcastShape('where', x.shape, y.shape);
  const shape = isSameShape(c.shape, both) ? c.shape : broadcastShape('where', c.shape, both, 'condition', 'a and b');
  const isWhole = isSameShape(c.shape, shape);
  const conditions = isWhole ? c.data : repeated(c.data, c.shape, shape);
  const [left, right] = [aligned(x, shape), aligned(y, shape)];
  const out = allocate(conditions.length);
  selectKernel(conditions, left, left.length === 1 ? 0 : 1, right, right.length === 1 ? 0 : 1, out);
  return madeOf(whereRule, out, shape, [c, x, y]);
}
