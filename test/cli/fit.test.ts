import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { fitSync } from '../../lib/index.js';
import { exactly, file, fitJson, houses, nabla, path, type Report } from './support.js';

const adam = ['--optimizer', 'adam'];

describe('nabla fit', () => {
  it('tells everything as one JSON object', async () => {
    const model = path('model.json');
    const plot = path('loss.svg');
    const report = await fitJson(
      file(houses()),
      '-t',
      'price',
      '--model',
      model,
      '--plot',
      plot,
      ...adam,
      '--epochs',
      '5',
    );
    const numbers = ['loss', 'r2', 'explainedVariance', 'mse', 'rmse', 'mae', 'medianAbsoluteError', 'maxError'];
    const measured = Object.fromEntries(numbers.map((name) => [name, expect.any(Number)]));
    const metrics = { kind: 'value', ...measured, pinball: null, d2: null };
    const five = Array(5).fill(expect.any(Number));
    expect(report).toEqual({
      target: 'price',
      loss: 'squared',
      optimizer: 'adam',
      labels: [],
      rows: 60,
      trainingRows: 48,
      validationRows: 0,
      heldOutRows: 12,
      coefficients: { size: expect.any(Number), 'kind=b': expect.any(Number), 'kind=c': expect.any(Number) },
      intercept: expect.any(Number),
      metrics: { training: metrics, validation: null, heldOut: metrics },
      bestValidation: null,
      status: 'maxEpochs',
      epochs: 5,
      steps: 5,
      optimality: { gradientNorm: expect.any(Number), relative: expect.any(Number) },
      warnings: [expect.stringContaining('far from its minimum')],
      history: { loss: five, validationLoss: [], learningRate: Array(5).fill(0.001), gradientNorm: five },
      seconds: expect.any(Number),
      rowsPerSecond: expect.any(Number),
      readSeconds: expect.any(Number),
      backend: {
        name: expect.stringMatching(/^(native|reference)$/),
        target: expect.any(String),
        threads: expect.any(Number),
        version: expect.any(String),
      },
      files: { model, plot },
    });
    expect(existsSync(model) && existsSync(plot)).toBe(true);
  });

  it('finds what is exact in the data, a category standing for the intercept', async () => {
    const report = await fitJson(file(houses()), '--target', 'price', ...exactly);
    expect(report.coefficients.size).toBeCloseTo(3, 2);
    expect(report.coefficients['kind=b']).toBeCloseTo(10, 2);
    expect(report.coefficients['kind=c']).toBeCloseTo(-5, 2);
    expect(report.intercept).toBeCloseTo(7, 2);
    expect(report.metrics.heldOut.r2).toBeCloseTo(1, 5);
  });

  it('has a column for every category without an intercept', async () => {
    const report = await fitJson(file(houses()), '--target', 'price', '--no-intercept', ...exactly);
    expect(report.intercept).toBe(0);
    expect(Object.keys(report.coefficients)).toEqual(['size', 'kind=a', 'kind=b', 'kind=c']);
    expect(report.coefficients['kind=a']).toBeCloseTo(7, 2);
    expect(report.coefficients['kind=c']).toBeCloseTo(2, 2);
  });

  it.each([[[]], [['--no-intercept']]])('tells a standardized fit on the original scale %j', async (flags) => {
    const report = await fitJson(
      file(houses()),
      '-t',
      'price',
      '--standardize',
      '--learning-rate',
      '0.01',
      '--epochs',
      '4000',
      ...flags,
    );
    expect(report.coefficients.size).toBeCloseTo(3, 4);
    expect(report.coefficients['kind=c'] - (report.coefficients['kind=a'] ?? 0)).toBeCloseTo(-5, 4);
    expect(report.intercept + (report.coefficients['kind=a'] ?? 0)).toBeCloseTo(7, 4);
    expect(report.metrics.heldOut.rmse).toBeLessThan(1e-4);
  });

  it('tells the loss of a standardized fit on the original scale', async () => {
    const data = file('x,y\n1,100\n2,300\n3,200\n4,800\n');
    const report = await fitJson(data, '-t', 'y', '--standardize', '--holdout', '0', ...adam, '--epochs', '1');
    // Before the first step z = ȳ = 350, so ½Σ(y - z)²/4 is half the variance.
    expect(report.history.loss[0]).toBeCloseTo((250 ** 2 + 50 ** 2 + 150 ** 2 + 450 ** 2) / 8, 6);
  });

  it('leaves a constant column out of a standardized fit', async () => {
    const data = file(`c,x,y\n${Array.from({ length: 30 }, (_, i) => `0.1,${i},${2 * i + 1}`).join('\n')}`);
    const report = await fitJson(data, '-t', 'y', '--standardize', '--learning-rate', '0.1', '--epochs', '500');
    expect(report.coefficients.c).toBeCloseTo(0, 6);
    expect(report.coefficients.x).toBeCloseTo(2, 4);
  });

  it('says when the target is too large to standardize', async () => {
    const data = file('x,y\n1,1e308\n2,-1e308\n3,1e308\n');
    const { code, err } = await nabla('fit', data, '-t', 'y', '--standardize', '--holdout', '0', ...adam);
    expect({ code, err }).toEqual({
      code: 1,
      err: 'nabla: the numbers of the target are too large to standardize (ERR_NOT_FINITE)\n',
    });
  });

  it('means the same by penalties and limits with and without a scaled target', async () => {
    const data = file(houses().replaceAll(/\d+(\.\d+)?$/gm, (price) => `${Number(price) * 1000}`));
    const flags = '--features size --holdout 0 --standardize --l1 100 --l2 .1 --epochs 3000 --tolerance 1e-9';
    const report = await fitJson(data, '-t', 'price', ...flags.split(' '), '--optimizer', 'sgd', '--clip-norm', '5e3');
    const rows = readFileSync(data, 'utf8').trimEnd().split('\n').slice(1);
    const column = (j: number): Float64Array => Float64Array.from(rows, (row) => Number(row.split(',')[j]));
    const plain = fitSync(
      { X: column(0), y: column(2) },
      { optimizer: 'sgd', standardize: true, l1: 100, l2: 0.1, epochs: 3000, tolerance: 1e-9, clipNorm: 5e3 },
    );
    expect(report.coefficients.size / plain.coefficients[0]).toBeCloseTo(1, 6);
    expect(report.intercept / plain.intercept).toBeCloseTo(1, 6);
  });

  it('draws the same rows for the same seed', async () => {
    const data = file(houses());
    const fitWith = (seed: string) =>
      fitJson(data, '-t', 'price', '--epochs', '3', '--batch-size', '8', '--seed', seed);
    const strip = ({ coefficients, metrics, history }: Report) => ({ coefficients, metrics, history });
    expect(strip(await fitWith('1'))).toEqual(strip(await fitWith('1')));
    expect(strip(await fitWith('1'))).not.toEqual(strip(await fitWith('2')));
  });

  it('measures on the training rows when none are held out', async () => {
    const report = await fitJson(file(houses()), '-t', 'price', '--holdout', '0', '--epochs', '2');
    expect(report).toMatchObject({ trainingRows: 60, heldOutRows: 0, metrics: { heldOut: null } });
    const one = await fitJson(file('x,y\n1,2\n'), '-t', 'y', '--holdout', '.9', '--epochs', '2');
    expect(one).toMatchObject({ trainingRows: 1, heldOutRows: 0, metrics: { training: { r2: null } } });
  });

  it('passes on rule, schedule, sampler and their parameters', async () => {
    const data = file(houses());
    const flags = ['--optimizer', 'sgd', '--learning-rate', '1e-3', '--momentum', '.9', '--nesterov'];
    const more = ['--schedule', 'invscaling', '--schedule-power', '.5', '--sampler', 'sequential', '--history', 'step'];
    const report = await fitJson(data, '-t', 'price', ...flags, ...more, '--epochs', '2', '--batch-size', '10');
    expect(report).toMatchObject({ epochs: 2, steps: 10 });
    expect(report.history.loss.length).toBe(10);
    const once = await fitJson(
      data,
      '-t',
      'price',
      '--batch-size',
      '10',
      '--once',
      '--averaging',
      'ema',
      '--epochs',
      '2',
    );
    const often = await fitJson(data, '-t', 'price', '--batch-size', '10', '--averaging', 'ema', '--epochs', '2');
    expect(once.coefficients).not.toEqual(often.coefficients);
    const plain = ['-t', 'price', '--optimizer', 'adamw', '--weight-decay', '.5', '--epochs', '20'];
    expect((await fitJson(data, ...plain, '--decoupled')).coefficients).toEqual(
      (await fitJson(data, ...plain)).coefficients,
    );
    expect((await fitJson(data, ...plain, '--no-decoupled')).coefficients).not.toEqual(
      (await fitJson(data, ...plain)).coefficients,
    );
    const sparse = await fitJson(data, '-t', 'price', '--l1', '1e3', '--standardize', '--learning-rate', '.1');
    expect(Object.values(sparse.coefficients)).toEqual([0, 0, 0]);
    const stopped = await fitJson(data, '-t', 'price', '--tolerance', '1e9');
    expect(stopped.status).toBe('converged');
  });

  it('reads numbers as categories when it is told to', async () => {
    const data = file('cyl,y\n4,1\n6,2\n8,9\n4-6,3\n4,1\n');
    const report = await fitJson(data, '-t', 'y', '--categorical', 'cyl');
    expect(Object.keys(report.coefficients)).toEqual(['cyl=4-6', 'cyl=6', 'cyl=8']);
  });

  it('keeps odd names apart', async () => {
    const data = file('__proto__,"a,b",2020,y\n1,2,3,4\n2,3,5,6\n');
    const report = await fitJson(data, '-t', 'y', '--features', '__proto__,"a,b",2020');
    expect(Object.keys(report.coefficients).sort()).toEqual(['2020', '__proto__', 'a,b']);
    const twice = await nabla('fit', file('a,a=x,y\nw,1,2\nx,2,3\n'), '-t', 'y');
    expect(twice).toMatchObject({ code: 1, err: expect.stringContaining('"a=x"') });
  });

  it('is for people without --json', async () => {
    const plot = path('loss.svg');
    const { code, out, err } = await nabla('fit', file(houses()), '-t', 'price', '--plot', plot, ...exactly);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).toMatch(/│ size +│ +3 │|│ size +│ +(3\.0|2\.99)\d* │/);
    for (const part of ['(intercept)', 'kind=b', 'mean loss by epoch, log scale']) {
      expect(out).toContain(part);
    }
    expect(out).toMatch(/│ R² +│ +1\.0000 │ +1\.0000 │\n/);
    expect(out).toMatch(
      /rows\/s\noptimizer {2}adam\nstatus {5}maxEpochs after 1,500 epochs, 1,500 steps\nbackend {4}(native|reference), \w+\n/,
    );
    expect(out).toContain(`picture    ${plot}\n`);
  });

  it('draws the loss curve', async () => {
    const plot = path('loss.svg');
    await nabla('fit', file(houses(), 'a<b&c.csv'), '-t', 'price', '--plot', plot, ...exactly);
    const svg = readFileSync(plot, 'utf8');
    expect(svg).toMatch(/^<svg xmlns="http:\/\/www.w3.org\/2000\/svg" .*<\/svg>\n$/s);
    for (const part of ['mean loss, log scale', '>epoch<', 'held out: ', 'a&lt;b&amp;c.csv', '>1,400<']) {
      expect(svg).toContain(part);
    }
    expect(svg).not.toMatch(/NaN|Infinity|undefined/);
    for (const flags of [
      ['--epochs', '1'],
      ['--history', 'step', '--batch-size', '1', '--epochs', '30'],
    ]) {
      await nabla('fit', file(houses()), '-t', 'price', '--plot', plot, ...flags);
      expect(readFileSync(plot, 'utf8')).not.toMatch(/NaN|Infinity|undefined/);
    }
  });

  it.each([[[]], [['--validation', '.2']], [['--standardize', '--validation', '.2']]])(
    'says when it diverges, and writes no model %j',
    async (more) => {
      const model = path('model.json');
      const flags = [...more, '-t', 'price', '--optimizer', 'sgd', '--learning-rate', '1e300', '--model', model];
      const data = file(houses());
      const { code, out, err } = await nabla('fit', data, ...flags);
      expect({ code, out }).toEqual({ code: 1, out: '' });
      expect(err).toMatch(/^nabla: the fit diverged .*--learning-rate\n$/);
      expect(existsSync(model)).toBe(false);
      const json = await nabla('fit', data, ...flags, '--json');
      expect(json.code).toBe(1);
      expect(JSON.parse(json.out)).toMatchObject({ status: 'diverged', files: {} });
    },
  );
});
