// What a caller does with a fit while it runs: signal and onProgress.
import { AsyncLocalStorage } from 'node:async_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { createContext, runInContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import type { FitOptions, FitProgress } from '../../lib/index.js';
import { faces } from '../support/backends.js';
import { detach, expectRefusal, expectRejection, patience, problem, runs, thrown } from '../support/support.js';

const data = problem(200, 5, 1);
const options: FitOptions = { batchSize: 16, epochs: 20, seed: 4 };
const endless: FitOptions = { epochs: Number.MAX_SAFE_INTEGER, optimizer: 'sgd' };
const soon = patience(1000);

/** A signal that counts the listeners on it. */
function counted() {
  const controller = new AbortController();
  const { signal } = controller;
  const count = { added: 0, left: 0 };
  const { addEventListener, removeEventListener } = EventTarget.prototype;
  Object.assign(signal, {
    addEventListener(...args: Parameters<typeof addEventListener>) {
      count.added++;
      count.left++;
      addEventListener.apply(signal, args);
    },
    removeEventListener(...args: Parameters<typeof removeEventListener>) {
      count.left--;
      removeEventListener.apply(signal, args);
    },
  });
  return { controller, signal, count };
}

async function reasonOf(promise: Promise<unknown>): Promise<unknown> {
  const [result] = await Promise.allSettled([promise]);
  return result.status === 'rejected' ? result.reason : expect.fail('it was fulfilled');
}

