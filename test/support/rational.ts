// Fractions of whole numbers, and systems solved in them without a rounding: every double is one.

/** numerator / denominator, the latter above 0; in lowest terms. */
export type Rational = readonly [numerator: bigint, denominator: bigint];

export const zero: Rational = [0n, 1n];

function reduced(numerator: bigint, denominator: bigint): Rational {
  let a = numerator < 0n ? -numerator : numerator;
  let b = denominator < 0n ? -denominator : denominator;
  while (b !== 0n) [a, b] = [b, a % b];
  const divisor = denominator < 0n ? -a : a;
  return [numerator / divisor, denominator / divisor];
}

/** What a double is. */
export function rational(x: number): Rational {
  let exponent = 0;
  let mantissa = x;
  for (; !Number.isInteger(mantissa); exponent++) mantissa *= 2;
  return reduced(BigInt(mantissa), 1n << BigInt(exponent));
}

export const add = ([a, b]: Rational, [c, d]: Rational): Rational => reduced(a * d + c * b, b * d);
export const times = ([a, b]: Rational, [c, d]: Rational): Rational => reduced(a * c, b * d);
export const minus = (x: Rational, [c, d]: Rational): Rational => add(x, [-c, d]);
export const over = (x: Rational, [c, d]: Rational): Rational => times(x, c < 0n ? [-d, -c] : [d, c]);
export const sum = (terms: Rational[]): Rational => terms.reduce(add, zero);
export const dot = (x: Rational[], y: Rational[]): Rational => sum(x.map((value, i) => times(value, y[i])));

/** The double nearest to a fraction, but for the last bit or so. */
export function toNumber([numerator, denominator]: Rational): number {
  const bits = (n: bigint): number => (n < 0n ? -n : n).toString(2).length;
  const shift = BigInt(70 - bits(numerator) + bits(denominator));
  const scaled = shift > 0n ? (numerator << shift) / denominator : numerator / (denominator << -shift);
  return Number(scaled) * 2 ** -Number(shift);
}

/** x with A x = b, A not singular. */
export function solveRational(A: Rational[][], b: Rational[]): Rational[] {
  const rows = A.map((row, i) => [...row, b[i]]);
  const n = b.length;
  for (let k = 0; k < n; k++) {
    const pivot = rows.findIndex((row, i) => i >= k && row[k][0] !== 0n);
    [rows[k], rows[pivot]] = [rows[pivot], rows[k]];
    for (let i = 0; i < n; i++) {
      if (i === k || rows[i][k][0] === 0n) continue;
      const factor = over(rows[i][k], rows[k][k]);
      for (let j = k; j <= n; j++) rows[i][j] = minus(rows[i][j], times(factor, rows[k][j]));
    }
  }
  return rows.map((row, k) => over(row[n], row[k]));
}
