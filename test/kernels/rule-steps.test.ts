// What every update rule keeps to: finite gradients make finite weights, and 0/0 is no step.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type RuleEntry, rules } from '../../lib/catalog/rules.js';
import type { OptimizerOptions } from '../../lib/index.js';
import { faces } from '../support/backends.js';
import { expectBits, normal, normals, problem, random, runs } from '../support/support.js';

type Name = keyof typeof rules;
/** Every rule, and what changes its formula. */
const variants: Record<string, { name: Name; [parameter: string]: number | boolean | string }> = {
  ...Object.fromEntries(Object.keys(rules).map((name) => [name, { name: name as Name }])),
  'sgd with momentum': { name: 'sgd', momentum: 0.9 },
  'sgd with nesterov': { name: 'sgd', momentum: 0.9, nesterov: true },
  'rmsprop with momentum': { name: 'rmsprop', momentum: 0.5 },
  'rmsprop, centered': { name: 'rmsprop', centered: true },
  'rmsprop, centered, with momentum': { name: 'rmsprop', centered: true, momentum: 0.5, decay: 0.5 },
  'adam with amsgrad': { name: 'adam', amsgrad: true },
};
const names = Object.keys(variants);

function takesL1(variant: string): boolean {
  const { name, centered, momentum } = variants[variant];
  return !(rules[name] as RuleEntry).withoutL1 && !(centered && momentum);
}

/** A variant without what is added to roots, and without decay. */
function exact(variant: string): OptimizerOptions {
  const options = variants[variant];
  const names = ['epsilon', 'beta', 'lambd', 'weightDecay'].filter((key) => key in rules[options.name].parameters);
  return { ...options, ...Object.fromEntries(names.map((key) => [key, 0])) } as OptimizerOptions;
}

describe.each(faces)('steps of the update rules: $name', ({ createOptimizer }) => {
  it.each(names)('%s makes finite weights of finite gradients', (variant) => {
    const any = fc.record({
      n: fc.constantFrom(1, 9, 70),
      // Squares of the outer two underflow and overflow.
      scale: fc.constantFrom(1e-300, 1e-170, 1e-12, 1, 1e12, 1e100, 1e160, 1e300),
      kind: fc.constantFrom('same', 'steady', 'mixed', 'rare'),
      isExact: fc.boolean(),
      l1: fc.constantFrom(0, 0.1),
      seed: fc.nat(),
    });
    fc.assert(
      fc.property(any, ({ n, scale, kind, isExact, l1, seed }) => {
        const uniform = random(seed);
        const options = isExact ? exact(variant) : variants[variant];
        const optimizer = createOptimizer(
          { ...(options as object), l1: takesL1(variant) ? l1 : 0 } as OptimizerOptions,
          n,
        );
        const weights = normals(n, seed);
        const first = normals(n, seed + 1);
        for (let t = 0; t < 8; t++) {
          const gradient = first.map((g) => {
            if (kind === 'same') return g * scale;
            if (kind === 'steady') return g * scale * (1 + 1e-9 * normal(uniform));
            if (kind === 'rare') return uniform() < 0.3 ? g * scale : 0;
            return g * scale * 10 ** (-20 * uniform());
          });
          optimizer.step(weights, gradient);
          expect(weights.every(Number.isFinite), `${[...weights]} after step ${t + 1}`).toBe(true);
        }
      }),
      { numRuns: runs(60) },
    );
  });

  it.each(names)('%s does not move by gradients of 0, nor by those whose squares underflow', (variant) => {
    for (const n of [3, 130]) {
      const [start, weights] = [normals(n, 1), normals(n, 1)];
      const optimizer = createOptimizer(exact(variant), n);
      for (let t = 0; t < 5; t++) optimizer.step(weights, new Float64Array(n));
      expectBits(weights, start);
      optimizer.step(weights, new Float64Array(n).fill(1e-200));
      expect(weights.every(Number.isFinite)).toBe(true);
    }
  });
});

const decaying = {
  'l2 of sgd': { name: 'sgd', l2: 3 },
  'weight decay of sgd': { name: 'sgd', weightDecay: 3 },
  'decoupled weight decay of sgd': { name: 'sgd', weightDecay: 3, decoupled: true },
  'l2 of momentum': { name: 'momentum', l2: 3 },
  'weight decay of nesterov': { name: 'nesterov', weightDecay: 3 },
  'l2 of radam': { name: 'radam', l2: 3 },
  'decoupled weight decay of adam': { name: 'adam', weightDecay: 3, decoupled: true },
  'weight decay of adamw': { name: 'adamw', weightDecay: 3 },
  'weight decay of lion': { name: 'lion', weightDecay: 3 },
} as const;

describe.each(faces)('decay by more than all of a weight: $name', ({ createOptimizer, fitSync, fitManySync }) => {
  it.each(Object.entries(decaying))('%s ends at 0', (_name, options) => {
    for (const n of [3, 130]) {
      const weights = normals(n, 1);
      const start = weights.slice();
      createOptimizer({ ...options, learningRate: 0.7 } as OptimizerOptions, n).step(weights, new Float64Array(n));
      weights.forEach((w, i) => {
        expect(Math.abs(w)).toBeLessThanOrEqual(1e-15 * Math.abs(start[i]));
      });
    }
  });

  it('a fit stays bounded, and does not say that it has converged', () => {
    const { X, y } = problem(60, 3, 4);
    for (const name of ['sgd', 'momentum', 'nesterov'] as const) {
      const optimizer = { name, learningRate: 0.05 };
      for (const options of [
        { optimizer, l2: 1000 },
        { optimizer, l2: 10, penaltyFactors: [1, 100, 1] },
        // Beyond 1/η, but within what dampening leaves of it where there is momentum.
        ...(name === 'sgd' ? [{ optimizer: { ...optimizer, dampening: 0.9 }, l2: 60 }] : []),
        { optimizer: { ...optimizer, weightDecay: 1000 } },
      ]) {
        const model = fitSync({ X, y }, { ...options, epochs: 500, tolerance: 1e-9 });
        expect(model.status, name).toBe('maxEpochs');
        expect(Math.max(...model.coefficients.map(Math.abs)), name).toBeLessThan(0.5);
        const many = fitManySync([{ X, y }], { ...options, epochs: 500, tolerance: 1e-9 });
        expectBits(many.coefficients, model.coefficients);
        expect(many.status[0]).toBe(1);
      }
    }
  });
});
