// Losses of a margin: more than two classes as one against the rest each; modified_huber and perceptron.
import { describe, expect, it } from 'vitest';
import type { ClassMetrics, FitOptions, ManyOptions } from '../../lib/index.js';
import { linear, plainLosses } from '../support/algebra.js';
import { faces } from '../support/backends.js';
import { expectBits, expectClose, expectRefusal, normals, random } from '../support/support.js';

const [rows, cols] = [150, 3];
const uniform = random(4);
const X = normals(rows * cols, 7);
const names = ['ant', 'bee', 'cow', 'dog'];
const centres = normals(4 * cols, 9).map((x) => 1.5 * x);
const y = Array.from({ length: rows }, (_, i) => {
  const scores = [0, 1, 2, 3].map(
    (k) => linear(X.subarray(i * cols, (i + 1) * cols), centres.slice(k * cols, (k + 1) * cols))[0],
  );
  return names[uniform() < 0.1 ? Math.floor(4 * uniform()) : scores.indexOf(Math.max(...scores))];
});
const signsOf = (k: number) => Float64Array.from(y, (name) => (name === names[k] ? 1 : -1));
const losses = ['hinge', 'squared_hinge', 'modified_huber', 'perceptron'] as const;
const smooth = ['squared_hinge', 'modified_huber'] as const;

