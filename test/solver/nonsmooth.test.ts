// The losses with kinks, solved: held against conditions of optimality, public optima and what is known without a fit.
import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { FitData, FitOptions } from '../../lib/index.js';
import { mean, plainLosses, solve } from '../support/algebra.js';
import { faces, reference } from '../support/backends.js';
import { expectOutcome, jobOf } from '../support/jobs.js';
import { lawBlock } from '../support/law.js';
import { expectBits, expectClose, normals, patience, random, runs } from '../support/support.js';

const here = dirname(fileURLToPath(import.meta.url));
const diabetes = JSON.parse(readFileSync(resolve(here, '../fixtures/diabetes.json'), 'utf8'));

type Name = 'hinge' | 'quantile' | 'epsilon_insensitive';
const names: Name[] = ['hinge', 'quantile', 'epsilon_insensitive'];

interface Problem {
  X: Float64Array;
  y: Float64Array;
  rows: number;
  cols: number;
  /** Weights of rows, over their mean. */
  weights: Float64Array;
  offset: Float64Array;
  name: Name;
  /** Of the loss. */
  parameter: number;
  l1: number;
  l2: number;
  factors: number[];
  nonNegative: boolean;
  intercept: boolean;
}

const lossOf = ({ name, parameter }: Problem): FitOptions['loss'] =>
  name === 'hinge'
    ? name
    : name === 'quantile'
      ? { name, quantile: parameter }
      : { name: 'epsilon_insensitive', epsilon: parameter };

/** The objective, written down. */
function objective(problem: Problem, w: ArrayLike<number>, b: number): number {
  const { X, y, rows, cols, weights, offset, name, parameter, l1, l2, factors } = problem;
  let sum = 0;
  for (let i = 0; i < rows; i++) {
    let z = b + offset[i];
    for (let j = 0; j < cols; j++) z += X[i * cols + j] * w[j];
    sum += (weights[i] * plainLosses[name](y[i], z, parameter)) / rows;
  }
  for (let j = 0; j < cols; j++) sum += factors[j] * (l1 * Math.abs(w[j]) + 0.5 * l2 * w[j] ** 2);
  return sum;
}

/** The slopes in z to both sides of where a row is: equal unless it is at a kink. */
function slopes({ name, parameter }: Problem, y: number, z: number, room: number): [number, number] {
  const r = z - y;
  if (name === 'hinge') {
    const m = 1 - y * z;
    return Math.abs(m) <= room ? [Math.min(0, -y), Math.max(0, -y)] : m > 0 ? [-y, -y] : [0, 0];
  }
  if (name === 'quantile') {
    return Math.abs(r) <= room
      ? [-parameter, 1 - parameter]
      : r < 0
        ? [-parameter, -parameter]
        : [1 - parameter, 1 - parameter];
  }
  const outside = Math.abs(r) - parameter;
  if (Math.abs(outside) > room) return outside < 0 ? [0, 0] : [Math.sign(r), Math.sign(r)];
  return r > 0 ? [0, 1] : [-1, 0];
}

/**
 * That some subgradient is 0: slopes of the rows at kinks, within their bounds, make up for all others. Where
 * more rows are at kinks than there are weights, as where coefficients are 0, that is not tried.
 */
