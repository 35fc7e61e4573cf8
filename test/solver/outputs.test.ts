// Several outputs: targets side by side, and the classes of softmax.
import { describe, expect, it } from 'vitest';
import { type FitOptions, nesterov, sgd } from '../../lib/index.js';
import { faces } from '../support/backends.js';
import { expectBits, expectClose, expectRefusal, normals, problem } from '../support/support.js';

const rows = 60;
const cols = 3;
const { X, y: first } = problem(rows, cols, 1, 1);
const second = normals(rows, 7).map((e, i) => 2 - X[i * cols] + e);
const third = first.map((y, i) => Math.abs(y - second[i]));
const interleaved = (...columns: Float64Array[]) =>
  Float64Array.from(
    { length: rows * columns.length },
    (_, at) => columns[at % columns.length][Math.floor(at / columns.length)],
  );

describe.each(faces)('several targets: $name', ({ fitSync, fit: fitAsync, Model }) => {
  it.each<[string, FitOptions]>([
    ['squared', {}],
    ['huber', { loss: { name: 'huber', delta: 0.5 } }],
    ['quantile', { loss: 'quantile' }],
    ['poisson', { loss: 'poisson', optimizer: sgd({ learningRate: 0.005 }) }],
    ['without an intercept', { intercept: false }],
    ['penalized', { l1: 0.1, l2: 0.2, penaltyFactors: [1, 0, 2] }],
    ['adam', { optimizer: 'adam' }],
    ['in batches', { sampler: 'sequential', batchSize: 16 }],
  ])('are fitted as one by one: %s', (_name, more) => {
    const options: FitOptions = { optimizer: sgd({ learningRate: 0.1 }), epochs: 20, ...more };
    const columns =
      more.loss === 'poisson' ? [third, first.map(Math.abs), second.map(Math.abs)] : [first, second, third];
    const offset = normals(3 * rows, 3);
    const together = fitSync({ X, y: interleaved(...columns), rows, offset }, options);
    expect(together).toMatchObject({ outputs: 3, labels: [] });
    const z = together.decision(X, offset);
    const apart = columns.map((y, k) => fitSync({ X, y, offset: y.map((_, i) => offset[3 * i + k]) }, options));
    apart.forEach((model, k) => {
      expectClose(together.coefficients.subarray(k * cols, (k + 1) * cols), model.coefficients, 1e-12);
      expectClose([together.intercepts[k]], model.intercepts, 1e-12);
      const alone = model.decision(
        X,
        first.map((_, i) => offset[3 * i + k]),
      );
      expectClose(
        alone.map((_, i) => z[3 * i + k]),
        alone,
        1e-12,
        1,
      );
    });
    const sum = together.history.map((_, epoch) => apart.reduce((total, { history }) => total + history[epoch], 0));
    expectClose(together.history, sum, 1e-12);
  });

  it('come back from JSON, and predict the same', async () => {
    const data = { X, y: interleaved(first, second), rows };
    const model = fitSync(data, { epochs: 5 });
    expect(await fitAsync(data, { epochs: 5 })).toEqual(model);
    const back = Model.fromJSON<number>(JSON.parse(JSON.stringify(model)));
    expect(back).toEqual(model);
    expectBits(back.predict(X), model.predict(X));
    expect(model.predict(X).length).toBe(2 * rows);
    expectRefusal((offset) => model.predict(X, offset), [new Float64Array(rows)], 'ERR_SHAPE', /^offset/);
  });
});

