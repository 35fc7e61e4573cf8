import { describe, expect, it } from 'vitest';
import type { FitReport } from '../../lib/cli/fit/report.js';
import { file, fitJson, nabla, path } from './support.js';

/** Classes by a: the first below 1, the second below 2, the rest above; with a gap between them. */
function classed(labels: readonly string[], rows = 90): string {
  const lines = Array.from({ length: rows }, (_, i) => {
    const k = i % labels.length;
    return `${k + (i % 7) / 10},${(i % 5) / 5},${labels[k]}`;
  });
  return `a,b,class\n${lines.join('\n')}\n`;
}

const flags = ['-t', 'class', '--standardize', '--learning-rate', '.1', '--epochs', '400'];
const losses = ['logistic', 'softmax', 'hinge', 'squared_hinge'];

/** Fits and predicts the same rows. */
async function thereAndBack(labels: readonly string[], ...more: string[]) {
  const model = path('model.json');
  const data = file(classed(labels));
  const report = await fitJson<FitReport>(data, ...flags, '--model', model, ...more);
  const { code, out, err } = await nabla('predict', model, data, '--no-metrics');
  expect({ code, err }).toEqual({ code: 0, err: '' });
  return { model, data, report, lines: out.trimEnd().split('\n') };
}

describe('classes', () => {
  it.each(losses.flatMap((loss) => [[loss, ['no', 'yes']] as const, [loss, ['9', '10']] as const]))(
    '%s tells %j apart, and their names come back',
    async (loss, labels) => {
      const { report, lines } = await thereAndBack(labels, '--loss', loss);
      expect(report).toMatchObject({ loss, labels, metrics: { heldOut: { kind: 'class', accuracy: 1 } } });
      expect(lines).toEqual(['class', ...Array.from({ length: 90 }, (_, i) => labels[i % 2])]);
      const metrics = report.metrics?.heldOut;
      if (metrics?.kind !== 'class') throw new Error(metrics?.kind);
      const hasProbabilities = loss === 'logistic' || loss === 'softmax';
      expect(metrics.logLoss).toBe(hasProbabilities ? metrics.loss : null);
      expect(metrics.loss).toBeLessThan(0.1);
    },
  );

  it.each<[string, string[], string[], string[]]>([
    ['texts by code units', ['ß', 'a', 'Z'], [], ['Z', 'a', 'ß']],
    ['numbers by size', ['10', '9', '-1'], [], ['-1', '9', '10']],
    ['one number for 1 and 1.0', ['1', '1.0', '2'], [], ['1', '2']],
    ['as they are given', ['lo', 'mid', 'hi'], ['--classes', 'lo,mid,hi'], ['lo', 'mid', 'hi']],
    ['numbers as they are given', ['2', '1.0', '3'], ['--classes', '3,2,1'], ['3', '2', '1']],
    ['given and never seen', ['a', 'b'], ['--classes', 'a,b,c'], ['a', 'b', 'c']],
    ['numbers as text', ['1', '1.0', '2-3'], ['--categorical', 'class'], ['1', '1.0', '2-3']],
    ['in quotes', ['"a,b"', 'c'], ['--classes', '"a,b",c'], ['a,b', 'c']],
  ])('are in order: %s', async (_, cells, more, labels) => {
    const { report, lines } = await thereAndBack(cells, '--loss', 'softmax', ...more);
    expect(report.labels).toEqual(labels);
    expect(Object.keys(report.intercept).sort()).toEqual([...labels].sort());
    expect(lines[1]).toBe(labels.includes(cells[0]) ? cells[0] : cells[0] === '"a,b"' ? '"a,b"' : lines[1]);
  });

  it.each<[string, string, string[], string]>([
    [
      'not given',
      'a,class\n1,x\n2,y\n3,z\n',
      ['--classes', 'x,y'],
      'line 4, column 2 (class): --classes names no class "z"',
    ],
    [
      'number not given',
      'a,class\n1,1\n2,3\n',
      ['--classes', '1,2'],
      'line 3, column 2 (class): --classes names no class "3"',
    ],
    ['one only', 'a,class\n1,x\n2,x\n', [], 'has the class x alone'],
    [
      'three of a loss for two',
      classed(['x', 'y', 'z']),
      ['--loss', 'logistic'],
      'has 3 classes, and the loss logistic is for two',
    ],
    ['empty', 'a,class\n1,x\n2,\n', [], 'line 3, column 2 (class): the cell is empty'],
    ['NaN', 'a,class\n1,x\n2,NaN\n', [], 'line 3, column 2 (class): "NaN" is neither'],
    ['text among numbers', 'a,class\n1,1\n2,y\n', [], 'line 3, column 2 (class): "y" is no number'],
  ])('are refused: %s', async (_, content, more, message) => {
    const result = await nabla('fit', file(content), '-t', 'class', '--loss', 'softmax', ...more);
    expect(result).toMatchObject({ code: 1, out: '' });
    expect(result.err).toContain(message);
    expect(result.err).toMatch(/^nabla: .*\(ERR_CSV_\w+\)\n$/);
  });

  it('are as many as the classes of a validation file, not more', async () => {
    const data = file(classed(['x', 'y']));
    const same = [...flags, '--loss', 'logistic', '--validation'];
    const report = await fitJson(data, ...same, file('a,b,class\n1,1,y\n'));
    expect(report.history.validationLoss.at(-1)).toBeLessThan(0.2);
    const { code, err } = await nabla('fit', data, ...same, file('a,b,class\n1,1,z\n'));
    expect({ code, err }).toEqual({ code: 1, err: expect.stringContaining('have no class "z", only x, y') });
  });

  it.each(['logistic', 'softmax'])('have probabilities with %s', async (loss) => {
    const { model, data, report } = await thereAndBack(['no', '"1,5"'], '--loss', loss, '--classes', 'no,"1,5"');
    const { out } = await nabla('predict', model, data, '--proba');
    const [header, ...rows] = out.trimEnd().split('\n');
    expect(header).toBe('no,"1,5"');
    expect(rows.length).toBe(90);
    rows.forEach((row, i) => {
      const p = row.split(',').map(Number);
      expect(p[0] + p[1]).toBeCloseTo(1, 12);
      expect(p[i % 2]).toBeGreaterThan(0.5);
    });
    expect(report.labels).toEqual(['no', '1,5']);
  });

  it('have no probabilities with hinge', async () => {
    const { model, data } = await thereAndBack(['no', 'yes'], '--loss', 'hinge');
    const { code, out, err } = await nabla('predict', model, data, '--proba');
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toContain('a model of loss hinge gives no probabilities');
  });

  it('have a column each in the table, and a log loss', async () => {
    const { out, err } = await nabla('fit', file(classed(['x', 'y', 'z'])), ...flags, '--loss', 'softmax');
    expect(err).toMatch(/^(nabla: warning: the fit is far .*\n)?$/); // classes apart have no minimum
    expect(out).toMatch(/│ column +│ +x │ +y │ +z │\n/);
    expect(out).toMatch(/\(intercept\)( +│ +-?[\d.e-]+){3} │/);
    expect(out).toMatch(/│ accuracy +│ +100\.00 % │ +100\.00 % │\n(.*\n)+│ log loss +│ +0\.0\d+ │ +0\.0\d+ │\n/);
  });

  it('have several tables where they do not fit into one', async () => {
    const labels = Array.from({ length: 12 }, (_, k) => `class${String(k).padStart(2, '0')}`);
    const { out } = await nabla('fit', file(classed(labels)), ...flags, '--loss', 'softmax');
    expect(out.match(/column/g)?.length).toBe(3);
    for (const line of out.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
  });

  it('count the same with --class-weight balanced', async () => {
    const rows = Array.from({ length: 100 }, (_, i) => `${i % 10},${i < 90 ? 'often' : 'seldom'}`);
    const data = file(`a,class\n${rows.join('\n')}\n`);
    const same = ['-t', 'class', '--loss', 'logistic', '--holdout', '0', '--learning-rate', '.1', '--epochs', '1000'];
    const plain = await fitJson(data, ...same);
    expect(plain.metrics.training.accuracy).toBe(0.9);
    expect(plain.intercept).toBeCloseTo(Math.log(1 / 9), 2);
    expect((await fitJson(data, ...same, '--class-weight', 'balanced')).intercept).toBeCloseTo(0, 2);
  });
});
