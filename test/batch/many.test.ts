// fitMany: each model as if fitted alone, whatever is fitted; what fails alone, and what fails the call.
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { manyStatuses } from '../../lib/backend/plan.js';
import type { Matrix } from '../../lib/base/arrays.js';
import { losses } from '../../lib/catalog/losses.js';
import { solvers } from '../../lib/catalog/rules.js';
import type { Model as AnyModel, FitOptions, ManyOptions, NablaError, Problem } from '../../lib/index.js';
import { backend, setThreads } from '../../lib/index.js';
import { type AnyFit, anyFit } from '../support/anyfit.js';
import { faces, native } from '../support/backends.js';
import { detach, expectBits, normals, patience, problem, runs, shared, slow, thrown } from '../support/support.js';

/** Several problems, the i-th of so many rows, and the same packed. */
function several(lengths: readonly number[], cols: number) {
  const problems = lengths.map((rows, i) => problem(rows, cols, i + 1));
  const offsets = [0];
  for (const rows of lengths) offsets.push(offsets[offsets.length - 1] + rows);
  const flat = (key: 'X' | 'y') => Float64Array.from(problems.flatMap((one) => [...one[key]]));
  return { problems, packed: { X: flat('X'), y: flat('y'), offsets: Uint32Array.from(offsets) } };
}

/** What fits of one problem have and many have not is left out. */
function forMany({ options, data }: AnyFit): ManyOptions {
  const { validation, validationFraction, history, sampleWeight, offset, ...others } = options;
  const { name: loss } = others.loss as { name: keyof typeof losses };
  if (typeof others.sampler === 'object' && others.sampler.name === 'indices') others.sampler = 'sequential';
  // Targets may be all 1, and only the weights of classes tell what the others would be.
  const has0 = data.y.includes(0 as never) || (typeof others.classWeight === 'object' && 0 in others.classWeight);
  if (losses[loss].target === 'plusMinusOne') others.classes ??= [has0 ? 0 : -1, 1];
  return others as ManyOptions;
}

const anyProblems = fc.tuple(anyFit, fc.integer({ min: 1, max: 5 }), fc.nat()).map(([fit, count, seed]) => {
  const { X, y, rows, sampleWeight, offset } = fit.data as Required<typeof fit.data> & { y: Float64Array };
  const options = forMany(fit);
  const cols = X.length / rows;
  // Cut the rows into problems, which may be as short as one row.
  const borders = [0, rows];
  for (let i = 1; i < count; i++) borders.push(1 + ((seed * (2 * i + 1)) % (rows - 1 || 1)));
  const offsets = [...new Set(borders)].sort((a, b) => a - b).filter((border) => border <= rows);
  const part = <T extends Matrix>(array: T, i: number) => {
    const each = array.length / rows;
    return array.slice(offsets[i] * each, offsets[i + 1] * each) as T;
  };
  const problems = Array.from({ length: offsets.length - 1 }, (_, i) => ({
    X: part(X, i),
    y: part(y, i),
    rows: offsets[i + 1] - offsets[i],
    ...(sampleWeight && { sampleWeight: part(sampleWeight, i) }),
    ...(offset && { offset: part(offset, i) }),
  }));
  const whole = { X, y, offsets, cols, ...(sampleWeight && { sampleWeight }), ...(offset && { offset }) };
  return { problems, whole, options };
});

/** What the solver tells of how far it got; where it tells nothing only a model of a fit alone may have found it out. */
function expectToldAlike(model: AnyModel, alone: AnyModel): void {
  const { gap, relative } = model.optimality;
  const isSolver = alone.optimizer in solvers;
  if (!isSolver) expect(relative).toBeNull();
  if (relative === null) return;
  expect({ gap, relative }).toEqual({ gap: alone.optimality.gap, relative: alone.optimality.relative });
}

