// Input that runs code of the caller's: getters, Proxies, a polluted prototype.
import { describe, expect, it } from 'vitest';
import type { FitData, FitOptions, Model } from '../lib/index.js';
import { faces } from './backends.js';
import { detach, expectRefusal, expectRejection, normals, problem, resizable, thrown } from './support.js';

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
