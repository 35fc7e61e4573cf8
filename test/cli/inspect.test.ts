import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import type { CheckpointInspection, ModelInspection } from '../../lib/cli/inspect/inspection.js';
import { fitSync, LogisticRegression, type Model, Ridge } from '../../lib/index.js';
import { exactly, file, houses, nabla, path } from './support.js';

const rows = 12;
const X = Float64Array.from({ length: rows * 3 }, (_, i) => ((i * i) % 7) - (i % 5));
const y = Float64Array.from({ length: rows }, (_, i) => X[3 * i] - 2 * X[3 * i + 1] + 0.5);
const named = Array.from(y, (value) => (value > 1 ? 'high' : 'low'));
const wideCols = 5000;
const wideX = Float64Array.from({ length: 4 * wideCols }, (_, i) => ((i * 7) % 13) / 13);

/** What `nabla inspect --json` writes. */
async function inspect<R = ModelInspection>(name: string, ...flags: string[]): Promise<R> {
  const { code, out, err } = await nabla('inspect', name, '--json', ...flags);
  expect({ code, err }).toEqual({ code: 0, err: '' });
  return JSON.parse(out);
}

/** A file that a library's object saves. */
function saved(thing: { saveSync(path: string): void }): string {
  const name = path('saved');
  thing.saveSync(name);
  return name;
}

