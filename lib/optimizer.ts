import type { rules, Values } from './catalog.js';

type Parameters<K extends keyof typeof rules> = Values<(typeof rules)[K]['parameters']>;
type Described<K extends keyof typeof rules> = { name: K } & Parameters<K>;

/**
 * Gradient descent: w -= ηg, with momentum and Nesterov's look-ahead if asked.
 *
 * @param options - `learningRate` .01, `momentum` 0, `dampening` 0, `nesterov` false (PyTorch's SGD)
 * @returns plain data for the option `optimizer` of a fit
 */
export function sgd(options: Parameters<'sgd'> = {}): Described<'sgd'> {
  return { ...options, name: 'sgd' };
}

/**
 * Adagrad: G += g²; w -= η/(1+(t-1)d) · g/(√G + ε).
 *
 * @param options - `learningRate` .01, `epsilon` 1e-10, `learningRateDecay` 0, `initialAccumulator` 0
 * @returns plain data for the option `optimizer` of a fit
 */
export function adagrad(options: Parameters<'adagrad'> = {}): Described<'adagrad'> {
  return { ...options, name: 'adagrad' };
}

/**
 * RMSprop: v = αv + (1-α)g²; w -= η g/(√v + ε).
 *
 * @param options - `learningRate` .01, `decay` α .99, `epsilon` 1e-8, `momentum` 0, `centered` false
 * @returns plain data for the option `optimizer` of a fit
 */
export function rmsprop(options: Parameters<'rmsprop'> = {}): Described<'rmsprop'> {
  return { ...options, name: 'rmsprop' };
}

/**
 * Adam: m = β₁m + (1-β₁)g; v = β₂v + (1-β₂)g²; w -= η/(1-β₁ᵗ) · m/(√v/√(1-β₂ᵗ) + ε).
 *
 * @param options - `learningRate` .001, `beta1` .9, `beta2` .999, `epsilon` 1e-8
 * @returns plain data for the option `optimizer` of a fit
 */
export function adam(options: Parameters<'adam'> = {}): Described<'adam'> {
  return { ...options, name: 'adam' };
}