describe.each(faces)('losses of a margin: $name', (face) => {
  const { fitSync, fitManySync, fitPathSync, crossValidateSync, Model } = face;

  it.each(losses)('%s of four classes is four fits of one against the rest', (loss) => {
    const byRule: FitOptions = { optimizer: { name: 'sgd', learningRate: 0.05 }, batchSize: 8, epochs: 4, l2: 0.01 };
    const bySolver: FitOptions = { optimizer: 'newton', l2: 0.1, tolerance: 0 };
    for (const options of [byRule, ...(loss === 'perceptron' ? [] : [bySolver])]) {
      const model = fitSync({ X, y }, { loss, ...options });
      expect(model.labels).toEqual(names);
      expect(model.outputs).toBe(4);
      const z = model.decision(X);
      names.forEach((_, k) => {
        const one = fitSync({ X, y: signsOf(k) }, { loss, ...options });
        const own = [...model.coefficients.slice(k * cols, (k + 1) * cols), model.intercepts[k]];
        const other = [...one.coefficients, one.intercept];
        if (options === byRule) expectBits(own, other);
        else expectClose(own, other, 1e-5, 1);
        expectClose(
          z.filter((_, at) => at % 4 === k),
          one.decision(X),
          1e-4,
          1,
        );
      });
      const predicted = model.predict(X);
      predicted.forEach((name, i) => {
        const row = Array.from(z.subarray(4 * i, 4 * i + 4));
        expect(name).toBe(names[row.indexOf(Math.max(...row))]);
      });
      const metrics = model.evaluate(X, y) as ClassMetrics<string>;
      const right = predicted.filter((name, i) => name === y[i]).length / rows;
      expectClose([metrics.accuracy, model.score(X, y)], [right, right], 1e-12);
      const plain = plainLosses[loss];
      const total = names.reduce((sum, _, k) => {
        const signs = signsOf(k);
        return sum + signs.reduce((part, sign, i) => part + plain(sign, z[4 * i + k]), 0) / rows;
      }, 0);
      expectClose([metrics.loss], [total], 1e-12);
      const back = Model.fromJSON<string>(JSON.parse(JSON.stringify(model)));
      expect(back).toEqual(model);
      expect(back.predict(X)).toEqual(predicted);
    }
  });

  it.each([...losses, 'softmax'] as const)('%s refuses a class beyond those that are counted', (loss) => {
    const numbers = Float64Array.from(y, (name) => names.indexOf(name));
    const options: ManyOptions = { loss, optimizer: 'adam', epochs: 1, l2: 0.1 };
    const message = new RegExp(`^y\\[${numbers.indexOf(3)}\\] must be a class below 3; got 3`);
    expectRefusal(
      fitSync,
      [
        { X, y: numbers },
        { ...options, classes: 3 },
      ],
      'ERR_INVALID_LABELS',
      message,
    );
    expect(fitSync({ X, y: numbers }, { ...options, classes: 5 }).labels).toEqual([0, 1, 2, 3, 4]);
    expect(fitManySync([{ X, y: numbers }], { ...options, classes: 3 }).statusOf(0)).toBe('failed');
  });

  it('two classes of many problems are named, so that all models have the same', () => {
    const options: ManyOptions = { loss: 'hinge', classes: 2 };
    const message = /^classes must be \[-1, 1\] or \[0, 1\], or /;
    expectRefusal(fitManySync, [[{ X, y: signsOf(0) }], options], 'ERR_OUT_OF_RANGE', message);
  });

  it('logistic has two classes, however they are counted', () => {
    const two = Float64Array.from(y, (_, i) => i % 2);
    expectRefusal(
      fitSync,
      [
        { X, y: two },
        { loss: 'logistic', classes: 3 },
      ],
      'ERR_INVALID_ARG_TYPE',
      /^classes must be 2 /,
    );
    expect(fitSync({ X, y: two }, { loss: 'logistic', classes: 2 }).labels).toEqual([0, 1]);
  });

  it('take classes by number, weigh them, hold them out and go on', () => {
    const numbers = Float64Array.from(y, (name) => names.indexOf(name));
    const options = { loss: 'squared_hinge', optimizer: 'newton', l2: 0.1, tolerance: 0 } as const;
    const named = fitSync({ X, y }, options);
    const numbered = fitSync({ X, y: numbers }, options);
    expectBits(numbered.coefficients, named.coefficients);
    expect(numbered.labels).toEqual([0, 1, 2, 3]);
    const many = fitManySync([{ X, y: numbers }], { ...options, classes: 4 });
    expectBits(many.coefficients, named.coefficients);
    expectBits(many.predict(0, X), numbered.predict(X));

    const weights = Float64Array.from(y, (name) => (name === 'bee' ? 3 : 1));
    const weighted = fitSync({ X, y }, { ...options, classWeight: { bee: 3 } });
    expectClose(weighted.coefficients, fitSync({ X, y, sampleWeight: weights }, options).coefficients, 1e-9);

    const validation = { X, y };
    const watched = fitSync({ X, y }, { ...options, validation, patience: 3 });
    expectClose([watched.history.validationLoss.at(-1) as number], [watched.evaluate(X, y).loss], 1e-12);
    expect(() => fitSync({ X, y }, { ...options, validation: { X, y: y.map(() => 'eel') } })).toThrow(
      /one of the classes/,
    );

    const first = fitSync({ X, y }, { loss: 'hinge', optimizer: 'adam', epochs: 2, keepState: true, batchSize: 10 });
    const next = first.partialFitSync(
      { X: X.subarray(0, 30 * cols), y: y.slice(0, 30).map(() => 'ant') },
      { batchSize: 10 },
    );
    expect(next.labels).toEqual(names);

    const crossed = crossValidateSync({ X, y }, { loss: 'squared_hinge', count: 8, folds: 4, measure: 'accuracy' });
    expect(crossed.mean.at(-1)).toBeGreaterThan(0.6);
    expect(fitPathSync({ X, y }, { loss: 'squared_hinge', count: 8 }).models.at(-1)?.outputs).toBe(4);
    expect(() => fitSync({ X, y: numbers.map((k) => (k === 3 ? -1 : k)) }, options)).toThrow(
      /^y\[\d+\] must be a class from 0 to 2/,
    );
    expect(() => fitSync({ X, y }, { loss: 'logistic' })).toThrow(/two classes for the loss logistic/);
  });

  it.each(smooth)('%s is least where its slope is 0', (loss) => {
    for (const optimizer of ['newton', 'lbfgs', 'auto'] as const) {
      const model = fitSync({ X, y: signsOf(1) }, { loss, optimizer, l2: 0.05, tolerance: 1e-14 });
      expect(model.status).toBe('converged');
      const signs = signsOf(1);
      const at = (w: Float64Array, b: number) =>
        linear(X, w, b).reduce((sum, z, i) => sum + plainLosses[loss](signs[i], z), 0) / rows +
        0.025 * w.reduce((sum, value) => sum + value * value, 0);
      const h = 1e-5;
      for (let j = 0; j <= cols; j++) {
        const moved = (step: number) =>
          j < cols
            ? at(
                model.coefficients.map((w, k) => (k === j ? w + step : w)),
                model.intercept,
              )
            : at(model.coefficients, model.intercept + step);
        expectClose([(moved(h) - moved(-h)) / (2 * h)], [0], 1e-6, 1, `${optimizer}, weight ${j}`);
      }
    }
  });

  it('modified_huber tells probabilities: z clipped to [-1, 1]', () => {
    const two = fitSync({ X, y: signsOf(0) }, { loss: 'modified_huber', l2: 0.01 });
    const z = two.decision(X);
    const p = two.predictProba(X);
    z.forEach((value, i) => {
      const clipped = Math.min(1, Math.max(-1, value));
      expectClose(p.subarray(2 * i, 2 * i + 2), [(1 - clipped) / 2, (1 + clipped) / 2], 1e-15, 1);
    });
    const four = fitSync({ X, y }, { loss: 'modified_huber', l2: 0.01 });
    const shares = four.predictProba(X);
    for (let i = 0; i < rows; i++) expectClose([shares.subarray(4 * i, 4 * i + 4).reduce((a, b) => a + b)], [1], 1e-12);
    const far = four.predictProba(Float64Array.from(four.coefficients.subarray(0, cols), (w) => -1e-300 * w));
    expect(far.every((share) => share >= 0 && share <= 1)).toBe(true);
    expect(() => fitSync({ X, y }, { loss: 'hinge' }).predictProba(X)).toThrow(/gives no probabilities/);
  });

  it('perceptron learns by update rules, adam unless another is named; its minimum is 0', () => {
    const separable = linear(X, [1, -2, 0.5], 0.3).map(Math.sign);
    const model = fitSync(
      { X, y: separable },
      { loss: 'perceptron', optimizer: { name: 'sgd', learningRate: 1 }, batchSize: 1, epochs: 500 },
    );
    expect(model.score(X, separable)).toBe(1);
    expect(fitSync({ X, y: separable }, { loss: 'perceptron' }).optimizer).toBe('adam');
    expect(fitSync({ X, y: separable }, { loss: { name: 'perceptron' } }).optimizer).toBe('adam');
    const least = fitSync({ X, y: separable }, { loss: 'perceptron', optimizer: 'newton' });
    expect(least.status).toBe('converged');
    expect([...least.coefficients, ...least.history]).toEqual([0, 0, 0, 0]);
    // With an offset there is something to find: the program of the hinge, without its margin.
    const offset = normals(rows, 3);
    const moved = fitSync(
      { X, y: signsOf(2), offset },
      { loss: 'perceptron', optimizer: 'newton', l2: 0.01, tolerance: 0 },
    );
    expect(moved.status).toBe('converged');
    const signs = signsOf(2);
    const at = (w: Float64Array, b: number) =>
      linear(X, w, b).reduce((sum, z, i) => sum + plainLosses.perceptron(signs[i], z + offset[i]), 0) / rows +
      0.005 * w.reduce((sum, value) => sum + value * value, 0);
    const best = at(moved.coefficients, moved.intercept);
    expectClose([moved.history.at(-1) as number], [best], 1e-12);
    for (let j = 0; j < 60; j++) {
      const step = normals(cols + 1, j).map((x) => 1e-3 * x);
      expect(
        at(
          moved.coefficients.map((w, k) => w + step[k]),
          moved.intercept + step[cols],
        ),
      ).toBeGreaterThanOrEqual(best - 1e-12);
    }
  });
});
