// The addon called directly: it checks again what memory safety needs, whatever TypeScript has let through.
import { describe, expect, it } from 'vitest';
import { loadAddon } from '../lib/native.js';
import { readFitOptions } from '../lib/options.js';
import { encode, samplerKind, status } from '../lib/plan.js';
import { native } from './backends.js';
import { detach, expectBits, normals, problem, thrown } from './support.js';

type Loose = Record<string, (...args: unknown[]) => unknown>;
const allocate = (n: number) => new Float64Array(n);

describe.runIf(native)('the addon', () => {
  const addon = (native ? loadAddon() : {}) as unknown as Loose;
  const x = normals(4, 1);
  const long = normals(5, 2);

  const refused: [name: string, args: unknown[], code: string][] = [
    ['dot', [long, x], 'ERR_SHAPE'],
    ['dot', [x], 'ERR_INVALID_ARG_TYPE'],
    ['dot', [], 'ERR_INVALID_ARG_TYPE'],
    ['dot', [x, new Float32Array(4)], 'ERR_INVALID_ARG_TYPE'],
    ['dot', [x, [1, 2, 3, 4]], 'ERR_INVALID_ARG_TYPE'],
    ['dot', [x, new Proxy(x, {})], 'ERR_INVALID_ARG_TYPE'],
    ['dot', [x, Object.create(Float64Array.prototype)], 'ERR_INVALID_ARG_TYPE'],
    ['axpy', [1, long, x], 'ERR_SHAPE'],
    ['axpy', ['1', x, x], 'ERR_INVALID_ARG_TYPE'],
    ['scal', [1n, x], 'ERR_INVALID_ARG_TYPE'],
    ['nrm2', [undefined], 'ERR_INVALID_ARG_TYPE'],
    ['asum', [new BigInt64Array(4)], 'ERR_INVALID_ARG_TYPE'],
    ['gemv', [x, 2, 3, normals(3, 1), normals(2, 1)], 'ERR_SHAPE'],
    ['gemv', [x, 2, 2, normals(1, 1), normals(2, 1)], 'ERR_SHAPE'],
    ['gemv', [x, 2, 2, normals(2, 1), normals(1, 1)], 'ERR_SHAPE'],
    ['gemvT', [x, 4, 1, normals(3, 1), normals(1, 1)], 'ERR_SHAPE'],
    ['gemvT', [x, 1, 4, normals(1, 1), normals(3, 1)], 'ERR_SHAPE'],
    ['gemv', [x, NaN, 2, normals(2, 1), normals(2, 1)], 'ERR_OUT_OF_RANGE'],
    ['gemv', [x, -1, 2, normals(2, 1), normals(2, 1)], 'ERR_OUT_OF_RANGE'],
    ['gemv', [x, 1.5, 2, normals(2, 1), normals(2, 1)], 'ERR_OUT_OF_RANGE'],
    ['gemv', [x, 2 ** 53, 2, normals(2, 1), normals(2, 1)], 'ERR_OUT_OF_RANGE'],
    ['gemv', [x, '2', 2, normals(2, 1), normals(2, 1)], 'ERR_INVALID_ARG_TYPE'],
    ['gemv', [x, 2 ** 32, 2 ** 32, normals(2, 1), normals(2, 1)], 'ERR_SHAPE'],
    ['gemv', [x, 2 ** 31, 2 ** 31, normals(2, 1), normals(2, 1)], 'ERR_SHAPE'],
    ['gemvT', [x, 2 ** 53 - 1, 2 ** 53 - 1, normals(2, 1), normals(2, 1)], 'ERR_SHAPE'],
    ['valueAndGradient', [99, new Float64Array(8), x, x, x, x], 'ERR_OUT_OF_RANGE'],
    ['valueAndGradient', [-1, new Float64Array(8), x, x, x, x], 'ERR_OUT_OF_RANGE'],
    ['valueAndGradient', [0, new Float64Array(7), x, normals(2, 1), normals(2, 1), normals(2, 1)], 'ERR_SHAPE'],
    ['valueAndGradient', [0, new Float64Array(8), x, normals(3, 1), normals(2, 1), normals(2, 1)], 'ERR_SHAPE'],
    ['valueAndGradient', [0, new Float64Array(8), x, normals(2, 1), normals(2, 1), normals(1, 1)], 'ERR_SHAPE'],
  ];
  it.each(refused)('%s, case %#', (name, args, code) => {
    expect(thrown(() => addon[name](...args))).toMatchObject({ code });
  });

  it('a detached array has no elements', () => {
    const gone = normals(4, 1);
    detach(gone);
    expect(thrown(() => addon.dot(x, gone))).toMatchObject({ code: 'ERR_SHAPE' });
    expect(addon.nrm2(gone)).toBe(0);
  });

  it('a subclass does not get away with a false length', () => {
    class Liar extends Float64Array {
      override get length() {
        return 1000;
      }
    }
    const liar = new Liar(4);
    const zeros = new Float64Array(1000);
    expect(thrown(() => addon.dot(zeros, liar))).toMatchObject({ code: 'ERR_SHAPE' });
    expect(thrown(() => addon.axpy(1, zeros, liar))).toMatchObject({ code: 'ERR_SHAPE' });
    expect(thrown(() => addon.gemv(zeros, 1000, 1, x, liar))).toMatchObject({ code: 'ERR_SHAPE' });
    expect(addon.asum(liar)).toBe(0);
  });

  /** A good job: plan, X, y, rows, cols, indices, weights, allocate. */
  function job(change: (plan: Float64Array) => void = () => {}): unknown[] {
    const { plan, indices } = readFitOptions({ sampler: { name: 'indices', indices: [0, 1, 2] }, epochs: 3 }, 10);
    const numbers = encode(plan);
    change(numbers);
    const { X, y } = problem(10, 3, 1);
    return [numbers, X, y, 10, 3, indices, new Float64Array(4), allocate];
  }
  const at = (i: number, value: unknown) => job().map((arg, k) => (k === i ? value : arg));
  const planned = (place: number, value: number) =>
    job((plan) => {
      plan[place] = value;
    });
  const [loss, rule, samplerAt, batchSize] = [0, 9, 27, 28];

  const refusedJobs: [string, unknown[], string][] = [
    ['a short plan', at(0, new Float64Array(34)), 'ERR_SHAPE'],
    ['a plan that is none', at(0, {}), 'ERR_INVALID_ARG_TYPE'],
    ['a short X', at(1, new Float64Array(29)), 'ERR_SHAPE'],
    ['a short y', at(2, new Float64Array(9)), 'ERR_SHAPE'],
    ['rows beyond X', at(3, 11), 'ERR_SHAPE'],
    ['no rows', at(3, 0), 'ERR_OUT_OF_RANGE'],
    ['rows beyond any index', at(3, 2 ** 32), 'ERR_OUT_OF_RANGE'],
    ['rows NaN', at(3, NaN), 'ERR_OUT_OF_RANGE'],
    ['cols beyond X', at(4, 4), 'ERR_SHAPE'],
    ['cols that overflow', at(4, 2 ** 53 - 1), 'ERR_SHAPE'],
    ['no indices', at(5, null), 'ERR_INVALID_ARG_TYPE'],
    ['empty indices', at(5, new Uint32Array(0)), 'ERR_OUT_OF_RANGE'],
    ['signed indices', at(5, new Int32Array(3)), 'ERR_INVALID_ARG_TYPE'],
    ['an index beyond the rows', at(5, Uint32Array.of(0, 10)), 'ERR_OUT_OF_RANGE'],
    ['short weights', at(6, new Float64Array(3)), 'ERR_SHAPE'],
    ['a loss that is none', planned(loss, 99), 'ERR_OUT_OF_RANGE'],
    ['a negative loss', planned(loss, -1), 'ERR_OUT_OF_RANGE'],
    ['a rule that is none', planned(rule, 99), 'ERR_OUT_OF_RANGE'],
    ['a sampler that is none', planned(samplerAt, 99), 'ERR_OUT_OF_RANGE'],
    ['batches of nothing', planned(batchSize, 0), 'ERR_OUT_OF_RANGE'],
  ];
  it.each(refusedJobs)('fitSync and fit: %s', (_name, args, code) => {
    expect(thrown(() => addon.fitSync(...args))).toMatchObject({ code });
    const callback = () => expect.fail('called in spite of the error');
    expect(thrown(() => addon.fit(...args, callback))).toMatchObject({ code });
  });

  it('a result that cannot be allocated is an error of fit', async () => {
    const mine = new Error('mine');
    const failing = () => {
      throw mine;
    };
    expect(thrown(() => addon.fitSync(...at(7, failing)))).toBe(mine);
    expect(await new Promise((resolve) => addon.fit(...at(7, failing), resolve))).toBe(mine);
    for (const wrong of [() => new Float64Array(1), () => null, () => new Float32Array(9)]) {
      expect(thrown(() => addon.fitSync(...at(7, wrong)))).toHaveProperty('code');
      expect(await new Promise((resolve) => addon.fit(...at(7, wrong), resolve))).toHaveProperty('code');
    }
  });

  it('the loss after the update is taken of all rows, be the batches larger or smaller', () => {
    // A list of more indices than there are rows makes batches larger than the data.
    const { X, y } = problem(3, 2, 1);
    for (const batch of [1, 3, 500]) {
      const indices = Uint32Array.from({ length: 500 }, (_, i) => i % 3);
      const { plan } = readFitOptions({ sampler: { name: 'indices', indices }, batchSize: batch, epochs: 40 }, 3);
      expect(plan.sampler).toBe(samplerKind.indices);
      const numbers = encode({ ...plan, lossAfterUpdate: true });
      for (let repeat = 0; repeat < 50; repeat++) {
        const outcome = addon.fitSync(numbers, X, y, 3, 2, indices, new Float64Array(3), allocate) as {
          status: number;
          history: Float64Array;
        };
        expect(outcome.status).toBe(status.maxEpochs);
        expect(outcome.history.length).toBe(40);
      }
    }
  });

  it('aliased arguments do what they do in order', () => {
    const y = x.slice();
    addon.axpy(1, y, y);
    expectBits(
      y,
      x.map((value) => 2 * value),
    );
  });
});
