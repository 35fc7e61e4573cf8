// A fit that says 'converged' is at its minimum, whatever the scale of its data and however far from 0 they are; one that is
// not says so. NABLA_SWEEP=2000: so many random problems for each loss and solver, and what came of them.
import { describe, expect, it } from 'vitest';
import type { FitOptions } from '../../lib/index.js';
import { fitOptions, margins, randomProblem } from '../support/anyproblem.js';
import { faces } from '../support/backends.js';
import { piecewiseLinearLosses, smoothLosses, violation } from '../support/optimum.js';
import { violationOfPieces } from '../support/pieces.js';
import { expectBits, expectClose, normals, patience, runs } from '../support/support.js';

const sweep = Number(process.env.NABLA_SWEEP ?? 0);
const problems = sweep || runs(24);
const solvers = ['exact', 'newton', 'lbfgs', 'auto'] as const;
const losses = [...smoothLosses, ...piecewiseLinearLosses];
const pairs = solvers.flatMap((optimizer) =>
  losses.filter((loss) => optimizer !== 'exact' || loss === 'squared').map((loss) => [loss, optimizer] as const),
);
const iterative = ['newton', 'lbfgs', 'auto'] as const;
const isKinked = (loss: string) => (piecewiseLinearLosses as readonly string[]).includes(loss);

/** The share of random problems whose fits are to say that they are at their minimum: lbfgs may have no bound that tells. */
const leastShare = (loss: string, optimizer: string) => (!isKinked(loss) ? 0.8 : optimizer === 'lbfgs' ? 0.6 : 0.98);

