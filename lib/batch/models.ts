// Models: the results of many fits in shared arrays.
import type { FitPath } from '../backend/gram.js';
import type { ManyJob } from '../backend/interface.js';
import { type ManyStatus, manyStatuses, type Status } from '../backend/plan.js';
import type { Matrix } from '../base/arrays.js';
import { NablaError } from '../base/errors.js';
import { guardMethods } from '../base/memory.js';
import type { losses } from '../catalog/losses.js';
import type { KeptOptions } from '../fitting/kept.js';
import type { Distance } from '../fitting/optimality.js';
import { readNumber } from '../input/read.js';
import { History } from '../model/history.js';
import type { Model } from '../model/model.js';

const failed = manyStatuses.indexOf('failed');

interface Fields
  extends Pick<ManyJob, 'coefficients' | 'intercepts' | 'status' | 'losses' | 'remaining' | 'epochs' | 'steps'> {
  loss: keyof typeof losses;
  lossParameters: Readonly<Record<string, number>>;
  optimizer: string;
  labels: readonly number[];
  outputs: number;
  cols: number;
  hasOffset: boolean;
  optimizerOf: (i: number) => string;
  pathOf: (i: number) => FitPath | null;
  distanceOf: (i: number) => Distance;
  kept: KeptOptions;
  errors: ReadonlyMap<number, NablaError>;
}

/**
 * The models of many problems, as packed arrays with an element or a row for each. What failed has NaN for its numbers,
 * 0 epochs and 0 steps.
 */
export class Models {
  /** The names of the numbers in {@link Models.status}. */
  static readonly statuses: readonly ManyStatus[] = manyStatuses;

  /** The loss they were fitted with. */
  readonly loss: keyof typeof losses;
  /** The parameters of the loss. */
  readonly lossParameters: Readonly<Record<string, number>>;
  /**
   * The name of the update rule or solver that fitted them; where `'auto'` picked by the rows of each, that of the
   * longest: models tell their own.
   */
  readonly optimizer: string;
  /** The classes of each; empty for numbers. */
  readonly labels: readonly number[];
  /** Values of z for each row: 1, or the classes of softmax, or the targets. */
  readonly outputs: number;
  /** Columns of X. */
  readonly cols: number;
  /** Whether they were fitted with an offset, which predictions then need as well. */
  readonly hasOffset: boolean;
  /** problems × outputs × cols, row-major. */
  readonly coefficients: Float64Array;
  /** problems × outputs; 0 where none were fitted. */
  readonly intercepts: Float64Array;
  /** Why each fit ended, as numbers: {@link Models.statuses} has their names. */
  readonly status: Uint8Array;
  /** The objective of each fit's last epoch, as the last of a model's `history`; NaN where there was none. */
  readonly losses: Float64Array;
  /**
   * By how much each objective could still fall: of piecewise-linear losses the solver's bound, of others its estimate. NaN
   * where it tells none, as after an update rule. A model's `optimality` has it as a part of the loss of a constant prediction.
   */
  readonly remaining: Float64Array;
  /** Epochs completed; of a solver, iterations. */
  readonly epochs: Float64Array;
  /** Update steps in them. */
  readonly steps: Float64Array;
  /** Why the problems failed that did, by their index: what `fitSync` of each alone would have thrown. */
  readonly errors: ReadonlyMap<number, NablaError>;

  readonly #model: typeof Model;
  readonly #optimizerOf: (i: number) => string;
  readonly #pathOf: (i: number) => FitPath | null;
  readonly #distanceOf: (i: number) => Distance;
  readonly #kept: KeptOptions;

  /** @internal */
  constructor(model: typeof Model, fields: Fields) {
    this.#model = model;
    this.loss = fields.loss;
    this.lossParameters = fields.lossParameters;
    this.optimizer = fields.optimizer;
    this.labels = fields.labels;
    this.outputs = fields.outputs;
    this.cols = fields.cols;
    this.hasOffset = fields.hasOffset;
    this.coefficients = fields.coefficients;
    this.intercepts = fields.intercepts;
    this.status = fields.status;
    this.losses = fields.losses;
    this.remaining = fields.remaining;
    this.epochs = fields.epochs;
    this.steps = fields.steps;
    this.errors = fields.errors;
    this.#optimizerOf = fields.optimizerOf;
    this.#pathOf = fields.pathOf;
    this.#distanceOf = fields.distanceOf;
    this.#kept = fields.kept;
  }

  /** How many problems there were. */
  get length(): number {
    return this.status.length;
  }

  /**
   * Why the fit of a problem ended: a model's status, or `'failed'`.
   *
   * @param i - from 0
   * @throws NablaError `ERR_INVALID_ARG_TYPE` or `ERR_OUT_OF_RANGE`
   */
  statusOf(i: number): ManyStatus {
    return manyStatuses[this.status[this.#index(i)]];
  }

  /**
   * The model of a problem: a view of these arrays, made anew by each call. Its history is empty.
   *
   * @param i - from 0
   * @throws NablaError of {@link Models.errors}, where the problem failed; `ERR_INVALID_ARG_TYPE` or `ERR_OUT_OF_RANGE`
   */
  at(i: number): Model {
    this.#index(i);
    const error = this.errors.get(i);
    if (error) throw error;
    return this.#view(i);
  }

  /** The models in order; null where a problem failed. */
  *[Symbol.iterator](): Generator<Model | null, void> {
    for (let i = 0; i < this.length; i++) yield this.status[i] === failed ? null : this.at(i);
  }

  /**
   * Predictions of one problem's model.
   *
   * @param i - as {@link Models.at}
   * @param X - rows × cols, row-major
   * @param offset - rows × outputs, if the models were fitted with one
   * @throws NablaError as {@link Models.at} and {@link Model.predict}
   */
  predict(i: number, X: Matrix, offset?: Float64Array): Float64Array {
    return this.at(i).predict(X, offset);
  }

  #index(i: number): number {
    if (this.length === 0) throw new NablaError('ERR_OUT_OF_RANGE', 'there are no models');
    const range = `[0, ${this.length - 1}]`;
    return readNumber('i', i, { kind: 'number', default: 0, range, whole: true, help: '' });
  }

  #view(i: number): Model {
    const { loss, lossParameters, labels, outputs, hasOffset } = this;
    const size = outputs * this.cols;
    const none = new Float64Array(0);
    return this.#model.fromFields<number>({
      loss,
      lossParameters,
      optimizer: this.#optimizerOf(i),
      labels,
      coefficients: this.coefficients.subarray(i * size, (i + 1) * size),
      intercepts: this.intercepts.subarray(i * outputs, (i + 1) * outputs),
      status: manyStatuses[this.status[i]] as Status,
      epochs: this.epochs[i],
      steps: this.steps[i],
      path: this.#pathOf(i),
      hasOffset,
      history: new History(none, { validationLoss: none, learningRate: none, gradientNorm: none }),
      kept: this.#kept,
      distance: this.#distanceOf(i),
      online: null,
    });
  }
}

guardMethods(Models.prototype, ['at', 'predict']);
