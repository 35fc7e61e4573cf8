// Estimators of numbers. Penalties are scaled as scikit-learn scales them; nabla's own objective is the mean loss +
// l1·Σ|w| + ½·l2·Σw², and the weight of the rows is the sum of sampleWeight, or their number.
import { hyperparameters } from '../catalog.js';
import { NablaError } from '../errors.js';
import type { Loss } from '../options.js';
import { Estimator } from './estimator.js';
import type { EstimatorOptions } from './options.js';

const { alpha, l1Ratio } = hyperparameters;

/** Of {@link Ridge}, {@link Lasso}, {@link PoissonRegressor} and {@link GammaRegressor}. */
export interface AlphaOptions extends EstimatorOptions {
  /** How much the penalty counts, from 0. Default 1. */
  alpha?: number;
}

/** Least squares: the sum of (y - z)² is least. */
export class LinearRegression extends Estimator<number, EstimatorOptions> {
  static override readonly estimator = 'LinearRegression';

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
}

/** Losses with a log link: half the mean deviance + ½·alpha·Σw² is least. */
abstract class LogLink<O extends AlphaOptions = AlphaOptions, Named extends keyof O = never> extends Estimator<
  number,
  O,
  Named | 'alpha'
> {
  protected override penaltyFor() {
    return { l2: this.options.alpha as number };
  }
}

/** Counts, with a log link: half the mean deviance + ½·alpha·Σw² is least. */
export class PoissonRegressor extends LogLink {
  static override readonly estimator = 'PoissonRegressor';
  static override readonly hyperparameters = { alpha };

  protected lossFor(): Loss {
    return 'poisson';
  }
}

/** Positive amounts, with a log link: half the mean deviance + ½·alpha·Σw² is least. */
export class GammaRegressor extends LogLink {
  static override readonly estimator = 'GammaRegressor';
  static override readonly hyperparameters = { alpha };

  protected lossFor(): Loss {
    return 'gamma';
  }
}

/** Of {@link TweedieRegressor}. */
export interface TweedieOptions extends AlphaOptions {
  /** Of the variance: 0 (normal, without a link), 1 (Poisson), between 1 and 2, or 2 (gamma). Default 1.5. */
  power?: number;
}

/** Amounts with zeros: half the mean deviance + ½·alpha·Σw² is least. Unlike scikit-learn's, its power is 1.5 by default. */
export class TweedieRegressor extends LogLink<TweedieOptions, 'power'> {
  static override readonly estimator = 'TweedieRegressor';
  static override readonly hyperparameters = { alpha, power: hyperparameters.power };

  protected lossFor(): Loss {
    const { power } = this.options;
    if (power > 0 && power < 1) {
      throw new NablaError('ERR_OUT_OF_RANGE', `power must be 0 or a number in [1, 2]; got ${power}`);
    }
    if (power === 0) return 'squared';
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
}

/** Of {@link QuantileRegressor}. */
export interface QuantileOptions extends AlphaOptions {
  /** Which quantile, in (0, 1). Default .5, the median. */
  quantile?: number;
}

/** A quantile of y: the mean pinball loss + alpha·Σ|w| is least. */
export class QuantileRegressor extends Estimator<number, QuantileOptions, 'quantile' | 'alpha'> {
  static override readonly estimator = 'QuantileRegressor';
  static override readonly hyperparameters = { quantile: hyperparameters.quantile, alpha };

  protected lossFor(): Loss {
    return { name: 'quantile', quantile: this.options.quantile };
  }

  protected override penaltyFor() {
    return { l1: this.options.alpha };
  }
}