describe.each(faces)('signal: $name', (face) => {
  const { fit: fitAsync, fitSync, fitPath, fitPathSync, crossValidate, crossValidateSync, estimators } = face;

  it('changes nothing when it does not abort, and nothing is left on it', async () => {
    const { controller, signal, count } = counted();
    expect(await fitAsync(data, { ...options, signal })).toEqual(fitSync(data, options));
    expect(count).toEqual({ added: 1, left: 0 });
    controller.abort();
    await sleep(1);
    expect(fitSync(data, { ...options, signal: new AbortController().signal })).toEqual(fitSync(data, options));
  });

  it('aborted before: rejects with its reason, and nothing begins', async () => {
    const mine = new Error('mine');
    const signal = AbortSignal.abort(mine);
    const begun: FitProgress[] = [];
    const all = { ...endless, signal, onProgress: (progress: FitProgress) => begun.push(progress) };
    expect(await reasonOf(fitAsync(data, all))).toBe(mine);
    expect(thrown(() => fitSync(data, all))).toBe(mine);
    const X = data.X.slice();
    expect(await reasonOf(fitAsync({ X, y: data.y }, { ...all, transfer: true }))).toBe(mine);
    expect(X.length).toBe(1000);
    expect(begun).toEqual([]);
    const usual = await reasonOf(fitAsync(data, { signal: AbortSignal.abort() }));
    expect(usual).toMatchObject({ name: 'AbortError', code: 20 });
  });

  it('aborted in the middle: rejects at once, and the fit ends', async () => {
    for (const reason of [new Error('mine'), 'text', 0, null]) {
      const { controller, signal, count } = counted();
      const promise = fitAsync(data, { ...endless, signal });
      setTimeout(() => controller.abort(reason), 5);
      const begun = performance.now();
      expect(await reasonOf(promise)).toBe(reason);
      expect(performance.now() - begun).toBeLessThan(soon);
      expect(count).toEqual({ added: 1, left: 0 });
    }
    // A pool that is busy with dead fits would not come to this one.
    expect((await fitAsync(data, options)).epochs).toBe(20);
  });

  it('aborted in the same turn, with more fits than threads', async () => {
    const controller = new AbortController();
    const { signal } = controller;
    const all = Array.from({ length: 50 }, () => fitAsync(data, { ...endless, signal }));
    const other = fitAsync(data, options);
    controller.abort();
    const results = await Promise.allSettled(all);
    for (const result of results) expect(result).toMatchObject({ status: 'rejected', reason: signal.reason });
    expect((await other).epochs).toBe(20);
  });

  it('serves many fits with one listener', async () => {
    const { controller, signal, count } = counted();
    const first = fitAsync(data, { ...options, signal });
    const all = Array.from({ length: 20 }, () => fitAsync(data, { ...endless, signal }));
    await first;
    expect(count).toEqual({ added: 1, left: 1 });
    controller.abort('mine');
    for (const promise of all) expect(await reasonOf(promise)).toBe('mine');
    expect(count).toEqual({ added: 1, left: 0 });
  });

  it('aborted after: nothing happens', async () => {
    const controller = new AbortController();
    const model = await fitAsync(data, { ...options, signal: controller.signal });
    controller.abort();
    await sleep(1);
    expect(model).toEqual(fitSync(data, options));
  });

  it('ends the fit of a time limit of its own', async () => {
    expect(await reasonOf(fitAsync(data, { ...endless, signal: AbortSignal.timeout(5) }))).toMatchObject({
      name: 'TimeoutError',
    });
  });

  it('of another realm', async () => {
    const { controller } = runInContext('({ controller })', createContext({ controller: new AbortController() }));
    const foreign = Object.setPrototypeOf(
      {
        get aborted() {
          return controller.signal.aborted;
        },
        get reason() {
          return controller.signal.reason;
        },
        addEventListener: controller.signal.addEventListener.bind(controller.signal),
        removeEventListener: controller.signal.removeEventListener.bind(controller.signal),
      },
      null,
    );
    const promise = fitAsync(data, { ...endless, signal: foreign });
    controller.abort('mine');
    expect(await reasonOf(promise)).toBe('mine');
  });

  it.each([
    null,
    'now',
    {},
    { aborted: false },
    { aborted: false, addEventListener: 1, removeEventListener: 2 },
    new EventTarget(),
    new AbortController(),
  ])('that is none: %o', async (signal) => {
    const wrong = { ...options, signal: signal as AbortSignal };
    await expectRejection(fitAsync, [data, wrong], 'ERR_INVALID_ARG_TYPE', /^signal must be an AbortSignal/);
    expectRefusal(fitSync, [data, wrong], 'ERR_INVALID_ARG_TYPE', /^signal /);
    await expectRejection(fitPath, [data, { signal: wrong.signal }], 'ERR_INVALID_ARG_TYPE', /^signal /);
  });

  it('ends all that is made of fits', async () => {
    const model = fitSync(data, { optimizer: 'sgd' });
    const wide = problem(400, 40, 3);
    const ridge = new estimators.Ridge({ optimizer: 'sgd', epochs: Number.MAX_SAFE_INTEGER });
    const sgd = new estimators.SGDRegressor({ epochs: 1e9, patience: 0 });
    const works: [string, (signal: AbortSignal) => Promise<unknown>][] = [
      ['fitPath', (signal) => fitPath(wide, { signal, optimizer: 'sgd', epochs: 1e9 })],
      ['crossValidate', (signal) => crossValidate(wide, { signal, lambdas: [1, 0.1], optimizer: 'sgd', epochs: 1e9 })],
      ['partialFit', (signal) => model.partialFit(data, { signal, epochs: 1e9 })],
      ['checkpoint', (signal) => fitAsync(data, { ...endless, signal, checkpoint: '/dev/null/none' })],
      ['Ridge', (signal) => ridge.fit(data, { signal })],
      ['SGDRegressor', (signal) => sgd.fit(data, { signal })],
    ];
    for (const [name, work] of works) {
      const { controller, signal, count } = counted();
      const promise = work(signal);
      if (name === 'checkpoint') controller.abort('mine');
      else setTimeout(() => controller.abort('mine'), 5);
      expect(await reasonOf(promise), name).toBe('mine');
      expect(count, name).toEqual({ added: 1, left: 0 });
      expect(await reasonOf(work(AbortSignal.abort('before'))), name).toBe('before');
    }
    expect(thrown(() => ridge.model)).toMatchObject({ code: 'ERR_NOT_FITTED' });
    const aborted = { signal: AbortSignal.abort('before') };
    expect(thrown(() => fitPathSync(data, aborted))).toBe('before');
    expect(thrown(() => crossValidateSync(data, aborted))).toBe('before');
    expect(thrown(() => ridge.fitSync(data, aborted))).toBe('before');
  });

  it('belongs to the call of an estimator', () => {
    const { signal } = new AbortController();
    expectRefusal((given) => new estimators.Ridge(given as never), [{ signal }], 'ERR_UNKNOWN_OPTION', /fit\(data, /);
    const ridge = new estimators.Ridge();
    expectRefusal(ridge.fitSync.bind(ridge), [data, { epochs: 3 }], 'ERR_UNKNOWN_OPTION', /made with/);
    expectRefusal(fitPathSync, [data, { onProgress() {} }], 'ERR_UNKNOWN_OPTION');
  });
});

describe.each(faces)('onProgress: $name', ({ fit: fitAsync, fitSync, estimators }) => {
  const watched: FitOptions = { ...options, validationFraction: 0.2 };

  it('of fitSync is told of every epoch', () => {
    const told: FitProgress[] = [];
    const model = fitSync(data, { ...watched, onProgress: (progress) => told.push(progress) });
    expect(model).toEqual(fitSync(data, watched));
    const { history } = model;
    expect(told.map(({ elapsed: _, ...others }) => others)).toEqual(
      Array.from({ length: 20 }, (_, i) => ({
        epoch: i + 1,
        step: 10 * (i + 1),
        loss: history[i],
        validationLoss: history.validationLoss[i],
        learningRate: history.learningRate[i],
      })),
    );
    const elapsed = told.map(({ elapsed }) => elapsed);
    expect(elapsed).toEqual([...elapsed].sort((a, b) => a - b));
    expect(elapsed[19]).toBeGreaterThan(0);
    expect(elapsed[19]).toBeLessThan(soon / 100);
  });

  it('of fit is told of the newest epochs, and always of the last, before the promise', async () => {
    const expected = fitSync(data, watched);
    const told: FitProgress[] = [];
    let settled = false;
    const promise = fitAsync(data, {
      ...watched,
      onProgress(progress) {
        expect(settled).toBe(false);
        told.push(progress);
      },
    }).then((model) => {
      settled = true;
      return model;
    });
    expect(await promise).toEqual(expected);
    const { history } = expected;
    for (const { epoch, step, loss, validationLoss, learningRate } of told) {
      expect({ step, loss, validationLoss, learningRate }).toEqual({
        step: 10 * epoch,
        loss: history[epoch - 1],
        validationLoss: history.validationLoss[epoch - 1],
        learningRate: history.learningRate[epoch - 1],
      });
    }
    const epochs = told.map(({ epoch }) => epoch);
    expect(epochs).toEqual([...new Set(epochs)].sort((a, b) => a - b));
    expect(epochs.at(-1)).toBe(20);
    await sleep(2);
    expect(told.length).toBe(epochs.length);
  });

  it('has no validationLoss without validation, and counts what partialFit goes on from', async () => {
    const told: FitProgress[] = [];
    const onProgress = (progress: FitProgress) => told.push(progress);
    const model = await fitAsync(data, { ...options, keepState: true, onProgress });
    await model.partialFit(data, { batchSize: 16, onProgress });
    expect(told[0]).not.toHaveProperty('validationLoss');
    expect(told.at(-1)).toMatchObject({ epoch: 21, step: 21 * 13 });
    await new estimators.Ridge().fit(data, { onProgress });
    expect(told.at(-1)).toMatchObject({ epoch: 1 });
  });

  it('is told across the pieces of a fit with checkpoints', async () => {
    for (const run of [fitSync, fitAsync]) {
      const told: FitProgress[] = [];
      const onProgress = (progress: FitProgress) => told.push(progress);
      const path = `${process.env.TMPDIR ?? '/tmp'}/nabla-progress-${process.pid}`;
      await run(data, { ...options, onProgress, checkpoint: { path, every: 7 } });
      const elapsed = told.map(({ elapsed }) => elapsed);
      expect([...elapsed].sort((a, b) => a - b)).toEqual(elapsed);
      expect(told.at(-1)).toMatchObject({ epoch: 20 });
      expect(told.some(({ epoch }) => epoch === 7)).toBe(true);
    }
  });

  it('that throws ends the fit with its error', async () => {
    for (const mine of [new Error('mine'), undefined]) {
      let calls = 0;
      const onProgress = () => {
        calls++;
        throw mine;
      };
      expect(await reasonOf(fitAsync(data, { ...endless, onProgress }))).toBe(mine);
      await sleep(2);
      expect(calls).toBe(1);
      let error: unknown = 'none';
      try {
        fitSync(data, { ...endless, onProgress });
      } catch (caught) {
        error = caught;
      }
      expect(error).toBe(mine);
      expect(calls).toBe(2);
    }
    expect((await fitAsync(data, options)).epochs).toBe(20);
  });

  it('that aborts the signal ends the fit', async () => {
    for (const run of [fitSync, fitAsync]) {
      const controller = new AbortController();
      let calls = 0;
      const onProgress = () => {
        calls++;
        controller.abort('mine');
      };
      const promise = (async () => run(data, { ...endless, signal: controller.signal, onProgress }))();
      expect(await reasonOf(promise)).toBe('mine');
      await sleep(2);
      expect(calls).toBe(1);
    }
  });

  it('may call fits', async () => {
    const expected = fitSync(data, options);
    const inner: unknown[] = [];
    const promises: Promise<unknown>[] = [];
    const onProgress = () => {
      inner.push(fitSync(data, options));
      promises.push(fitAsync(data, options));
    };
    expect(fitSync(data, { ...options, onProgress })).toEqual(expected);
    expect(await fitAsync(data, { ...options, onProgress })).toEqual(expected);
    expect(inner.length).toBeGreaterThan(20);
    for (const model of [...inner, ...(await Promise.all(promises))]) expect(model).toEqual(expected);
  });

  it('of fitSync that detaches the data ends the fit', () => {
    for (const key of ['X', 'y', 'offset'] as const) {
      for (const validates of [false, true]) {
        const made = () => ({ X: data.X.slice(), y: data.y.slice(), offset: new Float64Array(200) });
        const own = made();
        const validation = made();
        let epochs = 0;
        const onProgress = () => {
          if (++epochs === 3) detach((validates ? validation : own)[key]);
        };
        const error = thrown(() => fitSync(own, { ...options, validation, onProgress }));
        expect(error).toMatchObject({ code: 'ERR_DETACHED_BUFFER', message: expect.stringContaining(key) });
        expect(epochs).toBe(3);
      }
    }
  });

  it('keeps the asynchronous context', async () => {
    const storage = new AsyncLocalStorage<number>();
    const seen: unknown[] = [];
    await Promise.all(
      [1, 2, 3].map((n) =>
        storage.run(n, async () => {
          await fitAsync(data, { ...options, onProgress: () => seen.push([n, storage.getStore()]) });
          seen.push([n, storage.getStore()]);
        }),
      ),
    );
    expect(seen.length).toBeGreaterThanOrEqual(6);
    for (const pair of seen as unknown[][]) expect(pair[0]).toBe(pair[1]);
  });

  it.each([null, 'log', {}, 1])('that is no function: %o', async (onProgress) => {
    const wrong = { ...options, onProgress: onProgress as never };
    await expectRejection(fitAsync, [data, wrong], 'ERR_INVALID_ARG_TYPE', /^onProgress must be a function/);
    expectRefusal(fitSync, [data, wrong], 'ERR_INVALID_ARG_TYPE', /^onProgress /);
  });

  it('has at most one tick outstanding', async () => {
    // A million epochs end while the event loop is busy: one tick is what is left of them.
    const before = process.memoryUsage().rss;
    const told: number[] = [];
    const tiny = problem(2, 1, 1);
    const epochs = runs(300_000);
    const promise = fitAsync(tiny, { optimizer: 'sgd', epochs, onProgress: ({ epoch }) => told.push(epoch) });
    const end = performance.now() + 100;
    while (performance.now() < end);
    await promise;
    expect(told.at(-1)).toBe(epochs);
    expect(process.memoryUsage().rss - before).toBeLessThan(100e6);
  });
});

describe.each(faces)('5,000 fits at once: $name', ({ fit: fitAsync, fitSync }) => {
  it('are each right, with signals and progress', { timeout: patience(60_000) }, async () => {
    const small = problem(20, 3, 1);
    const controller = new AbortController();
    const { signal } = controller;
    const seeds = Array.from({ length: runs(5000) }, (_, seed) => seed);
    let told = 0;
    const onProgress = () => {
      told++;
    };
    const all = seeds.map((seed) => fitAsync(small, { batchSize: 4, epochs: 2, seed, signal, onProgress }));
    const models = await Promise.all(all);
    expect(told).toBeGreaterThanOrEqual(seeds.length);
    for (const seed of seeds.filter((seed) => seed % 100 === 0)) {
      expect(models[seed]).toEqual(fitSync(small, { batchSize: 4, epochs: 2, seed }));
    }
  });
});
