// Optimizers: the reference and native make the same weights and the same state.
import fc from 'fast-check';
import { describe, it } from 'vitest';
import { rules } from '../../lib/catalog/rules.js';
import type { OptimizerOptions } from '../../lib/index.js';
import { faces } from '../support/backends.js';
import { expectBits, normals, random, runs } from '../support/support.js';

const names = Object.keys(rules) as (keyof typeof rules)[];

describe.each(faces)('steps of optimizers: $name', (face) => {
  it('has the bits of the reference, whatever the rule and its input', () => {
    const kinds = fc.constantFrom('normal', 'tiny', 'huge', 'zeros', 'mixed');
    const any = fc.record({
      name: fc.constantFrom(...names),
      n: fc.oneof(fc.integer({ min: 1, max: 150 }), fc.constantFrom(255, 256, 1000)),
      offset: fc.integer({ min: 0, max: 7 }),
      extras: fc.record({
        weightDecay: fc.constantFrom(0, 0.1),
        decoupled: fc.boolean(),
        clipNorm: fc.constantFrom(0, 0.5, 1e-160, 1e160),
        clipValue: fc.constantFrom(0, 0.5),
        l1: fc.constantFrom(0, 0.05),
        l2: fc.constantFrom(0, 0.05),
        nonNegative: fc.boolean(),
        maximize: fc.boolean(),
      }),
      kind: kinds,
      seed: fc.nat(),
    });
    const own = {
      rmsprop: { momentum: 0.5, centered: true },
      adam: { amsgrad: true },
      sgd: { momentum: 0.5, nesterov: true },
    };
    fc.assert(
      fc.property(any, fc.boolean(), ({ name, n, offset, extras, kind, seed }, more) => {
        const refusesL1 = 'withoutL1' in rules[name] || (more && name === 'rmsprop');
        const l1 = refusesL1 ? 0 : extras.l1;
        const options = { name, ...extras, l1, ...(more && own[name as 'sgd']) } as OptimizerOptions;
        const pair = [faces[0], face].map(({ createOptimizer }) => createOptimizer(options, n));
        const uniform = random(seed);
        const scale = { normal: 1, tiny: 1e-170, huge: 1e150, zeros: 0, mixed: 1 }[kind as 'normal'];
        const make = (seed: number) => {
          const array = new Float64Array(n + offset).subarray(offset);
          array.set(
            normals(n, seed).map((x) => x * scale * (kind === 'mixed' ? 10 ** Math.round(300 * uniform() - 200) : 1)),
          );
          return array;
        };
        const start = make(seed);
        const both = [start.slice(), start];
        for (let t = 1; t <= 4; t++) {
          const gradient = make(seed + t);
          pair.forEach((optimizer, k) => {
            optimizer.step(both[k], gradient);
          });
          expectBits(both[1], both[0], `step ${t}, weight`);
          pair[1].state.forEach((array, k) => {
            expectBits(array, pair[0].state[k], `step ${t}, state ${k}`);
          });
        }
      }),
      { numRuns: runs(600) },
    );
  });
});
