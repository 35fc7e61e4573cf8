// The public data of fixtures/ are what they say: shapes, published means, and published fits recomputed here.
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

const read = (name: string) => JSON.parse(readFileSync(new URL(`../fixtures/${name}.json`, import.meta.url), 'utf8'));
const sum = (values: number[]): number => values.reduce((total, value) => total + value, 0);
const mean = (values: number[]): number => sum(values) / values.length;

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
  standardErrors: number[];
  residualDeviation: number;
  rSquared: number;
}

/** How many decimals of a number follow the point. */
const decimals = (value: number): number => String(value).split('.')[1]?.length ?? 0;
const integers = (values: number[], digits: number): bigint[] =>
  values.map((value) => BigInt(value.toFixed(digits).replace('.', '')));
// Filip's smallest, in units of x to the tenth with nine decimals, is 1e-180.
const quotient = (numerator: bigint, denominator: bigint): number =>
  Number((numerator * 10n ** 220n) / denominator) / 1e220;
const product = (a: bigint[], b: bigint[]): bigint => a.reduce((total, value, i) => total + value * b[i], 0n);

/**
 * Coefficients, standard errors, residual deviation and R squared of decimal data, by the normal equations in integers:
 * Bareiss's elimination, whose divisions are exact, of [A'A, A'y, I] to det [I, b, (A'A)^-1].
 */
const leastSquares = ({ rows, cols, intercept, x, X, y }: Problem): number[] => {
  const digits = Math.max(...(x ?? X!).map(decimals));
  const whole = integers((x ?? X)!, digits);
  const columns = Array.from({ length: cols }, (_, j) =>
    Array.from({ length: rows }, (_, i) => (x ? whole[i] ** BigInt(j + 1) : whole[i * cols + j])),
  );
  const powers = columns.map((_, j) => (x ? j + 1 : 1));
  if (intercept) columns.unshift(Array(rows).fill(1n));
  if (intercept) powers.unshift(0);
  const yDigits = Math.max(...y.map(decimals));
  const target = integers(y, yDigits);
  const p = columns.length;
  const moments = columns.map((column) => product(column, target));
  let table = columns.map((a, j) => [
    ...columns.map((b) => product(a, b)),
    moments[j],
    ...columns.map((_, k) => (k === j ? 1n : 0n)),
  ]);
  let det = 1n;
  for (let k = 0; k < p; k++) {
    const [pivot, previous] = [table[k], det];
    det = pivot[k];
    table = table.map((row, r) =>
      r === k ? row : row.map((value, c) => (value * pivot[k] - pivot[c] * row[k]) / previous),
    );
  }
  const scale = powers.map((power) => 10 ** (digits * power - yDigits));
  const solution = table.map((row) => row[p]);
  const residual = product(target, target) * det - product(moments, solution);
  // Rows times the sum of squares about the mean, or about 0 without an intercept.
  const total = product(target, target) * BigInt(rows) - (intercept ? moments[0] ** 2n : 0n);
  const variance = quotient(residual, det * BigInt(rows - p));
  return [
    ...solution.map((value, k) => quotient(value, det) * scale[k]),
    ...table.map((row, k) => Math.sqrt(quotient(residual * row[p + 1 + k], det * det * BigInt(rows - p))) * scale[k]),
    Math.sqrt(variance) / 10 ** yDigits,
    quotient(det * total - residual * BigInt(rows), det * total),
  ];
};

describe('nist', () => {
  const { source, problems } = read('nist') as { source: string; problems: Problem[] };

  it('has the eleven linear problems', () => {
    expect(source).toContain('NIST');
    const names = 'Norris Pontius NoInt1 NoInt2 Filip Longley Wampler1 Wampler2 Wampler3 Wampler4 Wampler5';
    expect(problems.map(({ name }) => name).join(' ')).toBe(names);
    // Mean employment in the United States, 1947-1962, in thousands.
    expect(mean(problems.find(({ name }) => name === 'Longley')!.y)).toBe(65317);
  });

  it.each(problems)('$name: the certified values are those of the exact solution', (problem) => {
    const { rows, cols, intercept, degree, x, X, y } = problem;
    expect(y).toHaveLength(rows);
    if (degree === undefined) expect(X).toHaveLength(rows * cols);
    else expect([degree, x?.length]).toEqual([cols, rows]);
    const certified = [problem.coefficients, problem.standardErrors].flat();
    const found = leastSquares(problem);
    expect(certified).toHaveLength(2 * (cols + (intercept ? 1 : 0)));
    [...certified, problem.residualDeviation, problem.rSquared].forEach((value, i) => {
      expect(Math.abs(value - found[i])).toBeLessThanOrEqual(2e-14 * Math.abs(found[i]));
    });
  });
});

