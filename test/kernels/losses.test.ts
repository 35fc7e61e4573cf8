// Each loss's value by its formula, and where z is so large that formulas written down plainly give NaN.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Backend } from '../../lib/backend/interface.js';
import { maxParameters, softmaxLoss } from '../../lib/backend/plan.js';
import { losses } from '../../lib/catalog/losses.js';
import type { Loss } from '../../lib/input/options.js';
import { plainLosses } from '../support/algebra.js';
import { kernelSets, native, reference } from '../support/backends.js';
import { expectBits, expectClose, normals, random, runs } from '../support/support.js';

type Plain = (y: number, z: number, parameter?: number) => number;
const cases: [Loss, number | undefined, number[]][] = [
  ['squared', undefined, [-2, 0, 3.5]],
  ['logistic', undefined, [0, 1]],
  ['hinge', undefined, [-1, 1]],
  ['squared_hinge', undefined, [-1, 1]],
  ['huber', undefined, [-2, 0, 3.5]],
  [{ name: 'huber', delta: 0.3 }, 0.3, [-2, 0, 3.5]],
  ['quantile', undefined, [-2, 0, 3.5]],
  [{ name: 'quantile', quantile: 0.9 }, 0.9, [-2, 0, 3.5]],
  ['epsilon_insensitive', undefined, [-2, 0, 3.5]],
  [{ name: 'epsilon_insensitive', epsilon: 2 }, 2, [-2, 0, 3.5]],
  ['squared_epsilon_insensitive', undefined, [-2, 0, 3.5]],
  [{ name: 'squared_epsilon_insensitive', epsilon: 2 }, 2, [-2, 0, 3.5]],
  ['poisson', undefined, [0, 1, 7]],
  ['gamma', undefined, [0.01, 1, 7]],
  ['tweedie', undefined, [0, 1, 7]],
  [{ name: 'tweedie', power: 1.2 }, 1.2, [0, 1, 7]],
  [{ name: 'tweedie', power: 1.99 }, 1.99, [0, 1, 7]],
  [{ name: 'tweedie', power: 0 }, 0, [-2, 0, 3.5]],
  [{ name: 'tweedie', power: 2.5 }, 2.5, [0.1, 1, 7]],
  [{ name: 'tweedie', power: 3 }, 3, [0.1, 1, 7]],
  ['modified_huber', undefined, [-1, 1]],
  ['perceptron', undefined, [-1, 1]],
  ['tweedie_identity', undefined, [0, 1, 7]],
  [{ name: 'tweedie_identity', power: 3 }, 3, [0.1, 1, 7]],
  ['logistic', undefined, [0.25, 0.7]],
];

