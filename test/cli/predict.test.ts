import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { Model } from '../../lib/index.js';
import { exactly, file, houses, nabla, path } from './support.js';

describe('nabla predict', () => {
  const model = path('model.json');
  beforeAll(async () => {
    expect(await nabla('fit', file(houses()), '-t', 'price', '--model', model, ...exactly)).toMatchObject({ code: 0 });
  });

  it('comes back to the target that was fitted', async () => {
    const data = houses();
    const { code, out, err } = await nabla('predict', model, file(data), '--no-metrics');
    expect({ code, err }).toEqual({ code: 0, err: '' });
    const lines = out.trimEnd().split('\n');
    expect(lines[0]).toBe('price');
    const prices = data.trimEnd().split('\n').slice(1);
    expect(lines.length).toBe(prices.length + 1);
    prices.forEach((line, i) => {
      expect(Number(lines[i + 1])).toBeCloseTo(Number(line.split(',')[2]), 1);
    });
  });

  it('gives the bits of the model in the file, in any number of rows and order of columns', async () => {
    const rows = Array.from({ length: 3000 }, (_, i) => ({ size: i / 7, kind: 'abc'[i % 3] }));
    const csv = `kind,note,size\n${rows.map(({ size, kind }) => `${kind},,${size}`).join('\n')}`;
    const { out } = await nabla('predict', model, file(csv));
    const X = rows.flatMap(({ size, kind }) => [size, Number(kind === 'b'), Number(kind === 'c')]);
    const expected = Model.fromJSON(JSON.parse(readFileSync(model, 'utf8')).model).predict(Float64Array.from(X));
    expect(out).toBe(`price\n${Array.from(expected, (value) => `${value}\n`).join('')}`);
  });

  it('is the same after a standardized fit, which is told on the original scale', async () => {
    const other = path('model.json');
    const flags = ['--standardize', '--learning-rate', '0.01', '--epochs', '4000', '--json', '--model', other];
    const report = JSON.parse((await nabla('fit', file(houses()), '-t', 'price', ...flags)).out);
    const { out } = await nabla('predict', other, file('kind,size\nb,2\na,4\n'));
    const { coefficients, intercept } = report;
    const [, first, second] = out.split('\n').map(Number);
    expect(first).toBeCloseTo(intercept + coefficients['kind=b'] + 2 * coefficients.size, 9);
    expect(second).toBeCloseTo(19, 3);
  });

  it('keeps what encodes the columns in a file with a version', () => {
    const { model: inner, fitted, checksum, ...outer } = JSON.parse(readFileSync(model, 'utf8'));
    expect(outer).toEqual({
      format: 'nabla-model-file',
      version: 1,
      target: 'price',
      labels: [],
      offset: null,
      columns: [
        { name: 'size', kind: 'number' },
        { name: 'kind', kind: 'text', categories: ['b', 'c'], base: 'a' },
      ],
    });
    expect(inner.format).toBe('nabla-model');
    expect(fitted).toMatchObject({ rows: 48, options: { epochs: 1500 } });
    expect(checksum).toMatch(/^[0-9a-f]{64}$/);
  });

  it('quotes the name of the target where a CSV needs it', async () => {
    const other = path('model.json');
    await nabla('fit', file('x,"a ""b"", c"\n1,2\n2,3\n'), '-t', 'a "b", c', '--model', other, '--epochs', '1');
    expect((await nabla('predict', other, file('x\n1\n'))).out.split('\n')[0]).toBe('"a ""b"", c"');
  });

  it.each([
    [
      'unknown category',
      'size,kind\n1,a\n2,d\n',
      'line 3, column 2 (kind): the model knows no category "d", only a, b, c',
    ],
    ['empty cell', 'size,kind\n,a\n', 'line 2, column 1 (size): the cell is empty'],
    ['no number', 'size,kind\n1,a\nx,a\n', 'line 3, column 1 (size): "x" is no number'],
    ['missing column', 'size\n1\n', 'line 1: there is no column "kind"'],
    ['ragged', 'size,kind\n1,a\n1\n', 'line 3, column 2: the row has 1 cell, the header 2'],
    ['header only', 'size,kind\n', 'the file has a header and no rows'],
  ])('refuses rows with a mistake and answers nothing: %s', async (_, content, message) => {
    const { code, out, err } = await nabla('predict', model, file(content));
    expect({ code, out }).toEqual({ code: 1, out: '' });
    expect(err).toContain(message);
  });

  /** With its old checksum, or without, so that what is in it is looked at. */
  const changed = (change: (json: Record<string, never>) => unknown, keepChecksum = false) => {
    return () => {
      const { checksum, ...json } = JSON.parse(readFileSync(model, 'utf8'));
      const other = change(json) as object;
      return JSON.stringify(keepChecksum ? { ...other, checksum } : other);
    };
  };
  it.each<[string, () => string, string]>([
    ['empty', () => '', 'ERR_MODEL_FORMAT'],
    ['truncated', () => readFileSync(model, 'utf8').slice(0, 200), 'ERR_MODEL_FORMAT'],
    ['null', () => 'null', 'ERR_MODEL_FORMAT'],
    ['an array', () => '[]', 'ERR_MODEL_FORMAT'],
    ['a model without its columns', changed((json) => json.model), 'ERR_MODEL_FORMAT'],
    ['another version', changed((json) => ({ ...json, version: 2 })), 'ERR_MODEL_VERSION'],
    ['no target', changed((json) => ({ ...json, target: 3 })), 'ERR_MODEL_FORMAT'],
    ['no labels', changed((json) => ({ ...json, labels: undefined })), 'ERR_MODEL_FORMAT'],
    ['labels of no classes', changed((json) => ({ ...json, labels: ['a', 'b'] })), 'ERR_MODEL_FORMAT'],
    ['an offset of no name', changed((json) => ({ ...json, offset: 1 })), 'ERR_MODEL_FORMAT'],
    ['columns of no kind', changed((json) => ({ ...json, columns: [{ name: 'x' }, null] })), 'ERR_MODEL_FORMAT'],
    ['too few columns', changed((json) => ({ ...json, columns: [] })), 'ERR_MODEL_FORMAT'],
    [
      'a changed number',
      changed((json) => ({ ...json, model: { ...(json.model as object), intercepts: [1.5] } }), true),
      'ERR_MODEL_CHECKSUM',
    ],
    ['a changed name', changed((json) => ({ ...json, target: 'cost' }), true), 'ERR_MODEL_CHECKSUM'],
    ['a fit of nothing', changed((json) => ({ ...json, fitted: { rows: '48' } })), 'ERR_MODEL_FORMAT'],
    ['a damaged model', changed((json) => ({ ...json, model: {} })), 'ERR_MODEL_FORMAT'],
  ])('refuses a model file: %s', async (_, content, code) => {
    const result = await nabla('predict', file(content(), 'model.json'), file('size,kind\n1,a\n'));
    expect(result).toMatchObject({ code: 1, out: '', err: expect.stringContaining(code) });
    expect(result.err).toMatch(/^nabla: .*\n$/);
  });

  it('takes a model file that somebody edited and left without a checksum', async () => {
    const renamed = file(changed((json) => ({ ...json, target: 'cost', fitted: null }))(), 'model.json');
    expect((await nabla('predict', renamed, file('size,kind\n1,a\n'))).out).toMatch(/^cost\n[\d.]+\n$/);
  });
});
