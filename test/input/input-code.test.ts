// Input that runs code of the caller's: getters, Proxies, a polluted prototype.
import { describe, expect, it } from 'vitest';
import type { Online } from '../../lib/fitting/online.js';
import { takeOwnership } from '../../lib/fitting/own.js';
import { prepare } from '../../lib/fitting/prepare.js';
import type { FitData, FitOptions, Label, Model } from '../../lib/index.js';
import { faces } from '../support/backends.js';
import { detach, expectRefusal, expectRejection, normals, problem, resizable, thrown } from '../support/support.js';

const X = normals(12, 1);
const y = normals(4, 2);

/** An object that acts when this property is read, and then gives the value. */
function acting<T extends object>(object: T, key: string, value: unknown, act: () => void): T {
  return Object.defineProperty(object, key, {
    enumerable: true,
    get() {
      act();
      return value;
    },
  });
}

describe.each(faces)('input that runs code: $name', ({ fit: fitAsync, fitSync }) => {
  it('a getter that throws passes its error on', async () => {
    const mine = new Error('mine');
    const withThrowing = (key: string, object: object) =>
      acting(object, key, undefined, () => {
        throw mine;
      });
    for (const [data, options] of [
      [withThrowing('X', { y }), {}],
      [withThrowing('y', { X }), {}],
      [{ X, y }, withThrowing('epochs', {})],
      [{ X, y }, withThrowing('optimizer', {})],
      [{ X, y }, { optimizer: withThrowing('beta1', { name: 'adam' }) }],
    ] as [FitData, FitOptions][]) {
      expect(thrown(() => fitSync(data, options))).toBe(mine);
      await expect(fitAsync(data, options)).rejects.toBe(mine);
    }
  });

  /** Options that act when they are read. */
  const traps: Record<string, (act: () => void) => FitOptions> = {
    epochs: (act) => acting({}, 'epochs', 5, act),
    learningRate: (act) => ({ optimizer: acting({ name: 'sgd' as const }, 'learningRate', 1, act) }),
    'a row number': (act) => ({ sampler: { name: 'indices', indices: acting([0], '0', 0, act) } }),
  };
  it.each(Object.keys(traps))('%s that detaches or shrinks the data is found out', async (name) => {
    const copy = () => ({ X: X.slice(), y: y.slice() });
    for (const which of ['X', 'y'] as const) {
      const detaching = (data: { X: Float64Array; y: Float64Array }) => traps[name](() => detach(data[which]));
      const [first, second] = [copy(), copy()];
      expectRefusal(() => fitSync(first, detaching(first)), [], 'ERR_DETACHED_BUFFER');
      await expectRejection(() => fitAsync(second, detaching(second)), [], 'ERR_DETACHED_BUFFER');
    }
    const small = resizable(X);
    const shrink = () => (small.buffer as unknown as { resize(length: number): void }).resize(16);
    expectRefusal(() => fitSync({ X: small, y }, traps[name](shrink)), [], 'ERR_SHAPE');
  });

  it('y that detaches X when it is read', () => {
    const victim = X.slice();
    const data = {
      X: victim,
      get y() {
        detach(victim);
        return y;
      },
    };
    expectRefusal(() => fitSync(data), [], 'ERR_DETACHED_BUFFER', /^X /);
  });

  it('options are read once, and their later values do not matter', async () => {
    const reads: string[] = [];
    const once = <T extends object>(target: T): T =>
      new Proxy(target, {
        get(target, key) {
          const value = Reflect.get(target, key);
          if (reads.includes(String(key))) return 'changed';
          reads.push(String(key));
          return value;
        },
      });
    const options = {
      epochs: 3,
      batchSize: 2,
      seed: 5,
      tolerance: 0,
      intercept: false,
      history: 'step',
      loss: 'squared',
    };
    const expected = fitSync({ X, y }, options as FitOptions);
    expect(fitSync(once({ X, y }), once(options) as FitOptions)).toEqual(expected);
    reads.length = 0;
    expect(await fitAsync(once({ X, y }), once(options) as FitOptions)).toEqual(expected);
    reads.length = 0;
    const optimizer = { name: 'sgd', learningRate: 0.1, momentum: 0.5 } as const;
    expect(fitSync({ X, y }, { optimizer: once(optimizer) })).toEqual(fitSync({ X, y }, { optimizer }));
    expect(reads.sort()).toEqual(['learningRate', 'momentum', 'name']);
  });

  it.each<[string, FitOptions]>([
    ['loss', { loss: { name: 'huber', delta: 2 } }],
    ['optimizer', { optimizer: { name: 'sgd', momentum: 0.5 } }],
    ['schedule', { schedule: { name: 'sequential', parts: [{ schedule: 'step', epochs: 2 }] } }],
    ['sampler', { sampler: { name: 'shuffled', once: true } }],
    ['averaging', { averaging: { name: 'ema', decay: 0.5 } }],
    ['classWeight', { loss: 'logistic', classWeight: { 0: 1, 1: 2 } }],
  ])('properties of the option %s are read once', (name, options) => {
    const given = (options as Record<string, object>)[name];
    const reads: string[] = [];
    const counted = {};
    for (const [key, value] of Object.entries(given)) acting(counted, key, value, () => reads.push(key));
    const classes = Float64Array.of(0, 1, 1, 0);
    const data = { X, y: name === 'classWeight' ? classes : y };
    const actual = fitSync(data, { epochs: 3, ...options, [name]: counted });
    expect(reads.sort()).toEqual(Object.keys(given).sort());
    expect(actual).toEqual(fitSync(data, { epochs: 3, ...options }));
  });

  it('no memory of a job for other threads is within reach of the caller', () => {
    const each = (value: number) => new Float64Array(3).fill(value);
    const data = { X: X.slice(), y: y.slice(), sampleWeight: Float64Array.of(1, 2, 3, 4), offset: y.slice() };
    const options: FitOptions = {
      ...{ optimizer: 'adam', keepState: true, averaging: 'ema', standardize: true, epochs: 3 },
      ...{ penaltyFactors: each(1), lowerBounds: each(-1), upperBounds: each(1), l2: 0.1 },
      sampler: { name: 'indices', indices: Uint32Array.of(0, 1, 2, 3) },
      schedule: { name: 'lambda', table: Float64Array.of(1, 0.5) },
    };
    const warmStart = fitSync(data, options) as Model<Label>;
    const buffersOf = (value: unknown): ArrayBufferLike[] => {
      if (ArrayBuffer.isView(value)) return [value.buffer];
      return typeof value === 'object' && value !== null ? Object.values(value).flatMap(buffersOf) : [];
    };
    const { carried } = warmStart.online as Online;
    const reachable = buffersOf([data, options, warmStart.coefficients, warmStart.intercepts, carried]);
    const { job } = takeOwnership(prepare(data, { ...options, warmStart }));
    expect(job.carried).toHaveLength(carried.length);
    for (const buffer of buffersOf(job)) expect(reachable).not.toContain(buffer);
  });

  it('Object.prototype does not count', async () => {
    const data = problem(50, 3, 1);
    const cases: FitOptions[] = [{}, { epochs: 5 }, { optimizer: 'sgd', sampler: 'shuffled', epochs: 5 }];
    const expected = [...cases.map((options) => fitSync(data, options)), fitSync(data)];
    const pollution = {
      ...{ epochs: 1, batchSize: 1, sampler: 'replacement', optimizer: 'rmsprop', intercept: false, seed: 9 },
      ...{ rows: 1, cols: 1, X: 1, y: 1, indices: [0], name: 'sgd', learningRate: 5, beta1: 0, momentum: 0.5 },
      ...{ status: 7, tolerance: 1e9, history: 'step', format: 1, version: 9, weights: 3, loss: 'hinge', schedule: 1 },
    };
    const properties = Object.prototype as unknown as Record<string, unknown>;
    Object.assign(properties, pollution);
    let actual: Model[];
    let promises: Promise<Model>[];
    try {
      actual = [...cases.map((options) => fitSync(data, options)), fitSync(data)];
      promises = [...cases.map((options) => fitAsync(data, options)), fitAsync(data)];
    } finally {
      for (const key of Object.keys(pollution)) delete properties[key];
    }
    expect(actual).toEqual(expected);
    expect(await Promise.all(promises)).toEqual(expected);
  });
});
