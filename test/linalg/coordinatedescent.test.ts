// The small dense algebra of the solvers: Cholesky, and the minimum of a quadratic model with l1. Of the reference;
// native has the same bits, which the parity of fits shows.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { factorize, rowsKept, solveFactorized } from '../../lib/reference/linalg/cholesky.js';
import { Quadratic } from '../../lib/reference/linalg/coordinatedescent.js';
import { gram } from '../../lib/reference/objective/products.js';
import { solve } from '../support/algebra.js';
import { expectBits, expectClose, normals, random, runs } from '../support/support.js';

const none: Float64Array = new Float64Array(0);

/** XᵀX of normal numbers whose columns are correlated, and -Xᵀy. */
function problem(rows: number, cols: number, correlation: number, seed: number) {
  const own = normals(rows * cols, seed);
  const common = normals(rows, seed + 1);
  const X = own.map((x, at) => Math.sqrt(1 - correlation) * x + Math.sqrt(correlation) * common[Math.floor(at / cols)]);
  const [H, g] = [new Float64Array(cols * cols), new Float64Array(cols)];
  gram(X, rows, cols, null, H);
  const noise = normals(rows, seed + 2);
  for (let i = 0; i < rows; i++) {
    let y = 0.5 * noise[i];
    for (let j = 0; j < cols; j += 3) y += X[i * cols + j] * (j % 2 === 0 ? 2 : -1);
    for (let j = 0; j < cols; j++) g[j] -= X[i * cols + j] * y;
  }
  return { H, g };
}

function minimum(
  H: Float64Array,
  g: Float64Array,
  { w = none, penalized = g.length, l1 = 0, lower = none, upper = none, factors = none } = {},
) {
  const quadratic = new Quadratic(g.length, penalized, {
    l1,
    l2: 0,
    factors: factors.length ? factors : null,
    bounds: lower.length ? { lower, upper } : null,
  });
  const v = new Float64Array(g.length).fill(NaN);
  quadratic.setHessian(H, new Float64Array(g.length));
  return { v, gain: quadratic.minimize(g, w.length ? w : new Float64Array(g.length), v) };
}

describe('Cholesky', () => {
  it.each([1, 2, 7, 31, 32, 33, 64, 65, 97])('solves %i equations', (n) => {
    const { H, g } = problem(n + 20, n, 0.5, n);
    const [L, x] = [H.slice(), g.slice()];
    expect(factorize(L, n)).toBe(0);
    solveFactorized(L, n, x);
    expectClose(x, solve(H, g), 1e-11, 1);
    for (let i = 0; i < n; i++) {
      for (let k = 0; k <= i; k++) {
        let sum = 0;
        for (let j = 0; j <= k; j++) sum += L[i * n + j] * L[k * n + j];
        expectClose([sum], [H[i * n + k]], 1e-13, H[i * n + i], `${i}, ${k} of LLᵀ:`);
      }
    }
  });

  it.each([40, 64, 97])('goes on from rows of %i equations that stand', (n) => {
    const { H } = problem(n + 20, n, 0.5, n);
    for (let i = 0; i < n; i++) for (const j of [5, 45]) if (j < n) H[i * n + j] = H[j * n + i] = H[i * n + 2];
    for (const j of [5, 45]) if (j < n) H[j * n + j] = H[2 * n + 2];
    const whole = H.slice();
    const aliased = factorize(whole, n);
    expect(aliased).toBe(n > 45 ? 2 : 1);
    for (const rows of [0, 31, 32, 50, n - 1, n]) {
      const known = rowsKept(rows);
      const L = H.slice();
      L.set(whole.subarray(0, known * n));
      expect(factorize(L, n, known)).toBe(aliased);
      for (let i = 0; i < n; i++)
        expectBits(L.subarray(i * n, i * n + i + 1), whole.subarray(i * n, i * n + i + 1), `row ${i}`);
    }
  });

  it('finds columns that others make up wherever they stand', () => {
    const [rows, cols] = [200, 70];
    const X = normals(rows * cols, 3);
    for (let i = 0; i < rows; i++)
      for (const j of [20, 33, 69]) X[i * cols + j] = X[i * cols] - 2 * X[i * cols + j - 1];
    const H = new Float64Array(cols * cols);
    gram(X, rows, cols, null, H);
    const b = Float64Array.from({ length: cols }, (_, j) => H[j * cols] + H[j * cols + 50]);
    expect(factorize(H, cols)).toBe(3);
    solveFactorized(H, cols, b);
    expectClose(
      b,
      b.map((_, j) => Number(j === 0 || j === 50)),
      1e-11,
      1,
    );
    expectBits([b[20], b[33], b[69]], [0, 0, 0]);
  });

  it('takes a column that others make up for aliased: its component is 0', () => {
    const [rows, cols] = [50, 6];
    const X = normals(rows * cols, 1);
    for (let i = 0; i < rows; i++) {
      X[i * cols + 2] = 3 * X[i * cols] - X[i * cols + 1];
      X[i * cols + 3] = 0;
      X[i * cols + 5] = X[i * cols + 4];
    }
    const H = new Float64Array(cols * cols);
    gram(X, rows, cols, null, H);
    const truth = Float64Array.of(1, -2, 0, 0, 4, 0);
    const b = new Float64Array(cols);
    for (let j = 0; j < cols; j++) for (let k = 0; k < cols; k++) b[j] += H[j * cols + k] * truth[k];
    expect(factorize(H, cols)).toBe(3);
    solveFactorized(H, cols, b);
    expectClose(b, truth, 1e-12);
    expectBits([b[2], b[3], b[5]], [0, 0, 0]);
  });
});

