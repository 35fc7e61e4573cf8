// SGDRegressor and SGDClassifier: steps of one row, with scikit-learn's defaults.
import type { Matrix } from '../base/arrays.js';
import { hyperparameters } from '../catalog/hyperparameters.js';
import type { FitControl } from '../input/control.js';
import type { FitData } from '../input/data.js';
import type { Label } from '../input/labels.js';
import type { FitOptions, Loss, Schedule } from '../input/options.js';
import { Classifier, shareOfL1 } from './classifiers.js';
import { Estimator } from './estimator.js';
import { type ClassifierOptions, type EstimatorOptions, type HandedOn, readCallOptions } from './options.js';

/** Of both, beside the loss. Those of a fit that are given (`optimizer`, `schedule`, …) go before these. */
interface Common {
  /** Default `'l2'`. */
  penalty?: 'l2' | 'l1' | 'elasticnet' | 'none';
  /** How much the penalty counts, from 0: the objective is the mean loss + alpha times the penalty. Default 1e-4. */
  alpha?: number;
  /** The share of l1 in an elastic net, in [0, 1]. Default .15. */
  l1Ratio?: number;
  /**
   * The learning rate over the steps: `'constant'` (eta0), `'optimal'` (1/(alpha·(t₀ + t))), `'invscaling'`
   * (eta0/t^powerT), or `'adaptive'` (eta0, a fifth of it after each `patience` epochs without improvement).
   */
  learningRate?: 'constant' | 'optimal' | 'invscaling' | 'adaptive';
  /** Default .01. */
  eta0?: number;
}

/** Of {@link SGDRegressor}. */
export interface SGDRegressorOptions extends EstimatorOptions, Common {
  /** Default `'squared'`. */
  loss?: 'squared' | 'huber' | 'epsilon_insensitive' | 'squared_epsilon_insensitive';
  /** Where huber becomes absolute; the error that is free of the epsilon-insensitive losses. Default .1. */
  epsilon?: number;
  /** Default `'invscaling'`. */
  learningRate?: Common['learningRate'];
  /** Of `'invscaling'`. Default .25. */
  powerT?: number;
}

/** Of {@link SGDClassifier}. */
export interface SGDClassifierOptions extends ClassifierOptions, Common {
  /** Default `'hinge'`. `'logistic'` of more than two classes is softmax; of the others they are one against the rest each. */
  loss?: 'hinge' | 'squared_hinge' | 'modified_huber' | 'perceptron' | 'logistic';
  /** Default `'optimal'`. */
  learningRate?: Common['learningRate'];
  /** Of `'invscaling'`. Default .5. */
  powerT?: number;
}

type Settings = Required<Common> & { powerT: number; tol?: number };
type Named = keyof Common | 'loss' | 'powerT';

const common = (loss: readonly string[], learningRate: string, powerT: number) =>
  ({
    loss: { kind: 'name', default: loss[0], names: loss },
    penalty: { kind: 'name', default: 'l2', names: ['l2', 'l1', 'elasticnet', 'none'] },
    alpha: { ...hyperparameters.alpha, default: 1e-4 },
    l1Ratio: { ...hyperparameters.l1Ratio, default: 0.15 },
    learningRate: { kind: 'name', default: learningRate, names: ['constant', 'optimal', 'invscaling', 'adaptive'] },
    eta0: hyperparameters.eta0,
    powerT: { ...hyperparameters.powerT, default: powerT },
  }) as const;

/** Improvement is a loss that is lower by `minDelta`. */
const usual: EstimatorOptions = { epochs: 1000, minDelta: 1e-3, patience: 5 };

const slowest = 1e-6; // where an adaptive rate ends

function scheduleOf({ learningRate, alpha, powerT }: Settings, patience: number): Schedule {
  if (learningRate === 'optimal') return { name: 'optimal', alpha };
  if (learningRate === 'invscaling') return { name: 'invscaling', power: powerT };
  if (learningRate === 'adaptive') return { name: 'plateau', factor: 0.2, patience: Math.max(0, patience - 1) };
  return 'constant';
}