describe.each(faces)('many fits: $name', ({ fitMany, fitManySync, fitSync, Model }) => {
  const single = (problem: Problem, options: ManyOptions): AnyModel | NablaError => {
    try {
      return fitSync(problem, options as FitOptions);
    } catch (error) {
      return error as NablaError;
    }
  };

  it('each as if fitted alone, whatever is fitted, packed or listed, on the thread or off it', async () => {
    const seen = new Set<string>();
    await fc.assert(
      fc.asyncProperty(anyProblems, async ({ problems, whole, options }) => {
        const expected = problems.map((problem) => single(problem, options));
        const results = [
          fitManySync(problems, options),
          fitManySync(whole, options),
          await fitMany(problems, options),
          await fitMany(whole, options),
        ];
        for (const models of results) {
          expect(models.length).toBe(problems.length);
          expected.forEach((alone, i) => {
            seen.add(models.statusOf(i));
            if (alone instanceof Error) {
              expect(models.statusOf(i), alone.message).toBe('failed');
              expect(thrown(() => models.at(i))).toMatchObject({
                code: alone.code,
                message: alone.message,
              });
              return;
            }
            const model = models.at(i);
            expect([model.status, model.epochs, model.steps]).toEqual([alone.status, alone.epochs, alone.steps]);
            expect([model.loss, model.optimizer, model.labels]).toEqual([alone.loss, alone.optimizer, alone.labels]);
            expectBits(model.coefficients, alone.coefficients, `problem ${i}, coefficient`);
            expectBits(model.intercepts, alone.intercepts, `problem ${i}, intercept`);
            expectBits([models.losses[i]], [alone.history.at(-1) ?? NaN], `problem ${i}, loss`);
            expectToldAlike(model, alone);
          });
        }
      }),
      { numRuns: runs(400) },
    );
    // Few of them end stalled: see below.
    const usual = manyStatuses.filter((status) => status !== 'stalled');
    if (!slow) expect([...seen].filter((status) => status !== 'stalled').sort()).toEqual(usual.sort());
  });

  it('tells how far from its minimum each ended, by a measure of its own rows, whatever becomes of the arrays', async () => {
    const { problems, packed } = several([30, 30, 30, 30, 30, 30, 30, 30, 30, 12, 1, 400], 3);
    const y = packed.y.map((value) => Number(value > 0));
    const binary = problems.map((one) => ({ ...one, y: one.y.map((value) => Number(value > 0)) }));
    const cases: [ManyOptions, typeof packed, typeof problems][] = [
      [{ optimizer: 'exact' }, packed, problems],
      [{ optimizer: 'newton', loss: 'quantile' }, packed, problems],
      [{ optimizer: 'newton', loss: 'logistic', l2: 0.01, epochs: 2, classes: [0, 1] }, { ...packed, y }, binary],
      [{ optimizer: 'lbfgs', loss: 'logistic', l2: 0.01, classes: [0, 1] }, { ...packed, y }, binary],
    ];
    for (const [options, packed, problems] of cases) {
      const own = { ...packed, y: packed.y.slice() };
      const results = [fitManySync(own, options), await fitMany(packed, options), fitManySync(problems, options)];
      own.y.fill(1e6);
      for (const models of results) {
        problems.forEach((one, i) => {
          const alone = fitSync(one, options as FitOptions);
          expectToldAlike(models.at(i), alone);
          if (alone.status === 'converged') expect(models.remaining[i]).toBeGreaterThanOrEqual(0);
          if (options.epochs === 2) expect(models.at(i).optimality.relative).toBeGreaterThan(1e-9);
        });
      }
    }
    const byRule = fitManySync(packed, { optimizer: 'sgd', epochs: 40 });
    expect([...byRule.remaining]).toEqual(problems.map(() => NaN));
    expect(byRule.at(0).optimality.relative).toBeNull();
  });

  it('stalls where a fit alone does', () => {
    // Columns that are all but collinear.
    const problems = [3, 4, 5, 6, 7].map((seed) => {
      const noise = normals(60, seed + 1);
      const X = normals(60, seed).map((x, at, all) => (at % 3 === 1 ? all[at - 1] + 1e-6 * noise[at] : x));
      return { X, y: normals(20, seed + 1).map((noise, i) => X[i * 3] + noise) };
    });
    const options = { loss: 'quantile', optimizer: 'newton' } as const;
    const models = fitManySync(problems, options);
    const found = problems.map((_, i) => models.statusOf(i));
    expect(found).toEqual(problems.map((problem) => fitSync(problem, options).status));
    expect(found).toContain('stalled');
  });

  const lengths = [1, 2, 7, 8, 9, 31, 32, 33, 255, 256, 257, 600];
  const { problems, packed } = several(lengths, 5);
  const options = { optimizer: 'sgd', epochs: 7 } as const;

  it('each goes by the Gram matrix where it would alone', () => {
    const { problems } = several([20, 127, 128, 129, 400, 1000], 8);
    const options = { optimizer: 'sgd', epochs: 100 } as const;
    for (const gram of [undefined, true, false]) {
      const models = fitManySync(problems, { ...options, gram });
      const paths = problems.map((one, i) => {
        const alone = fitSync(one, { ...options, gram });
        expectBits(models.at(i).coefficients, alone.coefficients);
        expect(models.at(i).path).toBe(alone.path);
        return alone.path;
      });
      expect([...new Set(paths)].sort()).toEqual(gram === undefined ? ['direct', 'gram'] : [gram ? 'gram' : 'direct']);
    }
  });

  it('auto picks for each by its rows, as it would alone', async () => {
    const border = Math.ceil(2 ** 20 / 21 ** 2);
    const { problems, packed } = several([border - 1, border, 40, border + 9], 20);
    const options = { loss: 'logistic', optimizer: 'auto', l2: 0.1 } as const;
    const y = packed.y.map((y) => Number(y > 0));
    for (const models of [fitManySync({ ...packed, y }, options), await fitMany({ ...packed, y }, options)]) {
      const picked = problems.map(({ X, y }, i) => {
        const alone = fitSync({ X, y: y.map((y) => Number(y > 0)) }, options);
        expectBits(models.at(i).coefficients, alone.coefficients);
        expect(models.at(i)).toMatchObject({ optimizer: alone.optimizer, status: alone.status, epochs: alone.epochs });
        return alone.optimizer;
      });
      expect(picked).toEqual(['newton', 'lbfgs', 'newton', 'lbfgs']);
      expect(models.optimizer).toBe('lbfgs');
    }
  });

  it('at(i) is a model like any other, over the same memory', () => {
    const models = fitManySync(problems, options);
    for (const i of lengths.keys()) {
      const model = models.at(i);
      expect(model).toBeInstanceOf(Model);
      const alone = fitSync(problems[i], options);
      expect({ ...model, history: null }).toEqual({ ...alone, history: null });
      expect(model.history.length).toBe(0);
      expect(model.coefficients.buffer).toBe(models.coefficients.buffer);
      expectBits(models.predict(i, problems[i].X), alone.predict(problems[i].X));
      expect(Model.fromJSON(model.toJSON())).toEqual(model);
    }
    expect([...models]).toEqual(lengths.map((_, i) => models.at(i)));
    expect(models).toMatchObject({ length: lengths.length, outputs: 1, cols: 5, loss: 'squared', optimizer: 'sgd' });
    for (const i of [-1, 0.5, lengths.length, NaN]) {
      expect(thrown(() => models.at(i))).toMatchObject({ code: 'ERR_OUT_OF_RANGE' });
      expect(thrown(() => models.statusOf(i))).toMatchObject({ code: 'ERR_OUT_OF_RANGE' });
    }
  });

  it('what the data of a problem hold makes it fail alone', async () => {
    const broken = problems.map(({ X, y }) => ({ X: X.slice(), y: y.slice() }));
    broken[1].X[3] = NaN;
    broken[4].y[8] = Infinity;
    const all = { ...options, standardize: true };
    for (const models of [fitManySync(broken, all), await fitMany(broken, all)]) {
      expect([...models.errors.keys()]).toEqual([1, 4]);
      expect(models.errors.get(1)?.message).toMatch(/^X must be finite; got NaN at index 3 \(row 0, column 3\)/);
      expect(models.errors.get(4)?.message).toMatch(/^y must be finite; got Infinity at index 8/);
      expect(thrown(() => models.at(1))).toBe(models.errors.get(1));
      expect([...models].map((model) => model === null)).toEqual(lengths.map((_, i) => i === 1 || i === 4));
      expect(models.coefficients.subarray(5, 10).every(Number.isNaN)).toBe(true);
      expect([models.intercepts[1], models.losses[1], models.epochs[1], models.steps[1]]).toEqual([NaN, NaN, 0, 0]);
      for (const i of [0, 2, 3, 5, 11]) expectBits(models.at(i).coefficients, fitSync(problems[i], all).coefficients);
    }
  });

  it('so do classes that there are not and weights that are none', () => {
    const { problems } = several([9, 9, 9, 9], 2);
    const classed = problems.map(({ X }, i) => ({
      X,
      y: Float64Array.from({ length: 9 }, (_, row) => (i === 1 && row === 4 ? 1.5 : row % 2)),
      sampleWeight: Float64Array.from({ length: 9 }, (_, row) => (i === 2 ? 0 : i === 3 && row === 5 ? -1 : 1 + row)),
    }));
    const options = { loss: 'logistic', optimizer: 'newton', l2: 0.1 } as const;
    const models = fitManySync(classed, options);
    const messages = [...models.errors].map(([i, { code, message }]) => [i, code, message]);
    expect(messages).toEqual([
      [1, 'ERR_INVALID_LABELS', 'y[4] must be 0 or 1, or a fraction between them; got 1.5'],
      [2, 'ERR_OUT_OF_RANGE', 'sampleWeight must not be 0 for every row'],
      [3, 'ERR_OUT_OF_RANGE', 'sampleWeight[5] must be a number from 0; got -1'],
    ]);
    expectBits(models.at(0).coefficients, fitSync(classed[0], options).coefficients);
    const everyone = fitManySync(classed.slice(1), options);
    expect(everyone.errors.size).toBe(3);
    expect([...everyone]).toEqual([null, null, null]);
  });

  it('classes by the numbers that the caller has for them', () => {
    const { problems } = several([20, 30], 2);
    const numbered = problems.map(({ X, y }) => ({ X, y: y.map((value) => (value > 0 ? 7 : 3)) }));
    for (const loss of ['logistic', 'hinge', 'softmax'] as const) {
      const models = fitManySync(numbered, { loss, classes: [3, 7] });
      expect(models.labels).toEqual([3, 7]);
      numbered.forEach((one, i) => {
        expectBits(models.predict(i, one.X), fitSync(one, { loss, classes: [3, 7] }).predict(one.X));
      });
    }
  });

  it('none', async () => {
    for (const none of [[], { X: new Float64Array(0), y: new Float64Array(0), offsets: [0] }]) {
      for (const models of [fitManySync(none), await fitMany(none, { optimizer: 'auto' })]) {
        expect(models.length).toBe(0);
        expect([...models]).toEqual([]);
        expect(models.coefficients.length).toBe(0);
        expect(thrown(() => models.at(0))).toMatchObject({ code: 'ERR_OUT_OF_RANGE' });
      }
    }
  });

  it('a signal ends them all', async () => {
    const { packed } = several([200, 300, 400], 5);
    const options = { optimizer: 'sgd', epochs: Number.MAX_SAFE_INTEGER } as const;
    const aborted = AbortSignal.abort('before');
    await expect(fitMany(packed, { ...options, signal: aborted })).rejects.toBe('before');
    expect(thrown(() => fitManySync(packed, { ...options, signal: aborted }))).toBe('before');
    const controller = new AbortController();
    const endless = fitMany(packed, { ...options, signal: controller.signal });
    setTimeout(() => controller.abort('during'), 20);
    await expect(endless).rejects.toBe('during');
    expect((await fitMany(packed, { epochs: 3 })).length).toBe(3);
  });

  it('take over the buffers of packed problems that are given away, and of no others', async () => {
    const { problems, packed } = several([20, 30], 5);
    const expected = fitManySync(packed, { epochs: 3 });
    const models = await fitMany(packed, { epochs: 3, transfer: true });
    expectBits(models.coefficients, expected.coefficients);
    expect([packed.X.length, packed.y.length]).toEqual([0, 0]);
    await expect(fitMany(problems, { transfer: true })).rejects.toMatchObject({ code: 'ERR_UNKNOWN_OPTION' });
    expect(problems[0].X.length).toBe(100);
    await expect(fitMany(problems, { onProgress() {} } as never)).rejects.toMatchObject({ code: 'ERR_UNKNOWN_OPTION' });
  });

  it('off the thread they have their own copy, or shared memory in place', async () => {
    const expected = fitManySync(packed, options);
    const changed = { ...packed, X: packed.X.slice(), y: packed.y.slice(), offsets: packed.offsets.slice() };
    const first = fitMany(changed, options);
    changed.X.fill(NaN);
    changed.offsets.fill(0);
    detach(changed.y);
    expect(await first).toEqual(expected);
    const sharing = { ...packed, X: shared(packed.X), y: shared(packed.y) };
    expect(await fitMany(sharing, options)).toEqual(expected);
    const several = await Promise.all(Array.from({ length: 20 }, () => fitMany(packed, options)));
    for (const models of several) expect(models).toEqual(expected);
  });
});

describe.runIf(native)('many fits, on any number of threads', () => {
  const face = faces[faces.length - 1];
  const usual = backend.threads;
  afterAll(() => setThreads(usual));

  it('have the same bits, small problems among large ones', { timeout: patience(60_000) }, async () => {
    const lengths = Array.from({ length: 100 }, (_, i) => (i % 40 === 7 ? 20_000 + i : 1 + ((i * 37) % 300)));
    const { packed } = several(lengths, 8);
    packed.X[8] = NaN;
    for (const optimizer of ['exact', 'adam'] as const) {
      const expected = faces[0].fitManySync(packed, { optimizer, epochs: 20 });
      expect(expected.errors.size).toBe(1);
      setThreads(7);
      for (const threads of [1, 2, 3, 7]) {
        const options = { optimizer, epochs: 20, threads };
        const results = [
          face.fitManySync(packed, options),
          ...(await Promise.all([1, 2, 3].map(() => face.fitMany(packed, options)))),
        ];
        for (const models of results) {
          for (const key of ['coefficients', 'intercepts', 'losses', 'epochs', 'steps', 'status'] as const) {
            expectBits(models[key], expected[key], `${threads} threads, ${key}`);
          }
        }
      }
    }
  });
});
