// Base classes of the estimators: options, and the fitted model.

import { readFileSync } from 'node:fs';
import type { Plan, Table } from '../backend/plan.js';
import type { Matrix } from '../base/arrays.js';
import { files } from '../base/builtins.js';
import { type ErrorCode, invalid, NablaError, show } from '../base/errors.js';
import { readPath, writeAtomic, writeAtomicSync } from '../base/file.js';
import type { FitControl } from '../input/control.js';
import type { FitData } from '../input/data.js';
import type { Label, Predictions } from '../input/labels.js';
import { type FitOptions, type Loss, readFitOptions } from '../input/options.js';
import { readObject, readPlain } from '../input/read.js';
import { fitsOf } from '../model/fits.js';
import { type MeasureOptions, type Metrics, Model, type ModelJSON } from '../model/model.js';
import { decodeModel, encodeModel } from '../model/modelbytes.js';
import { checksumOf } from '../model/modeljson.js';
import {
  type EstimatorOptions,
  type HandedOn,
  type Hyperparameters,
  readCallOptions,
  readEstimatorOptions,
} from './options.js';

const format = 'nabla-estimator';
const version = 1;

/** What `toJSON` of an estimator writes: plain data that `JSON.stringify` keeps. */
export interface EstimatorJSON {
  format: typeof format;
  version: typeof version;
  /** Which estimator. */
  estimator: string;
  options: object;
  model: ModelJSON;
}

/** An estimator's options with its defaults for those that have one. */
export type Settled<O, Named extends keyof O> = Readonly<O & Required<Pick<O, Named>>>;

/** What is in a file, but for the model, which is still to be read. */
interface Opened<E> {
  estimator: E;
  model: unknown;
  checksum: unknown;
}

type AnyEstimator = Estimator<Label, EstimatorOptions>;
/** A class of estimators. */
type ClassOf<E> = new (options?: never) => E;

/**
 * Fits models of one kind, as scikit-learn's estimators do. `L`: what classes are called, number where there are none;
 * `O`: its options, of which those `Named` have a default.
 */
export abstract class Estimator<L extends Label, O extends EstimatorOptions, Named extends keyof O = never> {
  /** Its name in files. @internal */
  static readonly estimator: string;
  /** Its own options. @internal */
  static readonly hyperparameters: Hyperparameters = {};
  /** Its defaults for options of a fit. @internal */
  static readonly usual: EstimatorOptions = { optimizer: 'auto' };
  /** @internal */
  static readonly isClassifier: boolean = false;
  /** Whether its namesake has a tol. @internal */
  static readonly hasTol: boolean = true;
  /** What its fits make. @internal */
  static readonly model: typeof Model = Model;

  /** What it was made with, defaults included. */
  readonly options: Settled<O, Named>;
  #model: Model<L> | null = null;

  /** @throws NablaError `ERR_INVALID_ARG_TYPE`, `ERR_OUT_OF_RANGE`, `ERR_UNKNOWN_OPTION` (with the nearest known name) */
  constructor(options?: O) {
    const { hyperparameters, usual, isClassifier, hasTol } = new.target as unknown as typeof Estimator;
    const read = readEstimatorOptions(options, hyperparameters, usual, isClassifier, hasTol);
    this.options = Object.freeze(read) as Settled<O, Named>;
    readFitOptions(this.#fitOptions(2)); // what does not depend on data is told now
  }

  /** The loss for so many classes. @internal */
  protected abstract lossFor(classes: number): Loss;

  /** l1 and l2 for rows that weigh so much in sum. @internal */
  protected penaltyFor(_weight: number): Partial<Pick<Plan, 'l1' | 'l2'>> {
    return {};
  }

  /**
   * The tolerances that a `tol` means: by default the length of the gradient, which is at least its largest element.
   * `weight`: of the rows in sum; `train`: those, of so many targets.
   *
   * @internal
   */
  protected tolerancesFor(
    tol: number,
    _weight: number,
    _train: Table,
    _targets: number,
  ): Partial<Pick<Plan, 'tolerance' | 'gradientTolerance'>> {
    return { gradientTolerance: tol };
  }

  /** The options of its fits, from those of a fit among its own. @internal */
  protected recipe(options: HandedOn): FitOptions {
    return options;
  }

  /** The data as a fit wants them, and how many classes they have. @internal */
  protected read(data: FitData<L>): { data: FitData<L>; classes: number } {
    return { data, classes: 0 };
  }

  get #class(): typeof Estimator {
    return this.constructor as typeof Estimator;
  }

