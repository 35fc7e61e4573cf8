// JSON form of a model: written, and read back with every field checked.

import { type FitPath, fitPaths } from '../backend/gram.js';
import { type Status, statuses } from '../backend/plan.js';
import { crypto } from '../base/builtins.js';
import { invalid, NablaError } from '../base/errors.js';
import { losses } from '../catalog/losses.js';
import { type KeptOptions, readKept } from '../fitting/kept.js';
import { decodeCarried, type Online, type OnlineJSON, readOnline, writeOnline } from '../fitting/online.js';
import { type Distance, unknownDistance } from '../fitting/optimality.js';
import { type Label, readLabels } from '../input/labels.js';
import { readChoice } from '../input/read.js';
import { isCount, ranges } from '../reference/objective/archive.js';
import { History } from './history.js';

const format = 'nabla-model';
const version = 3;
/** Of files without the options of their fits. */
const olderVersion = 2;

/**
 * What `toJSON` of a model writes: plain data that `JSON.stringify` keeps to the last bit, but that -0 becomes 0, and
 * what is not finite in the history NaN.
 */
export interface ModelJSON {
  format: typeof format;
  version: typeof version | typeof olderVersion;
  loss: string;
  lossParameters: Record<string, number>;
  optimizer: string;
  /** Null is left out. */
  path?: FitPath;
  /** Whether predictions need an offset; false is left out. */
  hasOffset?: true;
  labels: Label[];
  coefficients: number[];
  intercepts: number[];
  status: Status;
  epochs: number;
  steps: number;
  /** Of its optimality, what is known beside the history. */
  optimality?: { gap?: number; relative?: number };
  history: { loss: number[]; validationLoss: number[]; learningRate: number[]; gradientNorm: number[] };
  /** Those of the fit, as partialFit keeps them; version 2 has none. */
  options?: KeptOptions;
  /** What partialFit goes on from, if it was kept. */
  online?: OnlineJSON;
  /** SHA-256, in hexadecimal, of the JSON text of all the rest, as `save` writes it; not written by `toJSON`. */
  checksum?: string;
}

/** What a model is made of. */
export interface ModelFields<L extends Label> {
  readonly loss: keyof typeof losses;
  readonly lossParameters: Readonly<Record<string, number>>;
  readonly optimizer: string;
  readonly path: FitPath | null;
  readonly hasOffset: boolean;
  readonly labels: readonly L[];
  readonly coefficients: Float64Array;
  readonly intercepts: Float64Array;
  readonly status: Status;
  readonly epochs: number;
  readonly steps: number;
  readonly history: History;
  /** The options that partialFit keeps; null where the file of a model does not say. */
  readonly kept: KeptOptions | null;
  /** Of its optimality, what the history does not have. */
  readonly distance: Distance;
  /** What partialFit goes on from; null unless the state of a rule was kept. */
  readonly online: Online | null;
}

/** All but the arrays of numbers. */
type ModelHead = Omit<ModelJSON, 'coefficients' | 'intercepts' | 'history' | 'online'> & {
  online?: Pick<OnlineJSON, 'optimizer'>;
};

export function headOf(model: ModelFields<Label>): ModelHead {
  const { loss, lossParameters, optimizer, path, hasOffset, labels, status, epochs, steps } = model;
  const { distance, kept, online } = model;
  const { gap, relative } = distance;
  const known = { ...(gap !== null && { gap }), ...(relative !== null && { relative }) };
  return {
    format,
    version: kept ? version : olderVersion,
    loss,
    lossParameters: { ...lossParameters },
    optimizer,
    ...(path && { path }),
    ...(hasOffset && { hasOffset }),
    labels: [...labels],
    status,
    epochs,
    steps,
    ...(Object.keys(known).length > 0 && { optimality: known }),
    ...(kept && { options: kept }),
    ...(online && { online: { optimizer: online.optimizer } }),
  };
}

/** The arrays of numbers, by their places in the JSON. */
export type ModelArrays = Readonly<
  Record<
    | 'coefficients'
    | 'intercepts'
    | 'history.loss'
    | 'history.validationLoss'
    | 'history.learningRate'
    | 'history.gradientNorm',
    Float64Array
  >
> & { readonly 'online.carried'?: Float64Array };

