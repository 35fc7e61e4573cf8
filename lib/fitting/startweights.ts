// Initial weights of a fit without a warm start.
import { coefficientCount, type Plan, type Table, weightCount } from '../backend/plan.js';
import { hasDomain, startInDomain } from './domain.js';
import { hasNullStart, nullIntercept } from './start.js';

let allZero = new Float64Array(0);

/** So many zeros, which nothing writes to: the same ones again, since short fits feel what memory costs. */
function zeros(n: number): Float64Array {
  if (allZero.length !== n) allZero = new Float64Array(n);
  return allZero;
}

/** Weights of 0, but for intercepts of losses with a domain or a log link. */
export function startOf(plan: Plan, train: Table): Float64Array {
  const isInDomain = hasDomain(plan);
  if (!isInDomain && !hasNullStart(plan)) return zeros(weightCount(plan));
  const weights = new Float64Array(weightCount(plan));
  if (isInDomain) startInDomain(plan, train, weights);
  for (let k = 0; !isInDomain && k < plan.outputs; k++) {
    weights[coefficientCount(plan) + k] = nullIntercept(plan, train, 0, train.count, k);
  }
  return weights;
}
