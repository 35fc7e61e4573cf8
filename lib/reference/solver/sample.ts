// Sample of the rows: where a fit of all of them starts, and an estimate of their Hessian.
// Twin: native/solver/sample.h.
import type { Table } from '../../backend/plan.js';
import { Philox } from './philox.js';

/** Rows of a sample, at least: 32 for each column, of many columns fewer. */
export function fewestSampled(cols: number): number {
  return Math.max(512, 8 * cols, Math.min(32 * cols, 4096));
}

const stream = 18; // beyond those of samplers, held-out rows and folds
const run = 8; // neighbours come from memory faster

/** All rows, where half of them would not be enough. */
export function sampleOf(all: Table, cols: number): Table {
  const stride = Math.min(10, Math.floor(all.count / fewestSampled(cols)));
  if (stride < 2) return all;
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
