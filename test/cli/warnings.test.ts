// What the command says of a fit without flags, and of one that is far from its minimum.
import { createRequire } from 'node:module';
import { describe, expect, it } from 'vitest';
import { file, fitJson, houses, nabla, type Report } from './support.js';

const { resolve } = createRequire(import.meta.url);

/** y = 3 big - 2 small + 5, with columns 1e5 apart. */
function apart(): string {
  const rows = Array.from({ length: 80 }, (_, i) => {
    const big = 1e4 * Math.sin(i);
    const small = 0.1 * Math.cos(3 * i);
    return `${big},${small},0,${3 * big - 2 * small + 5}`;
  });
  return file(`big,small,none,y\n${rows.join('\n')}\n`);
}

/** Counts whose logarithm moves by 6: one step of Newton's method leaves much. */
const counts = (): string =>
  file(
    `x,y\n${Array.from({ length: 80 }, (_, i) => `${Math.sin(i)},${Math.round(Math.exp(3 * Math.sin(i)))}`).join('\n')}\n`,
  );

describe('nabla fit without a flag', () => {
  it('explains the prices of diamonds', async () => {
    const report = await fitJson(resolve('@observablehq/sample-datasets/diamonds.csv'), '--target', 'price');
    expect(report.metrics.heldOut.r2).toBeGreaterThan(0.91);
    expect(report.metrics.training.r2).toBeGreaterThan(0.91);
    expect(report).toMatchObject({ optimizer: 'exact', status: 'converged', warnings: [] });
  });

  it('finds what is exact in the data, and warns of nothing', async () => {
    for (const [data, target] of [
      [apart(), 'y'],
      [file(houses()), 'price'],
    ]) {
      const { code, out, err } = await nabla('fit', data, '-t', target);
      expect({ code, err }).toEqual({ code: 0, err: '' });
      expect(out).toMatch(/│ R² +│ +1\.0000 │ +1\.0000 │\n/);
      expect(out).toContain('exact, picked by auto');
    }
  });
});

