// Public minimize: a caller's own function, by any update rule or L-BFGS, on the fit loop.

import { loopStatuses, maxParameters, type Plan, type Status, samplerKind, solverKind } from './backend/plan.js';
import { checkArray } from './base/arrays.js';
import { invalid, NablaError } from './base/errors.js';
import { callersOwn, guarded } from './base/memory.js';
import { withSolver } from './fitting/solver.js';
import { readBounds } from './input/bounds.js';
import { type FitOptions, readFitOptions } from './input/options.js';
import { readBoolean, readObject } from './input/read.js';
import { History } from './model/history.js';
import { penaltyValue } from './reference/kernels/penalties.js';
import { Run } from './reference/solver/fit.js';

/**
 * A function and its gradient at x.
 *
 * @param x - where; to be read only, and valid during the call
 * @param gradient - to be filled with ∂f/∂x, as long as x
 * @returns f(x)
 */
export type Differentiable = (x: Float64Array, gradient: Float64Array) => number;

/** The square of a double's precision: where residuals of a sum of squares are rounding. */
const leastSquare = 2 ** -104;

const names = [
  'optimizer',
  'schedule',
  'averaging',
  'epochs',
  'tolerance',
  'gradientTolerance',
  'patience',
  'minDelta',
  'maxSeconds',
  'restoreBest',
  'l1',
  'l2',
  'nonNegative',
  'lowerBounds',
  'upperBounds',
  'clipNorm',
  'clipValue',
] as const;

/** Those options of a fit that do not concern data; an epoch is one step. */
export interface MinimizeOptions extends Pick<FitOptions, (typeof names)[number]> {
  /**
   * Whether `fun` is never negative, as a sum of squares: L-BFGS then ends as `'converged'` once the value is 2⁻¹⁰⁴ (the
   * square of a double's precision) of that at x0. Without it a minimum of 0 is known by the steps alone. Refused with an
   * update rule, and where `fun` returns a negative value. Default false.
   */
  sumOfSquares?: boolean;
}

/** What {@link minimize} found. */
export interface Minimum {
  /** Where. */
  x: Float64Array;
  /** f(x) and, if asked for, the penalty. */
  value: number;
  /** Of f, at x. */
  gradient: Float64Array;
  /**
   * Why it ended; see `Model.status`. L-BFGS is `'converged'` where its next step predicts a decrease of at most 2⁻⁵⁰·|f(x)|,
   * or no more than rounding x to doubles changes f(x): the latter tells a minimum of 0. Where the Hessian at such a minimum
   * is singular, as of Powell's function, convergence is linear and the last digit of x takes some 4 to 6 times as many
   * evaluations as a gradient of 1e-8: `gradientTolerance`, or `sumOfSquares`, ends it sooner.
   */
  status: Status;
  /** Which rule or solver was used. */
  optimizer: string;
  /** Steps. */
  steps: number;
  /** Calls of the function. */
  evaluations: number;
  /** The value of each step: before it for a rule, after it for L-BFGS. */
  history: History;
}

/**
 * Minimizes a function of many variables from x0, on the calling thread. There is no `maximize`: minimize -f.
 *
 * @param fun - returns the value and writes the gradient; see {@link Differentiable}
 * @param x0 - where to start; not changed
 * @param options - as of a fit: `optimizer` (default `'lbfgs'`, or any rule with its learning rate), `epochs` (steps at
 *   most, default 1000 for L-BFGS and 100 for a rule), `tolerance`, `gradientTolerance`, `schedule`, `averaging`, `l1`,
 *   `l2`, `nonNegative`, `lowerBounds` and `upperBounds` (a number, or one for each of x), `clipNorm`, `clipValue`,
 *   `patience`, `minDelta`, `restoreBest`, `maxSeconds`; and `sumOfSquares`
 * @throws what `fun` throws; NablaError `ERR_INVALID_ARG_TYPE`, `ERR_OUT_OF_RANGE`, `ERR_SHAPE`, `ERR_UNKNOWN_OPTION`,
 *   `ERR_NOT_FINITE` when x0, or value or gradient at x0, is not, which includes elements that `fun` leaves unwritten
 */
export function minimize(fun: Differentiable, x0: Float64Array, options: MinimizeOptions = {}): Minimum {
  return calls.minimize(fun, x0, options);
}

