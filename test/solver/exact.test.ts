// optimizer: 'exact': least squares and ridge, held against NIST's certified digits and against exact arithmetic.
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { FitData, FitOptions } from '../../lib/index.js';
import { faces, native, reference } from '../support/backends.js';
import { expectOutcome, jobOf } from '../support/jobs.js';
import {
  add,
  dot,
  minus,
  over,
  type Rational,
  rational,
  solveRational,
  sum,
  times,
  toNumber,
  zero,
} from '../support/rational.js';
import { expectBits, expectClose, expectRefusal, normal, normals, problem, random, runs } from '../support/support.js';

interface Problem {
  name: string;
  rows: number;
  cols: number;
  intercept: boolean;
  degree?: number;
  x?: number[];
  X?: number[];
  y: number[];
  coefficients: number[];
}
const nist = JSON.parse(readFileSync(new URL('../fixtures/nist.json', import.meta.url), 'utf8')) as {
  problems: Problem[];
};

/** Correct digits that are asked for; what the decimal data lose as doubles leaves little more. */
const digits: Record<string, number> = {
  Norris: 13.5,
  Pontius: 13,
  NoInt1: 14,
  NoInt2: 14.5,
  Filip: 7,
  Longley: 14,
  Wampler1: 15,
  Wampler2: 13,
  Wampler3: 15,
  Wampler4: 15,
  Wampler5: 15,
};

/** How many digits the worst of some numbers has. */
function correctDigits(actual: ArrayLike<number>, certified: number[]): number {
  const errors = certified.map((value, j) => Math.abs(actual[j] - value) / Math.abs(value));
  return Math.min(16, -Math.log10(Math.max(...errors)));
}

/** The columns of a problem, with one of ones before them if it is asked for. */
function columnsOf({ rows, cols, x, X }: Problem, ones: boolean): Float64Array {
  const row = (i: number) => (X ? X.slice(i * cols, (i + 1) * cols) : x?.[i] === undefined ? [] : powers(x[i], cols));
  const powers = (value: number, degree: number) => Array.from({ length: degree }, (_, j) => value ** (j + 1));
  return Float64Array.from(Array.from({ length: rows }, (_, i) => (ones ? [1, ...row(i)] : row(i))).flat());
}

/** A problem in fractions: least squares of rows with weights, and a penalty for each coefficient. */
interface Exact {
  X: Rational[][];
  y: Rational[];
  s: Rational[];
}

function exactly({ X, y, sampleWeight, offset }: FitData): Exact {
  const targets = Array.from(y as Float64Array, rational);
  const cols = X.length / targets.length;
  return {
    X: targets.map((_, i) => Array.from(X.subarray(i * cols, (i + 1) * cols), rational)),
    y: offset ? targets.map((value, i) => minus(value, rational(offset[i]))) : targets,
    s: targets.map((_, i) => rational(sampleWeight ? sampleWeight[i] : 1)),
  };
}

/** Columns and y less their weighted means. */
function centred({ X, y, s }: Exact): Exact & { means: Rational[]; meanOfY: Rational } {
  const total = sum(s);
  const mean = (values: Rational[]) => over(dot(values, s), total);
  const means = X[0].map((_, j) => mean(X.map((row) => row[j])));
  const meanOfY = mean(y);
  return {
    X: X.map((row) => row.map((value, j) => minus(value, means[j]))),
    y: y.map((value) => minus(value, meanOfY)),
    s,
    means,
    meanOfY,
  };
}

/** Of each column, the weighted mean square. */
const squares = ({ X, s }: Exact): Rational[] =>
  X[0].map((_, j) => over(sum(X.map((row, i) => times(s[i], times(row[j], row[j])))), sum(s)));

/** Coefficients, and behind them the intercept: the minimum by the normal equations. */
function minimum(data: FitData, { l2 = 0, penaltyFactors, standardize, intercept = true }: FitOptions): number[] {
  const given = exactly(data);
  const { means, meanOfY, ...middle } = centred(given);
  const { X, y, s } = intercept ? middle : given;
  const widths = squares(middle);
  const A = X[0].map((_, j) => X[0].map((_, k) => sum(X.map((row, i) => times(s[i], times(row[j], row[k]))))));
  A.forEach((row, j) => {
    const strength = times(times(rational(l2), rational(penaltyFactors?.[j] ?? 1)), sum(s));
    row[j] = add(row[j], standardize ? times(strength, widths[j]) : strength);
  });
  const b = X[0].map((_, j) => sum(X.map((row, i) => times(s[i], times(row[j], y[i])))));
  const w = solveRational(A, b);
  return [...w, ...(intercept ? [minus(meanOfY, dot(means, w))] : [])].map(toNumber);
}