/** A column of row-major X. */
const column = (X: number[], cols: number, j: number): number[] => X.filter((_, i) => i % cols === j);
const dot = (a: number[], b: number[]): number => sum(a.map((value, i) => value * b[i]));

interface Linear {
  intercept: number;
  coefficients: number[];
}

/** The linear predictions of columns. */
const linear = (columns: number[][], { intercept, coefficients }: Linear): number[] =>
  columns[0].map((_, i) => coefficients.reduce((total, w, j) => total + w * columns[j][i], intercept));

/** Columns with mean 0 and population deviation 1. */
const standardized = (columns: number[][]): number[][] =>
  columns.map((values) => {
    const centre = mean(values);
    const deviation = Math.sqrt(mean(values.map((value) => (value - centre) ** 2)));
    return values.map((value) => (value - centre) / deviation);
  });

/**
 * How far a fit is from its optimality conditions: slopes are the derivatives of each row's loss by its prediction. Zero
 * coefficients under l1 may have any gradient up to l1.
 */
const violation = (columns: number[][], slopes: number[], { coefficients }: Linear, l2 = 0, l1 = 0): number => {
  const parts = coefficients.map((w, j) => {
    const gradient = dot(columns[j], slopes) / slopes.length + l2 * w;
    return w === 0 ? Math.max(0, Math.abs(gradient) - l1) : Math.abs(gradient + l1 * Math.sign(w));
  });
  return Math.max(Math.abs(mean(slopes)), ...parts);
};

describe('poisson', () => {
  interface Counts extends Linear {
    name: string;
    loss: 'poisson' | 'gamma';
    rows: number;
    cols: number;
    columns: string[];
    X: number[];
    y: number[];
    deviance: number;
  }
  const { problems } = read('poisson') as { problems: Counts[] };

  it('has six problems, and the published deviances', () => {
    const found = Object.fromEntries(problems.map(({ name, deviance }) => [name, deviance]));
    expect(Object.keys(found)).toEqual(['dobson', 'sprays', 'seizures', 'clotting1', 'clotting2', 'cancer']);
    expect(found.dobson).toBeCloseTo(5.1291, 4);
    expect(found.sprays).toBeCloseTo(98.33, 2);
    expect(found.seizures).toBeCloseTo(869.07, 2);
    expect(found.cancer).toBeCloseTo(16.1746355, 6);
  });

  it.each(problems)('$name: the coefficients are the optimum', (problem) => {
    const { loss, rows, cols, X, y, deviance } = problem;
    expect([X.length, y.length, problem.columns.length]).toEqual([rows * cols, rows, cols]);
    expect(problem.coefficients).toHaveLength(cols);
    const columns = problem.columns.map((_, j) => column(X, cols, j));
    const fitted = linear(columns, problem).map(Math.exp);
    const slopes = fitted.map((mu, i) => (loss === 'poisson' ? mu - y[i] : 1 - y[i] / mu));
    expect(violation(columns, slopes, problem)).toBeLessThan(1e-12);
    const terms = fitted.map((mu, i) => {
      if (loss === 'gamma') return y[i] / mu - 1 - Math.log(y[i] / mu);
      return (y[i] > 0 ? y[i] * Math.log(y[i] / mu) : 0) - (y[i] - mu);
    });
    expect(2 * sum(terms)).toBeCloseTo(deviance, 10);
  });
});

