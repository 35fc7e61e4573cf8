// Columns that are nearly equal, or nearly a combination of others, under every loss, solver and penalty: a fit that says
// 'converged' leaves nothing to gain along their differences, taken row by row. NABLA_SWEEP=200: so many problems of each kind.
import { describe, expect, it } from 'vitest';
import type { FitOptions } from '../../lib/index.js';
import { faces } from '../support/backends.js';
import { exactProduct } from '../support/optimum.js';
import { type Loss, losses, lossOf, named } from '../support/rowloss.js';
import { expectBits, normals, patience, random, runs } from '../support/support.js';

const sweep = Number(process.env.NABLA_SWEEP ?? 0);
const kinds = {
  none: {},
  l1: { l1: 1e-3 },
  'little l1': { l1: 1e-12 },
  l2: { l2: 1e-2 },
  'little l2': { l2: 1e-18 },
  both: { l1: 1e-11, l2: 1e-20 },
  bounds: { lowerBounds: -1e12, upperBounds: 1e11 },
  'bounds and l1': { lowerBounds: -1e7, l1: 1e-13 },
} as const satisfies Record<string, Partial<FitOptions>>;
type Kind = keyof typeof kinds;

/** A combination of columns that is next to nothing, and what the rows have of it. */
interface Difference {
  columns: Record<number, number>;
  t: Float64Array;
}
interface Made {
  X: Float64Array;
  y: Float64Array;
  cols: number;
  rows: number;
  differences: Difference[];
}

/** Columns x, s, …; one beside x or another combination of columns, e·q from it; its copy. The signal is in q. */
function makeProblem(loss: Loss, seed: number, e: number, rows: number, extra: number): Made {
  const uniform = random(seed + 77);
  const own = 2 + extra;
  const shape = seed % 4; // a pair, its copy in singles, a combination of two, a pair and a copy to the bit
  const grid = (v: number) => Math.round(v * 2 ** 20) / 2 ** 20;
  const parts = normals((own + 2) * rows, 3 * seed + 1);
  const columns: Float64Array[] = [];
  const part = (j: number) => Float64Array.from({ length: rows }, (_, i) => parts[i * (own + 2) + j]);
  for (let j = 0; j < own; j++) columns.push(part(j).map(shape === 1 && j === 0 ? (v) => v : grid));
  const q = part(own);
  const noise = part(own + 1);
  const differences: Difference[] = [];
  const add = (column: Float64Array, of: Record<number, number>) => {
    const at = columns.push(column) - 1;
    const t = column.map((v, i) => Object.entries(of).reduce((sum, [j, d]) => sum + d * columns[Number(j)][i], 0) + v);
    differences.push({ columns: { ...of, [at]: 1 }, t });
    return t;
  };
  const signal =
    shape === 1
      ? add(Float64Array.from(columns[0], Math.fround), { 0: -1 })
      : shape === 2
        ? add(
            columns[0].map((v, i) => 0.5 * v + 0.25 * columns[1][i] + e * q[i]),
            { 0: -0.5, 1: -0.25 },
          )
        : add(
            columns[0].map((v, i) => v + e * q[i]),
            { 0: -1 },
          );
  if (shape === 3) columns.push(columns[0].slice());
  const length = Math.sqrt(signal.reduce((sum, v) => sum + v * v, 0) / rows);
  const order = columns.map((_, j) => j);
  for (let j = order.length - 1; j > 0; j--) {
    const k = Math.floor(uniform() * (j + 1));
    [order[j], order[k]] = [order[k], order[j]];
  }
  const cols = columns.length;
  const X = new Float64Array(rows * cols);
  order.forEach((from, to) => {
    for (let i = 0; i < rows; i++) X[i * cols + to] = columns[from][i];
  });
  const y = Float64Array.from(noise, (v, i) => {
    const z = 0.5 * columns[0][i] + 0.3 * columns[1][i] + (1.2 * signal[i]) / length + v;
    switch (loss) {
      case 'logistic':
        return Number(z > 0);
      case 'softmax':
        return z < -0.7 ? 0 : z < 0.7 ? 1 : 2;
      case 'hinge':
      case 'squared_hinge':
      case 'modified_huber':
        return z > 0 ? 1 : -1;
      case 'poisson':
        return Math.floor(Math.exp(0.7 * z));
      case 'gamma':
      case 'tweedie':
        return Math.exp(0.7 * z);
      default:
        return 2 * z + 3;
    }
  });
  return {
    X,
    y,
    cols,
    rows,
    differences: differences.map(({ columns: of, t }) => ({
      columns: Object.fromEntries(Object.entries(of).map(([j, d]) => [order.indexOf(Number(j)), d])),
      t,
    })),
  };
}

