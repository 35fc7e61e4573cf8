// Many small fits, which native code does eight at once: the bits of the reference, which does one after the other.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { manyStatuses } from '../../lib/backend/plan.js';
import { losses } from '../../lib/catalog/losses.js';
import type { ManyOptions, PackedProblems } from '../../lib/index.js';
import { faces, native } from '../support/backends.js';
import { expectBits, normal, patience, random, runs } from '../support/support.js';

const results = ['status', 'coefficients', 'intercepts', 'losses', 'remaining', 'epochs', 'steps'] as const;

/** On all backends; returns what became of each. */
function expectSame(problems: PackedProblems, options: ManyOptions): number[] {
  const [expected, ...others] = faces.map(({ fitManySync }) => fitManySync(problems, options));
  for (const models of others) {
    for (const key of results) expectBits(models[key], expected[key], key);
  }
  return [...expected.status];
}

type Loss = Exclude<keyof typeof losses, 'softmax'>;

interface Shape {
  cols: number;
  lengths: number[];
  loss: Loss;
  seed: number;
  weighted?: boolean;
  offset?: boolean;
  singles?: boolean;
  /** What is unusual about some of the problems. */
  quirk?: (typeof quirks)[number];
}
const quirks = ['none', 'none', 'none', 'exact', 'constant', 'collinear', 'far', 'huge', 'zero'] as const;

function make({ cols, lengths, loss, seed, weighted, offset, singles, quirk = 'none' }: Shape) {
  const uniform = random(seed);
  const rows = lengths.reduce((sum, length) => sum + length, 0);
  const offsets = [0];
  for (const length of lengths) offsets.push(offsets[offsets.length - 1] + length);
  const X = Float64Array.from({ length: rows * cols }, () => normal(uniform));
  const y = new Float64Array(rows);
  const { target } = losses[loss];
  lengths.forEach((length, problem) => {
    const isUnusual = uniform() < 0.3;
    for (let i = 0; i < length; i++) {
      const at = offsets[problem] + i;
      const x = X.subarray(at * cols, (at + 1) * cols);
      if (isUnusual && quirk === 'constant') x[0] = 3;
      if (isUnusual && quirk === 'zero') x[cols - 1] = 0;
      if (isUnusual && quirk === 'collinear' && cols > 1) x[1] = 2 * x[0] + (problem % 2) * 1e-6 * x[1];
      if (isUnusual && quirk === 'far') x[0] += 1000;
      if (isUnusual && quirk === 'huge') x[0] *= 1e155;
      let z = x.reduce((sum, value, j) => sum + value * (0.5 - 0.1 * j), 0.3);
      if (quirk !== 'exact') z += normal(uniform);
      if (target === 'real') y[at] = z;
      else if (target === 'zeroOne') y[at] = Number(z > 0);
      else if (target === 'plusMinusOne') y[at] = z > 0 ? 1 : -1;
      else y[at] = Math.abs(z) + 0.01;
    }
  });
  const of = (make: () => number) => Float64Array.from({ length: rows }, make);
  return {
    X: singles ? Float32Array.from(X) : X,
    y,
    offsets,
    cols,
    ...(weighted && { sampleWeight: of(() => (uniform() < 0.1 ? 0.25 : uniform() + 0.1)) }),
    ...(offset && { offset: of(() => normal(uniform)) }),
  };
}

