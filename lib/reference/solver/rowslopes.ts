// Mean size of the terms of a loss's gradient, one a row. Twin: native/solver/rowslopes.h.
import type { Table } from '../../backend/plan.js';
import type { Evaluator } from '../objective/objective.js';

const mostRows = 256;

/** Of each of `size` weights the mean of |∂ℓ/∂w| at `weights`, over at most 256 rows from all over the table. */
export function rowSlopes(objective: Evaluator, table: Table, weights: Float64Array, size: number): Float64Array {
  const mean = new Float64Array(size);
  const own = new Float64Array(size);
  const rows = table.count < mostRows ? table.count : mostRows;
  for (let i = 0; i < rows; i++) {
    const start = Math.floor((i * table.count) / rows);
    objective.evaluate({ start, count: 1, index: table.index }, weights, own);
    for (let j = 0; j < size; j++) mean[j] += Math.abs(own[j]) / rows;
  }
  return mean;
}
