// Bad options of a fit beyond those of its first version: validation, weights, offsets, penalties, averaging.
import { describe, expect, it } from 'vitest';
import type { ErrorCode, FitData, FitOptions } from '../../lib/index.js';
import { faces } from '../support/backends.js';
import { detach, expectBits, expectRefusal, expectRejection, normals, resizable } from '../support/support.js';

const type = 'ERR_INVALID_ARG_TYPE';
const range = 'ERR_OUT_OF_RANGE';
const shape = 'ERR_SHAPE';
const unknown = 'ERR_UNKNOWN_OPTION';
const notFinite = 'ERR_NOT_FINITE';

const X = normals(12, 1);
const y = normals(4, 2);
const labels = Float64Array.of(0, 1, 1, 0);
const ones = new Float64Array(4).fill(1);
const put = (array: Float64Array, i: number, value: number) => array.map((x, k) => (k === i ? value : x));
const gone = X.slice();
detach(gone);

type Row = [name: string, data: Partial<FitData> | object, options: object, code: ErrorCode, message?: RegExp];
const option = (name: string, code: ErrorCode, ...values: unknown[]): Row[] =>
  values.map((value) => [`${name} ${String(value)}`, {}, { [name]: value }, code, new RegExp(`^${name}`)]);
const chosen = (axis: string, name: string, key: string, code: ErrorCode, ...values: unknown[]): Row[] =>
  values.map((value) => {
    return [`${name}'s ${key} ${value}`, {}, { [axis]: { name, [key]: value } }, code, new RegExp(`^${axis}.${key}`)];
  });
const held = (name: string, validation: unknown, code: ErrorCode, message: RegExp, data: object = {}): Row => {
  return [`validation: ${name}`, data, { validation }, code, message];
};

