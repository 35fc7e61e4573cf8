// Fits as the solver gets them, and what it returns, compared.
import { expect } from 'vitest';
import type { FitJob, Outcome } from '../../lib/backend/interface.js';
import type { FitData, FitOptions } from '../../lib/index.js';
import { createFit } from '../../lib/model/fits.js';
import { Model } from '../../lib/model/model.js';
import { reference } from './backends.js';
import { lawBlock } from './law.js';
import { expectBits, normals, random } from './support.js';

/** The job that a call of fitSync makes. */
export function jobOf(data: FitData, options: FitOptions): FitJob {
  let made: FitJob | undefined;
  const catching = createFit(
    {
      ...reference,
      fitSync(job) {
        made = job;
        throw new Error('caught');
      },
    },
    Model,
  );
  try {
    catching.fitSync(data, options);
  } catch (error) {
    if (!made) throw error;
  }
  return made as FitJob;
}

/** The same numbers, rounded to singles, in a view that begins `offset` elements behind its buffer. */
export function singlesOf(X: ArrayLike<number>, offset = 1): Float32Array {
  const array = new Float32Array(offset + X.length).subarray(offset);
  array.set(X);
  return array;
}

/** Fits of singles of any shape, in order and picked, down to the least of numbers. */
export function singleJobs(): FitJob[] {
  const uniform = random(3);
  const jobs: FitJob[] = [];
  for (const cols of [1, 2, 3, 5, 7, 8, 9, 15, 16, 17, 31, 33, 64, 65, 300]) {
    const block = lawBlock(cols);
    for (const rows of [1, 2, 9, 33, block - 1, block, block + 1, 2 * block + 3].filter((n) => n * cols < 9000)) {
      const X = singlesOf(normals(rows * cols, rows), cols % 4);
      for (let i = 0; i < X.length; i += 7) X[i] = [-0, 1e-45, -1e-39, 1e30, 2 ** -126][Math.floor(5 * uniform())];
      const y = normals(rows, 2);
      const indices = Array.from({ length: 40 }, () => Math.floor(rows * uniform()));
      for (const options of [
        { sampler: 'full' },
        { sampler: 'shuffled', batchSize: 1 },
        { sampler: { name: 'indices', indices }, batchSize: 11 },
        { sampler: 'sequential', batchSize: 5 },
      ] as FitOptions[]) {
        jobs.push(jobOf({ X, y }, { optimizer: { name: 'sgd', learningRate: 1e-9 }, epochs: 2, ...options }));
      }
    }
  }
  return jobs;
}

const series = ['weights', 'loss', 'validationLoss', 'learningRate', 'gradientNorm'] as const;

/** All arrays of an outcome. */
export function arraysOf(outcome: Outcome): Float64Array[] {
  return series.map((name) => outcome[name]);
}

/** The same counts and the same bits. */
export function expectOutcome(actual: Outcome, expected: Outcome, what = ''): void {
  const counts = ({ status, epochs, steps }: Outcome) => ({ status, epochs, steps });
  expect(counts(actual), what).toEqual(counts(expected));
  const distances = ({ gap, remainingDecrease, lastDecrease }: Outcome) => [gap, remainingDecrease, lastDecrease];
  expectBits(distances(actual), distances(expected), `${what}gap, remaining and last decrease, number`);
  for (const name of series) expectBits(actual[name], expected[name], `${what}${name}, element`);
}
