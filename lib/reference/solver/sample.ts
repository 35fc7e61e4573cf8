// A tenth of a table's rows, or what is enough: where a fit of all of them may begin, and what their Hessian is like.
// Twin: native/solver/sample.h.
import type { Table } from '../../plan.js';
import { Philox } from './philox.js';

/** Rows of a sample for each column, at least. */
export const sampledPerColumn = 32;

const stream = 16; // samplers have the numbers of their kinds
const run = 8; // neighbours come from memory faster

/** All rows, where a fourth of them would not be enough. */
export function sampleOf(all: Table, cols: number): Table {
  const fewest = sampledPerColumn * Math.max(cols, 16);
  const stride = Math.min(10, Math.floor(all.count / fewest));
  if (stride < 4) return all;
  // One run of each so many, drawn: rows may be in some order, and it may have a period.
  const philox = new Philox(0, stream);
  const runs = Math.floor(Math.floor(all.count / run) / stride);
  const index = new Uint32Array(runs * run);
  for (let i = 0; i < runs; i++) {
    const first = (i * stride + philox.below(stride, i)) * run;
    for (let r = 0; r < run; r++) index[i * run + r] = all.index ? all.index[first + r] : first + r;
  }
  return { ...all, index, count: index.length };
}
