// The one table of what a fit can be made of. Types, validation, the command's help and the docs derive from it.
// Order counts: a name's place is its number, and a parameter's place is its slot, in native/ and reference/.

/** A number's range, as an interval: '[0, 1)', '(0, ∞)'; `whole` for integers. */
export interface NumberOption {
  readonly kind: 'number';
  readonly default: number;
  readonly range: string;
  /** Numbers of the range that are refused, as an interval. */
  readonly gap?: string;
  /** Whether ∞ is taken, too. */
  readonly infinite?: boolean;
  readonly whole?: boolean;
  readonly help: string;
}
export interface BooleanOption {
  readonly kind: 'boolean';
  readonly default: boolean;
  readonly help: string;
}
export type Parameter = NumberOption | BooleanOption;

export interface Entry {
  readonly help: string;
  readonly parameters: { readonly [name: string]: Parameter };
}

const number = (value: number, range: string, help: string): NumberOption => ({
  kind: 'number',
  default: value,
  range,
  help,
});
const whole = (value: number, range: string, help: string): NumberOption => ({
  ...number(value, range, help),
  whole: true,
});
const boolean = (value: boolean, help: string): BooleanOption => ({ kind: 'boolean', default: value, help });

const rate = (value: number): NumberOption => number(value, '(0, ∞)', 'η, the step size');

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

const warmup = number(0, '[0, ∞)', 'epochs (or a part of one) over which the rate first rises from 0');
const minimum = number(0, '[0, ∞)', 'the rate does not fall below it');

/** The learning rate at step t, counted from 1; an epoch e may be a fraction. */
export const schedules = {
  constant: { help: 'η throughout', parameters: { warmup } },
  invscaling: {
    help: 'η/t^power, t counting steps',
    parameters: { warmup, power: number(0.25, '[0, 10]', 'how fast the rate falls; .5 for classes if not given') },
  },
  exponential: {
    help: 'η·gamma^epoch',
    parameters: { warmup, gamma: number(0.95, '(0, 1]', 'what an epoch leaves of the rate') },
  },
  step: {
    help: 'times gamma every stepSize epochs',
    parameters: {
      warmup,
      stepSize: whole(30, '[1, 9007199254740991]', 'epochs between two falls'),
      gamma: number(0.1, '(0, 1]', 'what a fall leaves of the rate'),
    },
  },
  polynomial: {
    help: 'down to a minimum at the last step, along a power',
    parameters: { warmup, power: number(1, '(0, 10]', '1 is a straight line'), minimum },
  },
  cosine: {
    help: 'down to a minimum along half a cosine, with restarts if asked',
    parameters: {
      warmup,
      minimum,
      restart: number(0, '[0, ∞)', 'epochs of the first cycle; 0: one cycle over the whole fit'),
      restartFactor: number(1, '[1, ∞)', 'how much longer each cycle is than the last'),
    },
  },
  onecycle: {
    help: 'up to η, then down to almost nothing',
    parameters: {
      warmup,
      start: number(0.3, '(0, 1)', 'the part of the steps in which the rate rises'),
      divisor: number(25, '[1, ∞)', 'η over the first rate'),
      finalDivisor: number(1e4, '[1, ∞)', 'the first rate over the last'),
    },
  },
  plateau: {
    help: 'times factor when the loss has not fallen for some epochs',
    parameters: {
      warmup,
      factor: number(0.1, '(0, 1)', 'what a fall leaves of the rate'),
      patience: whole(10, '[0, 9007199254740991]', 'epochs without improvement that are waited for'),
      threshold: number(1e-4, '[0, 1)', 'the relative change that counts as improvement'),
      minimum,
    },
  },
  optimal: {
    help: '1/(alpha (t₀ + t)), t₀ by Bottou; does not use learningRate',
    parameters: { warmup, alpha: number(1e-4, '(0, ∞)', 'α; l2 if that is above 0 and alpha is not given') },
  },
  multistep: {
    help: 'times gamma at each of some milestones (epochs)',
    parameters: { warmup, gamma: number(0.1, '(0, 1]', 'what a milestone leaves of the rate') },
  },
  cyclic: {
    help: 'up to η and down again in straight lines, over and over',
    parameters: {
      warmup,
      rise: number(4, '[0.001, ∞)', 'epochs of the way up'),
      fall: number(4, '[0.001, ∞)', 'epochs of the way down'),
      divisor: number(10, '[1, ∞)', 'η over the lowest rate'),
      gamma: number(1, '(0, 1]', 'what a cycle leaves of the height; .5 is triangular2'),
    },
  },
  sequential: { help: 'one schedule after another, each for some epochs', parameters: { warmup } },
  lambda: { help: 'η times what a function says of the epoch', parameters: { warmup } },
} as const satisfies Record<string, Entry>;

