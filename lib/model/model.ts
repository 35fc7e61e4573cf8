// Model: coefficients, history and statuses of a fit; predicts, scores, saves and goes on fitting.
import { readFileSync } from 'node:fs';
import type { FitPath } from '../backend/gram.js';
import type { Backend, Outcome } from '../backend/interface.js';
import { type Status, statuses } from '../backend/plan.js';
import { checkArray, checkLength, checkMatrix, isSingles, type Matrix } from '../base/arrays.js';
import { files } from '../base/builtins.js';
import { invalid, NablaError } from '../base/errors.js';
import { readPath, writeAtomic, writeAtomicSync } from '../base/file.js';
import { guardMethods } from '../base/memory.js';
import { losses } from '../catalog/losses.js';
import { solvers } from '../catalog/rules.js';
import { createFitting, type Fitted } from '../fitting/fit.js';
import { type KeptOptions, onwardOptions } from '../fitting/kept.js';
import { counted, type Online } from '../fitting/online.js';
import type { Distance, Optimality } from '../fitting/optimality.js';
import { checkDecision, type FitData } from '../input/data.js';
import type { Label, Predictions } from '../input/labels.js';
import { type FitOptions, type Loss, readFitOptions } from '../input/options.js';
import { nameOf, readPlain } from '../input/read.js';
import { evaluate, type MeasureOptions, type Metrics, score } from '../metrics/evaluate.js';
import { chosenPlaces, numberOf, probabilistic, probabilitiesOf } from '../metrics/predictions.js';
import { inUse } from '../native/choice.js';
import { History } from './history.js';
import { decodeModel, encodeModel } from './modelbytes.js';
import { type ModelFields, type ModelJSON, readModelJSON, writeModelJSON } from './modeljson.js';

export type { Status } from '../backend/plan.js';
export type { Optimality } from '../fitting/optimality.js';
export type { Label, Predictions } from '../input/labels.js';
export type {
  ClassMetrics,
  ConfusionCells,
  MeanMetrics,
  MeasureOptions,
  Metrics,
  ValueMetrics,
} from '../metrics/evaluate.js';
export type { ModelJSON } from './modeljson.js';

/** Of X, as many as are widened for one product with it. */
const singlesAtOnce = 2 ** 17;

/** What to throw for rows without the offset that the fit had. */
function missingOffset(shape: string): NablaError {
  const expected = `a Float64Array of ${shape}, as the fit had an offset (zeros for none)`;
  return invalid('ERR_INVALID_ARG_TYPE', 'offset', expected, undefined);
}

/**
 * A fitted linear model z = x·coefficients + intercept, and how it came to be. `L`: what its classes are called, number
 * where there are none.
 */
export class Model<L extends Label = number> implements Omit<ModelFields<L>, 'kept' | 'online'> {
  /** The loss it was fitted with. */
  readonly loss: keyof typeof losses;
  /** The parameters of the loss, such as `{ power: 1.5 }` of tweedie; empty for most. */
  readonly lossParameters: Readonly<Record<string, number>>;
  /** The name of the update rule or solver that fitted it. */
  readonly optimizer: string;
  /**
   * How the update rule came by loss and gradient: `'gram'`, from the Gram matrix of X (see the option of that name),
   * `'direct'`, from the rows; null for a solver, and where the file of a model does not say.
   */
  readonly path: FitPath | null;
  /** Whether it was fitted with an offset, which predictions and metrics then need as well. */
  readonly hasOffset: boolean;
  /** The classes in the order of {@link Model.predictProba}'s columns; empty for numbers. */
  readonly labels: readonly L[];
  /** One per column of X; for K outputs (classes, of softmax or one against the rest; targets) K rows, row-major. */
  readonly coefficients: Float64Array;
  /** The constant terms, one per output; 0 where none was fitted. Of softmax by a solver their sum is 0. */
  readonly intercepts: Float64Array;
  /**
   * Why the fit ended: `'converged'` (tolerance), `'maxEpochs'`, `'diverged'`, `'earlyStopped'` (patience),
   * `'timeLimit'` or `'stalled'` (a solver finds no step that lowers the objective, as may be where it is nonsmooth, or
   * cannot know whether there is one, as of penalized columns whose squares are no doubles, some 1e±150: `standardize`, or scale them). When
   * it diverged, the coefficients are those of the last epoch with a finite loss.
   */
  readonly status: Status;
  /** Epochs completed. */
  readonly epochs: number;
  /** Update steps in them. */
  readonly steps: number;

