// A tenth of a table's rows, or what is enough: where a fit of all of them may begin, and what their Hessian is like.
// Twin: native/solver/sample.h.
import type { Table } from '../../plan.js';
import { Philox } from './philox.js';

/** Rows of a sample for each column, at least. */
export const sampledPerColumn = 32;

const stream = 16; // samplers have the numbers of their kinds

/** All rows, where a fourth of them would not be enough. */
export function sampleOf(all: Table, cols: number): Table {
  const fewest = sampledPerColumn * Math.max(cols, 16);
  const stride = Math.min(10, Math.floor(all.count / fewest));
  if (stride < 4) return all;
  // One row of each so many, drawn: rows may be in some order, and it may have a period.
  const philox = new Philox(0, stream);
  const index = new Uint32Array(Math.floor(all.count / stride));
  for (let i = 0; i < index.length; i++) {
    const row = i * stride + philox.below(stride, i);
    index[i] = all.index ? all.index[row] : row;
  }
  return { ...all, index, count: index.length };
}
