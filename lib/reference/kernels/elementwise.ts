// Elementwise kernels of tensors, by their numbers in catalog/ops.
// Twin: native/kernels/elementwise.h.
import { binaryOps, type OpName, unaryOps } from '../../catalog/ops.js';
import { asin, atan, cos, erf, exp, expm1, log, log1p, pow, sin, tan, tanh } from './elementary.js';

type Unary = (x: Float64Array, out: Float64Array) => void;
type Binary = (a: Float64Array, aStep: number, b: Float64Array, bStep: number, out: Float64Array) => void;

/** A loop over a function of one number: a call an element, which an elementary function does not feel. */
const each =
  (f: (x: number) => number): Unary =>
  (x, out) => {
    for (let i = 0; i < out.length; i++) out[i] = f(x[i]);
  };

function sigmoid(x: number): number {
  const t = exp(-Math.abs(x));
  return x >= 0 ? 1 / (1 + t) : t / (1 + t);
}

function softplus(x: number): number {
  return (x > 0 ? x : 0) + log1p(exp(-Math.abs(x)));
}

// Loops of cheap operations are written out: a call would cost more than what it does.
const unaryLoops: Record<string, Unary> = {
  neg: (x, out) => {
    for (let i = 0; i < out.length; i++) out[i] = -x[i];
  },
  abs: (x, out) => {
    for (let i = 0; i < out.length; i++) out[i] = Math.abs(x[i]);
  },
  sign: (x, out) => {
    for (let i = 0; i < out.length; i++) out[i] = x[i] > 0 ? 1 : x[i] < 0 ? -1 : x[i];
  },
  sqrt: (x, out) => {
    for (let i = 0; i < out.length; i++) out[i] = Math.sqrt(x[i]);
  },
  relu: (x, out) => {
    for (let i = 0; i < out.length; i++) out[i] = x[i] <= 0 ? 0 : x[i];
  },
  exp: each(exp),
  expm1: each(expm1),
  log: each(log),
  log1p: each(log1p),
  sin: each(sin),
  cos: each(cos),
  tan: each(tan),
  asin: each(asin),
  atan: each(atan),
  tanh: each(tanh),
  sigmoid: each(sigmoid),
  softplus: each(softplus),
  erf: each(erf),
};

const binaryLoops: Record<string, Binary> = {
  add: (a, aStep, b, bStep, out) => {
    for (let i = 0; i < out.length; i++) out[i] = a[i * aStep] + b[i * bStep];
  },
  sub: (a, aStep, b, bStep, out) => {
    for (let i = 0; i < out.length; i++) out[i] = a[i * aStep] - b[i * bStep];
  },
  mul: (a, aStep, b, bStep, out) => {
    for (let i = 0; i < out.length; i++) out[i] = a[i * aStep] * b[i * bStep];
  },
  div: (a, aStep, b, bStep, out) => {
    for (let i = 0; i < out.length; i++) out[i] = a[i * aStep] / b[i * bStep];
  },
  pow: (a, aStep, b, bStep, out) => {
    for (let i = 0; i < out.length; i++) out[i] = pow(a[i * aStep], b[i * bStep]);
  },
  maximum: (a, aStep, b, bStep, out) => {
    for (let i = 0; i < out.length; i++) {
      const x = a[i * aStep];
      const y = b[i * bStep];
      out[i] = x >= y || Number.isNaN(x) ? x : y;
    }
  },
  minimum: (a, aStep, b, bStep, out) => {
    for (let i = 0; i < out.length; i++) {
      const x = a[i * aStep];
      const y = b[i * bStep];
      out[i] = x <= y || Number.isNaN(x) ? x : y;
    }
  },
  equal: (a, aStep, b, bStep, out) => {
    for (let i = 0; i < out.length; i++) out[i] = a[i * aStep] === b[i * bStep] ? 1 : 0;
  },
  notEqual: (a, aStep, b, bStep, out) => {
    for (let i = 0; i < out.length; i++) out[i] = a[i * aStep] !== b[i * bStep] ? 1 : 0;
  },
  less: (a, aStep, b, bStep, out) => {
    for (let i = 0; i < out.length; i++) out[i] = a[i * aStep] < b[i * bStep] ? 1 : 0;
  },
  lessEqual: (a, aStep, b, bStep, out) => {
    for (let i = 0; i < out.length; i++) out[i] = a[i * aStep] <= b[i * bStep] ? 1 : 0;
  },
  greater: (a, aStep, b, bStep, out) => {
    for (let i = 0; i < out.length; i++) out[i] = a[i * aStep] > b[i * bStep] ? 1 : 0;
  },
  greaterEqual: (a, aStep, b, bStep, out) => {
    for (let i = 0; i < out.length; i++) out[i] = a[i * aStep] >= b[i * bStep] ? 1 : 0;
  },
};

const unaryByNumber = unaryOps.map((name: OpName) => unaryLoops[name]);
const binaryByNumber = binaryOps.map((name: OpName) => binaryLoops[name]);

export function unary(op: number, x: Float64Array, out: Float64Array): void {
  unaryByNumber[op](x, out);
}

export function binary(
  op: number,
  a: Float64Array,
  aStep: number,
  b: Float64Array,
  bStep: number,
  out: Float64Array,
): void {
  binaryByNumber[op](a, aStep, b, bStep, out);
}

/** out = a where the condition is not 0, else b. */
export function select(
  condition: Float64Array,
  a: Float64Array,
  aStep: number,
  b: Float64Array,
  bStep: number,
  out: Float64Array,
): void {
  for (let i = 0; i < out.length; i++) out[i] = condition[i] !== 0 ? a[i * aStep] : b[i * bStep];
}