/** Of those, what an option must hold beside numbers and switches: lib/input/schedules. */
export const listedSchedules = { multistep: 'milestones', sequential: 'parts', lambda: 'lambda' } as const;

/** Which rows make the next batch. */
export const samplers = {
  full: { help: 'all rows in every step: batch gradient descent', parameters: {} },
  sequential: { help: 'mini-batches in the order of the rows', parameters: {} },
  shuffled: {
    help: 'mini-batches in a new random order every epoch',
    parameters: { once: boolean(false, 'the same random order in every epoch') },
  },
  replacement: { help: 'rows drawn at random with replacement', parameters: {} },
  indices: { help: 'the rows that `indices` names, in that order, every epoch', parameters: {} },
} as const satisfies Record<string, Entry>;

const start = whole(1, '[1, 9007199254740991]', 'the step with which the average begins');

/** Which weights are returned. */
export const averagings = {
  none: { help: 'those of the last step', parameters: {} },
  polyak: { help: 'the mean over all steps from `start` on', parameters: { start } },
  ema: {
    help: 'an exponential running mean',
    parameters: { decay: number(0.999, '[0, 1)', 'what a step leaves of the average'), start },
  },
} as const satisfies Record<string, Entry>;

/** That a fit can use, or all of them. */
export const mostThreads = 1024;

/** The numbers and switches of a fit. */
export const fitOptions = {
  batchSize: whole(32, '[1, 4294967295]', 'rows in a step; all rows unless given, and 32 with a sampler but full'),
  epochs: whole(100, '[1, 9007199254740991]', 'passes over the data at most'),
  tolerance: number(0, '[0, ∞)', 'stop when the loss changes by less from one epoch to the next; 0: never'),
  gradientTolerance: number(0, '[0, ∞)', 'stop when the gradient is shorter (its Euclidean norm); 0: never'),
  patience: whole(0, '[0, 9007199254740991]', 'stop after so many epochs without improvement; 0: never'),
  minDelta: number(0, '[0, ∞)', 'what counts as improvement for patience and restoreBest'),
  maxSeconds: number(0, '[0, ∞)', 'stop at the end of an epoch after this time; 0: never'),
  restoreBest: boolean(false, 'return the coefficients of the best epoch, not of the last'),
  l1: number(0, '[0, ∞)', 'l1·Σ|w|, which makes coefficients exactly 0'),
  l2: number(0, '[0, ∞)', '½·l2·Σw²'),
  nonNegative: boolean(false, 'no coefficient below 0'),
  lowerBounds: number(-Infinity, '[-∞, ∞)', 'no coefficient below this'),
  upperBounds: number(Infinity, '(-∞, ∞]', 'no coefficient above this'),
  clipNorm: number(0, '[0, ∞)', 'the longest gradient, by Euclidean norm; 0: any'),
  clipValue: number(0, '[0, ∞)', 'the largest element of a gradient; 0: any'),
  intercept: boolean(true, 'fit a constant term'),
  gram: boolean(true, 'take the Gram matrix of least squares where that is faster than a pass over X in every step'),
  keepState: boolean(false, 'remember the state of the update rule, for partialFit'),
  standardize: boolean(false, 'fit on columns of mean 0 and deviation 1; the model is that of the columns as they are'),
  validationFraction: number(0, '[0, 1)', 'the part of the rows, drawn by seed, held out for validation'),
  threads: whole(0, `[0, ${mostThreads}]`, 'that a fit uses at most; 0: as many as there are'),
  seed: whole(0, '[0, 9007199254740991]', 'of the random order; the same seed draws the same rows everywhere'),
} as const satisfies Record<string, Parameter>;

