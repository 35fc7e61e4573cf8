import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { fitSync } from '../../lib/index.js';
import { exactly, file, fitJson, houses, nabla, path } from './support.js';

/** Few rows and more noise than a line of the first rows can tell: it overfits. */
function noisy(from: number, rows: number): string {
  const lines = Array.from({ length: rows }, (_, i) => {
    const [a, b, c] = [7, 11, 13].map((k) => (((i + from) * k * k) % 17) / 17);
    return `${a},${b},${c},${100 + a + (((i + from) * 5) % 7)}`;
  });
  return `a,b,c,y\n${lines.join('\n')}\n`;
}
const flags = ['-t', 'y', '--learning-rate', '.1', '--epochs', '200'];

describe('validation', () => {
  it('watches a part of the rows of the fit', async () => {
    const report = await fitJson(file(houses()), '-t', 'price', '--validation', '.25', ...exactly);
    expect(report).toMatchObject({ rows: 60, heldOutRows: 12, trainingRows: 36, validationRows: 12 });
    const { validationLoss, loss } = report.history;
    expect([validationLoss.length, loss.length]).toEqual([1500, 1500]);
    const least = Math.min(...validationLoss);
    expect(report.bestValidation).toEqual({ loss: least, epoch: validationLoss.indexOf(least) + 1 });
    const same = await fitJson(file(houses()), '-t', 'price', '--validation-fraction', '.25', ...exactly);
    expect(same.history).toEqual(report.history);
  });

  it.each([[[]], [['--standardize']]])('watches the rows of a file %j', async (more) => {
    const other = file('kind,y,size\nb,22,1\na,10,1\nc,100,0\n');
    const data = file(houses().replace('price', 'y'));
    const report = await fitJson(data, '-t', 'y', '--validation', other, '--seed', '3', '--epochs', '1500', ...more);
    expect(report).toMatchObject({ trainingRows: 48, validationRows: 3, heldOutRows: 12 });
    // z by the coefficients that came out, which were those of the last epoch.
    const { coefficients: w, intercept } = report;
    const z = [intercept + w['kind=b'] + w.size, intercept + w.size, intercept + w['kind=c']];
    const loss = [22, 10, 100].reduce((sum, y, i) => sum + (z[i] - y) ** 2 / 2, 0) / 3;
    expect(report.history.validationLoss.at(-1)).toBeCloseTo(loss, 6);
  });

  it('stops by it and returns the best epoch', async () => {
    const other = file(noisy(60, 40));
    const watching = [...flags, '--validation', other, '--holdout', '0', '--patience', '3', '--restore-best'];
    const report = await fitJson(file(noisy(0, 8)), ...watching, '--learning-rate', '20');
    expect(report.status).toBe('earlyStopped');
    expect(report.bestValidation?.epoch).toBe(report.epochs - 3);
  });

  it.each<[string, string, string]>([
    [
      'another category',
      'size,kind,price\n1,d,2\n',
      'line 2, column 2 (kind): the data of the fit have no category "d"',
    ],
    ['text among numbers', 'size,kind,price\n1,a,2\nx,a,2\n', 'line 3, column 1 (size): "x" is no number'],
    ['no target', 'size,kind\n1,a\n', 'there is no column "price"'],
    ['an empty cell', 'size,kind,price\n1,,2\n', 'line 2, column 2 (kind): the cell is empty'],
  ])('refuses a file with a mistake: %s', async (_, content, message) => {
    const other = file(content, 'validation.csv');
    const { code, out, err } = await nabla('fit', file(houses()), '-t', 'price', '--validation', other);
    expect({ code, out }).toEqual({ code: 1, out: '' });
    expect(err).toContain(message);
    expect(err).toContain('validation.csv');
  });

  it.each([
    ['epoch', []],
    ['step', ['--history', 'step', '--batch-size', '4']],
  ])('is in the report and the picture, by %s', async (unit, more) => {
    const plot = path('loss.svg');
    const all = [...flags, '--validation', '.2', '--plot', plot, ...more];
    const { code, out } = await nabla('fit', file(noisy(0, 60)), ...all);
    expect(code).toBe(0);
    expect(out).toMatch(new RegExp(`mean loss by ${unit}.*: ━ training, ● validation\\n`));
    expect(out).toMatch(/watched {4}validation loss [\d.,]+ at best, in epoch \d+, on 10 rows\n/);
    const svg = readFileSync(plot, 'utf8');
    for (const part of ['training: ', 'validation: ', ' at best, epoch ', 'held out: ']) expect(svg).toContain(part);
    expect(svg.match(/<path /g)?.length).toBe(2);
    expect(svg).not.toMatch(/NaN|Infinity|undefined/);
  });

  it('is the fit of the library', async () => {
    const [training, watched] = [noisy(0, 20), noisy(50, 10)];
    const report = await fitJson(file(training), ...flags, '--validation', file(watched), '--holdout', '0');
    const table = (text: string) => {
      const rows = text.trimEnd().split('\n').slice(1);
      const cells = rows.map((row) => row.split(',').map(Number));
      return {
        X: Float64Array.from(cells.flatMap((row) => row.slice(0, 3))),
        y: Float64Array.from(cells, (row) => row[3]),
      };
    };
    const optimizer = { name: 'adam', learningRate: 0.1 } as const;
    const model = fitSync(table(training), { validation: table(watched), optimizer, epochs: 200 });
    expect(report.history).toEqual(JSON.parse(JSON.stringify(model)).history);
    expect(Object.values(report.coefficients)).toEqual(Array.from(model.coefficients));
  });
});
