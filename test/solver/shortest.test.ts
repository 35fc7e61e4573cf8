// Of collinear columns without a penalty, newton and lbfgs return the shortest of the coefficients that predict the same.
import { describe, expect, it } from 'vitest';
import type { FitData, FitOptions, Model } from '../../lib/index.js';
import { faces, native } from '../support/backends.js';
import { expectBits, normal, normals, problem, random, runs } from '../support/support.js';

type Kind = 'twice' | 'dummies' | 'sum' | 'wide' | 'constant';
const kinds: Kind[] = ['twice', 'dummies', 'sum', 'wide', 'constant'];

interface Collinear {
  data: FitData & { X: Float64Array };
  rows: number;
  cols: number;
  z: Float64Array; // what y is about
}

/** Columns of which some are combinations of others, in any order and scale. */
function collinear(kind: Kind, seed: number): Collinear {
  const uniform = random(seed);
  const rows = kind === 'wide' ? 6 : 24 + Math.floor(40 * uniform());
  const free = kind === 'wide' ? 9 : 2 + Math.floor(3 * uniform());
  const makers: Record<Kind, (x: number[], i: number) => number[]> = {
    twice: (x) => [...x, x[0], x[x.length - 1]],
    dummies: (x, i) => [...x, ...[0, 1, 2].map((k) => Number(i % 3 === k))],
    sum: (x) => [...x, 2 * x[0] - 0.5 * x[1]],
    wide: (x) => x,
    constant: (x) => [x[0], x[1], -2 * x[0], 3],
  };
  const table = Array.from({ length: rows }, (_, i) =>
    makers[kind](
      Array.from({ length: free }, () => normal(uniform)),
      i,
    ),
  );
  const cols = table[0].length;
  const X = new Float64Array(rows * cols);
  const z = new Float64Array(rows);
  const scale = 2 ** Math.floor(6 * uniform() - 3);
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < cols; j++) X[i * cols + (seed % 2 ? cols - 1 - j : j)] = scale * table[i][j];
    z[i] = 0.6 * table[i][0] - 0.4 * table[i][1] + 0.7 * normal(uniform);
  }
  const sampleWeight = seed % 3 ? undefined : normals(rows, seed).map((x) => 0.5 + x * x);
  return { data: { X, y: z, sampleWeight }, rows, cols, z };
}

/** Orthonormal rows that span those of X, each column less its mean (with `centre`) and over its deviation (`standardize`). */
function rowSpace({ data, rows, cols }: Collinear, { intercept = true, standardize }: FitOptions) {
  const s = data.sampleWeight ?? new Float64Array(rows).fill(1);
  const total = s.reduce((sum, w) => sum + w, 0);
  const mean = (f: (i: number) => number) => s.reduce((sum, w, i) => sum + w * f(i), 0) / total;
  const columns = Array.from({ length: cols }, (_, j) => {
    const x = (i: number) => data.X[i * cols + j];
    const m = mean(x);
    const deviation = standardize ? Math.sqrt(mean((i) => (x(i) - m) ** 2)) || 1 : 1;
    return { deviation, of: (i: number) => (x(i) - (intercept ? m : 0)) / deviation };
  });
  const basis: number[][] = [];
  for (let i = 0; i < rows; i++) {
    const row = columns.map((column) => column.of(i));
    const before = Math.hypot(...row);
    for (let pass = 0; pass < 3; pass++) {
      for (const q of basis) {
        const part = q.reduce((sum, value, j) => sum + value * row[j], 0);
        for (let j = 0; j < cols; j++) row[j] -= part * q[j];
      }
    }
    const length = Math.hypot(...row);
    if (length > 1e-7 * before) basis.push(row.map((value) => value / length));
  }
  return { basis, deviations: columns.map(({ deviation }) => deviation) };
}

/** The largest part of an output's coefficients that changes no prediction, beside their length. */
function superfluous(problem: Collinear, options: FitOptions, { coefficients }: Model): number {
  const { basis, deviations } = rowSpace(problem, options);
  expect(basis.length).toBeLessThan(problem.cols);
  let most = 0;
  for (let k = 0; k < coefficients.length; k += problem.cols) {
    const w = deviations.map((deviation, j) => deviation * coefficients[k + j]);
    const rest = w.slice();
    for (const q of basis) {
      const part = q.reduce((sum, value, j) => sum + value * w[j], 0);
      for (let j = 0; j < w.length; j++) rest[j] -= part * q[j];
    }
    const length = Math.hypot(...w);
    if (length > 0) most = Math.max(most, Math.hypot(...rest) / length);
  }
  return most;
}

type LossName = Extract<FitOptions['loss'], string>;

