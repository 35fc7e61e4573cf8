// A fitted model: its predictions, and its way through JSON.
import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { ErrorCode, ModelJSON } from '../../lib/index.js';
import { faces } from '../support/backends.js';
import { expectBits, expectClose, expectRefusal, normals, problem } from '../support/support.js';

describe.each(faces)('model: $name', ({ fitSync, Model, kernels }) => {
  const data = problem(60, 3, 1);
  const model = fitSync(data, { batchSize: 8, epochs: 10 });

  it('predicts X·coefficients + intercept', () => {
    for (const rows of [0, 1, 5, 300]) {
      const X = normals(3 * rows, rows);
      const [a, b, c] = model.coefficients;
      const naive = Float64Array.from({ length: rows }, (_, i) => {
        return a * X[3 * i] + b * X[3 * i + 1] + c * X[3 * i + 2] + model.intercept;
      });
      const predicted = model.predict(X);
      expectClose(predicted, naive, 1e-14, 10);
      const products = new Float64Array(rows);
      kernels.gemv(X, rows, 3, model.coefficients, products);
      expectBits(
        predicted,
        products.map((z) => z + model.intercept),
      );
      expectBits(X, normals(3 * rows, rows), 'X');
    }
  });

  it.each<[string, unknown, ErrorCode]>([
    ['an array', [1, 2, 3], 'ERR_INVALID_ARG_TYPE'],
    ['nothing', undefined, 'ERR_INVALID_ARG_TYPE'],
    ['an Int32Array', new Int32Array(3), 'ERR_INVALID_ARG_TYPE'],
    ['part of a row', new Float64Array(4), 'ERR_SHAPE'],
  ])('does not predict from %s', (_name, X, code) => {
    expectRefusal((X) => model.predict(X), [X], code);
  });

  it('comes back from JSON to the last bit', () => {
    for (const options of [
      {},
      { history: 'step', batchSize: 7 },
      { optimizer: { name: 'sgd', learningRate: 1e308 } },
      { validationFraction: 0.3, epochs: 3 },
    ]) {
      const model = fitSync(data, options as never);
      const back = Model.fromJSON<number>(JSON.parse(JSON.stringify(model)));
      expect(back).toBeInstanceOf(Model);
      expect(back).toEqual(model);
      expectBits(back.coefficients, model.coefficients);
      expectBits(back.history, model.history);
      for (const key of ['validationLoss', 'learningRate', 'gradientNorm'] as const) {
        expectBits(back.history[key], model.history[key], key);
      }
      expectBits([back.intercept], [model.intercept]);
      expectBits(back.predict(data.X), model.predict(data.X));
    }
  });

  it('knows its loss, and what fitted it', () => {
    const tweedie = fitSync(
      { X: data.X, y: data.y.map(Math.abs) },
      { loss: { name: 'tweedie', power: 1.2 }, optimizer: 'sgd', epochs: 2 },
    );
    expect(tweedie).toMatchObject({ loss: 'tweedie', lossParameters: { power: 1.2 }, optimizer: 'sgd' });
    expect(Model.fromJSON(JSON.parse(JSON.stringify(tweedie)))).toEqual(tweedie);
    expect(fitSync(data, { loss: 'huber' }).lossParameters).toEqual({ delta: 1 });
    expect(model).toMatchObject({ lossParameters: {}, optimizer: 'adam' });
  });

  it('is plain data in JSON', () => {
    const json = model.toJSON();
    expect(Object.keys(json)).toEqual(
      'format version loss lossParameters optimizer path labels coefficients intercepts status epochs steps history options'.split(
        ' ',
      ),
    );
    expect(json).toMatchObject({
      format: 'nabla-model',
      version: 3,
      loss: 'squared',
      optimizer: 'adam',
      path: 'direct',
      status: 'maxEpochs',
      epochs: 10,
    });
    expect(JSON.parse(JSON.stringify(json))).toEqual(json);
    json.coefficients[0] = 99;
    expect(model.coefficients[0]).not.toBe(99);
  });

  const good = JSON.stringify(model);
  const damaged = (change: (json: Record<string, unknown>) => void) => {
    const json = JSON.parse(good);
    change(json);
    return json;
  };
  const set = (key: keyof ModelJSON, value: unknown) => damaged((json) => Object.assign(json, { [key]: value }));
  const format: [string, unknown][] = [
    ['null', null],
    ['undefined', undefined],
    ['a number', 3],
    ['text', good],
    ['an array', [JSON.parse(good)]],
    ['an empty object', {}],
    ['a model by inheritance', Object.create(JSON.parse(good))],
    ['a model as __proto__', JSON.parse(`{"__proto__":${good}}`)],
    ['another format', set('format', 'onnx')],
    ['no format', set('format', undefined)],
    ['an unknown loss', set('loss', 'sqared')],
    ['a loss of the prototype', set('loss', 'toString')],
    ['the loss __proto__', set('loss', '__proto__')],
    ['a loss that is no text', set('loss', ['squared'])],
    ['no parameters of the loss', set('lossParameters', undefined)],
    ['parameters that are none', set('lossParameters', [])],
    ['a parameter that the loss has not', set('lossParameters', { power: 1.5 })],
    ['a parameter missing', set('loss', 'tweedie')],
    [
      'a parameter out of range',
      damaged((json) => Object.assign(json, { loss: 'huber', lossParameters: { delta: 0 } })),
    ],
    ['a parameter of null', damaged((json) => Object.assign(json, { loss: 'huber', lossParameters: { delta: null } }))],
    ['a parameter called name', set('lossParameters', { name: 'huber' })],
    ['no optimizer', set('optimizer', undefined)],
    ['an optimizer without a name', set('optimizer', '')],
    ['no coefficients', set('coefficients', [])],
    ['coefficients that are no array', set('coefficients', { 0: 1, length: 1 })],
    ['a coefficient of text', set('coefficients', [1, '2', 3])],
    ['a coefficient of null, which NaN becomes', set('coefficients', [1, null, 3])],
    ['a coefficient NaN', set('coefficients', [NaN])],
    ['a coefficient that is infinite', set('coefficients', [Infinity])],
    ['coefficients with a hole', set('coefficients', new Array(3))],
    ['an intercept of null', set('intercepts', [null])],
    ['an intercept of text', set('intercepts', ['0'])],
    ['an infinite intercept', set('intercepts', [Infinity])],
    ['a bare intercept', set('intercepts', 0)],
    ['no intercept', set('intercepts', [])],
    ['no intercepts', damaged((json) => delete json.intercepts)],
    ['intercepts that the coefficients are no multiple of', set('intercepts', [1, 2])],
    ['labels of a loss without classes', set('labels', [0, 1])],
    ['labels of two kinds', damaged((json) => Object.assign(json, { loss: 'logistic', labels: ['a', 1] }))],
    ['a label twice', damaged((json) => Object.assign(json, { loss: 'logistic', labels: ['a', 'a'] }))],
    ['a label of null', damaged((json) => Object.assign(json, { loss: 'logistic', labels: [null, 1] }))],
    ['labels that are no array', set('labels', {})],
    ['no labels', damaged((json) => delete json.labels)],
    ['a loss of classes without labels', set('loss', 'logistic')],
    ['softmax with too few labels', damaged((json) => Object.assign(json, { loss: 'softmax', labels: [0, 1] }))],
    ['an unknown status', set('status', 'fine')],
    ['a status by number', set('status', 0)],
    ['a negative number of epochs', set('epochs', -1)],
    ['half an epoch', set('epochs', 1.5)],
    ['too many epochs', set('epochs', 2 ** 53)],
    ['steps as text', set('steps', '1')],
    ['a history that is an array', set('history', [1])],
    ['a history that is text', set('history', 'abc')],
    ['no history', set('history', undefined)],
    ...(['loss', 'validationLoss', 'learningRate', 'gradientNorm'] as const).flatMap((key): [string, unknown][] => [
      [`NaN in ${key}`, damaged(({ history }) => Object.assign(history as object, { [key]: [NaN] }))],
      [`holes in ${key}`, damaged(({ history }) => Object.assign(history as object, { [key]: new Array(3) }))],
      [`no ${key}`, damaged(({ history }) => delete (history as Record<string, unknown>)[key])],
    ]),
  ];
  it.each(format)('does not come back from %s', (_name, json) => {
    expectRefusal(Model.fromJSON.bind(Model), [json], 'ERR_MODEL_FORMAT');
  });

  it.each([0, 1, 4, '3', null, undefined, 1e300])('does not come back from version %s', (version) => {
    expectRefusal(Model.fromJSON.bind(Model), [set('version', version)], 'ERR_MODEL_VERSION');
  });

  it('comes back with a history that is not finite', () => {
    const poisson = { X: Float64Array.of(1, 2), y: Float64Array.of(1, 2) };
    const far = { X: Float64Array.of(1e6), y: Float64Array.of(1) };
    const model = fitSync(poisson, { loss: 'poisson', epochs: 1, validation: far });
    expect(model.status).toBe('maxEpochs');
    expect([...model.history.validationLoss]).toContain(Infinity);
    const back = Model.fromJSON<number>(JSON.parse(JSON.stringify(model)));
    expectBits(back.coefficients, model.coefficients);
    expect(back.history.validationLoss.at(-1)).toBeNaN();
  });

  it('a checksum is checked where there is one', () => {
    const checksum = createHash('sha256').update(good).digest('hex');
    expect(Model.fromJSON({ ...JSON.parse(good), checksum })).toEqual(model);
    const wrong = [checksum.replace(/./, (digit) => (digit === '0' ? '1' : '0')), '', null, 3, undefined, {}];
    for (const checksum of wrong) {
      expectRefusal(Model.fromJSON.bind(Model), [{ ...JSON.parse(good), checksum }], 'ERR_MODEL_CHECKSUM');
    }
    expectRefusal(Model.fromJSON.bind(Model), [{ ...JSON.parse(good), checksum, epochs: 9 }], 'ERR_MODEL_CHECKSUM');
  });

  it('cannot be polluted by what it reads', () => {
    const json = good.replace('{', '{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}},');
    expect(Model.fromJSON(JSON.parse(json))).toEqual(model);
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  });
});
