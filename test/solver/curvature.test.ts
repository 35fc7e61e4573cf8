// The second derivatives of the losses.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { maxParameters, softmaxLoss } from '../../lib/backend/plan.js';
import { losses } from '../../lib/catalog/losses.js';
import { loadAddon } from '../../lib/native/addon.js';
import { losses as formulas } from '../../lib/reference/kernels/losses.js';
import { native } from '../support/backends.js';
import { lossCurvature } from '../support/curvature.js';
import { expectBits, expectClose, normals, random, runs } from '../support/support.js';

type Name = keyof typeof losses;
const names = Object.keys(losses) as Name[];

function numbersOf(parameter: number): Float64Array {
  return new Float64Array(maxParameters).fill(parameter, 0, 1);
}

/** Of one row: the loss, its slope and its curvature. */
function at(name: Name, y: number, z: number, parameter = 0) {
  const [slope, curvature] = [Float64Array.of(z), new Float64Array(1)];
  const numbers = numbersOf(parameter);
  const loss = lossCurvature(names.indexOf(name), numbers, Float64Array.of(y), slope, null, 1, curvature);
  return { loss, slope: slope[0], curvature: curvature[0] };
}

const smooth: [Name, number, number[]][] = [
  ['squared', 0, [-2, 0, 3.5]],
  ['logistic', 0, [0, 1]],
  ['squared_hinge', 0, [-1, 1]],
  ['huber', 0.7, [-2, 0, 3.5]],
  ['squared_epsilon_insensitive', 0.3, [-2, 0, 3.5]],
  ['poisson', 0, [0, 1, 7]],
  ['gamma', 0, [0.01, 1, 7]],
  ['tweedie', 1.2, [0, 1, 7]],
  ['tweedie', 1.9, [0, 1, 7]],
  ['tweedie', 1 + 1e-9, [0, 1, 7]],
  ['tweedie', 2, [0.01, 1, 7]],
  ['modified_huber', 0, [-1, 1]],
];

describe('curvature', () => {
  it.each(smooth)('of %s (%d) is the slope of the slope', (name, parameter, targets) => {
    const h = 2 ** -17;
    for (const y of targets) {
      for (let z = -6.01; z <= 6; z += 0.37) {
        const { curvature } = at(name, y, z, parameter);
        const difference = (at(name, y, z + h, parameter).slope - at(name, y, z - h, parameter).slope) / (2 * h);
        expectClose([curvature], [difference], 1e-8, Math.max(1, Math.abs(difference)), `${y}, ${z}:`);
        expect(curvature).toBeGreaterThanOrEqual(0);
      }
    }
  });

  it('of logistic has all its digits far out', () => {
    for (const z of [0, 1e-9, 1, -1, 20, -20, 40, -40, 700, -700]) {
      const u = Math.exp(-Math.abs(z));
      for (const y of [0, 1]) expectClose([at('logistic', y, z).curvature], [u / (1 + u) ** 2], 1e-15);
    }
    expect(at('logistic', 0, 1e300).curvature).toBe(0);
  });

  it('of losses with a log link is a power', () => {
    for (const z of [-700, -30, 0, 2, 700]) {
      expectClose([at('poisson', 3, z).curvature], [Math.exp(z)], 1e-15);
      expectClose([at('gamma', 3, -z).curvature], [3 * Math.exp(z)], 1e-15);
      const tweedie = 0.5 * Math.exp(0.5 * z) + 0.5 * 3 * Math.exp(-0.5 * z);
      expectClose([at('tweedie', 3, z, 1.5).curvature], [tweedie], 1e-14);
    }
    expect(at('tweedie', 0, -1e4, 1.5).curvature).toBe(0);
  });

  it.each([
    ['tweedie', 0],
    ['tweedie', 3],
    ['tweedie_identity', 1],
    ['tweedie_identity', 2],
    ['tweedie_identity', 3],
  ] as const)('of %s (%d) is at least a quarter of that at the mean, and there exact', (name, power) => {
    const isIdentity = name === 'tweedie_identity';
    for (let z = 0.1; z < 6; z += 0.37) {
      const mean = isIdentity ? z : Math.exp(z);
      const expected = isIdentity ? mean ** -power : mean ** (2 - power);
      expectClose([at(name, mean, z, power).curvature], [expected], 1e-13, expected);
      for (const y of [0.1, 1, 7]) {
        const { curvature } = at(name, y, z, power);
        const h = 2 ** -17;
        const difference = (at(name, y, z + h, power).slope - at(name, y, z - h, power).slope) / (2 * h);
        const least = isIdentity && power === 1 ? 0 : 0.25 * expected;
        expectClose([curvature], [Math.max(Math.abs(difference), least)], 1e-7, Math.max(1, Math.abs(difference)));
      }
    }
  });

  it('of softmax is told by the probabilities', () => {
    const z = Float64Array.of(1, 0, -0.5, 3, 0.25, 700);
    const expected = [0, 1].map((i) => {
      const powers = [0, 1, 2].map((k) => Math.exp(z[2 * k + i] - z[4 + i]));
      return powers.map((power) => power / powers.reduce((a, b) => a + b));
    });
    const [slopes, p] = [z.slice(), new Float64Array(6)];
    lossCurvature(softmaxLoss, numbersOf(0), Float64Array.of(2, 0), slopes, Float64Array.of(2, 3), 3, p);
    for (const i of [0, 1]) {
      for (const k of [0, 1, 2]) {
        expectClose([p[2 * k + i]], [expected[i][k]], 1e-14);
        expectClose([slopes[2 * k + i]], [(2 + i) * (expected[i][k] - (k === 2 - 2 * i ? 1 : 0))], 1e-13);
      }
    }
  });

  it.each(['hinge', 'quantile', 'epsilon_insensitive', 'perceptron'] as const)(
    'of %s is 0, at its kinks, too',
    (name) => {
      for (const z of [-2, -1, -0.5, 0, 0.5, 1, 2]) {
        for (const y of ['hinge', 'perceptron'].includes(name) ? [-1, 1] : [-1, 0, 1])
          expect(at(name, y, z, 0.5).curvature).toBe(0);
      }
    },
  );
});

