// Initial weights of a Huber fit: continuation from larger deltas (Madsen and Nielsen 1993).
// Where most residuals exceed delta the loss has no second derivative there. The first fit is one of least squares, the
// next have the median residual as delta and less. Twin: native/solver/huberstart.cc.
import { huberLoss, type Plan, type Table } from '../../backend/plan.js';
import { LinearMap } from '../objective/linearmap.js';
import { Objective } from '../objective/objective.js';
import { PenalizedObjective } from '../objective/penalizedobjective.js';
import type { Scaling } from '../objective/scaling.js';
import type { Method } from './method.js';

const mostStages = 64;
const mostIterations = 30; // of a stage, which need not come to its end
const shrinks = 0.125; // delta from stage to stage, at least

/** Sizes of the residuals of rows that weigh, ascending. */
function residualsOf(plan: Plan, table: Table, scaling: Scaling, weights: Float64Array): Float64Array {
  const { cols, outputs, intercept } = plan;
  const { y, sampleWeight, offset, index, count } = table;
  const map = new LinearMap({ ...plan, outputs: 1 }, table, scaling);
  const z = new Float64Array(count + cols);
  const w = new Float64Array(map.size);
  const sizes: number[] = [];
  for (let k = 0; k < outputs; k++) {
    w.set(weights.subarray(k * cols, (k + 1) * cols));
    if (intercept) w[cols] = weights[outputs * cols + k];
    map.spread(w, z);
    for (let i = 0; i < count; i++) {
      const row = index ? index[i] : i;
      const at = row * outputs + k;
      if (sampleWeight && !(sampleWeight[row] > 0)) continue;
      sizes.push(Math.abs((offset ? z[i] + offset[at] : z[i]) - y[at]));
    }
  }
  return Float64Array.from(sizes).sort();
}

/** Moves the weights there, by fits that `methodOf` makes. */
export function approachHuber(
  plan: Plan,
  table: Table,
  scaling: Scaling,
  { penalty, penalized }: PenalizedObjective,
  weights: Float64Array,
  methodOf: (plan: Plan, smooth: PenalizedObjective, objective: Objective) => Method,
): void {
  if (plan.loss !== huberLoss) return;
  const delta = plan.lossParameters[0];
  let sizes = residualsOf(plan, table, scaling, weights);
  const middle = () => (sizes.length > 0 ? sizes[sizes.length >> 1] : 0);
  if (!(middle() > delta)) return;
  let wide = sizes[sizes.length - 1];
  for (let stage = 0; stage < mostStages && wide > delta && wide < Infinity; stage++) {
    const lossParameters = plan.lossParameters.slice();
    lossParameters[0] = wide;
    const own = { ...plan, lossParameters };
    const objective = new Objective(own, table, scaling);
    const method = methodOf(own, new PenalizedObjective(objective, penalty, penalized), objective);
    for (let i = 0; i < mostIterations && !method.ended; i++) {
      if (!Number.isFinite(method.epoch(i))) return;
    }
    sizes = residualsOf(plan, table, scaling, weights);
    wide = middle() < shrinks * wide ? middle() : shrinks * wide;
  }
}