const anyShape = fc.record({
  cols: fc.integer({ min: 1, max: 17 }),
  lengths: fc.oneof(
    fc
      .tuple(fc.constantFrom(1, 7, 8, 9, 31, 32, 33, 64, 127, 128, 129), fc.integer({ min: 1, max: 19 }))
      .map(([rows, count]) => Array<number>(count).fill(rows)),
    fc.array(fc.constantFrom(1, 2, 3, 5, 20, 31, 32, 33, 34, 100, 128, 255, 256, 257), { minLength: 1, maxLength: 19 }),
  ),
  loss: fc.constantFrom(...(Object.keys(losses).filter((name) => name !== 'softmax') as Loss[])),
  seed: fc.nat(),
  weighted: fc.constantFrom(false, false, true),
  offset: fc.constantFrom(false, false, true),
  singles: fc.constantFrom(false, false, true),
  quirk: fc.constantFrom(...quirks),
});
const usual = fc.record({
  intercept: fc.boolean(),
  l2: fc.constantFrom(0, 0, 0.01, 3),
  penaltyFactors: fc.constantFrom(false, false, true),
});
const ofDescent = fc.record({
  optimizer: fc.constantFrom('sgd', 'momentum', 'nesterov', 'adagrad', 'rmsprop', 'adam', 'adamw'),
  learningRate: fc.constantFrom(0.001, 0.03, 0.3, 30),
  epochs: fc.integer({ min: 1, max: 25 }),
  tolerance: fc.constantFrom(0, 0, 1e-3, 0.1),
  l1: fc.constantFrom(0, 0, 0.1),
  nonNegative: fc.constantFrom(false, false, true),
  clipValue: fc.constantFrom(undefined, undefined, 0.1),
  schedule: fc.constantFrom('constant', { name: 'cosine', warmup: 2 }, { name: 'invscaling', power: 0.5 }),
  gram: fc.constantFrom(undefined, true, false),
});

const factorsFor = (cols: number) => Float64Array.from({ length: cols }, (_, j) => (j % 3) / 2);

describe.runIf(native)('many small fits', { timeout: patience(120_000) }, () => {
  it('by descent', () => {
    const seen = new Set<number>();
    fc.assert(
      fc.property(anyShape, usual, ofDescent, (shape, { penaltyFactors, ...options }, { learningRate, ...others }) => {
        const byGram = others.gram === true;
        const loss = byGram ? 'squared' : shape.loss;
        const problems = make({ ...shape, loss });
        const optimizer = { name: others.optimizer, learningRate };
        const factors = penaltyFactors && { penaltyFactors: factorsFor(shape.cols) };
        const all = { ...options, ...factors, ...others, optimizer, loss, ...classesOf(loss) } as ManyOptions;
        for (const status of expectSame(problems, all)) seen.add(status);
      }),
      { numRuns: runs(600) },
    );
    for (const status of ['converged', 'maxEpochs', 'diverged'])
      expect(seen).toContain(manyStatuses.indexOf(status as never));
  });

  it('least squares at once', () => {
    fc.assert(
      fc.property(anyShape, usual, (shape, { penaltyFactors, ...options }) => {
        const factors = penaltyFactors && { penaltyFactors: factorsFor(shape.cols) };
        expectSame(make({ ...shape, loss: 'squared' }), { optimizer: 'exact', ...options, ...factors });
      }),
      { numRuns: runs(400) },
    );
  });

  it('by Newton’s method', () => {
    const how = fc.record({ epochs: fc.integer({ min: 1, max: 15 }), tolerance: fc.constantFrom(0, 0, 1e-6, 0.1) });
    const seen = new Set<number>();
    fc.assert(
      fc.property(anyShape, usual, how, (shape, { penaltyFactors, ...options }, others) => {
        const factors = penaltyFactors && { penaltyFactors: factorsFor(shape.cols) };
        const all = { ...options, ...factors, ...others, loss: shape.loss, ...classesOf(shape.loss) } as ManyOptions;
        for (const status of expectSame(make(shape), { ...all, optimizer: 'newton' })) seen.add(status);
      }),
      { numRuns: runs(400) },
    );
    for (const status of ['converged', 'maxEpochs']) expect(seen).toContain(manyStatuses.indexOf(status as never));
  });
});

function classesOf(loss: Loss) {
  return losses[loss].target === 'plusMinusOne' ? { classes: [-1, 1] } : {};
}
