// Catalog of the losses ℓ(y, z).
// Order counts: a name’s index is its number, and a parameter’s index is its slot, in native/ and reference/.
import { type Entry, number } from './entry.js';

/** What the target of a loss must be. */
export type TargetKind = 'real' | 'nonNegative' | 'positive' | 'tweedie' | 'zeroOne' | 'plusMinusOne' | 'label';
export interface LossEntry extends Entry {
  readonly target: TargetKind;
  /** How a prediction comes from z. */
  readonly predicts: 'value' | 'mean' | 'class';
  /** What z is of a mean: its logarithm, unless it is the mean itself. */
  readonly link?: 'identity';
}

/** ℓ(y, z), with its derivative in z. */
export const losses = {
  squared: { help: '½(z - y)², least squares', target: 'real', predicts: 'value', parameters: {} },
  logistic: {
    help: 'ln(1 + e^z) - yz, two classes 0 and 1, or fractions of the second',
    target: 'zeroOne',
    predicts: 'class',
    parameters: {},
  },
  softmax: {
    help: 'ln Σ e^z_k - z_y, classes 0 … K-1',
    target: 'label',
    predicts: 'class',
    parameters: {},
  },
  hinge: {
    help: 'max(0, 1 - yz), classes -1 and 1 (or 0 and 1)',
    target: 'plusMinusOne',
    predicts: 'class',
    parameters: {},
  },
  squared_hinge: {
    help: 'max(0, 1 - yz)², classes -1 and 1 (or 0 and 1)',
    target: 'plusMinusOne',
    predicts: 'class',
    parameters: {},
  },
  huber: {
    help: 'squared within δ of the target, absolute beyond',
    target: 'real',
    predicts: 'value',
    parameters: { delta: number(1, '(0, ∞)', 'δ, where squared becomes absolute') },
  },
  quantile: {
    help: 'max(qr, (q-1)r) with r = y - z, the q-th quantile',
    target: 'real',
    predicts: 'value',
    parameters: { quantile: number(0.5, '(0, 1)', 'q, which quantile; .5 is the median') },
  },
  epsilon_insensitive: {
    help: 'max(0, |z - y| - ε), support vector regression',
    target: 'real',
    predicts: 'value',
    parameters: { epsilon: number(0.1, '[0, ∞)', 'ε, how much error is free') },
  },
  squared_epsilon_insensitive: {
    help: 'max(0, |z - y| - ε)²',
    target: 'real',
    predicts: 'value',
    parameters: { epsilon: number(0.1, '[0, ∞)', 'ε, how much error is free') },
  },
  poisson: { help: 'e^z - yz, counts (log link)', target: 'nonNegative', predicts: 'mean', parameters: {} },
  gamma: { help: 'y e^-z + z, positive amounts (log link)', target: 'positive', predicts: 'mean', parameters: {} },
  tweedie: {
    help: 'amounts whose variance is a power of the mean, with zeros below 2 (log link)',
    target: 'tweedie',
    predicts: 'mean',
    parameters: {
      power: { ...number(1.5, '[0, ∞)', 'p, of the variance: 0 is normal, 1 Poisson, 2 gamma'), gap: '(0, 1)' },
    },
  },
  modified_huber: {
    help: 'max(0, 1 - yz)², from yz = -1 on -4yz: classes -1 and 1 (or 0 and 1)',
    target: 'plusMinusOne',
    predicts: 'class',
    parameters: {},
  },
  perceptron: {
    help: 'max(0, -yz), by an update rule: classes -1 and 1 (or 0 and 1)',
    target: 'plusMinusOne',
    predicts: 'class',
    parameters: {},
  },
  tweedie_identity: {
    help: 'tweedie of the mean z itself, which must be positive',
    target: 'tweedie',
    predicts: 'mean',
    link: 'identity',
    parameters: { power: number(1.5, '[1, ∞)', 'p, of the variance: 1 is Poisson, 2 gamma') },
  },
} as const satisfies Record<string, LossEntry>;
