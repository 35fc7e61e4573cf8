// Where a solver starts: at the null model of losses with a log link, z = ln(mean), from where Newton's method takes as many
// steps whatever the scale of y; from 0 it would take one for each factor e.
import { gammaLoss, type Plan, poissonLoss, solverKind, type Table, tweedieLoss } from './plan.js';
import { exp, log } from './reference/kernels/math.js';

type Rows = Pick<Table, 'y' | 'sampleWeight' | 'offset' | 'index'>;

/** Whether intercepts of such a fit start anywhere but at 0. */
export function hasNullStart({ loss, solver, intercept }: Plan): boolean {
  const isSolved = solver === solverKind.newton || solver === solverKind.lbfgs;
  return isSolved && intercept && (loss === poissonLoss || loss === gammaLoss || loss === tweedieLoss);
}

/**
 * The intercept of one output that is best alone, for `count` rows from `start`: where Σ s (e^((2-p)z) - y e^((1-p)z)) is 0,
 * p being 1 of counts and 2 of the gamma distribution; 0 where there is none.
 */
export function nullIntercept(plan: Plan, rows: Rows, start: number, count: number, output: number): number {
  const { loss, lossParameters, outputs } = plan;
  const { y, sampleWeight, offset, index } = rows;
  const power = loss === poissonLoss ? 1 : loss === gammaLoss ? 2 : lossParameters[0];
  let above = 0;
  let below = 0;
  const isPlain = !sampleWeight && !offset && !index;
  for (let i = start; isPlain && i < start + count; i++) above += y[i * outputs + output];
  if (isPlain) below = count;
  for (let i = start; !isPlain && i < start + count; i++) {
    const row = index ? index[i] : i;
    const weight = sampleWeight ? sampleWeight[row] : 1;
    const at = row * outputs + output;
    const moved = offset ? offset[at] : 0;
    above += weight * (moved === 0 || power === 1 ? y[at] : y[at] * exp((1 - power) * moved));
    below += weight * (moved === 0 || power === 2 ? 1 : exp((2 - power) * moved));
  }
  const ratio = above / below;
  return ratio >= 2 ** -1022 && ratio < Infinity ? log(ratio) : 0;
}
