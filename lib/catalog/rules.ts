// Catalog of the update rules, and of the solvers that need no learning rate.
// Order counts: a name’s index is its number, and a parameter’s index is its slot, in native/ and reference/.
import { boolean, type Entry, type NumberOption, number, whole } from './entry.js';

const rate = (value: number): NumberOption => number(value, '(0, ∞)', 'η, the step size');

const decay = (value: number, decoupled: boolean) => ({
  weightDecay: number(value, '[0, ∞)', 'λ, pulls the coefficients to 0; not the intercept'),
  decoupled: boolean(decoupled, 'decay the weights themselves, not through the gradient'),
});
const common = (learningRate: number) => ({ learningRate: rate(learningRate), ...decay(0, false) });
const momentum = (value: number) => ({
  momentum: number(value, '[0, 1)', 'μ, how much of the last step is kept'),
  dampening: number(0, '[0, 1]', 'τ, how much of the new gradient is held back'),
});
const moments = (epsilon: number) => ({
  beta1: number(0.9, '[0, 1)', 'β₁, of the running mean'),
  beta2: number(0.999, '[0, 1)', 'β₂, of the running square'),
  epsilon: number(epsilon, '[0, ∞)', 'ε, added to the root'),
});
const amsgrad = boolean(false, 'keep the largest running square');

export interface RuleEntry extends Entry {
  /** Why the rule refuses l1, where it does: it would not reach the minimum. */
  readonly withoutL1?: string;
}

/** How weights, gradient and state make the next weights; defaults are PyTorch's. */
export const rules = {
  sgd: {
    help: 'w -= ηg, with momentum if asked',
    parameters: { ...common(0.01), ...momentum(0), nesterov: boolean(false, 'look ahead along the momentum') },
  },
  momentum: { help: 'sgd with momentum', parameters: { ...common(0.01), ...momentum(0.9) } },
  nesterov: { help: 'sgd with Nesterov momentum', parameters: { ...common(0.01), ...momentum(0.9) } },
  adagrad: {
    help: 'per-coefficient steps that shrink with the squared gradients seen',
    parameters: {
      ...common(0.01),
      epsilon: number(1e-10, '[0, ∞)', 'ε, added to the root'),
      learningRateDecay: number(0, '[0, ∞)', 'd, divides η by 1 + (t-1)d'),
      initialAccumulator: number(0, '[0, ∞)', 'G₀, where the sum of squares begins'),
    },
  },
  adadelta: {
    help: 'adagrad with a running mean, in the units of the weights',
    parameters: {
      ...common(1),
      decay: number(0.9, '[0, 1)', 'ρ, of the running means'),
      epsilon: number(1e-6, '[0, ∞)', 'ε, under the roots'),
    },
  },
  rmsprop: {
    help: 'steps divided by a running root mean square of the gradient',
    parameters: {
      ...common(0.01),
      decay: number(0.99, '[0, 1)', 'α, of the running mean'),
      epsilon: number(1e-8, '[0, ∞)', 'ε, added to the root'),
      momentum: number(0, '[0, 1)', 'μ, how much of the last step is kept'),
      centered: boolean(false, 'subtract the squared mean gradient'),
    },
  },
  adam: {
    help: 'momentum and root mean square, corrected for their start at 0',
    parameters: { ...common(0.001), ...moments(1e-8), amsgrad },
  },
  adamw: {
    help: 'adam with decoupled weight decay',
    parameters: { learningRate: rate(0.001), ...decay(0.01, true), ...moments(1e-8), amsgrad },
  },
  adamax: { help: 'adam with the largest gradient', parameters: { ...common(0.002), ...moments(1e-8) } },
  nadam: {
    help: 'adam with Nesterov momentum',
    parameters: {
      ...common(0.002),
      ...moments(1e-8),
      momentumDecay: number(0.004, '[0, ∞)', 'ψ, how fast the momentum rises to β₁'),
    },
  },
  radam: { help: 'adam that waits until its variance is known', parameters: { ...common(0.001), ...moments(1e-8) } },
  lion: {
    help: 'steps of one size, in the direction of a running mean',
    withoutL1: 'its steps have one size, whatever the slope',
    parameters: {
      learningRate: rate(1e-4),
      ...decay(0, true),
      beta1: number(0.9, '[0, 1)', 'β₁, of the direction'),
      beta2: number(0.99, '[0, 1)', 'β₂, of the running mean'),
    },
  },
  yogi: { help: 'adam whose square grows slowly', parameters: { ...common(0.01), ...moments(1e-3) } },
  adabelief: { help: 'adam with the variance of the gradient', parameters: { ...common(0.001), ...moments(1e-16) } },
  ftrl: {
    help: 'follow the regularised leader, for sparse models with l1; the penalty is that of the mean loss',
    parameters: { ...common(0.1), beta: number(1, '[0, ∞)', 'β, added to the root') },
  },
  ftrlProximal: {
    help: "McMahan's form of ftrl: the penalty is against the sum of the gradients, and fades in a fit",
    parameters: { ...common(0.1), beta: number(1, '[0, ∞)', 'β, added to the root') },
  },
  rprop: {
    help: 'steps whose size grows while a slope keeps its sign; for all rows in every step',
    withoutL1: 'its steps do not depend on the size of the slope',
    parameters: {
      ...common(0.01),
      etaMinus: number(0.5, '(0, 1)', 'η⁻, what a change of sign leaves of the step size'),
      etaPlus: number(1.2, '[1, ∞)', 'η⁺, by which the step size grows otherwise'),
      minStep: number(1e-6, '[0, ∞)', 'the least step size'),
      maxStep: number(50, '(0, ∞)', 'the largest step size'),
    },
  },
  asgd: {
    help: 'sgd with a falling rate, that keeps the average of the weights as its state',
    parameters: {
      ...common(0.01),
      lambd: number(1e-4, '[0, ∞)', 'λ, pulls the coefficients to 0 and lets the rate fall'),
      alpha: number(0.75, '[0, ∞)', 'α, how fast the rate falls'),
      t0: number(1e6, '[0, ∞)', 't₀, the step after which the average begins'),
    },
  },
} as const satisfies Record<string, RuleEntry>;

/** What finds the minimum of the whole objective without a learning rate, in place of a rule. */
export const solvers = {
  lbfgs: {
    help: 'limited-memory BFGS with a strong Wolfe search; orthant-wise with l1; multipliers for piecewise-linear losses',
    parameters: { memory: whole(10, '[1, 1000]', 'steps that are remembered') },
  },
  newton: {
    help: 'Newton steps by Cholesky, for moderate numbers of columns; an interior point method for piecewise-linear losses',
    parameters: {},
  },
  exact: { help: 'least squares and ridge in closed form', parameters: {} },
  auto: { help: 'exact, newton or lbfgs, by shape, loss and penalty', parameters: {} },
} as const satisfies Record<string, Entry>;
