// Options of an estimator: its own hyperparameters, and those of a fit that it passes on.
import { types } from 'node:util';
import { NablaError, viewName } from '../base/errors.js';
import type { NumberOption } from '../catalog/entry.js';
import { hyperparameters } from '../catalog/hyperparameters.js';
import { controlNames, type FitControl } from '../input/control.js';
import { elsewhere, type FitOptions, fitOptionNames } from '../input/options.js';
import { readBoolean, readChoice, readNumber, readObject } from '../input/read.js';

/** The options of `fit` that an estimator hands on: not the loss, the penalty and what belongs to the data. */
export type HandedOn = Omit<
  FitOptions,
  | 'loss'
  | 'l1'
  | 'l2'
  | 'warmStart'
  | 'keepState'
  | 'checkpoint'
  | 'validation'
  | 'sampleWeight'
  | 'offset'
  | 'classWeight'
  | 'classes'
  | keyof FitControl
>;

/** Options that every estimator takes. */
export interface EstimatorOptions extends HandedOn {
  /** Start each fit from the model of the last one. Default false. */
  warmStart?: boolean;
  /**
   * How near to the minimum a fit ends, as scikit-learn's estimator of the name means it: the largest slope (of the
   * generalized linear models and least squares), the duality gap (Lasso, ElasticNet, LinearSVC), the least fall of the
   * loss in an epoch (SGD). Default: the options of `fit`, which it stands in for.
   */
  tol?: number;
}

/** And every classifier. */
export interface ClassifierOptions extends EstimatorOptions, Pick<FitOptions, 'classWeight' | 'classes'> {}

/** A name out of a few. */
export interface NameOption {
  readonly kind: 'name';
  readonly default: string;
  readonly names: readonly string[];
}

/** An estimator's own options. */
export type Hyperparameters = Readonly<Record<string, NumberOption | NameOption>>;

const ofFit = ['loss', 'l1', 'l2', 'keepState', 'checkpoint', 'validation', 'sampleWeight', 'offset', ...controlNames];
const ofClasses = ['classWeight', 'classes'];
const all = fitOptionNames.filter((name) => !ofFit.includes(name));
const numbers = all.filter((name) => !ofClasses.includes(name));

const placesOfCall = new Map(all.map((name) => [name, 'the options that the estimator is made with'] as const));
const places = new Map([
  ...elsewhere,
  ...['sampleWeight', 'offset'].map((name) => [name, 'the data of fit'] as const),
  ...controlNames.map((name) => [name, `the call: fit(data, { ${name} })`] as const),
  ...['loss', 'l1', 'l2', 'keepState', 'checkpoint', 'validation'].map((name) => [name, 'the function fit'] as const),
]);

/** The options of a call of fit or partialFit. */
export function readCallOptions(value: unknown): FitControl {
  return readObject('options', value === undefined ? {} : value, controlNames, placesOfCall);
}

/** What scikit-learn calls what has another name here. */
const translations = new Map([
  ['fitIntercept', 'intercept'],
  ['maxIter', 'epochs'],
  ['tol', 'tolerance'],
  ['randomState', 'seed'],
  ['solver', 'optimizer'],
  ['positive', 'nonNegative'],
  ['average', 'averaging'],
  ['nIterNoChange', 'patience'],
  ['earlyStopping', 'validationFraction'],
]);

const standIns = ['tolerance', 'gradientTolerance', 'minDelta'] as const;

/** The options of an estimator, each read once, with its defaults; copies of all that is in them. */
export function readEstimatorOptions(
  value: unknown,
  own: Hyperparameters,
  usual: EstimatorOptions,
  isClassifier: boolean,
  hasTol: boolean,
): Record<string, unknown> {
  const names = [...Object.keys(own), ...(hasTol ? ['tol'] : []), ...(isClassifier ? all : numbers)];
  if (typeof value === 'object' && value !== null) {
    for (const key of Object.keys(value)) {
      const known = names.includes(key) ? undefined : translations.get(key);
      if (known === undefined) continue;
      throw new NablaError('ERR_UNKNOWN_OPTION', `options.${key} is no known option; did you mean "${known}"?`);
    }
  }
  const given = readObject('options', value === undefined ? {} : value, names, places);
  if (given.tol !== undefined) {
    readNumber('tol', given.tol, hyperparameters.tol);
    const other = standIns.find((name) => given[name] !== undefined);
    if (other) throw new NablaError('ERR_UNKNOWN_OPTION', `tol stands in for ${other}: give one of the two`);
  }
  const options: Record<string, unknown> = {};
  for (const [name, option] of Object.entries(own)) options[name] = readHyperparameter(name, given[name], option);
  for (const [name, item] of Object.entries({ warmStart: false, ...usual, ...given })) {
    if (!Object.hasOwn(own, name)) options[name] = plain(item);
  }
  readBoolean('warmStart', options.warmStart);
  return options;
}

function readHyperparameter(name: string, value: unknown, option: NumberOption | NameOption): unknown {
  if (value === undefined) return option.default;
  if (option.kind === 'number') return readNumber(name, value, option);
  const table = Object.fromEntries(option.names.map((choice) => [choice, { help: '', parameters: {} }]));
  return readChoice(name, value, table).name;
}

/** A copy that JSON keeps, as deep as options go. */
function plain(value: unknown, depth = 8): unknown {
  if (typeof value === 'function') {
    const fix = 'give the factors of the schedule lambda as its table';
    throw new NablaError('ERR_INVALID_ARG_TYPE', `options of an estimator go into its file, without functions: ${fix}`);
  }
  if (typeof value !== 'object' || value === null || depth === 0) return value;
  const inner = (item: unknown) => plain(item, depth - 1);
  if (Array.isArray(value) || viewName(value) !== undefined) return Array.from(value as ArrayLike<unknown>, inner);
  const entries = types.isMap(value) ? [...value] : Object.entries(value);
  return Object.fromEntries(entries.map(([key, item]) => [key, inner(item)]));
}
