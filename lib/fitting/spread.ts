// Unit of an objective: the loss of a constant prediction, above its least possible value.
// Where the constant prediction is at that value, it is the loss of z = 0.

import {
  hingeLoss,
  logisticLoss,
  type Plan,
  perceptronLoss,
  quantileLoss,
  softmaxLoss,
  squaredLoss,
  type Table,
} from '../backend/plan.js';
import { losses as entries, type LossEntry } from '../catalog/losses.js';
import { losses } from '../reference/kernels/losses.js';
import { log } from '../reference/kernels/math.js';

/** Of a loss, what may be rounding. */
const rounding = 2 ** -40;
/** As far down as a logarithm goes here. */
const lowest = -700;

const kinds = Object.values(entries).map(({ predicts }) => predicts);
const targetKinds = Object.values(entries).map(({ target }) => target);
const logOf = (x: number): number => (x > 0 ? log(x) : lowest);
/** The least mean of the identity link. */
const leastMean = 2 ** -1000;

/** z of a mean. */
const links = Object.values(entries).map(({ link }: LossEntry) => {
  return link === 'identity' ? (mean: number) => Math.max(mean, leastMean) : logOf;
});

/** Some rows of one target, with weights that add up to `total`. */
interface Sample {
  y: Float64Array;
  weights: Float64Array;
  total: number;
  mean: number;
}

/** So many rows, evenly spaced; of losses of values y less the offset. */
function sampleOf(plan: Plan, { y, sampleWeight, offset, index, count }: Table, rows: number, k: number): Sample {
  const { targets, loss } = plan;
  const from = kinds[loss] === 'value' ? offset : null;
  const stride = count / rows;
  const sample = { y: new Float64Array(rows), weights: new Float64Array(rows) };
  let total = 0;
  let mean = 0;
  for (let i = 0; i < rows; i++) {
    const place = Math.floor(i * stride);
    const row = index ? index[place] : place;
    const at = row * targets + k;
    const weight = sampleWeight ? sampleWeight[row] : 1;
    if (weight === 0) continue;
    const value = from ? y[at] - from[at] : y[at];
    sample.y[i] = value;
    sample.weights[i] = weight;
    total += weight;
    mean += (weight * (value - mean)) / total;
  }
  return { ...sample, total, mean };
}

/** The mean loss at a z for each row, rows of one output after another. */
function meanLoss({ loss, lossParameters: parameters }: Plan, { y, weights, total }: Sample, z: Float64Array): number {
  const n = y.length;
  const args = { y, yAt: 0, z, weights, weightsAt: 0, n, outputs: z.length / n, stride: n, parameters };
  return losses[loss].gradient({ ...args, terms: new Float64Array(n) }) / total;
}

/** How much of a sample is of each class. */
function sharesOf(classes: number, { y, weights, total }: Sample): number[] {
  const shares = new Array<number>(classes).fill(0);
  for (let i = 0; i < y.length; i++) shares[y[i]] += weights[i] / total;
  return shares;
}

/**
 * Rows of few values of y whose mean loss at a constant prediction is that of the sample: losses of means, and logistic, are
 * linear in y, and those of classes sums over these.
 */
function condensed({ loss, outputs }: Plan, sample: Sample): Sample {
  const { total, mean } = sample;
  const of = (y: number[], parts: number[]): Sample => {
    return { ...sample, y: Float64Array.from(y), weights: Float64Array.from(parts, (part) => part * total) };
  };
  if (loss === softmaxLoss) {
    const shares = sharesOf(outputs, sample);
    const seen = [...shares.keys()].filter((k) => shares[k] > 0);
    return of(
      seen,
      seen.map((k) => shares[k]),
    );
  }
  if (targetKinds[loss] === 'plusMinusOne') return of([-1, 1], [0.5 * (1 - mean), 0.5 * (1 + mean)]);
  return kinds[loss] === 'value' ? sample : of([mean], [1]);
}

/** The mean loss at a z for each output, the same for all rows. */
function meanLossAt(plan: Plan, sample: Sample, z: readonly number[]): number {
  const n = sample.y.length;
  const all = new Float64Array(n * z.length);
  z.forEach((value, k) => {
    all.fill(value, k * n, (k + 1) * n);
  });
  return meanLoss(plan, sample, all);
}

/** Of least squares, without a pass for the terms. */
function squares(intercept: boolean, { y, weights, total, mean }: Sample): number {
  const from = intercept ? mean : 0;
  let [sum, all] = [0, 0];
  for (let i = 0; i < y.length; i++) {
    sum += weights[i] * (y[i] - from) ** 2;
    all += weights[i] * y[i] ** 2;
  }
  return (0.5 * (sum > rounding * all ? sum : all)) / total;
}

/** The least value that rows of a share q do not exceed. */
function quantile({ y, weights, total }: Sample, q: number): number {
  const order = Uint32Array.from(y.keys()).sort((a, b) => y[a] - y[b]);
  let [place, reached] = [0, weights[order[0]]];
  while (reached < q * total && place < order.length - 1) reached += weights[order[++place]];
  return y[order[place]];
}

/** z of a constant prediction, of each output: the mean of y or its quantile, or by the shares of classes. */
function constants({ loss, lossParameters, outputs, intercept }: Plan, sample: Sample): number[] {
  const { mean } = sample;
  if (loss === softmaxLoss) return sharesOf(outputs, sample).map(logOf);
  // At 0, and near the mean, perceptron has no loss of any class: a margin of 1 to the more frequent one.
  if (loss === perceptronLoss) return [mean < 0 ? -1 : 1];
  if (!intercept) return [0];
  if (loss === quantileLoss) return [quantile(sample, lossParameters[0])];
  if (loss === hingeLoss) return [mean < 0 ? -1 : 1];
  if (loss === logisticLoss) return [logOf(mean) - logOf(1 - mean)];
  return [kinds[loss] === 'mean' ? links[loss](mean) : mean];
}

function spreadOfSample(plan: Plan, sample: Sample): number {
  const { loss } = plan;
  const { y, total } = sample;
  if (total === 0) return 0;
  if (loss === squaredLoss) return squares(plan.intercept, sample);
  const few = condensed(plan, sample);
  const constant = constants(plan, sample);
  const usual = meanLossAt(plan, few, constant);
  const zero = meanLossAt(
    plan,
    few,
    constant.map(() => 0),
  );
  const least = kinds[loss] === 'mean' ? meanLoss(plan, sample, y.map(links[loss])) : 0;
  // No mean of an identity link is 0, and perceptron has no loss there.
  const far = loss === perceptronLoss ? 1 : zero < Infinity ? zero : usual;
  // Of means the terms of both may be far less than those of z = 0.
  const size = kinds[loss] === 'mean' ? Math.abs(usual) + Math.abs(least) : Math.abs(far);
  return usual - least > rounding * size ? usual - least : Math.abs(far - least);
}

/**
 * Of a table, or of `most` of its rows, of 16 times as many where y is the same in these; summed over targets. 0 where y is 0 everywhere.
 *
 * It is no more than a unit: offsets count for losses of values only.
 */
export function spreadOf(plan: Plan, table: Table, most: number): number {
  let spread = 0;
  for (let k = 0; k < plan.targets; k++) {
    const rows = Math.min(most, table.count);
    const sample = sampleOf(plan, table, rows, k);
    const isConstant = rows < table.count && sample.y.every((value) => value === sample.y[0]);
    spread += spreadOfSample(plan, isConstant ? sampleOf(plan, table, Math.min(16 * most, table.count), k) : sample);
  }
  return spread;
}
