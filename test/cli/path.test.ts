import { existsSync, readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import type { PathReport } from '../../lib/cli/path/pathreport.js';
import { crossValidateSync, fitPathSync } from '../../lib/index.js';
import { file, fitJson, nabla, path } from './support.js';

/** y = 3a - 2b + noise, and d of no use; columns of different sizes. */
function sparse(rows = 80): { csv: string; X: Float64Array; y: Float64Array } {
  const bits = (i: number, k: number): number => ((i * k * k) % 101) / 101 - 0.5;
  const cells = Array.from({ length: rows }, (_, i) => {
    const [a, b, c, d] = [7, 11, 13, 17].map((k) => bits(i, k));
    return [a, 10 * b, c, d, 3 * a - 20 * b + c / 4 + bits(i, 23)];
  });
  return {
    csv: `a,b,c,d,y\n${cells.map((row) => row.join(',')).join('\n')}\n`,
    X: Float64Array.from(cells.flatMap((row) => row.slice(0, 4))),
    y: Float64Array.from(cells, (row) => row[4]),
  };
}

const { csv, X, y } = sparse();
const names = ['a', 'b', 'c', 'd'];
const data = file(csv);
const all = ['-t', 'y', '--holdout', '0'];
const fitPathJson = (...flags: string[]) => fitJson<PathReport>(data, '-t', 'y', ...flags);

function classed(labels: readonly string[], rows = 90): string {
  const lines = Array.from({ length: rows }, (_, i) => {
    const k = i % labels.length;
    return `${k + ((i * 7) % 11) / 6},${(i * 5) % 7},${labels[k]}`;
  });
  return `u,v,class\n${lines.join('\n')}\n`;
}

/** Texts of a picture that begin at one x, by their y. */
function textsAt(svg: string, x: number): { y: number; text: string }[] {
  const texts = [...svg.matchAll(/<text x="([\d.]+)" y="([\d.-]+)"[^>]*>([^<]*)</g)];
  return texts.filter(([, at]) => Number(at) === x).map(([, , y, text]) => ({ y: Number(y), text }));
}

describe('a path', () => {
  it('is the library’s, by the names of the columns', async () => {
    const report = await fitJson<PathReport>(data, ...all, '--path', '--standardize', '--l1-ratio', '.9');
    const expected = fitPathSync({ X, y }, { standardize: true, l1Ratio: 0.9 });
    expect(report.lambdas).toEqual([...expected.lambdas]);
    names.forEach((name, j) => {
      expect(report.coefficients[name]).toEqual(expected.models.map(({ coefficients }) => coefficients[j]));
    });
    expect(report.intercept).toEqual([...expected.intercepts]);
    expect(report).toMatchObject({
      target: 'y',
      loss: 'squared',
      optimizer: expected.models[0].optimizer,
      l1Ratio: 0.9,
      nonZero: [...expected.nonZero],
      devianceRatio: [...expected.devianceRatio],
      trainingLoss: [...expected.losses],
      heldOutLoss: null,
      status: expected.status,
      epochs: expected.epochs,
      crossValidation: null,
      chosen: null,
    });
  });

  it('is at the λ that are asked for', async () => {
    const given = await fitPathJson('--path', '--lambdas', '.01, 1e-1,0');
    expect(given.lambdas).toEqual([0.1, 0.01, 0]);
    const counted = await fitPathJson('--path', '--count', '7', '--min-ratio', '.01', '--full');
    expect(counted.lambdas.length).toBe(7);
    expect(counted.lambdas[6] / counted.lambdas[0]).toBeCloseTo(0.01, 12);
  });

  it('is measured on the rows held out', async () => {
    const { heldOutLoss, lambdas } = await fitPathJson('--path', '--seed', '3');
    const chosen = await fitPathJson('--path', '--seed', '3', '--lambda', String(lambdas[4]));
    expect(chosen.heldOutRows).toBe(16);
    expect(chosen.chosen?.metrics?.heldOut?.loss).toBe(heldOutLoss?.[4]);
  });

  it('has a model at every λ, which goes into a file', async () => {
    const model = path('model.json');
    const plot = path('path.svg');
    const flags = ['--path', '--lambda', '.2', '--model', model, '--plot', plot];
    const { chosen, files } = await fitJson<PathReport>(data, ...all, ...flags);
    expect(files).toEqual({ model, plot });
    const expected = fitPathSync({ X, y }).at(0.2);
    expect(chosen).toMatchObject({ lambda: 0.2, by: 'lambda', status: 'converged', intercept: expected.intercept });
    expect(Object.values(chosen?.coefficients ?? {})).toEqual([...expected.coefficients]);
    expect(chosen?.nonZero).toBe(expected.coefficients.filter((w) => w !== 0).length);
    const { out } = await nabla('predict', model, data, '--no-metrics');
    expect(out.trimEnd().split('\n').slice(1).map(Number)).toEqual([...expected.predict(X)]);
    expect(readFileSync(plot, 'utf8')).toContain('λ 0.2: chosen');
  });

  it('is a table, a curve and a model for people', async () => {
    const { code, out, err } = await nabla('fit', data, '-t', 'y', '--path', '--lambda', '.5');
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).toMatch(/│ λ +│ non-zero │ deviance ratio │ training loss │ held-out loss │\n/);
    expect(out).toMatch(/\n24 of \d+ λ; all with --json\n/);
    expect(out).toContain('mean loss by falling λ: ━ training, ● held out\n');
    expect(out).toMatch(/\nmodel at λ 0\.5: \d of 4 columns\n┌─+┬─+┐\n│ column /);
    expect(out).toMatch(/│ R² +│ +0\.\d+ │ +0\.\d+ │\n/);
    expect(out).toMatch(
      /\nfit +64 rows at \d+ λ in .*\noptimizer +newton, picked by auto\nstatus +converged, all after/,
    );
  });

  it('has a number for each class', async () => {
    const flags = ['-t', 'class', '--loss', 'softmax', '--path', '--lambda', '.01', '--holdout', '.3'];
    const report = await fitJson<PathReport>(file(classed(['x', 'y', 'z'])), ...flags);
    const n = report.lambdas.length;
    for (const of of [report.intercept, report.coefficients.u]) {
      expect(Object.keys(of)).toEqual(['x', 'y', 'z']);
      for (const numbers of Object.values(of)) expect(numbers.length).toBe(n);
    }
    expect(report.chosen?.metrics?.heldOut).toMatchObject({ kind: 'class', labels: ['x', 'y', 'z'] });
  });

  it('says when the fit of the model that was asked for diverged, and keeps none', async () => {
    const model = path('model.json');
    const fit = ['--path', '--optimizer', 'sgd', '--learning-rate', '1e6', '--lambda', '.1', '--model', model];
    const { code, out, err } = await nabla('fit', data, '-t', 'y', ...fit);
    expect(code).toBe(1);
    expect(err).toBe('nabla: the fit at λ 0.1 diverged; try --standardize or a smaller --learning-rate\n');
    expect(out).toMatch(/\nstatus .*\d diverged/);
    expect(existsSync(model)).toBe(false);
  });

  it.each<[string, string[], string]>([
    ['count', ['--count', '5'], '--count goes with --path or --cv'],
    ['lambda', ['--lambda', '5'], '--lambda goes with --path or --cv'],
    ['full', ['--full'], '--full goes with --path or --cv'],
    ['rule', ['--path', '--rule', 'min'], '--rule goes with --cv'],
    ['measure', ['--path', '--measure', 'mse'], '--measure goes with --cv'],
    ['another picture', ['--path', '--path-plot', 'x.svg'], '--path-plot goes with --cv'],
    ['which model', ['--path', '--model', 'x.json'], '--model goes along a path with --lambda'],
    ['l1', ['--path', '--l1', '.1'], '--l1 does not go with --path: --lambdas and --l1-ratio say'],
    ['l2', ['--cv', '--l2', '.1'], '--l2 does not go with --cv: --lambdas and --l1-ratio say'],
    ['checkpoint', ['--path', '--checkpoint', 'x'], '--checkpoint does not go with --path'],
    ['validation', ['--cv', '--validation', '.1'], '--validation does not go with --cv: every fold'],
    [
      'a learning rate of nothing',
      ['--path', '--learning-rate', '.1'],
      '--learning-rate is for update rules, not auto',
    ],
    ['batches of a solver', ['--path', '--batch-size', '8'], '--batch-size goes with an update rule'],
    ['no λ', ['--path', '--lambdas', '.1,x'], '--lambdas must be a number; got "x"'],
    ['a λ below 0', ['--path', '--lambdas', '-1'], '--lambdas must be a number in [0, ∞); got -1'],
    ['λ and their count', ['--path', '--lambdas', '1', '--count', '5'], '--lambdas says which λ there are'],
    ['a share above 1', ['--path', '--l1-ratio', '2'], '--l1-ratio must be a number in [0, 1]'],
    ['λ and rule', ['--cv', '--lambda', '1', '--rule', 'min'], 'give --lambda or --rule, not both'],
    ['one fold', ['--cv', '1'], '--cv must be a whole number in [2'],
    ['folds of nothing', ['--cv', '900'], '--cv must be at most 64 (rows); got 900'],
    ['no such rule', ['--cv', '--rule', 'max'], 'Allowed choices are min, 1se'],
    ['no measure of numbers', ['--cv', '--measure', 'auc'], '--measure "auc" goes with losses of'],
    ['a picture that is none', ['--cv', '--path-plot', 'x.png'], '--path-plot must be a file name that ends in .svg'],
  ])('is refused with flags that do not go with it: %s', async (_, flags, message) => {
    const { code, out, err } = await nabla('fit', data, '-t', 'y', ...flags);
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toContain(message);
    expect(err).toMatch(/^nabla: .*\n$/);
  });
});