describe('diabetes', () => {
  const data = read('diabetes');
  const { rows, cols, X, y } = data;
  const columns: number[][] = data.columns.map((_: string, j: number) => column(X, cols, j));
  const scaled = standardized(columns);
  const residuals = (of: number[][], fit: Linear) => linear(of, fit).map((value, i) => value - y[i]);

  it('is 442 patients with the published means', () => {
    expect([rows, cols, X.length, y.length]).toEqual([442, 10, 4420, 442]);
    expect(mean(y)).toBeCloseTo(152.1335, 4);
    expect(mean(columns[0])).toBeCloseTo(48.5181, 4);
    expect(mean(columns[2])).toBeCloseTo(26.3758, 4);
  });

  it.each(['lasso', 'elasticNet'])('%s: each point of the path is an optimum', (name) => {
    const { l1Ratio, alphas, intercept, coefficients } = data[name];
    expect([alphas.length, coefficients.length]).toEqual([20, 20]);
    expect(alphas[19] / alphas[0]).toBeCloseTo(1e-3, 12);
    expect(coefficients[0]).toEqual(Array(10).fill(0));
    alphas.forEach((alpha: number, i: number) => {
      const fit = { intercept, coefficients: coefficients[i] };
      const [l1, l2] = [alpha * l1Ratio, alpha * (1 - l1Ratio)];
      expect(violation(scaled, residuals(scaled, fit), fit, l2, l1)).toBeLessThan(1e-11);
    });
  });

  it('has optima on the columns as they are', () => {
    const at = (fit: Linear, l2 = 0, l1 = 0) => violation(columns, residuals(columns, fit), fit, l2, l1);
    for (const fit of data.lassoRaw) expect(at(fit, 0, fit.alpha)).toBeLessThan(1e-9);
    for (const fit of data.ridge) expect(at(fit, fit.l2)).toBeLessThan(1e-9);
    expect(data.ridge.map((fit: { l2: number }) => fit.l2 * rows)).toEqual([0.1, 1, 10]);
    expect(at(data.linear)).toBeLessThan(1e-9);
    expect(data.linear.rSquared).toBeCloseTo(0.51775, 5);
  });

  it.each([0, 1])('quantile %i: eleven rows on the plane, the others split in proportion', (k) => {
    const fit = data.quantile[k];
    const { quantile: q, objective } = fit;
    expect(q).toBe([0.5, 0.9][k]);
    const left = residuals(columns, fit).map((value) => -value);
    expect(mean(left.map((r) => Math.max(q * r, (q - 1) * r)))).toBeCloseTo(objective, 11);
    expect(left.filter((r) => Math.abs(r) < 1e-9)).toHaveLength(11);
    const below = left.filter((r) => r < -1e-9).length;
    expect(below).toBeLessThan(q * rows);
    expect(below + 11).toBeGreaterThan(q * rows);
  });
});

describe('breast cancer', () => {
  const data = read('breast_cancer');
  const { rows, cols, X, y } = data;
  const columns = Array.from({ length: cols }, (_, j) => column(X, cols, j));
  const scaled = standardized(columns);

  it('is 569 samples with the published means', () => {
    expect([rows, cols, X.length, y.length]).toEqual([569, 30, 17070, 569]);
    expect(sum(y)).toBe(357);
    expect(mean(columns[0])).toBeCloseTo(14.12729, 5);
    expect(mean(columns[3])).toBeCloseTo(654.8891, 4);
    expect(mean(columns[29])).toBeCloseTo(0.0839458, 7);
  });

  it('has the optima of its three objectives', () => {
    const logistic = (fit: Linear) => linear(scaled, fit).map((z, i) => 1 / (1 + Math.exp(-z)) - y[i]);
    expect(violation(scaled, logistic(data.logistic), data.logistic, data.logistic.l2)).toBeLessThan(1e-14);
    expect(violation(scaled, logistic(data.l1), data.l1, 0, data.l1.l1)).toBeLessThan(1e-14);
    expect(data.l1.coefficients.filter((w: number) => w !== 0)).toHaveLength(8);
    const hinge = linear(scaled, data.squaredHinge).map((z, i) => {
      const sign = 2 * y[i] - 1;
      return -2 * sign * Math.max(0, 1 - sign * z);
    });
    expect(violation(scaled, hinge, data.squaredHinge, data.squaredHinge.l2)).toBeLessThan(1e-14);
  });

  it('has their values', () => {
    const value = (fit: Linear & { l1?: number; l2?: number }, loss: (margin: number) => number): number => {
      const { coefficients: w, l1 = 0, l2 = 0 } = fit;
      const losses = linear(scaled, fit).map((z, i) => loss(y[i] === 1 ? z : -z));
      return mean(losses) + (l2 / 2) * dot(w, w) + l1 * sum(w.map(Math.abs));
    };
    const logistic = (margin: number) => Math.log1p(Math.exp(-margin));
    expect(value(data.logistic, logistic)).toBeCloseTo(data.logistic.objective, 13);
    expect(value(data.l1, logistic)).toBeCloseTo(data.l1.objective, 13);
    const hinge = (margin: number) => Math.max(0, 1 - margin) ** 2;
    expect(value(data.squaredHinge, hinge)).toBeCloseTo(data.squaredHinge.objective, 13);
  });
});
