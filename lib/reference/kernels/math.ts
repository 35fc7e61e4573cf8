// Elementary functions in + - * /, comparisons and bit shifts, so that C++ has the same bits.
// See ARCHITECTURE.md, the law, 5. Twin: native/kernels/math.h.

export const ln2High = 0.6931471805598903; // its low bits zero: n · ln2High is exact
export const ln2Low = 5.497923018708371e-14;
const roundToInteger = 6755399441055744; // 1.5 · 2^52: adding and subtracting it rounds to the nearest integer

const double = new Float64Array(1);
const word = new Uint32Array(double.buffer);
const high = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1 ? 1 : 0;

export function nearestInteger(x: number): number {
  return x + roundToInteger - roundToInteger;
}

/** 2^n for a whole number |n| ≤ 1022. */
export function powerOfTwo(n: number): number {
  word[high] = (n + 1023) << 20;
  word[1 - high] = 0;
  return double[0];
}

/** e^r - 1 - r for |r| ≤ ln 2 / 2: a polynomial of degree 11 (Remez: off by 6e-18 of e^r). */
export function expTail(r: number): number {
  const r2 = r * r;
  let q = 2.762517648290468e-7 + r * 2.4978400589507845e-8;
  q = 2.4801508706689734e-5 + r * 2.755764073488131e-6 + r2 * q;
  q = 0.0013888888926778696 + r * 0.0001984126946643096 + r2 * q;
  q = 0.041666666666604 + r * 0.008333333333499915 + r2 * q;
  q = 0.5 + r * 0.16666666666666433 + r2 * q;
  return r2 * q;
}

/** e^r - 1 for |r| ≤ ln 2 / 2. */
export function expSeries(r: number): number {
  return r + expTail(r);
}

/**
 * e^x: x = n ln 2 + r, the series of r, then 2^n in two factors, so that a result below the normal range is rounded
 * once. +0 below -745.13, ∞ above 709.78.
 */
export function exp(argument: number): number {
  const x = argument < -746 ? -746 : argument > 710 ? 710 : argument;
  const n = nearestInteger(x * 1.4426950408889634);
  const power = 1 + expSeries(x - n * ln2High - n * ln2Low);
  const half = nearestInteger(n * 0.5);
  return power * powerOfTwo(half) * powerOfTwo(n - half);
}

/**
 * ln(1 + f) = f - s (f - logSeries(s²)), s = f/(2+f), |s| ≤ .2: Σ 2 s^(2k)/(2k+1), k = 1, 2 …, of degree 8 (Remez: off
 * by 2e-19 of the logarithm).
 */
function logSeries(t: number): number {
  const t2 = t * t;
  let q = 0.13174262245698526 + t * 0.13838564236740264;
  q = 0.1818166708928434 + t * 0.1539107240431242 + t2 * q;
  q = 0.2857142855600732 + t * 0.22222224276188307 + t2 * q;
  q = 0.666666666666666 + t * 0.4000000000005594 + t2 * q;
  return t * q;
}

/** k ln 2 + low + ln(1 + f) for f in [√½ - 1, ½], small terms first. */
function logOf(k: number, low: number, f: number): number {
  const s = f / (2 + f);
  return k * ln2High - (s * (f - logSeries(s * s)) - (k * ln2Low + low) - f);
}

/** ln(1 + u) for u in [√½ - 1, 1]. */
export function log1p(u: number): number {
  const upper = u > 0.5; // (u - 1)/2 is exact then
  return logOf(upper ? 1 : 0, 0, upper ? (u - 1) * 0.5 : u);
}

/** ln(x / 2^shift) + low for normal, finite x > 0: x = 2^k m, m in [√½, √2). */
export function logScaled(x: number, shift: number, low: number): number {
  double[0] = x;
  const exponent = word[high] >>> 20;
  word[high] = (word[high] & 0xfffff) | 0x3ff00000;
  const mantissa = double[0];
  const upper = mantissa > Math.SQRT2;
  return logOf(exponent - (upper ? 1022 : 1023) - shift, low, (upper ? mantissa * 0.5 : mantissa) - 1);
}

/** ln x for normal, finite x > 0. */
export function log(x: number): number {
  return Number.isNaN(x) ? x : logScaled(x, 0, 0);
}

/** x^p for normal x > 0; good to a few ulp times |p ln x|, which a learning rate does not feel. */
export function power(x: number, p: number): number {
  return exp(p * log(x));
}

/** cos(πx) for x in [0, 1]: the Taylor polynomial of sin of π(½ - x), remainder below 2e-18. */
export function cosPi(x: number): number {
  const a = Math.PI * (0.5 - x);
  const a2 = a * a;
  let q = 1 / 51090942171709440000;
  q = q * a2 - 1 / 121645100408832000;
  q = q * a2 + 1 / 355687428096000;
  q = q * a2 - 1 / 1307674368000;
  q = q * a2 + 1 / 6227020800;
  q = q * a2 - 1 / 39916800;
  q = q * a2 + 1 / 362880;
  q = q * a2 - 1 / 5040;
  q = q * a2 + 1 / 120;
  q = q * a2 - 1 / 6;
  return a + a * (a2 * q);
}

/** -1, 0 or 1; 0 for NaN. */
export function sign(a: number): number {
  return a > 0 ? 1 : a < 0 ? -1 : 0;
}
