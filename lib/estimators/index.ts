// Exports of the estimators: scikit-learn's names and scales over `fit`.
export {
  Classifier,
  LinearSVC,
  type LinearSVCOptions,
  LogisticRegression,
  type SoftmaxOptions,
  SoftmaxRegression,
} from './classifiers.js';
export { Estimator, type EstimatorJSON } from './estimator.js';
export type { ClassifierOptions, EstimatorOptions } from './options.js';
export {
  type AlphaOptions,
  ElasticNet,
  type ElasticNetOptions,
  GammaRegressor,
  type HuberOptions,
  HuberRegressor,
  Lasso,
  LinearRegression,
  PoissonRegressor,
  type QuantileOptions,
  QuantileRegressor,
  Ridge,
  type TweedieOptions,
  TweedieRegressor,
} from './regressors.js';
export {
  SGDClassifier,
  type SGDClassifierOptions,
  SGDRegressor,
  type SGDRegressorOptions,
} from './sgd.js';
