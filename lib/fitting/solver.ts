// Choice of the solver of `auto`, and which fits a solver can do.

import {
  logisticLoss,
  type Plan,
  piecewiseLinearLosses,
  softmaxLoss,
  solverKind,
  squaredLoss,
} from '../backend/plan.js';
import { NablaError } from '../base/errors.js';
import { losses } from '../catalog/losses.js';
import { solvers } from '../catalog/rules.js';

export type SolverName = Exclude<keyof typeof solvers, 'auto'>;

/** Weights of a system of equations that is worth solving whole: once, in each iteration, and in parts where none may be negative. */
const most = { exact: 4000, newton: 500, parts: 2000 };

/**
 * From where on L-BFGS is faster than Newton's method: multiplications in a Hessian of all rows, weights in a system, and
 * rows for each column, fewer of which leave directions of little curvature that only Newton's method is quick to follow.
 */
const lbfgsFrom = { products: 2 ** 20, size: 16, rowsPerColumn: 4 };

/** Those of one output with a second derivative everywhere, so that models are nowhere flat in what rows tell. */
const curvedLosses = (['logistic', 'poisson', 'gamma', 'tweedie', 'tweedie_identity'] as const).map((name) =>
  Object.keys(losses).indexOf(name),
);

/** From how many rows on `auto` picks lbfgs where it would pick another. */
export function rowsForLbfgs(plan: Plan): number {
  const { cols, outputs, loss, l1, l2, bounded } = plan;
  const side = cols + 1;
  const isPlain = l1 === 0 && !bounded;
  // l1 leaves few columns to Newton's method, of however many.
  if (loss === squaredLoss && !isPlain) return l1 > 0 || side <= most.parts ? Infinity : 0;
  if (loss === squaredLoss) {
    if (side <= most.exact) return Infinity;
    return l2 > 0 ? most.exact + 1 : 0; // ridge regression has as many equations as rows, if these are fewer
  }
  // For piecewise-linear losses the interior point method needs few iterations, L-BFGS thousands.
  if (piecewiseLinearLosses.includes(loss)) {
    if (side <= most.parts) return Infinity;
    return isPlain && l2 > 0 ? most.parts + 1 : 0; // as many equations as rows
  }
  // With l2 alone there are as many equations as rows, if these are fewer; a logistic loss needs few steps of L-BFGS.
  const isByRows = loss !== softmaxLoss && loss !== logisticLoss;
  if (isByRows && side > most.newton && isPlain && l2 > 0) return Math.min(cols, most.parts + 1);
  const size = loss === softmaxLoss ? outputs * side : side;
  if (size > most.newton) return l1 > 0 && curvedLosses.includes(loss) ? Infinity : 0;
  if (!isPlain || size <= lbfgsFrom.size) return Infinity;
  return Math.max(lbfgsFrom.rowsPerColumn * side, Math.ceil(lbfgsFrom.products / size ** 2));
}

/** What `auto` picks for so many training rows: see docs/solvers.md. */
function pick(plan: Plan, rows: number): SolverName {
  if (rows >= rowsForLbfgs(plan)) return 'lbfgs';
  return plan.loss === squaredLoss && plan.l1 === 0 && !plan.bounded ? 'exact' : 'newton';
}

/**
 * The plan with a solver in the place of `auto`, checked, and the solver's name, for so many training rows. `usual`: what
 * `auto` is.
 */
export function withSolver(plan: Plan, rows: number, usual = pick(plan, rows)): { plan: Plan; name: SolverName } {
  const names = Object.keys(solvers) as (keyof typeof solvers)[];
  const asked = names[plan.solver - 1];
  const name = asked === 'auto' ? usual : asked;
  if (name === 'exact') {
    const wrong =
      plan.loss !== squaredLoss
        ? `the loss ${Object.keys(losses)[plan.loss]}`
        : plan.l1 > 0
          ? 'l1'
          : plan.bounded
            ? 'bounds (nonNegative, lowerBounds, upperBounds)'
            : '';
    if (wrong) {
      throw new NablaError('ERR_UNKNOWN_OPTION', `the optimizer exact solves least squares and ridge, not ${wrong}`);
    }
  }
  const solverParameters =
    asked === 'auto' && name === 'lbfgs'
      ? plan.solverParameters.slice().fill(solvers.lbfgs.parameters.memory.default, 0, 1)
      : plan.solverParameters;
  return { plan: { ...plan, solver: solverKind[name], solverParameters }, name };
}
