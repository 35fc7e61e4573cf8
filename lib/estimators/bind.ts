// Binding of the estimators to a class of models: that of the native backend or of the reference.

import type { Model } from '../model/model.js';
import * as estimators from './index.js';

type Estimators = Omit<typeof estimators, 'Estimator' | 'Classifier'>;

/** Each of them, by its name, making models of this class. */
export function bindEstimators(model: typeof Model): Estimators {
  const { Estimator: _, Classifier: __, ...all } = estimators;
  const bound = Object.entries(all).map(([name, estimator]) => {
    const type = class extends (estimator as new (options?: object) => object) {};
    return [name, Object.defineProperties(type, { name: { value: name }, model: { value: model } })];
  });
  return Object.fromEntries(bound);
}
