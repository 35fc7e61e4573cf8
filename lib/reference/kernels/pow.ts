// x^y within about 1 ulp, with the special values of C.
// Twin: native/kernels/pow.h.

import { lostByProduct } from './doubledouble.js';
import { expSeries, ln2High, ln2Low, nearestInteger, powerOfTwo } from './math.js';

const double = new Float64Array(1);
const word = new Uint32Array(double.buffer);
const highWord = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1 ? 1 : 0;

/** 2/5 + 2/7 z + 2/9 z² …: ln((1 + s)/(1 - s)) = 2s + ⅔ s³ + s⁵ logTail(s²), |s| ≤ .172. */
function logTail(z: number): number {
  let q = 0.11706195689881364 + z * 0.11723603622905411;
  const z2 = z * z;
  q = 0.15384594934597917 + z * 0.13334806212100603 + z2 * q;
  q = 0.22222222221654733 + z * 0.1818181833565416 + z2 * q;
  return 0.4 + z * 0.2857142857142937 + z2 * q;
}

let logHigh = 0;
let logLow = 0;

/** ln x = k ln 2 + ln m as a sum of two, to about 65 bits: s = (m - 1)/(m + 1), ln m = s (2 + ⅔ s² + s⁴ logTail(s²)). */
function wideLog(x: number): void {
  const isTiny = x < 2 ** -1022;
  double[0] = isTiny ? x * 2 ** 54 : x;
  const exponent = word[highWord] >>> 20;
  word[highWord] = (word[highWord] & 0xfffff) | 0x3ff00000;
  const isUpper = double[0] > Math.SQRT2;
  const k = exponent - (isUpper ? 1022 : 1023) - (isTiny ? 54 : 0);
  const m = isUpper ? double[0] * 0.5 : double[0];
  const f = m - 1;
  const d = 1 + m;
  const s = f / d;
  const p = s * d;
  const sLow = (f - p - lostByProduct(s, d, p) - s * (m - (d - 1))) / d;
  const z = s * s;
  const zLow = lostByProduct(s, s, z) + 2 * (s * sLow);
  const t = z * 0.6666666666666666;
  const tLow = lostByProduct(z, 0.6666666666666666, t) + (z * 3.700743415417188e-17 + zLow * 0.6666666666666666);
  const w = z * z * logTail(z);
  const u = t + w;
  const uLow = w - (u - t) + tLow;
  const v = s * u;
  const vLow = lostByProduct(s, u, v) + (s * uLow + sLow * u);
  const a = k * ln2High;
  const b = a + 2 * s;
  const c = b + v;
  const low = 2 * s - (b - a) + (v - (c - b)) + (k * ln2Low + (2 * sLow + vLow));
  logHigh = c + low;
  logLow = low - (logHigh - c);
}

/** x^y for finite x > 0: e^(y ln x). */
function powerOf(x: number, y: number): number {
  wideLog(x);
  let h = y * logHigh;
  let low = lostByProduct(y, logHigh, h) + y * logLow;
  if (h < -746 || h > 710) [h, low] = [h < 0 ? -746 : 710, 0];
  const n = nearestInteger(h * 1.4426950408889634);
  const a = h - n * ln2High;
  const b = n * ln2Low - low;
  const r = a - b;
  const c = a - r - b;
  const power = 1 + (expSeries(r) + (c + r * c));
  const half = nearestInteger(n * 0.5);
  return power * powerOfTwo(half) * powerOfTwo(n - half);
}

/** x^y; 1^y and x^0 are 1, of NaN too. */
export function pow(x: number, y: number): number {
  if (x === 1 || y === 0) return 1;
  if (Number.isNaN(x) || Number.isNaN(y)) return NaN;
  const a = Math.abs(x);
  const size = Math.abs(y);
  const isWhole = size >= 2 ** 52 || size + 2 ** 52 - 2 ** 52 === size;
  const half = 0.5 * size;
  const isOdd = isWhole && half < 2 ** 52 && half + 2 ** 52 - 2 ** 52 !== half;
  const isSpecial = a === 0 || a === Infinity;
  if (x < 0 && !isWhole && !isSpecial) return NaN;
  const clipped = size > 2 ** 66 ? (y < 0 ? -(2 ** 66) : 2 ** 66) : y;
  const v = isSpecial ? ((a === 0) === y < 0 ? Infinity : 0) : powerOf(a, clipped);
  return isOdd && (x < 0 || Object.is(x, -0)) ? -v : v;
}
