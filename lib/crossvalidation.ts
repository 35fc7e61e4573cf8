import { measures } from './catalog.js';
import type { Label } from './labels.js';
import type { Path, PathJSON } from './lambdapath.js';
import type { Model } from './model.js';

/** What {@link CrossValidation.toJSON} writes. */
export interface CrossValidationJSON {
  measure: keyof typeof measures;
  mean: number[];
  standardError: number[];
  foldIds: number[];
  lambdaMin: number;
  lambda1se: number;
  path: PathJSON;
}

/** How models along a path meet rows that they were not fitted to, and which λ that speaks for. */
export class CrossValidation<L extends Label = number> {
  /** The models of all rows. */
  readonly path: Path<L>;
  /** What models were compared by. */
  readonly measure: keyof typeof measures;
  /** The measure at each λ of the path: the mean over the folds, each as its rows weigh. */
  readonly mean: Float64Array;
  /** And its standard error: the folds' weighted deviation from it over √(folds - 1). */
  readonly standardError: Float64Array;
  /** The fold of each row. */
  readonly foldIds: Uint32Array;
  /** Place of the best mean: the largest λ that has it. */
  readonly indexMin: number;
  /** Place of the largest λ that is worse than the best by no more than the best's standard error. */
  readonly index1se: number;

  /** @internal `values`: of each fold, at each λ; null where a fold has no such measure. */
  constructor(
    path: Path<L>,
    measure: keyof typeof measures,
    foldIds: Uint32Array,
    weights: readonly number[],
    values: readonly (readonly (number | null)[])[],
  ) {
    this.path = path;
    this.measure = measure;
    this.foldIds = foldIds;
    this.mean = new Float64Array(path.length);
    this.standardError = new Float64Array(path.length);
    for (let i = 0; i < path.length; i++) {
      const folds = values.flatMap((of, fold) => {
        const value = of[i];
        return value === null ? [] : [{ value, weight: weights[fold] }];
      });
      const total = folds.reduce((sum, { weight }) => sum + weight, 0);
      const mean = folds.reduce((sum, { value, weight }) => sum + weight * value, 0) / total;
      const variance = folds.reduce((sum, { value, weight }) => sum + weight * (value - mean) ** 2, 0) / total;
      this.mean[i] = mean;
      this.standardError[i] = Math.sqrt(variance / (folds.length - 1));
    }
    const sign = measures[measure].rises ? -1 : 1;
    const costs = this.mean.map((value) => sign * value);
    const best = costs.reduce((least, cost) => (cost < least ? cost : least), Infinity);
    this.indexMin = Math.max(0, costs.indexOf(best));
    const bound = best + this.standardError[this.indexMin];
    this.index1se = Math.max(
      0,
      costs.findIndex((cost) => cost <= bound),
    );
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
    const { measure, mean, standardError, foldIds, lambdaMin, lambda1se, path } = this;
    return {
      measure,
      mean: [...mean],
      standardError: [...standardError],
      foldIds: [...foldIds],
      lambdaMin,
      lambda1se,
      path: path.toJSON(),
    };
  }
}
