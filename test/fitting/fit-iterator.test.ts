// fitIterator: a fit in step with its consumer.
import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { FitOptions, FitProgress } from '../../lib/index.js';
import { anyFit } from '../support/anyfit.js';
import { faces, reference } from '../support/backends.js';
import { expectOutcome } from '../support/jobs.js';
import { problem, resizable, runs } from '../support/support.js';

const data = problem(200, 5, 1);
const options: FitOptions = { batchSize: 16, epochs: 20, seed: 4, validationFraction: 0.2 };
const endless: FitOptions = { epochs: Number.MAX_SAFE_INTEGER, optimizer: 'sgd' };
const bare = ({ elapsed: _, ...others }: FitProgress) => others;

describe.each(faces)('fitIterator: $name', ({ backend, fit: fitAsync, fitSync, fitIterator }) => {
  it('yields what onProgress is told, every epoch, and has the model of fit', async () => {
    const solvers = (['adam', 'lbfgs', 'newton', 'exact'] as const).map((optimizer): FitOptions => ({ optimizer }));
    const others: FitOptions[] = [{ history: 'step' }, { patience: 1 }, { tolerance: 1e9 }, { standardize: true }];
    for (const options of [...solvers, ...others]) {
      const told: FitProgress[] = [];
      const expected = fitSync(data, { ...options, onProgress: (progress) => told.push(progress) });
      const iterator = fitIterator(data, options);
      const yielded: FitProgress[] = [];
      for await (const progress of iterator) yielded.push(progress);
      expect(yielded.length).toBe(expected.epochs);
      expect(yielded.map(bare)).toEqual(told.map(bare));
      expect(await iterator.model).toEqual(expected);
      expect(await iterator.next()).toEqual({ done: true, value: undefined });
      expect(await iterator.return?.()).toEqual({ done: true, value: undefined });
    }
  });

  it('steps to the bits of a fit, whatever is fitted', async () => {
    await fc.assert(
      fc.asyncProperty(anyFit, fc.nat(12), async ({ job }, left) => {
        const steps = backend.steps(job);
        while (await steps.next());
        expectOutcome(steps.outcome(), reference.fitSync(job));
        const some = backend.steps(job);
        const same = reference.steps(job);
        for (let i = 0; i < left; i++) expect(some.nextSync()).toEqual(same.nextSync());
        expectOutcome(some.outcome(), same.outcome());
      }),
      { numRuns: runs(200) },
    );
  });

  it('runs the next epoch when it is asked for, and not before', async () => {
    const iterator = fitIterator(data, endless);
    for (let epoch = 1; epoch <= 3; epoch++) {
      expect(await iterator.next()).toMatchObject({ done: false, value: { epoch } });
      await sleep(5);
    }
    const [four, five] = await Promise.all([iterator.next(), iterator.next()]);
    expect([four.value?.epoch, five.value?.epoch]).toEqual([4, 5]);
    await iterator.return?.();
    expect(await iterator.model).toMatchObject({ epochs: 5, status: 'earlyStopped' });
  });

  it('is left with break, return and an error of its consumer’s', async () => {
    const expected = fitSync(data, { ...options, epochs: 3 });
    const iterator = fitIterator(data, options);
    for await (const { epoch } of iterator) if (epoch === 3) break;
    expect(await iterator.model).toEqual({ ...expected, status: 'earlyStopped' });
    expect(await iterator.next()).toEqual({ done: true, value: undefined });

    const failing = fitIterator(data, options);
    const mine = new Error('mine');
    const consume = async () => {
      for await (const _ of failing) throw mine;
    };
    await expect(consume()).rejects.toBe(mine);
    expect(await failing.model).toMatchObject({ epochs: 1, status: 'earlyStopped' });

    const unused = fitIterator(data, options);
    expect(await unused.return?.()).toEqual({ done: true, value: undefined });
    expect(await unused.model).toMatchObject({ epochs: 0, status: 'earlyStopped' });

    const thrower = fitIterator(data, options);
    await thrower.next();
    await expect(thrower.throw?.(mine)).rejects.toBe(mine);
    await expect(thrower.model).rejects.toBe(mine);
    expect(await thrower.next()).toEqual({ done: true, value: undefined });
  });

  it('throws what fit rejects with, and its model rejects with it', async () => {
    const broken = { X: data.X.slice(), y: data.y };
    broken.X.fill(NaN);
    for (const [given, wrong, code] of [
      [{ X: data.X }, options, 'ERR_INVALID_ARG_TYPE'],
      [data, { epoch: 3 }, 'ERR_UNKNOWN_OPTION'],
      [data, { ...options, onProgress() {} }, 'ERR_UNKNOWN_OPTION'],
      [data, { ...options, checkpoint: 'x' }, 'ERR_UNKNOWN_OPTION'],
      [{ X: resizable(data.X), y: data.y }, options, 'ERR_RESIZABLE_BUFFER'],
      [broken, options, 'ERR_NOT_FINITE'],
    ] as [never, never, string][]) {
      const iterator = fitIterator(given, wrong);
      await expect(iterator.next()).rejects.toMatchObject({ code });
      expect(await iterator.next()).toEqual({ done: true, value: undefined });
      await expect(iterator.model).rejects.toMatchObject({ code });
    }
    const refused = fitIterator(data, { epochs: -1 });
    expect(await refused.return?.()).toEqual({ done: true, value: undefined });
    expect(await refused.next()).toEqual({ done: true, value: undefined });
  });

  it('ends by its signal: before, between two epochs, in one', async () => {
    for (const when of ['before', 'between', 'in one']) {
      const controller = new AbortController();
      if (when === 'before') controller.abort('mine');
      const wide = when === 'in one' ? problem(20_000, 50, 1) : data;
      const iterator = fitIterator(wide, { ...endless, signal: controller.signal });
      if (when !== 'before') await iterator.next();
      if (when === 'between') controller.abort('mine');
      const next = iterator.next();
      if (when === 'in one') controller.abort('mine');
      await expect(next, when).rejects.toBe('mine');
      await expect(iterator.model, when).rejects.toBe('mine');
      expect(await iterator.next()).toEqual({ done: true, value: undefined });
    }
  });

  it('has its own copy of the data, and goes side by side with others', async () => {
    const changed = { X: data.X.slice(), y: data.y.slice() };
    const iterators = [1, 2, 3].map(() => fitIterator(changed, options));
    changed.X.fill(NaN);
    const consume = async (iterator: (typeof iterators)[0]) => {
      for await (const _ of iterator);
      return iterator.model;
    };
    const models = await Promise.all(iterators.map(consume));
    const expected = await fitAsync(data, options);
    for (const model of models) expect(model).toEqual(expected);
  });

  it('tells a divergence by the status of its model', async () => {
    const iterator = fitIterator(data, { optimizer: { name: 'sgd', learningRate: 1e308 }, epochs: 9 });
    const epochs: number[] = [];
    for await (const { epoch } of iterator) epochs.push(epoch);
    const model = await iterator.model;
    expect(model.status).toBe('diverged');
    expect(epochs.length).toBe(model.epochs);
  });
});
