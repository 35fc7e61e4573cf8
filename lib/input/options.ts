// Reads the options of a fit once, checked, as plain values.
import { types } from 'node:util';
import { maxParameters, type Plan, samplerKind, solverKind } from '../backend/plan.js';
import { NablaError } from '../base/errors.js';
import type { Choice } from '../catalog/entry.js';
import { losses } from '../catalog/losses.js';
import { fitOptions, histories } from '../catalog/options.js';
import { rules, solvers } from '../catalog/rules.js';
import { averagings, samplers } from '../catalog/samplers.js';
import { schedules } from '../catalog/schedules.js';
import type { CheckpointOptions } from './control.js';
import { controlNames, type FitControl } from './control.js';
import type { FitData } from './data.js';
import { ofRule, usualOptimizer } from './defaults.js';
import type { Label } from './labels.js';
import { type Chosen, readBoolean, readChoice, readNumber, readObject, readPlain, specOf } from './read.js';
import { readSchedule, type Schedule } from './schedules.js';
import { refuseL1 } from './sparsity.js';
import type { ClassWeight } from './targets.js';

/** An update rule by name, or by name with its parameters, as `adam({ … })` returns. */
export type OptimizerSpec = Choice<typeof rules>;
/** A solver without a learning rate, by name, or by name with its parameters. */
export type SolverSpec = Choice<typeof solvers>;
export type { Schedule, SchedulePart } from './schedules.js';
/** A loss by name, or by name with its parameters. */
export type Loss = Choice<typeof losses>;
/** Which weights are returned, by name, or by name with parameters. */
export type Averaging = Choice<typeof averagings>;
/** Which rows make a batch; `indices` are row numbers, taken in order, the same every epoch. */
export type Sampler =
  | Exclude<keyof typeof samplers, 'indices'>
  | { name: 'full' | 'sequential' | 'replacement' }
  | { name: 'shuffled'; once?: boolean }
  | { name: 'indices'; indices: ArrayLike<number> };

/** What a fit may start from: a model, or weights like those of one. */
export interface WarmStart {
  readonly loss: string;
  /** outputs × cols. */
  readonly coefficients: Float64Array;
  readonly intercepts: Float64Array;
  /** The classes; empty for numbers. */
  readonly labels: readonly Label[];
}

