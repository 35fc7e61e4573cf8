// Predictions of what cannot be predicted: an error with its place, by whatever way.
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { losses } from '../../lib/catalog/losses.js';
import type { Loss } from '../../lib/index.js';
import { faces } from '../support/backends.js';
import { expectBits, expectClose, expectRefusal, normals } from '../support/support.js';

const rows = 24;
const cols = 3;
const X = normals(rows * cols, 1);
const noise = normals(rows, 2);

function targetOf(loss: string): Float64Array {
  const { target } = losses[loss as keyof typeof losses];
  return noise.map((e, i) => {
    if (target === 'real') return e;
    if (target === 'label') return i % 3;
    if (target === 'zeroOne') return i % 2;
    return target === 'plusMinusOne' ? 2 * (i % 2) - 1 : Math.abs(e) + 0.1;
  });
}

describe.each(faces)('predictions: $name', (face) => {
  const { fitSync, fitManySync, fitPathSync, estimators, Model } = face;

  it.each(Object.keys(losses))('of NaN and infinity are refused, with row and column: %s', (name) => {
    const loss = name as Loss & string;
    const y = targetOf(name);
    const model = fitSync({ X, y }, { loss, epochs: 5 });
    const models = fitManySync([{ X, y }], {
      loss,
      epochs: 5,
      classes: model.labels.length > 0 ? model.labels : undefined,
    });
    const path = fitPathSync({ X, y }, { loss, lambdas: [1, 0.1] });
    for (const value of [NaN, Infinity, -Infinity]) {
      for (const all of [X, Float32Array.from(X)]) {
        const wrong = all.slice();
        wrong[7] = value;
        const where = new RegExp(`^X must be finite; got ${value} at index 7 \\(row 2, column 1\\)$`);
        for (const call of [
          () => model.predict(wrong),
          () => model.decision(wrong),
          () => models.at(0).predict(wrong),
          () => models.predict(0, wrong),
          () => path.predict(wrong, 0.5),
          () => path.models[0].predict(wrong),
          () => model.score(wrong, y),
          () => model.evaluate(wrong, y),
          ...(name === 'logistic' || name === 'softmax' ? [() => model.predictProba(wrong)] : []),
        ]) {
          expectRefusal(call, [], 'ERR_NOT_FINITE', where);
        }
      }
    }
    expect(model.predict(X).length).toBe(rows);
  });

  it('of estimators, of an offset that is not finite, and of products that overflow are refused', () => {
    const y = targetOf('squared');
    const ridge = new estimators.Ridge().fitSync({ X, y });
    expectRefusal(() => ridge.predict(X.with(0, NaN)), [], 'ERR_NOT_FINITE', /row 0, column 0/);
    expectRefusal(() => ridge.predict(X, noise.with(3, NaN)), [], 'ERR_NOT_FINITE', /^offset .*index 3$/);
    const big = Model.fromJSON({ ...fitSync({ X, y }).toJSON(), coefficients: [1e200, 1, 1] });
    expectRefusal(() => big.predict(X.map(() => 1e200)), [], 'ERR_NOT_FINITE', /overflow/);
  });

  it('need the offset of the fit; zeros say that there is none', () => {
    const offset = noise.map((e) => e / 3);
    for (const name of ['squared', 'logistic', 'poisson', 'quantile'] as const) {
      const y = targetOf(name);
      const model = fitSync({ X, y, offset }, { loss: name, epochs: 5 });
      expect(model.hasOffset).toBe(true);
      const back = Model.fromJSON<number>(JSON.parse(JSON.stringify(model)));
      expect(back).toEqual(model);
      const [a, b] = [
        { X, y, offset },
        { X, y, offset },
      ];
      const many = fitManySync([a, b], { loss: name, epochs: 5 });
      const path = fitPathSync({ X, y, offset }, { loss: name, lambdas: [1, 0.1] });
      const missing = /^offset must be a Float64Array of 24 rows × 1 outputs, as the fit had an offset/;
      for (const call of [
        () => model.predict(X),
        () => back.decision(X),
        () => many.at(1).predict(X),
        () => path.predict(X, 0.3),
        () => path.models[0].predict(X),
        () => model.score(X, y),
        () => model.evaluate(X, y),
        ...(name === 'logistic' ? [() => model.predictProba(X)] : []),
      ]) {
        expectRefusal(call, [], 'ERR_INVALID_ARG_TYPE', missing);
      }
      const none = new Float64Array(rows);
      const z = model.decision(X, none);
      expectClose(
        model.decision(X, offset),
        z.map((value, i) => value + offset[i]),
        1e-14,
        1,
      );
      expect(model.score(X, y, { offset: none })).toBeLessThanOrEqual(1);
      expectBits(path.at(1).decision(X, none), path.models[0].decision(X, none));
    }
  });

  it('need it after a way through a file, large or small', () => {
    for (const wide of [3, 5000]) {
      const data = { X: normals(2 * wide, 1), y: Float64Array.of(1, 2), offset: Float64Array.of(0.1, 0.2) };
      const model = fitSync(data, { optimizer: 'sgd', epochs: 1 });
      const path = join(mkdtempSync(join(tmpdir(), 'nabla-predict-')), 'model');
      model.saveSync(path);
      const back = Model.loadSync<number>(path);
      expect(back.hasOffset).toBe(true);
      expectRefusal(() => back.predict(data.X), [], 'ERR_INVALID_ARG_TYPE', /^offset/);
      expectBits(back.predict(data.X, data.offset), model.predict(data.X, data.offset));
    }
  });

  it('without an offset are those of a fit without, and of older files', () => {
    const model = fitSync({ X, y: targetOf('squared') });
    expect(model.hasOffset).toBe(false);
    expect(Object.hasOwn(model.toJSON(), 'hasOffset')).toBe(false);
    expectRefusal(
      (json) => Model.fromJSON(json),
      [{ ...model.toJSON(), hasOffset: 1 }],
      'ERR_MODEL_FORMAT',
      /hasOffset/,
    );
  });
});
