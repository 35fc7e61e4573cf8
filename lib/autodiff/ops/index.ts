// The ops by their names.
import * as algebra from './algebra.js';
import * as arithmetic from './arithmetic.js';
import { broadcastTo, reshape, sum } from './broadcast.js';
import * as elementary from './elementary.js';
import * as network from './network.js';
import * as products from './products.js';
import * as reductions from './reductions.js';
import * as structure from './structure.js';

const { add, div, equal, greater, greaterEqual, less, lessEqual, log, maximum, minimum, mul } = arithmetic;
const { neg, notEqual, pow, sub, where } = arithmetic;
const { abs, asin, atan, cos, erf, exp, expm1, log1p, relu, sigmoid, sign, sin, softplus, sqrt, tan, tanh } =
  elementary;
const { cumsum, logSumExp, max, mean, min, norm, prod } = reductions;
const { concat, pad, put, slice, stack, take, transpose } = structure;
const { affine, diagonal, dot, matmul, outer, trace } = products;
const { cholesky, logdet, solve } = algebra;
const { conv2d, conv2dInput, conv2dKernel, softmax, softmaxLoss } = network;

/**
 * All ops: functions of numbers, Float64Arrays, tensors and nested arrays, which return tensors. Inside a derivative they are
 * recorded; elsewhere they just compute.
 */
export const ops = Object.freeze({
  abs,
  add,
  affine,
  asin,
  atan,
  broadcastTo,
  cholesky,
  concat,
  conv2d,
  conv2dInput,
  conv2dKernel,
  cos,
  cumsum,
  diagonal,
  div,
  dot,
  equal,
  erf,
  exp,
  expm1,
  greater,
  greaterEqual,
  less,
  lessEqual,
  log,
  log1p,
  logSumExp,
  logdet,
  matmul,
  max,
  maximum,
  mean,
  min,
  minimum,
  mul,
  neg,
  norm,
  notEqual,
  outer,
  pad,
  pow,
  prod,
  put,
  relu,
  reshape,
  sigmoid,
  sign,
  sin,
  slice,
  softmax,
  softmaxLoss,
  softplus,
  solve,
  sqrt,
  stack,
  sub,
  sum,
  take,
  tan,
  tanh,
  trace,
  transpose,
  where,
});
