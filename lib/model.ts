import { checkArray } from './arrays.js';
import { type Backend, inUse, type Outcome } from './backend.js';
import { losses } from './catalog.js';
import { invalid, NablaError } from './errors.js';

/** Why a fit ended. */
export type Status = 'converged' | 'maxEpochs' | 'diverged';

const statuses: readonly Status[] = ['converged', 'maxEpochs', 'diverged'];
const format = 'nabla-model';
const version = 1;

/** What {@link Model.toJSON} writes: plain data that `JSON.stringify` keeps to the last bit. */
export interface ModelJSON {
  format: typeof format;
  version: typeof version;
  loss: string;
  coefficients: number[];
  intercept: number;
  status: Status;
  epochs: number;
  steps: number;
  history: number[];
}

interface Fields {
  loss: string;
  coefficients: Float64Array;
  intercept: number;
  status: Status;
  epochs: number;
  steps: number;
  history: Float64Array;
}

/** A fitted linear model z = x·coefficients + intercept, and how it came to be. */
export class Model {
  /** The loss it was fitted with. */
  readonly loss: string;
  /** One per column of X. */
  readonly coefficients: Float64Array;
  /** The constant term; 0 when none was fitted. */
  readonly intercept: number;
  /**
   * Mean loss per epoch (over the epoch's batches, each before its update), or per step. A fit that diverged keeps
   * what its completed epochs have.
   */
  readonly history: Float64Array;
  /** Why the fit ended. When `'diverged'`, the coefficients are those of the last epoch with a finite loss. */
  readonly status: Status;
  /** Epochs completed. */
  readonly epochs: number;
  /** Update steps in them. */
  readonly steps: number;

  /** What predicts. @internal */
  protected static get backend(): Backend {
    return inUse();
  }

  /** @internal */
  protected constructor(fields: Fields) {
    this.loss = fields.loss;
    this.coefficients = fields.coefficients;
    this.intercept = fields.intercept;
    this.history = fields.history;
    this.status = fields.status;
    this.epochs = fields.epochs;
    this.steps = fields.steps;
  }

  /** @internal */
  static fromOutcome(loss: string, cols: number, { weights, ...outcome }: Outcome): Model {
    return new this({
      ...outcome,
      loss,
      status: statuses[outcome.status],
      coefficients: weights.slice(0, cols),
      intercept: weights.length > cols ? weights[cols] : 0,
    });
  }

  /**
   * Predictions for rows of X: X·coefficients + intercept.
   *
   * @param X - rows × cols, row-major, with the columns of the fit
   * @returns one value per row
   * @throws NablaError `ERR_INVALID_ARG_TYPE`, `ERR_SHAPE` or `ERR_DETACHED_BUFFER`
   */
  predict(X: Float64Array): Float64Array {
    checkArray('X', X);
    const cols = this.coefficients.length;
    if (X.length % cols !== 0) {
      throw new NablaError('ERR_SHAPE', `X must have a multiple of ${cols} elements (columns); got ${X.length}`);
    }
    const rows = X.length / cols;
    const out = new Float64Array(rows);
    (this.constructor as typeof Model).backend.gemv(X, rows, cols, this.coefficients, out);
    for (let i = 0; i < rows; i++) out[i] += this.intercept;
    return out;
  }

  /** The model as plain data, for `JSON.stringify`. */
  toJSON(): ModelJSON {
    const { loss, coefficients, intercept, status, epochs, steps, history } = this;
    return {
      format,
      version,
      loss,
      coefficients: Array.from(coefficients),
      intercept,
      status,
      epochs,
      steps,
      history: Array.from(history),
    };
  }

  /**
   * A model from what {@link Model.toJSON} wrote.
   *
   * @param json - the parsed JSON
   * @throws NablaError `ERR_MODEL_FORMAT` when it is no such thing or damaged, `ERR_MODEL_VERSION` when it was
   *   written by a version that this one does not know
   */
  static fromJSON(json: unknown): Model {
    if (typeof json !== 'object' || json === null || Array.isArray(json)) {
      throw invalid('ERR_MODEL_FORMAT', 'a model', 'an object that toJSON() made', json);
    }
    const own = (name: string): unknown => (Object.hasOwn(json, name) ? (json as never)[name] : undefined);
    if (own('format') !== format) throw invalid('ERR_MODEL_FORMAT', 'model.format', `"${format}"`, own('format'));
    if (own('version') !== version) throw invalid('ERR_MODEL_VERSION', 'model.version', `${version}`, own('version'));
    const check = <T>(name: string, expected: string, holds: (value: unknown) => boolean): T => {
      const value = own(name);
      if (!holds(value)) throw invalid('ERR_MODEL_FORMAT', `model.${name}`, expected, value);
      return value as T;
    };
    const numbers = (value: unknown) => Array.isArray(value) && Array.from(value).every(Number.isFinite);
    const isCount = (value: unknown) => Number.isSafeInteger(value) && (value as number) >= 0;
    return new this({
      loss: check('loss', 'a known loss', (value) => typeof value === 'string' && Object.hasOwn(losses, value)),
      coefficients: Float64Array.from(
        check<number[]>('coefficients', 'a non-empty array of finite numbers', (value) => {
          return numbers(value) && (value as number[]).length > 0;
        }),
      ),
      intercept: check('intercept', 'a finite number', Number.isFinite),
      status: check('status', `one of ${statuses.join(', ')}`, (value) => statuses.includes(value as Status)),
      epochs: check('epochs', 'a whole number', isCount),
      steps: check('steps', 'a whole number', isCount),
      history: Float64Array.from(check<number[]>('history', 'an array of finite numbers', numbers)),
    });
  }
}
