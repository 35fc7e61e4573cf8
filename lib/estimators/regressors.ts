// Estimators of numbers, from LinearRegression to QuantileRegressor.
// Penalties are scaled as scikit-learn scales them; nabla's own objective is the mean loss + l1·Σ|w| + ½·l2·Σw², and
// the weight of the rows is the sum of sampleWeight, or their number.

import type { Table } from '../backend/plan.js';
import { hyperparameters } from '../catalog/hyperparameters.js';
import type { Loss } from '../input/options.js';
import { Estimator } from './estimator.js';
import type { EstimatorOptions } from './options.js';

const { alpha, l1Ratio } = hyperparameters;

/** Of {@link Ridge}, {@link Lasso}, {@link PoissonRegressor} and {@link GammaRegressor}. */
export interface AlphaOptions extends EstimatorOptions {
  /** How much the penalty counts, from 0. Default 1. */
  alpha?: number;
}

/** Of least squares in closed form `tol` is of no effect, as there; of another optimizer it is the sum's slope. */
const ofSum = (tol: number, weight: number) => ({ gradientTolerance: tol / weight });

/** Of the lasso: the duality gap of the sum is at most tol·Σ(y - ȳ)², for the target of the least such sum. */
function ofGap(tol: number, { y, sampleWeight, index, count }: Table, intercept: boolean, targets: number) {
  let least = Infinity;
  for (let k = 0; k < targets; k++) {
    const each = (of: (value: number) => number) => {
      let sum = 0;
      for (let i = 0; i < count; i++) {
        const row = index ? index[i] : i;
        sum += (sampleWeight ? sampleWeight[row] : 1) * of(y[row * targets + k]);
      }
      return sum / count;
    };
    const mean = intercept ? each((value) => value) : 0;
    least = Math.min(
      least,
      each((value) => (value - mean) * (value - mean)),
    );
  }
  return { tolerance: tol * least };
}

/** Least squares: the sum of (y - z)² is least. */
export class LinearRegression extends Estimator<number, EstimatorOptions> {
  static override readonly estimator = 'LinearRegression';

  protected override tolerancesFor(tol: number, weight: number) {
    return ofSum(tol, weight);
  }

  protected lossFor(): Loss {
    return 'squared';
  }
}

/** Least squares with an l2 penalty: Σ(y - z)² + alpha·Σw² is least. */
export class Ridge extends Estimator<number, AlphaOptions, 'alpha'> {
  static override readonly estimator = 'Ridge';
  static override readonly hyperparameters = { alpha };

  protected lossFor(): Loss {
    return 'squared';
  }

  protected override penaltyFor(weight: number) {
    return { l2: this.options.alpha / weight };
  }

  protected override tolerancesFor(tol: number, weight: number) {
    return ofSum(tol, weight);
  }
}

/** Least squares with an l1 penalty: half the mean of (y - z)² + alpha·Σ|w| is least; coefficients are exactly 0. */
export class Lasso extends Estimator<number, AlphaOptions, 'alpha'> {
  static override readonly estimator = 'Lasso';
  static override readonly hyperparameters = { alpha };

  protected lossFor(): Loss {
    return 'squared';
  }

  protected override penaltyFor() {
    return { l1: this.options.alpha };
  }

  protected override tolerancesFor(tol: number, _weight: number, train: Table, targets: number) {
    return ofGap(tol, train, this.options.intercept !== false, targets);
  }
}

/** Of {@link ElasticNet}. */
export interface ElasticNetOptions extends AlphaOptions {
  /** The share of l1 in the penalty, in [0, 1]. Default .5. */
  l1Ratio?: number;
}

/** Least squares with both: half the mean of (y - z)² + alpha·(l1Ratio·Σ|w| + ½·(1 - l1Ratio)·Σw²) is least. */
export class ElasticNet extends Estimator<number, ElasticNetOptions, 'alpha' | 'l1Ratio'> {
  static override readonly estimator = 'ElasticNet';
  static override readonly hyperparameters = { alpha, l1Ratio };

  protected lossFor(): Loss {
    return 'squared';
  }

  protected override penaltyFor() {
    const { alpha, l1Ratio } = this.options;
    return { l1: alpha * l1Ratio, l2: alpha * (1 - l1Ratio) };
  }