/** y as losses take it. */
const targets: Record<string, (z: number) => number> = {
  squared: (z) => z,
  logistic: (z) => Number(z > 0.1),
  softmax: (z) => (z > 0.5 ? 2 : z > -0.5 ? 1 : 0),
  poisson: (z) => Math.floor(Math.exp(z) + 0.5),
  gamma: (z) => Math.exp(z),
  tweedie: (z) => (z > -0.5 ? Math.exp(z) : 0),
  squared_hinge: (z) => Number(z > 0.1),
  modified_huber: (z) => Number(z > 0.1),
  huber: (z) => z,
  squared_epsilon_insensitive: (z) => z,
};
const losses = Object.keys(targets) as LossName[];

function labelled(problem: Collinear, loss: string): Collinear {
  return { ...problem, data: { ...problem.data, y: problem.z.map(targets[loss]) } };
}

function optionsOf(loss: LossName, more: FitOptions): FitOptions {
  return { loss, epochs: 300, ...(loss === 'softmax' ? { classes: 3 } : {}), ...more };
}

const lossOf = ({ history }: Model) => history.loss[history.loss.length - 1];

describe.each(faces)('the shortest solution: $name', ({ fitSync, fitManySync, fitPathSync, fitIterator }) => {
  for (const optimizer of ['newton', 'lbfgs', 'auto'] as const) {
    it(`is what ${optimizer} returns of every smooth loss`, () => {
      for (let seed = 1; seed <= runs(3); seed++) {
        for (const kind of kinds) {
          for (const loss of losses) {
            for (const more of [{}, { standardize: true }, { intercept: false }]) {
              if (kind === 'dummies' && 'intercept' in more) continue; // they are not collinear then
              const problem = labelled(collinear(kind, 10 * seed + kinds.indexOf(kind)), loss);
              const options = optionsOf(loss, { optimizer, ...more });
              const model = fitSync(problem.data, options);
              expect(model.status, JSON.stringify({ seed, kind, options })).not.toBe('diverged');
              expect(superfluous(problem, options, model), JSON.stringify({ seed, kind, options })).toBeLessThan(1e-10);
            }
          }
        }
      }
    });
  }

  it('has the loss and the predictions of a fit of independent columns', () => {
    for (const loss of ['logistic', 'poisson', 'gamma', 'softmax', 'huber'] as const) {
      for (const optimizer of ['newton', 'lbfgs'] as const) {
        const problem = labelled(collinear('sum', 20), loss);
        const { rows, cols } = problem;
        const options = optionsOf(loss, { optimizer, tolerance: 1e-14 });
        const model = fitSync(problem.data, options);
        const X = problem.data.X.filter((_, i) => i % cols < cols - 1); // the last is the combination
        const apart = fitSync({ ...problem.data, X }, options);
        expect(Math.abs(lossOf(model) - lossOf(apart))).toBeLessThan(1e-10);
        const [z, own] = [model.decision(problem.data.X), apart.decision(X)];
        for (let i = 0; i < rows; i++) expect(z[i]).toBeCloseTo(own[i], 4);
      }
    }
  });

  it('gives the same columns the same coefficient, from any start', () => {
    const { X, y } = problem(200, 3, 4);
    const doubled = Float64Array.from({ length: 200 * 6 }, (_, i) => X[Math.floor(i / 6) * 3 + (i % 3)]);
    const classes = y.map((value) => Number(value > 0.5));
    for (const optimizer of ['newton', 'lbfgs'] as const) {
      const options: FitOptions = { loss: 'logistic', optimizer };
      const noisy = classes.map((c, i) => (i % 7 ? c : 1 - c));
      const warmStart = fitSync({ X: normals(200 * 6, 9), y: noisy }, options);
      for (const more of [{}, { warmStart }]) {
        const { coefficients } = fitSync({ X: doubled, y: noisy }, { ...options, ...more });
        for (let j = 0; j < 3; j++) {
          expect(Math.abs(coefficients[j] - coefficients[j + 3])).toBeLessThan(1e-12 * Math.abs(coefficients[j]));
        }
      }
    }
  });

  it('is that of columns of another scale than the rest, and away from 0', () => {
    for (const [mean, width] of [
      [2e3, 10],
      [1e3, 1],
      [0, 1e-8],
    ]) {
      for (let seed = 1; seed <= 4; seed++) {
        const { X, y } = problem(100, 2, seed, 2);
        const all = Float64Array.from({ length: 300 }, (_, i) => {
          const at = 2 * Math.floor(i / 3);
          return i % 3 === 1 ? X[at + 1] : mean + width * X[at];
        });
        for (const optimizer of ['newton', 'lbfgs'] as const) {
          const data = { X: all, y: y.map((value) => Number(value > 0)) };
          const { coefficients } = fitSync(data, { loss: 'logistic', optimizer });
          const differ = Math.abs(coefficients[0] - coefficients[2]) / Math.abs(coefficients[0]);
          expect(differ, JSON.stringify({ mean, width, seed, optimizer })).toBeLessThan(1e-8);
        }
      }
    }
  });

  it('is that of the columns that nothing penalizes, where some have l2', () => {
    const { X, y } = problem(60, 2, 5);
    const tripled = Float64Array.from({ length: 60 * 4 }, (_, i) => X[Math.floor(i / 4) * 2 + (i % 4 === 3 ? 1 : 0)]);
    const data = { X: tripled, y: y.map((value, i) => Number((i % 5 ? value : -value) > 0)) };
    for (const optimizer of ['newton', 'lbfgs'] as const) {
      const { coefficients } = fitSync(data, { loss: 'logistic', optimizer, l2: 0.1, penaltyFactors: [0, 0, 1, 1] });
      expect(Math.abs(coefficients[0] - coefficients[1])).toBeLessThan(1e-12 * Math.abs(coefficients[0]));
      expect(Math.abs(coefficients[2])).toBeLessThan(1e-4);
    }
  });

  it('comes of many fits at once, and at the end of paths, as of one', () => {
    const problems = Array.from({ length: 12 }, (_, i) => {
      const { X, y } = problem(30, 3, i);
      if (i % 3) for (let r = 0; r < 30; r++) X[3 * r + 2] = i % 2 ? X[3 * r] : X[3 * r] + 2 * X[3 * r + 1];
      return { X, y: y.map((value, r) => Number((r % 4 ? value : -value) > 0.5)) };
    });
    const offsets = Float64Array.from({ length: 13 }, (_, i) => 30 * i);
    const X = Float64Array.from(problems.flatMap((one) => [...one.X]));
    const y = Float64Array.from(problems.flatMap((one) => [...one.y]));
    const options = { loss: 'logistic', optimizer: 'newton' } as const;
    const many = fitManySync({ X, y, offsets }, options);
    for (const [i, one] of problems.entries()) {
      const { coefficients, intercepts } = fitSync(one, options);
      expectBits(many.coefficients.subarray(3 * i, 3 * i + 3), coefficients);
      expectBits(many.intercepts.subarray(i, i + 1), intercepts);
    }
    const path = fitPathSync(problems[1], {
      loss: 'logistic',
      l1Ratio: 0,
      lambdas: [0.1, 0],
      standardize: false,
    } as never);
    const last = path.coefficients.slice(-3);
    expect(Math.abs(last[0] - last[2])).toBeLessThan(1e-12 * Math.abs(last[0]));
  });

  it('is that of exact, of least squares', () => {
    for (const kind of kinds) {
      const { data } = collinear(kind, 30 + kinds.indexOf(kind));
      const exact = fitSync(data, { optimizer: 'exact' });
      for (const optimizer of ['newton', 'lbfgs'] as const) {
        const { coefficients } = fitSync(data, { optimizer, tolerance: 1e-14 });
        for (const [j, w] of exact.coefficients.entries()) expect(coefficients[j]).toBeCloseTo(w, 6);
      }
    }
  });

  it('is at the end of fits that are gone through epoch by epoch', async () => {
    for (const optimizer of ['newton', 'lbfgs'] as const) {
      const { data } = labelled(collinear('twice', 8), 'poisson');
      for (const epochs of [3, 100]) {
        const options: FitOptions = { loss: 'poisson', optimizer, epochs };
        const whole = fitSync(data, options);
        const iterator = fitIterator(data, options);
        while (!(await iterator.next()).done);
        expectBits((await iterator.model).coefficients, whole.coefficients);
        expect(superfluous({ ...collinear('twice', 8), data }, options, whole)).toBeLessThan(1e-10);
      }
    }
  });

  it('takes nothing from columns that differ in one of many rows', () => {
    const rows = 3000;
    const { X, y } = problem(rows, 2, 6);
    const all = Float64Array.from({ length: 3 * rows }, (_, i) => X[2 * Math.floor(i / 3) + ((i % 3) % 2)]);
    all[3 * 1234 + 2] += 4;
    for (const optimizer of ['newton', 'lbfgs'] as const) {
      const { coefficients } = fitSync({ X: all, y }, { loss: 'huber', optimizer });
      expect(Math.abs(coefficients[0] - coefficients[2])).toBeGreaterThan(0.1);
    }
  });
});

describe.skipIf(!native)('the shortest solution of both backends', () => {
  it('has the same bits', () => {
    for (let seed = 1; seed <= runs(4); seed++) {
      for (const kind of kinds) {
        for (const loss of losses) {
          for (const optimizer of ['newton', 'lbfgs'] as const) {
            const { data } = labelled(collinear(kind, 100 * seed + kinds.indexOf(kind)), loss);
            const options = optionsOf(loss, { optimizer, standardize: seed % 2 === 0 });
            const models = faces.map(({ fitSync }) => fitSync(data, options));
            for (const model of models.slice(1)) {
              expectBits(model.coefficients, models[0].coefficients);
              expectBits(model.intercepts, models[0].intercepts);
            }
          }
        }
      }
    }
  });
});
