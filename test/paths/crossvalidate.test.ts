// Cross-validation over λ: by hand on small data, and the rules that pick a λ.
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { CrossValidationOptions, FitData, Model } from '../../lib/index.js';
import { dealRows } from '../../lib/paths/folds.js';
import { mean } from '../support/algebra.js';
import { faces } from '../support/backends.js';
import {
  detach,
  expectBits,
  expectClose,
  expectRefusal,
  expectRejection,
  normals,
  problem,
  resizable,
} from '../support/support.js';

const rows = 60;
const cols = 4;
const { X, y } = problem(rows, cols, 1, 2);
const noise = normals(3 * rows, 5);
const counts = y.map((value, i) => Math.max(0, Math.round(Math.abs(value / 4 + noise[i]))));
const two = y.map((value, i) => (value + 4 * noise[i] > 0 ? 1 : 0));
const three = y.map((value, i) => (value + 4 * noise[i] > 2 ? 2 : value > -3 ? 1 : 0));
const sampleWeight = noise.slice(0, rows).map((value) => 0.1 + Math.abs(value));
const offset = noise.slice(rows, 2 * rows).map((value) => value / 4);
const foldIds = Uint32Array.from({ length: rows }, (_, i) => [7, 3, 11][(i * i) % 3] + (i % 5 === 0 ? 1 : 0));
const lambdas = [2, 0.5, 0.1, 0.01];

type Score = (model: Model, X: Float64Array, y: Float64Array, w: Float64Array, offset?: Float64Array) => number;
const weighted = (values: ArrayLike<number>, w: Float64Array): number =>
  Array.from(values).reduce((sum, value, i) => sum + w[i] * value, 0) / w.reduce((sum, value) => sum + value);
const ofErrors =
  (cost: (error: number) => number): Score =>
  (model, X, y, w, offset) => {
    const predictions = model.predict(X, offset);
    return weighted(
      y.map((value, i) => cost(value - predictions[i])),
      w,
    );
  };

/** Twice the loss of classes: -2 ln of the probability of the one that it is. */
const logLoss: Score = (model, X, y, w) => {
  const proba = model.predictProba(X);
  const classes = proba.length / y.length;
  return weighted(
    y.map((label, i) => -2 * Math.log(proba[i * classes + label])),
    w,
  );
};
const poissonDeviance: Score = (model, X, y, w, offset) => {
  const means = model.predict(X, offset);
  return weighted(
    y.map((k, i) => 2 * ((k > 0 ? k * Math.log(k / means[i]) : 0) - (k - means[i]))),
    w,
  );
};
const accuracy: Score = (model, X, y, w) =>
  weighted(
    model.predict(X).map((label, i) => (label === y[i] ? 1 : 0)),
    w,
  );
const auc: Score = (model, X, y, w) => {
  const z = model.decision(X);
  let [area, pairs] = [0, 0];
  for (let i = 0; i < y.length; i++) {
    for (let j = 0; j < y.length; j++) {
      if (y[i] !== 1 || y[j] !== 0) continue;
      pairs += w[i] * w[j];
      area += w[i] * w[j] * (z[i] > z[j] ? 1 : z[i] === z[j] ? 0.5 : 0);
    }
  }
  return area / pairs;
};