/** The same of fewer rows than columns: of all that go through every row, those of least norm. */
function leastNorm(data: FitData, { standardize, intercept = true }: FitOptions): number[] {
  const given = exactly(data);
  const { means, meanOfY, ...middle } = centred(given);
  const { X, y } = intercept ? middle : given;
  const widths = squares(middle).map((square) => (standardize ? square : ([1n, 1n] as const)));
  // XXᵀ of centred rows is singular along the rows' sum, of which y has nothing.
  const K = X.map((row) =>
    X.map((other) => add(sum(row.map((x, j) => over(times(x, other[j]), widths[j]))), intercept ? [1n, 1n] : zero)),
  );
  const alpha = solveRational(K, y);
  const w = widths.map((width, j) =>
    over(
      dot(
        alpha,
        X.map((row) => row[j]),
      ),
      width,
    ),
  );
  return [...w, ...(intercept ? [minus(meanOfY, dot(means, w))] : [])].map(toNumber);
}

const uniform = random(11);
const rows = 23;
const cols = 4;
const data = problem(rows, cols, 1, 0.5);
const places = [100, -3, 0.02, 5e4];
const widths = [10, 0.01, 3, 200];
const awkward = data.X.map((x, at) => places[at % cols] + widths[at % cols] * x);
const sampleWeight = normals(rows, 3).map((value, i) => (i % 7 === 0 ? 0 : Math.abs(value)));
const offset = normals(rows, 4);
const penaltyFactors = [1, 0, 0.5, 2];

const cases: [string, FitData, FitOptions][] = [
  ['least squares', data, {}],
  ['without an intercept', data, { intercept: false }],
  ['columns of all sizes', { ...data, X: awkward }, {}],
  ['weights and offset', { ...data, sampleWeight, offset }, {}],
  ['weights without an intercept', { ...data, sampleWeight }, { intercept: false }],
  ['ridge', data, { l2: 0.1 }],
  ['ridge without an intercept', data, { l2: 0.1, intercept: false }],
  ['strong ridge', { ...data, sampleWeight, offset }, { l2: 1e6 }],
  ['factors', data, { l2: 0.25, penaltyFactors }],
  ['standardized ridge', { ...data, X: awkward }, { l2: 0.25, standardize: true }],
  ['all together', { X: awkward, y: data.y, sampleWeight, offset }, { l2: 0.25, standardize: true, penaltyFactors }],
  ['standardized, without an intercept', { ...data, X: awkward }, { l2: 3, standardize: true, intercept: false }],
  ['as many rows as weights', { X: data.X.subarray(0, 20), y: data.y.subarray(0, 5) }, {}],
];
for (const distance of [1e-3, 1e-5, 1e-6, 1e-8]) {
  const X = data.X.map((x, at) => (at % cols === 1 ? data.X[at - 1] + distance * x : x));
  cases.push([`two columns ${distance} apart`, { ...data, X, sampleWeight }, {}]);
  cases.push([`the same with a weak ridge`, { ...data, X }, { l2: 1e-14 }]);
}

