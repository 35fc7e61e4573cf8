// Linear algebra of small matrices: solve, cholesky, logdet.

import { log as ln } from '../../reference/kernels/elementary.js';
import { cholesky as factor, solve as solveByElimination } from '../../reference/linalg/smallmatrix.js';
import { type Shape, scalarShape, shapeError, showShape } from '../shape.js';
import { made1, made2 } from '../tape.js';
import { type Operand, operand, Rule, Tensor } from '../tensor.js';
import { add, mul, neg } from './arithmetic.js';
import { shaped } from './broadcast.js';
import { matmul, outer } from './products.js';
import { transpose } from './structure.js';

function checkSquare(op: string, shape: Shape): number {
  if (shape.length === 2 && shape[0] === shape[1]) return shape[0];
  throw shapeError(op, `A must be a square matrix; got shape ${showShape(shape)}`);
}

const solveRule = new Rule('solve', [], (g, r) => {
  const b = solve(transpose(r.a), g);
  const isVector = r.shape.length === 1;
  return [neg(isVector ? outer(b, r) : matmul(b, transpose(r))), b];
});

/**
 * x of A x = b, of a small square A: elimination with partial pivoting, on the calling thread. Of a singular A the result is
 * infinite or NaN.
 *
 * @param A - n × n
 * @param b - n, or n × m
 * @throws NablaError `ERR_SHAPE`, `ERR_INVALID_ARG_TYPE`
 */
export function solve(A: Operand, b: Operand): Tensor {
  const a = operand('solve', 'A', A);
  const right = operand('solve', 'b', b);
  const n = checkSquare('solve', a.shape);
  if ((right.shape.length !== 1 && right.shape.length !== 2) || right.shape[0] !== n) {
    const both = `A of shape ${showShape(a.shape)} and b of shape ${showShape(right.shape)}`;
    throw shapeError('solve', `${both}: b must have ${n} rows`);
  }
  const out = solveByElimination(a.data, right.data, n, right.shape[1] ?? 1);
  return made2(solveRule, out, right.shape, a, right);
}

/** ½ (A + Aᵀ): what cholesky and logdet read, so that their gradients are symmetric. */
function symmetric(a: Tensor): Tensor {
  return mul(0.5, add(a, transpose(a)));
}

/** A constant matrix of f(i, j). */
function matrix(n: number, f: (i: number, j: number) => number): Tensor {
  return new Tensor(
    Float64Array.from({ length: n * n }, (_, at) => f(Math.floor(at / n), at % n)),
    [n, n],
  );
}

// Murray, "Differentiation of the Cholesky decomposition" (2016), (9): L⁻ᵀ Φ(Lᵀ Ḡ) L⁻¹, Φ the lower triangle with half the
// diagonal. The result is taken as the gradient in a symmetric A.
const choleskyRule = new Rule('cholesky', [
  (g, r) => {
    const n = r.shape[0];
    const half = matrix(n, (i, j) => (i > j ? 1 : i === j ? 0.5 : 0));
    const phi = mul(half, matmul(transpose(r), g));
    const left = solve(transpose(r), phi);
    return symmetric(transpose(solve(transpose(r), transpose(left))));
  },
]);

/**
 * The lower triangle L of A = L Lᵀ, of a small symmetric A (½ (A + Aᵀ) is read). NaN where A is not positive definite.
 *
 * @throws NablaError `ERR_SHAPE`, `ERR_INVALID_ARG_TYPE`
 */
export function cholesky(A: Operand): Tensor {
  const a = symmetric(square('cholesky', A));
  return made1(choleskyRule, factor(a.data, a.shape[0]), a.shape, a);
}

function square(op: string, A: Operand): Tensor {
  const a = operand(op, 'A', A);
  checkSquare(op, a.shape);
  return a;
}

const logdetRule = new Rule('logdet', [
  (g, r) => {
    const n = r.a.shape[0];
    return mul(
      shaped(g, scalarShape),
      solve(
        r.a,
        matrix(n, (i, j) => (i === j ? 1 : 0)),
      ),
    );
  },
]);

/** ln det A of a small symmetric positive definite A (½ (A + Aᵀ) is read); NaN of others. @throws NablaError as {@link cholesky} */
export function logdet(A: Operand): Tensor {
  const a = symmetric(square('logdet', A));
  const n = a.shape[0];
  const L = factor(a.data, n);
  let half = 0;
  for (let i = 0; i < n; i++) half += ln(L[i * (n + 1)]);
  return made1(logdetRule, Float64Array.of(2 * half), scalarShape, a);
}