const rows: Row[] = [
  ...['gradientTolerance', 'minDelta', 'maxSeconds', 'l1', 'l2', 'clipNorm', 'clipValue'].flatMap((name) => [
    ...option(name, range, -1, NaN, Infinity),
    ...option(name, type, '0', null),
  ]),
  ...option('patience', range, -1, 0.5, NaN, 2 ** 53),
  ...option('patience', type, '3', true),
  ...['nonNegative', 'standardize', 'restoreBest', 'gram'].flatMap((name) => option(name, type, 1, 'true', null)),
  ...option('validationFraction', range, -0.1, 1, NaN),
  ...option('validationFraction', type, '0.5'),
  ...option('averaging', type, null, 1, {}),
  ...option('averaging', unknown, 'polyack'),
  ...chosen('averaging', 'polyak', 'start', range, 0, 1.5),
  ...chosen('averaging', 'ema', 'decay', range, 1, -1),
  ...chosen('loss', 'huber', 'delta', range, 0, -1, Infinity),
  ...chosen('loss', 'quantile', 'quantile', range, 0, 1),
  ...chosen('loss', 'epsilon_insensitive', 'epsilon', range, -1),
  ...chosen('loss', 'tweedie', 'power', range, -1, 0.5, 0.999, Infinity),
  ...chosen('loss', 'tweedie_identity', 'power', range, 0, 0.5, Infinity),
  ...chosen('schedule', 'exponential', 'gamma', range, 0, 1.1),
  ...chosen('schedule', 'step', 'stepSize', range, 0, 1.5),
  ...chosen('schedule', 'cosine', 'restart', range, -1),
  ...chosen('schedule', 'cosine', 'restartFactor', range, 0.9),
  ...chosen('schedule', 'onecycle', 'start', range, 0, 1),
  ...chosen('schedule', 'plateau', 'factor', range, 0, 1),
  ...chosen('schedule', 'optimal', 'alpha', range, 0),
  ...chosen('schedule', 'constant', 'warmup', range, -1, NaN),
  ...chosen('sampler', 'shuffled', 'once', type, 1),
  ...chosen('optimizer', 'lbfgs', 'memory', range, 0, 1001, 2.5),
  ...['schedule', 'averaging'].map((name): Row => {
    return [
      `${name} with a solver`,
      {},
      { optimizer: 'lbfgs', [name]: 'constant' },
      unknown,
      /goes with an update rule/,
    ];
  }),
  ['batchSize with a solver', {}, { optimizer: 'lbfgs', batchSize: 2 }, unknown, /goes with an update rule/],
  ['a sampler with a solver', {}, { optimizer: 'auto', sampler: 'shuffled' }, unknown, /goes with an update rule/],
  ...option('warmStart', type, null, 1, {}, { coefficients: [1, 2, 3] }),
  ['another loss’s parameter', {}, { loss: { name: 'huber', quantile: 0.5 } }, unknown, /option of huber/],
  ['a misspelt parameter', {}, { loss: { name: 'huber', detla: 0.5 } }, unknown, /did you mean "delta"/],

  ['penaltyFactors as a number', {}, { penaltyFactors: 1 }, type, /^penaltyFactors/],
  ['penaltyFactors as Float32Array', {}, { penaltyFactors: new Float32Array(3) }, type, /^penaltyFactors/],
  ['too few penaltyFactors', {}, { penaltyFactors: [1, 2] }, shape, /^penaltyFactors must have 3 elements/],
  ['a negative factor', {}, { penaltyFactors: [1, -2, 3] }, range, /^penaltyFactors\[1\]/],
  ['an infinite factor', {}, { penaltyFactors: [1, 2, Infinity] }, range, /^penaltyFactors\[2\]/],
  ['a factor as text', {}, { penaltyFactors: ['1', 2, 3] }, type, /^penaltyFactors\[0\]/],
  ['factors with a hole', {}, { penaltyFactors: new Array(3) }, type, /^penaltyFactors\[0\]/],

  ...['lowerBounds', 'upperBounds'].flatMap((name): Row[] => [
    [`${name} as text`, {}, { [name]: '1' }, type, new RegExp(`^${name}`)],
    [`${name} as Float32Array`, {}, { [name]: new Float32Array(3) }, type, new RegExp(`^${name}`)],
    [`${name} of NaN`, {}, { [name]: NaN }, range, new RegExp(`^${name}`)],
    [`a bound of NaN in ${name}`, {}, { [name]: [0, NaN, 0] }, range, new RegExp(`^${name}\\[1\\]`)],
    [`a bound as text in ${name}`, {}, { [name]: [0, 0, '0'] }, type, new RegExp(`^${name}\\[2\\]`)],
    [`too few ${name}`, {}, { [name]: [0, 0] }, shape, new RegExp(`^${name} must be a number or have 3 elements`)],
    [`a hole in ${name}`, {}, { [name]: new Array(3) }, type, new RegExp(`^${name}\\[0\\]`)],
  ]),
  ['lowerBounds of Infinity', {}, { lowerBounds: Infinity }, range, /^lowerBounds must be/],
  ['upperBounds of -Infinity', {}, { upperBounds: [0, -Infinity, 0] }, range, /^upperBounds\[1\]/],
  [
    'bounds that cross',
    {},
    { lowerBounds: 2, upperBounds: [3, 1, 2] },
    range,
    /^upperBounds\[1\].*lower bound of column 1, 2/,
  ],
  ['nonNegative above a bound', {}, { nonNegative: true, upperBounds: -1 }, range, /^upperBounds.*nonNegative/],
  ['bounds of exact', {}, { optimizer: 'exact', lowerBounds: 0 }, unknown, /exact.*not bounds/],

  ['sampleWeight as an array', { sampleWeight: [1, 1, 1, 1] }, {}, type, /^sampleWeight/],
  ['too few weights', { sampleWeight: ones.subarray(1) }, {}, shape, /^sampleWeight must have 4 elements/],
  ['a negative weight', { sampleWeight: put(ones, 2, -1) }, {}, range, /^sampleWeight\[2\]/],
  ['a weight of NaN', { sampleWeight: put(ones, 3, NaN) }, {}, notFinite, /^sampleWeight\[3\]/],
  ['an infinite weight', { sampleWeight: put(ones, 0, Infinity) }, {}, notFinite, /^sampleWeight\[0\]/],
  ['weights of 0', { sampleWeight: new Float64Array(4) }, {}, range, /^sampleWeight/],
  ['weights whose sum overflows', { sampleWeight: ones.map(() => 1e308) }, {}, range, /^sampleWeight.*finite sum/],
  ['detached weights', { sampleWeight: gone }, {}, 'ERR_DETACHED_BUFFER', /^sampleWeight/],
  ['weights twice', { sampleWeight: ones }, { sampleWeight: ones }, unknown, /^sampleWeight is given twice/],
  ['offset as an array', { offset: [0, 0, 0, 0] }, {}, type, /^offset/],
  ['a short offset', { offset: ones.subarray(1) }, {}, shape, /^offset must have 4 elements/],
  ['an offset of NaN', { offset: put(ones, 2, NaN) }, {}, notFinite, /^offset must be finite; got NaN at index 2$/],
  ['an infinite offset', { offset: put(ones, 1, -Infinity) }, {}, notFinite, /^offset/],
  ['an offset twice', { offset: ones }, { offset: ones }, unknown, /^offset is given twice/],
  [
    'a short offset of softmax',
    { y: labels, offset: ones },
    { loss: 'softmax' },
    shape,
    /^offset must have 8 elements/,
  ],

  ['classWeight of text', { y: labels }, { loss: 'logistic', classWeight: 'balance' }, range, /^classWeight/],
  ['classWeight of null', { y: labels }, { loss: 'logistic', classWeight: null }, type, /^classWeight/],
  ['classWeight of no label', { y: labels }, { loss: 'logistic', classWeight: { 2: 1 } }, unknown, /^classWeight.2/],
  ['a negative classWeight', { y: labels }, { loss: 'logistic', classWeight: { 1: -1 } }, range, /^classWeight.1/],
  [
    'classWeight of 0 for all',
    { y: labels },
    { loss: 'logistic', classWeight: { 0: 0, 1: 0 } },
    range,
    /^classWeight must not be 0/,
  ],
  ['classes 1.5', { y: labels }, { loss: 'softmax', classes: 1.5 }, range, /^classes/],
  ['classes as text', { y: labels }, { loss: 'softmax', classes: '2' }, type, /^classes/],

  held('null', null, type, /^validation/),
  held('a number', 0.2, type, /^validation/),
  held('an array', [X, y], type, /^validation/),
  held('nothing in it', {}, type, /^validation.X must be a Float64Array/),
  held('no y', { X }, type, /^validation.y/),
  held(
    'another number of columns',
    { X, y: normals(6, 1) },
    shape,
    /^validation.X must have 3 columns, as X has; got 2/,
  ),
  held('rows that X does not fill', { X, y: normals(5, 1) }, shape, /^validation.X/),
  held('no rows', { X: new Float64Array(0), y: new Float64Array(0) }, shape, /at least one row; validation has none/),
  held('detached', { X: gone, y }, 'ERR_DETACHED_BUFFER', /^validation.X/),
  held('NaN in X', { X: put(X, 5, NaN), y }, notFinite, /^validation.X .*NaN at index 5 \(row 1, column 2\)/),
  held('infinity in y', { X, y: put(y, 2, Infinity) }, notFinite, /^validation.y .*Infinity at index 2/),
  held('NaN in its offset', { X, y, offset: put(ones, 1, NaN) }, notFinite, /^validation.offset/),
  held('a short offset', { X, y, offset: ones.subarray(1) }, shape, /^validation.offset/),
  held('a negative weight', { X, y, sampleWeight: put(ones, 2, -1) }, range, /^validation.sampleWeight\[2\]/),
  held('a misspelt name', { X, y, sampleweight: ones }, unknown, /did you mean "sampleWeight"/),
  held('options in it', { X, y, epochs: 3 }, unknown, /^validation.epochs/),
  ['validation and a fraction', {}, { validation: { X, y }, validationFraction: 0.5 }, unknown, /not both/],
  ['a fraction of named rows', {}, { validationFraction: 0.5, sampler: { name: 'indices', indices: [0] } }, unknown],
];