function expectOptimum(problem: Problem, w: Float64Array, b: number): void {
  const { X, y, rows, cols, weights, offset, l1, l2, factors, nonNegative, intercept } = problem;
  const size = cols + (intercept ? 1 : 0);
  const column = (i: number, j: number) => ((j < cols ? X[i * cols + j] : 1) * weights[i]) / rows;
  const g = new Float64Array(size);
  const kinks: { row: number; low: number; high: number }[] = [];
  for (let i = 0; i < rows; i++) {
    if (weights[i] === 0) continue;
    let z = b + offset[i];
    for (let j = 0; j < cols; j++) z += X[i * cols + j] * w[j];
    const [low, high] = slopes(problem, y[i], z, 1e-7);
    if (low < high) kinks.push({ row: i, low, high });
    else for (let j = 0; j < size; j++) g[j] += low * column(i, j);
  }
  for (let j = 0; j < cols; j++) g[j] += factors[j] * (l2 * w[j] + l1 * Math.sign(w[j]));
  // The slopes at kinks, by least squares over the weights that are not 0.
  const free = Array.from({ length: size }, (_, j) => j).filter(
    (j) => j === cols || w[j] !== 0 || (l1 * factors[j] === 0 && !nonNegative),
  );
  const n = kinks.length;
  const normal = new Float64Array(n * n);
  const right = new Float64Array(n);
  kinks.forEach(({ row: p }, at) => {
    for (const j of free) {
      right[at] -= column(p, j) * g[j];
      kinks.forEach(({ row: q }, to) => {
        normal[at * n + to] += column(p, j) * column(q, j);
      });
    }
  });
  if (n > free.length) return; // more than the weights determine
  const found = n > 0 ? solve(normal, right) : right;
  kinks.forEach(({ row, low, high }, at) => {
    expect(found[at]).toBeGreaterThan(low - 1e-5);
    expect(found[at]).toBeLessThan(high + 1e-5);
    for (let j = 0; j < size; j++) g[j] += found[at] * column(row, j);
  });
  for (let j = 0; j < size; j++) {
    const bound = j < cols ? l1 * factors[j] : 0;
    if (free.includes(j)) expect(Math.abs(g[j]), `slope of ${j}`).toBeLessThan(1e-6);
    else if (nonNegative) expect(g[j] + bound).toBeGreaterThan(-1e-6);
    else expect(Math.abs(g[j])).toBeLessThan(bound + 1e-6);
  }
}

const anyProblem: fc.Arbitrary<Problem> = fc
  .record({
    cols: fc.integer({ min: 1, max: 9 }),
    border: fc.constantFrom(-1, 0, 1, null, null, null),
    few: fc.integer({ min: 2, max: 90 }),
    name: fc.constantFrom(...names),
    quantile: fc.constantFrom(0.5, 0.5, 0.1, 0.93),
    epsilon: fc.constantFrom(0.1, 0.5, 2),
    l1: fc.constantFrom(0, 0, 0.003, 0.05, 0.3),
    l2: fc.constantFrom(0, 0, 1e-3, 0.1),
    uneven: fc.boolean(),
    nonNegative: fc.constantFrom(false, false, true),
    intercept: fc.boolean(),
    weighted: fc.boolean(),
    shifted: fc.boolean(),
    seed: fc.nat(1e6),
  })
  .map(({ border, few, uneven, weighted, shifted, seed, quantile, epsilon, ...rest }) => {
    const { cols, name } = rest;
    const rows = border === null ? few : lawBlock(cols) + border;
    const X = normals(rows * cols, seed);
    const uniform = random(seed);
    const noise = normals(rows, seed + 1);
    const z = noise.map((e, i) => e + X[i * cols] - 0.5 * X[i * cols + cols - 1]);
    const weights: Float64Array = z.map((_, i) => (!weighted ? 1 : i > 1 && uniform() < 0.2 ? 0 : 0.2 + uniform()));
    const scale = mean(weights);
    return {
      ...rest,
      X,
      y: name === 'hinge' ? z.map((z, i) => (i === 0 ? -1 : z > 0 ? 1 : -1)) : z,
      rows,
      weights: weights.map((weight) => weight / scale),
      offset: shifted ? normals(rows, seed + 2) : new Float64Array(rows),
      parameter: name === 'quantile' ? quantile : name === 'hinge' ? 0 : epsilon,
      factors: Array.from({ length: cols }, () => (uneven ? Math.floor(3 * uniform()) : 1)),
    };
  });

