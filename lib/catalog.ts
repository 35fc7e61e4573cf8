// The one table of what a fit can be made of. Types, validation, the command's help and the docs derive from it.
// Order counts: a name's place is its number, and a parameter's place is its slot, in native/ and reference/.

/** A number's range, as an interval: '[0, 1)', '(0, ∞)'; `whole` for integers. */
export interface NumberOption {
  readonly kind: 'number';
  readonly default: number;
  readonly range: string;
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

/** ℓ(y, z), with its derivative in z. */
export const losses = {
  squared: { help: '½(z - y)², least squares', parameters: {} },
} as const satisfies Record<string, Entry>;

/** How weights, gradient and state make the next weights; defaults are PyTorch's. */
export const rules = {
  sgd: {
    help: 'w -= ηg, with momentum if asked',
    parameters: {
      learningRate: rate(0.01),
      momentum: number(0, '[0, 1)', 'μ, how much of the last step is kept'),
      dampening: number(0, '[0, 1]', 'τ, how much of the new gradient is held back'),
      nesterov: boolean(false, 'look ahead along the momentum'),
    },
  },
  adagrad: {
    help: 'per-coefficient steps that shrink with the squared gradients seen',
    parameters: {
      learningRate: rate(0.01),
      epsilon: number(1e-10, '[0, ∞)', 'ε, added to the root'),
      learningRateDecay: number(0, '[0, ∞)', 'd, divides η by 1 + (t-1)d'),
      initialAccumulator: number(0, '[0, ∞)', 'G₀, where the sum of squares begins'),
    },
  },
  rmsprop: {
    help: 'steps divided by a running root mean square of the gradient',
    parameters: {
      learningRate: rate(0.01),
      decay: number(0.99, '[0, 1)', 'α, of the running mean'),
      epsilon: number(1e-8, '[0, ∞)', 'ε, added to the root'),
      momentum: number(0, '[0, 1)', 'μ, how much of the last step is kept'),
      centered: boolean(false, 'subtract the squared mean gradient'),
    },
  },
  adam: {
    help: 'momentum and root mean square, corrected for their start at 0',
    parameters: {
      learningRate: rate(0.001),
      beta1: number(0.9, '[0, 1)', 'β₁, of the running mean'),
      beta2: number(0.999, '[0, 1)', 'β₂, of the running square'),
      epsilon: number(1e-8, '[0, ∞)', 'ε, added to the root'),
    },
  },
} as const satisfies Record<string, Entry>;

/** The learning rate at step t, counted from 1. */
export const schedules = {
  constant: { help: 'η throughout', parameters: {} },
  invscaling: {
    help: 'η/t^power, t counting steps',
    parameters: { power: number(0.25, '[0, 10]', 'p, how fast the rate falls') },
  },
} as const satisfies Record<string, Entry>;

/** Which rows make the next batch. */
export const samplers = {
  full: { help: 'all rows in every step: batch gradient descent', parameters: {} },
  sequential: { help: 'mini-batches in the order of the rows', parameters: {} },
  shuffled: { help: 'mini-batches in a new random order every epoch', parameters: {} },
  replacement: { help: 'rows drawn at random with replacement', parameters: {} },
  indices: { help: 'the rows that `indices` names, in that order, every epoch', parameters: {} },
} as const satisfies Record<string, Entry>;

/** The options of a fit that are not one of the axes above. */
export const fitOptions = {
  batchSize: whole(32, '[1, 4294967295]', 'rows in a step; all rows unless given, and 32 with a sampler but full'),
  epochs: whole(100, '[1, 9007199254740991]', 'passes over the data at most'),
  tolerance: number(0, '[0, ∞)', 'stop when the mean loss changes by less from one epoch to the next; 0: never'),
  intercept: boolean(true, 'fit a constant term'),
  seed: whole(0, '[0, 9007199254740991]', 'of the random order; the same seed draws the same rows everywhere'),
} as const satisfies Record<string, Parameter>;

/** What history holds. */
export const histories = {
  epoch: { help: 'the mean loss of each epoch', parameters: {} },
  step: { help: 'the mean loss of each step', parameters: {} },
} as const satisfies Record<string, Entry>;

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
