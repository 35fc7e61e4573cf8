// CrossValidation: means and standard errors along λ, and the λ that they choose.
import { NablaError } from '../base/errors.js';
import { measures } from '../catalog/measures.js';
import type { Label } from '../input/labels.js';
import type { Model } from '../model/model.js';
import type { Path, PathJSON } from './lambdapath.js';

/** What {@link CrossValidation.toJSON} writes. */
export interface CrossValidationJSON {
  measure: keyof typeof measures;
  mean: number[];
  standardError: number[];
  foldIds: number[];
  leftOut: LeftOut[];
  lambdaMin: number;
  lambda1se: number;
  path: PathJSON;
}

/** A fold that says nothing. */
export interface LeftOut {
  /** As in {@link CrossValidation.foldIds}. */
  fold: number;
  /** Why neither a model of the other rows nor the measure on its own is defined. */
  reason: string;
}

/** How models along a path meet rows that they were not fitted to, and which λ that speaks for. */
export class CrossValidation<L extends Label = number> {
  /** The models of all rows. */
  readonly path: Path<L>;
  /** What models were compared by. */
  readonly measure: keyof typeof measures;
  /**
   * The measure at each λ of the path: the mean over the folds that are not left out, each as its rows weigh. NaN where it
   * is not a number in one of them; such a λ is not picked.
   */
  readonly mean: Float64Array;
  /** And its standard error: the folds' weighted deviation from it over √(folds - 1); NaN of one fold. */
  readonly standardError: Float64Array;
  /** The fold of each row; of a row of weight 0 it means nothing. */
  readonly foldIds: Uint32Array;
  /** Folds without a say: they have no rows that weigh, only rows of one class (`auc`), or all rows of a class. */
  readonly leftOut: readonly LeftOut[];
  /** Place of the best mean: the largest λ that has it. */
  readonly indexMin: number;
  /**
   * Place of the largest λ that is worse than the best by no more than the best's standard error; the best itself where
   * there is none.
   */
  readonly index1se: number;

  /** @internal `weights`, `values`: of each fold that is not left out; values at each λ. */
  constructor(
    path: Path<L>,
    measure: keyof typeof measures,
    foldIds: Uint32Array,
    leftOut: readonly LeftOut[],
    weights: readonly number[],
    values: readonly (readonly (number | null)[])[],
  ) {
    this.path = path;
    this.measure = measure;
    this.foldIds = foldIds;
    this.leftOut = leftOut;
    this.mean = new Float64Array(path.length);
    this.standardError = new Float64Array(path.length);
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    for (let i = 0; i < path.length; i++) {
      const ofFolds = values.map((of) => of[i] ?? NaN);
      // What is infinite, as of a fit that has diverged, has no mean either.
      const sum = ofFolds.reduce((sum, value, fold) => sum + weights[fold] * value, 0);
      const mean = Number.isFinite(sum) ? sum / total : NaN;
      const variance = ofFolds.reduce((sum, value, fold) => sum + weights[fold] * (value - mean) ** 2, 0) / total;
      this.mean[i] = mean;
      this.standardError[i] = Math.sqrt(variance / (ofFolds.length - 1));
    }
    const sign = measures[measure].rises ? -1 : 1;
    const costs = this.mean.map((value) => sign * value);
    const best = costs.reduce((least, cost) => (cost < least ? cost : least), Infinity);
    this.indexMin = costs.indexOf(best);
    if (this.indexMin < 0) {
      throw new NablaError('ERR_NOT_FINITE', `the measure ${measure} is not a number at any λ`);
    }
    const error = this.standardError[this.indexMin];
    const bound = Number.isFinite(error) ? best + error : best;
    this.index1se = costs.findIndex((cost) => cost <= bound);
  }

  /** Of the path, falling. */
  get lambdas(): Float64Array {
    return this.path.lambdas;
  }

  /** Columns with a coefficient other than 0, at each λ, of the models of all rows. */
  get nonZero(): Uint32Array {
    return this.path.nonZero;
  }

  /** The λ of the best mean. */
  get lambdaMin(): number {
    return this.lambdas[this.indexMin];
  }

  /** The largest λ within a standard error of the best mean: the simplest model that may be as good. */
  get lambda1se(): number {
    return this.lambdas[this.index1se];
  }

  /** The model of all rows at {@link CrossValidation.lambdaMin}. */
  get model(): Model<L> {
    return this.path.models[this.indexMin];
  }

  /** The model of all rows at {@link CrossValidation.lambda1se}. */
  get model1se(): Model<L> {
    return this.path.models[this.index1se];
  }

  /** All of it as plain data, for `JSON.stringify`. */
  toJSON(): CrossValidationJSON {
    const { measure, mean, standardError, foldIds, leftOut, lambdaMin, lambda1se, path } = this;
    return {
      measure,
      mean: [...mean],
      standardError: [...standardError],
      foldIds: [...foldIds],
      leftOut: [...leftOut],
      lambdaMin,
      lambda1se,
      path: path.toJSON(),
    };
  }
}