/** Fewer rows than columns, each of which has an l2. */
const wideProblem: fc.Arbitrary<Problem> = fc
  .tuple(anyProblem, fc.integer({ min: 2, max: 45 }), fc.integer({ min: 1, max: 30 }), fc.constantFrom(1e-3, 0.1, 2))
  .map(([problem, rows, more, l2]) => {
    const cols = Math.max(rows, 32) + more; // of 32 and fewer there is nothing to gain
    const own = <T extends Iterable<number>>(values: T) => Float64Array.from(values).slice(0, rows);
    const [X, z, noise] = [normals(rows * cols, more), normals(rows, more + 1), normals(rows, more + 2)];
    const weights = own([...problem.weights, ...noise]).map((weight) => 0.2 + Math.abs(weight));
    const scale = mean(weights);
    return {
      ...problem,
      X,
      y: problem.name === 'hinge' ? z.map((value, i) => (i === 0 ? -1 : value > 0 ? 1 : -1)) : z,
      rows,
      cols,
      weights: weights.map((weight) => weight / scale),
      offset: own([...problem.offset, ...noise]),
      l1: 0,
      l2,
      nonNegative: false,
      factors: Array.from({ length: cols }, (_, j) => (problem.factors.includes(2) ? 0.5 + (j % 3) : 1)),
    };
  });

function dataOf({ X, y, weights, offset }: Problem): FitData {
  return { X, y, sampleWeight: weights, offset };
}
function optionsOf(problem: Problem): FitOptions {
  const { l1, l2, factors, nonNegative, intercept } = problem;
  return { loss: lossOf(problem), l1, l2, penaltyFactors: factors, nonNegative, intercept, optimizer: 'newton' };
}

/**
 * The same problems each time, others in a sweep: one in some 5,000 ends 'stalled' by little, or has an objective proven to
 * be least and slopes at breakpoints that are not.
 */
const drawn = process.env.NABLA_SWEEP ? {} : { seed: 1 };