function minimized(fun: Differentiable, x0: Float64Array, options: MinimizeOptions): Minimum {
  if (typeof fun !== 'function') throw invalid('ERR_INVALID_ARG_TYPE', 'fun', 'a function', fun);
  const { sumOfSquares, ...given } = readObject('options', options, [...names, 'sumOfSquares']);
  const isSumOfSquares = sumOfSquares !== undefined && readBoolean('options.sumOfSquares', sumOfSquares);
  const read = readFitOptions({ optimizer: 'lbfgs', ...given });
  const cols = checkArray('x0', x0).length;
  if (cols === 0) throw new NablaError('ERR_SHAPE', 'x0 must have at least one element; got none');
  const bad = x0.findIndex((value) => !Number.isFinite(value));
  if (bad >= 0) throw invalid('ERR_NOT_FINITE', `x0[${bad}]`, 'a finite number', x0[bad]);
  const bounds = readBounds(given, cols, 1, 'as x0');
  const one: Plan = {
    ...read.plan,
    sampler: samplerKind.full,
    samplerParameters: new Float64Array(maxParameters),
    intercept: false,
    rows: 1,
    cols,
    outputs: 1,
    targets: 1,
    validationRows: 0,
    bounded: bounds !== null,
  };
  if (read.optimizer === 'newton' || read.optimizer === 'exact') {
    throw new NablaError('ERR_UNKNOWN_OPTION', `minimize cannot use ${read.optimizer}, which needs second derivatives`);
  }
  const { plan, name } =
    one.solver === solverKind.none ? { plan: one, name: read.optimizer } : withSolver(one, 0, 'lbfgs');
  if (isSumOfSquares && plan.solver !== solverKind.lbfgs) {
    throw new NablaError(
      'ERR_UNKNOWN_OPTION',
      `sumOfSquares goes with the optimizer lbfgs; ${name} does not end by it`,
    );
  }
  const evaluate = callersOwn(fun);
  let evaluations = 0;
  let first = NaN;
  let last: Evaluation | undefined;
  let least: Evaluation | undefined;
  const call = (x: Float64Array, gradient: Float64Array): number => {
    gradient.fill(NaN);
    const value: unknown = evaluate(x.slice(), gradient); // a copy, which it may write to, or transfer away
    if (gradient.length !== cols) {
      throw new NablaError('ERR_DETACHED_BUFFER', 'gradient is detached: fun has transferred its buffer away');
    }
    if (typeof value !== 'number') throw invalid('ERR_INVALID_ARG_TYPE', 'the value of fun', 'a number', value);
    if (isSumOfSquares && value < 0) {
      throw invalid('ERR_OUT_OF_RANGE', 'the value of fun', 'a number from 0, as sumOfSquares says', value);
    }
    if (evaluations++ === 0) {
      checkFirst(value, gradient);
      first = value;
    }
    last = { x: x.slice(), value, gradient: gradient.slice() };
    if (!(least && least.value <= value)) least = last;
    return value;
  };
  const scratch = new Float64Array(cols);
  const everything = { start: 0, count: 1, index: null };
  const objective = {
    everything,
    evaluate: (_batch: object, x: Float64Array, gradient: Float64Array | null) => call(x, gradient ?? scratch),
  };
  const train = { X: scratch, y: scratch, sampleWeight: null, offset: null, index: null, count: 1 };
  const nothing = { validation: null, indices: null, penaltyFactors: null, state: null, carried: null, known: null };
  const run = new Run({ plan, train, bounds, ...nothing, weights: x0 }, objective);
  let isLeast = false;
  while (!isLeast && run.advance()) {
    isLeast = isSumOfSquares && plan.solver === solverKind.lbfgs && run.last.loss <= leastSquare * first;
  }
  const outcome = run.outcome();
  const x = outcome.weights;
  let found = [last, least].find((seen) => seen?.x.every((value, j) => Object.is(value, x[j])));
  if (!found) {
    call(x, scratch);
    found = last as Evaluation;
  }
  return {
    x,
    value: found.value + penaltyOf(x, plan),
    gradient: found.gradient,
    status: isLeast ? 'converged' : (loopStatuses[outcome.status] as Status),
    optimizer: name,
    steps: outcome.steps,
    evaluations,
    history: new History(outcome.loss, outcome),
  };
}

const calls = guarded({ minimize: minimized });

/** A call of the function: where, and what it returned. */
interface Evaluation {
  x: Float64Array;
  value: number;
  gradient: Float64Array;
}

function checkFirst(value: number, gradient: Float64Array): void {
  if (!Number.isFinite(value)) throw invalid('ERR_NOT_FINITE', 'the value of fun at x0', 'a finite number', value);
  const bad = gradient.findIndex((slope) => !Number.isFinite(slope));
  if (bad < 0) return;
  const expected = 'a finite number, which fun must write';
  throw invalid('ERR_NOT_FINITE', `gradient[${bad}] of fun at x0`, expected, gradient[bad]);
}

function penaltyOf(x: Float64Array, { l1, l2 }: Plan): number {
  return l1 === 0 && l2 === 0 ? 0 : penaltyValue(x, x.length, { l1, l2, factors: null, bounds: null });
}
