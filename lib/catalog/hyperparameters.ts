// Catalog of the estimators' hyperparameters.
import { type NumberOption, number } from './entry.js';
import { losses } from './losses.js';

/** The numbers by which estimators scale penalties, losses and steps: scikit-learn's names, ranges and defaults. */
export const hyperparameters = {
  alpha: number(1, '[0, ∞)', 'how much the penalty counts'),
  C: { ...number(1, '(0, ∞)', 'how much the loss counts beside the penalty; ∞: without one'), infinite: true },
  l1Ratio: number(0.5, '[0, 1]', 'the share of l1 in an elastic net'),
  delta: number(1.35, '(0, ∞)', 'where squared becomes absolute'),
  quantile: number(0.5, '(0, 1)', 'which quantile'),
  power: losses.tweedie.parameters.power,
  tol: number(0, '[0, ∞)', 'how near to the minimum a fit ends, as the namesake has it'),
  epsilon: number(0.1, '[0, ∞)', 'where huber becomes absolute; the error that is free of epsilon_insensitive'),
  eta0: number(0.01, '(0, ∞)', 'the learning rate, or where it begins'),
  powerT: number(0.25, '[0, 10]', 'how fast the rate falls with invscaling'),
} as const satisfies Record<string, NumberOption>;
