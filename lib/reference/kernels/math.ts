// Elementary functions of our own, in + - * / and bit shifts, so that C++ has the same bits.
// Twin: native/kernels/math.h.

const ln2High = 0.6931471805598903; // its low bits zero: n · ln2High is exact
const ln2Low = 5.497923018708371e-14;
const roundToInteger = 6755399441055744; // 1.5 · 2^52: adding and subtracting it rounds to the nearest integer

const double = new Float64Array(1);
const word = new Uint32Array(double.buffer);
const high = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1 ? 1 : 0;

function powerOfTwo(n: number): number {
  word[high] = (n + 1023) << 20;
  word[1 - high] = 0;
  return double[0];
}

/** e^x for |x| ≤ 700: x = n ln 2 + r, the Taylor polynomial of degree 13 on |r| ≤ ln 2 / 2 (remainder 4e-18). */
export function exp(x: number): number {
  const n = x * 1.4426950408889634 + roundToInteger - roundToInteger;
  const r = x - n * ln2High - n * ln2Low;
  let q = 1 / 6227020800;
  q = q * r + 1 / 479001600;
  q = q * r + 1 / 39916800;
  q = q * r + 1 / 3628800;
  q = q * r + 1 / 362880;
  q = q * r + 1 / 40320;
  q = q * r + 1 / 5040;
  q = q * r + 1 / 720;
  q = q * r + 1 / 120;
  q = q * r + 1 / 24;
  q = q * r + 1 / 6;
  q = q * r + 0.5;
  return (1 + (r + r * r * q)) * powerOfTwo(n);
}

/** ln x for normal x > 0: x = 2^k m, m in [√½, √2), ln m = 2 artanh(s), s = (m-1)/(m+1). */
export function log(x: number): number {
  double[0] = x;
  let k = (word[high] >>> 20) - 1023;
  word[high] = (word[high] & 0xfffff) | 0x3ff00000;
  let m = double[0];
  if (m > Math.SQRT2) {
    m *= 0.5;
    k += 1;
  }
  const f = m - 1;
  const s = f / (m + 1);
  const s2 = s * s;
  let q = 1 / 23;
  q = q * s2 + 1 / 21;
  q = q * s2 + 1 / 19;
  q = q * s2 + 1 / 17;
  q = q * s2 + 1 / 15;
  q = q * s2 + 1 / 13;
  q = q * s2 + 1 / 11;
  q = q * s2 + 1 / 9;
  q = q * s2 + 1 / 7;
  q = q * s2 + 1 / 5;
  q = q * s2 + 1 / 3;
  return k * ln2High + (2 * s + (2 * s * s2 * q + k * ln2Low));
}

/** x^p for x > 0; good to a few ulp times |p ln x|, which a learning rate does not feel. */
export function power(x: number, p: number): number {
  return exp(p * log(x));
}
