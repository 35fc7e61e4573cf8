// Fits cheaper than a hand-over to the pool (about 10 µs): run inline.

import { usesGram } from '../backend/gram.js';
import type { FitJob } from '../backend/interface.js';
import { solverKind } from '../backend/plan.js';

/**
 * What visits to elements of X may cost: some 10 µs, natively. A row costs as much as so many elements by itself. Update
 * rules make one pass an epoch; `exact` makes some, and XᵀX or XXᵀ. How many the other solvers make nobody knows before.
 */
const most = 20_000;
const ofRow = 16;
const ofExact = 6;

export function shouldRunInline({ plan, train, validation }: FitJob): boolean {
  const { cols, outputs, solver } = plan;
  const rows = train.count + (validation?.count ?? 0);
  const pass = rows * outputs * (cols + ofRow);
  if (solver === solverKind.exact) return pass * (ofExact + Math.min(rows, cols) / 2) <= most;
  return solver === solverKind.none && !usesGram(plan, train.count) && plan.epochs * pass <= most;
}

let turn: Promise<void> | null = null;

/** The next turn of the event loop, the same for all who wait for it: fits in a row do not keep others from theirs. */
export function nextTurn(): Promise<void> {
  turn ??= new Promise((resolve) => {
    setImmediate(() => {
      turn = null;
      resolve();
    });
  });
  return turn;
}