  #fitOptions(classes: number): FitOptions {
    const { hyperparameters } = this.#class;
    const { warmStart: _, tol: __, ...options } = this.options;
    const ofFit = Object.entries(options).filter(([name]) => !Object.hasOwn(hyperparameters, name));
    return { ...this.recipe(Object.fromEntries(ofFit)), loss: this.lossFor(classes) };
  }

  /** What to call a fit with; `more`: of its options. `from`: where it starts. */
  #call(given: FitData<L>, from: Model<L> | null, more: FitOptions) {
    const { data, classes } = this.read(given);
    // Rows that a model goes on with may not have all of its classes.
    const known = from && from.labels.length > 0 ? from.labels : undefined;
    const options = { classes: known, ...this.#fitOptions(known?.length ?? classes), ...more };
    if (from) options.warmStart = from as Model<Label>;
    const { tol } = this.options;
    const penalty = (weight: number, train: Table, targets: number) => ({
      l1: 0,
      l2: 0,
      ...this.penaltyFor(weight),
      ...(tol !== undefined && this.tolerancesFor(tol, weight, train, targets)),
    });
    return { fits: fitsOf(this.#class.model), data, options, penalty };
  }

  /** @internal */
  protected async fitFrom(given: FitData<L>, from: Model<L> | null, more: FitOptions = {}): Promise<this> {
    const { fits, data, options, penalty } = this.#call(given, from, more);
    this.#model = await fits.fit(data, options, penalty);
    return this;
  }

  /** @internal */
  protected fitFromSync(given: FitData<L>, from: Model<L> | null, more: FitOptions = {}): this {
    const { fits, data, options, penalty } = this.#call(given, from, more);
    this.#model = fits.fitSync(data, options, penalty);
    return this;
  }

  /** The model to go on from: that of the last fit, if there was one. @internal */
  protected get last(): Model<L> | null {
    return this.#model;
  }

  get #start(): Model<L> | null {
    return this.options.warmStart ? this.#model : null;
  }

  /**
   * Fits off the calling thread. When it fails, the estimator stays as it was.
   *
   * @param data - as of the function `fit`: X and y, and what else belongs to rows
   * @param options - `signal`, `onProgress` and `transfer`, as of the function `fit`
   * @returns a promise of the estimator itself
   * @throws NablaError (it rejects) as the function `fit`
   */
  async fit(data: FitData<L>, options?: FitControl): Promise<this> {
    return this.fitFrom(data, this.#start, readCallOptions(options));
  }

  /** As {@link Estimator.fit}, on the calling thread. */
  fitSync(data: FitData<L>, options?: FitControl): this {
    return this.fitFromSync(data, this.#start, readCallOptions(options));
  }

  /**
   * What the last fit made.
   *
   * @throws NablaError `ERR_NOT_FITTED` before
   */
  get model(): Model<L> {
    if (this.#model) return this.#model;
    throw new NablaError('ERR_NOT_FITTED', `${this.#class.estimator} must be fitted first`);
  }

  /** As {@link Model.coefficients}. */
  get coefficients(): Float64Array {
    return this.model.coefficients;
  }

  /** As {@link Model.intercept}. */
  get intercept(): number {
    return this.model.intercept;
  }

  /** As {@link Model.intercepts}. */
  get intercepts(): Float64Array {
    return this.model.intercepts;
  }

  /** As {@link Model.predict}. */
  predict(X: Matrix, offset?: Float64Array): Predictions<L> {
    return this.model.predict(X, offset);
  }

  /** As {@link Model.decision}. */
  decision(X: Matrix, offset?: Float64Array): Float64Array {
    return this.model.decision(X, offset);
  }

  /** As {@link Model.score}. */
  score(X: Matrix, y: Float64Array | readonly L[], options?: MeasureOptions): number {
    return this.model.score(X, y, options);
  }

  /** As {@link Model.evaluate}. */
  evaluate(X: Matrix, y: Float64Array | readonly L[], options?: MeasureOptions): Metrics<L> {
    return this.model.evaluate(X, y, options);
  }

  /**
   * The fitted estimator as plain data, for `JSON.stringify`.
   *
   * @throws NablaError `ERR_NOT_FITTED`
   */
  toJSON(): EstimatorJSON {
    return this.#around(this.model.toJSON()) as EstimatorJSON;
  }

  #around(model: object): object {
    // JSON has no ∞.
    const options = Object.entries(this.options).map(([name, value]) => [name, value === Infinity ? '∞' : value]);
    return { format, version, estimator: this.#class.estimator, options: Object.fromEntries(options), model };
  }

  /**
   * Writes the fitted estimator to a file: its name, its options and its model, as {@link Model.save} writes a model.
   *
   * @param path - of the file
   * @throws NablaError `ERR_NOT_FITTED`; else as {@link Model.save}
   */
  async save(path: string | URL): Promise<void> {
    await writeAtomic(readPath(path), this.#bytes());
  }

  /** As {@link Estimator.save}, on the calling thread. */
  saveSync(path: string | URL): void {
    writeAtomicSync(readPath(path), this.#bytes());
  }

  #bytes(): Uint8Array {
    return encodeModel(this.model, (model) => this.#around(model));
  }

  /**
   * An estimator from what {@link Estimator.toJSON} wrote.
   *
   * @param json - the parsed JSON
   * @throws NablaError `ERR_MODEL_FORMAT` when it is no such thing, of another estimator or damaged, `ERR_MODEL_VERSION`
   *   when it was written by a version that this one does not know, `ERR_MODEL_CHECKSUM` as of {@link Model.fromJSON}
   */
  static fromJSON<E extends AnyEstimator>(this: ClassOf<E>, json: unknown): E {
    const { estimator, model, checksum } = new this().#open(json);
    estimator.#take(estimator.#class.model.fromJSON(model));
    if (checksum !== undefined && checksum !== checksumOf(JSON.stringify(estimator))) {
      throw new NablaError('ERR_MODEL_CHECKSUM', 'estimator: its values are not those that its checksum was made of');
    }
    return estimator;
  }

  /**
   * The estimator that {@link Estimator.save} wrote.
   *
   * @param path - of the file
   * @throws NablaError as {@link Model.load}, and `ERR_MODEL_FORMAT` for the file of another estimator or of a model
   */
  static async load<E extends AnyEstimator>(this: ClassOf<E>, path: string | URL): Promise<E> {
    return new this().#decode(await files().readFile(readPath(path)));
  }

  /** As {@link Estimator.load}, on the calling thread. */
  static loadSync<E extends AnyEstimator>(this: ClassOf<E>, path: string | URL): E {
    return new this().#decode(readFileSync(readPath(path)));
  }

  /** Another of this class, from a file. */
  #decode(bytes: Uint8Array): this {
    let estimator: this | undefined;
    const fields = decodeModel(bytes, (json) => {
      const read = this.#open(json);
      estimator = read.estimator;
      return { model: read.model, around: (model) => read.estimator.#around(model) };
    });
    return (estimator as this).#take(this.#class.model.fromFields(fields));
  }

  /** Another of this class with the options of a JSON, still without its model. */
  #open(json: unknown): Opened<this> {
    const name = show(this.#class.estimator);
    if (typeof json !== 'object' || json === null || Array.isArray(json)) {
      throw invalid('ERR_MODEL_FORMAT', 'estimator', 'an object that toJSON() made', json);
    }
    const field = (key: string): unknown => (Object.hasOwn(json, key) ? (json as never)[key] : undefined);
    const expect = (key: string, code: ErrorCode, value: unknown) => {
      if (field(key) !== value) throw invalid(code, `estimator.${key}`, show(value), field(key));
    };
    expect('format', 'ERR_MODEL_FORMAT', format);
    expect('version', 'ERR_MODEL_VERSION', version);
    expect('estimator', 'ERR_MODEL_FORMAT', this.#class.estimator);
    try {
      readObject('estimator', json, ['format', 'version', 'estimator', 'options', 'model', 'checksum']);
      const options = readPlain('estimator.options', field('options'));
      for (const name of Object.keys(options)) if (options[name] === '∞') options[name] = Infinity;
      const estimator = new (this.constructor as ClassOf<this>)(options as never);
      return { estimator, model: field('model'), checksum: field('checksum') };
    } catch (error) {
      if (!(error instanceof NablaError)) throw error;
      throw new NablaError('ERR_MODEL_FORMAT', `estimator ${name}: ${error.message}`, { cause: error });
    }
  }

  /** Takes a model from a file, if it can be this estimator's. */
  #take(model: Model<Label>): this {
    const losses = [2, 3].map((classes) => this.lossFor(classes));
    const names = losses.map((loss) => (typeof loss === 'object' ? loss.name : loss));
    if (!names.includes(model.loss)) {
      throw invalid('ERR_MODEL_FORMAT', 'estimator.model.loss', [...new Set(names)].join(' or '), model.loss);
    }
    this.#model = model as Model<L>;
    return this;
  }
}
