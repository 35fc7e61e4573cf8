// Bad input to fits: a NablaError with its code, thrown by fitSync and rejected by fit, and nothing changed.
import { describe, expect, it } from 'vitest';
import { fitOptions } from '../../lib/catalog/options.js';
import type { ErrorCode, FitOptions } from '../../lib/index.js';
import { faces } from '../support/backends.js';
import { detach, expectRefusal, expectRejection, normals, thrown } from '../support/support.js';

const type = 'ERR_INVALID_ARG_TYPE';
const range = 'ERR_OUT_OF_RANGE';
const shape = 'ERR_SHAPE';
const unknown = 'ERR_UNKNOWN_OPTION';
const notFinite = 'ERR_NOT_FINITE';
type Row = [name: string, value: unknown, code: ErrorCode, message?: RegExp];

const X = normals(12, 1);
const y = normals(4, 2);
const put = (array: Float64Array, i: number, value: number) => array.map((x, k) => (k === i ? value : x));
const gone = (array: Float64Array) => {
  const copy = array.slice();
  detach(copy);
  return copy;
};

const badData: Row[] = [
  ['null', null, type],
  ['undefined', undefined, type],
  ['a number', 5, type],
  ['text', 'X', type],
  ['an array', [X, y], type],
  ['X itself', X, type],
  ['nothing in it', {}, type, /^X must be a Float64Array or a Float32Array; got undefined/],
  ['no y', { X }, type, /^y /],
  ['X an array', { X: [...X], y }, type, /^X .*got an array/],
  ['X an Int32Array', { X: new Int32Array(X), y }, type, /^X .*got a Int32Array/],
  ['y a Float32Array', { X, y: new Float32Array(y) }, type, /^y must be a Float64Array; got a Float32Array/],
  ['X an array of rows', { X: [[1, 2, 3]], y }, type],
  ['y an array', { X, y: [...y] }, type, /^y /],
  ['X detached', { X: gone(X), y }, 'ERR_DETACHED_BUFFER', /^X /],
  ['y detached', { X, y: gone(y) }, 'ERR_DETACHED_BUFFER', /^y /],
  ['X too short', { X: X.subarray(1), y }, shape, /^X /],
  ['y too short for X', { X, y: y.subarray(0, 3), rows: 4 }, shape, /^y /],
  ['5 rows of 12 elements', { X, y: normals(5, 1) }, shape],
  ['wrong rows', { X, y, rows: 5 }, shape],
  ['wrong cols', { X, y, cols: 4 }, shape, /^X .*4 rows × 4 cols/],
  ['0 × 0', { X: new Float64Array(0), y: new Float64Array(0) }, shape],
  ['0 × 3', { X: new Float64Array(0), y: new Float64Array(0), cols: 3 }, shape],
  ['4 × 0', { X: new Float64Array(0), y }, shape],
  ['rows × cols that overflow', { X, y, rows: 4, cols: 2 ** 53 - 1 }, shape],
  ...[NaN, -1, 1.5, Infinity, 2 ** 53].flatMap((size): Row[] => [
    [`rows ${size}`, { X, y, rows: size }, range, /^rows /],
    [`cols ${size}`, { X, y, cols: size }, range, /^cols /],
  ]),
  ['rows as text', { X, y, rows: '4' }, type],
  ['cols a BigInt', { X, y, cols: 3n }, type],
  ['x for X', { x: X, y }, unknown, /did you mean "X"/],
  ['a column too many', { X, y, weights: y }, unknown, /weights/],
  ['NaN in X', { X: put(X, 5, NaN), y }, notFinite, /^X .*NaN at index 5 \(row 1, column 2\)/],
  ['infinity in X', { X: put(X, 0, Infinity), y }, notFinite, /^X .*Infinity at index 0 \(row 0, column 0\)/],
  ['-infinity in X', { X: put(X, 11, -Infinity), y }, notFinite, /^X .*-Infinity at index 11 \(row 3, column 2\)/],
  ['NaN in y', { X, y: put(y, 2, NaN) }, notFinite, /^y .*NaN at index 2$/],
  ['infinity in y', { X, y: put(y, 3, Infinity) }, notFinite, /^y .*Infinity at index 3$/],
];

const option = (name: string, code: ErrorCode, ...values: unknown[]): Row[] =>
  values.map((value) => [`${name} ${String(value)}`, { [name]: value }, code, new RegExp(`^${name}`)]);
const rule = (name: string, key: string, code: ErrorCode, ...values: unknown[]): Row[] =>
  values.map((value) => [
    `${name}'s ${key} ${String(value)}`,
    { optimizer: { name, [key]: value } },
    code,
    new RegExp(`^optimizer.${key}`),
  ]);
const sampler = (code: ErrorCode, ...values: unknown[]): Row[] =>
  values.map((value) => [`sampler ${JSON.stringify(value)}`, { sampler: value }, code, /^sampler/]);

