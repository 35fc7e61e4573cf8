// Sine, cosine, tangent and their inverses, within about 1 ulp of any argument.
// Twin: native/kernels/trigonometric.h.

import { lostByProduct } from './doubledouble.js';
import { nearestInteger } from './math.js';

const halfPi = Math.PI / 2;
const halfPiLow = 6.123233995736766e-17;
/** π/2 in three parts of 33 bits, whose products with a whole number below 2^20 are exact, and what is left. */
const [pi1, pi2, pi3, pi4] = [1.5707963267341256, 6.077100506303966e-11, 2.0222662487111665e-21, 8.4784276603689e-32];
/** Where the parts above are enough. */
const largeAngle = 1e6;
/** 2/π, its first 1,280 bits. */
const twoOverPi =
  0xa2f9836e4e441529fc2757d1f534ddc0db6295993c439041fe5163abdebbc561b7246e3a424dd2e006492eea09d1921cfe1deb1cb129a73ee88235f52ebb4484e99c7026b45f7e413991d639835339f49c845f8bbdf9283b1ff897ffde05980fef2f118b5a0a6d1f6d367ecf27cb09b74f463f669e5fea2d7527bac7ebe5f17b3d0739f78a5292ea6bfb5fb11f8d5d0856033046fc7b6babf0cfbc209af4361dn;

/** The quadrant of the last angle, mod 4, and the rest of it in [-π/4, π/4] as a sum. */
let quadrant = 0;
let rest = 0;
let restLow = 0;

const bits = new BigUint64Array(1);
const double = new Float64Array(bits.buffer);

/** Of a large angle m·2^e: the bits of 2/π that count, times m (Payne and Hanek 1983). */
function reduceLarge(a: number): void {
  double[0] = a;
  const e = Number(bits[0] >> 52n) - 1075;
  const m = (bits[0] & 0xfffffffffffffn) | 0x10000000000000n;
  // Quadrants in units of 2^-126, mod 4; 2/π with 64 bits more, so that what is left out does not count.
  const angle = ((m * ((twoOverPi >> BigInt(1090 - e)) & ((1n << 256n) - 1n))) >> 64n) & ((1n << 128n) - 1n);
  const n = (angle + (1n << 125n)) >> 126n;
  const signed = angle - (n << 126n);
  const f = signed < 0n ? -signed : signed;
  const third = (1n << 42n) - 1n;
  const [c2, c1, c0] = [Number(f >> 84n), Number((f >> 42n) & third), Number(f & third)];
  const s = c2 * 2 ** -42 + c1 * 2 ** -84;
  const t = c1 * 2 ** -84 - (s - c2 * 2 ** -42) + c0 * 2 ** -126;
  const high = s + t;
  const low = t - (high - s);
  const p = high * halfPi;
  const q = lostByProduct(high, halfPi, p) + (high * halfPiLow + low * halfPi);
  const r = p + q;
  quadrant = Number(n & 3n);
  rest = signed < 0n ? -r : r;
  restLow = signed < 0n ? r - p - q : q - (r - p);
}

/** Of an angle ≥ 0. */
function reduce(a: number): void {
  if (a > largeAngle && a < Infinity) {
    reduceLarge(a);
    return;
  }
  const n = nearestInteger(a * 0.6366197723675814);
  const r1 = a - n * pi1;
  const w2 = n * pi2;
  const r2 = r1 - w2;
  const b2 = r2 - r1;
  const w3 = n * pi3;
  const r3 = r2 - w3;
  const b3 = r3 - r2;
  const low = r1 - (r2 - b2) - (w2 + b2) + (r2 - (r3 - b3) - (w3 + b3)) - n * pi4;
  quadrant = n & 3;
  rest = r3 + low;
  restLow = r3 - rest + low;
}

/** (sin x - x)/x³ for z = x², |x| ≤ π/4 (off by 3e-18 of the sine). */
function sineSeries(z: number): number {
  let q = -7.586685070091267e-13;
  const z2 = z * z;
  q = -2.5052106231157904e-8 + z * 1.605853141458901e-10 + z2 * q;
  q = -0.0001984126984126506 + z * 2.7557319219335453e-6 + z2 * q;
  return -0.16666666666666666 + z * 0.008333333333333331 + z2 * q;
}

/** (cos x - 1 + x²/2)/x⁴ for z = x², |x| ≤ π/4 (off by 2e-18 of the cosine). */
function cosineSeries(z: number): number {
  let q = 2.0876146024689747e-9 + z * -1.1382614868556325e-11;
  const z2 = z * z;
  q = 2.4801587298763433e-5 - z * 2.7557317270560326e-7 + z2 * q;
  return 0.041666666666666664 - z * 0.0013888888888887395 + z2 * q;
}

/** sin(rest + restLow) - rest. */
function sineTail(z: number): number {
  return restLow * (1 - 0.5 * z) + rest * z * sineSeries(z);
}

