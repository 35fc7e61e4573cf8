// X as a Float32Array: everything has the bits that Float64Array.from(X) gives it.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import type { Backend, FitJob } from '../../lib/backend/interface.js';
import type { Table } from '../../lib/backend/plan.js';
import type { Matrix } from '../../lib/base/arrays.js';
import type { FitData, FitOptions, ManyOptions } from '../../lib/index.js';
import { widen } from '../../lib/reference/kernels/dense.js';
import { type AnyFit, anyFit } from '../support/anyfit.js';
import { faces, native, reference } from '../support/backends.js';
import { buildLibrary, canSpawn, fixture, runScript } from '../support/children.js';
import { expectOutcome, jobOf, singleJobs, singlesOf } from '../support/jobs.js';
import {
  emulated,
  expectBits,
  expectRefusal,
  expectRejection,
  normals,
  patience,
  problem,
  resizable,
  runs,
  shared,
  slow,
  thrown,
} from '../support/support.js';

const doublesOf = (X: ArrayLike<number>) => Float64Array.from(X);

/** A job with another X, in its validation too. */
function withX(job: FitJob, of: (X: Matrix) => Matrix): FitJob {
  const on = (table: Table) => ({ ...table, X: of(table.X) });
  return { ...job, train: on(job.train), validation: job.validation && on(job.validation) };
}

/** A job of singles, and the same of doubles. */
function bothOf({ job }: AnyFit, offset: number): [FitJob, FitJob] {
  const singles = withX(job, (X) => singlesOf(X, offset));
  return [singles, withX(singles, doublesOf)];
}

/** Rows of singles with their targets, and the same of doubles. */
function data(rows: number, cols: number, seed = 1) {
  const { X, y } = problem(rows, cols, seed);
  const singles = singlesOf(X);
  return { y, singles, doubles: doublesOf(singles) };
}

describe('widening', () => {
  it('copies rows, picked or not, of any numbers', () => {
    const specials = [0, -0, 1e-45, -1e-40, 3.4e38, Infinity, -Infinity, NaN, 0.1, 1];
    const X = Float32Array.from({ length: 60 }, (_, i) => specials[i % 10]);
    const out = new Float64Array(12);
    widen({ X, cols: 3, start: 2, count: 4, index: null }, out);
    expectBits(out, X.subarray(6, 18));
    widen({ X, cols: 3, start: 1, count: 4, index: Uint32Array.of(9, 5, 5, 0, 19) }, out);
    expectBits(
      out,
      [5, 5, 0, 19].flatMap((row) => [...X.subarray(3 * row, 3 * row + 3)]),
    );
  });
});

