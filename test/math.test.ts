// The reference's elementary functions against the engine's. Native has the same bits: parity-fit.test.ts reaches
// them through the schedules.
import { expect, it } from 'vitest';
import { exp, log, power } from '../lib/reference/kernels/math.js';
import { random, runs } from './support.js';

const pair = new Float64Array(2);
const words = new BigInt64Array(pair.buffer);

/** How many doubles lie between two numbers of the same sign. */
function ulps(a: number, b: number): number {
  if (Math.abs(a - b) <= Math.abs(b) * 2 ** -53) return a === b ? 0 : 1;
  pair[0] = a;
  pair[1] = b;
  return Math.abs(Number(words[0] - words[1]));
}

/** The largest distance over many points. */
function worst(point: () => number, f: (x: number) => number, known: (x: number) => number): number {
  let most = 0;
  for (let i = 0; i < runs(1_000_000); i++) {
    const x = point();
    most = Math.max(most, ulps(f(x), known(x)));
  }
  return most;
}

const uniform = random(1);

it('ulps counts', () => {
  expect(ulps(1, 1)).toBe(0);
  expect(ulps(1 + 3 * Number.EPSILON, 1)).toBe(3);
  expect(ulps(1, NaN)).toBeGreaterThan(1e6);
});

it('exp is within 2 ulp for |x| ≤ 700', () => {
  expect(worst(() => 1400 * uniform() - 700, exp, Math.exp)).toBeLessThanOrEqual(2);
  expect(worst(() => 2 * uniform() - 1, exp, Math.exp)).toBeLessThanOrEqual(2);
  for (const x of [0, -0, 1e-300, -1e-17, Math.LN2 / 2, -Math.LN2 / 2, 1, 700, -700]) {
    expect(ulps(exp(x), Math.exp(x)), `${x}`).toBeLessThanOrEqual(2);
  }
  expect(exp(0)).toBe(1);
});

it('log is within 2 ulp for normal numbers', () => {
  expect(worst(() => 2 ** (2044 * uniform() - 1022), log, Math.log)).toBeLessThanOrEqual(2);
  expect(worst(() => 0.5 + uniform(), log, Math.log)).toBeLessThanOrEqual(2);
  for (const x of [1, 2, 0.5, Math.SQRT2, Math.SQRT1_2, 1 + 1e-15, 2 ** -1022, Number.MAX_VALUE, 3, 1e9]) {
    expect(ulps(log(x), Math.log(x)), `${x}`).toBeLessThanOrEqual(2);
  }
  expect(log(1)).toBe(0);
});

it('power is right for the steps and powers of a schedule', () => {
  for (let i = 0; i < runs(100_000); i++) {
    const step = Math.ceil(2 ** (53 * uniform()));
    const p = 10 * uniform();
    const expected = step ** p;
    // An error of e^u in u, which is p ln x and has a rounding of its own.
    const room = 4 * (1 + p * Math.log(step)) * Number.EPSILON;
    const distance = Math.abs(power(step, p) / expected - 1);
    if (!(distance <= room)) expect.fail(`${step} ** ${p} is off by ${distance}, more than ${room}`);
  }
  expect(power(1, 0.25)).toBe(1);
  expect(power(16, 0)).toBe(1);
});
