// fit: the promise, what it owes to fitSync, to the event loop and to callers who change their data meanwhile.
import { describe, expect, it } from 'vitest';
import { snapshot } from '../../lib/base/arrays.js';
import { NablaError, sgd } from '../../lib/index.js';
import { faces } from '../support/backends.js';
import { detach, normals, patience, problem, resizable, runs, shared } from '../support/support.js';

describe.each(faces)('fit off the thread: $name', ({ name, fit: fitAsync, fitSync }) => {
  const data = problem(200, 5, 1);
  const options = { batchSize: 16, epochs: 20, seed: 4 };
  const expected = fitSync(data, options);

  it('returns a promise of what fitSync returns', async () => {
    const promise = fitAsync(data, options);
    expect(promise).toBeInstanceOf(Promise);
    let settled = false;
    promise.then(() => {
      settled = true;
    });
    await Promise.resolve();
    expect(settled).toBe(false);
    expect(await promise).toEqual(expected);
  });

  it('has its own copy of X and y', async () => {
    const changed = { X: data.X.slice(), y: data.y.slice() };
    const first = fitAsync(changed, options);
    changed.X.fill(NaN);
    changed.y.fill(NaN);
    const transferred = { X: data.X.slice(), y: data.y.slice() };
    const second = fitAsync(transferred, options);
    detach(transferred.X);
    detach(transferred.y);
    const indices = Uint32Array.from({ length: 200 }, (_, i) => (i * 7) % 200);
    const sampler = { name: 'indices' as const, indices: indices.slice() };
    const third = fitAsync(data, { ...options, sampler });
    sampler.indices.fill(0);
    expect(await first).toEqual(expected);
    expect(await second).toEqual(expected);
    expect(await third).toEqual(fitSync(data, { ...options, sampler: { name: 'indices', indices } }));
  });

  it('takes shared memory in place', async () => {
    const X = shared(data.X);
    expect(snapshot(X)).toBe(X);
    expect(snapshot(data.X)).not.toBe(data.X);
    expect(await fitAsync({ X, y: shared(data.y) }, options)).toEqual(expected);
    expect(await fitAsync({ X, y: data.y }, options)).toEqual(expected);
  });

  it('refuses buffers that may shrink under it', async () => {
    const growing = new Float64Array(
      new (SharedArrayBuffer as unknown as new (n: number, options: object) => SharedArrayBuffer)(data.X.byteLength, {
        maxByteLength: 2 * data.X.byteLength,
      }),
    );
    for (const [wrong, given] of [
      ['X', { X: resizable(data.X), y: data.y }],
      ['y', { X: data.X, y: resizable(data.y) }],
      ['X', { X: growing, y: data.y }],
    ] as const) {
      const error = await fitAsync(given, options).catch((error) => error);
      expect(error).toBeInstanceOf(NablaError);
      expect(error).toMatchObject({ code: 'ERR_RESIZABLE_BUFFER', message: expect.stringMatching(`^${wrong} `) });
    }
  });

  it('500 fits at once are each right', async () => {
    const problems = Array.from({ length: runs(500) }, (_, i) => problem(60 + (i % 40), 1 + (i % 5), i));
    const models = await Promise.all(problems.map((data, seed) => fitAsync(data, { batchSize: 8, epochs: 20, seed })));
    problems.forEach((data, seed) => {
      expect(models[seed]).toEqual(fitSync(data, { batchSize: 8, epochs: 20, seed }));
    });
  });

  it('a fit that fails does not disturb the others', async () => {
    const broken = { X: data.X.slice(), y: data.y.slice() };
    broken.X[7] = NaN;
    const results = await Promise.allSettled([
      fitAsync(data, options),
      fitAsync(broken, options),
      fitAsync(data, options),
    ]);
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(results[2]).toMatchObject({ value: expected });
  });

  it('leaves the event loop free', { timeout: patience(60_000) }, async () => {
    // Epochs of well under a millisecond, a fit of at least a fifth of a second.
    const wide = { X: normals(1000 * 20, 1), y: normals(1000, 2) };
    const start = performance.now();
    let epochs = 500;
    fitSync(wide, { epochs, optimizer: sgd(), gram: false });
    epochs = Math.ceil((epochs * 300) / Math.max(1, performance.now() - start));
    let ticks = 0;
    const timer = setInterval(() => ticks++, 5);
    const model = await fitAsync(wide, { epochs, optimizer: sgd(), gram: false });
    clearInterval(timer);
    expect(model.epochs).toBe(epochs);
    // A blocked loop has none or one. A free one about 50.
    expect(ticks, `ticks of ${name}`).toBeGreaterThanOrEqual(5);
  });
});