  /** The options of its fit, as partialFit keeps them. @internal */
  readonly kept: KeptOptions | null;
  /** @internal */
  readonly distance: Distance;

  /** The state of its update rule, if it was kept. @internal */
  readonly online: Online | null;

  /** Or what it is made of when it is asked for: to make its arrays takes longer than a small fit. */
  #history: History | Outcome;

  /** What fits and predicts. @internal */
  static get backend(): Backend {
    return inUse();
  }

  /** @internal */
  static fromFields<L extends Label>(fields: ModelFields<Label>): Model<L> {
    return new this(fields as ModelFields<L>, fields.history);
  }

  /** @internal */
  protected constructor(fields: Omit<ModelFields<L>, 'history'>, history: History | Outcome) {
    this.loss = fields.loss;
    this.lossParameters = fields.lossParameters;
    this.optimizer = fields.optimizer;
    this.path = fields.path;
    this.hasOffset = fields.hasOffset;
    this.labels = fields.labels;
    this.coefficients = fields.coefficients;
    this.intercepts = fields.intercepts;
    this.#history = history;
    this.status = fields.status;
    this.epochs = fields.epochs;
    this.steps = fields.steps;
    this.kept = fields.kept;
    this.distance = fields.distance;
    this.online = fields.online;
  }

  /** @internal */
  static fromFitted<L extends Label>(fitted: Fitted<L>): Model<L> {
    const { outputs, cols, outcome } = fitted;
    const { weights } = outcome;
    const size = outputs * cols;
    const intercepts = new Float64Array(outputs);
    for (let k = size; k < weights.length; k++) intercepts[k - size] = weights[k];
    const fields = {
      loss: fitted.loss,
      lossParameters: fitted.lossParameters,
      optimizer: fitted.optimizer,
      path: fitted.path,
      hasOffset: fitted.hasOffset,
      labels: fitted.labels,
      kept: fitted.kept,
      distance: fitted.distance,
      online: fitted.online,
      coefficients: weights.length === size ? weights : weights.slice(0, size),
      intercepts,
      status: statuses[outcome.status],
      epochs: outcome.epochs,
      steps: outcome.steps,
    };
    return new this(fields, outcome);
  }

