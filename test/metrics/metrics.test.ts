// Metrics of models, against scikit-learn's and by what must hold of any rows.
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, expectTypeOf, it } from 'vitest';
import { losses } from '../../lib/catalog/losses.js';
import type {
  ClassMetrics,
  ErrorCode,
  FitOptions,
  Label,
  Loss,
  MeanMetrics,
  MeasureOptions,
  Metrics,
  ModelJSON,
} from '../../lib/index.js';
import { parametersOf, readChoice } from '../../lib/input/read.js';
import { type Face, faces } from '../support/backends.js';
import { fixture } from '../support/children.js';
import {
  expectBits,
  expectClose,
  expectRefusal,
  normals,
  patience,
  problem,
  random,
  runs,
} from '../support/support.js';

/** Computed by scikit-learn 1.2.1, from the data below. */
const golden = JSON.parse(readFileSync(fixture('metrics.json'), 'utf8'));

const rows = 40;
const each = (of: (i: number) => number) => Float64Array.from({ length: rows }, (_, i) => of(i));
const a = each((i) => ((i * 37) % 101) / 50 - 1);
const b = each((i) => ((i * 53 + 17) % 97) / 40 - 1.2);
const weight = each((i) => (i % 9 === 4 ? 0 : ((i * 29) % 11) * 0.25 + 0.25));

/** Columns side by side, row-major. */
function beside(...columns: Float64Array[]): Float64Array {
  return Float64Array.from({ length: columns.length * columns[0].length }, (_, at) => {
    return columns[at % columns.length][Math.floor(at / columns.length)];
  });
}

/** A model whose z is X itself. */
function identity<L extends Label = number>({ Model }: Pick<Face, 'Model'>, loss: Loss, outputs = 1, labels: L[] = []) {
  const chosen = readChoice('loss', loss, losses);
  const json: ModelJSON = {
    format: 'nabla-model',
    version: 2,
    loss: chosen.name,
    lossParameters: parametersOf(chosen, losses),
    optimizer: 'sgd',
    labels,
    coefficients: Array.from({ length: outputs * outputs }, (_, at) => Number(at % (outputs + 1) === 0)),
    intercepts: new Array(outputs).fill(0),
    status: 'converged',
    epochs: 1,
    steps: 1,
    history: { loss: [1], validationLoss: [], learningRate: [], gradientNorm: [] },
  };
  return Model.fromJSON<L>(json);
}

/** Every number of the expected metrics, within rounding. */
function expectMetrics(actual: object, expected: Record<string, unknown>, tolerance = 1e-12): void {
  for (const [name, value] of Object.entries(expected)) {
    const own = (actual as Record<string, unknown>)[name];
    if (Array.isArray(value)) expectClose(own as Float64Array, value, tolerance, 0, name);
    else if (typeof value === 'object' && value !== null) {
      expectMetrics(own as object, value as Record<string, unknown>, tolerance);
    } else expectClose([own as number], [value as number], tolerance, 0, name);
  }
}

