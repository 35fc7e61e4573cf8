// Catalog of the numbers and switches of fits, paths, optimizers and textbook functions.
import { boolean, type Entry, number, type Parameter, whole } from './entry.js';
import { rules } from './rules.js';

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
