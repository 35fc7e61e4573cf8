// Benchmark rows of update rules alone, on a library's own weights.
import { createOptimizer } from '../index.js';
import { candidate } from './harness.js';
import { ofFloor } from './must.js';
import { numbers } from './numbers.js';
import * as plain from './plain.js';
import type { Row } from './row.js';
import { count } from './table.js';

/** Arrays that a step reads, and those of them that it writes. */
const arrays = { momentum: [3, 2], adagrad: [3, 2], rmsprop: [3, 2], adam: [4, 3], adamw: [4, 3] } as const;
const titles = { momentum: 'momentum', adagrad: 'Adagrad', rmsprop: 'RMSProp', adam: 'Adam', adamw: 'AdamW' } as const;
type Rule = keyof typeof arrays;

function update(rule: Rule, n: number): Row {
  const [reads, writes] = arrays[rule];
  return {
    name: `${titles[rule]} step, ${count(n)} values`,
    group: 'update step alone',
    quick: n < 1e6,
    needs: { copy: 8 * n * (reads + writes), ...(rule === 'momentum' ? {} : { roots: n }) },
    size: 8 * n * reads,
    per: { name: 'value', count: n },
    must: [ofFloor(1.15)],
    make() {
      const g = numbers(n, 1);
      const start = numbers(n, 2);
      const fresh = () => ({ optimizer: createOptimizer(rule, n), w: start.slice(), g });
      const once = fresh();
      once.optimizer.step(once.w, g);
      const sum = (w: Float64Array): number => plain.dot(w, start);
      const [m, v] = [new Float64Array(n), new Float64Array(n)];
      const loop = { f: plain.updates[rule], w: start.slice(), g, m, v, t: 0 };
      return {
        nabla: candidate('optimizer.step(w, g)', fresh()),
        plain: candidate('f(w, g, m, v, ++t)', loop),
        contest: {
          args: { rule, n, g, start },
          peers: { torch: { program: 'torch', work: 'update' } },
          weights: n,
          loss: sum,
          ours: sum(once.w),
          agree: 1e-9,
        },
      };
    },
  };
}

const rules = Object.keys(arrays) as Rule[];
export const updateRows: readonly Row[] = [1e5, 1e7].flatMap((n) => rules.map((rule) => update(rule, n)));