/** How to fit. Every option may be left out. */
export interface FitOptions extends FitControl {
  /** ℓ(y, z). Default `'squared'`. */
  loss?: Loss;
  /**
   * The update rule, or a solver that needs no learning rate: `'lbfgs'`, `'newton'`, `'exact'`, or `'auto'`, which picks
   * one of these by shape, loss and penalty (the model's `optimizer` says which). Default `'auto'` with a tolerance of
   * 1e-8; `'adam'` for the loss `perceptron`, and where an option is given that only update rules have: `schedule`,
   * `batchSize`, a `sampler` other than `'full'`, `averaging`, `clipNorm`, `clipValue`, `keepState`, `gram`, or
   * `history: 'step'`.
   */
  optimizer?: OptimizerSpec | SolverSpec;
  /** The learning rate over the steps. Default `'constant'`. */
  schedule?: Schedule;
  /** Rows in a step. Default: all rows, or 32 with a sampler other than `'full'`. */
  batchSize?: number;
  /** Which rows make a batch. Default `'full'`, or `'shuffled'` when `batchSize` is given. */
  sampler?: Sampler;
  /**
   * A model of the same loss, columns and classes to start from; classes are matched by their labels, whatever their order.
   * Default: all weights 0.
   */
  warmStart?: WarmStart;
  /** A file to put the fit's state into, or `{ path, every, resume }`: a fit that was killed goes on from it. */
  checkpoint?: string | URL | CheckpointOptions;
  /**
   * Remember the state of the update rule, and with an average the weights behind it, for `partialFit`; without, a rule
   * begins anew there. Default false.
   */
  keepState?: boolean;
  /** Which weights are returned. Default `'none'`: those of the last step. */
  averaging?: Averaging;
  /** Passes over the data at most; of a solver, iterations. Default 100, and 1000 with a solver. */
  epochs?: number;
  /**
   * Stop when the loss changes by less than this from one epoch to the next. A solver also requires its own estimate of
   * the remaining decrease to be as small. An update rule scales the change to the schedule's largest rate, and ignores a
   * warm-up; with `averaging` the average's loss must be as low. Default 0: never, and a solver when rounding hides the
   * rest. Default 1e-8 where `optimizer` is left to `'auto'`: absolute for losses of classes, for other losses times the
   * objective where that is below 1.
   */
  tolerance?: number;
  /**
   * Stop when the gradient's norm is less than this: of all rows, before an epoch's last step. With batches that of the mean
   * of the epoch's batch gradients; where this or `averaging` stands for it, the gradient of all rows at the weights to
   * return must be as short, which costs a pass when it is looked at. Default 0, never.
   */
  gradientTolerance?: number;
  /**
   * Stop after so many epochs without improvement of the validation loss (or the training loss); those of a warm-up do not
   * count. Default 0, never.
   */
  patience?: number;
  /** By how much a loss must fall to count as improvement. Default 0. */
  minDelta?: number;
  /** Stop at the end of an epoch after so many seconds. Default 0, never. */
  maxSeconds?: number;
  /**
   * Return the coefficients of the epoch with the least validation loss. Without validation: those at which the objective
   * over the training rows is least, the start and the last among them; the loss of an epoch is taken before its steps, so
   * that with batches or an average a pass more in each epoch tells. Changes nothing else of the fit. Default false.
   */
  restoreBest?: boolean;
  /** Rows to watch the loss on. */
  validation?: FitData<Label>;
  /** Or the part of the rows, drawn by seed, to hold out for that. Default 0. */
  validationFraction?: number;
  /**
   * l1·Σ|w|; makes coefficients exactly 0: by a proximal step after each, and with batches, whose gradients are noisy, by a
   * cumulative penalty (Tsuruoka et al. 2009; Xiao 2010). `'lion'`, `'rprop'` and centered `'rmsprop'` with momentum would not
   * reach the minimum and refuse it. Default 0.
   */
  l1?: number;
  /** ½·l2·Σw². Default 0. The intercept is never penalised. */
  l2?: number;
  /** One factor per column on l1 and l2, from 0. Default 1. */
  penaltyFactors?: ArrayLike<number>;
  /** No coefficient below 0: the same as `lowerBounds: 0`. Default false. */
  nonNegative?: boolean;
  /**
   * No coefficient is below this: a number, or one per column; -Infinity (or null, as JSON has it) is none. Of several
   * outputs it holds for each. The intercept has no bound. Default -Infinity.
   */
  lowerBounds?: number | null | ArrayLike<number | null>;
  /**
   * No coefficient is above this, and a column's lower bound is not either. Where both are the same the coefficient is
   * fixed. Bounds need not include 0. Default Infinity.
   */
  upperBounds?: number | null | ArrayLike<number | null>;
  /** The longest gradient of the loss, by Euclidean norm. Default 0, any. */
  clipNorm?: number;
  /** The largest element of a gradient of the loss. Default 0, any. */
  clipValue?: number;
  /** Fit a constant term. Default true. */
  intercept?: boolean;
  /** Fit on standardized columns (X is not copied); the model is that of X as it is. Default false. */
  standardize?: boolean;
  /**
   * Least squares with all rows in every step: whether to take XᵀX once, so that a step costs cols² and no pass over X.
   * The steps are the same but for rounding. Default: where it is faster (the model's `path` says); true is refused
   * where it cannot be.
   */
  gram?: boolean;
  /** As in the data. */
  sampleWeight?: Float64Array;
  /** As in the data. */
  offset?: Float64Array;
  /**
   * What a row of each class counts in the fit: `'balanced'`, or a number per label, as an object or a Map. Validation rows
   * and folds are measured without it (`sampleWeight` counts there too). Default 1.
   */
  classWeight?: ClassWeight;
  /**
   * All labels there are, in the order that the model's shall have; or how many classes softmax or a loss of a margin has,
   * when y is a Float64Array. Default: the labels of y, sorted; of a Float64Array 0 … the largest.
   */
  classes?: number | readonly Label[];
  /**
   * Threads that this fit uses at most, where its data are large enough to share; the result is the same for any
   * number. Default 0: as many as {@link setThreads} allows.
   */
  threads?: number;
  /** Of the random order, a whole number from 0. Default 0. */
  seed?: number;
  /** Whether `history` holds a loss per epoch or per step. Default `'epoch'`. */
  history?: keyof typeof histories;
}

