// Columns that tell more of a row than its features, and losses of counts and amounts.
import { describe, expect, it } from 'vitest';
import { file, fitJson, nabla, path } from './support.js';

describe('a sample weight', () => {
  it('counts a row as often as it says, in the fit and its measures', async () => {
    const weighted = file('x,y,n\n0,1,3\n1,2,1\n2,5,2\n3,4,0\n');
    const repeated = file('x,y\n0,1\n0,1\n0,1\n1,2\n2,5\n2,5\n');
    const flags = ['-t', 'y', '--holdout', '0', '--learning-rate', '.1', '--epochs', '50'];
    const one = await fitJson(weighted, ...flags, '--sample-weight', 'n');
    const other = await fitJson(repeated, ...flags);
    expect(Object.keys(one.coefficients)).toEqual(['x']);
    expect(one.coefficients.x).toBeCloseTo(other.coefficients.x, 9);
    for (const name of ['r2', 'rmse', 'loss']) {
      expect(one.metrics.training[name]).toBeCloseTo(other.metrics.training[name], 9);
    }
  });

  it('is a number from 0', async () => {
    const { code, err } = await nabla('fit', file('x,y,n\n1,2,1\n2,3,-1\n'), '-t', 'y', '--sample-weight', 'n');
    expect(code).toBe(1);
    expect(err).toContain('line 3, column 3 (n): "-1" must be a number from 0');
  });
});

describe('an offset', () => {
  it.each([[[]], [['--standardize']]])('is added to z in the fit and in what the model predicts %j', async (more) => {
    const rows = Array.from({ length: 40 }, (_, i) => `${i % 8},${(i * 3) % 5},${2 * (i % 8) + 1 + ((i * 3) % 5)}`);
    const data = file(`x,base,y\n${rows.join('\n')}\n`);
    const model = path('model.json');
    const flags = ['-t', 'y', '--offset', 'base', '--learning-rate', '.1', '--epochs', '1500', '--model', model];
    const report = await fitJson(data, ...flags, ...more);
    expect(Object.keys(report.coefficients)).toEqual(['x']);
    expect(report.coefficients.x).toBeCloseTo(2, 3);
    expect(report.intercept).toBeCloseTo(1, 2);
    expect(report.metrics.heldOut.r2).toBeCloseTo(1, 4);
    const { out } = await nabla('predict', model, file('base,x\n10,2\n0,2\n'));
    const [, first, second] = out.split('\n').map(Number);
    expect(first).toBeCloseTo(15, 2);
    expect(second).toBeCloseTo(5, 2);
    const missing = await nabla('predict', model, file('x\n2\n'));
    expect(missing).toMatchObject({ code: 1, err: expect.stringContaining('there is no column "base"') });
  });
});

describe('counts and amounts', () => {
  const rows = Array.from(
    { length: 54 },
    (_, i) => `${(i % 6) / 5},${Math.exp(0.5 + (i % 6) / 5) * (1 + ((Math.floor(i / 6) % 3) - 1) / 4)}`,
  );
  const data = (): string => file(`x,y\n${rows.join('\n')}\n`);

  it.each<[string, string[], (y: number, m: number) => number]>([
    ['poisson', [], (y, m) => 2 * (y * Math.log(y / m) - (y - m))],
    ['gamma', [], (y, m) => 2 * (y / m - 1 - Math.log(y / m))],
    ['tweedie', ['--power', '1.5'], (y, m) => 2 * (y ** 0.5 / (-0.5 * 0.5) - (y * m ** -0.5) / -0.5 + m ** 0.5 / 0.5)],
  ])('%s is measured by its deviance and on the scale of the mean', async (loss, more, deviance) => {
    const flags = ['-t', 'y', '--loss', loss, '--holdout', '0', '--learning-rate', '.05', '--epochs', '800', ...more];
    const { coefficients, intercept, metrics: all } = await fitJson(data(), ...flags);
    const { training: metrics } = all;
    expect(coefficients.x).toBeCloseTo(1, 1);
    expect(metrics.kind).toBe('mean');
    const pairs = rows
      .map((row) => row.split(',').map(Number))
      .map(([x, y]) => [y, Math.exp(intercept + coefficients.x * x)]);
    const mean = (of: (y: number, m: number) => number): number =>
      pairs.reduce((sum, [y, m]) => sum + of(y, m), 0) / pairs.length;
    expect(metrics.deviance).toBeCloseTo(mean(deviance), 9);
    expect(metrics.rmse).toBeCloseTo(Math.sqrt(mean((y, m) => (y - m) ** 2)), 9);
    const { out } = await nabla('fit', data(), ...flags);
    expect(out).toMatch(/│ {2,}│ +training │\n.*\n│ rows +│ +54 │\n│ D² +│ +[\d.]+ │\n│ deviance +│ +[\d.]+ │\n/);
  });

  it.each<[string, string, string]>([
    ['poisson', '-1', 'line 3, column 2 (y): "-1" must be a number from 0'],
    ['gamma', '0', 'line 3, column 2 (y): "0" must be a number above 0'],
  ])('%s refuses %s and tells where it is', async (loss, cell, message) => {
    const { code, err } = await nabla('fit', file(`x,y\n1,1\n2,${cell}\n`), '-t', 'y', '--loss', loss);
    expect({ code, err }).toEqual({ code: 1, err: expect.stringContaining(message) });
  });

  it('zeros of counts deviate by their mean', async () => {
    const flags = ['-t', 'y', '--loss', 'poisson', '--holdout', '0', '--epochs', '1'];
    const { metrics: all, coefficients, intercept } = await fitJson(file('x,y\n1,0\n2,0\n'), ...flags);
    const m = [1, 2].map((x) => Math.exp(intercept + coefficients.x * x));
    expect(all.training.deviance).toBeCloseTo(m[0] + m[1], 12);
  });

  it('the loss is told beside R²', async () => {
    const flags = ['-t', 'y', '--loss', 'quantile', '--quantile', '.9'];
    const { out, err } = await nabla('fit', data(), ...flags);
    expect(err).toBe('');
    expect(out).toMatch(/│ R² .*\n(.*\n)+│ loss +│ +[\d.]+ │ +0\.\d+ │\n/);
  });
});