describe.each(faces)("optimizer 'exact': $name", ({ fit: fitAsync, fitSync, backend }) => {
  const solve = (data: FitData, options: FitOptions = {}) => {
    const model = fitSync(data, { optimizer: 'exact', ...options });
    expect([model.status, model.epochs]).toEqual(['converged', 1]);
    return { model, weights: [...model.coefficients, ...(options.intercept === false ? [] : model.intercepts)] };
  };

  it.each(nist.problems)('$name of NIST, to the digits that its data have', (problem) => {
    const { name, y, intercept, coefficients } = problem;
    const target = Float64Array.from(y);
    for (const standardize of [false, true]) {
      const { model } = solve({ X: columnsOf(problem, false), y: target }, { intercept, standardize });
      const found = intercept ? [model.intercept, ...model.coefficients] : model.coefficients;
      const enough = standardize ? Math.min(digits[name], 9) : digits[name];
      expect(correctDigits(found, coefficients)).toBeGreaterThanOrEqual(enough);
    }
    if (!intercept) return;
    const ones = solve({ X: columnsOf(problem, true), y: target }, { intercept: false });
    expect(correctDigits(ones.weights, coefficients)).toBeGreaterThanOrEqual(digits[name]);
  });

  it.each(cases)('%s, as in exact arithmetic', (_name, data, options) => {
    const { weights } = solve(data, options);
    expectClose(weights, minimum(data, options), 4e-15, 0);
  });

  it.each([
    ['', {}],
    [' without an intercept', { intercept: false }],
    [' standardized', { standardize: true }],
  ] as [string, FitOptions][])('more columns than rows%s: least norm, as in exact arithmetic', (_name, options) => {
    for (const [rows, cols] of [
      [3, 4],
      [5, 9],
      [7, 40],
    ]) {
      // Short numbers keep the fractions short.
      const short = (x: number) => Math.round(64 * x) / 64;
      const X = normals(rows * cols, rows).map((x, at) => short(at % cols === 2 ? 30 * x - 5 : x));
      const y = normals(rows, cols).map(short);
      const { weights } = solve({ X, y }, options);
      expectClose(weights, leastNorm({ X, y }, options), 1e-12, 1e-3);
    }
  });

  it('a ridge that fades ends at the least norm', () => {
    const X = normals(60, 1);
    const y = normals(5, 2);
    const { weights } = solve({ X, y }, { l2: 1e-13 });
    expectClose(weights, leastNorm({ X, y }, {}), 1e-11, 1);
    expectClose(solve({ X, y }, { l2: 0.5 }).weights, minimum({ X, y }, { l2: 0.5 }), 1e-14, 1e-3);
  });

  it.each([
    ['plain', {}, {}],
    [
      'weights, factors, standardized',
      { sampleWeight: normals(20, 3).map(Math.abs) },
      { standardize: true, factors: 2 },
    ],
    ['a column without a penalty', {}, { factors: 0 }],
    ['without an intercept', {}, { intercept: false }],
  ] as [string, Partial<FitData>, FitOptions & { factors?: number }][])(
    'fewer rows than columns: %s',
    (_name, more, given) => {
      const { factors = 1, ...options } = given;
      const [rows, cols] = [20, 150];
      const data = { X: normals(rows * cols, 1).map((x, at) => x + (at % 3)), y: normals(rows, 2), ...more };
      const penaltyFactors = Float64Array.from({ length: cols }, (_, j) => (j === 7 ? factors : 1));
      const all: FitOptions = { l2: 0.1, penaltyFactors, ...options };
      const model = fitSync(data, { ...all, optimizer: 'exact' });
      const newton = fitSync(data, { ...all, optimizer: 'newton', tolerance: 0 });
      expectClose(model.coefficients, newton.coefficients, 1e-7, 0.1);
      expectClose([model.intercept], [newton.intercept], 1e-7, 1);
      expect(model.history.gradientNorm[0]).toBeLessThan(1e-12);
    },
  );

  it.each([true, false])('columns that say the same share what they say: intercept %s', (intercept) => {
    for (const rows of [9, 127, 129, 1000]) {
      // a, b, c, a again, and a + b: multiples of 1/1024, so that the sum is exact.
      const base = normals(rows * 3, rows).map((x) => Math.round(1024 * x) / 1024);
      const y = normals(rows, 5).map((e, i) => base[3 * i] - 2 * base[3 * i + 1] + e);
      const all = Array.from({ length: rows }, (_, i) => {
        const [a, b, c] = base.subarray(3 * i, 3 * i + 3);
        return [a, b, c, a, a + b];
      });
      const few = solve({ X: base, y }, { intercept });
      const { weights } = solve({ X: Float64Array.from(all.flat()), y }, { intercept });
      // w = Tᵀ (T Tᵀ)⁻¹ v, for columns (a, b, c) T and v their coefficients.
      const [va, vb, vc, ...rest] = few.weights;
      const p = (2 * va - vb) / 5;
      const q = (3 * vb - va) / 5;
      expectClose(weights, [p, q, vc, p, p + q, ...rest], 1e-12, 1);
    }
  });

  it('one-hot columns beside an intercept', () => {
    const X = Float64Array.from({ length: 30 * 3 }, (_, at) => Number(Math.floor(at / 3) % 3 === at % 3));
    const y = Float64Array.from({ length: 30 }, (_, i) => [1, 5, 9][i % 3]);
    expectClose(solve({ X, y }).weights, [-4, 0, 4, 5], 1e-14, 10);
  });

  it('a constant column says nothing beside an intercept, and stands for it where there is none', () => {
    for (const value of [1, 0, 1e9, 0.1]) {
      const X = data.X.map((x, at) => (at % cols === 1 ? value : x));
      const { weights } = solve({ X, y: data.y });
      expect(weights[1]).toBe(0);
      const pick = (keep: number[]) =>
        Float64Array.from({ length: rows * keep.length }, (_, at) => {
          return X[Math.floor(at / keep.length) * cols + keep[at % keep.length]];
        });
      const [a, b, c, intercept] = solve({ X: pick([0, 2, 3]), y: data.y }).weights;
      expectClose(weights, [a, 0, b, c, intercept], 1e-13);
      if (value === 1) expectClose(solve({ X, y: data.y }, { intercept: false }).weights, [a, intercept, b, c], 1e-13);
    }
  });

  it('one row, one column, nothing to explain', () => {
    expect(solve({ X: Float64Array.of(3, 4), y: Float64Array.of(50) }).weights).toEqual([0, 0, 50]);
    const one = solve({ X: Float64Array.of(3, 4), y: Float64Array.of(50) }, { intercept: false });
    expectClose(one.weights, [6, 8], 1e-15);
    expect(solve({ X: Float64Array.of(1, 2, 4), y: Float64Array.of(5, 7, 11) }).weights).toEqual([2, 3]);
    expect(solve({ X: data.X, y: new Float64Array(rows) }).weights).toEqual([0, 0, 0, 0, 0]);
    expect(solve({ X: new Float64Array(6), y: Float64Array.of(1, 2, 3) }, { intercept: false }).weights).toEqual([
      0, 0,
    ]);
  });

  it('columns that only rounding tells apart are one, whatever their means', () => {
    for (const place of [0, 1e3, 1e6]) {
      const X = normals(400 * 3, 7);
      for (let i = 0; i < 400; i++) {
        X[3 * i + 1] += place;
        X[3 * i + 2] = X[3 * i] + X[3 * i + 1];
      }
      const { weights } = solve({ X, y: normals(400, 8) });
      expect(Math.max(...weights.slice(0, 3).map(Math.abs))).toBeLessThan(1);
    }
  });

  it('several targets have the bits of each alone', () => {
    const outputs = 3;
    for (const X of [data.X, data.X.map((x, at) => (at % cols === 3 ? data.X[at - 1] : x))]) {
      const y = normals(rows * outputs, 9);
      const shifts = normals(rows * outputs, 10);
      const options: FitOptions = { l2: 0.01 };
      const { model } = solve({ X, y, rows, offset: shifts, sampleWeight }, options);
      for (let k = 0; k < outputs; k++) {
        const of = (from: Float64Array) => from.filter((_, at) => at % outputs === k);
        const alone = solve({ X, y: of(y), offset: of(shifts), sampleWeight }, options).model;
        expectBits(model.coefficients.subarray(k * cols, (k + 1) * cols), alone.coefficients);
        expectBits([model.intercepts[k]], [alone.intercept]);
      }
    }
  });

  it('rows held out say nothing, and weights are rows that come more than once', () => {
    const held = solve(data, { validationFraction: 0.3, seed: 5 }).model;
    expect(held.history.validationLoss).toHaveLength(1);
    const times = Float64Array.from({ length: rows }, () => Math.floor(4 * uniform()));
    const list = Array.from(times, (n, i) => new Array<number>(n).fill(i)).flat();
    const X = Float64Array.from(list.flatMap((i) => [...data.X.subarray(i * cols, (i + 1) * cols)]));
    const repeated = solve({ X, y: Float64Array.from(list, (i) => data.y[i]) }, { l2: 0.3 });
    expectClose(solve({ ...data, sampleWeight: times }, { l2: 0.3 }).weights, repeated.weights, 1e-14);
  });

  it('tells its objective, and that its gradient is 0', async () => {
    const options: FitOptions = { l2: 0.5, penaltyFactors, standardize: true, history: 'step' };
    const { model } = solve({ ...data, sampleWeight }, options);
    const long = fitSync({ ...data, sampleWeight }, { ...options, optimizer: 'lbfgs' });
    expectClose(model.history, [long.history.at(-1)!], 1e-14);
    expect(model.history.gradientNorm[0]).toBeLessThan(1e-14);
    expect(await fitAsync({ ...data, sampleWeight }, { ...options, optimizer: 'exact' })).toEqual(model);
    const auto = fitSync({ ...data, sampleWeight }, { ...options, optimizer: 'auto' });
    expect(auto.optimizer).toBe('exact');
    expectBits(auto.coefficients, model.coefficients);
  });

  it('refuses what has no closed form', () => {
    const labels = Float64Array.from({ length: rows }, (_, i) => i % 2);
    const refused: FitOptions[] = [{ loss: 'logistic' }, { l1: 0.1 }, { nonNegative: true }, { batchSize: 4 }];
    for (const options of refused) {
      const wrong = { optimizer: 'exact', ...options } as FitOptions;
      expectRefusal(fitSync, [{ X: data.X, y: labels }, wrong], 'ERR_UNKNOWN_OPTION');
    }
  });

  it('NaN and infinities diverge, and leave the start', () => {
    for (const value of [NaN, Infinity, -Infinity]) {
      for (const place of ['X', 'y', 'offset'] as const) {
        for (const options of [{}, { intercept: false }, { l2: 1 }] as FitOptions[]) {
          const job = jobOf({ ...problem(37, 5, 1), offset: new Float64Array(37) }, { optimizer: 'exact', ...options });
          (job.train[place] as Float64Array)[3] = value;
          const outcome = backend.fitSync(job);
          expectOutcome(outcome, reference.fitSync(job));
          expect([outcome.status, ...outcome.weights]).toEqual([2, ...job.weights]);
        }
      }
    }
  });
});