/** What an optimizer may be asked for beside what it shares with a fit. */
export const updateOptions = {
  maximize: boolean(false, 'go up the gradient, not down'),
} as const satisfies Record<string, Parameter>;

/** What the loss history holds. */
export const histories = {
  epoch: { help: 'the loss of each epoch', parameters: {} },
  step: { help: 'the loss of each step', parameters: {} },
} as const satisfies Record<string, Entry>;

/** The numbers and switches of a path over λ, beside those of a fit. */
export const pathOptions = {
  count: whole(100, '[1, 10000]', 'how many λ, evenly spaced by their logarithms'),
  minRatio: number(1e-4, '(0, 1)', 'the smallest λ over the largest; 1e-2 for fewer rows than columns if not given'),
  l1Ratio: number(1, '[0, 1]', 'l1 = λ·l1Ratio, l2 = λ·(1 - l1Ratio)'),
  full: boolean(false, 'go on to the last λ when smaller ones explain no more'),
} as const satisfies Record<string, Parameter>;

/** Those of cross-validation, beside those of a path. */
export const crossValidationOptions = {
  folds: whole(10, '[2, 4294967295]', 'parts that the rows are dealt into, drawn by seed'),
} as const satisfies Record<string, Parameter>;

export interface MeasureEntry extends Entry {
  /** What it can be taken of: numbers (values and means), classes, or all. */
  readonly of: 'numbers' | 'classes' | 'all';
  /** Whether more is better. */
  readonly rises: boolean;
}

/** What cross-validation compares models by, on the rows held out. */
export const measures = {
  deviance: { help: 'twice what the loss is above its least', of: 'all', rises: false, parameters: {} },
  loss: { help: 'the mean loss, without penalty', of: 'all', rises: false, parameters: {} },
  mse: { help: 'the mean squared error', of: 'numbers', rises: false, parameters: {} },
  mae: { help: 'the mean absolute error', of: 'numbers', rises: false, parameters: {} },
  accuracy: { help: 'the part of the classes that is right', of: 'classes', rises: true, parameters: {} },
  auc: { help: 'the area under the ROC curve, of two classes', of: 'classes', rises: true, parameters: {} },
} as const satisfies Record<string, MeasureEntry>;

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

/** The options of the textbook functions, beside X, y, theta and indices. */
export const textbookOptions = {
  alpha: number(0.01, '(0, ∞)', 'α, the learning rate; must be given'),
  iterations: whole(1, '[1, 9007199254740991]', 'passes over the data; must be given'),
  threshold: number(0, '[0, ∞)', 'stop when the cost changes by less from one iteration to the next; 0: never'),
  batchSize: whole(32, '[1, 4294967295]', 'rows in a mini-batch; the last may be short'),
  seed: fitOptions.seed,
  beta1: rules.adam.parameters.beta1,
  beta2: rules.adam.parameters.beta2,
  epsilon: rules.adam.parameters.epsilon,
} as const satisfies Record<string, Parameter>;

/** The types of a table's parameters, all optional. */
export type Values<P extends Entry['parameters']> = {
  -readonly [K in keyof P]?: P[K] extends BooleanOption ? boolean : number;
};
/** A choice from a table: its name, or its name with parameters. */
export type Choice<T extends Record<string, Entry>> =
  | keyof T
  | { [K in keyof T]: { name: K } & Values<T[K]['parameters']> }[keyof T];