describe('nabla inspect', () => {
  const model = path('model.json');
  beforeAll(async () => {
    const flags = ['--l2', '.001', '--model', model, ...exactly];
    expect((await nabla('fit', file(houses()), '-t', 'price', ...flags)).code).toBe(0);
  });

  it('tells what nabla fit wrote, and with which options', async () => {
    const inspection = await inspect(model);
    expect(inspection).toEqual({
      file: model,
      bytes: statSync(model).size,
      form: 'json',
      checksum: 'intact',
      kind: 'model',
      writtenBy: 'nabla fit',
      estimator: null,
      target: 'price',
      offset: null,
      loss: 'squared',
      lossParameters: {},
      optimizer: 'adam',
      status: 'maxEpochs',
      epochs: 1500,
      steps: 1500,
      optimality: { gradientNorm: expect.any(Number), relative: expect.any(Number) },
      lastLoss: expect.any(Number),
      lastValidationLoss: null,
      lastGradientNorm: expect.any(Number),
      labels: [],
      columns: 3,
      nonZero: 3,
      intercept: expect.closeTo(7, 0),
      coefficients: { size: expect.closeTo(3, 0), 'kind=b': expect.closeTo(10, 0), 'kind=c': expect.closeTo(-5, 0) },
      order: ['size', 'kind=b', 'kind=c'],
      encoding: [
        { name: 'size', kind: 'number' },
        { name: 'kind', kind: 'text', categories: ['b', 'c'], base: 'a' },
      ],
      fitted: {
        rows: 48,
        options: { l2: 0.001, epochs: 1500, seed: 3, optimizer: { name: 'adam', learningRate: 0.1 } },
      },
      keptState: null,
    });
  });

  it('is for people without --json', async () => {
    const { code, out, err } = await nabla('inspect', model);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    for (const line of [
      `file        ${model}, ${statSync(model).size.toLocaleString('en-US')} bytes, JSON, checksum intact`,
      'holds       a model, by nabla fit',
      'target      price',
      'optimizer   adam',
      'status      maxEpochs after 1,500 epochs, 1,500 steps',
      'fitted      to 48 rows with epochs 1500, l2 0.001, seed 3, optimizer adam (learningRate 0.1)',
      'columns     3, 3 of them not 0',
      'base        kind=a: in the intercept',
    ]) {
      expect(out).toContain(`${line}\n`);
    }
    expect(out).toMatch(
      /│ \(intercept\) │ +[\d.]+ │\n│ size +│ +[\d.]+ │\n│ kind=b +│ +[\d.]+ │\n│ kind=c +│ +-[\d.]+ │\n/,
    );
  });

  it('sorts by size, and tells some of many', async () => {
    expect((await inspect(model, '--sort')).order).toEqual(['kind=b', 'kind=c', 'size']);
    const { out } = await nabla('inspect', model, '--sort', '--top', '2');
    expect(out).toMatch(/│ \(intercept\) .*\n│ kind=b .*\n│ kind=c .*\n└.*\n2 of 3 columns: see --top\n$/);
  });

  it('tells how a model along λ was chosen', async () => {
    const chosen = path('model.json');
    await nabla('fit', file(houses()), '-t', 'price', '--cv', '4', '--rule', '1se', '--model', chosen);
    const { fitted } = await inspect(chosen);
    expect(fitted?.options).toMatchObject({ optimizer: 'auto', folds: 4, by: '1se', lambda: expect.any(Number) });
    expect((await nabla('inspect', chosen)).out).toMatch(
      /\nfitted +to 48 rows with .*folds 4, lambda [\d.]+, by 1se\n/,
    );
  });

  it.each<[string, Model<never>, Partial<ModelInspection>]>([
    ['numbers', fitSync({ X, y }, { optimizer: 'exact' }) as never, { form: 'json', labels: [], columns: 3 }],
    [
      'classes',
      fitSync({ X, y: named }, { loss: 'logistic', l1: 0.3, optimizer: 'newton' }) as never,
      { labels: ['high', 'low'], optimizer: 'newton', status: 'converged' },
    ],
    [
      'loss parameters',
      fitSync({ X, y }, { loss: { name: 'huber', delta: 2 }, optimizer: 'adam', epochs: 3 }) as never,
      { loss: 'huber', lossParameters: { delta: 2 }, epochs: 3 },
    ],
    [
      'a kept state',
      fitSync({ X, y }, { optimizer: 'sgd', keepState: true, epochs: 2 }) as never,
      { keptState: expect.objectContaining({ name: 'sgd', learningRate: 0.01 }) },
    ],
    [
      'a binary form',
      fitSync({ X: wideX, y: y.slice(0, 4) }, { optimizer: 'lbfgs', l1: 0.01 }) as never,
      { form: 'binary', columns: wideCols },
    ],
    [
      'several targets',
      fitSync({ X, y: Float64Array.from({ length: 24 }, (_, i) => y[i >> 1]), rows }, { optimizer: 'exact' }) as never,
      { labels: ['y0', 'y1'], intercept: { y0: expect.closeTo(0.5, 9), y1: expect.closeTo(0.5, 9) } },
    ],
  ])('tells what Model.save wrote: %s', async (_, model, expected) => {
    const name = saved(model);
    const inspection = await inspect(name);
    expect(inspection).toMatchObject({ kind: 'model', writtenBy: 'Model.save', checksum: 'intact', ...expected });
    const { coefficients, outputs } = model;
    const cols = coefficients.length / outputs;
    const columns = Array.from({ length: cols }, (_, j) => coefficients.filter((_, i) => i % cols === j));
    expect(inspection.nonZero).toBe(columns.filter((of) => of.some((w) => w !== 0)).length);
    if (outputs === 1) expect(Object.values(inspection.coefficients)).toEqual([...coefficients]);
    const { code, out } = await nabla('inspect', name);
    expect(code).toBe(0);
    expect(out).toMatch(/│ x0 /);
    expect(out.includes('see --top')).toBe(cols > 50);
  });

  it('tells JSON without a checksum', async () => {
    const text = JSON.stringify(fitSync({ X, y }, { epochs: 2 }));
    expect(await inspect(file(text, 'model.json'))).toMatchObject({ writtenBy: 'toJSON', checksum: 'none' });
  });

  it.each([
    ['Ridge', () => new Ridge({ alpha: 2 }).fitSync({ X, y }), { alpha: 2 }, 'json'],
    ['LogisticRegression', () => new LogisticRegression({ C: 3 }).fitSync({ X, y: named as never }), { C: 3 }, 'json'],
    ['Ridge', () => new Ridge({ optimizer: 'lbfgs' }).fitSync({ X: wideX, y: y.slice(0, 4) }), { alpha: 1 }, 'binary'],
  ] as const)('tells what an estimator wrote: %s', async (name, make, options, form) => {
    const estimator = make();
    const inspection = await inspect(saved(estimator));
    expect(inspection).toMatchObject({ kind: 'estimator', estimator: { name, options }, form, checksum: 'intact' });
    expect(Object.values(inspection.coefficients)).toEqual([...estimator.coefficients]);
    const text = await nabla('inspect', file(JSON.stringify(estimator), 'estimator.json'));
    expect(text.out).toMatch(new RegExp(`JSON, no checksum\\nholds +${name} \\(.*\\), by toJSON\\n`));
  });

  it('tells a checkpoint', async () => {
    const name = path('checkpoint');
    const adam = { optimizer: 'adam', validationFraction: 0.25 } as const;
    fitSync({ X, y }, { ...adam, epochs: 50, checkpoint: { path: name, every: 20 } });
    const inspection = await inspect<CheckpointInspection>(name);
    const { history } = fitSync({ X, y }, { ...adam, epochs: 40 });
    expect(inspection).toEqual({
      file: name,
      bytes: statSync(name).size,
      form: 'binary',
      checksum: 'intact',
      kind: 'checkpoint',
      epoch: 40,
      lastLoss: history[39],
      lastValidationLoss: history.validationLoss[39],
      lastLearningRate: 0.001,
      lastGradientNorm: history.gradientNorm[39],
      stateNumbers: expect.any(Number),
      fingerprint: expect.stringMatching(/^[0-9a-f]{64}$/),
    });
    const { out } = await nabla('inspect', name);
    expect(out).toContain('\nholds       a checkpoint after 40 epochs\n');
  });

  it('lets no file write to the terminal what it likes', async () => {
    const odd = path('model.json');
    await nabla('fit', file('"a\u001b[31m",b\n1,2\n2,3\n'), '-t', 'b', '--model', odd, '--epochs', '1');
    const { out } = await nabla('inspect', odd);
    expect(out).toContain('a\ufffd[31m');
    expect(out).not.toContain('\u001b');
  });

  const wide = saved(fitSync({ X: wideX, y: y.slice(0, 4) }, { epochs: 1 }));
  const small = saved(fitSync({ X, y }, { epochs: 1 }));
  const ridge = saved(new Ridge().fitSync({ X, y }));
  const text = (name: string, change: (text: string) => string) => () =>
    Buffer.from(change(readFileSync(name, 'utf8')));
  const bytes = (change: (bytes: Buffer) => Buffer) => () => change(readFileSync(wide));
  it.each<[string, () => Buffer, string]>([
    ['empty', () => Buffer.alloc(0), 'FORMAT'],
    ['not JSON', () => Buffer.from('a,b\n1,2\n'), 'FORMAT'],
    ['another JSON', () => Buffer.from('{"a":1}'), 'FORMAT'],
    ['null', () => Buffer.from('null'), 'FORMAT'],
    ['an array', () => Buffer.from('[]'), 'FORMAT'],
    ['bytes that are no text', () => Buffer.of(0xff, 0xfe, 0), 'FORMAT'],
    ['fit --model cut short', text(model, (all) => all.slice(0, 300)), 'FORMAT'],
    [
      'fit --model with another number',
      text(model, (all) => all.replace('"epochs": 1500', '"epochs": 1501')),
      'CHECKSUM',
    ],
    ['fit --model with another name', text(model, (all) => all.replace('"size"', '"sise"')), 'CHECKSUM'],
    ['fit --model of another version', text(model, (all) => all.replace('"version": 1', '"version": 9')), 'VERSION'],
    ['Model.save cut short', text(small, (all) => all.slice(0, -10)), 'FORMAT'],
    ['Model.save with another number', text(small, (all) => all.replace('"steps":1', '"steps":2')), 'CHECKSUM'],
    ['an estimator with another number', text(ridge, (all) => all.replace('"steps":1', '"steps":2')), 'CHECKSUM'],
    ['an estimator of another name', text(ridge, (all) => all.replace('"Ridge"', '"Rigde"')), 'FORMAT'],
    ['an estimator with the name of no class', text(ridge, (all) => all.replace('"Ridge"', '"Estimator"')), 'FORMAT'],
    ['binary and cut short', bytes((all) => all.subarray(0, 1000)), 'FORMAT'],
    ['binary and all but cut', bytes((all) => all.subarray(0, 12)), 'FORMAT'],
    [
      'binary with another bit',
      bytes((all) => {
        all[5000] ^= 1;
        return all;
      }),
      'CHECKSUM',
    ],
  ])('refuses a damaged file in one line: %s', async (_, content, code) => {
    const name = path('damaged');
    writeFileSync(name, content());
    const result = await nabla('inspect', name);
    expect(result).toMatchObject({ code: 1, out: '' });
    expect(result.err).toMatch(new RegExp(`^nabla: ${name}: .* \\(ERR_MODEL_${code}\\)\\n$`));
  });

  it.each([
    [['no-such-file'], 'no-such-file'],
    [[model, '--top', 'all'], '--top must be a number; got "all"'],
    [[model, '--top', '0'], '--top must be a whole number in [1'],
    [['.'], 'EISDIR'],
  ])('refuses wrong usage: %j', async (argv, message) => {
    expect(await nabla('inspect', ...argv)).toMatchObject({ code: 2, out: '', err: expect.stringContaining(message) });
  });
});
