// Fits of the same rows under other penalties, which share what they know of the rows.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Backend, FitJob, Outcome } from '../../lib/backend/interface.js';
import { knownPlaces, statuses } from '../../lib/backend/plan.js';
import type { FitData, FitOptions } from '../../lib/index.js';
import { native, reference } from '../support/backends.js';
import { expectOutcome, jobOf } from '../support/jobs.js';
import { expectBits, expectClose, normals, problem, runs } from '../support/support.js';

const backends = native ? [reference, native] : [reference];

const rows = 60;
const cols = 6;
const { X, y } = problem(rows, cols, 3, 0.5);
const noise = normals(2 * rows, 9);
const sampleWeight = noise.slice(0, rows).map(Math.abs);
const offset = noise.slice(rows);
const two = Float64Array.from({ length: 2 * rows }, (_, at) => y[at >> 1] * (at % 2) + noise[at]);

const cases: [string, FitData, FitOptions][] = [
  ['squared', { X, y }, {}],
  ['standardized', { X, y }, { standardize: true }],
  ['weights and an offset', { X, y, sampleWeight, offset }, {}],
  ['rows held out', { X, y, sampleWeight }, { validationFraction: 0.3, standardize: true }],
  ['without an intercept', { X, y }, { intercept: false }],
  ['factors', { X, y }, { penaltyFactors: [1, 0, 2, 1, 0.5, 3] }],
  ['not negative', { X, y }, { nonNegative: true }],
  ['two targets', { X, y: two, rows }, {}],
  ['singles', { X: Float32Array.from(X), y }, { standardize: true }],
  ['fewer rows than columns', { X: X.subarray(0, 4 * cols), y: y.subarray(0, 4) }, {}],
  ['a constant column', { X: X.map((x, at) => (at % cols === 2 ? 5 : x)), y }, {}],
  ['a column twice', { X: X.map((x, at) => (at % cols === 2 ? X[at - 1] : x)), y }, {}],
  ['columns far from 0', { X: X.map((x, at) => (at % cols === 1 ? x + 1e6 : x)), y }, {}],
];

const penalties = [
  [2, 0.1],
  [0.3, 0.2],
  [0.02, 0],
  [0.5, 0],
] as const;

/** Fits one after the other, each from where the last one ended. `first`: told when the first one is done. */
function sequence(backend: Backend, job: FitJob, isKnown: boolean, first = () => {}): Outcome[] {
  const known = isKnown ? new Float64Array(knownPlaces(job.plan).length) : null;
  let { weights } = job;
  return penalties.map(([l1, l2], i) => {
    const outcome = backend.fitSync({ ...job, plan: { ...job.plan, l1, l2 }, weights, known });
    weights = outcome.weights;
    if (i === 0) first();
    return outcome;
  });
}

const newton = { optimizer: 'newton', tolerance: 1e-12, l1: 1 } as const;

describe.each(backends)('what is known of rows: $name', (backend) => {
  it.each(cases)('leaves fits what they are alone: %s', (name, data, options) => {
    const job = jobOf(data, { ...newton, ...options });
    const apart = sequence(backend, job, false);
    sequence(backend, job, true).forEach((outcome, i) => {
      const room = name === 'columns far from 0' ? 1e-9 : 1e-12; // products lose what a mean of 1e6 takes
      expectClose(outcome.loss.slice(-1), apart[i].loss.slice(-1), room, 1e-12, `objective ${i},`);
      expectClose(outcome.weights, apart[i].weights, 1e-6, 1, `weight at ${i},`);
      expectClose([outcome.meanLoss], [apart[i].meanLoss], 1e-7, 1e-9, `mean loss ${i},`);
    });
  });

  it('spares the later ones the rows', () => {
    const job = jobOf({ X, y: y.map((value, i) => value + 20 * noise[i]) }, newton);
    const expected = sequence(backend, job, true);
    const train = { ...job.train, y: job.train.y.slice() };
    const outcomes = sequence(backend, { ...job, train }, true, () => train.y.fill(NaN));
    outcomes.forEach((outcome, i) => {
      expectOutcome(outcome, expected[i], `fit ${i}: `);
    });
  });

  it.each([
    [
      'columns depend on each other',
      { X: X.map((x, at) => (at % cols === 2 ? X[at - 1] + 1e-7 * noise[at % rows] : x)), y },
      0,
    ],
    ['a loss is all but 0', { X, y: problem(rows, cols, 3, 0).y.map((value, i) => value + 1e-9 * noise[i]) }, 1e-9],
  ])('but where %s', (_name, data, l1) => {
    const job = jobOf(data, newton);
    const train = { ...job.train, y: job.train.y.slice() };
    const known = new Float64Array(knownPlaces(job.plan).length);
    backend.fitSync({ ...job, train, known });
    const plan = { ...job.plan, l1, l2: 1e-9 };
    const [outcome, alone] = [known.slice(), null].map((known) => backend.fitSync({ ...job, plan, known }));
    expectClose(outcome.weights, alone.weights, 1e-5, 1e-3);
    expectClose([outcome.meanLoss], [alone.meanLoss], 1e-9, 0);
    train.y.fill(NaN);
    const { status } = backend.fitSync({ ...job, train, plan, known });
    expect(statuses[status], 'the rows are looked at').not.toBe('converged');
  });

  it.each(cases.filter(([name]) => name !== 'not negative'))('serves exact as well: %s', (_name, data, options) => {
    const job = jobOf(data, { ...options, optimizer: 'exact', l2: 1 });
    const known = new Float64Array(knownPlaces(job.plan).length);
    for (const l2 of [1, 0.1, 0.001]) {
      const plan = { ...job.plan, l2 };
      const outcome = backend.fitSync({ ...job, plan, known });
      expectClose(outcome.weights, backend.fitSync({ ...job, plan }).weights, 1e-11, 1, `l2 ${l2}: weight`);
    }
    expect(known[knownPlaces(job.plan).scaling]).toBe(1);
  });
});

describe.runIf(native)('what is known of rows has the same bits', () => {
  const same = (job: FitJob, what: string) => {
    const known = backends.map(() => new Float64Array(knownPlaces(job.plan).length));
    let { weights } = job;
    for (const [l1, l2] of penalties) {
      const plan = { ...job.plan, l1, l2 };
      const [ours, theirs] = backends.map((backend, i) => backend.fitSync({ ...job, plan, weights, known: known[i] }));
      expectOutcome(theirs, ours, what);
      expectBits([theirs.meanLoss], [ours.meanLoss], `${what} mean loss`);
      expectBits(known[1], known[0], `${what} known`);
      weights = ours.weights;
    }
  };

  it.each(cases)('of %s', (name, data, options) => {
    same(jobOf(data, { ...newton, ...options }), name);
  });

  it('of any shape', () => {
    const shape = fc.record({
      rows: fc.constantFrom(1, 2, 7, 8, 9, 31, 33, 64, 130),
      cols: fc.constantFrom(1, 2, 7, 8, 9, 31, 32, 33, 63, 64, 65, 90),
      seed: fc.integer({ min: 1, max: 1000 }),
      intercept: fc.boolean(),
      standardize: fc.boolean(),
    });
    fc.assert(
      fc.property(shape, ({ rows, cols, seed, ...options }) => {
        const data = problem(rows, cols, seed, 1);
        same(jobOf({ X: data.X, y: data.y }, { ...newton, ...options }), `${rows} × ${cols}: `);
      }),
      { numRuns: runs(60) },
    );
  });
});
