// Rows of weight 0 are as none: a fit of rows among which such are strewn is that of the others, to the bit.
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { losses } from '../../lib/catalog/losses.js';
import { rules } from '../../lib/catalog/rules.js';
import { type FitData, type FitOptions, type Label, type Loss, NablaError } from '../../lib/index.js';
import { anyFit } from '../support/anyfit.js';
import { faces } from '../support/backends.js';
import { expectBits, expectRefusal, normals, random, runs } from '../support/support.js';

/** What people fill gaps with. */
const fillers = [9.97e36, -9999, NaN, Infinity, -Infinity, 1e300, 0.5];

/** Rows of weight 0 strewn among others, and where these went. */
function strew<T extends FitData<Label>>(data: T, seed: number): { data: T; placeOf: number[]; none: number[] } {
  const uniform = random(seed);
  const { X, y, sampleWeight, offset } = data;
  const rows = data.rows ?? y.length;
  const placeOf: number[] = [];
  const from: (number | null)[] = [];
  const none: number[] = [];
  for (let i = 0; i <= rows; i++) {
    for (; uniform() < 0.3; from.push(null)) none.push(from.length);
    if (i < rows) placeOf.push(from.push(i) - 1);
  }
  const filler = () => fillers[Math.floor(uniform() * fillers.length)];
  const spread = <A extends ArrayLike<unknown>>(array: A): A => {
    const width = array.length / rows;
    const all = from.flatMap((row) =>
      Array.from({ length: width }, (_, k) => (row === null ? filler() : array[row * width + k])),
    );
    return (Array.isArray(array) ? all : new (array.constructor as Float64ArrayConstructor)(all as number[])) as never;
  };
  const weights = Float64Array.from(from, (row) => (row === null ? 0 : (sampleWeight?.[row] ?? 1)));
  return {
    data: {
      ...data,
      X: spread(X),
      y: spread(y),
      ...(data.rows !== undefined && { rows: from.length }),
      ...(offset && { offset: spread(offset) }),
      sampleWeight: weights,
    },
    placeOf,
    none,
  };
}

/** The same fit with such rows among those of the training and of the validation. */
function strewn({ data, options }: { data: FitData; options: FitOptions }, seed: number) {
  const { data: more, placeOf, none } = strew(data, seed);
  const { sampler, validation } = options;
  const named = sampler as { indices?: number[] } | undefined;
  return {
    data: more,
    options: {
      ...options,
      ...(validation && { validation: strew(validation as FitData, seed + 1).data }),
      ...(named?.indices && {
        sampler: {
          ...named,
          indices: [...none, ...named.indices.flatMap((row) => [placeOf[row], ...none.slice(0, 2)])],
        },
      }),
    } as FitOptions,
  };
}

/** What came of a call: a model's numbers, or the code of its error. */
function outcomeOf(call: () => { toJSON(): unknown }): unknown {
  try {
    return call().toJSON();
  } catch (error) {
    if (error instanceof NablaError) return error.code;
    throw error;
  }
}

