// Path: models along λ, interpolated between them.
import { type Status, statuses } from '../backend/plan.js';
import type { Matrix } from '../base/arrays.js';
import { unknownDistance } from '../fitting/optimality.js';
import { readNumber } from '../input/read.js';
import type { Label, Model, ModelJSON, Predictions } from '../model/model.js';

/** What {@link Path.toJSON} writes: plain data that `JSON.stringify` keeps to the last bit. */
export interface PathJSON {
  l1Ratio: number;
  lambdas: number[];
  losses: number[];
  devianceRatio: number[];
  /** For `Model.fromJSON`. */
  models: ModelJSON[];
}

interface Fields<L extends Label> {
  l1Ratio: number;
  lambdas: Float64Array;
  losses: Float64Array;
  devianceRatio: Float64Array;
  models: readonly Model<L>[];
}

/** Models of the same data under one penalty after another, from the largest λ to the smallest. */
export class Path<L extends Label = number> {
  /** The share of l1 in the penalty: l1 = λ·l1Ratio, l2 = λ·(1 - l1Ratio). */
  readonly l1Ratio: number;
  /** Falling. */
  readonly lambdas: Float64Array;
  /** The mean loss on the training rows at each λ, without penalty. */
  readonly losses: Float64Array;
  /** The part of the null model's deviance that each model explains: R² for the squared loss; 0 if there is none. */
  readonly devianceRatio: Float64Array;
  /** One for each λ. */
  readonly models: readonly Model<L>[];
  /** models × (outputs × cols), row-major. */
  readonly coefficients: Float64Array;
  /** models × outputs. */
  readonly intercepts: Float64Array;
  /** Columns with a coefficient other than 0, at each λ: glmnet's df. */
  readonly nonZero: Uint32Array;

  /** @internal */
  constructor({ l1Ratio, lambdas, losses, devianceRatio, models }: Fields<L>) {
    this.l1Ratio = l1Ratio;
    this.lambdas = lambdas;
    this.losses = losses;
    this.devianceRatio = devianceRatio;
    this.models = models;
    this.coefficients = flat(models.map(({ coefficients }) => coefficients));
    this.intercepts = flat(models.map(({ intercepts }) => intercepts));
    this.nonZero = Uint32Array.from(models, columnsOf);
  }

  /** How many λ there are. */
  get length(): number {
    return this.models.length;
  }

  /** Why each fit ended; `'converged'` also where l1 leaves nothing to fit. */
  get status(): Status[] {
    return this.models.map(({ status }) => status);
  }

  /** Epochs of each fit. */
  get epochs(): number[] {
    return this.models.map(({ epochs }) => epochs);
  }

  /**
   * The model of the i-th λ.
   *
   * @param i - from 0
   * @throws NablaError `ERR_INVALID_ARG_TYPE` or `ERR_OUT_OF_RANGE`
   */
  model(i: number): Model<L> {
    const range = `[0, ${this.length - 1}]`;
    return this.models[readNumber('i', i, { kind: 'number', default: 0, range, whole: true, help: '' })];
  }

  /**
   * The model of any λ. Between two of {@link Path.lambdas} its weights are interpolated linearly in λ, as glmnet does;
   * beyond them it is that of the nearest. An interpolated model was not fitted: its history is empty, and its status
   * that of the larger λ unless the other did not converge.
   *
   * @param lambda - from 0
   * @throws NablaError `ERR_INVALID_ARG_TYPE` or `ERR_OUT_OF_RANGE`
   */
  at(lambda: number): Model<L> {
    readNumber('lambda', lambda, { kind: 'number', default: 0, range: '[0, ∞)', help: '' });
    const { lambdas, models } = this;
    const i = lambdas.findIndex((other) => other <= lambda);
    if (i < 0) return models[models.length - 1];
    if (i === 0 || lambdas[i] === lambda) return models[i];
    const share = (lambda - lambdas[i]) / (lambdas[i - 1] - lambdas[i]);
    return between(models[i - 1], models[i], share);
  }

  /**
   * Predictions of the model at a λ.
   *
   * @param X - rows × cols, row-major
   * @param lambda - as {@link Path.at}
   * @param offset - rows × outputs, if the models were fitted with one
   * @throws NablaError as {@link Path.at} and {@link Model.predict}
   */
  predict(X: Matrix, lambda: number, offset?: Float64Array): Predictions<L> {
    return this.at(lambda).predict(X, offset);
  }

  /** The path as plain data, for `JSON.stringify`. */
  toJSON(): PathJSON {
    const { l1Ratio, lambdas, losses, devianceRatio, models } = this;
    return {
      l1Ratio,
      lambdas: [...lambdas],
      losses: [...losses],
      devianceRatio: [...devianceRatio],
      models: models.map((model) => model.toJSON()),
    };
  }
}

function flat(arrays: readonly Float64Array[]): Float64Array {
  const all = new Float64Array(arrays.reduce((length, array) => length + array.length, 0));
  let at = 0;
  for (const array of arrays) {
    all.set(array, at);
    at += array.length;
  }
  return all;
}

function columnsOf({ coefficients, outputs }: Model<Label>): number {
  const cols = coefficients.length / outputs;
  let count = 0;
  for (let j = 0; j < cols; j++) {
    let zero = true;
    for (let k = 0; k < outputs; k++) zero &&= coefficients[k * cols + j] === 0;
    if (!zero) count++;
  }
  return count;
}

/** A share of the first model and the rest of the second. */
function between<L extends Label>(a: Model<L>, b: Model<L>, share: number): Model<L> {
  const mix = (x: Float64Array, y: Float64Array) => x.map((value, i) => share * value + (1 - share) * y[i]);
  const none = new Float64Array(0);
  const { loss, lossParameters, optimizer, path, hasOffset, labels, outputs, status } =
    b.status === 'converged' ? a : b;
  return (a.constructor as typeof Model).fromFitted<L>({
    loss,
    lossParameters,
    optimizer,
    path,
    hasOffset,
    labels,
    outputs,
    cols: a.coefficients.length / outputs,
    kept: a.kept,
    distance: unknownDistance,
    online: null,
    outcome: {
      status: statuses.indexOf(status),
      epochs: 0,
      steps: 0,
      weights: flat([mix(a.coefficients, b.coefficients), mix(a.intercepts, b.intercepts)]),
      meanLoss: NaN,
      gap: NaN,
      remainingDecrease: NaN,
      lastDecrease: NaN,
      loss: none,
      validationLoss: none,
      learningRate: none,
      gradientNorm: none,
      state: null,
      carried: null,
    },
  });
}
