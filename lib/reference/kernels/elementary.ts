// Elementary functions of any argument, within about 1 ulp, with the special values of C.
// Twin: native/kernels/elementary.h.
import { lostBySum } from './doubledouble.js';
import { exp, expTail, ln2High, ln2Low, log1p as log1pNear, logScaled, nearestInteger, powerOfTwo } from './math.js';

export { exp } from './math.js';
export { pow } from './pow.js';
export { asin, atan, cos, sin, tan } from './trigonometric.js';

/** v with the sign of x turned; v is +0 where x is 0. */
export function odd(v: number, x: number): number {
  return x < 0 ? -v : x === 0 ? x : v;
}

/** e^x - 1 = 2^n ((1 - 2^-n) + (e^r - 1)), x = n ln 2 + r, with the rounding errors of r and of the sum. */
export function expm1(argument: number): number {
  if (argument === 0) return argument;
  const x = argument < -40 ? -40 : argument > 710 ? 710 : argument;
  const n = nearestInteger(x * 1.4426950408889634);
  const high = x - n * ln2High;
  const r = high - n * ln2Low;
  const low = high - r - n * ln2Low;
  const a = 1 - powerOfTwo(-(n > 1000 ? 1000 : n));
  const s = a + r;
  const value = s + (lostBySum(a, r, s) + (expTail(r) + low));
  const half = nearestInteger(n * 0.5);
  return value * powerOfTwo(half) * powerOfTwo(n - half);
}

/** ln x: -∞ of 0, NaN of what is negative. */
export function log(x: number): number {
  if (!(x > 0)) return x === 0 ? -Infinity : NaN;
  if (x === Infinity) return x;
  return x < 2 ** -1022 ? logScaled(x * 2 ** 54, 54, 0) : logScaled(x, 0, 0);
}

/** ln(1 + x): of the rounded sum, and of what its rounding left out. */
export function log1p(x: number): number {
  if (x === 0 || x === Infinity) return x;
  if (!(x > -1)) return x === -1 ? -Infinity : NaN;
  if (x >= Math.SQRT1_2 - 1 && x <= 1) return log1pNear(x);
  const sum = 1 + x;
  const low = x > 1 ? 1 - (sum - x) : x - (sum - 1);
  return logScaled(sum, 0, low / sum);
}

/** (tanh x - x)/x³ for z = x², |x| ≤ .55 (off by 5e-18 of tanh). */
function tanhSeries(z: number): number {
  let q = -2.060276537636634e-5;
  const z2 = z * z;
  q = -0.0002346347410887237 + z * 8.511313685577672e-5 + z2 * q;
  q = -0.001455661830100716 + z * 0.0005889360520074057 + z2 * q;
  q = -0.008863234397814355 + z * 0.003592110378689024 + z2 * q;
  q = -0.053968253967434016 + z * 0.021869488493666944 + z2 * q;
  return -0.3333333333333333 + z * 0.13333333333332714 + z2 * q;
}

export function tanh(x: number): number {
  const a = Math.abs(x);
  const z = a * a;
  return odd(a < 0.55 ? a + a * (z * tanhSeries(z)) : 1 - 2 / (exp(2 * a) + 1), x);
}

/** erf(x)/x - 1 for z = x² ≤ 1 (off by 2e-17). */
function erfNear(z: number): number {
  let q = 5.957176147748911e-11;
  const z2 = z * z;
  q = 1.4659775274047436e-8 - z * 1.1372848856791674e-9 + z2 * q;
  q = 1.6461000484121368e-6 - z * 1.6350312701054695e-7 + z2 * q;
  q = 0.0001205533111164271 - z * 1.4925595266831182e-5 + z2 * q;
  q = 0.0052239776248180145 - z * 0.000854832698083379 + z2 * q;
  q = 0.11283791670954879 - z * 0.026866170645076792 + z2 * q;
  return 0.1283791670955126 - z * 0.3761263890318375 + z2 * q;
}

/** exp(x²) erfc(x) for z = (x - 2.5)/(x + 3), x in [1, 6] (off by 8e-17 of erf). */
function erfFar(z: number): number {
  let q = -2.4626829029267078e-5;
  const z2 = z * z;
  q = 0.00017191615120654903 - z * 7.6232918652710336e-6 + z2 * q;
  q = -0.0012214621947875806 - z * 3.822717738381006e-5 + z2 * q;
  q = 0.0062004578280406815 + z * 0.0021134813198402415 + z2 * q;
  q = 0.11792238663955654 - z * 0.04105645436522058 + z2 * q;
  q = 0.3454640045271748 - z * 0.23142268953960557 + z2 * q;
  return 0.21080636406114392 - z * 0.4089104073439177 + z2 * q;
}

export function erf(x: number): number {
  const a = Math.abs(x) > 6 ? 6 : Math.abs(x);
  const z = a * a;
  return odd(a < 1 ? a + a * erfNear(z) : 1 - exp(-z) * erfFar((a - 2.5) / (a + 3)), x);
}
