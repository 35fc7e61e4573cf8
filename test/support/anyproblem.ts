// Random problems of every loss, and options for them.
import type { Options, Problem } from './optimum.js';
import { normal, random } from './support.js';

const locations: readonly string[] = [
  'squared',
  'huber',
  'squared_epsilon_insensitive',
  'quantile',
  'epsilon_insensitive',
];
export const margins: readonly string[] = ['squared_hinge', 'hinge', 'modified_huber', 'perceptron'];
const parameters = {
  huber: 'delta',
  squared_epsilon_insensitive: 'epsilon',
  epsilon_insensitive: 'epsilon',
  tweedie: 'power',
  tweedie_identity: 'power',
  quantile: 'quantile',
} as const;

/** A random problem, of a scale from 1e-12 to 1e12 and often with columns far from 0, and options for it. */
export function randomProblem(
  loss: Options['loss'],
  seed: number,
  lasso = true,
): { problem: Problem; options: Options } {
  const uniform = random(seed);
  const power = (most: number) => 10 ** (most * (2 * uniform() - 1));
  const pick = <T>(...values: T[]): T => values[Math.floor(uniform() * values.length)];
  const cols = 1 + Math.floor(5 * uniform());
  const classes = loss === 'softmax' ? 3 : 1;
  const rows = 8 * classes + Math.floor(4 * cols * uniform()) + 4 * cols;
  const intercept = uniform() < 0.8 || loss === 'tweedie_identity';
  const isScaled = uniform() < 0.5;
  const isFar = intercept && uniform() < 0.5;
  const X = new Float64Array(rows * cols);
  const z = new Float64Array(rows);
  const scales: number[] = [];
  for (let j = 0; j < cols; j++) {
    const scale = isScaled ? power(12) : 1;
    const shift = isFar ? 10 ** (12 * uniform()) * pick(-1, 1) : 0;
    scales.push(scale);
    const w = normal(uniform) / Math.sqrt(cols);
    for (let i = 0; i < rows; i++) {
      const x = normal(uniform);
      z[i] += w * x;
      X[i * cols + j] = scale * (x + shift);
    }
  }
  const scale = uniform() < 0.7 ? power(12) : 1;
  const y = new Float64Array(rows);
  const options: Options = { loss, intercept, standardize: uniform() < 0.5 };
  const isLocation = locations.includes(loss);
  const isMargin = margins.includes(loss);
  const move = isLocation && intercept && uniform() < 0.5 ? 10 ** (9 * uniform()) * scale : 0;
  const noise = pick(0.01, 0.3, 1);
  for (let i = 0; i < rows; i++) {
    const e = normal(uniform);
    if (isLocation) y[i] = move + scale * (z[i] + noise * (uniform() < 0.1 ? 30 * e : e));
    else if (loss === 'softmax') y[i] = i < 3 ? i : Math.floor(uniform() * 3);
    else if (loss === 'logistic') y[i] = i < 2 ? i : Number(uniform() < 1 / (1 + Math.exp(-z[i])));
    else if (isMargin) y[i] = i < 2 ? 2 * i - 1 : uniform() < 1 / (1 + Math.exp(-z[i])) ? 1 : -1;
    else if (loss === 'tweedie_identity') y[i] = scale * (3 + Math.tanh(z[i])) * Math.exp(0.3 * noise * e);
    else y[i] = (intercept ? scale : 1) * Math.exp(z[i] + noise * e);
    if ((loss === 'poisson' || loss === 'tweedie') && uniform() < 0.1) y[i] = 0;
  }
  if (loss === 'huber') options.parameter = scale * noise * pick(1e-4, 0.1, 1, 3);
  if (loss === 'squared_epsilon_insensitive' || loss === 'epsilon_insensitive')
    options.parameter = scale * noise * pick(0.01, 0.5, 1);
  if (loss === 'tweedie') options.parameter = pick(1.1, 1.5, 1.9);
  if (loss === 'tweedie_identity') options.parameter = pick(1, 1.1, 1.5, 2, 3);
  if (loss === 'quantile') options.parameter = pick(0.05, 0.5, 0.5, 0.9);
  // A penalty in the units of the loss, and of some column.
  const isMean = loss === 'tweedie' || loss === 'tweedie_identity';
  const power1 = loss === 'poisson' ? 1 : isMean ? 2 - (options.parameter as number) : 0;
  // The mean loss for a z of 1: of straight pieces y's unit has no square.
  const isStraight = loss === 'quantile' || loss === 'epsilon_insensitive';
  const ofZ = isLocation || loss === 'tweedie_identity' ? scale : 1;
  const unit = isStraight ? 1 : isLocation ? scale : intercept ? scale ** power1 / ofZ : 1;
  const width = options.standardize ? 1 : scales[Math.floor(uniform() * cols)];
  const l1 = () => unit * width * pick(1e-3, 0.1);
  const l2 = () => (isLocation && !isStraight ? 1 : unit / ofZ) * width ** 2 * pick(1e-3, 0.1);
  // Classes of few rows are often told apart, where without l2 there is no minimum.
  if (classes > 1 || loss === 'logistic' || isMargin || uniform() < 0.4) options.l2 = l2();
  if (lasso && uniform() < 0.2) options.l1 = l1();
  const problem: Problem = { X, y, cols };
  if (uniform() < 0.3) {
    problem.sampleWeight = Float64Array.from({ length: rows }, (_, i) =>
      i > 3 && uniform() < 0.2 ? 0 : 0.1 + uniform(),
    );
  }
  if (lasso && uniform() < 0.2) {
    const slopes = scales.map((own) => (own === 0 ? 0 : (ofZ * pick(0, 0.1, 0.3)) / own));
    options.lowerBounds = slopes.map((most) => (uniform() < 0.5 ? -most : -Infinity));
    options.upperBounds = slopes.map((most) => (uniform() < 0.5 ? most : Infinity));
  }
  return { problem, options };
}

/** The options as a fit takes them. */
export function fitOptions({ parameter, loss, ...rest }: Options) {
  const name = parameters[loss as 'huber'];
  return { ...rest, loss: name ? { name: loss, [name]: parameter } : loss };
}
