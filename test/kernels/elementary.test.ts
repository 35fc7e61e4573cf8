// The elementary functions of tensors against values of 30 digits, and at the special values of C's Annex F. Parity
// suites hold native code to the same bits.
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
  asin,
  atan,
  cos,
  erf,
  expm1,
  log,
  log1p,
  pow,
  sin,
  tan,
  tanh,
} from '../../lib/reference/kernels/elementary.js';
import { random, runs } from '../support/support.js';

const golden: Record<string, number[][]> = JSON.parse(
  readFileSync(new URL('../fixtures/elementary.json', import.meta.url), 'utf8'),
);
const elementary = { asin, atan, cos, erf, expm1, log, log1p, pow, sin, tan, tanh };
type Name = keyof typeof elementary;
const call = (name: string, args: number[]): number =>
  (elementary[name as Name] as (...args: number[]) => number)(...args);

/** The distance of two neighbouring doubles at x. */
const ulp = (x: number): number => 2 ** (Math.max(Math.floor(Math.log2(Math.abs(x))), -1022) - 52);

describe.each(Object.entries(golden).filter(([name]) => name !== 'source'))('%s', (name, values) => {
  const most = name === 'tanh' || name === 'erf' ? 1.4 : 1;
  it(`is within ${most} ulp`, () => {
    for (const value of values) {
      const args = value.slice(0, -2);
      const [high, low] = value.slice(-2);
      const error = Math.abs(call(name, args) - high - low) / ulp(high);
      if (!(error < most)) expect.fail(`${name}(${args}) is off by ${error} ulp`);
    }
  });

  it.runIf(name !== 'pow')('of NaN is NaN', () => {
    expect(call(name, [NaN])).toBeNaN();
  });

  it.runIf(!['pow', 'cos', 'log', 'erf'].includes(name))('of what is tiny is that', () => {
    for (const x of [0, -0, 5e-324, -5e-324, 1e-310, -1e-300, 1e-20]) expect(call(name, [x])).toBe(x);
  });
});

it('erf of what is tiny is 2/√π of it', () => {
  for (const x of [0, -0, 1e-300, -1e-300]) expect(elementary.erf(x)).toBe(x * (2 / Math.sqrt(Math.PI)));
});

const { PI } = Math;
it.each<[Name, number, number]>([
  ['expm1', Infinity, Infinity],
  ['expm1', -Infinity, -1],
  ['expm1', 710, Infinity],
  ['expm1', -1e300, -1],
  ['log', 0, -Infinity],
  ['log', -0, -Infinity],
  ['log', -1, NaN],
  ['log', -5e-324, NaN],
  ['log', -Infinity, NaN],
  ['log', Infinity, Infinity],
  ['log', 1, 0],
  ['log1p', -1, -Infinity],
  ['log1p', -1.0000000000000002, NaN],
  ['log1p', -Infinity, NaN],
  ['log1p', Infinity, Infinity],
  ['sin', Infinity, NaN],
  ['sin', -Infinity, NaN],
  ['cos', Infinity, NaN],
  ['cos', -Infinity, NaN],
  ['cos', 0, 1],
  ['cos', -0, 1],
  ['cos', 1e-300, 1],
  ['tan', Infinity, NaN],
  ['tan', -Infinity, NaN],
  ['asin', 1, PI / 2],
  ['asin', -1, -PI / 2],
  ['asin', 1.0000000000000002, NaN],
  ['asin', -Infinity, NaN],
  ['atan', Infinity, PI / 2],
  ['atan', -Infinity, -PI / 2],
  ['atan', 1, PI / 4],
  ['tanh', Infinity, 1],
  ['tanh', -Infinity, -1],
  ['tanh', 1e300, 1],
  ['erf', Infinity, 1],
  ['erf', -Infinity, -1],
  ['erf', -1e300, -1],
])('%s of %d is %d', (name, x, y) => {
  expect(call(name, [x])).toBe(y);
});

describe('pow', () => {
  const specials = [
    0,
    -0,
    1,
    -1,
    2,
    -2,
    0.5,
    -0.5,
    3,
    -3,
    1e300,
    2 ** 53,
    2 ** 52 + 1,
    -(2 ** 53) + 1,
    5e-324,
    -5e-324,
  ];
  const all = [...specials, Infinity, -Infinity, NaN];

  it('has the special values of C', () => {
    for (const x of all) {
      for (const y of all) {
        // JavaScript's own differs from C's at 1^NaN and (±1)^±∞.
        const expected = x === 1 ? 1 : x === -1 && Math.abs(y) === Infinity ? 1 : x ** y;
        const actual = elementary.pow(x, y);
        const isSame =
          Object.is(actual, expected) ||
          Math.abs(actual - expected) <= 2 * ulp(expected) ||
          (Number.isNaN(expected) && Number.isNaN(actual));
        expect(isSame, `${x} ^ ${y} is ${actual}, not ${expected}`).toBe(true);
      }
    }
  });

  it('of whole numbers is exact where the result is one', () => {
    for (let x = 1; x < 60; x++) {
      for (let y = 0; x ** y < 2 ** 53; y++) {
        if (x === 1 && y > 60) break;
        expect(elementary.pow(x, y)).toBe(Number(BigInt(x) ** BigInt(y)));
        expect(elementary.pow(-x, y)).toBe(Number(BigInt(-x) ** BigInt(y)));
      }
    }
  });
});

it('odd functions are odd, and sin² + cos² is 1 wherever an angle is reduced', () => {
  const uniform = random(1);
  for (let i = 0; i < runs(20_000); i++) {
    const x = (uniform() - 0.5) * 2 ** (Math.floor(2000 * uniform()) - 980);
    for (const name of ['sin', 'tan', 'asin', 'atan', 'tanh', 'erf'] as const) {
      const [y, z] = [call(name, [x]), call(name, [-x])];
      if (!Object.is(y, -z)) expect.fail(`${name}(${x}) is ${y}, of ${-x} ${z}`);
    }
    const [s, c] = [elementary.sin(x), elementary.cos(x)];
    if (!(Math.abs(s * s + c * c - 1) < 1e-15)) expect.fail(`sin and cos of ${x}: ${s}, ${c}`);
    const t = elementary.tan(x);
    if (!(Math.abs(s - t * c) < 4e-16 * Math.abs(s) + 1e-320)) expect.fail(`tan(${x}) is ${t}, not ${s / c}`);
  }
});
