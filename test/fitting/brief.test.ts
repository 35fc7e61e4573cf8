// fit of so little that it is done on the calling thread: nobody can tell, but by the time it takes.
import { AsyncLocalStorage } from 'node:async_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { shouldRunInline } from '../../lib/fitting/brief.js';
import type { FitOptions } from '../../lib/index.js';
import { faces } from '../support/backends.js';
import { jobOf } from '../support/jobs.js';
import { detach, expectRejection, problem, resizable } from '../support/support.js';

const data = problem(50, 5, 1);
const options: FitOptions = { optimizer: 'sgd', epochs: 2 };

describe('isBrief', () => {
  it('goes by rows, columns and epochs, validation among them', () => {
    const cases: [boolean, FitOptions, number][] = [
      [true, options, 50],
      [true, { optimizer: 'sgd', epochs: 19 }, 50],
      [false, { optimizer: 'sgd', epochs: 20 }, 50],
      [false, options, 500],
      [false, { optimizer: 'sgd', epochs: Number.MAX_SAFE_INTEGER }, 2],
      [true, { ...options, validation: problem(400, 5, 2) }, 50],
      [false, { ...options, validation: problem(450, 5, 2) }, 50],
      [false, { optimizer: 'newton' }, 50],
      // How many iterations a solver makes, and what XᵀX takes beside a rule, rows do not tell.
      [false, { optimizer: 'newton', epochs: 1 }, 50],
      [true, { optimizer: 'exact' }, 50],
      [true, { optimizer: 'exact' }, 110],
      [false, { optimizer: 'exact' }, 130],
      [false, { ...options, gram: true }, 50],
    ];
    for (const [expected, options, rows] of cases) {
      expect(shouldRunInline(jobOf(problem(rows, 5, 1), options))).toBe(expected);
    }
  });
});

describe.each(faces)('a brief fit: $name', ({ fit: fitAsync, fitSync }) => {
  const expected = fitSync(data, options);

  it('is of the data as they were', async () => {
    const own = () => ({ X: data.X.slice(), y: data.y.slice() });
    const [changed, detached, broken] = [own(), own(), own()];
    broken.y[7] = NaN;
    const promises = [changed, detached, broken].map((data) => fitAsync(data, options));
    changed.X.fill(NaN);
    broken.y[7] = 0;
    for (const array of [detached.X, detached.y]) detach(array);
    expect(await promises[0]).toEqual(expected);
    expect(await promises[1]).toEqual(expected);
    await expectRejection(() => promises[2], [], 'ERR_NOT_FINITE', /index 7$/);
  });

  it('refuses and takes over what others do', async () => {
    await expectRejection(fitAsync, [{ ...data, X: resizable(data.X) }, options], 'ERR_RESIZABLE_BUFFER', /^X /);
    const given = { X: data.X.slice(), y: data.y.slice() };
    const promise = fitAsync(given, { ...options, transfer: true });
    expect([given.X.length, given.y.length]).toEqual([0, 0]);
    expect(await promise).toEqual(expected);
  });

  it('rejects when the signal aborts before the promise is settled', async () => {
    const controller = new AbortController();
    const promise = fitAsync(data, { ...options, signal: controller.signal });
    controller.abort('mine');
    await expect(promise).rejects.toBe('mine');
    await expect(fitAsync(data, { ...options, signal: AbortSignal.abort('before') })).rejects.toBe('before');
  });

  it('lets the event loop turn between fits in a row, those that fail among them', async () => {
    let ended = false;
    const row = async (data: object) => {
      while (!ended) await fitAsync(data as never, options).catch(() => {});
    };
    const rows = [row(data), row({ ...data, y: data.y.map(() => NaN) })];
    await sleep(5);
    ended = true;
    await Promise.all(rows);
  });

  it('tells its progress', async () => {
    const epochs: number[] = [];
    expect(await fitAsync(data, { ...options, onProgress: ({ epoch }) => epochs.push(epoch) })).toEqual(expected);
    expect(epochs.at(-1)).toBe(2);
  });

  it('keeps the asynchronous context', async () => {
    const storage = new AsyncLocalStorage<number>();
    const work = (n: number) =>
      storage.run(n, async () => {
        await fitAsync(data, options);
        return storage.getStore();
      });
    expect(await Promise.all([1, 2, 3].map(work))).toEqual([1, 2, 3]);
  });
});