describe('the minimum of a quadratic model', () => {
  it('without l1 solves the equations', () => {
    const { H, g } = problem(80, 20, 0.5, 1);
    const w = normals(20, 5);
    const { v, gain } = minimum(H, g, { w });
    const delta = solve(H, g).map((x) => -x);
    expectClose(
      v,
      w.map((w, j) => w + delta[j]),
      1e-11,
      1,
    );
    expectClose([gain], [-0.5 * delta.reduce((sum, d, j) => sum + d * g[j], 0)], 1e-12);
  });

  it('of one variable is the soft threshold', () => {
    const one = (g: number, h: number, l1: number, w = 0, low = -Infinity, high = Infinity) => {
      const [lower, upper] = [Float64Array.of(low), Float64Array.of(high)];
      return minimum(Float64Array.of(h), Float64Array.of(g), { l1, w: Float64Array.of(w), lower, upper }).v[0];
    };
    expect(one(-4, 2, 1)).toBe(1.5);
    expect(one(4, 2, 1)).toBe(-1.5);
    expect([one(4, 2, 1, 0, 0), one(4, 2, 1, 0, -1), one(4, 2, 1, 2, 1), one(-4, 2, 1, 0, 0, 1)]).toEqual([
      0, -1, 1, 1,
    ]);
    expect(one(0.9, 2, 1)).toBe(0);
    expect(one(0, 2, 1, 5)).toBe(4.5);
    expectBits([one(0, 2, 10, 5), one(0, 2, 10, -5)], [0, 0]);
    // What the model says nothing of.
    expect([one(0, 0, 0, 5, 0), one(0, 0, 1, 5), one(0, 0, 1, 5, 2, 6), one(0, 0, 1, -5, -9, -3)]).toEqual([
      5, 0, 2, -3,
    ]);
  });

  it('is found at once from itself, and from nearby with rounding in the way', () => {
    for (const seed of [1, 2, 3, 4, 5, 6]) {
      const { H, g } = problem(60, 12, 0.5, seed);
      const quadratic = new Quadratic(12, 11, { l1: 5, l2: 0, factors: null, bounds: null });
      quadratic.setHessian(H, new Float64Array(12));
      const [v, again] = [new Float64Array(12), new Float64Array(12)];
      quadratic.minimize(g, again, v);
      expect(quadratic.isSolved).toBe(true);
      expect(quadratic.leastPivot).toBeGreaterThan(0.01);
      const there = g.map((slope, j) => v.reduce((sum, w, k) => sum + H[j * 12 + k] * w, slope));
      quadratic.minimize(there, v, again);
      expect(quadratic.isSolved, `seed ${seed}`).toBe(true);
      expectClose(again, v, 1e-13, 1);
    }
  });

  const any = fc.record({
    cols: fc.integer({ min: 1, max: 40 }),
    extra: fc.integer({ min: 1, max: 60 }),
    few: fc.constantFrom(false, false, true),
    correlation: fc.constantFrom(0, 0.5, 0.9, 0.999),
    part: fc.constantFrom(0.9, 0.3, 0.1, 1e-2, 1e-3, 1e-5),
    free: fc.nat(3),
    box: fc.constantFrom('none', 'nonNegative', 'any'),
    factors: fc.boolean(),
    start: fc.constantFrom(0, 1),
    seed: fc.nat(1e6),
  });

  it('has no slope that leads down, but for rounding, and its zeros are +0', () => {
    fc.assert(
      fc.property(any, ({ cols, extra, few, correlation, part, free, box, factors: uneven, start, seed }) => {
        const rows = few ? Math.ceil(cols / 2) : cols + extra;
        const { H, g } = problem(rows, cols, correlation, seed);
        const penalized = few ? cols : Math.max(0, cols - free);
        const factors = normals(cols, seed + 5).map((x, j) => (uneven ? (!few && j % 5 === 0 ? 0 : 0.1 + x * x) : 1));
        const uniform = random(seed + 7);
        const end = (usual: number) => (uniform() < 0.3 ? usual : uniform() < 0.2 ? 0 : 4 * uniform() - 2);
        const ends = Array.from({ length: cols }, () =>
          box === 'any' ? [end(-Infinity), end(Infinity)] : [0, Infinity],
        );
        const lower = Float64Array.from(ends, ([a, b]) => Math.min(a, b));
        const upper = Float64Array.from(ends, ([a, b]) =>
          uniform() < 0.1 && box === 'any' ? Math.min(a, b) : Math.max(a, b),
        );
        for (let j = 0; j < cols; j++) if (upper[j] === -Infinity) upper[j] = 0;
        const isBounded = (j: number) => box !== 'none' && j < penalized;
        const w: Float64Array = normals(cols, seed + 6).map((x, j) =>
          isBounded(j) ? Math.min(upper[j], Math.max(lower[j], start * x)) : start * x,
        );
        // g belongs to w.
        for (let j = 0; j < cols; j++) for (let k = 0; k < cols; k++) g[j] += H[j * cols + k] * w[k];
        const l1 = part * g.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
        const { v, gain } = minimum(H, g, { w, penalized, l1, factors, ...(box !== 'none' && { lower, upper }) });
        let fall = 0;
        for (let j = 0; j < cols; j++) {
          let slope = g[j];
          let size = Math.abs(g[j]);
          for (let k = 0; k < cols; k++) {
            slope += H[j * cols + k] * (v[k] - w[k]);
            size += Math.abs(H[j * cols + k] * (v[k] - w[k]));
          }
          const bound = j < penalized ? l1 * factors[j] : 0;
          fall += 0.5 * (g[j] + slope) * (v[j] - w[j]) + bound * (Math.abs(v[j]) - Math.abs(w[j]));
          const room = 1e-12 * (size + bound);
          if (v[j] === 0) expectBits([v[j]], [0]);
          if (isBounded(j)) expect(v[j]).toBeGreaterThanOrEqual(lower[j]);
          if (isBounded(j)) expect(v[j]).toBeLessThanOrEqual(upper[j]);
          const right = slope + (v[j] < 0 ? -bound : bound);
          const left = slope + (v[j] > 0 ? bound : -bound);
          if (!(isBounded(j) && v[j] === upper[j])) expect(right).toBeGreaterThanOrEqual(-room);
          if (!(isBounded(j) && v[j] === lower[j])) expect(left).toBeLessThanOrEqual(room);
        }
        expect(gain).toBeGreaterThanOrEqual(0);
        expectClose([gain], [-fall], 1e-9, Math.abs(fall) * 1e-3);
      }),
      { numRuns: runs(400) },
    );
  });

  it('of more variables than rows is sparse where l1 is small', () => {
    const { H, g } = problem(30, 80, 0.5, 1);
    const { v } = minimum(H, g, { l1: 1e-5 * Math.max(...g.map(Math.abs)) });
    expect(v.filter((x) => x !== 0).length).toBe(30);
  });

  it('ends where there is no minimum or no number', () => {
    const cases = [
      { H: Float64Array.of(0, 0, 0, 0), g: Float64Array.of(-3, 1) },
      { H: Float64Array.of(NaN, 1, 1, 2), g: Float64Array.of(1, 1) },
      { H: Float64Array.of(1, 1, 1, 2), g: Float64Array.of(NaN, 1) },
      { H: Float64Array.of(1e308, 1e308, 1e308, 1e308), g: Float64Array.of(1e308, -1e308) },
      { H: Float64Array.of(Infinity, 1, 1, 1), g: Float64Array.of(1, Infinity) },
    ];
    for (const { H, g } of cases) {
      for (const l1 of [0, 0.5]) {
        const [zeros, ones] = [new Float64Array(2), new Float64Array(2).fill(1)];
        for (const box of [{}, { lower: zeros, upper: ones.map(() => Infinity) }, { lower: zeros, upper: ones }]) {
          expect(minimum(H, g, { l1, ...box }).v.length).toBe(2);
        }
      }
    }
  });
});