/** Columns of which some depend on others, exactly or nearly, of all sizes, around the borders of blocks. */
const anyDependent = fc.record({
  rows: fc.oneof(fc.integer({ min: 1, max: 40 }), fc.constantFrom(127, 128, 129, 257, 512, 513)),
  cols: fc.integer({ min: 1, max: 24 }),
  outputs: fc.constantFrom(1, 1, 2),
  distance: fc.constantFrom(0, 1e-15, 1e-12, 1e-8, 1e-5, 1e-3),
  place: fc.constantFrom(0, 1, 1e6),
  spread: fc.constantFrom(0, 5, 40),
  weights: fc.boolean(),
  picked: fc.boolean(),
  l2: fc.constantFrom(0, 0, 1e-15, 1e-6, 1),
  penaltyFactors: fc.boolean(),
  intercept: fc.boolean(),
  standardize: fc.boolean(),
  seed: fc.nat(),
});

describe.runIf(native)('native least squares', () => {
  it('have the reference’s bits, however ill-conditioned', () => {
    fc.assert(
      fc.property(anyDependent, ({ rows, cols, outputs, distance, place, spread, seed, ...rest }) => {
        const uniform = random(seed);
        const X = new Float64Array(rows * cols);
        const sizes = Array.from({ length: cols }, () => 2 ** Math.round(spread * normal(uniform)));
        for (let i = 0; i < rows; i++) {
          const row = X.subarray(i * cols, (i + 1) * cols);
          for (let j = 0; j < cols; j++) row[j] = place + normal(uniform);
          for (let j = 2; j < cols; j += 2) row[j] = row[j - 1] + row[j - 2] + distance * normal(uniform);
          for (let j = 0; j < cols; j++) row[j] *= sizes[j];
        }
        const y = Float64Array.from({ length: rows * outputs }, () => normal(uniform));
        const { weights, picked, penaltyFactors, ...options } = rest;
        const job = jobOf(
          { X, y, rows, ...(weights && { sampleWeight: y.subarray(0, rows).map(Math.abs) }) },
          {
            optimizer: 'exact',
            ...options,
            ...(penaltyFactors && { penaltyFactors: sizes.map((_, j) => j % 3) }),
            ...(picked && rows > 1 && { validationFraction: 0.5 }),
          },
        );
        expectOutcome(native!.fitSync(job), reference.fitSync(job));
      }),
      { numRuns: runs(500) },
    );
  });
});

describe.each(faces)('columns that are collinear but for the digits they were computed with: $name', ({ fitSync }) => {
  it('do not make coefficients grow beyond what the targets ask for', () => {
    // Each row is sin of equal steps, so that the outer columns add up to a multiple of the middle one.
    for (const frequency of [0.37, 1.1, 7.3, 100.7]) {
      for (const rows of [5, 40, 400]) {
        const X = Float64Array.from({ length: 3 * rows }, (_, i) => Math.sin(i * frequency));
        const y = Float64Array.from({ length: rows }, (_, i) => 2 * X[3 * i] + X[3 * i + 1] + 0.1);
        const model = fitSync({ X, y }, { optimizer: 'exact' });
        expect(model.history[0], `${rows} rows, ${frequency}`).toBeLessThan(1e-24);
        expect(Math.hypot(...model.coefficients)).toBeLessThan(2.5); // (2, 1, 0) is one of the solutions
        expectClose([model.intercept], [0.1], 1e-12);
        expectOutcome(
          ...([native ?? reference, reference].map((b) => b.fitSync(jobOf({ X, y }, { optimizer: 'exact' }))) as [
            never,
            never,
          ]),
        );
      }
    }
  });
});
