// Public functions of the update rules and solvers: `adam({ learningRate })` and its kin.
import type { Values } from './catalog/entry.js';
import type { rules } from './catalog/rules.js';

/** The parameters of an update rule, all optional; defaults are PyTorch's. */
export type RuleOptions<K extends keyof typeof rules> = Values<(typeof rules)[K]['parameters']>;
/** Plain data for the option `optimizer` of a fit, and for createOptimizer. */
export type RuleSpec<K extends keyof typeof rules> = { name: K } & RuleOptions<K>;

function spec<K extends keyof typeof rules>(name: K): (options?: RuleOptions<K>) => RuleSpec<K> {
  return (options) => ({ ...(options as RuleOptions<K>), name });
}

/** Gradient descent, w -= ηg: `learningRate` .01, `momentum` 0, `dampening` 0, `nesterov` false, `weightDecay` 0. */
export const sgd: (options?: RuleOptions<'sgd'>) => RuleSpec<'sgd'> = spec('sgd');
/** Heavy ball, v = μv + (1-τ)g; w -= ηv: `learningRate` .01, `momentum` .9, `dampening` 0. */
export const momentum: (options?: RuleOptions<'momentum'>) => RuleSpec<'momentum'> = spec('momentum');
/** Nesterov's look-ahead, w -= η(g + μv): `learningRate` .01, `momentum` .9, `dampening` 0. */
export const nesterov: (options?: RuleOptions<'nesterov'>) => RuleSpec<'nesterov'> = spec('nesterov');
/** G += g²; w -= ηg/(√G + ε): `learningRate` .01, `epsilon` 1e-10, `learningRateDecay` 0, `initialAccumulator` 0. */
export const adagrad: (options?: RuleOptions<'adagrad'>) => RuleSpec<'adagrad'> = spec('adagrad');
/** Zeiler's Adadelta: `learningRate` 1, `decay` ρ .9, `epsilon` 1e-6. */
export const adadelta: (options?: RuleOptions<'adadelta'>) => RuleSpec<'adadelta'> = spec('adadelta');
/** v = αv + (1-α)g²; w -= ηg/(√v + ε): `learningRate` .01, `decay` α .99, `epsilon` 1e-8, `momentum` 0, `centered`. */
export const rmsprop: (options?: RuleOptions<'rmsprop'>) => RuleSpec<'rmsprop'> = spec('rmsprop');
/** Adam: `learningRate` .001, `beta1` .9, `beta2` .999, `epsilon` 1e-8, `amsgrad` false, `weightDecay` 0. */
export const adam: (options?: RuleOptions<'adam'>) => RuleSpec<'adam'> = spec('adam');
/** Adam with decoupled weight decay: `weightDecay` .01, else as {@link adam}. */
export const adamw: (options?: RuleOptions<'adamw'>) => RuleSpec<'adamw'> = spec('adamw');
/** Adam with the infinity norm: `learningRate` .002, `beta1` .9, `beta2` .999, `epsilon` 1e-8. */
export const adamax: (options?: RuleOptions<'adamax'>) => RuleSpec<'adamax'> = spec('adamax');
/** Adam with Nesterov momentum: `learningRate` .002, `momentumDecay` ψ .004, else as {@link adam}. */
export const nadam: (options?: RuleOptions<'nadam'>) => RuleSpec<'nadam'> = spec('nadam');
/** Rectified Adam: `learningRate` .001, `beta1` .9, `beta2` .999, `epsilon` 1e-8. */
export const radam: (options?: RuleOptions<'radam'>) => RuleSpec<'radam'> = spec('radam');
/** w -= η sign(β₁m + (1-β₁)g): `learningRate` 1e-4, `beta1` .9, `beta2` .99, decoupled `weightDecay` 0. */
export const lion: (options?: RuleOptions<'lion'>) => RuleSpec<'lion'> = spec('lion');
/** Adam whose square grows slowly: `learningRate` .01, `epsilon` 1e-3, `beta1` .9, `beta2` .999. */
export const yogi: (options?: RuleOptions<'yogi'>) => RuleSpec<'yogi'> = spec('yogi');
/** Adam with the variance of the gradient: `learningRate` .001, `epsilon` 1e-16, `beta1` .9, `beta2` .999. */
export const adabelief: (options?: RuleOptions<'adabelief'>) => RuleSpec<'adabelief'> = spec('adabelief');
/**
 * Follow the regularised leader: `learningRate` α .1, `beta` 1. Takes `l1` and `l2` of the mean loss into its step: after
 * t steps t·l1 holds against the sum of the gradients (regularised dual averaging, Xiao 2010).
 */
export const ftrl: (options?: RuleOptions<'ftrl'>) => RuleSpec<'ftrl'> = spec('ftrl');
/**
 * FTRL-Proximal as McMahan et al. 2013 have it: `learningRate` α .1, `beta` 1. `l1` and `l2` hold once against the sum of
 * all gradients, so that they fade the longer a fit takes.
 */
export const ftrlProximal: (options?: RuleOptions<'ftrlProximal'>) => RuleSpec<'ftrlProximal'> = spec('ftrlProximal');
/**
 * Resilient propagation (Riedmiller and Braun 1993), for all rows in every step: `learningRate` .01 is the first step size,
 * `etaMinus` .5, `etaPlus` 1.2, `minStep` 1e-6, `maxStep` 50. A schedule scales all steps. Refuses `l1`.
 */
export const rprop: (options?: RuleOptions<'rprop'>) => RuleSpec<'rprop'> = spec('rprop');
/**
 * Averaged SGD (Polyak and Juditsky 1992): η/(1 + λη(t-1))^α with `learningRate` η .01, `lambd` λ 1e-4, `alpha` .75, and
 * w *= 1 - λη. As in PyTorch the average, from step `t0` 1e6 on, is the state of an optimizer, and a fit returns the weights
 * themselves: ask for the option `averaging` there.
 */
export const asgd: (options?: RuleOptions<'asgd'>) => RuleSpec<'asgd'> = spec('asgd');