describe.each(faces)('minima: $name', ({ fitSync, fitManySync }) => {
  it.each(pairs)(
    'of random problems, %s by %s',
    (loss, optimizer) => {
      const tally: Record<string, number> = { converged: 0 };
      let worst = 0;
      for (let seed = 0; seed < problems; seed++) {
        const { problem, options } = randomProblem(loss, seed, optimizer !== 'exact');
        const { cols: _, ...data } = problem;
        const { status, coefficients, intercept, intercepts } = fitSync(data, { ...fitOptions(options), optimizer });
        tally[status] = (tally[status] ?? 0) + 1;
        if (status !== 'converged') continue;
        const off = isKinked(loss)
          ? violationOfPieces(problem, options, coefficients, intercept)
          : violation(problem, options, coefficients, intercepts);
        worst = Math.max(worst, off);
        expect(off, `problem ${seed}: off its minimum`).toBeLessThan(optimizer === 'lbfgs' ? 1e-4 : 1e-6);
      }
      if (sweep) console.log(loss, optimizer, JSON.stringify(tally), worst);
      // Nothing runs on at its minimum.
      if (optimizer !== 'lbfgs') expect(tally.maxEpochs ?? 0).toBe(0);
      // One more may stall: of few problems it is more than its share.
      expect(tally.converged).toBeGreaterThanOrEqual(Math.floor(leastShare(loss, optimizer) * problems));
    },
    patience(60_000 + 200 * sweep),
  );

  it('is not said where Newton’s own models leave much to gain, as of few whole numbers under bounds or l1', () => {
    const told = { converged: 0, far: 0 };
    const whole = (n: number, seed: number) => normals(n, seed).map((value) => Math.round(2 * value));
    const given = { X: Float64Array.of(-3, 0, -1, -2, 3, -2), y: Float64Array.of(0, 1, 2) };
    const cases = [{ data: given, options: { loss: 'softmax', lowerBounds: 0 } as FitOptions }];
    for (let seed = 0; seed < runs(300); seed++) {
      const [rows, cols] = [3 + (seed % 13), 2 + (seed % 2)];
      const X = whole(rows * cols, seed);
      const classes = whole(rows, seed + 1e6).map((value) => Math.abs(value) % 3);
      classes.set([0, 1, 2]);
      const numbers = whole(rows, seed + 2e6);
      cases.push({ data: { X, y: classes }, options: { loss: 'softmax', nonNegative: true } });
      cases.push({ data: { X, y: classes }, options: { loss: 'softmax', upperBounds: 0.5 } });
      cases.push({ data: { X, y: numbers }, options: { loss: 'huber', l1: 0.03 } });
    }
    for (const { data, options } of cases) {
      const { status, optimality } = fitSync(data, { ...options, optimizer: 'newton' });
      if (status !== 'converged') continue;
      told.converged++;
      if ((optimality.relative ?? 0) > 2 ** -9) told.far++;
    }
    expect(told.converged).toBeGreaterThan(0.5 * cases.length); // many classes are separable: no minimum
    expect(told.far).toBe(0);
  });

  it('is reached by newton where few rows have a slope and the Hessian says nothing of a way to bounds or 0', () => {
    const hinge = [1, -3, -1, 1, -1, 5, 1, 3, 2, -2, 2, 3];
    const X = [
      0, 2, 1, 4, 2, 0, -3, -2, 1, -1, -1, 3, -3, 3, 1, -4, -4, 2, -3, -2, -1, -4, 3, 1, 1, -3, -1, 0, -4, -3, 0,
    ];
    const huber = { X: Float64Array.from([...X, 1, -2]), y: Float64Array.of(4, 1, 2, 1, 2, 4, 5, 2, 1, 2, 5) };
    const margin = { X: Float64Array.from(hinge), y: Float64Array.of(-1, 1, 1, 1) };
    const cases: { data: typeof huber; options: FitOptions }[] = [
      { data: huber, options: { loss: 'huber', l1: 0.03 } },
    ];
    for (const loss of ['squared_hinge', 'modified_huber'] as const) {
      cases.push({ data: margin, options: { loss, lowerBounds: 0 } });
    }
    for (let seed = 0; seed < (sweep || runs(60)); seed++) {
      const [rows, cols] = [4 + (seed % 11), 2 + (seed % 3)];
      const whole = (n: number, stream: number) => normals(n, 3 * seed + stream).map((x) => Math.round(2 * x));
      const data = { X: whole(rows * cols, 0), y: whole(rows, 1) };
      const classes = { X: data.X, y: data.y.map((y, i) => (i < 2 ? 2 * i - 1 : y < 0 ? -1 : 1)) };
      cases.push({ data, options: { loss: 'huber', l1: 0.03 } });
      cases.push({ data, options: { loss: 'squared_epsilon_insensitive', upperBounds: 0.5 } });
      cases.push({ data: classes, options: { loss: 'squared_hinge', lowerBounds: 0 } });
      cases.push({ data: classes, options: { loss: 'modified_huber', lowerBounds: -0.5, upperBounds: 0.5 } });
    }
    for (const { data, options } of cases) {
      const model = fitSync(data, { ...options, optimizer: 'newton' });
      const other = fitSync(data, { ...options, optimizer: 'lbfgs' });
      const what = JSON.stringify({ options, X: [...data.X], y: [...data.y] });
      expect(model.status, what).toBe('converged');
      const least = other.history.at(-1) as number;
      expect(model.history.at(-1), what).toBeLessThanOrEqual(least + 1e-8 * least + 1e-11);
    }
  });

  describe.each(iterative)('%s', (optimizer) => {
    it('finds the coefficients of amounts and counts at any scale of y', () => {
      const X = Float64Array.of(1, 2, 3, 4, 5);
      const y = Float64Array.of(1.1, 2.3, 2.9, 5.2, 7.7);
      for (const loss of ['gamma', 'poisson', 'tweedie'] as const) {
        const one = fitSync({ X, y }, { loss, optimizer, tolerance: 0 });
        if (loss === 'gamma') expect(one.coefficients[0]).toBeCloseTo(0.46847, 4);
        for (const power of [-20, -18, -9, 3, 12, 15, 18, 20]) {
          const model = fitSync({ X, y: y.map((v) => v * 10 ** power) }, { loss, optimizer, tolerance: 0 });
          expect(model.status, `${loss}, 1e${power}`).toBe('converged');
          expectClose(model.coefficients, one.coefficients, 1e-8, 0, `${loss}, 1e${power}:`);
          expectClose([model.intercept - power * Math.LN10], [one.intercept], 1e-8, 1, `${loss}, 1e${power}:`);
        }
      }
    });

    it('finds the line of a y far from 0, where outliers are many deltas away', () => {
      const X = Float64Array.of(1, 2, 3, 4, 5, 6, 7, 8);
      const y = Float64Array.of(1.1, 1.9, 3.2, 3.8, 5.3, 5.9, 20, 8.1);
      for (const far of [0, 1e3, -1e6, 1.7e9]) {
        const model = fitSync({ X, y: y.map((v) => v + far) }, { loss: 'huber', optimizer });
        expect(model.status).toBe('converged');
        expectClose(model.coefficients, [1.0864754], far === 1.7e9 ? 1e-6 : 1e-7);
      }
      // Of a delta that is next to nothing, the line through two points that has the least sum of residuals.
      for (const delta of [1e-4, 1e-8]) {
        const options: FitOptions = { loss: { name: 'huber', delta }, optimizer, epochs: 1000 };
        const model = fitSync({ X, y }, options);
        const problem = { X, y, cols: 1 };
        if (model.status !== 'converged') continue;
        expect(
          violation(problem, { loss: 'huber', parameter: delta }, model.coefficients, model.intercepts),
        ).toBeLessThan(1e-6);
      }
    });

    it('tells noise from a y far from 0', () => {
      const X = normals(400, 5);
      const e = normals(200, 6);
      const y = e.map((v, i) => X[2 * i] - X[2 * i + 1] + 0.3 * v);
      for (const loss of ['squared', 'squared_epsilon_insensitive', 'huber'] as const) {
        const near = fitSync({ X, y }, { loss, optimizer, tolerance: 0 });
        const far = fitSync({ X, y: y.map((v) => v + 1e9) }, { loss, optimizer, tolerance: 0 });
        expect(far.status, loss).toBe('converged');
        expectClose(far.coefficients, near.coefficients, 1e-6, 1, `${loss}, coefficient`);
      }
    });

    it('ends beside a column’s copy in singles', () => {
      const x = normals(60, 9);
      const X = Float64Array.from({ length: 120 }, (_, i) => (i % 2 ? Math.fround(x[i >> 1]) : x[i >> 1]));
      const y = Float64Array.from(normals(60, 10), (v, i) => Number(v + x[i] > 0));
      const model = fitSync({ X, y }, { loss: 'logistic', optimizer, tolerance: 0 });
      expect(model.status).not.toBe('maxEpochs');
    });
  });

  it('is converged where a sum of squares is 0, by every solver and at every scale', () => {
    for (let seed = 0; seed < 20; seed++) {
      const cols = 1 + (seed % 5);
      const scale = 2 ** (40 * (seed % 3) - 40);
      const X = normals(30 * cols, seed).map((x, i) => x * 10 ** (i % cols));
      const w = normals(cols, 100 + seed);
      const exact = Float64Array.from({ length: 30 }, (_, i) => {
        return scale * (5 + w.reduce((z, wj, j) => z + wj * X[i * cols + j], 0));
      });
      for (const loss of ['squared', 'huber', 'squared_epsilon_insensitive', 'squared_hinge'] as const) {
        const y = loss === 'squared_hinge' ? exact.map((z) => (z > 5 * scale ? 1 : -1)) : exact;
        for (const optimizer of ['lbfgs', 'newton', 'auto'] as const) {
          const { status, optimality } = fitSync({ X, y }, { loss, optimizer });
          expect({ loss, optimizer, seed, status }).toEqual({ loss, optimizer, seed, status: 'converged' });
          expect(optimality.relative).toBeLessThan(1e-9);
        }
      }
    }
  });

  it('is reached by newton where softmax’s intercepts may all move alike, and coefficients are bounded', () => {
    const X = Float64Array.of(3, -2, 0, 1, 1, 0, -1, 0, 3, -1, 1, 0, 1, 0, 5, 1, -1, -5, 2, -2, -1, -1);
    const y = Float64Array.of(0, 1, 2, 0, 0, 1, 2, 0, 2, 2, 1);
    for (const scale of [1, 1e-6, 1e6]) {
      for (const bound of [0.5, 0.3, 0.1, 0]) {
        const model = fitSync(
          { X: X.map((x) => x * scale), y },
          { loss: 'softmax', upperBounds: bound / scale, optimizer: 'newton' },
        );
        expect(model.status, `${scale} ${bound}`).toBe('converged');
        expect(model.optimality.relative).toBeLessThan(1e-7);
      }
    }
  });

  it('is not said by lbfgs where slopes are small beside the terms of the loss, not beside those of its rows', () => {
    const seeds = { tweedie: [1203, 2291, 3179], tweedie_identity: [1078, 3159], gamma: [3256] };
    for (const loss of ['tweedie', 'tweedie_identity', 'gamma'] as const) {
      for (const seed of seeds[loss]) {
        const { problem, options } = randomProblem(loss, seed);
        const { cols: _, ...data } = problem;
        const { status, coefficients, intercepts } = fitSync(data, { ...fitOptions(options), optimizer: 'lbfgs' });
        if (status !== 'converged') continue;
        expect(violation(problem, options, coefficients, intercepts), `${loss} ${seed}`).toBeLessThan(1e-4);
      }
    }
  });

  it('of problems where damping holds steps back, which leave as much as rounding does', () => {
    for (const seed of [273, 471]) {
      const { problem, options } = randomProblem('huber', seed);
      const { cols: _, ...data } = problem;
      const model = fitSync(data, { ...fitOptions(options), optimizer: 'newton' });
      expect(model.status, `problem ${seed}`).toBe('converged');
      expect(violation(problem, options, model.coefficients, model.intercepts), `problem ${seed}`).toBeLessThan(1e-6);
    }
  });

  it('of problems where rounding turns the models in a circle', () => {
    for (const seed of [354, 836, 1092, 1260, 1411]) {
      const { problem, options } = randomProblem('tweedie_identity', seed);
      const { cols: _, ...data } = problem;
      for (const tolerance of [1e-8, 0]) {
        const { status, epochs } = fitSync(data, { ...fitOptions(options), optimizer: 'newton', tolerance });
        expect(['converged', 'stalled'], `problem ${seed}`).toContain(status);
        expect(epochs).toBeLessThan(60);
      }
    }
  });

  it('of many fits are those of fits alone, to the bit', () => {
    for (const loss of losses) {
      if (loss === 'softmax') continue;
      const made = Array.from({ length: 16 }, (_, seed) => randomProblem(loss, 500 + seed));
      for (const cols of [1, 2, 3]) {
        const same = made.filter(({ problem }) => problem.cols === cols && !problem.sampleWeight);
        if (same.length === 0) continue;
        const classes = margins.includes(loss) ? { classes: [-1, 1] } : {};
        const options = {
          ...fitOptions({ ...same[0].options, l1: 0, standardize: false }),
          optimizer: 'newton' as const,
          ...classes,
        };
        const many = fitManySync(
          same.map(({ problem: { X, y } }) => ({ X, y })),
          options,
        );
        same.forEach(({ problem: { X, y } }, i) => {
          const alone = fitSync({ X, y }, options);
          expectBits(many.at(i).coefficients, alone.coefficients, `${loss} ${i}, coefficient`);
          expectBits(many.at(i).intercepts, alone.intercepts, `${loss} ${i}, intercept`);
          expect(many.epochs[i]).toBe(alone.epochs);
        });
      }
    }
  });
});
