// Estimators of classes: LogisticRegression, SoftmaxRegression, LinearSVC.
// C is scikit-learn's: they minimise C·Σ(loss of the rows) + the penalty, so nabla's own objective, a mean, has the
// penalty over C times the weight of the rows.
import { isFloat64Array, type Matrix } from '../base/arrays.js';
import { invalid } from '../base/errors.js';
import { hyperparameters } from '../catalog/hyperparameters.js';
import { losses } from '../catalog/losses.js';
import { type FitData, rowsUsed } from '../input/data.js';
import type { Label } from '../input/labels.js';
import type { Loss } from '../input/options.js';
import { readPlain } from '../input/read.js';
import { Estimator } from './estimator.js';
import type { ClassifierOptions } from './options.js';

/** An estimator of classes. `L`: what they are called. */
export abstract class Classifier<
  L extends Label,
  O extends ClassifierOptions,
  Named extends keyof O = never,
> extends Estimator<L, O, Named> {
  static override readonly isClassifier: boolean = true;

  /** The classes, as {@link Model.labels}. */
  get labels(): readonly L[] {
    return this.model.labels;
  }

  /**
   * Whole numbers in a Float64Array are labels, too, unless they are those that the loss has for its classes. Others are
   * refused without the option `classes`: a regression target would make a class of each row.
   */
  protected override read(given: FitData<L>): { data: FitData<L>; classes: number } {
    const data = readPlain('data', given) as unknown as FitData<L>;
    const { classes: all } = this.options;
    if (all !== undefined) return { data, classes: typeof all === 'number' ? all : all.length };
    const isNumbers = isFloat64Array(data.y);
    if (!isNumbers && !Array.isArray(data.y)) return { data, classes: 2 };
    const { sampleWeight } = data;
    const used = isFloat64Array(sampleWeight) ? rowsUsed(sampleWeight) : null;
    const labels = new Set<unknown>(used ? Array.from(used, (row) => data.y[row]) : data.y);
    const classes = labels.size;
    if (!isNumbers || this.hasCodes(labels as Set<number>)) return { data, classes };
    const fraction = [...(labels as Set<number>)].find((label) => Number.isFinite(label) && label % 1 !== 0);
    if (fraction !== undefined) {
      const expected = 'a whole number; fractions of the second class go with classes: [0, 1], others are named there';
      throw invalid('ERR_INVALID_LABELS', `y[${(data.y as Float64Array).indexOf(fraction)}]`, expected, fraction);
    }
    return { data: { ...data, y: Array.from(data.y as Float64Array) as unknown as L[] }, classes };
  }

  /** Whether these are the numbers that the loss has for classes. */
  private hasCodes(labels: ReadonlySet<number>): boolean {
    const loss = this.lossFor(labels.size);
    const isSigned =
      losses[(typeof loss === 'object' ? loss.name : loss) as keyof typeof losses].target === 'plusMinusOne';
    return [...labels].every((label) => {
      return isSigned ? label === -1 || label === 1 : label >= 0 && label < labels.size && Number.isInteger(label);
    });
  }
}

/** Of {@link SoftmaxRegression}. */
export interface SoftmaxOptions extends ClassifierOptions {
  /** How much the loss counts beside the penalty, above 0; ∞: no penalty. Default 1. */
  C?: number;
  /** Default `'l2'`. */
  penalty?: 'l2' | 'l1' | 'elasticnet' | 'none';
  /** The share of l1 in an elastic net, in [0, 1]. Default .5. */
  l1Ratio?: number;
}

/** The share of l1 in a penalty. */
export const shareOfL1 = (penalty: 'l2' | 'l1' | 'elasticnet', l1Ratio: number): number =>
  penalty === 'elasticnet' ? l1Ratio : Number(penalty === 'l1');

const { C } = hyperparameters;
const logistic = {
  C,
  penalty: { kind: 'name', default: 'l2', names: ['l2', 'l1', 'elasticnet', 'none'] },
  l1Ratio: hyperparameters.l1Ratio,
} as const;

/**
 * Classes by the softmax of K linear functions: C·Σ(log loss) + the penalty is least, that being ½·Σw² (`'l2'`), Σ|w|
 * (`'l1'`) or l1Ratio·Σ|w| + ½·(1 - l1Ratio)·Σw² (`'elasticnet'`).
 */
export class SoftmaxRegression<L extends Label = number> extends Classifier<
  L,
  SoftmaxOptions,
  'C' | 'penalty' | 'l1Ratio'
> {
  static override readonly estimator: string = 'SoftmaxRegression';
  static override readonly hyperparameters = logistic;

  protected lossFor(_classes: number): Loss {
    return 'softmax';
  }

  protected override penaltyFor(weight: number) {
    const { C, penalty, l1Ratio } = this.options;
    if (penalty === 'none') return {};
    const share = shareOfL1(penalty, l1Ratio);
    return { l1: share / (C * weight), l2: (1 - share) / (C * weight) };
  }

  /** As {@link Model.predictProba}. */
  predictProba(X: Matrix, offset?: Float64Array): Float64Array {
    return this.model.predictProba(X, offset);
  }
}

/** As {@link SoftmaxRegression}, but two classes have one linear function, the logit of the second. */
export class LogisticRegression<L extends Label = number> extends SoftmaxRegression<L> {
  static override readonly estimator: string = 'LogisticRegression';

  protected override lossFor(classes: number): Loss {
    return classes > 2 ? 'softmax' : 'logistic';
  }
}

/** Of {@link LinearSVC}. */
export interface LinearSVCOptions extends ClassifierOptions {
  /** How much the loss counts beside the penalty, above 0; ∞: no penalty. Default 1. */
  C?: number;
  /** Default `'squared_hinge'`. */
  loss?: 'squared_hinge' | 'hinge';
  /** Default `'l2'`. */
  penalty?: 'l2' | 'l1';
}

/**
 * A linear support vector machine: C·Σ(loss) + ½·Σw² (or Σ|w|) is least; more than two classes are one against the rest
 * each. Unlike in scikit-learn the intercept has no penalty, and `classWeight` weighs a row in all of them.
 */
export class LinearSVC<L extends Label = number> extends Classifier<L, LinearSVCOptions, 'C' | 'loss' | 'penalty'> {
  static override readonly estimator = 'LinearSVC';
  static override readonly hyperparameters = {
    C,
    loss: { kind: 'name', default: 'squared_hinge', names: ['squared_hinge', 'hinge'] },
    penalty: { kind: 'name', default: 'l2', names: ['l2', 'l1'] },
  } as const;

  protected lossFor(): Loss {
    return this.options.loss;
  }

  protected override penaltyFor(weight: number) {
    const { C, penalty } = this.options;
    return { [penalty]: 1 / (C * weight) };
  }

  /** Of liblinear: slopes of the dual of at most tol leave a gap of at most tol in the mean loss. */
  protected override tolerancesFor(tol: number) {
    return { tolerance: tol };
  }
}
