// The public data of fixtures/ are what they say: shapes, published means, and published fits recomputed here.
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

const read = (name: string) => JSON.parse(readFileSync(new URL(`./fixtures/${name}.json`, import.meta.url), 'utf8'));
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

describe('nist', () => {
  const { source, problems } = read('nist') as { source: string; problems: Problem[] };

  it('has the eleven linear problems', () => {
    expect(source).toContain('NIST');
    const names = 'Norris Pontius NoInt1 NoInt2 Filip Longley Wampler1 Wampler2 Wampler3 Wampler4 Wampler5';
    expect(problems.map(({ name }) => name).join(' ')).toBe(names);
    // Mean employment in the United States, 1947-1962, in thousands.
    expect(mean(problems.find(({ name }) => name === 'Longley')!.y)).toBe(65317);
  });

  it.each(problems)('$name: the certified coefficients leave the certified residuals', (problem) => {
    const { rows, cols, intercept, degree, x, X, y, coefficients, residualDeviation, rSquared } = problem;
    expect(y).toHaveLength(rows);
    if (degree === undefined) expect(X).toHaveLength(rows * cols);
    else expect([degree, x?.length]).toEqual([cols, rows]);
    const parameters = cols + (intercept ? 1 : 0);
    expect(coefficients).toHaveLength(parameters);
    expect(problem.standardErrors).toHaveLength(parameters);
    const slopes = intercept ? coefficients.slice(1) : coefficients;
    const squares = y.map((value, i) => {
      const column = (j: number): number => (X ? X[i * cols + j] : x![i] ** (j + 1));
      const fitted = slopes.reduce((total, slope, j) => total + slope * column(j), intercept ? coefficients[0] : 0);
      return (value - fitted) ** 2;
    });
    // Filip's terms cancel from 1e6 to 1e-2, which is what the tolerances are for.
    const centre = intercept ? mean(y) : 0;
    const total = sum(y.map((value) => (value - centre) ** 2));
    expect(Math.abs(1 - sum(squares) / total - rSquared)).toBeLessThan(1e-9);
    const deviation = Math.sqrt(sum(squares) / (rows - parameters));
    expect(Math.abs(deviation - residualDeviation)).toBeLessThanOrEqual(1e-6 * residualDeviation + 1e-12);
  });
});