  /**
   * Learns from new rows: goes on with the fit that made this model, under all of its options, by its update rule; after a
   * solver by `'sgd'`, never by a solver. The rule's state goes on too when the model was fitted with `keepState` or by
   * partialFit, with the weights behind an average and the scales of `standardize`; else the rule begins anew at this model.
   * After `restoreBest` it goes on from the epoch that was the best.
   *
   * The schedule goes on where it was, counting steps and epochs; one that runs over a whole fit (`polynomial`, `onecycle`,
   * `cosine` without restarts) is planned anew over the epochs of each call, and another one than the fit's begins at its
   * beginning. Behind the last epoch of a `lambda` its last factor stays.
   *
   * @param data - as of a fit, with the columns of this model
   * @param options - as of a fit, in place of those kept. `epochs` is 1; what belongs to the rows of one fit is not kept:
   *   `sampleWeight`, `offset`, `validation`, `checkpoint`, `signal`, `onProgress`, `transfer`; a sampler of `indices`
   *   becomes `'sequential'`
   * @returns a new model; this one is unchanged. `epochs` and `steps` count on, `history` is that of this call
   * @throws NablaError as a fit does; `ERR_UNKNOWN_OPTION` for `standardize` where the scales of the fit were not kept,
   *   since they would need all rows at once; `ERR_INVALID_ARG_TYPE` without an offset where the fit had one
   */
  partialFitSync(data: FitData<L>, options: FitOptions = {}): Model<L> {
    const type = this.constructor as typeof Model;
    return type.fromFitted(createFitting(type.backend).fitSync(data, this.#onward(data, options)));
  }

  /** As {@link Model.partialFitSync}, off the calling thread. */
  async partialFit(data: FitData<L>, options: FitOptions = {}): Promise<Model<L>> {
    const type = this.constructor as typeof Model;
    return type.fromFitted(await createFitting(type.backend).fit(data, this.#onward(data, options)));
  }

  #onward(data: FitData<L>, given: FitOptions): FitOptions {
    const { kept, online } = this;
    if (this.hasOffset && data?.offset === undefined && given.offset === undefined)
      throw missingOffset('rows × outputs');
    const options: FitOptions = {
      loss: { name: this.loss, ...this.lossParameters } as Loss,
      optimizer: online?.optimizer ?? 'sgd',
      epochs: 1,
      ...(this.labels.length > 0 && { classes: this.labels }),
      ...onwardOptions(kept ?? {}, readPlain('options', given) as FitOptions),
      warmStart: this.#position() as Model<Label>,
      keepState: true,
    };
    const name = nameOf(options.optimizer);
    if (typeof name === 'string' && Object.hasOwn(solvers, name)) {
      const fix = `name a rule, or fit all rows anew by ${name} with warmStart`;
      throw new NablaError('ERR_UNKNOWN_OPTION', `partialFit goes by update rules, not by the solver ${name}: ${fix}`);
    }
    if (options.standardize && !(kept?.standardize && online)) {
      const why = 'standardize needs all rows at once, and partialFit sees only new ones';
      const fix = 'fit with keepState: true, which keeps the scales, or go on with standardize: false';
      throw new NablaError('ERR_UNKNOWN_OPTION', `${why}: ${fix}`);
    }
    const { schedule } = kept ?? {};
    const table = typeof schedule === 'object' && 'table' in schedule ? schedule.table : [1];
    if (given.schedule === undefined && table[table.length - 1] === 0 && this.epochs >= table.length) {
      const why = 'schedule must have a rate above 0; that of the fit, lambda, has ended with a factor of 0';
      throw new NablaError('ERR_OUT_OF_RANGE', `${why}: give partialFit a schedule`);
    }
    return options;
  }

  /** This model with what goes on from it: at least how far epochs and schedule have come, where a rule has fitted it. */
  #position(): Model<L> {
    const { kept, online } = this;
    if (online || !kept?.optimizer) return this;
    const { optimizer, schedule = 'constant' } = kept;
    const { plan } = readFitOptions({ loss: this.loss, optimizer, schedule });
    const rate = this.history.learningRate.at(-1) ?? plan.ruleParameters[0];
    const carried = counted(plan, this.epochs, this.steps, rate);
    return new (this.constructor as typeof Model)<L>({ ...this, kept, online: { optimizer, carried } }, this.#history);
  }

  /** What the fit went through: an array of losses, with other series beside it. */
  get history(): History {
    if (!(this.#history instanceof History)) this.#history = new History(this.#history.loss, this.#history);
    return this.#history;
  }

  /**
   * How far the weights are from the minimum of the objective, the mean loss plus the penalty: by the solver's bound
   * (`gap`) or its estimate of what is left to gain. After an update rule, and `'lbfgs'` that has not converged, by what a
   * step of Newton's method from the weights gains of least squares (of up to 500 columns), and of other losses by how much
   * the objective is above that of at most 50 iterations of the solver of `'auto'`. That is done where it costs little: if
   * it is a sixteenth of the fit, or at least some 0.5 ms after a solver, or 32 epochs of a rule. `relative` is null for other fits of a rule, where
   * the solver did not come near the minimum, for models of `fitMany` where the solver tells nothing, of paths between two λ, and for files written before
   * version 3. A rule's weight decay is no part of the objective.
   */
  get optimality(): Optimality {
    const { gap, relative } = this.distance;
    const { gradientNorm } = this.history;
    const norm = gradientNorm.length > 0 ? gradientNorm[gradientNorm.length - 1] : NaN;
    return { ...(gap !== null && { gap }), gradientNorm: Number.isFinite(norm) ? norm : null, relative };
  }

  /** The constant term of the first output, which is the only one but for several classes and several targets. */
  get intercept(): number {
    return this.intercepts[0];
  }

  /** Values of z for each row: 1, or one for each class (of softmax, or of more than two with a margin) or target. */
  get outputs(): number {
    return this.intercepts.length;
  }

  /**
   * z = X·coefficients + intercept (+ offset).
   *
   * @param X - rows × cols, row-major, with the columns of the fit; may be a Float32Array, as of a fit
   * @param offset - rows × outputs; must be given if the model was fitted with one (zeros: none for these rows)
   * @returns rows × outputs, all finite
   * @throws NablaError `ERR_INVALID_ARG_TYPE`, `ERR_SHAPE` or `ERR_DETACHED_BUFFER`; `ERR_NOT_FINITE`, with row and
   *   column, for a NaN or an infinity in X or offset, and where products overflow
   */
  decision(X: Matrix, offset?: Float64Array): Float64Array {
    const z = this.linear(X, offset);
    checkDecision(z, X, this.coefficients.length / this.outputs, offset ?? null);
    return z;
  }

  /** As {@link Model.decision}, whatever comes out: for callers that leave rows out. @internal */
  linear(X: Matrix, offset?: Float64Array): Float64Array {
    checkMatrix('X', X);
    const { outputs, coefficients } = this;
    const cols = coefficients.length / outputs;
    if (X.length % cols !== 0) {
      throw new NablaError('ERR_SHAPE', `X must have a multiple of ${cols} elements (columns); got ${X.length}`);
    }
    const rows = X.length / cols;
    if (offset === undefined && this.hasOffset) {
      throw missingOffset(`${rows} rows × ${outputs} outputs`);
    }
    if (offset !== undefined) {
      checkLength('offset', checkArray('offset', offset), rows * outputs, `${rows} rows × ${outputs} outputs`);
    }
    return isSingles(X) ? this.#ofSingles(X, rows, cols, offset) : this.#ofDoubles(X, rows, cols, offset);
  }

  /** z, some rows at a time as doubles. */
  #ofSingles(X: Float32Array, rows: number, cols: number, offset?: Float64Array): Float64Array {
    const { outputs } = this;
    const step = Math.ceil(singlesAtOnce / cols);
    const room = new Float64Array(Math.min(rows, step) * cols);
    const z = new Float64Array(rows * outputs);
    for (let start = 0; start < rows; start += step) {
      const end = Math.min(rows, start + step);
      room.set(X.subarray(start * cols, end * cols));
      const own = offset?.subarray(start * outputs, end * outputs);
      z.set(this.#ofDoubles(room, end - start, cols, own), start * outputs);
    }
    return z;
  }

  #ofDoubles(X: Float64Array, rows: number, cols: number, offset?: Float64Array): Float64Array {
    const { outputs, intercepts, coefficients } = this;
    const { backend } = this.constructor as typeof Model;
    const z = new Float64Array(rows * outputs);
    const one = outputs === 1 ? z : new Float64Array(rows);
    for (let k = 0; k < outputs; k++) {
      backend.gemv(X, rows, cols, coefficients.subarray(k * cols, (k + 1) * cols), one);
      for (let i = 0; i < rows; i++) {
        const at = i * outputs + k;
        z[at] = one[i] + intercepts[k] + (offset === undefined ? 0 : offset[at]);
      }
    }
    return z;
  }

  /**
   * Predictions: numbers (the mean, e^z, for losses with a log link), or classes by their labels.
   *
   * @param X - as {@link Model.decision}
   * @param offset - as {@link Model.decision}
   * @returns one per row, a Float64Array, or an array of labels that are no numbers; rows × targets for several targets
   * @throws NablaError as {@link Model.decision}
   */
  predict(X: Matrix, offset?: Float64Array): Predictions<L> {
    const z = this.decision(X, offset);
    return this.#predictions(z) as Predictions<L>;
  }

  #predictions(z: Float64Array): Float64Array | L[] {
    const { labels, loss, outputs } = this;
    if (losses[loss].predicts !== 'class') return z.map(numberOf(loss));
    const places = chosenPlaces(z, outputs);
    if (typeof labels[0] === 'number') return places.map((place) => labels[place] as number);
    return Array.from(places, (place) => labels[place]);
  }

  /**
   * Probabilities of the classes, for the losses logistic, softmax and modified_huber: (1 + z)/2 clipped to [0, 1].
   *
   * @param X - as {@link Model.decision}
   * @param offset - as {@link Model.decision}
   * @returns rows × classes, in the order of {@link Model.labels}
   * @throws NablaError as {@link Model.decision}; `ERR_UNKNOWN_OPTION` for another loss
   */
  predictProba(X: Matrix, offset?: Float64Array): Float64Array {
    if (!probabilistic.includes(this.loss)) {
      throw new NablaError('ERR_UNKNOWN_OPTION', `a model of loss ${this.loss} gives no probabilities`);
    }
    return probabilitiesOf(this.loss, this.decision(X, offset), this.outputs);
  }

  /**
   * One number for how well the model meets rows, more being better: R² for losses of numbers (for several targets
   * their mean), accuracy for classes, and for poisson, gamma and tweedie D², the part of the deviance explained.
   *
   * @param X - as {@link Model.decision}
   * @param y - as the fit had it: numbers of rows × targets, or classes by their labels
   * @param options - weights of rows, and the offset
   * @returns at most 1; NaN for R² and D² where y does not vary, since they are undefined
   * @throws NablaError as {@link Model.evaluate}
   */
  score(X: Matrix, y: Float64Array | readonly L[], options?: MeasureOptions): number {
    return score(this, X, y, options);
  }

  /**
   * The usual metrics of the model's kind, told by their `kind`: {@link ValueMetrics}, {@link MeanMetrics} or
   * {@link ClassMetrics}. Definitions are scikit-learn's; what is undefined is null, but for precision, recall, f1 and
   * mcc, which are 0 then.
   *
   * @param X - as {@link Model.decision}
   * @param y - as the fit had it: numbers of rows × targets, or classes by their labels
   * @param options - weights of rows, and the offset
   * @throws NablaError as {@link Model.decision}; `ERR_NOT_FINITE`; `ERR_OUT_OF_RANGE` for a y that the loss does not
   *   take; `ERR_INVALID_LABELS` for a class that the model does not know
   */
  evaluate(X: Matrix, y: Float64Array | readonly L[], options?: MeasureOptions): Metrics<L> {
    return evaluate(this, X, y, options);
  }

  /** The model as plain data, for `JSON.stringify`. */
  toJSON(): ModelJSON {
    return writeModelJSON(this);
  }

  /**
   * A model from what {@link Model.toJSON} wrote. `L`: its labels, where they are known to the caller.
   *
   * @param json - the parsed JSON; of a file of {@link Model.save} too, whose checksum is checked
   * @throws NablaError `ERR_MODEL_FORMAT` when it is no such thing or damaged, `ERR_MODEL_VERSION` when it was
   *   written by a version that this one does not know, `ERR_MODEL_CHECKSUM` when it has changed since
   */
  static fromJSON<L extends Label = Label>(json: unknown): Model<L> {
    const fields = readModelJSON(json);
    return new this(fields as ModelFields<L>, fields.history);
  }

  /**
   * Writes the model to a file, which then holds all of it, or what it held before. A small model is a line of JSON, a
   * large one (more than 4,096 numbers with its history) binary; both with a checksum, and to the last bit.
   *
   * @param path - of the file
   * @throws NablaError `ERR_INVALID_ARG_TYPE`; or an error of Node's file system
   */
  async save(path: string | URL): Promise<void> {
    await writeAtomic(readPath(path), encodeModel(this));
  }

  /** As {@link Model.save}, on the calling thread. */
  saveSync(path: string | URL): void {
    writeAtomicSync(readPath(path), encodeModel(this));
  }

  /**
   * The model that {@link Model.save} wrote. `L`: its labels, where they are known to the caller.
   *
   * @param path - of the file
   * @throws NablaError `ERR_MODEL_FORMAT` when it is no such file or not all of one, `ERR_MODEL_CHECKSUM` when it has
   *   changed, `ERR_MODEL_VERSION` when it was written by a version that this one does not know,
   *   `ERR_INVALID_ARG_TYPE`; or an error of Node's file system, such as `ENOENT`
   */
  static async load<L extends Label = Label>(path: string | URL): Promise<Model<L>> {
    const fields = decodeModel(await files().readFile(readPath(path)));
    return new this(fields as ModelFields<L>, fields.history);
  }

  /** As {@link Model.load}, on the calling thread. */
  static loadSync<L extends Label = Label>(path: string | URL): Model<L> {
    const fields = decodeModel(readFileSync(readPath(path)));
    return new this(fields as ModelFields<L>, fields.history);
  }
}

guardMethods(Model.prototype, [
  ...(['decision', 'linear', 'predict', 'predictProba', 'score', 'evaluate'] as const),
  ...(['partialFitSync', 'partialFit', 'toJSON', 'save', 'saveSync'] as const),
]);
guardMethods(Model, ['fromJSON', 'load', 'loadSync']);