/** One row a step, in a new order every epoch, unless the caller has something else in mind. */
function recipeOf(settings: Settings, options: HandedOn): FitOptions {
  const { eta0, learningRate } = settings;
  const { optimizer, patience = 0, sampler } = options;
  const recipe: FitOptions = { keepState: true, ...options };
  if (settings.tol !== undefined) recipe.minDelta = settings.tol; // in place of the usual
  if (sampler !== 'full') recipe.batchSize ??= 1;
  if (optimizer !== undefined) return recipe;
  recipe.optimizer = { name: 'sgd', learningRate: eta0 };
  recipe.schedule ??= scheduleOf(settings, patience);
  // The rate falls each time that patience ends; the fit ends when it has fallen far enough.
  const falls = Math.max(0, Math.ceil(Math.log(eta0 / slowest) / Math.log(5)));
  if (learningRate === 'adaptive') recipe.patience = patience * (1 + falls);
  return recipe;
}

function penaltyOf({ penalty, alpha, l1Ratio }: Settings) {
  if (penalty === 'none') return {};
  const share = shareOfL1(penalty, l1Ratio);
  return { l1: alpha * share, l2: alpha * (1 - share) };
}

/** One pass, whatever becomes of the loss. */
const onePass: FitOptions = { epochs: 1, patience: 0, minDelta: 0, validationFraction: 0 };

/** Linear models of numbers by stochastic gradient descent. */
export class SGDRegressor extends Estimator<number, SGDRegressorOptions, Named | 'epsilon'> {
  static override readonly estimator = 'SGDRegressor';
  static override readonly usual = usual;
  static override readonly hyperparameters = {
    ...common(['squared', 'huber', 'epsilon_insensitive', 'squared_epsilon_insensitive'], 'invscaling', 0.25),
    epsilon: hyperparameters.epsilon,
  };

  protected lossFor(): Loss {
    const { loss, epsilon } = this.options;
    if (loss === 'squared') return loss;
    return loss === 'huber' ? { name: loss, delta: epsilon } : { name: loss, epsilon };
  }

  protected override penaltyFor() {
    return penaltyOf(this.options);
  }

  protected override tolerancesFor() {
    return {};
  }

  protected override recipe(options: HandedOn): FitOptions {
    return recipeOf(this.options, options);
  }

  /** Learns from new rows in one pass: the model of before goes on, with the rates where they were. */
  async partialFit(data: FitData, options?: FitControl): Promise<this> {
    return this.fitFrom(data, this.last, { ...onePass, ...readCallOptions(options) });
  }

  /** As {@link SGDRegressor.partialFit}, on the calling thread. */
  partialFitSync(data: FitData, options?: FitControl): this {
    return this.fitFromSync(data, this.last, { ...onePass, ...readCallOptions(options) });
  }
}

/** Linear models of classes by stochastic gradient descent: by default a support vector machine. */
export class SGDClassifier<L extends Label = number> extends Classifier<L, SGDClassifierOptions, Named> {
  static override readonly estimator = 'SGDClassifier';
  static override readonly usual = usual;
  static override readonly hyperparameters = common(
    ['hinge', 'squared_hinge', 'modified_huber', 'perceptron', 'logistic'],
    'optimal',
    0.5,
  );

  protected lossFor(classes: number): Loss {
    const { loss } = this.options;
    return loss === 'logistic' && classes > 2 ? 'softmax' : loss;
  }

  protected override penaltyFor() {
    return penaltyOf(this.options);
  }

  protected override tolerancesFor() {
    return {};
  }

  protected override recipe(options: HandedOn): FitOptions {
    return recipeOf(this.options, options);
  }

  /**
   * Learns from new rows in one pass: the model of before goes on, with the rates where they were. The rows of the first
   * call have all classes, or the option `classes` names them.
   */
  async partialFit(data: FitData<L>, options?: FitControl): Promise<this> {
    return this.fitFrom(data, this.last, { ...onePass, ...readCallOptions(options) });
  }

  /** As {@link SGDClassifier.partialFit}, on the calling thread. */
  partialFitSync(data: FitData<L>, options?: FitControl): this {
    return this.fitFromSync(data, this.last, { ...onePass, ...readCallOptions(options) });
  }

  /** As {@link Model.predictProba}, for the losses `'logistic'` and `'modified_huber'`. */
  predictProba(X: Matrix, offset?: Float64Array): Float64Array {
    return this.model.predictProba(X, offset);
  }
}