const targets = { X, y: Float64Array.from({ length: 2 * rows }, (_, at) => y[at >> 1] + noise[at]), rows };
const cases: [string, FitData, CrossValidationOptions, Score][] = [
  ['squared', { X, y }, {}, ofErrors((error) => error * error)],
  ['weights and an offset', { X, y, sampleWeight, offset }, { measure: 'mse' }, ofErrors((error) => error * error)],
  ['elastic net', { X, y }, { l1Ratio: 0.5, standardize: true, measure: 'mae' }, ofErrors(Math.abs)],
  ['the loss', { X, y, sampleWeight }, { measure: 'loss' }, ofErrors((error) => (error * error) / 2)],
  ['poisson', { X, y: counts, offset }, { loss: 'poisson' }, poissonDeviance],
  ['poisson, means', { X, y: counts, sampleWeight }, { loss: 'poisson', measure: 'mae' }, ofErrors(Math.abs)],
  ['logistic', { X, y: two, sampleWeight }, { loss: 'logistic' }, logLoss],
  ['accuracy', { X, y: two, sampleWeight }, { loss: 'logistic', measure: 'accuracy' }, accuracy],
  ['the ROC curve', { X, y: two, sampleWeight }, { loss: 'logistic', measure: 'auc' }, auc],
  ['a hinge', { X, y: two }, { loss: 'squared_hinge', measure: 'accuracy' }, accuracy],
  ['softmax', { X, y: three }, { loss: 'softmax' }, logLoss],
  ['accuracy of softmax', { X, y: three, sampleWeight }, { loss: 'softmax', measure: 'accuracy' }, accuracy],
];

/** Those of `data` that these rows have. */
function rowsOf({ X, y, sampleWeight, offset }: FitData, index: number[]) {
  const pick = (array: ArrayLike<number>) => Float64Array.from(index, (i) => array[i]);
  return {
    X: Float64Array.from(
      { length: index.length * cols },
      (_, at) => X[index[Math.floor(at / cols)] * cols + (at % cols)],
    ),
    y: pick(y),
    ...(sampleWeight && { sampleWeight: pick(sampleWeight) }),
    ...(offset && { offset: pick(offset) }),
  };
}

