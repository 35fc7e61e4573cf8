// Callers that misbehave: arrays that lie, detach or shrink while they are in use, getters and callbacks that throw or
// change what they say. Each is refused by a code, or has no effect, on every backend alike; nothing is half done.
import { rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { NablaError } from '../../lib/base/errors.js';
import * as nabla from '../../lib/index.js';
import { type Face, faces } from '../support/backends.js';
import { detach, expectBits, problem, resizable, shared } from '../support/support.js';

type Array64 = Float64Array<ArrayBuffer>;

/** Says that it has another number of elements than it has. */
class Liar extends Float64Array {
  told = 0;
  override get length(): number {
    return this.told;
  }
}
function lying(values: ArrayLike<number>, told: number): Float64Array {
  const array = new Liar(values.length);
  for (let i = 0; i < values.length; i++) array[i] = values[i];
  array.told = told;
  return array;
}
/** The same by a property of its own. */
const labelled = (values: ArrayLike<number>, told: number) =>
  Object.defineProperty(Float64Array.from(values), 'length', { value: told });
const gone = (values: ArrayLike<number>) => {
  const array = Float64Array.from(values);
  detach(array);
  return array;
};
const proxy = (values: ArrayLike<number>) => new Proxy(Float64Array.from(values), {});
const shrunk = (values: ArrayLike<number>) => {
  const array = resizable(values);
  (array.buffer as ArrayBuffer & { resize(length: number): void }).resize(8);
  return array;
};

/** What may be wrong with an array, and what comes of it where a Float64Array of such a length must be. */
const arrays: [string, (values: ArrayLike<number>) => Float64Array, RegExp][] = [
  ['tells too few elements', (values) => lying(values, values.length - 1), /^ERR_INVALID_ARG_TYPE$/],
  ['tells too many elements', (values) => lying(values, 1e6), /^ERR_INVALID_ARG_TYPE$/],
  ['has fewer than it tells', (values) => lying([1], values.length), /^ERR_INVALID_ARG_TYPE$/],
  [
    'has a length of its own',
    (values) => labelled(values.length > 1 ? [1] : [1, 2], values.length),
    /^ERR_INVALID_ARG_TYPE$/,
  ],
  ['is detached', gone, /^ERR_DETACHED_BUFFER$/],
  ['is a proxy', proxy, /^ERR_INVALID_ARG_TYPE$/],
  ['has shrunk', shrunk, /^ERR_SHAPE$/],
];

const sizes = [4, 100]; // on either side of where JavaScript ends
const data = problem(30, 2, 1);
const packed = { ...data, offsets: [0, 10, 20, 30] };
const model = (face: Face) => face.fitSync(data, { optimizer: 'adam', epochs: 3, keepState: true });

/** Calls with one array that is made by `make`. */
type Make = (values: ArrayLike<number>) => Float64Array;
const entries = (face: Face): [string, (make: Make) => unknown][] => {
  const { kernels } = face;
  const plain = (n: number) => new Float64Array(n).fill(0.5);
  const both = (name: string, call: (n: number, make: Make) => unknown): [string, (make: Make) => unknown][] =>
    sizes.map((n) => [`${name} of ${n}`, (make) => call(n, make)]);
  const pair = { ...data, rows: 30 };
  return [
    ...both('dot x', (n, make) => kernels.dot(make(plain(n)), plain(n))),
    ...both('dot y', (n, make) => kernels.dot(plain(n), make(plain(n)))),
    ...both('axpy x', (n, make) => kernels.axpy(2, make(plain(n)), plain(n))),
    ...both('axpy y', (n, make) => kernels.axpy(2, plain(n), make(plain(n)))),
    ...both('gemv A', (n, make) => kernels.gemv(make(plain(2 * n)), n, 2, plain(2), plain(n))),
    ...both('gemv out', (n, make) => kernels.gemv(plain(2 * n), n, 2, plain(2), make(plain(n)))),
    ...both('gemvT x', (n, make) => kernels.gemvT(plain(2 * n), n, 2, make(plain(n)), plain(2))),
    ...both('gram A', (n, make) => kernels.gram(make(plain(2 * n)), n, 2, null, plain(4))),
    ...both('gram weights', (n, make) => kernels.gram(plain(2 * n), n, 2, make(plain(n)), plain(4))),
    ...both('valueAndGradient y', (n, make) =>
      kernels.valueAndGradient('squared', { X: plain(2 * n), y: make(plain(n)) }, plain(2), plain(2)),
    ),
    ...both('valueAndGradient X', (n, make) =>
      kernels.valueAndGradient('squared', { X: make(plain(2 * n)), y: plain(n) }, plain(2), plain(2)),
    ),
    ...both('Optimizer.step weights', (n, make) => face.createOptimizer('adam', n).step(make(plain(n)), plain(n))),
    ...both('Optimizer.step gradient', (n, make) => face.createOptimizer('adam', n).step(plain(n), make(plain(n)))),
    ['fitSync X', (make) => face.fitSync({ ...pair, X: make(data.X) })],
    ['fitSync y', (make) => face.fitSync({ ...pair, y: make(data.y) })],
    ['fitSync sampleWeight', (make) => face.fitSync({ ...pair, sampleWeight: make(plain(30)) })],
    ['fitSync offset', (make) => face.fitSync({ ...pair, offset: make(plain(30)) })],
    ['fitSync validation', (make) => face.fitSync(pair, { validation: { X: make(data.X), y: data.y } })],
    ['fit X', (make) => face.fit({ ...pair, X: make(data.X) })],
    ['fit y', (make) => face.fit({ ...pair, y: make(data.y) })],
    ['fitIterator X', async (make) => face.fitIterator({ ...pair, X: make(data.X) }).next()],
    ['fitManySync X', (make) => face.fitManySync({ ...packed, X: make(data.X) })],
    ['fitMany y', (make) => face.fitMany({ ...packed, y: make(data.y) })],
    ['fitPathSync X', (make) => face.fitPathSync({ ...pair, X: make(data.X) }, { count: 3 })],
    ['crossValidateSync y', (make) => face.crossValidateSync({ ...pair, y: make(data.y) }, { count: 3, folds: 3 })],
    ['predict', (make) => model(face).predict(make(data.X))],
    ['evaluate', (make) => model(face).evaluate(data.X, make(data.y))],
    ['partialFitSync', (make) => model(face).partialFitSync({ ...pair, X: make(data.X) })],
    ['minimize x0', (make) => nabla.minimize((_x, gradient) => gradient.fill(0)[0], make([1, 2]))],
  ];
};

/** What a call throws or rejects with; undefined if it returns. */
async function thrownBy(call: () => unknown): Promise<unknown> {
  try {
    await call();
  } catch (error) {
    return error;
  }
  return undefined;
}

/** The code that a call throws or rejects with; what else it throws as it is; 'works' if it returns. */
async function codeOf(call: () => unknown): Promise<string> {
  try {
    await call();
    return 'works';
  } catch (error) {
    return error instanceof NablaError ? error.code : `${(error as Error)?.name}: ${(error as Error)?.message}`;
  }
}

describe.each(faces)('callers that misbehave: $name', (face) => {
  it.each(arrays)('an array that %s is refused wherever one is taken', async (name, make, code) => {
    for (const [entry, call] of entries(face)) {
      expect(await codeOf(() => call((values) => Float64Array.from(values))), entry).toBe('works');
      const isAny = entry.startsWith('minimize') && name === 'has shrunk'; // any length will do
      if (!isAny) expect(await codeOf(() => call(make)), entry).toMatch(code);
    }
  });

  it.each(sizes)('an optimizer of %i whose state is detached refuses to step, and counts none', (n) => {
    const optimizer = face.createOptimizer('adam', n);
    const weights = new Float64Array(n).fill(1);
    const gradient = new Float64Array(n).fill(0.1);
    optimizer.step(weights, gradient);
    const before = weights.slice();
    detach(optimizer.state[1]);
    expect(() => optimizer.step(weights, gradient)).toThrow(expect.objectContaining({ code: 'ERR_DETACHED_BUFFER' }));
    expect(optimizer.steps).toBe(1);
    expectBits(weights, before);
    expect(() => {
      (optimizer.state as Float64Array[])[0] = new Float64Array(n);
    }).toThrow(TypeError);
  });

  const boom = new RangeError('thrown by the caller');
  const thrower = () => {
    throw boom;
  };
  const late = (values: unknown, at: number) => {
    const list = Array.from(values as ArrayLike<unknown>);
    Object.defineProperty(list, at, { get: thrower });
    return list;
  };
  it('an array that a getter detaches is refused, whatever reads it afterwards', async () => {
    const names = ['X', 'y', 'sampleWeight', 'offset'] as const;
    for (const name of names) {
      const fresh = () => ({
        X: Float64Array.from(data.X),
        y: Float64Array.from(data.y),
        sampleWeight: new Float64Array(30).fill(0.5),
        offset: new Float64Array(30),
      });
      const foldIds = (of: ReturnType<typeof fresh>) => {
        const ids: number[] = Array.from({ length: 30 }, (_, i) => i % 3);
        Object.defineProperty(ids, 7, {
          get() {
            detach(of[name]);
            return 1;
          },
        });
        return ids;
      };
      const validation = (of: ReturnType<typeof fresh>) => ({
        get X() {
          detach(of[name]);
          return Float64Array.from(data.X);
        },
        y: data.y,
        offset: new Float64Array(30),
      });
      for (const call of [
        (of: ReturnType<typeof fresh>) => face.crossValidateSync(of, { count: 3, foldIds: foldIds(of) }),
        (of: ReturnType<typeof fresh>) => face.crossValidate(of, { count: 3, foldIds: foldIds(of) }),
        (of: ReturnType<typeof fresh>) => face.fitSync(of, { validation: validation(of) }),
        (of: ReturnType<typeof fresh>) => face.fit(of, { validation: validation(of) }),
      ]) {
        expect(await codeOf(() => call(fresh())), `${name}: ${call}`).toBe('ERR_DETACHED_BUFFER');
      }
    }
  });

  it('what a getter or a callback throws comes out as it is', async () => {
    const ids = Array.from({ length: 30 }, (_, i) => i % 3);
    const calls: [string, () => unknown][] = [
      ['foldIds', () => face.crossValidateSync(data, { count: 3, foldIds: late(ids, 7) as number[] })],
      ['options', () => face.fitSync(data, Object.defineProperty({}, 'l2', { get: thrower, enumerable: true }))],
      ['penaltyFactors', () => face.fitSync(data, { penaltyFactors: late([1, 1], 1) as number[] })],
      ['lowerBounds', () => face.fitSync(data, { lowerBounds: late([1, 1], 1) as number[] })],
      [
        'milestones',
        () => face.fitSync(data, { schedule: { name: 'multistep', milestones: late([1, 1], 1) as number[] } }),
      ],
      ['lambda', () => face.fitSync(data, { schedule: { name: 'lambda', lambda: thrower } })],
      [
        'labels',
        () => face.fitSync({ X: data.X, y: late(Array.from(data.y, String), 9) as string[] }, { loss: 'softmax' }),
      ],
      ['offsets', () => face.fitManySync({ ...data, offsets: late([0, 10, 30], 1) as number[] })],
      ['groups', () => face.createOptimizer({ name: 'adam', groups: late([{ start: 0, end: 1 }], 0) as never }, 2)],
      ['onProgress', () => face.fit(data, { optimizer: 'adam', onProgress: thrower })],
      ['onProgress of fitSync', () => face.fitSync(data, { optimizer: 'adam', onProgress: thrower })],
      ['fun', () => nabla.minimize(thrower, Float64Array.of(1))],
    ];
    for (const [name, call] of calls) {
      expect(await thrownBy(call), name).toBe(boom);
    }
  });

  it('what a callback throws is the caller’s own, though it says what V8 does of memory', async () => {
    const options = { optimizer: 'adam', epochs: 3 } as const;
    const messages = ['Invalid array length', 'Invalid typed array length: 9', 'Array buffer allocation failed'];
    for (const error of messages.map((message) => new RangeError(message))) {
      const throwing = () => {
        throw error;
      };
      const aborted = AbortSignal.abort(error);
      const controller = new AbortController();
      const abort = () => controller.abort(error);
      const schedule = { name: 'lambda', lambda: throwing } as const;
      const parts = [{ schedule, epochs: 2 }, { schedule: 'constant' }] as const;
      const checkpoint = { path: join(tmpdir(), `nabla-callers-${process.pid}`), every: 1 };
      const calls: [string, () => unknown][] = [
        ['onProgress', () => face.fit(data, { ...options, onProgress: throwing })],
        ['onProgress of fitSync', () => face.fitSync(data, { ...options, onProgress: throwing })],
        [
          'onProgress with signal',
          () => face.fit(data, { ...options, signal: controller.signal, onProgress: throwing }),
        ],
        ['checkpoint', () => face.fit(data, { ...options, checkpoint, onProgress: throwing })],
        ['partialFit', () => model(face).partialFit(data, { onProgress: throwing })],
        ['lambda', () => face.fitSync(data, { ...options, schedule })],
        ['lambda of a part', () => face.fit(data, { ...options, schedule: { name: 'sequential', parts } })],
        ['lambda of many', () => face.fitManySync(packed, { ...options, schedule })],
        ['signal', () => face.fit(data, { ...options, signal: aborted })],
        ['signal of fitSync', () => face.fitSync(data, { ...options, signal: aborted })],
        ['signal of many', () => face.fitMany(packed, { ...options, signal: aborted })],
        ['a late signal', () => face.fit(data, { ...options, signal: controller.signal, onProgress: abort })],
        ['fun', () => nabla.minimize(throwing, Float64Array.of(1))],
        ['fun of a rule', () => nabla.minimize(throwing, Float64Array.of(1), { optimizer: 'adam' })],
      ];
      for (const [name, call] of calls) {
        expect(await thrownBy(call), name).toBe(error);
      }
      rmSync(checkpoint.path, { force: true });
    }
  });

  it('holes in lists are refused by name', async () => {
    const holed = new Array(3).fill(1);
    delete holed[1];
    const range = { start: 0, end: 1 };
    const late: unknown[] = [range];
    late[2] = range;
    const three = problem(30, 3, 1);
    const calls: [() => unknown, RegExp][] = [
      [() => face.createOptimizer({ name: 'adam', groups: late as never }, 2), /ERR_INVALID_ARG_TYPE/],
      [() => face.createOptimizer({ name: 'adam', groups: new Array(2) }, 2), /ERR_INVALID_ARG_TYPE/],
      [() => face.createOptimizer({ name: 'adam', lowerBounds: holed }, 3), /ERR_INVALID_ARG_TYPE/],
      [() => face.fitSync(three, { penaltyFactors: holed }), /ERR_INVALID_ARG_TYPE/],
      [() => face.fitSync(three, { lowerBounds: holed }), /ERR_INVALID_ARG_TYPE/],
      [() => face.fitSync(three, { schedule: { name: 'lambda', table: holed } }), /ERR_INVALID_ARG_TYPE/],
      [() => face.fitSync(three, { sampler: { name: 'indices', indices: holed } }), /ERR_INVALID_ARG_TYPE/],
      [() => face.crossValidateSync(three, { foldIds: new Array(30) }), /ERR_INVALID_ARG_TYPE/],
      [() => face.fitManySync(Object.assign([three], { 2: three }) as never), /ERR_INVALID_ARG_TYPE/],
      [() => face.fitSync({ X: three.X, y: new Array(30) }, { loss: 'softmax' }), /ERR_INVALID_LABELS/],
    ];
    for (const [call, code] of calls) expect(await codeOf(call), String(call)).toMatch(code);
  });

  it('callbacks that detach, shrink or write what is in use change nothing, or end the call by a code', async () => {
    const own = (make: Make = (values) => Float64Array.from(values)) => ({ X: make(data.X), y: make(data.y) });
    const options = { optimizer: 'adam', epochs: 4 } as const;
    const expected = face.fitSync(data, options);
    const resize = (array: Float64Array) => (array.buffer as ArrayBuffer & { resize(n: number): void }).resize(8);
    // Copies, and memory that the addon reads in place, which is shared.
    const kept = own();
    const fitted = await face.fit(kept, { ...options, onProgress: () => kept.X.length > 0 && detach(kept.X) });
    expectBits(fitted.coefficients, expected.coefficients);
    expectBits((await face.fit(own(shared), options)).coefficients, expected.coefficients);
    const calls: [() => unknown, string][] = [];
    for (const key of ['X', 'y'] as const) {
      const [detached, shrinking] = [own(), own(resizable)];
      calls.push(
        [() => face.fitSync(detached, { ...options, onProgress: () => detach(detached[key]) }), 'ERR_DETACHED_BUFFER'],
        [() => face.fitSync(shrinking, { ...options, onProgress: () => resize(shrinking[key]) }), 'ERR_SHAPE'],
        [() => face.fit(own(resizable), options), 'ERR_RESIZABLE_BUFFER'],
      );
      const table = own();
      const lambda = () => {
        if (table[key].length > 0) detach(table[key]);
        return 1;
      };
      const schedule = { name: 'lambda', lambda } as const;
      calls.push([() => face.fitSync(table, { ...options, schedule }), 'ERR_DETACHED_BUFFER']);
      const held = own();
      const onProgress = () => detach(held[key]);
      calls.push([() => face.fitSync(data, { ...options, validation: held, onProgress }), 'ERR_DETACHED_BUFFER']);
    }
    for (const [call, code] of calls) expect(await codeOf(call), String(call)).toBe(code);
  });

  it('a function that detaches or writes what minimize hands it ends the call by a code, or changes nothing', async () => {
    const bowl = (x: Float64Array, gradient: Float64Array) => {
      gradient.set(x.map((value) => 2 * value));
      return x.reduce((sum, value) => sum + value * value, 0);
    };
    const x0 = Float64Array.of(3, -4);
    for (const optimizer of ['lbfgs', 'adam'] as const) {
      const expected = nabla.minimize(bowl, x0, { optimizer });
      const minimumAfter = (misdeed: (x: Array64, gradient: Array64) => void) => () =>
        nabla.minimize(
          (x, gradient) => {
            const value = bowl(x, gradient);
            misdeed(x as Array64, gradient as Array64);
            return value;
          },
          x0,
          { optimizer },
        );
      expect(minimumAfter((x) => x.fill(1e9))()).toEqual(expected);
      expect(minimumAfter((x) => detach(x))()).toEqual(expected);
      expect(await codeOf(minimumAfter((_x, gradient) => detach(gradient)))).toBe('ERR_DETACHED_BUFFER');
      expectBits(x0, [3, -4]);
    }
  });
});
