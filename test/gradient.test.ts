// Each loss's gradient against central differences of its value, away from its kinks.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { losses } from '../lib/catalog.js';
import type { Loss } from '../lib/options.js';
import { type Face, faces } from './backends.js';
import { expectClose, normals, random, runs } from './support.js';

const cases: Loss[] = [
  ...(Object.keys(losses) as (keyof typeof losses)[]),
  { name: 'huber', delta: 0.3 },
  { name: 'huber', delta: 5 },
  { name: 'quantile', quantile: 0.1 },
  { name: 'quantile', quantile: 0.9 },
  { name: 'epsilon_insensitive', epsilon: 0 },
  { name: 'epsilon_insensitive', epsilon: 1 },
  { name: 'tweedie', power: 1.1 },
  { name: 'tweedie', power: 1.9 },
  { name: 'tweedie', power: 0 },
  { name: 'tweedie', power: 2 + 1e-7 },
  { name: 'tweedie', power: 3 },
  { name: 'tweedie_identity', power: 1 },
  { name: 'tweedie_identity', power: 3 },
];
const nameOf = (loss: Loss) => (typeof loss === 'string' ? loss : loss.name);

/** Where the derivative in z jumps, or that of it: distances of z from them stay above what a difference looks at. */
function kinks(loss: Loss, y: number): number[] {
  const { delta = 1, epsilon = 0.1 } = (typeof loss === 'string' ? {} : loss) as { delta?: number; epsilon?: number };
  const at = { huber: [y - delta, y + delta], quantile: [y], hinge: [1 / y], squared_hinge: [1 / y] };
  const tube = [y - epsilon, y + epsilon];
  const margin = { modified_huber: [1 / y, -1 / y], perceptron: [0] };
  const all = { ...at, ...margin, epsilon_insensitive: tube, squared_epsilon_insensitive: tube };
  return all[nameOf(loss) as keyof typeof all] ?? [];
}

const h = 1e-5;

/** A problem whose z all keep away from the kinks: rows that do not are drawn again. */
function smooth(loss: Loss, rows: number, cols: number, outputs: number, seed: number) {
  const uniform = random(seed);
  const w = normals(cols * outputs, seed).map((value) => value / Math.sqrt(cols));
  w[0] += w[0] < 0 ? -0.5 : 0.5; // that draws may end: z of tiny weights is always near 0
  const X = new Float64Array(rows * cols);
  const y = new Float64Array(rows);
  const { target } = losses[nameOf(loss)];
  for (let i = 0; i < rows; i++) {
    for (let attempt = 0; ; attempt++) {
      const x = normals(cols, seed + 7919 * i + attempt);
      const u = 3 * uniform();
      if (target === 'real') y[i] = 2 * u - 3;
      else if (target === 'label') y[i] = Math.floor((u / 3) * outputs);
      else if (target === 'positive' || target === 'tweedie') y[i] = 0.1 + u;
      else if (target === 'nonNegative') y[i] = Math.max(0, u - 1);
      else y[i] = u < 1.5 ? (target === 'zeroOne' ? 0 : -1) : 1;
      let z = x.reduce((sum, value, j) => sum + value * w[j], 0);
      if (nameOf(loss) === 'tweedie_identity') {
        x[0] += (0.5 + u - z) / w[0]; // the mean must be positive
        z = 0.5 + u;
      }
      if (kinks(loss, y[i]).some((kink) => Math.abs(z - kink) < 10 * h * (1 + Math.max(...x.map(Math.abs))))) continue;
      X.set(x, i * cols);
      break;
    }
  }
  return { X, y, w };
}

function check({ kernels }: Face, loss: Loss, rows: number, cols: number, outputs: number, seed: number): void {
  const { X, y, w } = smooth(loss, rows, cols, outputs, seed);
  const gradient = new Float64Array(w.length);
  const unused = new Float64Array(w.length);
  const value = kernels.valueAndGradient(loss, { X, y }, w, gradient);
  const at = (j: number, step: number) =>
    kernels.valueAndGradient(
      loss,
      { X, y },
      w.map((weight, k) => (k === j ? weight + step : weight)),
      unused,
    );
  const differences = w.map((_, j) => (at(j, h) - at(j, -h)) / (2 * h));
  // Rounding gives each difference an error of about value · 1e-16 / h; cutting off the series, h² · the third
  // derivative, which is largest where a power is.
  const size = gradient.reduce((most, g) => Math.max(most, Math.abs(g)), Math.abs(value));
  expectClose(gradient, differences, 2e-8, 1 + size, 'partial derivative');
}

describe.each(faces)('gradients: $name', (face) => {
  it.each(cases)('%j', (loss) => {
    const outputs = nameOf(loss) === 'softmax' ? fc.integer({ min: 2, max: 6 }) : fc.constant(1);
    const shape = fc.record({ rows: fc.integer({ min: 1, max: 300 }), cols: fc.integer({ min: 1, max: 40 }), outputs });
    fc.assert(
      fc.property(shape, fc.nat(), ({ rows, cols, outputs }, seed) => check(face, loss, rows, cols, outputs, seed)),
      { numRuns: runs(20) },
    );
  });

  it('at the kinks it is one of the subgradients', () => {
    const slope = (loss: Loss, y: number, z: number) => {
      const out = new Float64Array(1);
      face.kernels.valueAndGradient(loss, { X: Float64Array.of(1), y: Float64Array.of(y) }, Float64Array.of(z), out);
      return out[0];
    };
    expect(slope('hinge', 1, 1)).toBe(0);
    expect(slope('hinge', -1, -1)).toBe(0);
    expect(slope({ name: 'quantile', quantile: 0.25 }, 2, 2)).toBe(0);
    expect(slope({ name: 'quantile', quantile: 0.25 }, 2, 3)).toBe(0.75);
    expect(slope({ name: 'quantile', quantile: 0.25 }, 2, 1)).toBe(-0.25);
    expect(slope({ name: 'epsilon_insensitive', epsilon: 0.5 }, 2, 2.5)).toBe(0);
    expect(slope({ name: 'epsilon_insensitive', epsilon: 0 }, 2, 2)).toBe(0);
    expect(slope({ name: 'huber', delta: 1 }, 2, 3)).toBe(1);
    expect(slope('perceptron', 1, 0)).toBe(-1);
    expect(slope('perceptron', -1, 0)).toBe(1);
    expect(slope('modified_huber', 1, 1)).toBeCloseTo(0);
    expect(slope('modified_huber', 1, -1)).toBe(-4);
  });
});