describe('the curvature pass', () => {
  it.each(names)('of %s has the bits of the gradient pass', (name) => {
    const [n, outputs] = [131, name === 'softmax' ? 3 : 2];
    const uniform = random(3);
    const targets = name === 'softmax' ? n : n * outputs;
    const y = new Float64Array(targets).map(() => Math.floor(outputs * uniform()));
    const z = normals(n * outputs, 4);
    const loss = names.indexOf(name);
    const parameters = numbersOf(1.5);
    for (const weights of [null, normals(n, 5)]) {
      const [slopes, plainSlopes, out] = [z.slice(), z.slice(), new Float64Array(n * outputs)];
      const rest = { yAt: 0, weightsAt: 0, n, outputs, stride: n, parameters, terms: new Float64Array(n) };
      const value = lossCurvature(loss, parameters, y, slopes, weights, outputs, out);
      expectBits([value], [formulas[loss].gradient({ y, z: plainSlopes, weights, ...rest })], 'loss');
      expectBits(slopes, plainSlopes, 'slope');
    }
  });

  it.runIf(native)('has the same bits in native code', () => {
    const extreme = [0, -0, 1, -1, 700, -700, 745.2, -745.2, 800, 1e4, -1e4, 5e-324, 1e300, -1e300];
    const special = [...extreme, NaN, Infinity, -Infinity];
    const any = fc.record({
      loss: fc.nat(names.length - 1),
      n: fc.oneof(fc.integer({ min: 1, max: 70 }), fc.constantFrom(255, 256, 257)),
      outputs: fc.integer({ min: 1, max: 4 }),
      parameter: fc.constantFrom(0, 0.1, 0.5, 1, 1 + 1e-9, 1.5, 1.9, 2 - 1e-9, 2, 2 + 1e-9, 3),
      weighted: fc.boolean(),
      wild: fc.boolean(),
      seed: fc.nat(),
    });
    const addon = loadAddon()!;
    fc.assert(
      fc.property(any, ({ loss, n, outputs, parameter, weighted, wild, seed }) => {
        const uniform = random(seed);
        const values = (n: number) =>
          normals(n, seed + n).map((x) =>
            wild && uniform() < 0.3 ? special[Math.floor(special.length * uniform())] : 3 * x,
          );
        const z = values(n * outputs);
        const y = loss === softmaxLoss ? values(n).map(() => Math.floor(outputs * uniform())) : values(n * outputs);
        const weights = weighted ? values(n) : null;
        const [own, other] = [lossCurvature, addon.lossCurvature].map((pass) => {
          const [slopes, out] = [z.slice(), new Float64Array(z.length)];
          const value = pass(loss, numbersOf(parameter), y, slopes, weights, outputs, out);
          return [value, ...slopes, ...out];
        });
        expectBits(other, own, names[loss]);
      }),
      { numRuns: runs(2000) },
    );
  });
});