describe.each(faces)('bad options of fits: $name', ({ fit: fitAsync, fitSync, fitManySync, estimators }) => {
  it.each(rows)('%s', async (_name, data, options, code, message) => {
    const args = [{ X, y, ...data }, options];
    expectRefusal(fitSync, args, code, message);
    await expectRejection(fitAsync, args, code, message);
  });

  it('fit refuses buffers that may shrink, wherever they are', async () => {
    const shrinking = (array: Float64Array) => resizable(array);
    for (const [data, options] of [
      [{ X, y, offset: shrinking(ones) }, {}],
      [{ X, y }, { validation: { X: shrinking(X), y } }],
      [{ X, y }, { validation: { X, y: shrinking(y) } }],
      [{ X, y }, { validation: { X, y, offset: shrinking(ones) } }],
    ] as [FitData, FitOptions][]) {
      await expectRejection(fitAsync, [data, options], 'ERR_RESIZABLE_BUFFER');
      expect(fitSync(data, options).status).toBe('converged');
    }
  });

  it('validation may share arrays with the training rows', async () => {
    const data = { X, y, offset: ones };
    for (const validation of [
      { X, y: labels },
      { X, y, offset: labels },
      { X: X.map((x) => -x), y },
    ]) {
      const options = { validation, epochs: 5 };
      expect(await fitAsync(data, options)).toEqual(fitSync(data, options));
    }
  });

  it('fit has its own copy of weights, offsets, factors and validation', async () => {
    const make = () => ({
      data: { X: X.slice(), y: y.slice(), sampleWeight: normals(4, 8).map(Math.abs), offset: ones.slice() },
      options: {
        validation: { X: X.map((x) => -x), y: y.slice(), offset: ones.slice() },
        penaltyFactors: [1, 2, 3],
        l2: 1,
      },
    });
    const { data, options } = make();
    const promise = fitAsync(data, options);
    for (const array of [data.X, data.y, data.sampleWeight, data.offset]) detach(array);
    options.validation.X.fill(NaN);
    options.validation.y.fill(NaN);
    options.validation.offset.fill(NaN);
    options.penaltyFactors.fill(100);
    const fresh = make();
    expect(await promise).toEqual(fitSync(fresh.data, fresh.options));
  });

  it('a NaN is told by its row of the caller, those of weight 0 among them', () => {
    const sampleWeight = put(ones, 0, 0);
    expectRefusal(fitSync, [{ X: put(X, 4, NaN), y, sampleWeight }], notFinite, /row 1, column 1/);
    expectRefusal(fitSync, [{ X, y: put(y, 1, NaN), sampleWeight }], notFinite, /^y .*index 1/);
  });

  it('classWeight as a Map is that of an object', () => {
    const y = Float64Array.of(0, 1, 0, 1);
    const how = { loss: 'logistic', optimizer: 'newton', l2: 1 } as const;
    const names = ['a', 'b', 'a', 'b'];
    const flags = [false, true, false, true];
    const model = fitSync({ X, y }, { ...how, classWeight: { 0: 3 } });
    expectBits(fitSync({ X, y }, { ...how, classWeight: new Map([[0, 3]]) }).coefficients, model.coefficients);
    expectBits(fitSync({ X, y: names }, { ...how, classWeight: new Map([['a', 3]]) }).coefficients, model.coefficients);
    expectBits(
      fitSync({ X, y: flags }, { ...how, classWeight: new Map([[false, 3]]) }).coefficients,
      model.coefficients,
    );
    const many = fitManySync([{ X, y }], { ...how, classWeight: new Map([[0, 3]]) });
    expectBits(many.coefficients, model.coefficients);
    const estimator = new estimators.LogisticRegression({ classWeight: new Map([[0, 3]]) });
    expect(estimator.options.classWeight).toEqual({ 0: 3 });
    for (const classWeight of [new Map([['0', 3]]), new Map([[2, 1]]), new Map([[0, -1]])]) {
      expect(() => fitSync({ X, y }, { ...how, classWeight })).toThrow(/classWeight/);
    }
  });

  it('options of a class are read, and what is no object of options is refused', () => {
    class Options {
      epochs = 3;
      get optimizer() {
        return 'sgd' as const;
      }
      helper() {
        return 1;
      }
    }
    class More extends Options {
      seed = 4;
    }
    const plain = fitSync({ X, y }, { epochs: 3, optimizer: 'sgd', seed: 4 });
    expect(fitSync({ X, y }, new More()).toJSON()).toEqual(plain.toJSON());
    expect(fitSync({ X, y }, Object.create({ epochs: 3, optimizer: 'sgd', seed: 4 })).toJSON()).toEqual(plain.toJSON());
    const bare = Object.assign(Object.create(null), { epochs: 3, optimizer: 'sgd', seed: 4 });
    expect(fitSync({ X, y }, bare).toJSON()).toEqual(plain.toJSON());
    for (const wrong of [
      new Map([['epochs', 3]]),
      new Set(['epochs']),
      new Date(),
      /epochs/,
      Promise.resolve({}),
      [],
      X,
    ]) {
      expectRefusal(fitSync, [{ X, y }, wrong], wrong instanceof RegExp ? unknown : type, /^options/);
      expectRefusal(fitSync, [wrong], wrong instanceof RegExp ? unknown : type, /^data/);
    }
    expectRefusal(fitSync, [{ X, y }, { optimizer: new Map([['name', 'sgd']]) }], type, /^optimizer/);
  });
});