describe.each(kernelSets)('losses: $name', ({ kernels }) => {
  /** Of one row: ℓ(y, z) and its derivative. */
  const at = (loss: Loss, y: number, ...z: number[]) => {
    const slopes = new Float64Array(z.length);
    const value = kernels.valueAndGradient(
      loss,
      { X: Float64Array.of(1), y: Float64Array.of(y) },
      Float64Array.from(z),
      slopes,
    );
    return { value, slopes, slope: slopes[0] };
  };

  it('has a formula by hand for every loss but softmax', () => {
    expect([...Object.keys(plainLosses), 'softmax'].sort()).toEqual(Object.keys(losses).sort());
  });

  it.each(cases)('%j is its formula', (loss, parameter, targets) => {
    const plain = plainLosses[(typeof loss === 'string' ? loss : loss.name) as 'squared'] as Plain;
    for (const y of targets) {
      for (let z = -6; z <= 6; z += 0.37) {
        const { value, slope } = at(loss, y, z);
        if (plain(y, z, parameter) === Infinity) {
          expect([value, slope]).toEqual([Infinity, -Infinity]);
          continue;
        }
        expectClose([value], [plain(y, z, parameter)], 1e-14, 1, `${y}, ${z}:`);
        const h = 1e-6;
        const difference = (plain(y, z + h, parameter) - plain(y, z - h, parameter)) / (2 * h);
        expectClose([slope], [difference], 1e-6, 1 + Math.abs(value), `slope at ${y}, ${z}:`);
      }
    }
  });

  it('logistic far out is z or 0', () => {
    for (const z of [40, 700, 745, 800, 1e4, 1e300, Number.MAX_VALUE]) {
      expect(at('logistic', 0, z)).toMatchObject({ value: z, slope: 1 });
      expect(at('logistic', 1, -z)).toMatchObject({ value: z, slope: -1 });
      const { value, slope } = at('logistic', 1, z);
      expect(value).toBeLessThan(1e-17);
      expect(value).toBeGreaterThanOrEqual(0);
      expect(Math.abs(slope)).toBeLessThan(1e-17);
      expect(at('logistic', 0, -z).value).toBeLessThan(1e-17);
    }
    // Digits do not vanish where the loss is small.
    expectClose([at('logistic', 1, 30).value], [Math.log1p(Math.exp(-30))], 1e-15);
    expectClose([at('logistic', 1, 30).slope], [-1 / (1 + Math.exp(30))], 1e-15);
  });

  it('softmax far out is a difference or 0, and does not mind a shift', () => {
    for (const z of [700, 800, 1e4, 1e300]) {
      const wrong = at('softmax', 0, 0, z, -z);
      expectClose([wrong.value], [z], 1e-15);
      expectClose(wrong.slopes, [-1, 1, 0], 1e-15);
      expect(at('softmax', 1, 0, z, -z).value).toBe(0);
    }
    const small = at('softmax', 2, 1, -0.5, 0.25);
    const shifted = at('softmax', 2, 1001, 999.5, 1000.25);
    expectClose([shifted.value], [small.value], 1e-13);
    expectClose(shifted.slopes, small.slopes, 1e-13);
    const plain = Math.log(Math.exp(1) + Math.exp(-0.5) + Math.exp(0.25)) - 0.25;
    expectClose([small.value], [plain], 1e-15);
    expect(small.slopes.reduce((a, b) => a + b, 0)).toBeCloseTo(0, 15);
  });

  it('losses with a log link far out are finite or infinite, not NaN', () => {
    for (const z of [690, 708]) {
      expectClose([at('poisson', 3, z).value], [Math.exp(z)], 1e-12);
      expectClose([at('gamma', 3, -z).value], [3 * Math.exp(z)], 1e-12);
    }
    for (const z of [800, 1e4, 1e300]) {
      expect(at('poisson', 3, z)).toMatchObject({ value: Infinity, slope: Infinity });
      expect(at('poisson', 3, -z)).toMatchObject({ value: 3 * z, slope: -3 });
      expect(at('poisson', 0, -z)).toMatchObject({ value: 0, slope: 0 });
      expect(at('gamma', 3, z)).toMatchObject({ value: z, slope: 1 });
      expect(at('gamma', 3, -z)).toMatchObject({ value: Infinity, slope: -Infinity });
      expect(at('tweedie', 0, -4 * z)).toMatchObject({ value: 0, slope: 0 });
      for (const y of [0, 2]) {
        for (const sign of [-1, 1])
          expect(at('tweedie', y, sign * 4 * z).value, `tweedie of ${y} at ${sign * z}`).not.toBeNaN();
      }
      for (const power of [0, 1, 1 + 2 ** -40, 1.5, 2 - 2 ** -40, 2, 2 + 2 ** -40, 3, 7]) {
        for (const sign of [-1, 1]) {
          const { value, slope } = at({ name: 'tweedie', power }, 2, sign * 4 * z);
          expect([value, slope], `tweedie ${power} at ${sign * 4 * z}`).not.toContain(NaN);
        }
      }
    }
  });

  it('tweedie near power 1 is poisson, near 2 gamma, with all digits', () => {
    for (const power of [1, 2]) {
      for (const delta of [0, 1e-15, -1e-15, 1e-12, -1e-12, 1e-9, -1e-9, 1e-6, -1e-6]) {
        if (power + delta < 1) continue;
        for (const z of [-3, -0.1, 1e-7, 0.2, 2.5]) {
          const own = at({ name: 'tweedie', power: power + delta }, 3, z);
          const other = at(power === 1 ? 'poisson' : 'gamma', 3, z);
          const exact = power + delta - power; // as it is rounded
          // The first order in delta: ∂/∂p of (1 - e^((1-p)z))y/(1-p) + e^((2-p)z)/(2-p), and its like at 2.
          const first =
            power === 1 ? (3 * z * z) / 2 + Math.exp(z) * (1 - z) : -(z * z) / 2 + 3 * Math.exp(-z) * (-z - 1);
          expectClose(
            [own.value],
            [other.value + exact * first],
            40 * exact * exact + 1e-14,
            10,
            `${power + delta} ${z}`,
          );
          const slope = power === 1 ? z * (3 - Math.exp(z)) : z * (3 * Math.exp(-z) - 1);
          expectClose([own.slope], [other.slope + exact * slope], 40 * exact * exact + 1e-14, 10, `slope`);
        }
      }
    }
  });

  it.each(Object.keys(losses) as (keyof typeof losses)[])('%s of z = NaN is NaN', (loss) => {
    expect(at(loss, 1, NaN).value).toBeNaN();
    expect(at(loss, 0.5, NaN).value).toBeNaN();
    if (loss === 'softmax')
      for (const z of [
        [NaN, 1],
        [1, NaN],
      ])
        expect(at(loss, 1, ...z).value).toBeNaN();
  });
});

describe.runIf(native)('native losses', () => {
  it('have the reference’s bits, whatever y and z and the parameters', () => {
    const extreme = [0, -0, 1, -1, 0.5, 700, -700, 745.2, -745.2, 800, -800, 1e4, -1e4, 1e-300, 5e-324, 1e300, -1e300];
    const special = [...extreme, NaN, Infinity, -Infinity];
    const any = fc.record({
      loss: fc.nat(Object.keys(losses).length - 1),
      rows: fc.oneof(fc.integer({ min: 1, max: 70 }), fc.constantFrom(255, 256, 257, 600)),
      classes: fc.integer({ min: 2, max: 5 }),
      parameter: fc.constantFrom(0, 0.1, 0.5, 1, 1 + 1e-9, 1.5, 1.9, 2 - 1e-9, 2, 2 + 1e-9, 3),
      wild: fc.boolean(),
      seed: fc.nat(),
    });
    fc.assert(
      fc.property(any, ({ loss, rows, classes, parameter, wild, seed }) => {
        const uniform = random(seed);
        const values = (n: number) =>
          normals(n, seed + n).map((x) =>
            wild && uniform() < 0.3 ? special[Math.floor(special.length * uniform())] : 3 * x,
          );
        const outputs = loss === softmaxLoss ? classes : 1;
        const X = values(rows);
        const y = loss === softmaxLoss ? X.map(() => Math.floor(classes * uniform())) : values(rows);
        const weights = normals(outputs, seed + 1);
        const parameters = new Float64Array(maxParameters).fill(parameter, 0, 1);
        const call = (backend: Backend) => {
          const out = new Float64Array(outputs);
          const value = backend.valueAndGradient(loss, parameters, X, y, rows, 1, outputs, weights, out);
          return [value, ...out];
        };
        expectBits(call(native as Backend), call(reference), Object.keys(losses)[loss]);
      }),
      { numRuns: runs(2000) },
    );
  });
});
