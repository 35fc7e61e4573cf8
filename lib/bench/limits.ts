// Limits of the machine, measured by a program of their own or by the kernels.
// Where a compiler is found, bench/native/limits.cc measures them; in an installed package the kernels do, which gives
// less than the truth where they are not at the limit.

import { createOptimizer } from '../index.js';
import { asum, gram, scal } from '../kernels.js';
import { inUse } from '../native/choice.js';
import { type Candidate, candidate, compare, type Effort } from './harness.js';

/** Each by what it counts. */
export const limits = {
  read: { unit: 'B/s', what: 'reading memory' },
  copy: { unit: 'B/s', what: 'reading and writing memory' },
  arithmetic: { unit: 'flop/s', what: 'multiply and add, not fused' },
  roots: { unit: '/s', what: 'a square root and a division' },
  call: { unit: '/s', what: 'a call into the addon' },
} as const;
export type Limit = keyof typeof limits;

/** A measure of a limit: `amount` of its unit in each repetition of `run`. */
export interface Gauge {
  readonly amount: number;
  readonly run: Candidate;
}

/** How limits are measured. `size`: bytes gone over, since caches are faster; `threads`: as many as that. */
export interface Gauges {
  readonly how: string;
  of(limit: Limit, size: number, threads: number): Promise<Gauge | null>;
  /** Lets go of the memory of all gauges. */
  reset?(): Promise<unknown>;
}

/** Beyond any cache. */
export const large = 256e6;

const filled = (bytes: number): Float64Array => new Float64Array(Math.ceil(bytes / 8)).fill(1);

const inKernels: Record<Limit, (size: number) => Gauge> = {
  read: (size) => {
    const x = filled(size);
    return { amount: 8 * x.length, run: candidate('asum(x)', { asum, x }) };
  },
  copy: (size) => {
    const x = filled(size);
    return { amount: 16 * x.length, run: candidate('scal(1, x)', { scal, x }) };
  },
  arithmetic: () => {
    const [rows, cols] = [64, 32];
    const scope = { gram, A: filled(8 * rows * cols), rows, cols, out: filled(8 * cols * cols) };
    return { amount: rows * cols * (cols + 1), run: candidate('gram(A, rows, cols, null, out)', scope) };
  },
  roots: () => {
    const x = filled(64_000);
    const optimizer = createOptimizer('rmsprop', x.length);
    return { amount: x.length, run: candidate('optimizer.step(w, x)', { optimizer, x, w: x.slice() }) };
  },
  call: () => {
    const { asum } = inUse();
    return { amount: 1, run: candidate('asum(x)', { asum, x: filled(8) }) };
  },
};

/** Limits as the kernels reach them, on this thread. */
export const kernelGauges: Gauges = {
  how: 'by nabla’s own kernels: asum, scal, gram and rmsprop',
  of: async (limit, size, threads) => (threads > 1 ? null : inKernels[limit](Math.min(size, large))),
};

/** The number of one limit, measured alone. */
export async function rateOf(gauges: Gauges, limit: Limit, threads: number, effort: Effort): Promise<number | null> {
  const gauge = await gauges.of(limit, large, threads);
  if (!gauge) return null;
  const { alone } = await compare({ alone: gauge.run }, effort);
  return gauge.amount / alone.seconds[0];
}