export function arraysOf({ coefficients, intercepts, history, online }: ModelFields<Label>): ModelArrays {
  return {
    coefficients,
    intercepts,
    'history.loss': history.loss,
    'history.validationLoss': history.validationLoss,
    'history.learningRate': history.learningRate,
    'history.gradientNorm': history.gradientNorm,
    ...(online && { 'online.carried': online.carried }),
  };
}

export function writeModelJSON(model: ModelFields<Label>): ModelJSON {
  const { status, epochs, steps, optimality, options, online: _, ...head } = headOf(model);
  const { coefficients, intercepts, history, online } = model;
  return {
    ...head,
    coefficients: Array.from(coefficients),
    intercepts: Array.from(intercepts),
    status,
    epochs,
    steps,
    ...(optimality && { optimality }),
    history: {
      loss: Array.from(history),
      validationLoss: Array.from(history.validationLoss),
      learningRate: Array.from(history.learningRate),
      gradientNorm: Array.from(history.gradientNorm),
    },
    ...(options && { options }),
    ...(online && { online: writeOnline(online) }),
  };
}

/** The checksum of a JSON text. */
export function checksumOf(text: string): string {
  return crypto().createHash('sha256').update(text).digest('hex');
}

/**
 * Reads a model, and checks its checksum where it has one.
 *
 * @throws NablaError `ERR_MODEL_FORMAT`, `ERR_MODEL_VERSION` or `ERR_MODEL_CHECKSUM`
 */
export function readModelJSON(given: unknown): ModelFields<Label> {
  const json = plainOf(given);
  const fields = readModel(json, (place) => {
    const model = fieldsOf('model', json);
    if (place === 'online.carried') return decodeCarried(fieldsOf('model.online', model('online'))('carried'));
    const inHistory = place.startsWith('history.');
    const field = inHistory ? fieldsOf('model.history', model('history')) : model;
    const isNumber = (value: unknown) => Number.isFinite(value) || (inHistory && value === null);
    const isNumbers = (value: unknown) => Array.isArray(value) && Array.from(value).every(isNumber);
    const name = inHistory ? place.slice('history.'.length) : place;
    const numbers = read<(number | null)[]>(field, name, 'an array of finite numbers', isNumbers);
    return Float64Array.from(numbers, (value) => value ?? NaN);
  });
  const { checksum } = json as ModelJSON;
  if (Object.hasOwn(json as object, 'checksum') && checksum !== checksumOf(JSON.stringify(writeModelJSON(fields)))) {
    throw new NablaError('ERR_MODEL_CHECKSUM', 'model: its values are not those that its checksum was made of');
  }
  return fields;
}

/** A copy, which no getter changes while it is read and which nobody else holds. */
function plainOf(json: unknown): unknown {
  try {
    return structuredClone(json);
  } catch (cause) {
    throw new NablaError('ERR_MODEL_FORMAT', 'model must be plain data, as toJSON() makes it', { cause });
  }
}