/** cos(rest + restLow) - (1 - z/2). */
function cosineTail(z: number, near: number): number {
  return 1 - near - 0.5 * z + (z * z * cosineSeries(z) - rest * restLow);
}

/** sin(x + turns·π/2) for the angle that was reduced. */
function wave(turns: number): number {
  const z = rest * rest;
  const near = 1 - 0.5 * z;
  const q = quadrant + turns;
  const v = q & 1 ? near + cosineTail(z, near) : rest + sineTail(z);
  return q & 2 ? -v : v;
}

export function sin(x: number): number {
  if (x === 0) return x;
  reduce(Math.abs(x));
  return x < 0 ? -wave(0) : wave(0);
}

export function cos(x: number): number {
  reduce(Math.abs(x));
  return wave(1);
}

/** sin/cos, or -cos/sin: a quotient of sums, with its remainder. */
export function tan(x: number): number {
  if (x === 0) return x;
  reduce(Math.abs(x));
  const z = rest * rest;
  const near = 1 - 0.5 * z;
  const [sTail, cTail] = [sineTail(z), cosineTail(z, near)];
  const s = rest + sTail;
  const sLow = sTail - (s - rest);
  const c = near + cTail;
  const cLow = cTail - (c - near);
  const isOdd = (quadrant & 1) === 1;
  const [n, nLow, d, dLow] = isOdd ? [c, cLow, s, sLow] : [s, sLow, c, cLow];
  const q = n / d;
  const p = q * d;
  const v = q + (n - p - lostByProduct(q, d, p) + nLow - q * dLow) / d;
  return x < 0 !== isOdd ? -v : v;
}

/** (asin x - x)/x³ for z = x² ≤ ¼ (off by 6e-18 of the arcsine). */
function arcsineSeries(z: number): number {
  let q = 0.028757851367421566;
  const z2 = z * z;
  q = 0.01740087944269402 - z * 0.014851887071247204 + z2 * q;
  q = 0.01032281435018578 + z * 0.005457506718640358 + z2 * q;
  q = 0.013971212973552933 + z * 0.011479177415184906 + z2 * q;
  q = 0.02237217294214989 + z * 0.017352392720869973 + z2 * q;
  q = 0.04464285714635543 + z * 0.030381944138531247 + z2 * q;
  return 0.16666666666666669 + z * 0.07499999999998433 + z2 * q;
}

/** Above ½: π/2 - 2 asin √((1 - x)/2), with the rounding error of the root. */
export function asin(x: number): number {
  if (x === 0) return x;
  const a = Math.abs(x);
  let v: number;
  if (a < 0.5) {
    const z = a * a;
    v = a + a * (z * arcsineSeries(z));
  } else {
    const z = (1 - a) * 0.5;
    const s = Math.sqrt(z);
    const p = s * s;
    const low = (z - p - lostByProduct(s, s, p)) / (s + s + 2 ** -1000);
    const high = halfPi - 2 * s;
    v = high + (halfPi - high - 2 * s + halfPiLow - 2 * (s * (z * arcsineSeries(z)) + low));
  }
  return x < 0 ? -v : v;
}

/** (atan x - x)/x³ for z = x², |x| ≤ 7/16 (off by 3e-18 of the arctangent). */
function arctangentSeries(z: number): number {
  let q = -0.03312674367384146 + z * 0.014771803541259421;
  const z2 = z * z;
  q = -0.052166649790788854 + z * 0.044921989571273566 + z2 * q;
  q = -0.06666241706297325 + z * 0.05876944220330461 + z2 * q;
  q = -0.09090908355081977 + z * 0.07692285541401948 + z2 * q;
  q = -0.14285714285566672 + z * 0.1111111109663336 + z2 * q;
  return -0.3333333333333333 + z * 0.1999999999999941 + z2 * q;
}

/** atan c + atan((x - c)/(1 + c x)), for the c of these next to x: 0, ½, 1, 3/2, ∞. */
export function atan(x: number): number {
  if (x === 0) return x;
  const a = Math.abs(x);
  let t = a;
  let high = 0;
  let low = 0;
  if (a > 2.4375) [t, high, low] = [-1 / a, halfPi, halfPiLow];
  else if (a > 1.1875) [t, high, low] = [(a - 1.5) / (1 + 1.5 * a), 0.982793723247329, 1.3903311031230998e-17];
  else if (a > 0.6875) [t, high, low] = [(a - 1) / (1 + a), Math.PI / 4, 3.061616997868383e-17];
  else if (a > 0.4375) [t, high, low] = [(a - 0.5) / (1 + 0.5 * a), 0.4636476090008061, 2.2698777452961687e-17];
  const z = t * t;
  const v = high + (t + (t * (z * arctangentSeries(z)) + low));
  return x < 0 ? -v : v;
}