describe.each(faces)('cross-validation: $name', (face) => {
  const { crossValidate, crossValidateSync, fitPathSync, fitSync } = face;

  it.each(cases)('by hand: %s', (_name, data, { measure, ...options }, score) => {
    const optimizer = { name: 'nesterov', learningRate: 0.1 } as const; // the same steps for both
    const given = {
      ...options,
      lambdas,
      ...(options.loss ? {} : { optimizer, epochs: 3000, gradientTolerance: 1e-9 }),
    };
    const result = crossValidateSync(data, { ...given, measure, foldIds });
    const values: number[][] = [];
    const weights: number[] = [];
    for (const fold of [...new Set(foldIds)].sort((a, b) => a - b)) {
      const all = Array.from({ length: rows }, (_, i) => i);
      const held = rowsOf(
        data,
        all.filter((i) => foldIds[i] === fold),
      );
      const path = fitPathSync(
        rowsOf(
          data,
          all.filter((i) => foldIds[i] !== fold),
        ),
        given,
      );
      const w = held.sampleWeight ?? new Float64Array(held.y.length).fill(1);
      values.push(path.models.map((model) => score(model, held.X, held.y, w, held.offset)));
      weights.push(w.reduce((sum, weight) => sum + weight));
    }
    const total = weights.reduce((sum, weight) => sum + weight);
    const means = lambdas.map((_, i) => values.reduce((sum, of, k) => sum + weights[k] * of[i], 0) / total);
    const errors = lambdas.map((_, i) => {
      const variance = values.reduce((sum, of, k) => sum + weights[k] * (of[i] - means[i]) ** 2, 0) / total;
      return Math.sqrt(variance / (values.length - 1));
    });
    expect(result.foldIds).toEqual(foldIds.map((id) => [3, 4, 7, 8, 11, 12].indexOf(id)));
    expectClose(result.mean, means, 1e-6, 1);
    expectClose(result.standardError, errors, 1e-6, 1);
    expect(result.path).toEqual(fitPathSync(data, given));
  });

  it('of several targets takes the mean of them', () => {
    const together = crossValidateSync(targets, { lambdas, foldIds, measure: 'mse' });
    const apart = [0, 1].map((k) => {
      const own = targets.y.filter((_, at) => at % 2 === k);
      return crossValidateSync({ X, y: own }, { lambdas, foldIds });
    });
    expectClose(
      together.mean,
      together.mean.map((_, i) => (apart[0].mean[i] + apart[1].mean[i]) / 2),
      1e-6,
    );
  });

  it.each<[string, CrossValidationOptions]>([
    ['the least', {}],
    ['the least of another measure', { measure: 'mae' }],
    ['the most', { loss: 'logistic', measure: 'auc' }],
  ])('picks λ: %s', (_name, options) => {
    const data = { X, y: options.loss ? two : y };
    const result = crossValidateSync(data, { ...options, folds: 5, count: 30 });
    const sign = options.measure === 'auc' ? -1 : 1;
    const costs = Array.from(result.mean, (value) => sign * value);
    const best = Math.min(...costs);
    expect(result.indexMin).toBe(costs.indexOf(best));
    const bound = best + result.standardError[result.indexMin];
    expect(costs[result.index1se]).toBeLessThanOrEqual(bound);
    for (let i = 0; i < result.index1se; i++) expect(costs[i]).toBeGreaterThan(bound);
    expect(result.index1se).toBeLessThan(result.indexMin);
    expect(result.lambdaMin).toBe(result.lambdas[result.indexMin]);
    expect(result.lambda1se).toBe(result.lambdas[result.index1se]);
    expect(result.model).toBe(result.path.models[result.indexMin]);
    expect(result.model1se).toBe(result.path.models[result.index1se]);
    expect(result.nonZero).toBe(result.path.nonZero);
    expect(result.mean.length).toBe(result.path.length);
  });

  it('deals rows by seed, and every class evenly', () => {
    const { foldIds: dealt } = crossValidateSync({ X, y: three }, { loss: 'softmax', lambdas: [1], folds: 4, seed: 3 });
    const sizes = (of: (i: number) => boolean) =>
      [0, 1, 2, 3].map((fold) => dealt.filter((id, i) => id === fold && of(i)).length);
    expect(sizes(() => true)).toEqual([15, 15, 15, 15]);
    for (const label of [0, 1, 2]) {
      const each = sizes((i) => three[i] === label);
      expect(Math.max(...each) - Math.min(...each), `class ${label}`).toBeLessThanOrEqual(1);
    }
    const of = (seed: number, folds = 10) => crossValidateSync({ X, y }, { lambdas: [1], seed, folds }).foldIds;
    expect(of(1)).toEqual(of(1));
    expect(of(1)).not.toEqual(of(2));
    expect([...of(0, 7)].sort().join('')).toBe([...of(0, 7)].sort((a, b) => a - b).join(''));
    expect(new Set(of(0, rows)).size, 'as many as rows').toBe(rows);
    expectClose([mean(of(1, 2))], [0.5], 1e-12);
  });

  it('leaves out folds in which a measure is not defined', () => {
    const ids = Array.from(two, (label, i) => (label === 1 && i % 2 === 0 ? 0 : 1 + (i % 3)));
    const result = crossValidateSync({ X, y: two }, { loss: 'logistic', measure: 'auc', lambdas, foldIds: ids });
    expect(result.mean.every((value) => value > 0 && value <= 1)).toBe(true);
    expect(result.standardError.every((value) => value >= 0)).toBe(true);
    expect(result.leftOut).toEqual([{ fold: 0, reason: expect.stringMatching(/one class/) }]);
  });

  it.each(['deviance', 'accuracy', 'auc'] as const)(
    'leaves out folds that all rows of a class are in: %s',
    (measure) => {
      const rare = two.map((label, i) => Number(label === 1 && i < 10));
      const ids = Array.from(rare, (label, i) => (label === 1 ? 0 : i % 4));
      const options = { loss: 'logistic', measure, lambdas, foldIds: ids } as const;
      if (measure === 'auc') {
        expectRefusal(
          crossValidateSync,
          [{ X, y: rare }, options],
          'ERR_OUT_OF_RANGE',
          /no fold to measure on; fold 0: /,
        );
        return;
      }
      const result = crossValidateSync({ X, y: rare }, options);
      expect(result.leftOut).toEqual([{ fold: 0, reason: expect.stringMatching(/one of the classes/) }]);
      expect(result.mean.every(Number.isFinite)).toBe(true);
      expect(result.standardError.every(Number.isFinite)).toBe(true);
    },
  );

  it('leaves out folds of weight 0, and those beside which there are none', () => {
    const w = Float64Array.from(foldIds, (id) => (id === 4 ? 0 : 1));
    const result = crossValidateSync({ X, y, sampleWeight: w }, { lambdas, foldIds });
    expect(result.leftOut).toEqual([{ fold: 1, reason: expect.stringMatching(/no row of a weight above 0/) }]);
    expect(result.mean.every(Number.isFinite)).toBe(true);
    const one = Float64Array.from(foldIds, (id) => Number(id === 4));
    expectRefusal(
      crossValidateSync,
      [
        { X, y, sampleWeight: one },
        { lambdas, foldIds },
      ],
      'ERR_OUT_OF_RANGE',
      /no fold/,
    );
  });

  it('has no error of one fold, and picks the best then', () => {
    const ids = Array.from(y, (_, i) => Number(i < 5));
    const w = Float64Array.from(y, (_, i) => (i < 5 ? 0 : 1)).with(0, 1);
    const labels = Float64Array.from(y, (value, i) => Number(i === 6 || value > 3));
    const result = crossValidateSync(
      { X, y: labels.with(0, 1), sampleWeight: w },
      { loss: 'logistic', lambdas: [1, 0.1, 0.01], foldIds: ids },
    );
    expect(result.mean.every(Number.isFinite)).toBe(true);
    const auc = crossValidateSync(
      { X, y: labels.with(0, 1), sampleWeight: w },
      {
        loss: 'logistic',
        lambdas: [1, 0.1, 0.01],
        foldIds: Array.from(ids, (id, i) => (id ? 2 : i % 2)),
        measure: 'auc',
      },
    );
    expect(auc.leftOut.map(({ fold }) => fold)).toEqual([2]);
    expect(auc.lambdaMin).toBe(auc.lambdas[auc.mean.indexOf(Math.max(...auc.mean))]);
  });

  it('deals rows that weigh, and every class of them, evenly', () => {
    const w = Float64Array.from(two, (label, i) => (label === 1 && i % 2 === 0 ? 0 : 1));
    const { foldIds } = crossValidateSync({ X, y: two, sampleWeight: w }, { loss: 'logistic', lambdas, folds: 5 });
    for (const label of [0, 1]) {
      const counts = new Array(5).fill(0);
      two.forEach((value, i) => {
        if (value === label && w[i] > 0) counts[foldIds[i]]++;
      });
      expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1);
    }
  });

  it('deals the rows of each class evenly whatever rows of weight 0 hold', () => {
    const zeros = Float64Array.from({ length: 40 }, (_, i) => (i % 4 === 0 ? 1 : 0));
    const sampleWeight = Float64Array.from(zeros, (_, i) => (i === 5 ? 0 : 1));
    const X = normals(80, 3);
    const foldsOf = (fill: number) => {
      const y = Float64Array.from(zeros, (label, i) => (i === 5 ? fill : label));
      return crossValidateSync({ X, y, sampleWeight }, { loss: 'logistic', folds: 5, count: 3, seed: 2 }).foldIds;
    };
    const ids = foldsOf(0);
    for (let fold = 0; fold < 5; fold++) {
      expect(ids.filter((id, i) => id === fold && zeros[i] === 1)).toHaveLength(2);
    }
    for (const fill of [0.5, NaN, 9.97e36]) expect(foldsOf(fill)).toEqual(ids);
  });

  it('takes as many folds as rows, where there are few', () => {
    for (const rows of [2, 3, 9, 11]) {
      const few = { X: X.subarray(0, rows * (X.length / y.length)), y: y.subarray(0, rows) };
      const result = crossValidateSync(few, { lambdas: [1, 0.1] });
      expect(new Set(result.foldIds).size).toBe(Math.min(rows, 10));
      expect(result.mean.every(Number.isFinite)).toBe(true);
    }
    const one = { X: X.subarray(0, X.length / y.length), y: y.subarray(0, 1) };
    expectRefusal(crossValidateSync, [one], 'ERR_SHAPE', /two rows/);
  });

  it('measures rows held out without classWeight', () => {
    const w = { 0: 100, 1: 1 };
    const options = { loss: 'logistic', classWeight: w, lambdas, foldIds, measure: 'accuracy' } as const;
    const result = crossValidateSync({ X, y: two }, options);
    const right = lambdas.map(() => 0);
    for (const fold of new Set(foldIds)) {
      const rowsOf = (of: boolean) => Array.from(foldIds, (_, i) => i).filter((i) => (foldIds[i] === fold) === of);
      const cols = X.length / y.length;
      const pick = (rows: number[]) => ({
        X: Float64Array.from(rows.flatMap((i) => [...X.subarray(i * cols, (i + 1) * cols)])),
        y: Float64Array.from(rows, (i) => two[i]),
      });
      const held = pick(rowsOf(true));
      [...lambdas]
        .sort((a, b) => b - a)
        .forEach((l1, i) => {
          const model = fitSync(pick(rowsOf(false)), { loss: 'logistic', classWeight: w, l1, optimizer: 'newton' });
          right[i] += model.score(held.X, held.y) * held.y.length;
        });
    }
    expectClose(
      result.mean,
      right.map((count) => count / y.length),
      1e-12,
    );
  });

  it('takes labels of all kinds', () => {
    const names = Array.from(three, (label) => ['low', 'middle', 'high'][label]);
    const result = crossValidateSync({ X, y: names }, { loss: 'softmax', lambdas, foldIds, measure: 'accuracy' });
    const predictions: string[] = result.model.predict(X);
    expect(predictions.every((name) => names.includes(name))).toBe(true);
    expect(result.mean.at(-1)).toBeGreaterThan(0.5);
  });

  it('finds out which columns of diabetes matter', () => {
    const file = readFileSync(new URL('../fixtures/diabetes.json', import.meta.url), 'utf8');
    const diabetes = JSON.parse(file) as { X: number[]; y: number[] };
    const data = { X: Float64Array.from(diabetes.X), y: Float64Array.from(diabetes.y) };
    const result = crossValidateSync(data, { standardize: true, folds: 5, count: 12, minRatio: 1e-2 });
    expect(Math.sqrt(result.mean[0]), 'of the mean alone').toBeGreaterThan(74);
    expect(Math.sqrt(result.mean[result.indexMin])).toBeLessThan(57);
    expect(result.nonZero[result.index1se]).toBeLessThan(result.nonZero[result.indexMin]);
    expect(
      [...result.model1se.coefficients].flatMap((w, j) => (w === 0 ? [] : [j])),
      'mass, pressure, s5',
    ).toEqual(expect.arrayContaining([2, 3, 8]));
  });

  it('off the thread is the same', async () => {
    for (const [, data, options] of cases.slice(0, 8)) {
      const few = { ...options, count: 5, folds: 3 };
      expect(await crossValidate(data, few)).toEqual(crossValidateSync(data, few));
    }
    const options: CrossValidationOptions = {
      loss: 'squared_hinge',
      classWeight: 'balanced',
      count: 5,
      measure: 'auc',
    };
    const expected = crossValidateSync({ X, y: two, sampleWeight }, options);
    const given = { X: X.slice(), y: two.slice(), sampleWeight: sampleWeight.slice() };
    const promise = crossValidate(given, options);
    given.y.fill(NaN);
    given.sampleWeight.fill(NaN);
    detach(given.X);
    expect(await promise).toEqual(expected);
    await expectRejection(crossValidate, [{ X, y: resizable(y) }], 'ERR_RESIZABLE_BUFFER', /^y /);
    await expectRejection(crossValidate, [{ X, y }, { fold: 3 }], 'ERR_UNKNOWN_OPTION', /did you mean "folds"/);
  });

  it('is plain data in JSON', () => {
    const result = crossValidateSync({ X, y }, { folds: 3, count: 4 });
    expect(JSON.parse(JSON.stringify(result))).toEqual({
      measure: 'deviance',
      mean: [...result.mean],
      standardError: [...result.standardError],
      foldIds: [...result.foldIds],
      leftOut: [],
      lambdaMin: result.lambdaMin,
      lambda1se: result.lambda1se,
      path: JSON.parse(JSON.stringify(result.path)),
    });
  });

  it('is refused what does not belong to it', () => {
    const refused = (options: unknown, code: Parameters<typeof expectRefusal>[2], message: RegExp) =>
      expectRefusal(crossValidateSync, [{ X, y }, options], code, message);
    refused({ folds: 1 }, 'ERR_OUT_OF_RANGE', /^folds /);
    refused({ folds: 61 }, 'ERR_OUT_OF_RANGE', /^folds must be at most 60 \(rows\); got 61$/);
    refused({ folds: '5' }, 'ERR_INVALID_ARG_TYPE', /^folds /);
    refused({ folds: 3, foldIds }, 'ERR_UNKNOWN_OPTION', /not both/);
    refused({ foldIds: [1, 2] }, 'ERR_SHAPE', /^foldIds must have 60 elements/);
    refused({ foldIds: 3 }, 'ERR_INVALID_ARG_TYPE', /^foldIds /);
    refused({ foldIds: new BigInt64Array(rows) }, 'ERR_INVALID_ARG_TYPE', /^foldIds /);
    refused({ foldIds: Array.from(foldIds, (id) => id / 2) }, 'ERR_OUT_OF_RANGE', /^foldIds\[1\] .*got 1.5$/);
    refused({ foldIds: new Array(rows).fill(1) }, 'ERR_OUT_OF_RANGE', /two folds; got 1$/);
    refused({ measure: 'msa' }, 'ERR_UNKNOWN_OPTION', /did you mean "mse"/);
    refused({ measure: 'accuracy' }, 'ERR_UNKNOWN_OPTION', /goes with losses of classes; got the loss squared$/);
    const softmax = (measure: string, message: RegExp) => {
      const options = { measure, loss: 'softmax' };
      expectRefusal(crossValidateSync, [{ X, y: three }, options], 'ERR_UNKNOWN_OPTION', message);
    };
    softmax('mse', /goes with losses of numbers; got the loss softmax$/);
    softmax('auc', /goes with losses of two classes/);
    refused({ validationFraction: 0.1 }, 'ERR_UNKNOWN_OPTION', /every fold holds out/);
    refused({ validation: { X, y } }, 'ERR_UNKNOWN_OPTION', /every fold holds out/);
    const sampler = { name: 'indices', indices: [1, 2] };
    refused({ sampler, optimizer: 'sgd' }, 'ERR_UNKNOWN_OPTION', /"indices"/);
    refused({ l1: 1 }, 'ERR_UNKNOWN_OPTION', /belongs to lambdas and l1Ratio/);
    // A rate that no λ bears: every fold is infinitely wrong, which says nothing of which λ is best.
    const huge = { X: X.map((x) => 100 * x), y };
    expectRefusal(crossValidateSync, [huge, { optimizer: 'sgd', folds: 4, count: 5 }], 'ERR_NOT_FINITE', /at any λ/);
    expectRefusal(crossValidateSync, [{ X: X.with(0, NaN), y }], 'ERR_NOT_FINITE', /row 0, column 0/);
  });
});

it('rows of a class keep their random order, and lie in all parts', () => {
  const parts = dealRows(1000, 10, 1, null);
  const byClass = dealRows(1000, 10, 1, new Float64Array(1000));
  expect(byClass).toEqual(parts);
  expect([...parts.subarray(0, 20)]).not.toEqual(Array.from({ length: 20 }, (_, i) => i % 10));
});

it.runIf(faces.length > 1)('cross-validation has the same bits on every backend', () => {
  for (const [name, data, options] of cases) {
    const [a, b] = faces.map(({ crossValidateSync }) => crossValidateSync(data, { ...options, count: 5, folds: 4 }));
    expectBits(b.mean, a.mean, `mean of ${name}`);
    expectBits(b.standardError, a.standardError, `standard error of ${name}`);
  }
});
