// Catalog of the ops of nabla/autodiff.
// Order counts: a unary or binary op’s index among those of its kind is its number, in native/ and reference/.

/** What an op takes: `unary` and `binary` are elementwise kernels, which both backends have by number. */
export type OpKind =
  | 'unary'
  | 'binary'
  | 'elementwise'
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
  readonly kink?: string;
}

export const ops = {
  neg: { kind: 'unary', help: '-x' },
  abs: { kind: 'unary', help: '|x|', kink: '0 at 0' },
  sign: { kind: 'unary', help: '1 above 0, -1 below; x itself at ±0 and NaN', kink: '0 everywhere' },
  sqrt: { kind: 'unary', help: '√x', kink: '∞ at 0' },
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
  relu: { kind: 'unary', help: '+0 where x ≤ 0, else x', kink: '0 at 0' },
  add: { kind: 'binary', help: 'a + b' },
  sub: { kind: 'binary', help: 'a - b' },
  mul: { kind: 'binary', help: 'a b' },
  div: { kind: 'binary', help: 'a/b' },
  pow: { kind: 'binary', help: 'a^b', kink: '0 in a where b = 0, 0 in b where a = 0' },
  maximum: { kind: 'binary', help: 'a where a ≥ b or a is NaN, else b', kink: 'all to a where a = b' },
  minimum: { kind: 'binary', help: 'a where a ≤ b or a is NaN, else b', kink: 'all to a where a = b' },
  equal: { kind: 'binary', help: '1 where a = b, else 0', kink: '0 everywhere' },
  notEqual: { kind: 'binary', help: '1 where a ≠ b, else 0', kink: '0 everywhere' },
  less: { kind: 'binary', help: '1 where a < b, else 0', kink: '0 everywhere' },
  lessEqual: { kind: 'binary', help: '1 where a ≤ b, else 0', kink: '0 everywhere' },
  greater: { kind: 'binary', help: '1 where a > b, else 0', kink: '0 everywhere' },
  greaterEqual: { kind: 'binary', help: '1 where a ≥ b, else 0', kink: '0 everywhere' },
} as const satisfies Record<string, OpEntry>;

export type OpName = keyof typeof ops;

const namesOf = (kind: OpKind): readonly OpName[] =>
  (Object.keys(ops) as OpName[]).filter((name) => ops[name].kind === kind);

/** Names of the elementwise kernels of one operand, by number. */
export const unaryOps: readonly OpName[] = namesOf('unary');
/** Names of the elementwise kernels of two operands, by number. */
export const binaryOps: readonly OpName[] = namesOf('binary');