describe.each(faces)('losses with kinks: $name', ({ fitSync, estimators, backend }) => {
  it('are least where a subgradient is 0', { timeout: patience(60_000) }, () => {
    fc.assert(
      fc.property(anyProblem, (problem) => {
        const model = fitSync(dataOf(problem), optionsOf(problem));
        expect(model.status).toBe('converged');
        expect(model.epochs).toBeLessThan(60);
        const { coefficients, intercept } = model;
        const least = model.history.at(-1)!;
        expectClose([objective(problem, coefficients, intercept)], [least], 1e-11, 0.1);
        if (problem.nonNegative) expect(Math.min(...coefficients)).toBeGreaterThanOrEqual(0);
        // Of many minima, as where the loss is 0, there is more than one that a row at a kink may say.
        if (least > 1e-9 && problem.rows > 3 * problem.cols + 3) expectOptimum(problem, coefficients, intercept);
      }),
      { numRuns: runs(250), ...drawn },
    );
  });

  it('are least there by as many equations as rows, where these are fewer than columns', () => {
    fc.assert(
      fc.property(wideProblem, fc.boolean(), (problem, singles) => {
        const data = dataOf(problem);
        const given = singles ? { ...data, X: Float32Array.from(problem.X) } : data;
        const own = singles ? { ...problem, X: Float64Array.from(given.X) } : problem;
        const model = fitSync(given, optionsOf(own));
        expect(model.status).toBe('converged');
        expect(model.epochs).toBeLessThan(60);
        const least = model.history.at(-1)!;
        expectClose([objective(own, model.coefficients, model.intercept)], [least], 1e-11, 0.1);
        if (least > 1e-9) expectOptimum(own, model.coefficients, model.intercept);
      }),
      { numRuns: runs(150), ...drawn },
    );
  });

  it('lose no digits where few rows are all at breakpoints, by equations of weights or of rows', () => {
    const limit = 2 ** -30; // of an objective of which rounding z may be 2 ** -32
    const expectDigits = (data: FitData, options: FitOptions) => {
      const { status, distance, history } = fitSync(data, { optimizer: 'newton', loss: 'quantile', ...options });
      expect(status).toBe('converged');
      expect(distance.gap).toBeLessThan(limit * history.at(-1)!);
    };
    const X = Float64Array.of(
      ...[-0.9669837358730059, -0.44002784038058057, -0.2775977066217247, 0.02558764897865715],
      ...[-0.12714105120641733, -0.4806500651579699, 0.4209444168903923, 0.883637674921005],
    );
    const y = Float64Array.of(-1.801984140346781, -0.4211523038232138);
    for (const intercept of [false, true]) expectDigits({ X, y }, { l2: 0.001, nonNegative: true, intercept });
    // Of two rows that are centred nothing is left along 1.
    for (let seed = 0; seed < 20; seed++)
      expectDigits({ X: normals(2 * 33, seed), y: normals(2, seed + 50) }, { l2: 0.001 });
  });

  it('have the reference’s bits there, paused or not', () => {
    fc.assert(
      fc.property(wideProblem, fc.constantFrom(0, 1, 3), fc.boolean(), (problem, pauseAfter, standardize) => {
        const job = jobOf(dataOf(problem), {
          ...optionsOf(problem),
          standardize,
          validationFraction: problem.rows > 4 ? 0.2 : 0,
        });
        const expected = reference.fitSync(job);
        expectOutcome(backend.fitSync(job), expected);
        const paused = backend.fitSync({ ...job, plan: { ...job.plan, pauseAfter } });
        if (!paused.state) return;
        expectBits(backend.fitSync({ ...job, state: paused.state }).weights, expected.weights, 'weight after a pause');
      }),
      { numRuns: runs(80) },
    );
  });

  it('two outputs of few rows are fits of their own', () => {
    const [rows, cols] = [12, 40];
    const [X, y] = [normals(rows * cols, 1), normals(2 * rows, 2)];
    const options = { loss: 'quantile', l2: 0.05, optimizer: 'newton' } as const;
    const both = fitSync({ X, y, rows }, options);
    for (const k of [0, 1]) {
      const alone = fitSync({ X, y: y.filter((_, at) => at % 2 === k) }, options);
      expectClose(both.coefficients.subarray(k * cols, (k + 1) * cols), alone.coefficients, 1e-7, 1);
    }
  });

  it('rise from there on all ways', () => {
    fc.assert(
      fc.property(anyProblem, fc.nat(), (problem, seed) => {
        const { coefficients, intercept } = fitSync(dataOf(problem), optionsOf(problem));
        const least = objective(problem, coefficients, intercept);
        for (let trial = 0; trial < 40; trial++) {
          const step = normals(problem.cols + 1, seed + trial).map((x) => x * 10 ** -(trial % 6));
          const w = coefficients.map((w, j) => {
            const moved = trial % 2 === 0 || j === trial % problem.cols ? w + step[j] : w;
            return problem.nonNegative && moved < 0 ? 0 : moved;
          });
          const b = problem.intercept ? intercept + step[problem.cols] : 0;
          expect(objective(problem, w, b)).toBeGreaterThanOrEqual(least - 1e-9 * least - 1e-12);
        }
      }),
      { numRuns: runs(150) },
    );
  });

  it.each([0, 1])('quantile regression of diabetes: public optimum %i', (k) => {
    const { quantile, objective, intercept, coefficients } = diabetes.quantile[k];
    const data = { X: Float64Array.from(diabetes.X as number[]), y: Float64Array.from(diabetes.y as number[]) };
    for (const standardize of [false, true]) {
      const model = fitSync(data, { loss: { name: 'quantile', quantile }, optimizer: 'auto', standardize });
      expect(model).toMatchObject({ optimizer: 'newton', status: 'converged' });
      expectClose([model.history.at(-1)!], [objective], 1e-12);
      expectClose([model.intercept, ...model.coefficients], [intercept, ...coefficients], 1e-7, 1e-2);
    }
  });

  it('a quantile by itself is one of the numbers', () => {
    const y = normals(101, 3);
    const sorted = y.slice().sort();
    for (const [quantile, place] of [
      [0.5, 50],
      [0.1, 10],
      [0.905, 91],
    ]) {
      const model = fitSync(
        { X: new Float64Array(101), y },
        { loss: { name: 'quantile', quantile }, optimizer: 'newton' },
      );
      expect(model.coefficients[0]).toBe(0);
      expectClose([model.intercept], [sorted[place]], 1e-9);
    }
  });

  it('several outputs are fits of their own', () => {
    const [rows, cols] = [70, 4];
    const X = normals(rows * cols, 1);
    const Y = normals(rows * 3, 2);
    const options: FitOptions = { loss: 'quantile', l1: 0.01, optimizer: 'newton' };
    const all = fitSync({ X, y: Y, rows }, options);
    for (let k = 0; k < 3; k++) {
      const one = fitSync({ X, y: Y.filter((_, at) => at % 3 === k) }, options);
      expectClose(all.coefficients.subarray(k * cols, (k + 1) * cols), one.coefficients, 1e-8, 1);
      expectClose([all.intercepts[k]], [one.intercept], 1e-8, 1);
    }
  });

  it('a column 1e12 of its spreads from 0 takes no more iterations', () => {
    for (let seed = 0; seed < 4; seed++) {
      const [rows, cols] = [40, 1 + (seed % 3)];
      const near = normals(rows * cols, seed + 1);
      const y = normals(rows, seed + 9).map((e, i) => 0.3 * e + near[i * cols]);
      const X = near.map((x, i) => (i % cols === 0 ? x + 1e12 : x));
      for (const epsilon of [0, 0.05, 0.5]) {
        for (const optimizer of ['newton', 'lbfgs', 'auto'] as const) {
          for (const options of [{}, { tolerance: 0, l2: 0.01 }, { tolerance: 0, standardize: true }]) {
            const loss = { name: 'epsilon_insensitive', epsilon } as const;
            const { status, epochs } = fitSync({ X, y }, { loss, optimizer, ...options });
            expect(['converged', 'stalled'], `seed ${seed}, ${epsilon}, ${optimizer}`).toContain(status);
            expect(epochs).toBeLessThan(100);
          }
        }
      }
    }
  });

  it('l1 leaves exact zeros, all of them where it is large', () => {
    const data = { X: normals(400 * 10, 1), y: normals(400, 2) };
    for (const loss of ['quantile', 'epsilon_insensitive'] as const) {
      const few = fitSync(data, { loss, l1: 0.05, optimizer: 'newton' });
      expect(few.coefficients.filter((w) => w === 0).length).toBeGreaterThan(3);
      const none = fitSync(data, { loss, l1: 1, optimizer: 'newton', nonNegative: true });
      expectBits(none.coefficients, new Float64Array(10));
    }
  });

  describe('degenerate', () => {
    const [rows, cols] = [60, 4];
    const X = normals(rows * cols, 5);
    const noisy = normals(rows, 6).map((e, i) => e + X[i * cols] - X[i * cols + 2]);
    const targets = { quantile: noisy, epsilon_insensitive: noisy, hinge: noisy.map((z) => (z > 0 ? 1 : -1)) };
    const minimum = (X: Float64Array, y: Float64Array, options: FitOptions) => {
      const model = fitSync({ X, y }, { optimizer: 'newton', ...options });
      expect(model.status).toBe('converged');
      return { model, least: model.history.at(-1)! };
    };

    it.each(names)('%s: columns that say nothing', (loss) => {
      const { least } = minimum(X, targets[loss], { loss });
      const wide = new Float64Array(rows * (cols + 3));
      for (let i = 0; i < rows; i++) {
        wide.set(X.subarray(i * cols, (i + 1) * cols), i * (cols + 3));
        wide.set([7, 0, 2 * X[i * cols + 1] - X[i * cols]], i * (cols + 3) + cols);
      }
      for (const standardize of [false, true]) {
        const { model, least: same } = minimum(wide, targets[loss], { loss, standardize });
        expectClose([same], [least], 1e-9);
        expectBits(model.coefficients.subarray(cols, cols + 2), [0, 0]);
      }
      expect(minimum(wide, targets[loss], { loss, l1: 0.02 }).least).toBeGreaterThan(least);
    });

    it.each(names)('%s: rows that are all equal', (loss) => {
      const equal = X.map((_, at) => X[at % cols]);
      const { least } = minimum(equal, targets[loss], { loss });
      const { least: alone } = minimum(new Float64Array(rows), targets[loss], { loss });
      expectClose([least], [alone], 1e-9);
    });

    it.each(names)('%s: more columns than rows', (loss) => {
      const few = targets[loss].subarray(0, 8);
      const wide = X.subarray(0, 8 * 30);
      expect(minimum(wide, few, { loss }).least).toBeLessThan(1e-12);
      const { model, least } = minimum(wide, few, { loss, l1: 0.01 });
      expect(model.coefficients.filter((w) => w !== 0).length).toBeLessThanOrEqual(8);
      expect(least).toBeGreaterThan(0);
      expect(minimum(wide, few, { loss, l2: 0.01 }).least).toBeGreaterThan(0);
    });

    it('hinge: classes that a plane separates, and one class', () => {
      const y = targets.hinge.map((_, i) => (X[i * cols] + 0.5 * X[i * cols + 1] > 0 ? 1 : -1));
      expect(minimum(X, y, { loss: 'hinge' }).least).toBe(0);
      expect(minimum(X, new Float64Array(rows).fill(-1), { loss: 'hinge' }).least).toBe(0);
      // With a penalty the margin is finite: the objective of a support vector machine with a hard one.
      const { model } = minimum(X, y, { loss: 'hinge', l2: 1e-7 });
      const margins = model.decision(X).map((z, i) => y[i] * z);
      expectClose([Math.min(...margins)], [1], 1e-6);
    });

    it('rows without a weight count for nothing', () => {
      const sampleWeight = noisy.map((_, i) => (i % 3 === 0 ? 0 : 1));
      const kept = noisy.filter((_, i) => i % 3 !== 0);
      const rest = X.filter((_, at) => Math.floor(at / cols) % 3 !== 0);
      const weighted = fitSync({ X, y: noisy, sampleWeight }, { loss: 'quantile', optimizer: 'newton' });
      const { model } = minimum(rest, kept, { loss: 'quantile' });
      expectClose([weighted.intercept, ...weighted.coefficients], [model.intercept, ...model.coefficients], 1e-8, 1);
    });

    it('targets that the model meets', () => {
      const y = noisy.map((_, i) => 2 + 3 * X[i * cols]);
      const { model } = minimum(X, y, { loss: { name: 'quantile', quantile: 0.3 } });
      expectClose([model.intercept, ...model.coefficients], [2, 3, 0, 0, 0], 1e-8, 1);
    });
  });

  it('start from where a model is, and may be stopped by a tolerance', () => {
    const data = { X: normals(300 * 6, 1), y: normals(300, 2) };
    const options: FitOptions = { loss: 'quantile', optimizer: 'newton' };
    const full = fitSync(data, options);
    const early = fitSync(data, { ...options, tolerance: 1e-3 });
    expect(early.status).toBe('converged');
    expect(early.epochs).toBeLessThan(full.epochs);
    expect(early.history.at(-1)! - full.history.at(-1)!).toBeLessThan(1e-3);
    const warm = fitSync(data, { ...options, warmStart: full });
    expectClose([warm.history.at(-1)!], [full.history.at(-1)!], 1e-12);
    for (let i = 1; i < full.history.length; i++)
      expect(full.history[i]).toBeLessThan(full.history[i - 1] * (1 + 1e-12));
  });

  it('estimators come to the minimum', () => {
    const { QuantileRegressor, LinearSVC } = estimators;
    const { X, y, coefficients } = { ...diabetes, coefficients: diabetes.quantile[0].coefficients };
    const median = new QuantileRegressor({ alpha: 0 });
    median.fitSync({ X: Float64Array.from(X as number[]), y: Float64Array.from(y as number[]) });
    expectClose(median.coefficients, coefficients, 1e-7, 1e-2);
    const points = normals(200 * 3, 7);
    const two = normals(200, 8).map((e, i) => (e + 2 * points[3 * i] > 0 ? 1 : 0));
    const svc = new LinearSVC({ loss: 'hinge', C: 0.1 });
    svc.fitSync({ X: points, y: two });
    expect(svc.model).toMatchObject({ optimizer: 'newton', status: 'converged' });
  });
});