const { isMap } = types;
const axes = ['loss', 'optimizer', 'schedule', 'sampler', 'averaging', 'history'];
const arrays = [
  'warmStart',
  'checkpoint',
  'validation',
  'penaltyFactors',
  'sampleWeight',
  'offset',
  'classWeight',
  'classes',
];
/** Numbers that may be one per column, which need the data to be read. */
const ofColumns: readonly string[] = ['lowerBounds', 'upperBounds'];
export const fitOptionNames: readonly string[] = [...axes, ...Object.keys(fitOptions), ...arrays, ...controlNames];

/** Parameters of the axes, which may be looked for among the options. */
export const elsewhere: ReadonlyMap<string, string> = new Map(
  Object.entries({
    optimizer: { ...rules, ...solvers },
    loss: losses,
    schedule: schedules,
    sampler: samplers,
    averaging: averagings,
  })
    .flatMap(([axis, table]) =>
      Object.entries(table).flatMap(([name, { parameters }]) =>
        Object.keys(parameters).map(
          (key) => [key, `${axis}, as in { ${axis}: { name: '${name}', ${key}: … } }`] as const,
        ),
      ),
    )
    .reverse(), // the first to have it wins
);

/** Options as plain values; what depends on the data is left as it was given. */
export interface ReadOptions {
  loss: Chosen;
  /** Of the rule or the solver, `auto` among them. */
  optimizer: string;
  validationFraction: number;
  /** Undefined: where it pays. The plan's own is still to be set. */
  gram: boolean | undefined;
  /** The rule; null for a solver. */
  rule: Chosen | null;
  /** The rule, if its state is to be kept. */
  kept: OptimizerSpec | null;
  given: Record<string, unknown>;
  /** The plan, made for this call; the shape of the data and the sampler are still to be set. */
  plan: Plan;
}

/** Options that may be objects and are looked at more than once. */
const objects: readonly string[] = ['loss', 'schedule', 'sampler', 'averaging', 'classWeight'];
const optimizers = { ...rules, ...solvers };
const ruleCount = Object.keys(rules).length;
const noParameters = new Float64Array(maxParameters);
const usualLoss = readChoice('loss', 'squared', losses);
const usualSolver = readChoice('optimizer', 'auto', optimizers);
const usualRule = readChoice('optimizer', 'adam', optimizers);
/** Of a solver: iterations, and the tolerance of the one that nobody named. */
const solverEpochs = 1000;
const usualTolerance = 1e-8;
const none = readChoice('averaging', 'none', averagings);

/** With every number and switch at its default. */
const usual: Plan = {
  loss: 0,
  lossParameters: noParameters,
  rule: 0,
  ruleParameters: noParameters,
  solver: 0,
  solverParameters: noParameters,
  schedule: 0,
  scheduleParameters: noParameters,
  scheduleList: new Float64Array(0),
  averaging: 0,
  averagingParameters: noParameters,
  sampler: samplerKind.full,
  samplerParameters: noParameters,
  rows: 0,
  cols: 0,
  outputs: 0,
  targets: 0,
  validationRows: 0,
  batchSize: fitOptions.batchSize.default,
  epochs: fitOptions.epochs.default,
  tolerance: fitOptions.tolerance.default,
  scalesTolerance: false,
  gradientTolerance: fitOptions.gradientTolerance.default,
  patience: fitOptions.patience.default,
  minDelta: fitOptions.minDelta.default,
  maxSeconds: fitOptions.maxSeconds.default,
  seed: fitOptions.seed.default,
  l1: fitOptions.l1.default,
  l2: fitOptions.l2.default,
  clipNorm: fitOptions.clipNorm.default,
  clipValue: fitOptions.clipValue.default,
  bounded: false,
  intercept: fitOptions.intercept.default,
  standardize: fitOptions.standardize.default,
  restoreBest: fitOptions.restoreBest.default,
  stepHistory: false,
  lossAfterUpdate: false,
  gramFrom: 0,
  pauseAfter: 0,
  threads: fitOptions.threads.default,
};