/** Reads a model; `arrayAt`: how an array of it is come by. */
export function readModel(json: unknown, arrayAt: (place: keyof ModelArrays) => Float64Array): ModelFields<Label> {
  const model = fieldsOf('model', json);
  if (model('format') !== format) throw invalid('ERR_MODEL_FORMAT', 'model.format', `"${format}"`, model('format'));
  const isOld = model('version') === olderVersion;
  if (!isOld && model('version') !== version) {
    throw invalid('ERR_MODEL_VERSION', 'model.version', `${olderVersion} or ${version}`, model('version'));
  }
  const options = model('options');
  if (isOld !== (options === undefined)) {
    throw invalid('ERR_MODEL_FORMAT', 'model.options', `options of a fit, from version ${version} on`, options);
  }
  const loss = read<keyof typeof losses>(model, 'loss', 'a known loss', (value) => {
    return typeof value === 'string' && Object.hasOwn(losses, value);
  });
  const labels = readLabels('model.labels', model('labels'), 'ERR_MODEL_FORMAT');
  const intercepts = arrayAt('intercepts');
  const coefficients = arrayAt('coefficients');
  const isBinary = loss === 'logistic' || (loss !== 'softmax' && intercepts.length === 1);
  const classes = losses[loss].predicts !== 'class' ? 0 : isBinary ? 2 : intercepts.length;
  const shapes = intercepts.length > 0 && coefficients.length > 0 && coefficients.length % intercepts.length === 0;
  if (!shapes || labels.length !== classes) {
    throw new NablaError('ERR_MODEL_FORMAT', 'model.coefficients, intercepts and labels do not fit together');
  }
  return {
    loss,
    lossParameters: readLossParameters(loss, model('lossParameters')),
    optimizer: read(model, 'optimizer', 'a name', (value) => typeof value === 'string' && value !== ''),
    path:
      model('path') === undefined
        ? null
        : read(model, 'path', `one of ${fitPaths.join(', ')}`, (value) => fitPaths.includes(value as FitPath)),
    hasOffset:
      model('hasOffset') !== undefined && read(model, 'hasOffset', 'true, or left out', (value) => value === true),
    labels,
    coefficients,
    intercepts,
    status: read(model, 'status', `one of ${statuses.join(', ')}`, (value) => statuses.includes(value as Status)),
    epochs: read(model, 'epochs', 'a whole number to 2⁵²', isCounted),
    steps: read(model, 'steps', 'a whole number to 2⁵²', isCounted),
    distance: readDistance(model('optimality')),
    history: readHistory(arrayAt),
    kept: readKept(options, {
      loss,
      labels,
      cols: coefficients.length / intercepts.length,
      outputs: intercepts.length,
    }),
    online: readOnline(model('online'), () => arrayAt('online.carried'), coefficients.length, intercepts.length, isOld),
  };
}

function readHistory(arrayAt: (place: keyof ModelArrays) => Float64Array): History {
  const series = (name: 'learningRate' | 'gradientNorm') => {
    const array = arrayAt(`history.${name}`);
    if (array.every(ranges.measured)) return array;
    throw invalid('ERR_MODEL_FORMAT', `model.history.${name}`, 'an array of numbers from 0', array);
  };
  return new History(arrayAt('history.loss'), {
    validationLoss: arrayAt('history.validationLoss'),
    learningRate: series('learningRate'),
    gradientNorm: series('gradientNorm'),
  });
}

/** Reads an object's own properties. */
interface Field {
  (name: string): unknown;
  of: string;
}

function fieldsOf(of: string, json: unknown): Field {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) {
    throw invalid('ERR_MODEL_FORMAT', of, 'an object that toJSON() made', json);
  }
  const field = (name: string): unknown => (Object.hasOwn(json, name) ? (json as never)[name] : undefined);
  return Object.assign(field, { of });
}

function read<T>(field: Field, name: string, expected: string, holds: (value: unknown) => boolean): T {
  const value = field(name);
  if (!holds(value)) throw invalid('ERR_MODEL_FORMAT', `${field.of}.${name}`, expected, value);
  return value as T;
}

/** Models of before have none. */
function readDistance(json: unknown): Distance {
  if (json === undefined) return unknownDistance;
  const field = fieldsOf('model.optimality', json);
  const number = (name: keyof Distance): number | null => {
    const isKnown = field(name) !== undefined;
    return isKnown ? read(field, name, 'a number from 0', (x) => Number.isFinite(x) && (x as number) >= 0) : null;
  };
  return { gap: number('gap'), relative: number('relative') };
}

const isCounted = (value: unknown) => isCount(value);

/** All parameters of the loss and no other, each in its range. */
function readLossParameters(loss: keyof typeof losses, json: unknown): Record<string, number> {
  const given = fieldsOf('model.lossParameters', json);
  const names = Object.keys(losses[loss].parameters);
  if (Object.keys(json as object).length !== names.length || names.some((name) => given(name) === undefined)) {
    const expected = names.length > 0 ? `an object of ${names.join(', ')}` : 'an empty object';
    throw invalid('ERR_MODEL_FORMAT', 'model.lossParameters', expected, json);
  }
  const parameters = Object.fromEntries(names.map((name) => [name, given(name) as number]));
  try {
    readChoice('model.lossParameters', { ...parameters, name: loss }, losses);
  } catch (error) {
    if (error instanceof NablaError) throw new NablaError('ERR_MODEL_FORMAT', error.message, { cause: error });
    throw error;
  }
  return parameters;
}
