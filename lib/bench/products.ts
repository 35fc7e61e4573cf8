// Benchmark rows of matrix products: in caches, against the processor's arithmetic and NumPy.
import { setThreads } from '../index.js';
import { matmul } from '../kernels.js';
import { candidate } from './harness.js';
import { gain, ofLimit } from './must.js';
import { numbers } from './numbers.js';
import * as plain from './plain.js';
import type { Made, Row } from './row.js';
import { all, ofThreads } from './threads.js';

/** Of all elements: what a peer's result is told by. */
const magnitude = (C: Float64Array): number => Math.sqrt(C.reduce((sum, c) => sum + c * c, 0));

function product(n: number, threads = 1): Row {
  return {
    name: ofThreads(`matmul ${n} × ${n} × ${n}`, threads),
    group: 'kernels',
    quick: threads === 1 && n <= 256,
    // The limit is that of one thread.
    needs: threads === 1 ? { arithmetic: 2 * n ** 3 } : {},
    threads,
    must: threads > 1 ? [gain(1.7)] : n >= 512 ? [ofLimit(0.75)] : [],
    make(): Made {
      const [A, B, C] = [numbers(n * n, 1), numbers(n * n, 2), new Float64Array(n * n)];
      const on = (count: number) =>
        candidate('[setThreads(count), matmul(A, B, n, n, n, C), setThreads(most)][1]', {
          ...{ setThreads, matmul, count, most: all[0] ?? 1 },
          ...{ A, B, C, n },
        });
      const parts = Math.max(1, n / 32);
      matmul(A, B, n, n, n, C);
      return {
        nabla: on(threads),
        ...(threads > 1
          ? { more: { 'one thread': on(1) } }
          : {
              plain: candidate('f(A, B, m, n, out)', { f: plain.matmul, A, B, m: n / parts, n, out: C.slice() }),
              plainParts: parts,
            }),
        contest: {
          args: { A, B, n },
          peers: { NumPy: { program: 'numpy', work: 'matmul' } },
          weights: n * n,
          loss: magnitude,
          ours: magnitude(C),
          agree: 1e-12,
        },
      };
    },
  };
}

export const productRows: readonly Row[] = [
  ...[64, 256, 512].map((n) => product(n)),
  ...all.map((threads) => product(512, threads)),
];
