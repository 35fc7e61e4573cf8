// Benchmark rows of automatic differentiation: a loss in ops beside its kernel; second derivatives.
import { grad, hvp, ops as o, tensor } from '../autodiff.js';
import { valueAndGradient } from '../kernels.js';
import { candidate } from './harness.js';
import { timesAsFastAs } from './must.js';
import { numbers, table } from './numbers.js';
import type { Contest, Made, Row } from './row.js';
import { count } from './table.js';

const group = 'derivatives';
const magnitude = (g: Float64Array): number => Math.sqrt(g.reduce((sum, x) => sum + x * x, 0));

function contestOf(work: string, args: Contest['args'], ours: Float64Array): Contest {
  const peers = { torch: { program: 'torch', work } };
  return { args, peers, weights: ours.length, loss: magnitude, ours: magnitude(ours), agree: 1e-9 };
}

/** Mean logistic loss: mean(softplus(X w) - y · X w). */
function logistic(rows: number, cols: number, least: number): Row {
  return {
    name: `gradient of a logistic loss in ops, ${count(rows)} × ${cols}`,
    group,
    must: [timesAsFastAs('torch', least)],
    make(): Made {
      const data = table(rows, cols, 'logistic');
      const [X, y, w] = [tensor(data.X, [rows, cols]), tensor(data.y, [rows]), numbers(cols, 3)];
      const gradient = grad((w) => {
        const z = o.matmul(X, w);
        return o.mean(o.sub(o.softplus(z), o.mul(y, z)));
      });
      const byHand = { f: valueAndGradient, data: { X: data.X, y: data.y }, w, out: new Float64Array(cols) };
      return {
        nabla: candidate('gradient(w)', { gradient, w }),
        more: { valueAndGradient: candidate("f('logistic', data, w, out)", byHand) },
        contest: contestOf('autograd', { X: data.X, y: data.y, rows, cols, w }, gradient(w)),
      };
    },
  };
}

/** Rosenbrock's function: Σ 100 (x_{i+1} - x_i²)² + (1 - x_i)². */
function rosenbrock(n: number): Row {
  return {
    name: `Hessian-vector product of Rosenbrock's function, ${n} numbers`,
    group,
    quick: true,
    must: [timesAsFastAs('torch', 1)],
    make(): Made {
      const [x, v] = [numbers(n, 1), numbers(n, 2)];
      const product = hvp((x) => {
        const head = o.slice(x, [0], [n - 1]);
        const next = o.slice(x, [1], [n]);
        const valley = o.sub(next, o.mul(head, head));
        const rest = o.sub(1, head);
        return o.sum(o.add(o.mul(100, o.mul(valley, valley)), o.mul(rest, rest)));
      });
      return {
        nabla: candidate('product(x, v)', { product, x, v }),
        contest: contestOf('rosenbrock', { x, v, n }, product(x, v)),
      };
    },
  };
}

export const derivativeRows: readonly Row[] = [logistic(1000, 16, 1), logistic(100_000, 32, 0.9), rosenbrock(100)];
