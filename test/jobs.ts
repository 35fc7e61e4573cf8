// Fits as the solver gets them, and what it returns, compared.
import { expect } from 'vitest';
import type { FitJob, Outcome } from '../lib/backend.js';
import { createFit } from '../lib/facade/fit.js';
import type { FitData, FitOptions } from '../lib/index.js';
import { Model } from '../lib/model.js';
import { reference } from './backends.js';
import { expectBits } from './support.js';

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

const series = ['weights', 'loss', 'validationLoss', 'learningRate', 'gradientNorm'] as const;

/** All arrays of an outcome. */
export function arraysOf(outcome: Outcome): Float64Array[] {
  return series.map((name) => outcome[name]);
}

/** The same counts and the same bits. */
export function expectOutcome(actual: Outcome, expected: Outcome, what = ''): void {
  const counts = ({ status, epochs, steps }: Outcome) => ({ status, epochs, steps });
  expect(counts(actual), what).toEqual(counts(expected));
  for (const name of series) expectBits(actual[name], expected[name], `${what}${name}, element`);
}