export function readFitOptions(options: unknown): ReadOptions {
  const given = readObject('options', options === undefined ? {} : options, fitOptionNames, elsewhere);
  for (const name of Object.keys(given)) {
    if (!objects.includes(name)) continue;
    const value = given[name];
    if (typeof value === 'object' && value !== null && !isMap(value)) given[name] = { ...readPlain(name, value) };
  }
  const plan: Plan = { ...usual };
  const flags = { keepState: false, gram: false, nonNegative: false };
  let validationFraction: number = fitOptions.validationFraction.default;
  // Those that are given: to ask for each that may be takes a tenth of a short fit.
  for (const name of Object.keys(given)) {
    if (!Object.hasOwn(fitOptions, name) || ofColumns.includes(name)) continue;
    const value = given[name];
    const option = fitOptions[name as keyof typeof fitOptions];
    const read = option.kind === 'number' ? readNumber(name, value, option) : readBoolean(name, value);
    if (name === 'validationFraction') validationFraction = read as number;
    else if (Object.hasOwn(flags, name)) flags[name as keyof typeof flags] = read as boolean;
    else (plan as unknown as Record<string, unknown>)[name] = read;
  }
  const loss = given.loss === undefined ? usualLoss : readChoice('loss', given.loss, losses);
  const optimizer = readOptimizer(given);
  const averaging = given.averaging === undefined ? none : readChoice('averaging', given.averaging, averagings);
  plan.loss = loss.index;
  plan.lossParameters = loss.parameters;
  plan.rule = optimizer.plan.rule;
  plan.ruleParameters = optimizer.plan.ruleParameters;
  if (optimizer.spec) refuseL1('optimizer', optimizer.name, plan.ruleParameters, plan.l1);
  plan.solver = optimizer.plan.solver;
  plan.solverParameters = optimizer.plan.solverParameters;
  plan.averaging = averaging.index;
  plan.averagingParameters = averaging.parameters;
  plan.stepHistory = given.history !== undefined && readChoice('history', given.history, histories).name === 'step';
  if (plan.solver > 0 && given.epochs === undefined) plan.epochs = solverEpochs;
  if (given.schedule !== undefined) {
    const schedule = readSchedule(given.schedule, loss, plan);
    plan.schedule = schedule.index;
    plan.scheduleParameters = schedule.parameters;
    plan.scheduleList = schedule.list;
  }
  if (plan.solver > 0 && given.optimizer === undefined && given.tolerance === undefined) {
    plan.tolerance = usualTolerance;
    plan.scalesTolerance = losses[loss.name as keyof typeof losses].predicts !== 'class';
  }
  return {
    loss,
    optimizer: optimizer.name,
    validationFraction,
    gram: given.gram === undefined ? undefined : flags.gram,
    rule: optimizer.spec,
    kept: flags.keepState && optimizer.spec ? (specOf(optimizer.spec, rules) as OptimizerSpec) : null,
    given,
    plan,
  };
}

/** An update rule or a solver, and what a plan says of it; `auto` has a number of its own. */
function readOptimizer(given: Record<string, unknown>): {
  name: string;
  spec: Chosen | null;
  plan: Pick<Plan, 'rule' | 'ruleParameters' | 'solver' | 'solverParameters'>;
} {
  const usual = () => (usualOptimizer(given) === 'auto' ? usualSolver : usualRule);
  const chosen = given.optimizer === undefined ? usual() : readChoice('optimizer', given.optimizer, optimizers);
  const { name, index, parameters } = chosen;
  if (index < ruleCount) {
    const plan = { rule: index, ruleParameters: parameters, solver: solverKind.none, solverParameters: noParameters };
    return { name, spec: chosen, plan };
  }
  const wrong = ofRule(given);
  if (wrong) {
    throw new NablaError(
      'ERR_UNKNOWN_OPTION',
      `${wrong} goes with an update rule; ${name} takes all rows in every step`,
    );
  }
  return {
    name,
    spec: null,
    plan: { rule: 0, ruleParameters: noParameters, solver: index - ruleCount + 1, solverParameters: parameters },
  };
}
