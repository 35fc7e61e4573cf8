// Initial weights of losses with a log link: the null model, z = ln(mean).
// From there Newton's method takes as many steps whatever the scale of y; from 0 it would take one for each factor e.
import {
  epsilonInsensitiveLoss,
  gammaLoss,
  type Plan,
  poissonLoss,
  quantileLoss,
  solverKind,
  type Table,
  tweedieLoss,
} from '../backend/plan.js';
import { exp, log } from '../reference/kernels/math.js';

type Rows = Pick<Table, 'y' | 'sampleWeight' | 'offset' | 'index'>;

/** Rows that a quantile is taken of, evenly spaced. */
const mostRows = 1024;

const hasQuantile = ({ loss }: Plan): boolean => loss === quantileLoss || loss === epsilonInsensitiveLoss;

/** Whether intercepts of such a fit start anywhere but at 0. */
export function hasNullStart(plan: Plan): boolean {
  const { loss, solver, intercept } = plan;
  const isSolved = solver === solverKind.newton || solver === solverKind.lbfgs;
  const hasMean = loss === poissonLoss || loss === gammaLoss || loss === tweedieLoss;
  return isSolved && intercept && (hasMean || hasQuantile(plan));
}

/** Of y less the offset of some of the rows, whatever they weigh. */
function quantileOf({ outputs, loss, lossParameters }: Plan, rows: Rows, start: number, count: number, output: number) {
  const { y, offset, index } = rows;
  const sample = new Float64Array(Math.min(count, mostRows));
  for (let k = 0; k < sample.length; k++) {
    const i = start + Math.floor((k * count) / sample.length);
    const at = (index ? index[i] : i) * outputs + output;
    sample[k] = offset ? y[at] - offset[at] : y[at];
  }
  const q = loss === quantileLoss ? lossParameters[0] : 0.5;
  const middle = sample.sort()[Math.floor(q * (sample.length - 1))];
  return Number.isFinite(middle) ? middle : 0;
}

/**
 * The intercept of one output that is best alone, of a quantile about that, for `count` rows from `start`: where Σ s (e^((2-p)z) - y e^((1-p)z)) is 0,
 * p being 1 of counts and 2 of the gamma distribution; 0 where there is none.
 */
export function nullIntercept(plan: Plan, rows: Rows, start: number, count: number, output: number): number {
  if (hasQuantile(plan)) return count > 0 ? quantileOf(plan, rows, start, count, output) : 0;
  const { loss, lossParameters, outputs } = plan;
  const { y, sampleWeight, offset, index } = rows;
  const power = loss === poissonLoss ? 1 : loss === gammaLoss ? 2 : lossParameters[0];
  if (!sampleWeight && !offset && !index) {
    return logOf(sumOf(y, start * outputs + output, (start + count) * outputs, outputs) / count);
  }
  let above = 0;
  let below = 0;
  for (let i = start; i < start + count; i++) {
    const row = index ? index[i] : i;
    const weight = sampleWeight ? sampleWeight[row] : 1;
    const at = row * outputs + output;
    const moved = offset ? offset[at] : 0;
    above += weight * (moved === 0 || power === 1 ? y[at] : y[at] * exp((1 - power) * moved));
    below += weight * (moved === 0 || power === 2 ? 1 : exp((2 - power) * moved));
  }
  return logOf(above / below);
}

/** Of a mean; 0 where it is no normal number. */
function logOf(mean: number): number {
  return mean >= 2 ** -1022 && mean < Infinity ? log(mean) : 0;
}

function sumOf(y: Float64Array, from: number, to: number, stride: number): number {
  let sum = 0;
  for (let i = from; i < to; i += stride) sum += y[i];
  return sum;
}
