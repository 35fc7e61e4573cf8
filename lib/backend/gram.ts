// Choice between the Gram matrix XᵀX, taken once, and a pass over X for each step.

import { NablaError } from '../base/errors.js';
import { losses } from '../catalog/losses.js';
import { type Plan, samplerKind, solverKind } from './plan.js';

/** How loss and gradient of an update rule were come by. */
export type FitPath = 'gram' | 'direct';
export const fitPaths: readonly FitPath[] = ['gram', 'direct'];

const lossNames = Object.keys(losses);

/** Doubles of X below which a fit is too short to gain, and columns whose matrix would be too large: for steps, for a solver. */
const border = { least: 1024, mostCols: 2048, mostExpanded: 2000 };

/**
 * Whether it is faster by far, by half at least, if all epochs are run. In passes over X from memory: the matrix takes 3
 * and one for every 32 columns, the first step one, each step what cols² are to rows × cols, products in cache being
 * four times as fast. It may not depend on the machine, since the other way gives other bits.
 */
function pays({ cols, outputs, epochs }: Plan, rows: number): boolean {
  if (rows * cols < border.least || cols > border.mostCols) return false;
  return 4 + cols / 32 + (epochs * outputs * cols) / (4 * rows) <= epochs / 2;
}

/** Whether a plan for so many training rows goes that way. */
export function usesGram({ gramFrom }: Plan, rows: number): boolean {
  return gramFrom > 0 && rows >= gramFrom;
}

/**
 * From how many training rows on, of at most so many, a plan goes that way; 0: never. `asked`: the caller's choice, if any.
 */
export function gramFrom(plan: Plan, rows: number, asked?: boolean): number {
  const loss = lossNames[plan.loss];
  const wrong =
    loss !== 'squared'
      ? `the loss ${loss}`
      : plan.solver !== solverKind.none
        ? 'a solver'
        : plan.sampler !== samplerKind.full
          ? 'batches'
          : '';
  if (wrong && asked) {
    throw new NablaError('ERR_UNKNOWN_OPTION', `gram is for least squares of all rows in every step, not for ${wrong}`);
  }
  if (wrong || asked === false || !(asked || pays(plan, rows))) return 0;
  if (asked) return 1;
  // More rows pay more.
  let [least, enough] = [0, rows];
  while (enough - least > 1) {
    const middle = Math.floor((least + enough) / 2);
    if (pays(plan, middle)) enough = middle;
    else least = middle;
  }
  return enough;
}

/**
 * Whether Newton's method takes XᵀX of all columns of least squares, where l1 or a bound may need few of them: for one fit,
 * or `shared` by some of the same rows.
 */
export function isWorthExpanding({ cols }: Plan, rows: number, shared: boolean): boolean {
  return cols <= (shared ? 4 : 1) * rows && cols <= border.mostExpanded;
}