/** By how much the objective falls along the differences, as part of what it is. */
function fallOf(
  loss: Loss,
  { X, y, cols, rows, differences }: Made,
  options: Partial<FitOptions>,
  w: Float64Array,
  b: ArrayLike<number>,
): number {
  const outputs = w.length / cols;
  const z = Array.from({ length: rows }, (_, i) =>
    Float64Array.from({ length: outputs }, (_, k) => {
      let sum = b[k] ?? 0;
      let low = 0;
      for (let j = 0; j < cols; j++) {
        const [p, error] = exactProduct(X[i * cols + j], w[k * cols + j]);
        const next = sum + p;
        const back = next - sum;
        low += sum - (next - back) + (p - back) + error;
        sum = next;
      }
      return sum + low;
    }),
  );
  const { l1 = 0, l2 = 0, lowerBounds = -Infinity, upperBounds = Infinity } = options as Record<string, number>;
  const penalty = (v: number) => l1 * Math.abs(v) + 0.5 * l2 * v * v;
  let value = 0;
  let none = 0;
  for (let i = 0; i < rows; i++) value += lossOf(loss, y[i], z[i]);
  const zero = new Float64Array(outputs);
  for (let i = 0; i < rows; i++) none += Math.abs(lossOf(loss, y[i], zero));
  value = value / rows + w.reduce((sum, v) => sum + penalty(v), 0);
  let most = 0;
  for (const { columns, t } of differences) {
    const size = Math.sqrt(t.reduce((sum, v) => sum + v * v, 0) / rows);
    for (let k = 0; k < outputs; k++) {
      for (const sign of [1, -1]) {
        const of = (step: number) => {
          const tau = (sign * step) / size;
          let change = 0;
          const at = new Float64Array(outputs);
          for (let i = 0; i < rows; i++) {
            at.set(z[i]);
            at[k] += tau * t[i];
            change += (lossOf(loss, y[i], at) - lossOf(loss, y[i], z[i])) / rows;
          }
          for (const [j, d] of Object.entries(columns)) {
            const v = w[k * cols + Number(j)];
            const to = v + tau * d;
            if (to < Math.min(v, lowerBounds) || to > Math.max(v, upperBounds)) return Infinity;
            change += penalty(to) - penalty(v);
          }
          return change;
        };
        let low = 0;
        let step = 2 ** -20;
        while (step < 2 ** 10 && of(2 * step) < of(step)) step *= 2;
        let high = 2 * step;
        for (let n = 0; n < 24; n++) {
          const [a, c] = [low + 0.382 * (high - low), low + 0.618 * (high - low)];
          if (of(a) < of(c)) high = c;
          else low = a;
        }
        most = Math.max(most, -of(0.5 * (low + high)));
      }
    }
  }
  return most / Math.max(Math.abs(value), (1e-3 * none) / rows);
}

const solvers = ['newton', 'lbfgs'] as const;
const pairs = losses.flatMap((loss) => solvers.map((optimizer) => [loss, optimizer] as const));
const names = Object.keys(kinds) as Kind[];

/** By turns with more rows than columns, and with fewer. */
function problemOf(loss: Loss, seed: number): Made {
  const e = 10 ** -(6 + 4 * random(seed)());
  const isWide = seed % 8 === 7 && sweep > 0;
  return makeProblem(loss, seed, e, isWide ? 12 + (seed % 9) : 30 + 5 * (seed % 17), isWide ? 40 : (seed >> 2) % 4);
}

// The other backend has the same bits.
describe.each(faces.slice(0, 1))('nearly equal columns: $name', ({ fitSync }) => {
  it.each(pairs)(
    'leave nothing to gain where a fit has converged, %s by %s',
    (loss, optimizer) => {
      for (const [i, kind] of names.entries()) {
        const tally = { wrong: 0, converged: 0, stalled: 0, near: 0, silent: 0 };
        for (let seed = sweep ? 0 : i; seed < (sweep || runs(names.length)); seed += sweep ? 1 : 2 * names.length) {
          const made = problemOf(loss, seed);
          const options = { ...kinds[kind], loss: named(loss), optimizer, epochs: 300 };
          const { status, coefficients, intercepts, optimality } = fitSync({ X: made.X, y: made.y }, options);
          const fall = fallOf(loss, made, options, coefficients, intercepts);
          const isNear = fall < 1e-6;
          if (!sweep && status === 'converged') expect(fall, `${kind}, problem ${seed}`).toBeLessThan(1e-6);
          if (status === 'converged') tally.converged++;
          if (status === 'converged' && !isNear) tally.wrong++;
          if (status !== 'stalled') continue;
          tally.stalled++;
          if (isNear) tally.near++;
          // One that has stalled far off tells so.
          else if (!((optimality.relative ?? Infinity) > 1e-7)) tally.silent++;
        }
        if (sweep) console.log(loss, optimizer, kind, JSON.stringify(tally));
        expect({ kind, wrong: tally.wrong, silent: tally.silent }).toEqual({ kind, wrong: 0, silent: 0 });
      }
    },
    patience(20_000 + 2000 * sweep),
  );

  it('and copies of columns change nothing of a fit that has converged', () => {
    for (const optimizer of solvers) {
      const x = normals(300, 5);
      const X = Float64Array.from({ length: 400 }, (_, i) => x[3 * Math.floor(i / 4) + ((i % 4) % 3)] + 300);
      const y = normals(100, 6).map((v, i) => v + x[3 * i]);
      for (const options of [{ l1: 1e-3 }, { lowerBounds: -10 }]) {
        expect(fitSync({ X, y }, { ...options, optimizer, epochs: 2000 }).status).toBe('converged');
      }
    }
  });
});

it.skipIf(faces.length < 2)('fits to the same bits on both backends', () => {
  for (const [i, [loss, optimizer]] of pairs.entries()) {
    const { X, y } = problemOf(loss, i);
    const options = { ...kinds[names[i % names.length]], loss: named(loss), optimizer, epochs: 300 };
    const [one, other] = faces.map(({ fitSync }) => fitSync({ X, y }, options));
    expectBits(one.coefficients, other.coefficients, `${loss} by ${optimizer}`);
    expect([one.status, one.optimality]).toEqual([other.status, other.optimality]);
  }
});
