// Whole fits: the reference and native return the same weights, history, status and counts, fit and fitSync alike.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Backend, FitJob, Outcome } from '../lib/backend.js';
import { type Entry, losses, type NumberOption, rules, samplers, schedules } from '../lib/catalog.js';
import { type FitOptions, readFitOptions } from '../lib/options.js';
import { status } from '../lib/plan.js';
import { faces, native, reference } from './backends.js';
import { lawBlock } from './law.js';
import { expectBits, normal, random, runs } from './support.js';

/** Any number that a parameter's range allows, the borders among them. */
function numberIn({ range, default: usual }: NumberOption): fc.Arbitrary<number> {
  const [low, high] = range
    .slice(1, -1)
    .split(', ')
    .map((end) => (end === '∞' ? Infinity : Number(end)));
  const borders = [usual];
  if (range.startsWith('[')) borders.push(low);
  if (range.endsWith(']')) borders.push(high);
  const unit = fc.double({ min: 0.001, max: 0.999, noNaN: true });
  const inside = high === Infinity ? unit.map((u) => low + 10 ** (6 * u - 5)) : unit.map((u) => low + u * (high - low));
  return fc.oneof(fc.constantFrom(...borders), { arbitrary: inside, weight: 3 });
}

/** A name of a table, with any parameters. */
function choice(table: Record<string, Entry>): fc.Arbitrary<object> {
  const one = ([name, { parameters }]: [string, Entry]) =>
    fc.record({
      name: fc.constant(name),
      ...Object.fromEntries(
        Object.entries(parameters).map(([key, option]) => [
          key,
          option.kind === 'boolean' ? fc.boolean() : numberIn(option),
        ]),
      ),
    });
  return fc.oneof(...Object.entries(table).map(one));
}

const cols = fc.oneof({ arbitrary: fc.integer({ min: 1, max: 40 }), weight: 4 }, fc.constantFrom(63, 64, 65, 300));
const anyData = cols.chain((cols) => {
  const block = lawBlock(cols);
  const borders = [block - 1, block, block + 1, 2 * block + 3, 5 * block].filter((rows) => rows * cols <= 12_000);
  return fc.record({
    cols: fc.constant(cols),
    rows: fc.oneof({ arbitrary: fc.integer({ min: 1, max: 70 }), weight: 3 }, fc.constantFrom(...borders, 1)),
    offset: fc.integer({ min: 0, max: 7 }),
    scale: fc.constantFrom(1, 1, 1, 1e-160, 1e3, 1e150),
    broken: fc.constantFrom(0, 0, 0, 0, NaN, Infinity, -Infinity),
    seed: fc.nat(),
  });
});

const anySettings = fc.record({
  loss: choice(losses),
  optimizer: choice(rules),
  schedule: choice(schedules),
  sampler: fc.constantFrom(...Object.keys(samplers)),
  batchSize: fc.oneof(fc.constantFrom(1, 2, 8, 32, 4294967295), fc.integer({ min: 1, max: 80 })),
  epochs: fc.integer({ min: 1, max: 12 }),
  tolerance: fc.constantFrom(0, 0, 1e-3, 0.1, 1e9),
  intercept: fc.boolean(),
  seed: fc.maxSafeNat(),
  history: fc.constantFrom('epoch', 'step'),
  lossAfterUpdate: fc.constantFrom(false, false, true),
});

type Of<A> = A extends fc.Arbitrary<infer T> ? T : never;

/** The fit of some random data with some random options, and a random start. */
function jobOf(data: Of<typeof anyData>, settings: Of<typeof anySettings>): FitJob {
  const { rows, cols, offset, scale, broken, seed } = data;
  const { sampler, batchSize, lossAfterUpdate, ...others } = settings;
  const uniform = random(seed);
  const array = (n: number, scale: number) =>
    new Float64Array(n + offset).subarray(offset).map(() => scale * normal(uniform));
  const X = array(rows * cols, scale);
  const y = array(rows, scale);
  if (broken !== 0) (uniform() < 0.5 ? X : y)[Math.floor(uniform() * rows)] = broken;
  const indices = Array.from({ length: 1 + Math.floor(uniform() * 50) }, () => Math.floor(uniform() * rows));
  const { plan, indices: list } = readFitOptions(
    {
      ...(others as FitOptions),
      sampler: sampler === 'indices' ? { name: sampler, indices } : sampler,
      batchSize: sampler === 'full' ? undefined : batchSize,
    },
    rows,
  );
  const weights = array(cols + (plan.intercept ? 1 : 0), uniform() < 0.5 ? 0 : 1);
  return { plan: { ...plan, lossAfterUpdate }, X, y, rows, cols, indices: list, weights };
}

function expectOutcome(actual: Outcome, expected: Outcome): void {
  const { weights, history, ...counts } = actual;
  expect(counts).toEqual({ status: expected.status, epochs: expected.epochs, steps: expected.steps });
  expectBits(weights, expected.weights, 'weight');
  expectBits(history, expected.history, 'history');
}

function copyOf(job: FitJob): FitJob {
  return { ...job, X: job.X.slice(), y: job.y.slice(), weights: job.weights.slice() };
}

describe.each(faces)('fits: $name', ({ backend }) => {
  it('as the reference’s, whatever is fitted, and leave their input as it was', async () => {
    const seen = new Set<number>();
    await fc.assert(
      fc.asyncProperty(anyData, anySettings, async (data, settings) => {
        const job = jobOf(data, settings);
        const given = copyOf(job);
        const expected = reference.fitSync(job);
        seen.add(expected.status);
        expectOutcome(backend.fitSync(job), expected);
        expectOutcome(await backend.fit(job), expected);
        expectBits(job.X, given.X, 'X');
        expectBits(job.y, given.y, 'y');
        expectBits(job.weights, given.weights, 'initial weight');
        for (const value of [...expected.weights, ...expected.history]) expect(value).toSatisfy(Number.isFinite);
      }),
      { numRuns: runs(1000) },
    );
    expect([...seen].sort()).toEqual(Object.values(status).sort());
  });

  it('NaN and infinities in any place that is used diverge, with the start as the result', () => {
    for (const value of [NaN, Infinity, -Infinity]) {
      for (const place of ['X', 'y', 'weights'] as const) {
        for (const sampler of ['full', 'sequential', 'shuffled']) {
          const job = jobOf(
            { rows: 37, cols: 5, offset: 1, scale: 1, broken: 0, seed: 1 },
            {
              ...{ loss: { name: 'squared' }, optimizer: { name: 'adam' }, schedule: { name: 'constant' } },
              ...{ sampler, batchSize: 8, epochs: 3, tolerance: 0, intercept: true, seed: 1 },
              ...{ history: 'step', lossAfterUpdate: false },
            },
          );
          job[place][3] = value;
          const outcome = backend.fitSync(job);
          expect(outcome).toMatchObject({ status: status.diverged, epochs: 0, steps: 0 });
          expectBits(outcome.weights, job.weights);
          expect(outcome.history.length).toBe(0);
          expectOutcome(outcome, reference.fitSync(job));
        }
      }
    }
  });
});

describe.runIf(native)('many native fits at once', () => {
  it('have the bits of one after the other', async () => {
    const jobs = fc
      .sample(fc.tuple(anyData, anySettings), { numRuns: runs(300), seed: 1 })
      .map(([data, settings]) => jobOf(data, settings));
    const outcomes = await Promise.all(jobs.map((job) => (native as Backend).fit(job)));
    for (const [i, job] of jobs.entries()) expectOutcome(outcomes[i], reference.fitSync(job));
  });
});
