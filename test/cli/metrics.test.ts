import { describe, expect, it } from 'vitest';
import type { NamedMetrics } from '../../lib/cli/fit/metrics.js';
import { exactly, file, fitJson, houses, nabla, path } from './support.js';

/** Classes that overlap, told by x: bits of what is predicted are known. */
function overlapping(labels: readonly string[], rows = 120): string {
  const lines = Array.from({ length: rows }, (_, i) => {
    const k = i % labels.length;
    return `${k + ((i * 7) % 11) / 6},${labels[k]}`;
  });
  return `x,class\n${lines.join('\n')}\n`;
}
const ofClasses = ['-t', 'class', '--optimizer', 'lbfgs', '--l2', '.001'];

interface ByPart {
  metrics: Record<'training' | 'validation' | 'heldOut', NamedMetrics>;
}

describe('the metrics of a fit', () => {
  it('are of the training, the validation and the rows held out, side by side', async () => {
    const fit = ['-t', 'price', ...exactly, '--validation', '.25'];
    const { out } = await nabla('fit', file(houses()), ...fit);
    expect(out).toMatch(
      /│ +│ +training │ +validation │ +held out │\n.*\n│ rows +│ +36 │ +12 │ +12 │\n│ R² +│( +1\.0000 │){3}/,
    );
    const { metrics } = await fitJson(file(houses()), ...fit);
    expect(Object.values(metrics).map(({ kind }) => kind)).toEqual(['value', 'value', 'value']);
  });

  it('are of the rows that were fitted to, not of those that were watched', async () => {
    // The library draws half of ten rows to watch; the loss before the first step is ½ of the mean of y².
    const data = file(`x,y\n${Array.from({ length: 10 }, (_, i) => `0,${2 ** i}`).join('\n')}\n`);
    const flags = ['-t', 'y', '--holdout', '0', '--no-intercept', '--validation', '.5', '--epochs', '1'];
    const { metrics, history } = await fitJson(data, ...flags);
    expect(metrics.training.loss).toBe(history.loss[0]);
    expect(metrics.validation.loss).toBe(history.validationLoss[0]);
    expect(metrics.training.loss).not.toBe(metrics.validation.loss);
  });

  it.each([
    ['logistic', ['no', 'yes']],
    ['softmax', ['lo', 'mid', 'hi']],
  ])('tell with %s which class is taken for which, by the names of the file', async (loss, labels) => {
    const model = path('model.json');
    const data = file(overlapping(labels));
    const fit = [...ofClasses, '--loss', loss, '--classes', labels.join(), '--holdout', '0'];
    const { metrics } = await fitJson<ByPart>(data, ...fit, '--model', model);
    const { training } = metrics;
    expect(training.labels).toEqual(labels);
    const predicted = JSON.parse((await nabla('predict', model, data, '--json')).out).predictions;
    const truth = Array.from({ length: 120 }, (_, i) => labels[i % labels.length]);
    const rows = (a: string, b: string) => truth.filter((label, i) => label === a && predicted[i] === b).length;
    expect(training.confusion).toEqual(labels.map((a) => labels.map((b) => rows(a, b))));
    expect(training.confusion.flat().filter((n) => n > 0).length).toBeGreaterThan(labels.length);
    for (const label of labels) {
      const right = rows(label, label);
      const recall = right / truth.filter((other) => other === label).length;
      const precision = right / predicted.filter((other: string) => other === label).length;
      expect(training.recall[label]).toBeCloseTo(recall, 14);
      expect(training.precision[label]).toBeCloseTo(precision, 14);
      expect(training.f1[label]).toBeCloseTo((2 * precision * recall) / (precision + recall), 14);
      expect(training.support[label]).toBe(120 / labels.length);
    }
    const { out } = await nabla('fit', data, ...fit);
    const line = (cells: readonly (string | number)[]): RegExp => new RegExp(`│ ${cells.join(' +│ +')} +│\\n`);
    expect(out).toContain('120 rows of the training:\n');
    expect(out).toMatch(line(['true class \\\\ predicted', ...labels]));
    labels.forEach((label, i) => {
      expect(out).toMatch(line([label, ...training.confusion[i]]));
      const scores = [training.precision[label], training.recall[label], training.f1[label]];
      expect(out).toMatch(line([label, ...scores.map((x) => x.toFixed(4)), training.support[label]]));
    });
  });

  it('tell classes apart on the rows held out, if there are any', async () => {
    const { out } = await nabla('fit', file(overlapping(['no', 'yes'])), ...ofClasses, '--loss', 'hinge');
    expect(out).toContain('24 rows held out:\n');
    expect(out).toMatch(/│ area under ROC +│ +0\.\d+ │ +0\.\d+ │\n│ loss /);
    expect(out).not.toMatch(/log loss|Brier/);
  });

  it('leave a matrix that nobody could read to machines', async () => {
    const labels = Array.from({ length: 31 }, (_, k) => `c${k}`);
    const { out } = await nabla('fit', file(overlapping(labels, 310)), ...ofClasses, '--loss', 'softmax');
    expect(out).toContain('confusion of 31 classes: see --json\n');
    for (const line of out.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
  });
});

describe('the metrics of predictions', () => {
  const model = path('model.json');
  const data = file(houses());
  const fitted = nabla('fit', data, '-t', 'price', '--model', model, ...exactly);

  it('are told beside them where the file has the target', async () => {
    await fitted;
    const { code, out, err } = await nabla('predict', model, data);
    expect(code).toBe(0);
    expect(out).toBe((await nabla('predict', model, data, '--no-metrics')).out);
    expect(err).toMatch(/│ rows +│ +60 │\n│ R² +│ +1\.0000 │\n/);
    expect(await nabla('predict', model, file('size,kind\n1,a\n'))).toMatchObject({ code: 0, err: '' });
  });

  it('are those of the fit on the same rows', async () => {
    const flags = ['-t', 'class', '--loss', 'logistic', '--optimizer', 'lbfgs', '--holdout', '0', '--json', '--model'];
    const rows = file(overlapping(['2', '1']));
    const other = path('model.json');
    const report = JSON.parse((await nabla('fit', rows, ...flags, other)).out);
    const { metrics } = JSON.parse((await nabla('predict', other, rows, '--json')).out);
    expect(metrics).toEqual(report.metrics.training);
    expect(metrics.labels).toEqual(['1', '2']);
  });

  it('are one JSON object with the predictions', async () => {
    await fitted;
    const { out, err } = await nabla('predict', model, data, '--json');
    const { predictions, metrics, ...rest } = JSON.parse(out);
    expect([err, rest]).toEqual(['', { target: 'price', labels: [], rows: 60 }]);
    expect(metrics).toMatchObject({ kind: 'value', r2: expect.closeTo(1, 5) });
    const csv = (await nabla('predict', model, data, '--no-metrics')).out.trimEnd().split('\n').slice(1);
    expect(predictions).toEqual(csv.map(Number));
    const bare = JSON.parse((await nabla('predict', model, file('size,kind\n1,a\n'), '--json')).out);
    expect(bare.metrics).toBe(null);
  });

  it.each([
    ['no value yet', 'size,kind,price\n1,a,\n', 'line 2, column 3 (price): the cell is empty'],
    ['some not', 'size,kind,price\n1,a,2\n1,b,none\n1,c,x\n', 'line 3, column 3 (price): "none" is no number'],
  ])('are no reason to give no predictions: %s', async (_, content, message) => {
    await fitted;
    const { code, out, err } = await nabla('predict', model, file(content));
    expect(code).toBe(0);
    expect(out.trimEnd().split('\n').length).toBe(content.trimEnd().split('\n').length);
    expect(err).toMatch(/^nabla: no metrics: .*\n$/);
    expect(err).toContain(message);
  });

  it('are not of classes that the model does not know', async () => {
    const other = path('model.json');
    const fit = [...ofClasses, '--loss', 'logistic', '--model', other];
    await nabla('fit', file(overlapping(['no', 'yes'])), ...fit);
    const { code, err } = await nabla('predict', other, file('x,class\n1,maybe\n'));
    expect({ code, err }).toEqual({ code: 0, err: expect.stringContaining('the model knows no class "maybe"') });
  });

  it('go with probabilities', async () => {
    const other = path('model.json');
    const rows = file(overlapping(['a', 'b', 'c']));
    await nabla('fit', rows, ...ofClasses, '--loss', 'softmax', '--model', other);
    const { probabilities, predictions, labels } = JSON.parse(
      (await nabla('predict', other, rows, '--proba', '--json')).out,
    );
    expect(labels).toEqual(['a', 'b', 'c']);
    const best = probabilities.map((p: number[]) => labels[p.indexOf(Math.max(...p))]);
    expect(best).toEqual(predictions);
  });
});