  protected override tolerancesFor(tol: number, _weight: number, train: Table, targets: number) {
    return ofGap(tol, train, this.options.intercept !== false, targets);
  }
}

/** Losses of a mean: half the mean deviance + ½·alpha·Σw² is least. */
abstract class OfMean<O extends AlphaOptions = AlphaOptions, Named extends keyof O = never> extends Estimator<
  number,
  O,
  Named | 'alpha'
> {
  protected override penaltyFor() {
    return { l2: this.options.alpha as number };
  }
}

/** Counts, with a log link: half the mean deviance + ½·alpha·Σw² is least. */
export class PoissonRegressor extends OfMean {
  static override readonly estimator = 'PoissonRegressor';
  static override readonly hyperparameters = { alpha };

  protected lossFor(): Loss {
    return 'poisson';
  }
}

/** Positive amounts, with a log link: half the mean deviance + ½·alpha·Σw² is least. */
export class GammaRegressor extends OfMean {
  static override readonly estimator = 'GammaRegressor';
  static override readonly hyperparameters = { alpha };

  protected lossFor(): Loss {
    return 'gamma';
  }
}

/** Of {@link TweedieRegressor}. */
export interface TweedieOptions extends AlphaOptions {
  /** Of the variance: 0 (normal), 1 (Poisson), 2 (gamma), 3 (inverse Gaussian), or any number from 1. Default 1.5. */
  power?: number;
  /** What z is of the mean: itself or its logarithm. `'auto'`, the default, is the identity for power 0, else the logarithm. */
  link?: 'auto' | 'identity' | 'log';
}

/** Amounts with zeros: half the mean deviance + ½·alpha·Σw² is least. Unlike scikit-learn's, its power is 1.5 by default. */
export class TweedieRegressor extends OfMean<TweedieOptions, 'power' | 'link'> {
  static override readonly estimator = 'TweedieRegressor';
  static override readonly hyperparameters = {
    alpha,
    power: hyperparameters.power,
    link: { kind: 'name', default: 'auto', names: ['auto', 'identity', 'log'] },
  } as const;

  protected lossFor(): Loss {
    const { power, link } = this.options;
    if (power === 0) return link === 'log' ? { name: 'tweedie', power } : 'squared';
    if (link === 'identity') return { name: 'tweedie_identity', power };
    if (power === 1) return 'poisson';
    return power === 2 ? 'gamma' : { name: 'tweedie', power };
  }
}

/** Of {@link HuberRegressor}. */
export interface HuberOptions extends EstimatorOptions {
  /** The distance from y at which the squared loss becomes absolute, in the units of y. Default 1.35. */
  delta?: number;
  /** How much the penalty counts, from 0. Default 1e-4. */
  alpha?: number;
}

/**
 * Least squares that outliers cannot pull far: Σh(y - z) + alpha·Σw² is least, with h(r) = r² up to `delta` and
 * 2·delta·|r| - delta² beyond. scikit-learn's takes `epsilon` times a scale that it estimates with the coefficients;
 * here there is no such scale, and `delta` is in the units of y.
 */
export class HuberRegressor extends Estimator<number, HuberOptions, 'delta' | 'alpha'> {
  static override readonly estimator = 'HuberRegressor';
  static override readonly hyperparameters = { delta: hyperparameters.delta, alpha: { ...alpha, default: 1e-4 } };

  protected lossFor(): Loss {
    return { name: 'huber', delta: this.options.delta };
  }

  protected override penaltyFor(weight: number) {
    return { l2: this.options.alpha / weight };
  }

  protected override tolerancesFor(tol: number, weight: number) {
    return { gradientTolerance: tol / (2 * weight) };
  }
}

/** Of {@link QuantileRegressor}. */
export interface QuantileOptions extends AlphaOptions {
  /** Which quantile, in (0, 1). Default .5, the median. */
  quantile?: number;
}

/** A quantile of y: the mean pinball loss + alpha·Σ|w| is least. */
export class QuantileRegressor extends Estimator<number, QuantileOptions, 'quantile' | 'alpha'> {
  static override readonly estimator = 'QuantileRegressor';
  static override readonly hasTol = false;
  static override readonly hyperparameters = { quantile: hyperparameters.quantile, alpha };

  protected lossFor(): Loss {
    return { name: 'quantile', quantile: this.options.quantile };
  }

  protected override penaltyFor() {
    return { l1: this.options.alpha };
  }
}
