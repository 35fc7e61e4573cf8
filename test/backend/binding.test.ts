// The addon called directly: it checks again what memory safety needs, whatever TypeScript has let through.

import { describe, expect, it } from 'vitest';
import { maxParameters, samplerKind, statuses } from '../../lib/backend/plan.js';
import { encodePlan } from '../../lib/backend/wire.js';
import { schedules } from '../../lib/catalog/schedules.js';
import { argumentsOf, loadAddon, outcomeOf } from '../../lib/native/addon.js';
import { native } from '../support/backends.js';
import { jobOf } from '../support/jobs.js';
import { detach, expectBits, normals, problem, thrown } from '../support/support.js';

type Loose = Record<string, (...args: unknown[]) => unknown>;

describe.runIf(native)('the addon', () => {
  const addon = (native ? loadAddon() : {}) as unknown as Loose;
  const x = normals(4, 1);
  const long = normals(5, 2);

  const none = new Float64Array(maxParameters);
  const pair = () => normals(2, 1);
  const ofLoss = (loss: unknown, parameters: unknown, ...rest: unknown[]) => [
    'valueAndGradient',
    [loss, parameters, ...rest],
  ];
  const gradients = [
    [...ofLoss(99, none, x, x, 4, 1, 1, x, x), 'ERR_OUT_OF_RANGE'],
    [...ofLoss(-1, none, x, x, 4, 1, 1, x, x), 'ERR_OUT_OF_RANGE'],
    [...ofLoss(0, new Float64Array(7), x, pair(), 2, 2, 1, pair(), pair()), 'ERR_SHAPE'],
    [...ofLoss(0, none, x, pair(), 3, 2, 1, pair(), pair()), 'ERR_SHAPE'],
    [...ofLoss(0, none, x, normals(1, 1), 2, 2, 1, pair(), pair()), 'ERR_SHAPE'],
    [...ofLoss(0, none, x, pair(), 2, 2, 1, normals(1, 1), pair()), 'ERR_SHAPE'],
    [...ofLoss(0, none, x, pair(), 2, 2, 1, pair(), normals(1, 1)), 'ERR_SHAPE'],
    [...ofLoss(0, none, x, pair(), 2, 2, 2, x, x), 'ERR_SHAPE'],
    [...ofLoss(2, none, x, pair(), 2, 2, 3, x, normals(6, 1)), 'ERR_SHAPE'],
    [...ofLoss(2, none, x, pair(), 2, 2, 3, normals(6, 1), x), 'ERR_SHAPE'],
    [...ofLoss(2, none, x, pair(), 2, 2, 2 ** 53 - 1, x, x), 'ERR_SHAPE'],
    [...ofLoss(2, none, x, pair(), 2, 2, 0, x, x), 'ERR_SHAPE'],
  ] as [string, unknown[], string][];
  const step = (change: Record<number, unknown>): [string, unknown[]] => {
    const good = [
      0,
      none,
      new Float64Array(6),
      0.1,
      1,
      new Float64Array(4),
      [pair()],
      pair(),
      pair(),
      0,
      2,
      null,
      null,
    ];
    return ['updateStep', good.map((arg, i) => (i in change ? change[i] : arg))];
  };
  const steps = [
    [...step({ 0: 99 }), 'ERR_OUT_OF_RANGE'],
    [...step({ 0: -1 }), 'ERR_OUT_OF_RANGE'],
    [...step({ 1: new Float64Array(3) }), 'ERR_SHAPE'],
    [...step({ 2: new Float64Array(3) }), 'ERR_SHAPE'],
    [...step({ 3: '0.1' }), 'ERR_INVALID_ARG_TYPE'],
    [...step({ 5: new Float64Array(3) }), 'ERR_SHAPE'],
    [...step({ 6: [] }), 'ERR_SHAPE'],
    [...step({ 6: [normals(1, 1)] }), 'ERR_SHAPE'],
    [...step({ 6: [new Float32Array(2)] }), 'ERR_INVALID_ARG_TYPE'],
    [...step({ 7: normals(1, 1) }), 'ERR_SHAPE'],
    [...step({ 8: normals(1, 1) }), 'ERR_SHAPE'],
    [...step({ 9: 3 }), 'ERR_SHAPE'],
    [...step({ 10: 3 }), 'ERR_SHAPE'],
    [...step({ 10: 2 ** 53 - 1 }), 'ERR_SHAPE'],
  ] as [string, unknown[], string][];
  const twelve = new Float64Array(12);
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
    ['gram', [x, 4, 1, normals(3, 1), normals(1, 1)], 'ERR_SHAPE'],
    ['gram', [x, 1, 4, normals(1, 1), normals(15, 1)], 'ERR_SHAPE'],
    ['gram', [x, 5, 1, null, normals(1, 1)], 'ERR_SHAPE'],
    ['gram', [x, 4, 1, undefined, normals(1, 1)], 'ERR_INVALID_ARG_TYPE'],
    ['gram', [x, 0, 2 ** 32, null, x], 'ERR_SHAPE'],
    ['unary', [99, x, x], 'ERR_OUT_OF_RANGE'],
    ['unary', [0, x, long], 'ERR_SHAPE'],
    ['unary', [0, x, new Float32Array(4)], 'ERR_INVALID_ARG_TYPE'],
    ['binary', [99, x, 1, x, 1, x], 'ERR_OUT_OF_RANGE'],
    ['binary', [0, x, 2, x, 1, x], 'ERR_OUT_OF_RANGE'],
    ['binary', [0, x, 1, x, 0, long], 'ERR_SHAPE'],
    ['binary', [0, x, 1, new Float64Array(0), 0, x], 'ERR_SHAPE'],
    ['select', [x, long, 1, x, 0, long], 'ERR_SHAPE'],
    ['select', [long, x, 1, x, 0, long], 'ERR_SHAPE'],
    ['sumAxis', [x, 2, 3, 1, long], 'ERR_SHAPE'],
    ['sumAxis', [x, 5, 0, 1, x], 'ERR_SHAPE'],
    ['sumAxis', [x, 2 ** 40, 2 ** 40, 1, x], 'ERR_SHAPE'],
    ['extremeAxis', [true, x, 1, 0, 1, x, new Int32Array(1)], 'ERR_SHAPE'],
    ['extremeAxis', [true, x, 2, 2, 1, x, new Int32Array(1)], 'ERR_SHAPE'],
    ['extremeAxis', [true, x, 2, 2, 1, x, x], 'ERR_INVALID_ARG_TYPE'],
    ['gemm', [false, false, 2, 2, 2, 1, x, 1, x, 2, 0, x, 2], 'ERR_SHAPE'],
    ['gemm', [false, false, 3, 2, 2, 1, x, 2, x, 2, 0, long, 2], 'ERR_SHAPE'],
    ['gemm', [false, true, 2, 3, 2, 1, x, 2, x, 2, 0, long, 3], 'ERR_SHAPE'],
    ['gemm', [false, false, 2, 2, 2, 1, x, 2, x, 2, 0, x, 3], 'ERR_SHAPE'],
    ['gemm', [false, false, 2 ** 32, 2 ** 32, 0, 1, x, 0, x, 2 ** 32, 0, x, 2 ** 32], 'ERR_SHAPE'],
    ['gemm', [false, false, 2, 2, 2, '1', x, 2, x, 2, 0, x, 2], 'ERR_INVALID_ARG_TYPE'],
    ['conv2d', [twelve, x, x, x], 'ERR_SHAPE'],
    ['conv2d', [new Float64Array(13), x, x, x], 'ERR_OUT_OF_RANGE'],
    ['conv2d', [Float64Array.of(1, 2, 2, 1, 1, 1, 1, 1, 1, 0, 0, 2, 3), x, x, x], 'ERR_SHAPE'],
    ['conv2d', [Float64Array.of(1, 2, 3, 1, 1, 1, 1, 1, 1, 0, 0, 2, 2), x, x, x], 'ERR_SHAPE'],
    ['conv2dInput', [Float64Array.of(1, 2, 3, 1, 1, 1, 1, 1, 1, 0, 0, 2, 2), x, x, x], 'ERR_SHAPE'],
    ['conv2dKernel', [Float64Array.of(1, 2, 2, 1, 5, 1, 1, 1, 1, NaN, 0, 2, 2), x, x, x], 'ERR_OUT_OF_RANGE'],
    ['conv2dKernel', [Float64Array.of(1, 2, 2, 1, 5, 1, 1, 1, 1, 0, 0, 2, 2), x, x, x], 'ERR_SHAPE'],
    ['lossCurvature', [99, twelve, x, x, null, 1, x], 'ERR_OUT_OF_RANGE'],
    ['lossCurvature', [0, x, x, x, null, 1, x], 'ERR_SHAPE'],
    ['lossCurvature', [0, twelve, x, x, null, 0, x], 'ERR_SHAPE'],
    ['lossCurvature', [0, twelve, normals(3, 1), x, null, 1, x], 'ERR_SHAPE'],
    ['lossCurvature', [2, twelve, normals(1, 1), x, null, 2, x], 'ERR_SHAPE'],
    ['lossCurvature', [0, twelve, x, x, normals(3, 1), 1, x], 'ERR_SHAPE'],
    ['lossCurvature', [0, twelve, x, x, null, 1, normals(3, 1)], 'ERR_SHAPE'],
    ...gradients,
    ...steps,
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

  const allocate = (n: number) => new Float64Array(n);
  /** What a whole fit off the thread comes to. */
  const run = (args: unknown[]): Promise<unknown> => {
    const [plan, arrays, allocate] = args;
    const fit = addon.begin(plan, arrays);
    return new Promise((resolve) => {
      addon.advance(fit, 1000, (error: unknown) => resolve(error ?? thrown(() => addon.outcome(fit, allocate))), null);
    });
  };

  const fitSync = ([plan, arrays, allocate]: unknown[]) =>
    addon.fitSync(plan, allocate, ...(Array.isArray(arrays) ? arrays : [arrays]));

  /** A good job: plan, arrays, allocate. */
  function job(change: (plan: Float64Array, arrays: unknown[]) => void = () => {}): unknown[] {
    const sampler = { name: 'indices', indices: [0, 1, 2] } as const;
    const validation = problem(5, 3, 2);
    const [plan, arrays] = argumentsOf(jobOf(problem(10, 3, 1), { sampler, validation, epochs: 3 }));
    change(plan, arrays);
    return [plan, arrays, allocate];
  }
  const at = (i: number, value: unknown) => job().map((arg, k) => (k === i ? value : arg));
  const planned = (place: number, value: number) =>
    job((plan) => {
      plan[place] = value;
    });
  const held = (place: number, value: unknown) =>
    job((_plan, arrays) => {
      arrays[place] = value;
    });
  const lists = (n: number) => n * (maxParameters + 1);
  const numbers = lists(6);
  const [rows, cols, outputs, targets, validationRows, batchSize] = [0, 1, 2, 3, 4, 5].map((i) => numbers + i);

  /** A job under a schedule of a list. */
  const listed = (schedule: number, ...list: number[]) => {
    const [plan, ...others] = job() as [Float64Array, ...unknown[]];
    const longer = Float64Array.of(...plan.subarray(0, plan.length - 1), list.length, ...list);
    longer[lists(3)] = schedule;
    return [longer, ...others];
  };
  const [sequential, lambda] = ['sequential', 'lambda'].map((name) => Object.keys(schedules).indexOf(name));
  const part = (kind: number, length: number) => [0, 1, kind, ...Array(maxParameters).fill(1), length];

  const refusedJobs: [string, unknown[], string][] = [
    ['a table without factors', listed(lambda), 'ERR_OUT_OF_RANGE'],
    ['a sequence without parts', listed(sequential), 'ERR_OUT_OF_RANGE'],
    ['a part cut short', listed(sequential, 0, 1, 0), 'ERR_OUT_OF_RANGE'],
    ['a part of no schedule', listed(sequential, ...part(99, 0)), 'ERR_OUT_OF_RANGE'],
    ['a part whose list is short', listed(sequential, ...part(lambda, 3), 1), 'ERR_OUT_OF_RANGE'],
    ['a part whose table is empty', listed(sequential, ...part(lambda, 0)), 'ERR_OUT_OF_RANGE'],
    ['a part of less than no list', listed(sequential, ...part(0, -1)), 'ERR_OUT_OF_RANGE'],
    ['a short plan', at(0, new Float64Array(101)), 'ERR_SHAPE'],
    ['a plan that is none', at(0, {}), 'ERR_INVALID_ARG_TYPE'],
    ['arrays that are none', at(1, {}), 'ERR_INVALID_ARG_TYPE'],
    ['too few arrays', at(1, [null]), 'ERR_INVALID_ARG_TYPE'],
    ['no X', held(0, null), 'ERR_SHAPE'],
    ['a short X', held(0, new Float64Array(29)), 'ERR_SHAPE'],
    ['little room for what is known', held(17, new Float64Array(36)), 'ERR_SHAPE'],
    ['room of singles for what is known', held(17, new Float32Array(37)), 'ERR_INVALID_ARG_TYPE'],
    ['a short X of singles', held(0, new Float32Array(29)), 'ERR_SHAPE'],
    ['an X of whole numbers', held(0, new Int32Array(30)), 'ERR_INVALID_ARG_TYPE'],
    ['an X that is none', held(0, {}), 'ERR_INVALID_ARG_TYPE'],
    ['a y of singles', held(1, new Float32Array(10)), 'ERR_INVALID_ARG_TYPE'],
    ['a short validation X of singles', held(5, new Float32Array(14)), 'ERR_SHAPE'],
    ['a short y', held(1, new Float64Array(9)), 'ERR_SHAPE'],
    ['no y', held(1, null), 'ERR_SHAPE'],
    ['a short sampleWeight', held(2, new Float64Array(9)), 'ERR_SHAPE'],
    ['a short offset', held(3, new Float64Array(9)), 'ERR_SHAPE'],
    ['no rows in use', held(4, new Uint32Array(0)), 'ERR_SHAPE'],
    ['a row beyond X', held(4, Uint32Array.of(10)), 'ERR_OUT_OF_RANGE'],
    ['a short validation X', held(5, new Float64Array(14)), 'ERR_SHAPE'],
    ['a short validation y', held(6, new Float64Array(4)), 'ERR_SHAPE'],
    ['no validation y', held(6, null), 'ERR_SHAPE'],
    ['a short validation sampleWeight', held(7, new Float64Array(4)), 'ERR_SHAPE'],
    ['a short validation offset', held(8, new Float64Array(4)), 'ERR_SHAPE'],
    ['a validation row beyond its X', held(9, Uint32Array.of(5)), 'ERR_OUT_OF_RANGE'],
    ['no indices', held(10, null), 'ERR_SHAPE'],
    ['empty indices', held(10, new Uint32Array(0)), 'ERR_SHAPE'],
    ['signed indices', held(10, new Int32Array(3)), 'ERR_INVALID_ARG_TYPE'],
    ['an index beyond the rows', held(10, Uint32Array.of(0, 10)), 'ERR_OUT_OF_RANGE'],
    ['short penalty factors', held(11, new Float64Array(2)), 'ERR_SHAPE'],
    ['short lower bounds', held(12, new Float64Array(2)), 'ERR_SHAPE'],
    ['short upper bounds', held(13, new Float64Array(2)), 'ERR_SHAPE'],
    ['short weights', held(14, new Float64Array(3)), 'ERR_SHAPE'],
    ['no weights', held(14, null), 'ERR_SHAPE'],
    ['a state that is none', held(15, {}), 'ERR_INVALID_ARG_TYPE'],
    ['rows beyond X', planned(rows, 11), 'ERR_SHAPE'],
    ['no rows', planned(rows, 0), 'ERR_OUT_OF_RANGE'],
    ['rows beyond any index', planned(rows, 2 ** 32), 'ERR_OUT_OF_RANGE'],
    ['cols beyond X', planned(cols, 4), 'ERR_SHAPE'],
    ['cols that overflow', planned(cols, 2 ** 53 - 1), 'ERR_SHAPE'],
    ['no outputs', planned(outputs, 0), 'ERR_OUT_OF_RANGE'],
    ['outputs that overflow', planned(outputs, 2 ** 53 - 1), 'ERR_OUT_OF_RANGE'],
    ['targets other than outputs', planned(targets, 2), 'ERR_OUT_OF_RANGE'],
    ['validation rows beyond their X', planned(validationRows, 6), 'ERR_SHAPE'],
    ['a loss that is none', planned(0, 99), 'ERR_OUT_OF_RANGE'],
    ['a negative loss', planned(0, -1), 'ERR_OUT_OF_RANGE'],
    ['a rule that is none', planned(lists(1), 99), 'ERR_OUT_OF_RANGE'],
    ['a solver that is none', planned(lists(2), 99), 'ERR_OUT_OF_RANGE'],
    ['lbfgs without memory', planned(lists(2), 1), 'ERR_OUT_OF_RANGE'],
    ['a schedule that is none', planned(lists(3), 99), 'ERR_OUT_OF_RANGE'],
    ['a sampler that is none', planned(lists(4), 99), 'ERR_OUT_OF_RANGE'],
    ['an averaging that is none', planned(lists(5), 99), 'ERR_OUT_OF_RANGE'],
    ['batches of nothing', planned(batchSize, 0), 'ERR_OUT_OF_RANGE'],
  ];
  it.each([15, 16])('fitSync and fit: a state of another fit, in array %i', async (place) => {
    for (const length of place === 15 ? [0, 3, 500] : [3, 500]) {
      const args = held(place, new Float64Array(length));
      expect(thrown(() => fitSync(args))).toMatchObject({ code: 'ERR_CHECKPOINT_MISMATCH' });
      expect(await run(args)).toMatchObject({ code: 'ERR_CHECKPOINT_MISMATCH' });
    }
  });

  it.each(refusedJobs)('fitSync and begin: %s', (_name, args, code) => {
    expect(thrown(() => fitSync(args))).toMatchObject({ code });
    expect(thrown(() => addon.begin(...args))).toMatchObject({ code });
  });

  it('a result that cannot be allocated is an error of fit', async () => {
    const mine = new Error('mine');
    const failing = () => {
      throw mine;
    };
    expect(thrown(() => fitSync(at(2, failing)))).toBe(mine);
    expect(await run(at(2, failing))).toBe(mine);
    for (const wrong of [() => new Float64Array(1), () => null, () => new Float32Array(9)]) {
      expect(thrown(() => fitSync(at(2, wrong)))).toHaveProperty('code');
      expect(await run(at(2, wrong))).toHaveProperty('code');
    }
  });

  it('the loss after the update is taken of all rows, be the batches larger or smaller', () => {
    // A list of more indices than there are rows makes batches larger than the data.
    const { X, y } = problem(3, 2, 1);
    for (const batch of [1, 3, 500]) {
      const indices = Uint32Array.from({ length: 500 }, (_, i) => i % 3);
      const made = jobOf({ X, y }, { sampler: { name: 'indices', indices }, batchSize: batch, epochs: 40 });
      expect(made.plan.sampler).toBe(samplerKind.indices);
      const [, arrays] = argumentsOf(made);
      const plan = encodePlan({ ...made.plan, lossAfterUpdate: true });
      for (let repeat = 0; repeat < 50; repeat++) {
        const outcome = outcomeOf(made, fitSync([plan, arrays, allocate]) as Float64Array);
        expect(statuses[outcome.status]).toBe('maxEpochs');
        expect(outcome.loss.length).toBe(40);
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
