// The reference's elementary functions, in units of the last place. Native has the same bits: the parity suites reach
// them through losses and schedules.
import { describe, expect, it } from 'vitest';
import { cosPi, exp, log, log1p, power, sign } from '../../lib/reference/kernels/math.js';
import { random, runs } from '../support/support.js';
import { cosPiError, expError, log1pError, logError } from '../support/wide.js';

const uniform = random(1);

/** The largest error over many points. */
function worst(points: number, point: () => number, error: (x: number) => number): number {
  let most = 0;
  for (let i = 0; i < runs(points); i++) {
    const x = point();
    const e = error(x);
    if (!(e <= most)) most = e; // NaN, too
  }
  return most;
}

describe('the measure', () => {
  it('tells an error of one place', () => {
    expect(expError(1, Math.E)).toBeLessThan(0.5);
    expect(expError(1, Math.E * (1 + Number.EPSILON))).toBeGreaterThan(0.5);
    expect(logError([10, 0], Math.LN10)).toBeLessThan(0.5);
    expect(logError([10, 0], Math.LN10 * (1 + 2 ** -52))).toBeGreaterThan(0.5);
    expect(log1pError(1, Math.LN2)).toBeLessThan(0.5);
    expect(cosPiError(0.25, Math.SQRT1_2)).toBeLessThan(2 ** -53);
    expect(cosPiError(1 / 3, 0.5)).toBeLessThan(2 ** -53);
    expect(expError(-745, 5e-324)).toBeLessThan(0.5);
  });
});

describe('exp', () => {
  const error = (x: number) => expError(x, exp(x));
  it('is within 1 ulp', () => {
    expect(worst(600_000, () => 1417 * uniform() - 708, error)).toBeLessThan(1);
    expect(worst(600_000, () => 2 * uniform() - 1, error)).toBeLessThan(1);
    expect(worst(100_000, () => (2 * uniform() - 1) * 2 ** (-60 * uniform()), error)).toBeLessThan(1);
    // At the borders of the reduction: odd multiples of ln 2 / 2.
    const border = () => (Math.floor(2000 * uniform()) - 1000.5) * Math.LN2 * (1 + 1e-15 * uniform());
    expect(worst(100_000, border, error)).toBeLessThan(1);
  });

  it('is rounded once below the normal range', () => {
    expect(worst(200_000, () => -708 - 37.13 * uniform(), error)).toBeLessThan(1);
  });

  it.each([
    [0, 1],
    [-0, 1],
    [5e-324, 1],
    [-1e-17, 1],
    [Infinity, Infinity],
    [-Infinity, 0],
    [710, Infinity],
    [1e308, Infinity],
    [709.79, Infinity],
    [-745.14, 0],
    [-1e308, 0],
    [-745.13, 5e-324],
  ])('of %d is %d', (x, y) => {
    expect(exp(x)).toBe(y);
  });

  it('of NaN is NaN, and of the largest finite power finite', () => {
    expect(exp(NaN)).toBeNaN();
    expect(exp(709.782712893384)).toBeLessThan(Infinity);
    expect(error(709.782712893384)).toBeLessThan(1);
  });

  it('never falls', () => {
    for (let x = -745, before = 0; x < 709; x += 0.37) {
      expect(exp(x)).toBeGreaterThanOrEqual(before);
      if (x > -735) expect(exp(x)).toBeGreaterThan(before);
      before = exp(x);
    }
  });
});

describe('log1p', () => {
  const error = (u: number) => log1pError(u, log1p(u));
  it('is within 1 ulp of [0, 1]', () => {
    expect(worst(500_000, uniform, error)).toBeLessThan(1);
    expect(worst(200_000, () => 2 ** (-60 * uniform()), error)).toBeLessThan(1);
    for (const u of [1, 0.5, 0.5 + 2 ** -53, 0.5 - 2 ** -54, 1 - 2 ** -53]) expect(error(u)).toBeLessThan(1);
  });

  it('of what is tiny is that', () => {
    expect(log1p(0)).toBe(0);
    for (const u of [5e-324, 1e-310, 1e-300, 1e-20]) expect(log1p(u)).toBe(u);
    expect(log1p(NaN)).toBeNaN();
  });
});

describe('log', () => {
  const error = (x: number) => logError([x, 0], log(x));
  it('is within 1 ulp of normal numbers', () => {
    expect(worst(300_000, () => 2 ** (2046 * uniform() - 1022), error)).toBeLessThan(1);
    expect(worst(300_000, () => 1 + 2 * uniform(), error)).toBeLessThan(1);
    expect(worst(300_000, () => 0.5 + uniform(), error)).toBeLessThan(1);
    for (const x of [2, 0.5, Math.SQRT2, Math.SQRT1_2, 2 ** -1022, Number.MAX_VALUE, 3, 1e9]) {
      expect(error(x), `${x}`).toBeLessThan(1);
    }
  });

  it('of 1 is 0', () => {
    expect(log(1)).toBe(0);
    expect(log(NaN)).toBeNaN();
    expect(error(1 + Number.EPSILON)).toBeLessThan(1);
  });
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

it('cosPi is right on [0, 1]', () => {
  expect(worst(300_000, uniform, (x) => cosPiError(x, cosPi(x)))).toBeLessThan(1.1 * 2 ** -52);
  expect(
    worst(
      50_000,
      () => 0.5 + 1e-3 * (uniform() - 0.5),
      (x) => cosPiError(x, cosPi(x)),
    ),
  ).toBeLessThan(2 ** -61);
  expect([0, 0.5, 1].map(cosPi)).toEqual([1, 0, -1]);
});

it('sign', () => {
  expect([3, -5e-324, Infinity, 0, -0, NaN].map(sign)).toEqual([1, -1, 1, 0, 0, 0]);
});