describe('a warning', () => {
  it('is the same along λ, of a rule that ends far from the minimum', async () => {
    const classes = file(
      `x,y\n${Array.from({ length: 60 }, (_, i) => `${i % 7},${'abc'[Math.floor((i % 7) / 3)]}`).join('\n')}\n`,
    );
    const rule = ['-t', 'y', '--optimizer', 'sgd', '--learning-rate', '1e-12', '--epochs', '3'];
    const alongs = [
      ['--path', '--lambda', '0.01'],
      ['--path', '--lambda', '0.0123', '--lambdas', '0.1,0.01'],
      ['--cv', '3', '--standardize'],
    ];
    for (const [data, ...flags] of [[apart()], [counts(), '--loss', 'poisson'], [classes, '--loss', 'softmax']]) {
      for (const along of alongs) {
        const { code, err } = await nabla('fit', data, ...rule, ...flags, ...along);
        expect(code, err).toBe(0);
        expect(err, along.join(' ')).toContain('the fit is far from its minimum (maxEpochs)');
      }
    }
  });

  it('tells that a fit ended far from its minimum, and what to try; the exit code is 0', async () => {
    const { code, out, err } = await nabla('fit', apart(), '-t', 'y', '--optimizer', 'adam');
    expect(code).toBe(0);
    expect(out).toContain('status     maxEpochs after 100 epochs');
    expect(err).toMatch(
      /^nabla: warning: the fit is far from its minimum \(maxEpochs\): R² on its rows could rise by /,
    );
    expect(err).toMatch(/; try --optimizer auto, --standardize, another --learning-rate or more --epochs\n/);
  });

  it.each(['quantile', 'epsilon_insensitive', 'huber'])(
    'tells it of the loss %s, on however many rows',
    async (loss) => {
      const diamonds = resolve('@observablehq/sample-datasets/diamonds.csv');
      const { code, err } = await nabla('fit', diamonds, '-t', 'price', '--loss', loss, '--optimizer', 'adam');
      expect(code).toBe(0);
      expect(err).toMatch(/warning: the fit is far from its minimum .* the loss could fall by /);
    },
  );

  it.each(['hinge', 'perceptron'])('tells it of the loss %s', async (loss) => {
    const rows = Array.from({ length: 90 }, (_, i) => `${100 * Math.cos(i)},${i},${Number(i > 50)}`);
    const classes = file(`a,b,y\n${rows.join('\n')}\n`);
    const { err } = await nabla('fit', classes, '-t', 'y', '--loss', loss, '--optimizer', 'adam', '--epochs', '2');
    expect(err).toMatch(/warning: the fit is far from its minimum .* the loss could fall by /);
  });

  it('is a field of the JSON, with how far that is', async () => {
    const report = await fitJson<Report>(apart(), '-t', 'y', '--optimizer', 'adam', '--epochs', '1');
    expect(report.optimality.relative).toBeGreaterThan(0.5);
    expect(report.warnings.length).toBe(2);
    const near = await fitJson<Report>(apart(), '-t', 'y');
    expect(near.optimality.relative).toBeLessThan(1e-9);
    expect(near.warnings).toEqual([]);
  });

  it('names other ways for a solver, and for other losses', async () => {
    const flags = ['-t', 'y', '--loss', 'poisson', '--optimizer', 'newton', '--epochs', '1', '--standardize'];
    const { err } = await nabla('fit', counts(), ...flags);
    expect(err).toMatch(/^nabla: warning: .* the loss could fall by [\d.e+-]+ of that of a constant prediction; try /);
    expect(err).toMatch(/try more --epochs or --l2\n$/);
  });

  it('suggests --standardize where columns are apart and no learning rate is given', async () => {
    const scales = async (...flags: string[]) => {
      const { warnings } = await fitJson<Report>(apart(), '-t', 'y', '--epochs', '2', ...flags);
      return warnings.some((text) => /^columns differ in scale by .* \(big, small\); try --standardize$/.test(text));
    };
    expect(await scales('--optimizer', 'adam')).toBe(true);
    expect(await scales('--batch-size', '10')).toBe(true);
    expect(await scales('--optimizer', 'adam', '--learning-rate', '.1')).toBe(false);
    expect(await scales('--optimizer', 'adam', '--standardize')).toBe(false);
    expect(await scales('--optimizer', 'adam', '--features', 'big,none')).toBe(false);
    expect(await scales()).toBe(false);
  });

  it('tells the same of the model that is chosen along a path', async () => {
    const flags = ['-t', 'y', '--path', '--lambdas', '1,.1', '--lambda', '.1', '--loss', 'poisson'];
    const far = await nabla('fit', counts(), ...flags, '--epochs', '1');
    expect(far).toMatchObject({ code: 0, err: expect.stringMatching(/^nabla: warning: the fit is far/) });
    const near = await nabla('fit', apart(), '-t', 'y', '--path', '--lambdas', '1,.1', '--lambda', '.1');
    expect(near).toMatchObject({ code: 0, err: '' });
  });

  it('is not given where a validation ended the fit', async () => {
    const flags = [
      '--optimizer',
      'adam',
      '--standardize',
      '--validation',
      '.3',
      '--patience',
      '1',
      '--min-delta',
      '1e9',
    ];
    const report = await fitJson<Report>(apart(), '-t', 'y', ...flags);
    expect(report.status).toBe('earlyStopped');
    expect(report.warnings).toEqual([]);
  });
});

describe('the optimizer without --optimizer', () => {
  it.each([
    ['auto', []],
    ['adam', ['--learning-rate', '.1']],
    ['adam', ['--batch-size', '8']],
    ['adam', ['--schedule', 'cosine']],
    ['adam', ['--averaging', 'polyak']],
    ['adam', ['--clip-norm', '1']],
    ['adam', ['--history', 'step']],
    ['adam', ['--keep-state']],
    ['auto', ['--sampler', 'full']],
    ['auto', ['--epochs', '7', '--l1', '.1']],
  ] as const)('is %s with %j', async (optimizer, flags) => {
    const report = await fitJson<Report>(file(houses()), '-t', 'price', ...flags);
    expect(report.optimizer === 'adam' ? 'adam' : 'auto').toBe(optimizer);
  });
});