const badOptions: Row[] = [
  ['null', null, type],
  ['a number', 5, type],
  ['text', 'adam', type],
  ['an array', [], type],
  ['a typed array', y, type],
  ['a misspelt option', { epoch: 10 }, unknown, /did you mean "epochs"/],
  ['another misspelt option', { batch_size: 10 }, unknown, /did you mean "batchSize"/],
  ['an option like no other', { verbosity: 1 }, unknown, /no known option\b(?!.*did you mean).*Known: loss, optimizer/],
  ...option('epochs', type, '10', 10n, null, true, [10]),
  ...option('epochs', range, 0, -1, 1.5, NaN, 1e300, Infinity),
  ...option('batchSize', type, '8', null, {}),
  ...option('batchSize', range, 0, -1, 1.5, NaN, 2 ** 32),
  ['batchSize with all rows', { batchSize: 2, sampler: 'full' }, range, /^batchSize/],
  ...option('tolerance', type, '0', null),
  ...option('tolerance', range, -1e-9, NaN, Infinity),
  ...option('seed', type, '1', 1n, null),
  ...option('seed', range, -1, 0.5, NaN, Infinity, 2 ** 53),
  ...option('intercept', type, 1, 'true', null),
  ...option('history', type, null, 1, ['step']),
  ...option('history', unknown, 'steps', ''),
  ...option('loss', type, null, 1, {}, ['squared']),
  ...option('loss', unknown, 'huger', '__proto__', 'constructor'),
  ...option('optimizer', type, null, 1, {}, () => 'adam'),
  ...option('optimizer', unknown, 'toString', 'Adam '),
  ...option('schedule', type, null, 0.1, {}),
  ...option('schedule', unknown, 'cosinus'),
  ['a misspelt loss', { loss: 'sqared' }, unknown, /did you mean "squared"/],
  ['a misspelt rule', { optimizer: 'adm' }, unknown, /did you mean "adam"/],
  ['a misspelt parameter', { optimizer: { name: 'adam', beta_1: 0.9 } }, unknown, /did you mean "beta1"/],
  ['another rule’s parameter', { optimizer: { name: 'sgd', beta1: 0.9 } }, unknown, /option of sgd/],
  ['a parameter without a rule', { optimizer: { learningRate: 0.1 } }, type],
  ['a rule’s parameter outside', { learningRate: 0.1 }, unknown, /learningRate/],
  ...rule('sgd', 'learningRate', range, -1, 0, NaN, Infinity),
  ...rule('sgd', 'learningRate', type, '0.1', null),
  ...rule('sgd', 'momentum', range, 1, -0.1),
  ...rule('sgd', 'dampening', range, 1.1, -0.1),
  ...rule('sgd', 'nesterov', type, 1, 'yes', null),
  ...rule('adam', 'beta1', range, 1, -0.1, NaN),
  ...rule('adam', 'beta2', range, 1),
  ...rule('adam', 'epsilon', range, -1, Infinity),
  ...rule('rmsprop', 'decay', range, 1),
  ...rule('rmsprop', 'centered', type, 0),
  ...rule('adagrad', 'initialAccumulator', range, -1),
  ...rule('adagrad', 'learningRateDecay', range, -1),
  ['a power below 0', { schedule: { name: 'invscaling', power: -1 } }, range, /^schedule.power/],
  ['a power above 10', { schedule: { name: 'invscaling', power: 11 } }, range, /^schedule.power/],
  ...sampler(type, null, 3, 'indices', { name: 'indices' }, { indices: [0] }, ['full']),
  ...sampler(type, { name: 'indices', indices: '012' }, { name: 'indices', indices: ['0'] }),
  ...sampler(type, { name: 'indices', indices: { 0: 1, length: 1 } }, { name: 'indices', indices: [null] }),
  ['indices with a hole', { sampler: { name: 'indices', indices: new Array(2) } }, type, /^sampler.indices\[0\]/],
  ['indices as doubles', { sampler: { name: 'indices', indices: Float64Array.of(0) } }, type, /^sampler.indices /],
  ...sampler(range, { name: 'indices', indices: [] }, { name: 'indices', indices: [0, 4] }),
  ...sampler(range, { name: 'indices', indices: [-1] }, { name: 'indices', indices: [0.5] }),
  ['a row that is NaN', { sampler: { name: 'indices', indices: [0, NaN] } }, range, /^sampler.indices\[1\]/],
  ['rows as -1 in an Int32Array', { sampler: { name: 'indices', indices: Int32Array.of(-1) } }, range],
  ...sampler(unknown, 'shufled', { name: 'random' }, { name: 'shuffled', indices: [0] }, { name: 'full', index: [0] }),
];

describe.each(faces)('bad input to fits: $name', ({ fit: fitAsync, fitSync }) => {
  it.each(badData)('data: %s', async (_name, data, code, message) => {
    for (const options of [undefined, { batchSize: 2 }]) {
      expectRefusal(fitSync, [data, options], code, message);
      await expectRejection(fitAsync, [data, options], code, message);
    }
  });

  it.each(badOptions)('options: %s', async (_name, options, code, message) => {
    expectRefusal(fitSync, [{ X, y }, options], code, message);
    await expectRejection(fitAsync, [{ X, y }, options], code, message);
  });

  it('names every known option when none is near', () => {
    const error = thrown(() => fitSync({ X, y }, { verbosity: 1 } as FitOptions)) as Error;
    const arrays = [
      'warmStart',
      'checkpoint',
      'validation',
      'penaltyFactors',
      'sampleWeight',
      'offset',
      'classWeight',
      'classes',
    ];
    const choices = ['loss', 'optimizer', 'schedule', 'sampler', 'averaging', 'history'];
    const known = [...choices, ...Object.keys(fitOptions), ...arrays, 'signal', 'onProgress', 'transfer'];
    expect(error.message).toBe(`options.verbosity is no known option. Known: ${known.join(', ')}`);
  });

  it('NaN in a row that is not used is none of the fit’s business', () => {
    const broken = { X: put(X, 4, NaN), y: put(y, 1, NaN) };
    const indices = { name: 'indices' as const, indices: [0, 2, 3] };
    const model = fitSync(broken, { sampler: indices, epochs: 5 });
    expect(model).toEqual(fitSync({ X, y }, { sampler: indices, epochs: 5 }));
  });
});
