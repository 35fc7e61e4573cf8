// Elementary functions in double-double arithmetic (about 31 digits), to measure others against.

/** A number as the unevaluated sum of two doubles. */
type Wide = [high: number, low: number];

function twoSum(a: number, b: number): Wide {
  const s = a + b;
  const t = s - a;
  return [s, a - (s - t) + (b - t)];
}

function split(a: number): Wide {
  const c = 134217729 * a;
  const high = c - (c - a);
  return [high, a - high];
}

function add(x: Wide, y: Wide): Wide {
  const [s, e] = twoSum(x[0], y[0]);
  return twoSum(s, e + x[1] + y[1]);
}

function multiply(x: Wide, y: Wide): Wide {
  const p = x[0] * y[0];
  const [ah, al] = split(x[0]);
  const [bh, bl] = split(y[0]);
  const e = ah * bh - p + ah * bl + al * bh + al * bl;
  return twoSum(p, e + x[0] * y[1] + x[1] * y[0]);
}

const ln2: Wide = [0.6931471805599453, 2.3190468138462996e-17];
const pi: Wide = [3.141592653589793, 1.2246467991473532e-16];

/** 1/k! for k = 0 … 29. */
const inverseFactorials: Wide[] = [];
for (let k = 0, factorial = 1n; k < 30; factorial *= BigInt(++k)) {
  const scaled = (1n << 220n) / factorial;
  const high = Number(scaled) * 2 ** -220;
  inverseFactorials.push([high, Number(scaled - BigInt(high * 2 ** 220)) * 2 ** -220]);
}

/** e^x as a number in [.7, 1.5] and a power of two. */
export function wideExp(x: Wide): { value: Wide; exponent: number } {
  const n = Math.round(x[0] / ln2[0]);
  const r = add(x, multiply([-n, 0], ln2));
  let q = inverseFactorials[26];
  for (let k = 25; k >= 0; k--) q = add(multiply(q, r), inverseFactorials[k]);
  return { value: q, exponent: n };
}

/** The distance of two neighbouring doubles at x. */
function ulp(x: number): number {
  return 2 ** (Math.max(Math.floor(Math.log2(Math.abs(x))), -1022) - 52);
}

/** By how many ulps y is off e^x. */
export function expError(x: number, y: number): number {
  const { value, exponent } = wideExp([x, 0]);
  const half = exponent >> 1;
  // In the normal range dividing by powers of two is exact; below it the last place is 2^-1074.
  const scaled = y / 2 ** half / 2 ** (exponent - half);
  const place = Math.max(ulp(value[0]), 2 ** (-1074 - exponent));
  return Math.abs(scaled - value[0] - value[1]) / place;
}

/** By how many ulps y is off the logarithm of `of`: e^y should be `of`. */
export function logError(of: Wide, y: number): number {
  const { value, exponent } = wideExp([y, 0]);
  const scale = 2 ** -(exponent >> 1);
  const rest = 2 ** -(exponent - (exponent >> 1));
  const target: Wide = [of[0] * scale * rest, of[1] * scale * rest];
  const [high, low] = add(value, [-target[0], -target[1]]);
  return Math.abs((high + low) / target[0]) / ulp(y);
}

/** By how many ulps y is off ln(1 + u). */
export function log1pError(u: number, y: number): number {
  return logError(twoSum(1, u), y);
}

/** By how much y is off cos(πx). */
export function cosPiError(x: number, y: number): number {
  // cos πx = sin π(½ - x); ½ - x may round for tiny x, so that it is kept in two parts.
  const a = multiply(twoSum(0.5, -x), pi);
  const square = multiply(a, a);
  let q = inverseFactorials[29];
  for (let k = 27; k >= 1; k -= 2) q = add(multiply([-q[0], -q[1]], square), inverseFactorials[k]);
  const exact = multiply(q, a);
  return Math.abs(y - exact[0] - exact[1]);
}