describe.each(faces)(
  'rows of weight 0: $name',
  ({ fit: fitAsync, fitSync, fitIterator, fitMany, fitManySync, fitPathSync, crossValidateSync, estimators }) => {
    it('leave no trace in any fit', () => {
      fc.assert(
        fc.property(anyFit, fc.nat(), (given, seed) => {
          const all = strewn(given, seed);
          expect(outcomeOf(() => fitSync(all.data, all.options))).toEqual(
            outcomeOf(() => fitSync(given.data, given.options)),
          );
        }),
        { numRuns: runs(150) },
      );
    });

    const n = 60;
    const cols = 3;
    const X = normals(n * cols, 5);
    const noise = normals(n, 6);
    const targetOf = (loss: string): Float64Array => {
      const { target } = losses[loss as keyof typeof losses];
      return noise.map((e, i) => {
        const z = X[i * cols] - 0.5 * X[i * cols + 1] + 0.3 + 0.5 * e;
        if (target === 'zeroOne') return Number(z > 0);
        if (target === 'plusMinusOne') return z > 0 ? 1 : -1;
        if (target === 'label') return z > 0.5 ? 2 : z > -0.5 ? 1 : 0;
        return target === 'real' ? z : Math.exp(z / 2);
      });
    };

    it.each(Object.keys(losses))('leave no trace in a solver, a path or folds of %s', (name) => {
      const loss = name as Loss & string;
      const data = { X, y: targetOf(name) };
      const { data: all, placeOf } = strew(data, 9);
      const classes = name === 'softmax' ? 3 : undefined;
      for (const optimizer of ['auto', 'newton', 'lbfgs', 'adam'] as const) {
        for (const options of [{}, { standardize: true }, { l1: 0.01 }, { validationFraction: 0.25 }]) {
          const how: FitOptions = { loss, optimizer, classes, epochs: 20, ...options };
          expect(fitSync(all, how).toJSON()).toEqual(fitSync(data, how).toJSON());
        }
      }
      const path = { loss, classes, count: 8, epochs: 40, l1Ratio: 0.5 };
      expect(fitPathSync(all, path).toJSON()).toEqual(fitPathSync(data, path).toJSON());
      const [ofAll, own] = [all, data].map((data) => crossValidateSync(data, { ...path, folds: 4, seed: 3 }));
      expectBits(ofAll.mean, own.mean);
      expectBits(ofAll.standardError, own.standardError);
      expectBits(
        placeOf.map((place) => ofAll.foldIds[place]),
        own.foldIds,
      );
      expect(ofAll.path.toJSON()).toEqual(own.path.toJSON());
    });

    it('leave no trace in fits of many, beside a problem that has no others', () => {
      const problems = Array.from({ length: 11 }, (_, i) => {
        const rows = 5 + 3 * i;
        return { X: normals(rows * 2, i), y: normals(rows, 100 + i), sampleWeight: normals(rows, i).map(Math.abs) };
      });
      const all = problems.map((problem, i) => strew(problem, i).data);
      for (const optimizer of ['auto', 'newton', 'adam', 'lbfgs'] as const) {
        const options = { optimizer, epochs: 9, l2: 0.1 };
        const [ofAll, own] = [all, problems].map((list) => fitManySync(list, options));
        for (const key of ['coefficients', 'intercepts', 'losses', 'epochs', 'status'] as const) {
          expectBits(ofAll[key], own[key], key);
        }
        const none = { X: normals(4, 1), y: normals(2, 1), sampleWeight: new Float64Array(2) };
        const some = fitManySync([all[0], none, all[1]], options);
        expect([...some.errors.keys()]).toEqual([1]);
        expectBits(some.at(2).coefficients, own.at(1).coefficients);
      }
      const broken = strew({ X: Float64Array.of(1, 2, NaN, 4), y: Float64Array.of(1, 2) }, 3);
      const { errors } = fitManySync([broken.data, all[0]], { optimizer: 'exact' });
      expect(errors.get(0)?.message).toMatch(`row ${broken.placeOf[1]}, column 0`);
    });

    it('have no part in which classes there are', () => {
      const y = ['no', 'yes', 'no', 'yes', 'none'];
      const data = { X: normals(5, 1), y, sampleWeight: Float64Array.of(1, 1, 1, 1, 0) };
      expect(fitSync(data, { loss: 'logistic' }).labels).toEqual(['no', 'yes']);
      const { model } = new estimators.LogisticRegression<string>().fitSync(data);
      expect(model).toMatchObject({ loss: 'logistic', labels: ['no', 'yes'] });
      const numbers = { ...data, y: Float64Array.of(1, 2, 1, 2, -9999) };
      expect(new estimators.LinearSVC().fitSync(numbers).labels).toEqual([1, 2]);
    });

    it('are those of a class of weight 0, too', () => {
      const y = Float64Array.from({ length: n }, (_, i) => i % 3);
      const [a, b] = [X, X.map((x, i) => (Math.floor(i / cols) % 3 === 1 ? NaN : x))].map((X) =>
        fitSync({ X, y }, { loss: 'softmax', classWeight: { 1: 0 }, l2: 0.1, optimizer: 'lbfgs' }),
      );
      expectBits(a.coefficients, b.coefficients);
      expectRefusal(
        fitSync,
        [
          { X, y },
          { loss: 'softmax', classWeight: { 0: 0, 1: 0, 2: 0 } },
        ],
        'ERR_OUT_OF_RANGE',
        /^classWeight/,
      );
    });

    it('have no part in what auto picks, nor in off-thread, stepwise and interrupted fits', async () => {
      const many = { X: normals(900 * 32, 1), y: Float64Array.from(normals(900, 2), (e) => Number(e > 0)) };
      const { data: all } = strew(many, 5);
      expect(all.y.length).toBeGreaterThan(1000);
      const how = { loss: 'logistic', l2: 0.1 } as const;
      const model = fitSync(many, { ...how, optimizer: 'auto' });
      expect(fitSync(all, { ...how, optimizer: 'auto' }).toJSON()).toEqual(model.toJSON());
      const rule = { ...how, optimizer: 'adam', epochs: 7, batchSize: 50 } as const;
      const expected = fitSync(many, rule).toJSON();
      expect((await fitAsync(all, rule)).toJSON()).toEqual(expected);
      const steps = fitIterator(all, rule);
      for await (const _ of steps);
      expect((await steps.model).toJSON()).toEqual(expected);
      const path = join(mkdtempSync(join(tmpdir(), 'nabla-weightless-')), 'checkpoint');
      expect((await fitAsync(all, { ...rule, checkpoint: { path, every: 2 } })).toJSON()).toEqual(expected);
      await expect(fitAsync({ ...all, X: all.X.map((x) => x + NaN) }, rule)).rejects.toMatchObject({
        code: 'ERR_NOT_FINITE',
      });
    });

    it('leave no trace in packed problems, off the thread, whose buffers are given away', async () => {
      const sizes = [5, 9, 14, 30];
      const problems = sizes.map((rows, i) => strew({ X: normals(rows * 2, i), y: normals(rows, 9 + i) }, i));
      const pack = (all: readonly { X: Float64Array; y: Float64Array; sampleWeight?: Float64Array }[]) => {
        const join = (arrays: Float64Array[]) => Float64Array.from(arrays.flatMap((array) => [...array]));
        const offsets = [0];
        for (const { y } of all) offsets.push((offsets.at(-1) as number) + y.length);
        const weights = all.map(({ y, sampleWeight }) => sampleWeight ?? y.map(() => 1));
        return { X: join(all.map(({ X }) => X)), y: join(all.map(({ y }) => y)), offsets, sampleWeight: join(weights) };
      };
      const own = fitManySync(
        sizes.map((rows, i) => ({ X: normals(rows * 2, i), y: normals(rows, 9 + i) })),
        { optimizer: 'exact' },
      );
      for (const transfer of [false, true]) {
        const packed = pack(problems.map(({ data }) => data));
        const promise = fitMany(packed, { optimizer: 'exact', transfer });
        if (!transfer) packed.X.fill(NaN);
        expectBits((await promise).coefficients, own.coefficients);
        const broken = pack(problems.map(({ data }) => data));
        const row = broken.offsets[2] + problems[2].placeOf[3];
        broken.X[2 * row + 1] = NaN;
        const { errors, status } = await fitMany(broken, { optimizer: 'exact', transfer });
        expect([...errors.keys()]).toEqual([2]);
        expect(errors.get(2)?.message).toMatch(`row ${problems[2].placeOf[3]}, column 1`);
        expect(status[3]).toBe(own.status[3]);
      }
    });

    it('of classes of weight 0 are none in fits of many', () => {
      const problems = [7, 8, 9].map((seed) => ({ X, y: normals(n, seed).map((e) => Number(e > 0)) }));
      const options = { loss: 'softmax', classes: 3, classWeight: { 2: 0 }, l2: 0.1, epochs: 9 } as const;
      const more = problems.map(({ X, y }) => ({
        X: Float64Array.of(...X, NaN, NaN, NaN, ...X.subarray(0, cols)),
        y: Float64Array.of(...y, 2, y[0]),
      }));
      const less = problems.map(({ X, y }) => ({
        X: Float64Array.of(...X, ...X.subarray(0, cols)),
        y: Float64Array.of(...y, y[0]),
      }));
      expectBits(fitManySync(more, options).coefficients, fitManySync(less, options).coefficients);
    });

    it.each(Object.keys(rules))('are drawn by no sampler: %s', (optimizer) => {
      const data = { X, y: targetOf('squared'), sampleWeight: X.subarray(0, n).map(Math.abs) };
      const { data: all } = strew(data, 4);
      for (const sampler of ['sequential', 'shuffled', 'replacement'] as const) {
        const how = { optimizer, sampler, batchSize: 7, epochs: 3 } as FitOptions;
        expect(fitSync(all, how).toJSON()).toEqual(fitSync(data, how).toJSON());
      }
    });
  },
);
