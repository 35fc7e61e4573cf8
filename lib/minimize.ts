// The minimum of a caller's own function, by any rule or L-BFGS, on the loop that fits models.
import { checkArray } from './arrays.js';
import { invalid, NablaError } from './errors.js';
import { History } from './history.js';
import { type FitOptions, readFitOptions } from './options.js';
import { loopStatuses, maxParameters, type Plan, type Status, samplerKind, solverKind } from './plan.js';
import { readObject } from './read.js';
import { penaltyValue } from './reference/kernels/penalties.js';
import { Run } from './reference/solver/fit.js';
import { withSolver } from './solver.js';

/**
 * A function and its gradient at x.
 *
 * @param x - where; to be read only, and valid during the call
 * @param gradient - to be filled with ∂f/∂x, as long as x
 * @returns f(x)
 */
export type Differentiable = (x: Float64Array, gradient: Float64Array) => number;

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
  'clipNorm',
  'clipValue',
] as const;

/** Those options of a fit that do not concern data; an epoch is one step. */
export type MinimizeOptions = Pick<FitOptions, (typeof names)[number]>;

/** What {@link minimize} found. */
export interface Minimum {
  /** Where. */
  x: Float64Array;
  /** f(x) and, if asked for, the penalty. */
  value: number;
  /** Of f, at x. */
  gradient: Float64Array;
  /** Why it ended; see `Model.status`. */
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
 * Minimizes a function of many variables from x0, on the calling thread.
 *
 * @param fun - returns the value and writes the gradient; see {@link Differentiable}
 * @param x0 - where to start; not changed
 * @param options - as of a fit: `optimizer` (default `'lbfgs'`, or any rule with its learning rate), `epochs` (steps at
 *   most, default 1000 for L-BFGS and 100 for a rule), `tolerance`, `gradientTolerance`, `schedule`, `averaging`, `l1`,
 *   `l2`, `nonNegative`, `clipNorm`, `clipValue`, `patience`, `minDelta`, `restoreBest`, `maxSeconds`
 * @throws what `fun` throws; NablaError `ERR_INVALID_ARG_TYPE`, `ERR_OUT_OF_RANGE`, `ERR_SHAPE`, `ERR_UNKNOWN_OPTION`,
 *   `ERR_NOT_FINITE` when x0 is not, or when `fun` leaves elements of the gradient at x0 unwritten
 */
export function minimize(fun: Differentiable, x0: Float64Array, options: MinimizeOptions = {}): Minimum {
  if (typeof fun !== 'function') throw invalid('ERR_INVALID_ARG_TYPE', 'fun', 'a function', fun);
  const given = readObject('options', options, names);
  const read = readFitOptions({ ...given, optimizer: given.optimizer ?? 'lbfgs' });
  const cols = checkArray('x0', x0).length;
  if (cols === 0) throw new NablaError('ERR_SHAPE', 'x0 must have at least one element; got none');
  const bad = x0.findIndex((value) => !Number.isFinite(value));
  if (bad >= 0) throw invalid('ERR_NOT_FINITE', `x0[${bad}]`, 'a finite number', x0[bad]);
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
  };
  if (read.optimizer === 'newton' || read.optimizer === 'exact') {
    throw new NablaError('ERR_UNKNOWN_OPTION', `minimize cannot use ${read.optimizer}, which needs second derivatives`);
  }
  const { plan, name } =
    one.solver === solverKind.none ? { plan: one, name: read.optimizer } : withSolver(one, 'lbfgs');
  let evaluations = 0;
  const call = (x: Float64Array, gradient: Float64Array): number => {
    gradient.fill(NaN);
    const value: unknown = fun(x, gradient);
    if (typeof value !== 'number') throw invalid('ERR_INVALID_ARG_TYPE', 'the value of fun', 'a number', value);
    if (evaluations++ === 0 && Number.isFinite(value)) {
      const unwritten = gradient.findIndex(Number.isNaN);
      if (unwritten >= 0) throw invalid('ERR_NOT_FINITE', `gradient[${unwritten}] of fun`, 'a number', NaN);
    }
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
  const run = new Run({ plan, train, ...nothing, weights: x0 }, objective);
  while (run.advance());
  const outcome = run.outcome();
  const x = outcome.weights;
  const gradient = new Float64Array(cols);
  const value = call(x, gradient);
  return {
    x,
    value: value + penaltyOf(x, plan),
    gradient,
    status: loopStatuses[outcome.status] as Status,
    optimizer: name,
    steps: outcome.steps,
    evaluations,
    history: new History(outcome.loss, outcome),
  };
}

function penaltyOf(x: Float64Array, { l1, l2 }: Plan): number {
  return l1 === 0 && l2 === 0 ? 0 : penaltyValue(x, x.length, { l1, l2, nonNegative: false, factors: null });
}