describe.each(faces)('singles: $name', (face) => {
  const { backend, fit: fitAsync, fitSync, fitIterator, fitMany, fitManySync, fitPathSync, crossValidateSync } = face;
  const { Model, estimators } = face;

  it('fit as doubles, whatever is fitted', async () => {
    await fc.assert(
      fc.asyncProperty(anyFit, fc.nat(3), async (any, offset) => {
        const [singles, doubles] = bothOf(any, offset);
        const expected = reference.fitSync(doubles);
        expectOutcome(backend.fitSync(singles), expected);
        expectOutcome(await backend.fit(singles), expected);
      }),
      { numRuns: runs(400) },
    );
  });

  it('of any shape, picked or not, down to the least of numbers', () => {
    for (const job of singleJobs()) {
      const { rows, cols, batchSize } = job.plan;
      expectOutcome(
        backend.fitSync(job),
        reference.fitSync(withX(job, doublesOf)),
        `${rows} × ${cols}, ${batchSize}: `,
      );
    }
  });

  it('have the models of doubles, wherever X is given', async () => {
    const { y, singles, doubles } = data(120, 5);
    const other = data(30, 5, 7);
    const classes = y.map((value) => Number(value > 0));
    const all: [FitOptions, Float64Array, (X: Matrix) => object][] = [
      [{ epochs: 4, batchSize: 7 }, y, () => ({ validationFraction: 0.3 })],
      [{ epochs: 4, standardize: true }, y, (X) => ({ validation: { X, y } })],
      [{ optimizer: 'exact', l2: 0.1 }, y, () => ({})],
      [{ optimizer: 'lbfgs', loss: 'logistic' }, classes, () => ({ classWeight: 'balanced' })],
      [{ optimizer: 'newton', loss: 'logistic' }, classes, () => ({ warmStart: undefined })],
      [{ optimizer: 'newton', loss: 'quantile', l1: 0.01 }, y, () => ({})],
    ];
    for (const [options, y, more] of all) {
      const expected = fitSync({ X: doubles, y }, { ...options, ...more(doubles) });
      expect(fitSync({ X: singles, y }, { ...options, ...more(singles) })).toEqual(expected);
      expect(fitSync({ X: singles, y }, { ...options, ...more(doubles) })).toEqual(expected);
      expect(await fitAsync({ X: singles, y }, { ...options, ...more(singles) })).toEqual(expected);
      const iterator = fitIterator({ X: singles, y }, { ...options, ...more(singles) });
      for await (const _ of iterator);
      expect(await iterator.model).toEqual(expected);
      const onProgress = () => {};
      expect(fitSync({ X: singles, y }, { ...options, ...more(singles), onProgress })).toEqual(expected);
    }
    const before = fitSync({ X: singles, y }, { optimizer: 'adam', epochs: 3, keepState: true });
    const after = before.partialFitSync({ X: other.doubles, y: other.y });
    expect(before.partialFitSync({ X: other.singles, y: other.y })).toEqual(after);
    expect(await before.partialFit({ X: other.singles, y: other.y })).toEqual(after);
    expect(fitSync({ X: singles, y }, { warmStart: before })).toEqual(
      fitSync({ X: doubles, y }, { warmStart: before }),
    );

    const along = { l1Ratio: 0.5, count: 5, penaltyFactors: Float64Array.of(1, 0, 1, 0, 2) };
    for (const of of [fitPathSync, crossValidateSync] as ((data: FitData, options: object) => object)[]) {
      expect(of({ X: singles, y }, along)).toEqual(of({ X: doubles, y }, along));
    }
    expect(await face.crossValidate({ X: singles, y }, along)).toEqual(crossValidateSync({ X: doubles, y }, along));
    expect(await face.fitPath({ X: singles, y }, along)).toEqual(fitPathSync({ X: doubles, y }, along));

    const ridge = new estimators.Ridge().fitSync({ X: doubles, y });
    expect(new estimators.Ridge().fitSync({ X: singles, y }).model).toEqual(ridge.model);
    expectBits(ridge.predict(other.singles), ridge.predict(other.doubles));
    expect(ridge.score(other.singles, other.y)).toBe(ridge.score(other.doubles, other.y));
    const chances = new estimators.LogisticRegression().fitSync({ X: singles, y: classes });
    expectBits(chances.predictProba(other.singles), chances.predictProba(other.doubles));
  });

  it('are decided on as doubles, many rows too', () => {
    const { y, singles, doubles } = data(30_011, 9);
    const labels = y.map((value) => Math.abs(Math.round(value)) % 3);
    const offset = normals(3 * y.length, 3);
    const model = fitSync({ X: singles, y: labels, offset }, { loss: 'softmax', epochs: 1 });
    expectBits(model.decision(singles, offset), model.decision(doubles, offset));
    expectBits(model.predict(singles, offset), model.predict(doubles, offset));
    expectBits(model.predictProba(singles, offset), model.predictProba(doubles, offset));
    expect(model.evaluate(singles, labels, { offset })).toEqual(model.evaluate(doubles, labels, { offset }));
    const one = fitSync({ X: doubles, y }, { epochs: 1 });
    expectBits(one.decision(singles), one.decision(doubles));
    expectBits(one.predict(singles.subarray(0, 9)), one.predict(doubles.subarray(0, 9)));
    expect(one.predict(new Float32Array(0)).length).toBe(0);
    expect(one.score(singles, y)).toBe(one.score(doubles, y));
    expect(Model.fromJSON(one.toJSON()).predict(singles.subarray(9, 18))[0]).toBe(one.predict(doubles)[1]);
  });

  it('many problems of them, packed, listed or among doubles', async () => {
    const { y, singles, doubles } = data(60, 4);
    const offsets = [0, 1, 17, 40, 60];
    const listOf = (...kinds: Matrix[]) =>
      offsets.slice(1).map((end, i) => {
        const [from, X] = [offsets[i], kinds[i % kinds.length]];
        return { X: X.slice(4 * from, 4 * end), y: y.slice(from, end) };
      });
    for (const options of [{ epochs: 3 }, { optimizer: 'exact', l2: 0.1 }, { batchSize: 4 }] as ManyOptions[]) {
      const { coefficients, intercepts, losses, epochs } = fitManySync({ X: doubles, y, offsets }, options);
      const expected = { coefficients, intercepts, losses, epochs };
      expect(fitManySync({ X: singles, y, offsets }, options)).toMatchObject(expected);
      expect(await fitMany({ X: singles, y, offsets }, options)).toMatchObject(expected);
      expect(fitManySync(listOf(singles), options)).toMatchObject(expected);
      expect(fitManySync(listOf(singles, doubles), options)).toMatchObject(expected);
      expect(await fitMany(listOf(doubles, singles, singles), options)).toMatchObject(expected);
      const mine = singlesOf(singles, 0);
      expect(await fitMany({ X: mine, y: y.slice(), offsets }, { ...options, transfer: true })).toMatchObject(expected);
      expect(mine.length).toBe(0);
    }
    const broken = singlesOf(singles);
    broken[70] = NaN;
    const models = fitManySync({ X: broken, y, offsets }, { epochs: 3 });
    expect([...models.errors.keys()]).toEqual([2]);
    expect(models.errors.get(2)).toMatchObject({ code: 'ERR_NOT_FINITE' });
  });

  it('are a copy off the thread, moved in by transfer, in place in shared memory', async () => {
    const { y, singles, doubles } = data(60, 4);
    const expected = fitSync({ X: doubles, y }, { epochs: 5 });
    const mine = singlesOf(singles);
    const promise = fitAsync({ X: mine, y }, { epochs: 5 });
    mine.fill(NaN);
    expect(await promise).toEqual(expected);

    const buffer = new ArrayBuffer(8 * 60 + 4 + 4 * 240);
    const moved = { y: new Float64Array(buffer, 0, 60), X: new Float32Array(buffer, 8 * 60 + 4) };
    moved.X.set(singles);
    moved.y.set(y);
    const transferred = fitAsync(moved, { epochs: 5, transfer: true });
    expect([moved.X.length, moved.y.length, buffer.byteLength]).toEqual([0, 0, 0]);
    expect(await transferred).toEqual(expected);
    await expectRejection(fitAsync, [moved], 'ERR_DETACHED_BUFFER', /^X /);

    const memory = new Float32Array(new SharedArrayBuffer(4 * 241), 4);
    memory.set(singles);
    expect(await fitAsync({ X: memory, y: shared(y) }, { epochs: 5 })).toEqual(expected);
    const kept = fitAsync({ X: memory, y: y.slice() }, { epochs: 5, transfer: true });
    expect(memory.length).toBe(240);
    expect(await kept).toEqual(expected);

    const foreign = runInNewContext('Float32Array').from(singles) as Float32Array;
    expect(fitSync({ X: foreign, y }, { epochs: 5 })).toEqual(expected);
    const aborted = fitAsync({ X: singles, y }, { optimizer: 'adam', epochs: 1e9, signal: AbortSignal.timeout(20) });
    await expect(aborted).rejects.toMatchObject({ name: 'TimeoutError' });
  });

  it('go on from a checkpoint', () => {
    const folder = mkdtempSync(join(tmpdir(), 'nabla-'));
    try {
      const { y, singles, doubles } = data(60, 4);
      const checkpoint = { path: join(folder, 'fit'), every: 3, resume: true };
      const options: FitOptions = { epochs: 8, optimizer: 'adam', batchSize: 7 };
      const expected = fitSync({ X: doubles, y }, options);
      expect(fitSync({ X: singles, y }, { ...options, checkpoint })).toEqual(expected);
      expect(fitSync({ X: singles, y }, { ...options, checkpoint })).toEqual(expected);
      const changed = singlesOf(singles);
      changed[3] += 1;
      expectRefusal(
        fitSync,
        [
          { X: changed, y },
          { ...options, checkpoint },
        ],
        'ERR_CHECKPOINT_MISMATCH',
      );
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('are refused where they are wrong, and where singles are not asked for', async () => {
    const { y, singles, doubles } = data(12, 3);
    for (const value of [NaN, Infinity, -Infinity]) {
      const X = singlesOf(singles);
      X[7] = value;
      const place = /^X must be finite; got (NaN|-?Infinity) at index 7 \(row 2, column 1\)/;
      expectRefusal(fitSync, [{ X, y }, { epochs: 2 }], 'ERR_NOT_FINITE', place);
      await expectRejection(fitAsync, [{ X, y }, { optimizer: 'exact' }], 'ERR_NOT_FINITE', place);
      const validation = { X, y };
      expectRefusal(
        fitSync,
        [
          { X: singles, y },
          { epochs: 2, validation },
        ],
        'ERR_NOT_FINITE',
        /^validation\.X /,
      );
    }
    expectRefusal(fitSync, [{ X: singles.subarray(1), y }], 'ERR_SHAPE', /^X /);
    expectRefusal(
      fitSync,
      [{ X: doubles, y: new Float32Array(y) }],
      'ERR_INVALID_ARG_TYPE',
      /^y must be a Float64Array/,
    );
    const sampleWeight = new Float32Array(12).fill(1);
    expectRefusal(fitSync, [{ X: singles, y, sampleWeight }], 'ERR_INVALID_ARG_TYPE', /^sampleWeight /);
    const kind = Object.setPrototypeOf(new Int32Array(36), Float32Array.prototype);
    expectRefusal(fitSync, [{ X: kind, y }], 'ERR_INVALID_ARG_TYPE', /^X .*got a Int32Array/);
    const model = fitSync({ X: singles, y }, { epochs: 1 });
    expectRefusal(model.decision.bind(model), [singles.subarray(1)], 'ERR_SHAPE', /^X must have a multiple of 3/);
    const gone = singlesOf(singles, 0);
    structuredClone(gone.buffer, { transfer: [gone.buffer as ArrayBuffer] });
    expectRefusal(fitSync, [{ X: gone, y }], 'ERR_DETACHED_BUFFER', /^X /);
    const detaching = {
      get epochs() {
        structuredClone(own.buffer, { transfer: [own.buffer as ArrayBuffer] });
        return 2;
      },
    };
    const own = singlesOf(singles, 0);
    expect(thrown(() => fitSync({ X: own, y }, detaching))).toMatchObject({ code: 'ERR_DETACHED_BUFFER' });

    const out = new Float64Array(12);
    expectRefusal(
      face.kernels.gemv,
      [singles, 12, 3, new Float64Array(3), out],
      'ERR_INVALID_ARG_TYPE',
      /Float32Array/,
    );
    const textbook = { X: singles, y, theta: new Float64Array(3), alpha: 0.1, iterations: 1 };
    expectRefusal(face.textbook.batchGradientDescent, [textbook], 'ERR_INVALID_ARG_TYPE', /^X must be a Float64Array;/);
  });
});

// After all that detaches: on Node 20, code that has been optimised with such views at hand reads the length that a
// detached one had before.
describe.each(faces)('singles that can change their length: $name', ({ fit: fitAsync, fitSync, fitMany }) => {
  it('are refused off the thread', async () => {
    const { y, singles, doubles } = data(12, 3);
    const X = new Float32Array(resizable(new Float64Array(18)).buffer);
    X.set(singles);
    await expectRejection(fitAsync, [{ X, y }], 'ERR_RESIZABLE_BUFFER', /^X /);
    await expectRejection(fitMany, [{ X, y, offsets: [0, 12] }], 'ERR_RESIZABLE_BUFFER', /^X /);
    expect(fitSync({ X, y }, { epochs: 2 })).toEqual(fitSync({ X: doubles, y }, { epochs: 2 }));
  });
});

describe.runIf(native && !emulated)('any number of threads', { timeout: patience(60_000) }, () => {
  const backend = native as Backend;
  const usual = backend.threads();
  afterAll(() => backend.setThreads(usual));

  it.each<[string, number, number, FitOptions]>([
    ['least squares', 20_011, 7, { optimizer: 'adam', epochs: 3 }],
    ['from the Gram matrix', 20_011, 17, { optimizer: 'sgd', epochs: 100, gram: true }],
    ['columns scaled, rows held out', 9001, 16, { epochs: 3, standardize: true, validationFraction: 0.5 }],
    ['large batches', 40_001, 7, { loss: 'logistic', batchSize: 20_000, epochs: 2 }],
    ['wide rows', 1003, 700, { optimizer: 'sgd', epochs: 2 }],
    ['lbfgs', 20_011, 8, { loss: 'logistic', optimizer: 'lbfgs', epochs: 3 }],
    ['newton', 20_011, 12, { loss: 'logistic', optimizer: 'newton', epochs: 3 }],
    ['quantiles', 20_011, 12, { loss: 'quantile', optimizer: 'newton', epochs: 3 }],
    ['exact', 20_011, 12, { optimizer: 'exact', l2: 0.1 }],
  ])('%s', async (_what, rows, cols, options) => {
    const X = singlesOf(normals(rows * cols, 1));
    const y = Float64Array.from({ length: rows }, (_, i) => Number(X[i * cols] > 0.1));
    const job = jobOf({ X, y }, { seed: 3, ...options });
    const expected = reference.fitSync(withX(job, doublesOf));
    backend.setThreads(7);
    for (const threads of [1, 2, 3, 7]) {
      const of = { ...job, plan: { ...job.plan, threads } };
      expectOutcome(backend.fitSync(of), expected, `${threads} threads, `);
      expectOutcome(await backend.fit(of), expected, `${threads} threads, off the thread, `);
    }
  });
});

describe.runIf(canSpawn && !slow)('memory', () => {
  const library = canSpawn && !slow ? buildLibrary() : null;
  afterAll(() => library?.remove());

  // Doubles would be 128 MB, shuffled row numbers are 2; the reference has JavaScript's heap beside its arrays.
  it.each([['reference', 16e6], ...(native ? [['native', 4e6] as const] : [])] as const)(
    'of a fit is that of the singles, %s',
    { timeout: 60_000 },
    async (name, limit) => {
      const options = [
        { optimizer: 'sgd', epochs: 2, gram: false },
        { optimizer: 'sgd', epochs: 1, batchSize: 1000 },
        { optimizer: 'exact', l2: 0.1 },
        { optimizer: 'lbfgs', epochs: 2 },
      ];
      const args = [fixture('singles.mjs'), library?.url as string, JSON.stringify(options)];
      const { code, stdout, stderr } = await runScript(args, { NABLA_BACKEND: name }, 50_000);
      expect(code, stderr).toBe(0);
      const grown: number[] = JSON.parse(stdout);
      for (const [i, bytes] of grown.entries()) expect(bytes, JSON.stringify(options[i])).toBeLessThan(limit);
    },
  );
});
