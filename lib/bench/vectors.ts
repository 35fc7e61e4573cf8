// Benchmark rows of the kernels: products beyond the caches, and short calls.
import { setThreads } from '../index.js';
import * as nabla from '../kernels.js';
import { candidate } from './harness.js';
import { ofLimit } from './must.js';
import { numbers, table } from './numbers.js';
import * as plain from './plain.js';
import type { Row } from './row.js';
import { count } from './table.js';
import { all, ofThreads } from './threads.js';

const group = 'kernels';

/** On so many threads, of all that there are: what is long shares its passes. */
const shared = (expression: string, threads: number, scope: Record<string, unknown>) =>
  candidate(`[setThreads(threads), ${expression}, setThreads(all)][1]`, {
    setThreads,
    threads,
    all: all[0] ?? 1,
    ...scope,
  });

const needed = (threads: number) => [ofLimit(threads > 1 ? 0.85 : 0.9)];

function dot(n: number): Row {
  const beyond = n >= 1e7;
  return {
    name: `dot ${count(n)}`,
    group,
    quick: true,
    needs: n >= 1000 ? { read: 16 * n } : {},
    size: 16 * n,
    must: beyond ? [ofLimit(0.9)] : [],
    make() {
      const scope = { x: numbers(n, 1), y: numbers(n, 2) };
      return {
        nabla: candidate('dot(x, y)', { dot: nabla.dot, ...scope }),
        plain: candidate('dot(x, y)', { dot: plain.dot, ...scope }),
      };
    },
  };
}

function axpy(n: number): Row {
  return {
    name: `axpy ${count(n)}`,
    group,
    quick: true,
    needs: n >= 1000 ? { copy: 24 * n } : {},
    size: 16 * n,
    make() {
      const scope = { x: numbers(n, 1), y: numbers(n, 2) };
      return {
        nabla: candidate('axpy(1e-9, x, y)', { axpy: nabla.axpy, ...scope }),
        plain: candidate('axpy(1e-9, x, y)', { axpy: plain.axpy, ...scope }),
      };
    },
  };
}

const products = { gemv: [nabla.gemv, plain.gemv], gemvT: [nabla.gemvT, plain.gemvT] };

function product(name: keyof typeof products, rows: number, cols: number, threads = 1): Row {
  const size = 8 * rows * cols + 8 * rows;
  return {
    name: ofThreads(`${name} ${count(rows)} × ${cols}`, threads),
    group,
    quick: threads === 1,
    needs: { read: size },
    size,
    threads,
    must: needed(threads),
    make() {
      const [long, short] = [numbers(rows, 2), numbers(cols, 3)];
      const [x, out] = name === 'gemv' ? [short, long] : [long, short];
      const scope = { A: table(rows, cols).X, rows, cols, x, out };
      const [own, loop] = products[name];
      const call = 'f(A, rows, cols, x, out)';
      return {
        nabla: shared(call, threads, { f: own, ...scope }),
        ...(threads === 1 && { plain: candidate(call, { f: loop, ...scope }) }),
      };
    },
  };
}

function gradient(rows: number, cols: number, threads = 1): Row {
  const size = 8 * rows * (cols + 1);
  const beyond = rows >= 1e6;
  return {
    name: ofThreads(`gradient ${count(rows)} × ${cols}`, threads),
    group,
    quick: threads === 1,
    needs: rows >= 1000 ? { read: size } : {},
    size,
    threads,
    must: beyond ? needed(threads) : [],
    make() {
      const data = table(rows, cols);
      const [weights, out] = [numbers(cols, 3), new Float64Array(cols)];
      const scope = { data, weights, out };
      const call = "f('squared', data, weights, out)";
      const own = { f: nabla.valueAndGradient, ...scope };
      return {
        // What is short takes one thread in any case.
        nabla: rows < 100_000 ? candidate(call, own) : shared(call, threads, own),
        ...(threads === 1 && { plain: candidate('f(data, weights, out)', { f: plain.valueAndGradient, ...scope }) }),
      };
    },
  };
}

/** Calls every kernel with short and long arrays by turns: a program's calls are seldom all of one length. */
export function warmUp(): void {
  for (let k = 0; k < 20000; k++) {
    const n = 1 + (k % 256);
    const [x, y, g] = [new Float64Array(n), new Float64Array(n), new Float64Array(1)];
    const w = new Float64Array(1);
    nabla.dot(x, y);
    nabla.axpy(0.5, x, y);
    nabla.valueAndGradient('squared', { X: x, y }, w, g);
    plain.dot(x, y);
    plain.axpy(0.5, x, y);
    plain.valueAndGradient({ X: x, y, rows: n, cols: 1 }, w, g);
  }
}

export const vectorRows: readonly Row[] = [
  dot(1e7),
  ...[1, ...all].flatMap((threads) => [
    gradient(1e6, 32, threads),
    product('gemv', 1e6, 32, threads),
    product('gemvT', 1e6, 32, threads),
  ]),
  ...[8, 64, 1000, 10_000].map(dot),
  ...[8, 64, 1000, 10_000].map(axpy),
  gradient(10, 8),
  gradient(1000, 16),
  gradient(100_000, 32),
];
