// Functions of nabla/textbook on a backend: the four of a first lecture, thin over the fit loop.

import { gramFrom } from '../backend/gram.js';
import type { Backend } from '../backend/interface.js';
import { maxParameters, type Plan, samplerKind } from '../backend/plan.js';
import { checkArray, checkLength, firstNotFinite } from '../base/arrays.js';
import { NablaError } from '../base/errors.js';
import { guarded } from '../base/memory.js';
import { textbookOptions } from '../catalog/options.js';
import { rules } from '../catalog/rules.js';
import { checkDivergedData } from '../fitting/fit.js';
import { checkAgain } from '../fitting/prepare.js';
import { readFitOptions } from '../input/options.js';
import { readChoice, readNumber, readObject } from '../input/read.js';
import { readIndices } from '../input/sampler.js';

/** What every textbook function takes. */
export interface TextbookOptions {
  /** rows × cols, row-major; a column of ones gives an intercept. */
  X: Float64Array;
  /** rows targets. */
  y: Float64Array;
  /** Where to start, cols values. */
  theta: Float64Array;
  /** α, the learning rate, above 0. */
  alpha: number;
  /** Passes over the data. */
  iterations: number;
  /** Stop when the cost changes by less from one iteration to the next. Default 0, never. */
  threshold?: number;
}

/** What every textbook function returns. */
export interface TextbookResult {
  /** The fitted parameters, a new array. */
  theta: Float64Array;
  /** The cost Σ(Xθ - y)²/(2m) over the m rows of each step. */
  history: Float64Array;
  /** Iterations (passes over the data) made. */
  iterations: number;
}

/** Of {@link stochasticGradientDescent}: rows are drawn from `seed`, or named by `indices`. */
export type StochasticOptions = Omit<TextbookOptions, 'iterations'> &
  (
    | { iterations: number /** Of the draws. Default 0. */; seed?: number; indices?: undefined }
    | { /** The row of each step, in place of `iterations`. */ indices: ArrayLike<number>; iterations?: undefined }
  );
/** Of {@link miniBatchGradientDescent}. */
export type MiniBatchOptions = TextbookOptions & { /** Rows in a batch; the last may be short. */ batchSize: number };
/** Of {@link adam}. */
export type AdamOptions = TextbookOptions & {
  /** β₁. Default .9. */
  beta1?: number;
  /** β₂. Default .999. */
  beta2?: number;
  /** ε. Default 1e-8. */
  epsilon?: number;
};

/** The textbook functions; see the functions of the same names. */
export interface Textbook {
  batchGradientDescent(options: TextbookOptions): TextbookResult;
  stochasticGradientDescent(options: StochasticOptions): TextbookResult;
  miniBatchGradientDescent(options: MiniBatchOptions): TextbookResult;
  adam(options: AdamOptions): TextbookResult;
}

type Name = keyof typeof textbookOptions;

/** The options of one function: those that all share, and `extra`. */
function read(options: unknown, extra: readonly (Name | 'indices')[]) {
  const names = ['X', 'y', 'theta', 'alpha', 'iterations', 'threshold', ...extra];
  const given = readObject('options', options, names);
  const X = checkArray('X', given.X);
  const y = checkArray('y', given.y);
  const theta = checkArray('theta', given.theta);
  const rows = y.length;
  const cols = theta.length;
  if (rows === 0 || cols === 0) throw new NablaError('ERR_SHAPE', 'y and theta must not be empty');
  checkLength('X', X, rows * cols, `${rows} rows × ${cols} columns, one for each theta`);
  const bad = firstNotFinite(theta);
  if (bad >= 0) throw new NablaError('ERR_NOT_FINITE', `theta must be finite; got ${theta[bad]} at index ${bad}`);
  const number = (name: Name): number => readNumber(name, given[name], textbookOptions[name]);
  const optional = (name: Name): number => (given[name] === undefined ? textbookOptions[name].default : number(name));
  return { given, table: { X, y, rows, cols, sampleWeight: null, used: null, offset: null }, theta, number, optional };
}

export function createTextbook(backend: Backend): Textbook {
  const { plan: base } = readFitOptions({ loss: 'squared', optimizer: 'sgd', intercept: false });

  function run(
    { table, theta, number, optional }: ReturnType<typeof read>,
    choice: Partial<Plan>,
    indices: Uint32Array | null,
  ) {
    const { X, y, rows, cols } = table;
    const plan: Plan = {
      ...base,
      ...rule({ name: 'sgd', learningRate: number('alpha') }),
      rows,
      cols,
      outputs: 1,
      targets: 1,
      validationRows: 0,
      batchSize: 1,
      epochs: indices ? 1 : number('iterations'),
      tolerance: optional('threshold'),
      sampler: samplerKind.full,
      samplerParameters: new Float64Array(maxParameters),
      ...choice,
    };
    checkAgain(table); // the getter of an index may have detached or shrunk the arrays
    checkLength('theta', checkArray('theta', theta), cols, 'one for each column');
    const train = { X, y, sampleWeight: null, used: null, offset: null, index: null, count: rows };
    const job = {
      plan: { ...plan, gramFrom: gramFrom(plan, rows) },
      train,
      validation: null,
      indices,
      penaltyFactors: null,
      bounds: null,
      weights: theta,
      state: null,
      carried: null,
      known: null,
    };
    const outcome = checkDivergedData(backend.fitSync(job), table, null);
    return { theta: outcome.weights, history: outcome.loss, iterations: outcome.epochs };
  }

  return guarded({
    batchGradientDescent(options) {
      return run(read(options, []), {}, null);
    },
    stochasticGradientDescent(options) {
      const call = read(options, ['seed', 'indices']);
      const { given, table } = call;
      if (given.indices === undefined) {
        return run(call, { sampler: samplerKind.replacement, seed: call.optional('seed'), stepHistory: true }, null);
      }
      if (given.iterations !== undefined || given.seed !== undefined) {
        throw new NablaError('ERR_UNKNOWN_OPTION', 'indices names every step: leave out iterations and seed');
      }
      const indices = readIndices('indices', given.indices, table.rows);
      return run(call, { sampler: samplerKind.indices, stepHistory: true }, indices);
    },
    miniBatchGradientDescent(options) {
      const call = read(options, ['batchSize']);
      return run(
        call,
        { sampler: samplerKind.sequential, batchSize: call.number('batchSize'), stepHistory: true },
        null,
      );
    },
    adam(options) {
      const call = read(options, ['beta1', 'beta2', 'epsilon']);
      const [beta1, beta2, epsilon] = (['beta1', 'beta2', 'epsilon'] as const).map(call.optional);
      const optimizer = { name: 'adam', learningRate: call.number('alpha'), beta1, beta2, epsilon };
      return run(call, { ...rule(optimizer), lossAfterUpdate: true }, null);
    },
  });
}

function rule(optimizer: object): Pick<Plan, 'rule' | 'ruleParameters'> {
  const { index, parameters } = readChoice('optimizer', optimizer, rules);
  return { rule: index, ruleParameters: parameters };
}
