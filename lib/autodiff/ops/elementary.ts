// Elementwise ops of one operand: powers, logarithms, trigonometry, activations.
import type { Operand, Tensor } from '../tensor.js';
import { add, div, greater, mul, neg, sub, unary, unaryRule, zero } from './arithmetic.js';

const absRule = unaryRule('abs', (g, r) => mul(g, sign(r.a)));
const signRule = unaryRule('sign', zero);
const sqrtRule = unaryRule('sqrt', (g, r) => div(mul(g, 0.5), r));
const expRule = unaryRule('exp', (g, r) => mul(g, r));
const expm1Rule = unaryRule('expm1', (g, r) => mul(g, add(r, 1)));
const log1pRule = unaryRule('log1p', (g, r) => div(g, add(r.a, 1)));
const sinRule = unaryRule('sin', (g, r) => mul(g, cos(r.a)));
const cosRule = unaryRule('cos', (g, r) => neg(mul(g, sin(r.a))));
const tanRule = unaryRule('tan', (g, r) => mul(g, add(1, mul(r, r))));
const asinRule = unaryRule('asin', (g, r) => div(g, sqrt(mul(sub(1, r.a), add(1, r.a)))));
const atanRule = unaryRule('atan', (g, r) => div(g, add(1, mul(r.a, r.a))));
const tanhRule = unaryRule('tanh', (g, r) => mul(g, sub(1, mul(r, r))));
const sigmoidRule = unaryRule('sigmoid', (g, r) => mul(g, mul(r, sub(1, r))));
const softplusRule = unaryRule('softplus', (g, r) => mul(g, sigmoid(r.a)));
const erfRule = unaryRule('erf', (g, r) => mul(g, mul(2 / Math.sqrt(Math.PI), exp(neg(mul(r.a, r.a))))));
const reluRule = unaryRule('relu', (g, r) => mul(g, greater(r.a, 0)));

/** |x|; derivative 0 at 0. */
export function abs(x: Operand): Tensor {
  return unary(absRule, x);
}
/** 1 above 0, -1 below, 0 at 0; derivative 0. */
export function sign(x: Operand): Tensor {
  return unary(signRule, x);
}
/** √x; NaN below 0, derivative ∞ at 0. */
export function sqrt(x: Operand): Tensor {
  return unary(sqrtRule, x);
}
/** e^x. */
export function exp(x: Operand): Tensor {
  return unary(expRule, x);
}
/** e^x - 1, exact near 0. */
export function expm1(x: Operand): Tensor {
  return unary(expm1Rule, x);
}
/** ln(1 + x), exact near 0. */
export function log1p(x: Operand): Tensor {
  return unary(log1pRule, x);
}
/** sin x. */
export function sin(x: Operand): Tensor {
  return unary(sinRule, x);
}
/** cos x. */
export function cos(x: Operand): Tensor {
  return unary(cosRule, x);
}
/** tan x. */
export function tan(x: Operand): Tensor {
  return unary(tanRule, x);
}
/** arcsin x; NaN beyond ±1. */
export function asin(x: Operand): Tensor {
  return unary(asinRule, x);
}
/** arctan x. */
export function atan(x: Operand): Tensor {
  return unary(atanRule, x);
}
/** tanh x. */
export function tanh(x: Operand): Tensor {
  return unary(tanhRule, x);
}
/** 1/(1 + e^-x), without overflow. */
export function sigmoid(x: Operand): Tensor {
  return unary(sigmoidRule, x);
}
/** ln(1 + e^x), without overflow. */
export function softplus(x: Operand): Tensor {
  return unary(softplusRule, x);
}
/** The error function 2/√π ∫₀ˣ e^-t² dt. */
export function erf(x: Operand): Tensor {
  return unary(erfRule, x);
}
/** max(0, x); derivative 0 at 0. */
export function relu(x: Operand): Tensor {
  return unary(reluRule, x);
}
