import { checkArray, checkLength } from './arrays.js';
import { type Backend, inUse, type Outcome } from './backend.js';
import { losses } from './catalog.js';
import { invalid, NablaError } from './errors.js';
import { History } from './history.js';
import { type Status, statuses } from './plan.js';
import { exp } from './reference/kernels/math.js';

export type { Status } from './plan.js';

const format = 'nabla-model';
const version = 1;

/** What {@link Model.toJSON} writes: plain data that `JSON.stringify` keeps to the last bit. */
export interface ModelJSON {
  format: typeof format;
  version: typeof version;
  loss: string;
  labels: number[];
  coefficients: number[];
  intercepts: number[];
  status: Status;
  epochs: number;
  steps: number;
  history: { loss: number[]; validationLoss: number[]; learningRate: number[]; gradientNorm: number[] };
}

interface Fields {
  loss: keyof typeof losses;
  labels: readonly number[];
  coefficients: Float64Array;
  intercepts: Float64Array;
  status: Status;
  epochs: number;
  steps: number;
  history: History;
}

/** A fitted linear model z = x·coefficients + intercept, and how it came to be. */
export class Model {
  /** The loss it was fitted with. */
  readonly loss: keyof typeof losses;
  /** The classes in the order of {@link Model.predictProba}'s columns; empty for numbers. */
  readonly labels: readonly number[];
  /** One per column of X; for K outputs (classes of softmax, targets) K rows of these, row-major. */
  readonly coefficients: Float64Array;
  /** The constant terms, one per output; 0 where none was fitted. */
  readonly intercepts: Float64Array;
  /** What the fit went through: an array of losses, with other series beside it. */
  readonly history: History;
  /**
   * Why the fit ended: `'converged'` (tolerance), `'maxEpochs'`, `'diverged'`, `'earlyStopped'` (patience) or
   * `'timeLimit'`. When it diverged, the coefficients are those of the last epoch with a finite loss.
   */
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
    this.labels = fields.labels;
    this.coefficients = fields.coefficients;
    this.intercepts = fields.intercepts;
    this.history = fields.history;
    this.status = fields.status;
    this.epochs = fields.epochs;
    this.steps = fields.steps;
  }

  /** @internal */
  static fromOutcome(
    loss: keyof typeof losses,
    labels: readonly number[],
    outputs: number,
    cols: number,
    outcome: Outcome,
  ): Model {
    const coefficients = outcome.weights.slice(0, outputs * cols);
    const intercepts = new Float64Array(outputs);
    intercepts.set(outcome.weights.subarray(outputs * cols));
    return new this({
      loss,
      labels,
      coefficients,
      intercepts,
      status: statuses[outcome.status],
      epochs: outcome.epochs,
      steps: outcome.steps,
      history: new History(outcome.loss, outcome),
    });
  }

  /** The constant term of the first output, which is the only one but for softmax and several targets. */
  get intercept(): number {
    return this.intercepts[0];
  }

  /** Values of z for each row: 1, or the classes of softmax, or the targets. */
  get outputs(): number {
    return this.intercepts.length;
  }

  /**
   * z = X·coefficients + intercept (+ offset).
   *
   * @param X - rows × cols, row-major, with the columns of the fit
   * @param offset - rows × outputs, if the model was fitted with one
   * @returns rows × outputs
   * @throws NablaError `ERR_INVALID_ARG_TYPE`, `ERR_SHAPE` or `ERR_DETACHED_BUFFER`
   */
  decision(X: Float64Array, offset?: Float64Array): Float64Array {
    checkArray('X', X);
    const { outputs, intercepts, coefficients } = this;
    const cols = coefficients.length / outputs;
    if (X.length % cols !== 0) {
      throw new NablaError('ERR_SHAPE', `X must have a multiple of ${cols} elements (columns); got ${X.length}`);
    }
    const rows = X.length / cols;
    if (offset !== undefined) {
      checkLength('offset', checkArray('offset', offset), rows * outputs, `${rows} rows × ${outputs} outputs`);
    }
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
   * @returns one per row; rows × targets for several targets
   * @throws NablaError as {@link Model.decision}
   */
  predict(X: Float64Array, offset?: Float64Array): Float64Array {
    const z = this.decision(X, offset);
    const { predicts } = losses[this.loss];
    if (predicts === 'mean') return z.map(exp);
    if (predicts === 'value') return z;
    if (this.outputs === 1) return z.map((value) => this.labels[value > 0 ? 1 : 0]);
    const { outputs } = this;
    return Float64Array.from({ length: z.length / outputs }, (_, i) => {
      let best = 0;
      for (let k = 1; k < outputs; k++) if (z[i * outputs + k] > z[i * outputs + best]) best = k;
      return this.labels[best];
    });
  }

  /**
   * Probabilities of the classes, for the losses logistic and softmax.
   *
   * @param X - as {@link Model.decision}
   * @param offset - as {@link Model.decision}
   * @returns rows × classes, in the order of {@link Model.labels}
   * @throws NablaError as {@link Model.decision}; `ERR_UNKNOWN_OPTION` for another loss
   */
  predictProba(X: Float64Array, offset?: Float64Array): Float64Array {
    if (this.loss !== 'logistic' && this.loss !== 'softmax') {
      throw new NablaError('ERR_UNKNOWN_OPTION', `a model of loss ${this.loss} gives no probabilities`);
    }
    const z = this.decision(X, offset);
    const classes = this.labels.length;
    const rows = z.length / this.outputs;
    const out = new Float64Array(rows * classes);
    for (let i = 0; i < rows; i++) {
      // The logistic z is that of class 1 against 0 for class 0.
      const row = this.outputs === 1 ? [0, z[i]] : z.subarray(i * classes, (i + 1) * classes);
      let largest = row[0];
      for (let k = 1; k < classes; k++) if (row[k] > largest) largest = row[k];
      let total = 0;
      for (let k = 0; k < classes; k++) {
        out[i * classes + k] = exp(row[k] - largest);
        total += out[i * classes + k];
      }
      for (let k = 0; k < classes; k++) out[i * classes + k] /= total;
    }
    return out;
  }

  /** The model as plain data, for `JSON.stringify`. */
  toJSON(): ModelJSON {
    const { loss, labels, coefficients, intercepts, status, epochs, steps, history } = this;
    return {
      format,
      version,
      loss,
      labels: [...labels],
      coefficients: Array.from(coefficients),
      intercepts: Array.from(intercepts),
      status,
      epochs,
      steps,
      history: {
        loss: Array.from(history),
        validationLoss: Array.from(history.validationLoss),
        learningRate: Array.from(history.learningRate),
        gradientNorm: Array.from(history.gradientNorm),
      },
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
    const model = fieldsOf('model', json);
    if (model('format') !== format) throw invalid('ERR_MODEL_FORMAT', 'model.format', `"${format}"`, model('format'));
    if (model('version') !== version) {
      throw invalid('ERR_MODEL_VERSION', 'model.version', `${version}`, model('version'));
    }
    const series = fieldsOf('model.history', model('history'));
    const read = <T>(field: Field, name: string, expected: string, holds: (value: unknown) => boolean): T => {
      const value = field(name);
      if (!holds(value)) throw invalid('ERR_MODEL_FORMAT', `${field.of}.${name}`, expected, value);
      return value as T;
    };
    const numbers = (field: Field, name: string): Float64Array =>
      Float64Array.from(
        read<number[]>(field, name, 'an array of finite numbers', (value) => {
          return Array.isArray(value) && Array.from(value).every(Number.isFinite);
        }),
      );
    const isCount = (value: unknown) => Number.isSafeInteger(value) && (value as number) >= 0;
    const loss = read<keyof typeof losses>(model, 'loss', 'a known loss', (value) => {
      return typeof value === 'string' && Object.hasOwn(losses, value);
    });
    const labels = Array.from(numbers(model, 'labels'));
    const intercepts = numbers(model, 'intercepts');
    const coefficients = numbers(model, 'coefficients');
    const classes = losses[loss].predicts === 'class' ? (loss === 'softmax' ? intercepts.length : 2) : 0;
    const shapes = intercepts.length > 0 && coefficients.length > 0 && coefficients.length % intercepts.length === 0;
    if (!shapes || labels.length !== classes) {
      throw new NablaError('ERR_MODEL_FORMAT', 'model.coefficients, intercepts and labels do not fit together');
    }
    return new this({
      loss,
      labels,
      coefficients,
      intercepts,
      status: read(model, 'status', `one of ${statuses.join(', ')}`, (value) => statuses.includes(value as Status)),
      epochs: read(model, 'epochs', 'a whole number', isCount),
      steps: read(model, 'steps', 'a whole number', isCount),
      history: new History(numbers(series, 'loss'), {
        validationLoss: numbers(series, 'validationLoss'),
        learningRate: numbers(series, 'learningRate'),
        gradientNorm: numbers(series, 'gradientNorm'),
      }),
    });
  }
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