describe('the picture of a path', () => {
  const draw = async (content: string, ...flags: string[]): Promise<string> => {
    const plot = path('path.svg');
    const { code, err } = await nabla('fit', file(content, 'a&b.csv'), '--path', '--plot', plot, ...flags);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    const svg = readFileSync(plot, 'utf8');
    expect(svg).toMatch(/^<svg xmlns="http:\/\/www.w3.org\/2000\/svg" .*<\/svg>\n$/s);
    expect(svg).not.toMatch(/NaN|Infinity|undefined/);
    return svg;
  };

  it('has a line and a name for every column, both axes, and the non-zero above', async () => {
    const svg = await draw(csv, '-t', 'y');
    expect(svg.match(/<path /g)?.length).toBe(4);
    for (const part of [
      'a&amp;b.csv: 64 rows, 4 columns; newton',
      'λ, log scale, falling',
      '>coefficient<',
      '>non-zero<',
    ]) {
      expect(svg).toContain(part);
    }
    for (const name of names) expect(svg).toMatch(new RegExp(`>${name}</text>`));
    expect(new Set([...svg.matchAll(/stroke-dasharray="([^"]*)"/g)].map(([, dash]) => dash)).size).toBe(4);
  });

  it('keeps names apart from each other, and leaves out the least of too many', async () => {
    const many = 60;
    const header = Array.from({ length: many }, (_, j) => `column${j}`);
    const rows = Array.from({ length: 90 }, (_, i) => {
      const cells = header.map((_, j) => (((i + 1) * (j + 3) * (j + 7)) % 97) / 97);
      return [...cells, cells.reduce((sum, x, j) => sum + x * (j % 2 ? j : -j), 0)].join(',');
    });
    const svg = await draw(`${header.join(',')},y\n${rows.join('\n')}\n`, '-t', 'y', '--min-ratio', '1e-3');
    const labels = [...svg.matchAll(/<text x="([\d.]+)" y="([\d.]+)"[^>]*>(column\d+)</g)];
    const places = labels.map(([, , y]) => Number(y)).sort((a, b) => a - b);
    expect(places.length).toBeGreaterThan(20);
    places.slice(1).forEach((y, i) => {
      expect(y - places[i]).toBeGreaterThan(12.9);
    });
    expect(places[0]).toBeGreaterThan(100);
    expect(places[places.length - 1]).toBeLessThan(460);
    const drawn = svg.match(/<path /g)?.length ?? 0;
    expect(svg).toContain(`and ${drawn - labels.length} more`);
    const at = labels[0][1];
    expect(textsAt(svg, Number(at)).length).toBe(labels.length + 1);
  });

  it('keeps the numbers on both λ axes apart', async () => {
    const svg = await draw(csv, '-t', 'y');
    const middle = [...svg.matchAll(/<text x="([\d.]+)" y="([\d.]{2,})"[^>]*text-anchor="middle"[^>]*>([^<]+)</g)];
    const bottom = Math.max(...middle.filter(([, , , text]) => !text.startsWith('λ')).map(([, , y]) => Number(y)));
    for (const line of [bottom, Math.min(...middle.map(([, , y]) => Number(y)))]) {
      const here = middle.filter(([, , y]) => Number(y) === line).map(([, x, , text]) => ({ x: Number(x), text }));
      expect(here.length).toBeGreaterThan(2);
      here.slice(1).forEach(({ x, text }, i) => {
        expect(x - here[i].x).toBeGreaterThan(3.5 * (text.length + here[i].text.length));
      });
    }
  });

  it.each([
    ['λ 0 at the end', ['--lambdas', '1,.1,0', '--l1-ratio', '0']],
    ['one λ', ['--lambdas', '.1']],
    ['λ 0 alone', ['--lambdas', '0']],
    ['λ so large that nothing is left', ['--lambdas', '1e9,1e8']],
    ['λ close together', ['--lambdas', '.101,.1']],
  ])('is drawn of %s', async (_, flags) => {
    const svg = await draw(csv, '-t', 'y', ...flags);
    const isOne = flags[1].split(',').length === 1;
    const lines = svg.match(/<path /g)?.length ?? 0;
    expect(svg.match(/<circle /g)?.length ?? 0).toBe(isOne ? lines : 0);
  });

  it('has the norm over several classes', async () => {
    const svg = await draw(classed(['x', 'y', 'z']), '-t', 'class', '--loss', 'softmax');
    expect(svg).toContain('norm of the coefficients of 3 classes');
    expect(svg.match(/<path /g)?.length).toBe(2);
  });
});

describe('cross-validation', () => {
  const model = path('model.json');
  const plot = path('cv.svg');
  const pathPlot = path('path.svg');
  const flags = ['--cv', '5', '--standardize', '--seed', '2'];
  const expected = crossValidateSync({ X, y }, { folds: 5, standardize: true, seed: 2 });
  let report: PathReport;
  beforeAll(async () => {
    const files = ['--model', model, '--plot', plot, '--path-plot', pathPlot];
    report = await fitJson<PathReport>(data, ...all, ...flags, '--rule', '1se', ...files);
  });

  it('is the library’s', () => {
    expect(report.crossValidation).toEqual({
      folds: 5,
      leftOut: [],
      measure: 'deviance',
      mean: [...expected.mean],
      standardError: [...expected.standardError],
      lambdaMin: expected.lambdaMin,
      lambda1se: expected.lambda1se,
    });
    expect(report.lambdas).toEqual([...expected.lambdas]);
    expect(expected.lambda1se).toBeGreaterThan(expected.lambdaMin);
  });

  it('chooses a model by rule, and keeps it', async () => {
    const { chosen, files } = report;
    expect(files).toEqual({ model, plot, pathPlot });
    expect(chosen).toMatchObject({ lambda: expected.lambda1se, by: '1se' });
    expect(Object.values(chosen?.coefficients ?? {})).toEqual([...expected.model1se.coefficients]);
    const { out } = await nabla('predict', model, data, '--no-metrics');
    expect(out.trimEnd().split('\n').slice(1).map(Number)).toEqual([...expected.model1se.predict(X)]);
    const best = await fitJson<PathReport>(data, ...all, ...flags);
    expect(best.chosen).toMatchObject({ lambda: expected.lambdaMin, by: 'min' });
    const other = await fitJson<PathReport>(data, ...all, ...flags, '--lambda', '.1');
    expect(other.chosen).toMatchObject({ lambda: 0.1, by: 'lambda' });
  });

  it('is drawn with a bar for each λ and lines at both choices, and the path beside it', () => {
    const [svg, beside] = [plot, pathPlot].map((name) => readFileSync(name, 'utf8'));
    expect(svg.match(/<circle /g)?.length).toBe(report.lambdas.length);
    for (const part of ['Cross-validation of the fit of y in 5 folds', 'mean deviance ± one standard error']) {
      expect(svg).toContain(part);
    }
    for (const picture of [svg, beside]) {
      expect(picture).toMatch(/>λ [\d.]+: the best</);
      expect(picture).toMatch(/>λ [\d.]+: within a standard error of it</);
      expect(picture).not.toMatch(/NaN|Infinity|undefined/);
    }
    const drawn = Object.values(report.coefficients).filter((course) => (course as number[]).some((w) => w !== 0));
    expect(beside.match(/<path /g)?.length).toBe(drawn.length);
  });

  it('is a table with the choices marked, a curve and a model for people', async () => {
    const { code, out, err } = await nabla('fit', data, '-t', 'y', '--cv', '--rule', '1se', '--measure', 'mae');
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).toMatch(/│ λ +│ non-zero │ deviance ratio │ mean mae │ standard error │ rule │\n/);
    for (const rule of ['min', '1se']) expect(out.match(new RegExp(`│ +${rule} │\\n`, 'g'))?.length).toBe(1);
    expect(out).toContain('mean mae by falling λ: ━ mean, ● one standard error to each side\n');
    expect(out).toMatch(/\nmodel at λ [\d.]+, within a standard error of the best: \d of 4 columns\n/);
    expect(out).toMatch(/\nfit +64 rows at \d+ λ and in 10 folds in /);
    for (const line of out.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
  });

  it('compares classes by measures of theirs', async () => {
    const rows = file(classed(['no', 'yes']));
    const fit = ['-t', 'class', '--loss', 'logistic', '--cv', '4', '--measure'];
    const report = await fitJson<PathReport>(rows, ...fit, 'auc');
    const { mean = [], lambdaMin, measure } = report.crossValidation ?? {};
    expect(measure).toBe('auc');
    expect(lambdaMin).toBe(report.lambdas[mean.indexOf(Math.max(...mean))]);
    expect(report.chosen?.metrics?.heldOut).toMatchObject({ kind: 'class', labels: ['no', 'yes'] });
  });

  it('writes nothing when it is refused', async () => {
    const other = path('model.json');
    await nabla('fit', data, '-t', 'y', '--cv', '900', '--model', other);
    expect(existsSync(other)).toBe(false);
  });
});
