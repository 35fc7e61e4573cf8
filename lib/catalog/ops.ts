// Catalog of the ops of nabla/autodiff.
// Order counts: a unary or binary op’s index among those of its kind is its number, in native/ and reference/.

/** What an op does: `unary` and `binary` are elementwise kernels, which both backends have by number. */
export type OpKind =
  | 'unary'
  | 'binary'
  | 'choice'
  | 'reduction'
  | 'shape'
  | 'index'
  | 'product'
  | 'algebra'
  | 'network';

export interface OpEntry {
  readonly kind: OpKind;
  readonly help: string;
  /** The derivative where the function has none. */
  readonly subgradient?: string;
}

export const ops = {
  neg: { kind: 'unary', help: '-x' },
  abs: { kind: 'unary', help: '|x|', subgradient: '0 at 0' },
  sign: { kind: 'unary', help: '1 above 0, -1 below; x itself at ±0 and NaN', subgradient: '0 everywhere' },
  sqrt: { kind: 'unary', help: '√x', subgradient: '∞ at 0' },
  exp: { kind: 'unary', help: 'e^x' },
  expm1: { kind: 'unary', help: 'e^x - 1, exact near 0' },
  log: { kind: 'unary', help: 'ln x: -∞ at 0, NaN below' },
  log1p: { kind: 'unary', help: 'ln(1 + x), exact near 0' },
  sin: { kind: 'unary', help: 'sin x' },
  cos: { kind: 'unary', help: 'cos x' },
  tan: { kind: 'unary', help: 'tan x' },
  asin: { kind: 'unary', help: 'arcsin x: NaN beyond ±1' },
  atan: { kind: 'unary', help: 'arctan x' },
  tanh: { kind: 'unary', help: 'tanh x' },
  sigmoid: { kind: 'unary', help: '1/(1 + e^-x): t = e^-|x|, then 1/(1 + t) from 0 on, t/(1 + t) below' },
  softplus: { kind: 'unary', help: 'ln(1 + e^x) = max(x, 0) + ln(1 + e^-|x|)' },
  erf: { kind: 'unary', help: '2/√π ∫₀ˣ e^-t² dt' },
  relu: { kind: 'unary', help: '+0 where x ≤ 0, else x', subgradient: '0 at 0' },
  add: { kind: 'binary', help: 'a + b' },
  sub: { kind: 'binary', help: 'a - b' },
  mul: { kind: 'binary', help: 'a b' },
  div: { kind: 'binary', help: 'a/b' },
  pow: { kind: 'binary', help: 'a^b', subgradient: '0 in a where b = 0, 0 in b where a = 0' },
  maximum: { kind: 'binary', help: 'a where a ≥ b or a is NaN, else b', subgradient: 'all to a where a = b' },
  minimum: { kind: 'binary', help: 'a where a ≤ b or a is NaN, else b', subgradient: 'all to a where a = b' },
  equal: { kind: 'binary', help: '1 where a = b, else 0', subgradient: '0 everywhere' },
  notEqual: { kind: 'binary', help: '1 where a ≠ b, else 0', subgradient: '0 everywhere' },
  less: { kind: 'binary', help: '1 where a < b, else 0', subgradient: '0 everywhere' },
  lessEqual: { kind: 'binary', help: '1 where a ≤ b, else 0', subgradient: '0 everywhere' },
  greater: { kind: 'binary', help: '1 where a > b, else 0', subgradient: '0 everywhere' },
  greaterEqual: { kind: 'binary', help: '1 where a ≥ b, else 0', subgradient: '0 everywhere' },
  where: { kind: 'choice', help: 'a where the condition is not 0, else b' },
  sum: { kind: 'reduction', help: 'Σ x over axes' },
  mean: { kind: 'reduction', help: 'Σ x over axes, divided by their count' },
  prod: { kind: 'reduction', help: 'Π x over axes, of halves by halves' },
  max: {
    kind: 'reduction',
    help: 'the greatest over axes, NaN if one is',
    subgradient: 'all to the first of equal ones',
  },
  min: { kind: 'reduction', help: 'the least over axes, NaN if one is', subgradient: 'all to the first of equal ones' },
  logSumExp: { kind: 'reduction', help: 'ln Σ e^x over axes' },
  norm: { kind: 'reduction', help: '√Σ x² over axes', subgradient: '0 at 0' },
  cumsum: { kind: 'reduction', help: 'running sums along an axis' },
  broadcastTo: { kind: 'shape', help: 'x repeated to a shape' },
  reshape: { kind: 'shape', help: 'the elements in another shape' },
  transpose: { kind: 'shape', help: 'the axes in another order' },
  slice: { kind: 'shape', help: 'from start to before end, by steps' },
  pad: { kind: 'shape', help: 'a constant around x' },
  concat: { kind: 'shape', help: 'tensors behind each other along an axis' },
  stack: { kind: 'shape', help: 'tensors along a new axis' },
  take: { kind: 'index', help: 'elements by constant indices' },
  put: { kind: 'index', help: 'zeros, to which elements are added at constant indices' },
  diagonal: { kind: 'index', help: 'the diagonal of a matrix, or a matrix of a diagonal' },
  dot: { kind: 'product', help: 'Σ a b of vectors' },
  matmul: { kind: 'product', help: 'products of vectors, matrices and batches' },
  outer: { kind: 'product', help: 'all products a_i b_j' },
  trace: { kind: 'product', help: 'the sum of a diagonal' },
  affine: { kind: 'product', help: 'x W + b' },
  solve: { kind: 'algebra', help: 'x of A x = b' },
  cholesky: { kind: 'algebra', help: 'L of A = L Lᵀ, A symmetric' },
  logdet: { kind: 'algebra', help: 'ln det A, A symmetric positive definite' },
  softmax: { kind: 'network', help: 'e^z / Σ e^z over the last axis' },
  softmaxLoss: { kind: 'network', help: 'mean over rows of ln Σ e^z - z_y' },
  conv2d: { kind: 'network', help: 'two-dimensional convolution' },
  conv2dInput: { kind: 'network', help: 'its transpose in the input' },
  conv2dKernel: { kind: 'network', help: 'its transpose in the kernel' },
} as const satisfies Record<string, OpEntry>;

export type OpName = keyof typeof ops;

const namesOf = (kind: OpKind): readonly OpName[] =>
  (Object.keys(ops) as OpName[]).filter((name) => ops[name].kind === kind);

/** Names of the elementwise kernels of one operand, by number. */
export const unaryOps: readonly OpName[] = namesOf('unary');
/** Names of the elementwise kernels of two operands, by number. */
export const binaryOps: readonly OpName[] = namesOf('binary');