describe.each(faces)('classes: $name', ({ fitSync, Model }) => {
  const labels = first.map((y, i) => (y > 2 ? 2 : second[i] > 2 ? 1 : 0));
  const options: FitOptions = { loss: 'softmax', epochs: 200, optimizer: nesterov({ learningRate: 0.1 }) };

  it('softmax: probabilities add up to 1, and the most probable class is predicted', () => {
    const model = fitSync({ X, y: labels }, options);
    expect(model).toMatchObject({ outputs: 3, labels: [0, 1, 2] });
    const [z, probabilities, predicted] = [model.decision(X), model.predictProba(X), model.predict(X)];
    let right = 0;
    for (let i = 0; i < rows; i++) {
      const of = (values: Float64Array) => [...values.subarray(3 * i, 3 * i + 3)];
      expect(of(probabilities).reduce((a, b) => a + b, 0)).toBeCloseTo(1, 15);
      expectClose(
        of(probabilities).map(Math.log),
        of(z).map((v) => v - Math.log(of(z).reduce((s, v) => s + Math.exp(v), 0))),
        1e-12,
        1,
      );
      expect(predicted[i]).toBe(of(z).indexOf(Math.max(...of(z))));
      if (predicted[i] === labels[i]) right++;
    }
    expect(right / rows).toBeGreaterThan(0.7);
    const back = Model.fromJSON<number>(JSON.parse(JSON.stringify(model)));
    expectBits(back.predictProba(X), probabilities);
    expectBits(back.predict(X), predicted);
  });

  it('softmax of two classes is logistic regression at twice the rate', () => {
    const y = labels.map((label) => (label > 0 ? 1 : 0));
    const two = fitSync({ X, y }, { loss: 'softmax', epochs: 30, optimizer: sgd({ learningRate: 0.1 }) });
    const one = fitSync({ X, y }, { loss: 'logistic', epochs: 30, optimizer: sgd({ learningRate: 0.2 }) });
    expectClose(
      two.coefficients.subarray(cols).map((w, j) => w - two.coefficients[j]),
      one.coefficients,
      1e-12,
    );
    expectClose([two.intercepts[1] - two.intercepts[0]], one.intercepts, 1e-12);
    expectClose(two.history, one.history, 1e-12);
    expectClose(two.predictProba(X), one.predictProba(X), 1e-12);
    expectBits(two.predict(X), one.predict(X));
  });

  it('classes that no row has keep their place', () => {
    const model = fitSync({ X, y: labels }, { ...options, classes: 5 });
    expect(model).toMatchObject({ outputs: 5, labels: [0, 1, 2, 3, 4] });
    expect(model.predictProba(X).length).toBe(5 * rows);
    expect(Math.max(...model.predict(X))).toBeLessThan(3);
    const gap = fitSync({ X, y: labels.map((label) => 2 * label) }, options);
    expect(gap.labels).toEqual([0, 1, 2, 3, 4]);
  });

  it.each(['hinge', 'squared_hinge'] as const)('%s takes -1 and 1, or 0 and 1, and gives them back', (loss) => {
    const fitting: FitOptions = { loss, epochs: 100, optimizer: sgd({ learningRate: 0.1 }) };
    const zeroOne = labels.map((label) => (label > 0 ? 1 : 0));
    const signed = zeroOne.map((label) => 2 * label - 1);
    const [a, b] = [fitSync({ X, y: zeroOne }, fitting), fitSync({ X, y: signed }, fitting)];
    expect([a.labels, b.labels]).toEqual([
      [0, 1],
      [-1, 1],
    ]);
    expectBits(a.coefficients, b.coefficients);
    expectBits(
      a.predict(X).map((label) => 2 * label - 1),
      b.predict(X),
    );
    expect(new Set(b.predict(X))).toEqual(new Set([-1, 1]));
    expectBits(
      zeroOne,
      labels.map((label) => (label > 0 ? 1 : 0)),
      'y',
    );
    expectRefusal((X) => a.predictProba(X), [X], 'ERR_UNKNOWN_OPTION', /hinge gives no probabilities/);
  });

  it('logistic: the probability of class 1 is 1/(1 + e^-z)', () => {
    const model = fitSync({ X, y: labels.map((label) => (label > 0 ? 1 : 0)) }, { ...options, loss: 'logistic' });
    const z = model.decision(X);
    expectClose(
      model.predictProba(X).filter((_, at) => at % 2),
      z.map((z) => 1 / (1 + Math.exp(-z))),
      1e-14,
    );
    expectBits(
      model.predict(X),
      z.map((z) => (z > 0 ? 1 : 0)),
    );
    const far = model.predictProba(X.map((x) => 1e6 * x));
    expect([...far].every((p) => p >= 0 && p <= 1)).toBe(true);
  });

  it.each(['poisson', 'gamma', 'tweedie'] as const)('%s predicts the mean, e^z', (loss) => {
    const model = fitSync(
      { X, y: third.map((y) => y + 0.1) },
      { loss, epochs: 50, optimizer: sgd({ learningRate: 0.01 }) },
    );
    expectClose(model.predict(X), model.decision(X).map(Math.exp), 1e-15);
  });
});