describe.each(faces)('metrics: $name', (face) => {
  const { fitSync, Model } = face;
  const cases: ['plain' | 'weighted', MeasureOptions | undefined][] = [
    ['plain', undefined],
    ['weighted', { sampleWeight: weight }],
  ];

  describe.each(cases)("scikit-learn's, %s", (kind, options) => {
    const y = each((i) => a[i] + 0.5 * b[i]);

    it('numbers', () => {
      const metrics = identity(face, 'squared').evaluate(a, y, options);
      expectMetrics(metrics, golden.value[kind]);
      if (metrics.kind !== 'value') throw new Error(metrics.kind);
      expectClose([metrics.loss], [metrics.mse / 2], 1e-14);
      expect(metrics).toMatchObject({ pinball: null, d2: null });
    });

    it('several targets', () => {
      const both = beside(
        y,
        each((i) => 2 * b[i] - a[i]),
      );
      const metrics = identity(face, 'squared', 2).evaluate(
        beside(
          a,
          each((i) => a[i] * a[i]),
        ),
        both,
        options,
      );
      expectMetrics(metrics, golden.two[kind]);
    });

    it('quantiles', () => {
      const metrics = identity(face, { name: 'quantile', quantile: 0.3 }).evaluate(a, y, options);
      expectMetrics(metrics, golden.pinball[kind]);
      if (metrics.kind === 'value') expect(metrics.pinball).toBe(metrics.loss);
    });

    const amounts = each((i) => ((i * 53 + 17) % 97) / 40 + 0.1);
    it.each<[string, Loss, Float64Array]>([
      ['poisson', 'poisson', each((i) => (i * 7) % 5)],
      ['gamma', 'gamma', amounts],
      ['tweedie', { name: 'tweedie', power: 1.3 }, each((i) => (i % 4 === 1 ? 0 : amounts[i]))],
    ])('means: %s', (name, loss, y) => {
      expectMetrics(identity(face, loss).evaluate(a, y, options), golden[name][kind]);
    });

    const ties = each((i) => Math.round(a[i] * 8) / 8);
    const truth = Array.from(a, (_, i) => (a[i] + b[i] > 0 ? 'yes' : 'no'));
    it('two classes', () => {
      const metrics = identity<string>(face, 'logistic', 1, ['no', 'yes']).evaluate(ties, truth, options);
      expectMetrics(metrics, golden.binary[kind]);
      expect((metrics as ClassMetrics<string>).logLoss).toBe(metrics.loss);
      // Twice as large a z of one class is the same odds.
      const softmax = identity(face, 'softmax', 2, ['no', 'yes']);
      expectMetrics(
        softmax.evaluate(
          beside(
            ties.map((z) => -z / 2),
            ties.map((z) => z / 2),
          ),
          truth,
          options,
        ),
        {
          ...golden.binary[kind],
        },
      );
    });

    it('two classes without probabilities', () => {
      const { logLoss: _, brier: __, ...rest } = golden.binary[kind];
      const metrics = identity(face, 'hinge', 1, ['no', 'yes']).evaluate(ties, truth, options);
      expectMetrics(metrics, rest);
      expect(metrics).toMatchObject({ logLoss: null, brier: null });
    });

    it('four classes, one of them never predicted and one not there', () => {
      const X = beside(
        a,
        b,
        each(() => -2),
        each(() => -9),
      );
      const metrics = identity(face, 'softmax', 4, [3, 5, 7, 9]).evaluate(
        X,
        each((i) => 3 + 2 * (((i * 5) % 7) % 3)),
        options,
      );
      expectMetrics(metrics, golden.softmax[kind]);
      expect(metrics).toMatchObject({ labels: [3, 5, 7, 9], brier: null, auc: null });
    });
  });

  it('are typed by kind', () => {
    const model = identity<string>(face, 'logistic', 1, ['no', 'yes']);
    const metrics = model.evaluate(Float64Array.of(1), ['yes']);
    expectTypeOf(metrics).toEqualTypeOf<Metrics<string>>();
    if (metrics.kind !== 'class') throw new Error(metrics.kind);
    expectTypeOf(metrics.labels).toEqualTypeOf<readonly string[]>();
    expectTypeOf(metrics.confusion).toEqualTypeOf<Float64Array>();
    expect(metrics.labels).toEqual(['no', 'yes']);
  });

  it('what is undefined is null, NaN as a score, or 0', () => {
    const constant = Float64Array.of(0.1, 0.1, 0.1);
    const value = identity(face, { name: 'quantile', quantile: 0.2 });
    expect(value.evaluate(constant, constant)).toMatchObject({ r2: null, explainedVariance: null, d2: null, mse: 0 });
    expect(value.score(constant, constant)).toBeNaN();
    const mean = identity(face, 'poisson');
    for (const y of [constant, new Float64Array(3)]) {
      expect(mean.evaluate(constant, y)).toMatchObject({ d2: null, deviance: expect.any(Number) });
      expect(mean.score(constant, y)).toBeNaN();
    }
    const classes = identity(face, 'logistic', 1, [0, 1]).evaluate(constant, Float64Array.of(1, 1, 1));
    expect(classes).toMatchObject({ auc: null, mcc: 0, accuracy: 1, balancedAccuracy: 1 });
    expect(classes).toMatchObject({ precision: Float64Array.of(0, 1), recall: Float64Array.of(0, 1) });
    expect(classes).toMatchObject({ macro: { precision: 1, recall: 1, f1: 1 } });
    const two = identity(face, 'squared', 2);
    const y = Float64Array.of(1, 5, 2, 5);
    expect(two.evaluate(Float64Array.of(1, 4, 2, 5), y)).toMatchObject({ r2: null, mse: 0.25, maxError: 1 });
  });

  it('the best that can be', () => {
    const y = a.map((value) => value + 2);
    expect(identity(face, 'squared').evaluate(y, y)).toMatchObject({ r2: 1, explainedVariance: 1, rmse: 0, loss: 0 });
    const means = identity(face, 'gamma').evaluate(y.map(Math.log), y) as MeanMetrics;
    expect(Math.abs(means.deviance)).toBeLessThan(1e-14);
    expect(means.d2).toBeCloseTo(1, 12);
    const metrics = identity(face, 'logistic', 1, [0, 1]).evaluate(
      a,
      a.map((z) => Number(z > 0)),
    );
    expect(metrics).toMatchObject({ accuracy: 1, balancedAccuracy: 1, auc: 1, weighted: { f1: 1 } });
    expect((metrics as ClassMetrics).mcc).toBeCloseTo(1, 14);
  });

  it('the loss is that of the history, and the score one of the metrics', () => {
    const { X, y } = problem(60, 3, 4, 1);
    const held = problem(30, 3, 5, 1);
    const offset = normals(30, 6);
    const amounts = (values: Float64Array) => values.map((value) => Math.abs(value) + 0.1);
    for (const loss of Object.keys(losses) as (keyof typeof losses)[]) {
      const isClass = losses[loss].predicts === 'class';
      const target = (values: Float64Array) => (isClass ? values.map((value) => Number(value > 0)) : amounts(values));
      const width = loss === 'softmax' ? 2 : 1;
      const shift = beside(...[offset, normals(30, 7)].slice(0, width));
      const validation = { X: held.X, y: target(held.y), sampleWeight: weight.subarray(0, 30), offset: shift };
      const settings: FitOptions = { loss, validation, epochs: 3, optimizer: { name: 'sgd', learningRate: 0.01 } };
      const model = fitSync({ X, y: target(y) }, settings);
      const { sampleWeight } = validation;
      const metrics = model.evaluate(held.X, validation.y, { sampleWeight, offset: shift });
      expectClose([metrics.loss], [model.history.validationLoss[2]], 1e-12, 0, loss);
      const score = model.score(held.X, validation.y, { sampleWeight, offset: shift });
      const own = { value: 'r2', mean: 'd2', class: 'accuracy' } as const;
      expect(score).toBe((metrics as never)[own[metrics.kind]]);
      const back = Model.fromJSON(JSON.parse(JSON.stringify(model)));
      expect(back.evaluate(held.X, validation.y, { sampleWeight, offset: shift })).toEqual(metrics);
    }
  });

  it('the loss of several targets is their sum, as in the history', () => {
    const { X, y } = problem(60, 3, 4, 1);
    const both = beside(
      y,
      y.map((value) => value * value),
    );
    const model = fitSync({ X, y: both, rows: 60 }, { epochs: 3, validation: { X, y: both, rows: 60 } });
    expectClose([model.evaluate(X, both).loss], model.history.validationLoss.slice(-1), 1e-12);
    const mean = fitSync({ X, y: both.map(Math.abs), rows: 60 }, { epochs: 3, loss: 'poisson' });
    const metrics = mean.evaluate(X, both.map(Math.abs)) as MeanMetrics;
    expect(metrics.d2).toBe(mean.score(X, both.map(Math.abs)));
    expect(metrics.deviance).toBeGreaterThan(0);
  });

  // z and y of some rows, for a model of each kind.
  const kinds: [string, number, () => { model: ReturnType<typeof identity>; y(draw: number): number }][] = [
    ['squared', 1, () => ({ model: identity(face, 'squared'), y: (draw) => draw / 2 - 1 })],
    ['quantile', 1, () => ({ model: identity(face, { name: 'quantile', quantile: 0.3 }), y: (draw) => draw - 2 })],
    ['two targets', 2, () => ({ model: identity(face, 'huber', 2), y: (draw) => draw / 4 })],
    ['tweedie', 1, () => ({ model: identity(face, 'tweedie'), y: (draw) => draw })],
    ['logistic', 1, () => ({ model: identity(face, 'logistic', 1, [0, 1]), y: (draw) => draw % 2 })],
    ['hinge', 1, () => ({ model: identity(face, 'squared_hinge', 1, [-1, 1]), y: (draw) => (draw % 2 ? 1 : -1) })],
    ['softmax', 3, () => ({ model: identity(face, 'softmax', 3, [0, 1, 2]), y: (draw) => draw % 3 })],
  ];
  const anyRows = fc.array(
    fc.record({
      z: fc.array(fc.integer({ min: -8, max: 8 }), { minLength: 3, maxLength: 3 }),
      y: fc.array(fc.nat(5), { minLength: 2, maxLength: 2 }),
      weight: fc.nat(3),
    }),
    { minLength: 1, maxLength: 25 },
  );
  const numbersOf = (value: unknown): (number | null)[] => {
    if (typeof value === 'number' || value === null) return [value];
    if (typeof value !== 'object') return [];
    return Object.values(value).flatMap(numbersOf);
  };
  const expectSame = (actual: unknown, expected: unknown) => {
    const [own, other] = [numbersOf(actual), numbersOf(expected)];
    expect(own.map((value) => value === null)).toEqual(other.map((value) => value === null));
    expectClose(own.map(Number), other.map(Number), 1e-9, 1);
  };

  it.each(kinds)('a weight is how often a row is there: %s', (_name, width, make) => {
    const { model, y: target } = make();
    const targets = model.labels.length > 0 ? 1 : width;
    fc.assert(
      fc.property(
        anyRows.filter((all) => all.some(({ weight }) => weight > 0)),
        fc.constantFrom(1, 0.37, 1e6),
        fc.nat(),
        (all, scale, seed) => {
          const evaluated = (from: typeof all, options?: MeasureOptions) =>
            model.evaluate(
              Float64Array.from(from.flatMap(({ z }) => z.slice(0, width).map((value) => value / 4))),
              Float64Array.from(from.flatMap(({ y }) => y.slice(0, targets).map(target))),
              options,
            );
          const repeated = all.flatMap((row) => new Array<typeof row>(row.weight).fill(row));
          const weighted = evaluated(all, { sampleWeight: Float64Array.from(all, ({ weight }) => weight) });
          expectSame(weighted, evaluated(repeated));
          const uniform = random(seed);
          const shuffled = [...all].sort(() => uniform() - 0.5);
          const { support, confusion, ...scaled } = evaluated(shuffled, {
            sampleWeight: Float64Array.from(shuffled, ({ weight }) => scale * weight),
          }) as ClassMetrics;
          const { support: _, confusion: __, ...rest } = weighted as ClassMetrics;
          expectSame(scaled, rest);
          if (support)
            expectClose(
              support.map((value) => value / scale),
              (weighted as ClassMetrics).support,
              1e-12,
            );
          if (confusion) expectClose([confusion.reduce((x, y) => x + y)], [scale * repeated.length], 1e-12);
        },
      ),
      { numRuns: runs(150) },
    );
  });

  it('auc is the part of the pairs that are in order', () => {
    const model = identity(face, 'logistic', 1, [0, 1]);
    fc.assert(
      fc.property(anyRows, (all) => {
        const z = Float64Array.from(all, ({ z }) => z[0]);
        const y = Float64Array.from(all, ({ y }) => y[0] % 2);
        const sampleWeight = Float64Array.from(all, ({ weight }) => weight + 1);
        const { auc } = model.evaluate(z, y, { sampleWeight }) as ClassMetrics;
        let [right, pairs] = [0, 0];
        for (let i = 0; i < z.length; i++) {
          for (let j = 0; j < z.length; j++) {
            if (y[i] !== 1 || y[j] !== 0) continue;
            pairs += sampleWeight[i] * sampleWeight[j];
            right += sampleWeight[i] * sampleWeight[j] * (z[i] > z[j] ? 1 : z[i] === z[j] ? 0.5 : 0);
          }
        }
        if (pairs === 0) expect(auc).toBeNull();
        else expect(auc).toBeCloseTo(right / pairs, 12);
      }),
      { numRuns: runs(200) },
    );
  });

  it('no constant does better than the quantile, or than the mean', () => {
    fc.assert(
      fc.property(
        anyRows,
        fc.integer({ min: -8, max: 8 }),
        fc.double({ min: 0.01, max: 0.99, noNaN: true }),
        (all, z, quantile) => {
          const X = new Float64Array(all.length).fill(z / 4);
          const y = Float64Array.from(all, ({ y }) => y[0]);
          const sampleWeight = Float64Array.from(all, ({ weight }) => weight + 0.5);
          for (const loss of [{ name: 'quantile', quantile }, 'poisson', 'squared'] as const) {
            const metrics = identity(face, loss).evaluate(X, y, { sampleWeight });
            const explained = loss === 'squared' ? 'r2' : 'd2';
            const value = (metrics as unknown as Record<string, number | null>)[explained];
            if (value !== null) expect(value).toBeLessThan(1e-9);
          }
        },
      ),
      { numRuns: runs(200) },
    );
  });

  const value = identity(face, 'squared');
  const classes = identity(face, 'logistic', 1, ['a', 'b']);
  const ones = Float64Array.of(1, 1);
  const bad: [string, { evaluate: unknown; score: unknown }, unknown[], ErrorCode, RegExp][] = [
    ['no X', value, [undefined, ones], 'ERR_INVALID_ARG_TYPE', /^X/],
    ['an array X', value, [[1, 1], ones], 'ERR_INVALID_ARG_TYPE', /^X/],
    ['no y', value, [ones], 'ERR_INVALID_ARG_TYPE', /^y/],
    ['an array of numbers', value, [ones, [1, 1]], 'ERR_INVALID_ARG_TYPE', /^y must be a Float64Array/],
    ['no rows', value, [new Float64Array(0), new Float64Array(0)], 'ERR_SHAPE', /at least one row/],
    ['a short y', value, [ones, ones.subarray(1)], 'ERR_SHAPE', /^y must have 2 elements/],
    ['a long y', value, [ones, Float64Array.of(1, 2, 3)], 'ERR_SHAPE', /^y must have 2 elements/],
    ['part of a row', identity(face, 'squared', 2), [Float64Array.of(1, 2, 3), ones], 'ERR_SHAPE', /^X/],
    ['NaN in X', value, [Float64Array.of(1, NaN), ones], 'ERR_NOT_FINITE', /^X .*row 1, column 0/],
    ['NaN in y', value, [ones, Float64Array.of(1, NaN)], 'ERR_NOT_FINITE', /^y .*index 1/],
    ['an infinite offset', value, [ones, ones, { offset: Float64Array.of(1, Infinity) }], 'ERR_NOT_FINITE', /^offset/],
    [
      'a z that overflows',
      value,
      [Float64Array.of(1, 1e308), ones, { offset: Float64Array.of(1, 1.7e308) }],
      'ERR_NOT_FINITE',
      /^X must give a finite z/,
    ],
    ['a misspelt option', value, [ones, ones, { sampleWeights: ones }], 'ERR_UNKNOWN_OPTION', /sampleWeight"/],
    ['an array for options', value, [ones, ones, ones], 'ERR_INVALID_ARG_TYPE', /^options/],
    ['short weights', value, [ones, ones, { sampleWeight: ones.subarray(1) }], 'ERR_SHAPE', /^sampleWeight/],
    ['a negative weight', value, [ones, ones, { sampleWeight: Float64Array.of(1, -1) }], 'ERR_OUT_OF_RANGE', /^sample/],
    ['weights of 0', value, [ones, ones, { sampleWeight: new Float64Array(2) }], 'ERR_OUT_OF_RANGE', /^sampleWeight/],
    [
      'weights without a finite sum',
      value,
      [ones, ones, { sampleWeight: Float64Array.of(1e308, 1e308) }],
      'ERR_OUT_OF_RANGE',
      /^sampleWeight .*finite sum/,
    ],
    ['a short offset', value, [ones, ones, { offset: ones.subarray(1) }], 'ERR_SHAPE', /^offset/],
    ['a negative count', identity(face, 'poisson'), [ones, Float64Array.of(1, -1)], 'ERR_OUT_OF_RANGE', /^y\[1\]/],
    ['an unknown class', classes, [ones, ['a', 'c']], 'ERR_INVALID_LABELS', /^y\[1\] .*"a", "b"; got "c"/],
    ['classes as numbers', classes, [ones, ones], 'ERR_INVALID_LABELS', /^y\[0\]/],
    ['a class of null', classes, [ones, ['a', null]], 'ERR_INVALID_LABELS', /^y\[1\]/],
  ];
  it.each(bad)('refuse %s', (_name, model, args, code, message) => {
    for (const method of ['evaluate', 'score'] as const) {
      expectRefusal(
        (...given) => (model[method] as (...all: unknown[]) => unknown).apply(model, given),
        args,
        code,
        message,
      );
    }
  });

  it('a row of weight 0 may hold anything, and no argument is changed', () => {
    const X = Float64Array.of(1, NaN, 2);
    const y = Float64Array.of(1, 2, 3);
    const sampleWeight = Float64Array.of(1, 0, 1);
    expect(value.evaluate(X, y, { sampleWeight })).toMatchObject({ mse: 0.5, maxError: 1 });
    expectBits(X, [1, NaN, 2]);
    expectBits(y, [1, 2, 3]);
    expectBits(sampleWeight, [1, 0, 1]);
  });
});

describe.each(faces)('metrics of many classes: $name', ({ fitSync, Model }) => {
  /** A model whose z of a class is highest about its own place on a line. */
  const modelOf = (classes: number) => {
    const y = Array.from({ length: classes }, (_, k) => `c${String(k).padStart(5, '0')}`);
    const seed = fitSync(
      { X: new Float64Array(2 * 2), y: y.slice(0, 2) },
      { loss: 'softmax', optimizer: 'sgd', epochs: 1 },
    );
    const coefficients = Array.from({ length: 2 * classes }, (_, at) => (at % 2 ? -1 : 2 * ((at >> 1) / classes)));
    const intercepts = Array.from({ length: classes }, (_, k) => -((k / classes) ** 2));
    return Model.fromJSON<string>({ ...seed.toJSON(), labels: y, coefficients, intercepts });
  };
  const rowsOf = (rows: number, classes: number, seed: number) => {
    const uniform = random(seed);
    const X = new Float64Array(2 * rows);
    const y = Array.from({ length: rows }, (_, i) => {
      const k = Math.floor(uniform() * classes);
      X[2 * i] = k / classes + (uniform() - 0.5) * (4 / classes);
      X[2 * i + 1] = X[2 * i] ** 2;
      return `c${String(k).padStart(5, '0')}`;
    });
    return { X, y, sampleWeight: Float64Array.from(y, () => (uniform() < 0.2 ? 0 : 0.5 + uniform())) };
  };

  it('are the same whether z of all rows is kept or not', () => {
    const model = modelOf(1500);
    const { X, y, sampleWeight } = rowsOf(1500, 1500, 1); // more than 2²⁰ values of z
    const whole = model.evaluate(X, y, { sampleWeight });
    const half = (from: number, to: number) => {
      const weights = sampleWeight.map((w, i) => (i >= from && i < to ? w : 0));
      return model.evaluate(X.slice(2 * from, 2 * to), y.slice(from, to), { sampleWeight: weights.slice(from, to) });
    };
    const [a, b] = [half(0, 600), half(600, 1500)]; // fewer
    if (whole.kind !== 'class' || a.kind !== 'class' || b.kind !== 'class') throw new Error('of classes');
    const weightOf = ({ support }: { support: Float64Array }) => support.reduce((x, y) => x + y);
    const mixed = (value: 'loss' | 'accuracy') =>
      (a[value] * weightOf(a) + b[value] * weightOf(b)) / (weightOf(a) + weightOf(b));
    expectClose([whole.loss, whole.accuracy], [mixed('loss'), mixed('accuracy')], 1e-12);
    expectClose(
      whole.support,
      a.support.map((value, k) => value + b.support[k]),
      1e-12,
    );
    expect(whole.confusion.length).toBe(0);
    const cells = whole.confusionCells!;
    const truth = new Float64Array(1500);
    cells.rows.forEach((rows, i) => {
      truth[cells.truth[i]] += rows;
    });
    expectBits(truth, whole.support);
    const right = cells.rows.filter((_, i) => cells.truth[i] === cells.predicted[i]).reduce((x, y) => x + y, 0);
    expectClose([right / weightOf(whole)], [whole.accuracy], 1e-12);
    expect(model.score(X, y, { sampleWeight })).toBe(whole.accuracy);
    expect(() => model.evaluate(X.with(2001, NaN), y)).toThrow(/row 1000, column 1/);
  });

  it('have a matrix of up to 1,000 classes, cells of more', () => {
    const { X, y } = rowsOf(50, 1000, 2);
    const few = modelOf(1000).evaluate(X, y);
    expect(few).toMatchObject({ confusionCells: null, confusion: { length: 1e6 } });
    const many = modelOf(1001).evaluate(X, y);
    expect(many).toMatchObject({ confusion: { length: 0 } });
  });

  it('of 20,000 classes take no more than their rows', { timeout: patience(20_000) }, () => {
    const model = modelOf(20_000);
    const { X, y } = rowsOf(200, 20_000, 3);
    const before = process.memoryUsage().arrayBuffers;
    const begin = performance.now();
    const metrics = model.evaluate(X, y);
    expect(performance.now() - begin).toBeLessThan(patience(5000));
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(200e6);
    expect(metrics).toMatchObject({ kind: 'class', confusion: { length: 0 } });
    expect((metrics as ClassMetrics<string>).accuracy).toBeGreaterThan(0.1);
  });
});

it.runIf(faces.length > 1)('are the same bits on both backends', () => {
  const { X, y } = problem(500, 7, 3, 1);
  const labels = Array.from(y, (value) => (value > 3 ? 'high' : value > 0 ? 'mid' : 'low'));
  const all = faces.map(({ fitSync }) => {
    const model = fitSync({ X, y: labels }, { loss: 'softmax', epochs: 20 });
    const numbers = fitSync({ X, y }, { loss: 'quantile', epochs: 20 });
    return { classes: model.evaluate(X, labels), numbers: numbers.evaluate(X, y) };
  });
  expect(all[1]).toEqual(all[0]);
});
