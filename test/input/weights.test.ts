// What a row counts: sampleWeight, classWeight; and offset.
import { describe, expect, it } from 'vitest';
import { type FitOptions, nesterov, sgd } from '../../lib/index.js';
import { mean } from '../support/algebra.js';
import { faces } from '../support/backends.js';
import { expectBits, expectClose, expectRefusal, normals, problem, random } from '../support/support.js';

const rows = 80;
const cols = 3;
const { X, y } = problem(rows, cols, 1, 3);
const classes = y.map((value) => (value > 1.5 ? 1 : 0));
const options: FitOptions = { optimizer: sgd({ learningRate: 0.1 }), epochs: 30 };
const counts = Float64Array.from({ length: rows }, (_, i) => (7 * i) % 4); // 0 among them

/** Each row as often as it counts. */
function repeated(y: Float64Array) {
  const list = [...counts].flatMap((count, i) => new Array(count).fill(i) as number[]);
  const row = (i: number) => [...X.subarray(i * cols, (i + 1) * cols)];
  return { X: Float64Array.from(list.flatMap(row)), y: Float64Array.from(list, (i) => y[i]) };
}

describe.each(faces)('rows that count: $name', ({ fitSync }) => {
  const same = (actual: ReturnType<typeof fitSync>, expected: ReturnType<typeof fitSync>, tolerance = 1e-12) => {
    expectClose(
      [...actual.coefficients, ...actual.intercepts],
      [...expected.coefficients, ...expected.intercepts],
      tolerance,
    );
    expectClose(actual.history, expected.history, tolerance);
    expectClose(actual.history.gradientNorm, expected.history.gradientNorm, 1e3 * tolerance);
  };

  it.each<[string, Float64Array, FitOptions]>([
    ['squared', y, {}],
    ['huber', y, { loss: 'huber' }],
    ['quantile', y, { loss: { name: 'quantile', quantile: 0.3 } }],
    ['logistic', classes, { loss: 'logistic' }],
    ['hinge', classes, { loss: 'hinge' }],
    ['softmax', y.map((value) => (value < 0 ? 0 : value < 2 ? 1 : 2)), { loss: 'softmax' }],
    ['poisson', y.map(Math.abs).map(Math.floor), { loss: 'poisson', optimizer: sgd({ learningRate: 0.01 }) }],
    ['gamma', y.map((value) => Math.abs(value) + 0.1), { loss: 'gamma', optimizer: sgd({ learningRate: 0.01 }) }],
    ['standardized', y, { standardize: true }],
    ['penalized', y, { l1: 0.1, l2: 0.2 }],
  ])('sampleWeight is how often a row is there: %s', (_name, y, more) => {
    const merged = { ...options, ...more };
    same(fitSync({ X, y, sampleWeight: counts }, merged), fitSync(repeated(y), merged), 1e-11);
  });

  it('only proportions of sampleWeight matter', () => {
    const model = fitSync({ X, y, sampleWeight: counts }, options);
    for (const factor of [4, 2 ** -30]) {
      expect(fitSync({ X, y, sampleWeight: counts.map((count) => factor * count) }, options)).toEqual(model);
    }
    same(fitSync({ X, y, sampleWeight: new Float64Array(rows).fill(0.3) }, options), fitSync({ X, y }, options));
    expect(fitSync({ X, y }, { ...options, sampleWeight: counts })).toEqual(model);
    expect(fitSync({ X, y, rows }, { ...options, sampleWeight: counts })).toEqual(model);
  });

  it('the rows of a batch share its weight by its rows, not by its weights', () => {
    const weights = counts.map((count) => count + 1);
    const scale = rows / weights.reduce((a, b) => a + b, 0);
    const model = fitSync(
      { X, y, sampleWeight: weights },
      { ...options, sampler: 'sequential', batchSize: 16, epochs: 1 },
    );
    const w = new Float64Array(cols + 1);
    for (let start = 0; start < rows; start += 16) {
      const g = new Float64Array(cols + 1);
      for (let i = start; i < start + 16; i++) {
        const x = [...X.subarray(i * cols, (i + 1) * cols), 1];
        const r = x.reduce((z, value, j) => z + value * w[j], 0) - y[i];
        x.forEach((value, j) => {
          g[j] += (scale * weights[i] * r * value) / 16;
        });
      }
      for (let j = 0; j <= cols; j++) w[j] -= 0.1 * g[j];
    }
    expectClose([...model.coefficients, model.intercept], w, 1e-12);
  });

  it.each(['logistic', 'hinge', 'softmax'] as const)('classWeight of %s', (loss) => {
    const ones = classes.reduce((a, b) => a + b, 0);
    const weight = (label: number) => rows / (2 * (label ? ones : rows - ones));
    const sampleWeight = classes.map(weight);
    const merged = { ...options, loss };
    const balanced = fitSync({ X, y: classes }, { ...merged, classWeight: 'balanced' });
    same(balanced, fitSync({ X, y: classes }, { ...merged, sampleWeight }));
    same(balanced, fitSync({ X, y: classes }, { ...merged, classWeight: { 0: weight(0), 1: weight(1) } }));
    const doubled = fitSync({ X, y: classes, sampleWeight: counts }, { ...merged, classWeight: { 1: 2 } });
    same(doubled, fitSync({ X, y: classes, sampleWeight: counts.map((c, i) => c * (1 + classes[i])) }, merged));
    expect(balanced.coefficients).not.toEqual(fitSync({ X, y: classes }, merged).coefficients);
    expectRefusal(
      fitSync,
      [
        { X, y },
        { ...options, classWeight: 'balanced' },
      ],
      'ERR_UNKNOWN_OPTION',
      /losses of classes/,
    );
  });

  it('classWeight of hinge goes by the labels -1 and 1, too', () => {
    const signed = classes.map((label) => 2 * label - 1);
    const model = fitSync({ X, y: signed }, { ...options, loss: 'hinge', classWeight: { '-1': 3 } as never });
    same(model, fitSync({ X, y: classes }, { ...options, loss: 'hinge', classWeight: { 0: 3 } }));
  });

  it('weights count in the validation loss, too', () => {
    const [held, weights] = [problem(20, cols, 9), normals(20, 3).map(Math.abs)];
    const model = fitSync({ X, y }, { ...options, validation: { ...held, sampleWeight: weights } });
    const z = model.predict(held.X);
    const losses = z.map((value, i) => weights[i] * 0.5 * (value - held.y[i]) ** 2);
    expectClose([model.history.validationLoss.at(-1)!], [mean(losses) / mean(weights)], 1e-12);
  });

  it('validation rows are measured without classWeight, but with sampleWeight', () => {
    const labels = y.map((value) => Number(value > 0));
    const heldX = normals(30 * cols, 7);
    const heldLabels = normals(30, 9).map((value) => Number(value > 0));
    const sampleWeight = normals(heldLabels.length, 8).map(Math.abs);
    const how = { loss: 'logistic', optimizer: 'newton', l2: 0.1, classWeight: { 0: 50 } } as const;
    for (const more of [{}, { sampleWeight }]) {
      const validation = { X: heldX, y: heldLabels, ...more };
      const model = fitSync({ X, y: labels }, { ...how, validation });
      const { loss } = model.evaluate(heldX, heldLabels, more);
      expectClose([model.history.validationLoss.at(-1)!], [loss], 1e-12);
    }
  });

  it('offset is a shift of y for the squared loss', () => {
    const offset = normals(rows, 5);
    const model = fitSync({ X, y, offset }, options);
    same(model, fitSync({ X, y: y.map((value, i) => value - offset[i]) }, options));
    expect(fitSync({ X, y }, { ...options, offset })).toEqual(model);
    const plain = model.decision(X, new Float64Array(rows));
    expectBits(
      model.decision(X, offset),
      plain.map((z, i) => z + offset[i]),
    );
    expectBits(model.predict(X, offset), model.decision(X, offset));
  });

  it('offset is the logarithm of exposure for poisson', () => {
    const uniform = random(3);
    const exposure = Float64Array.from({ length: rows }, () => 0.5 + 2 * uniform());
    const counted = y.map((value, i) => Math.floor(exposure[i] * Math.exp(value / 10) + uniform()));
    const merged: FitOptions = { loss: 'poisson', optimizer: nesterov({ learningRate: 0.1 }), epochs: 3000 };
    const model = fitSync({ X, y: counted, offset: exposure.map(Math.log) }, merged);
    // e^(z + ln e) - yz = e (e^z - (y/e) z)
    const rates = fitSync({ X, y: counted.map((c, i) => c / exposure[i]), sampleWeight: exposure }, merged);
    expectClose([...model.coefficients, model.intercept], [...rates.coefficients, rates.intercept], 1e-8);
  });
});
