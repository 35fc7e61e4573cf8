// Sums in 32 partials, in one fixed order.
// Element i goes to partial i mod 32, each partial in index order from +0; partials fold in halves: k += k+16, then +8,
// +4, +2, +1 (ARCHITECTURE.md, the law, 2). Twin: native/kernels/sums.h.

const partials = new Float64Array(32);

/** Folds the first `count` of 32 partials; an absent one counts as +0, which changes no sum that began at +0. */
function fold(p: Float64Array, count: number): number {
  let live = count;
  for (let half = 16; half > 0; half >>= 1) {
    for (let k = 0; k + half < live; k++) p[k] += p[k + half];
    if (live > half) live = half;
  }
  return count === 0 ? 0 : p[0];
}

/** Σ x[at + i] for i < n. */
export function sum(x: Float64Array, at: number, n: number): number {
  const p = partials;
  for (let i = 0; i < n && i < 32; i++) p[i] = 0 + x[at + i];
  for (let i = 32; i < n; i++) p[i & 31] += x[at + i];
  return fold(p, Math.min(n, 32));
}

/** Σ |x[at + i]| for i < n. */
export function sumOfMagnitudes(x: Float64Array, at: number, n: number): number {
  const p = partials;
  for (let i = 0; i < n && i < 32; i++) p[i] = Math.abs(x[at + i]);
  for (let i = 32; i < n; i++) p[i & 31] += Math.abs(x[at + i]);
  return fold(p, Math.min(n, 32));
}

/** Σ (scale · x[at + i])² for i < n. */
export function sumOfSquares(x: Float64Array, at: number, n: number, scale: number): number {
  const p = partials;
  for (let i = 0; i < n; i++) {
    const v = scale * x[at + i];
    p[i & 31] = (i < 32 ? 0 : p[i & 31]) + v * v;
  }
  return fold(p, Math.min(n, 32));
}

/**
 * Σ x[i + k] · y[j + k] for k < n < 16, without the partials that would be +0: the first eight products (if there are
 * so many), those after them lane by lane, and the end of the fold. Adding 0 turns a -0 into what +0 partials give.
 */
// biome-ignore format: a line of products reads better than 32 lines
function shortSum(x: Float64Array, xAt: number, y: Float64Array, yAt: number, n: number): number {
  let i = xAt, j = yAt, rest = n;
  let q0 = 0, q1 = 0, q2 = 0, q3 = 0, q4 = 0, q5 = 0, q6 = 0, q7 = 0;
  if (n >= 8) {
    q0 = x[i] * y[j]; q1 = x[i + 1] * y[j + 1]; q2 = x[i + 2] * y[j + 2]; q3 = x[i + 3] * y[j + 3];
    q4 = x[i + 4] * y[j + 4]; q5 = x[i + 5] * y[j + 5]; q6 = x[i + 6] * y[j + 6]; q7 = x[i + 7] * y[j + 7];
    i += 8; j += 8; rest -= 8;
  }
  if (rest > 0) { q0 += x[i] * y[j];
  if (rest > 1) { q1 += x[i + 1] * y[j + 1];
  if (rest > 2) { q2 += x[i + 2] * y[j + 2];
  if (rest > 3) { q3 += x[i + 3] * y[j + 3];
  if (rest > 4) { q4 += x[i + 4] * y[j + 4];
  if (rest > 5) { q5 += x[i + 5] * y[j + 5];
  if (rest > 6) { q6 += x[i + 6] * y[j + 6]; } } } } } } }
  return ((q0 + q4) + (q2 + q6)) + ((q1 + q5) + (q3 + q7)) + 0;
}

/**
 * Σ x[xAt + i] · y[yAt + i] for i < n. The partials are locals and the loop is written out: this is what every
 * row of a matrix goes through.
 */
// biome-ignore format: a line of eight partials reads better than 32 lines
export function sumOfProducts(x: Float64Array, xAt: number, y: Float64Array, yAt: number, n: number): number {
  if (n < 16) return shortSum(x, xAt, y, yAt, n);
  let p0 = 0, p1 = 0, p2 = 0, p3 = 0, p4 = 0, p5 = 0, p6 = 0, p7 = 0;
  let p8 = 0, p9 = 0, p10 = 0, p11 = 0, p12 = 0, p13 = 0, p14 = 0, p15 = 0;
  let p16 = 0, p17 = 0, p18 = 0, p19 = 0, p20 = 0, p21 = 0, p22 = 0, p23 = 0;
  let p24 = 0, p25 = 0, p26 = 0, p27 = 0, p28 = 0, p29 = 0, p30 = 0, p31 = 0;
  let i = xAt;
  let j = yAt;
  const end = xAt + n;
  for (; i + 32 <= end; i += 32, j += 32) {
    p0 += x[i] * y[j]; p1 += x[i + 1] * y[j + 1]; p2 += x[i + 2] * y[j + 2]; p3 += x[i + 3] * y[j + 3]; p4 += x[i + 4] * y[j + 4]; p5 += x[i + 5] * y[j + 5]; p6 += x[i + 6] * y[j + 6]; p7 += x[i + 7] * y[j + 7];
    p8 += x[i + 8] * y[j + 8]; p9 += x[i + 9] * y[j + 9]; p10 += x[i + 10] * y[j + 10]; p11 += x[i + 11] * y[j + 11]; p12 += x[i + 12] * y[j + 12]; p13 += x[i + 13] * y[j + 13]; p14 += x[i + 14] * y[j + 14]; p15 += x[i + 15] * y[j + 15];
    p16 += x[i + 16] * y[j + 16]; p17 += x[i + 17] * y[j + 17]; p18 += x[i + 18] * y[j + 18]; p19 += x[i + 19] * y[j + 19]; p20 += x[i + 20] * y[j + 20]; p21 += x[i + 21] * y[j + 21]; p22 += x[i + 22] * y[j + 22]; p23 += x[i + 23] * y[j + 23];
    p24 += x[i + 24] * y[j + 24]; p25 += x[i + 25] * y[j + 25]; p26 += x[i + 26] * y[j + 26]; p27 += x[i + 27] * y[j + 27]; p28 += x[i + 28] * y[j + 28]; p29 += x[i + 29] * y[j + 29]; p30 += x[i + 30] * y[j + 30]; p31 += x[i + 31] * y[j + 31];
  }
  if (i + 8 <= end) {
    p0 += x[i] * y[j]; p1 += x[i + 1] * y[j + 1]; p2 += x[i + 2] * y[j + 2]; p3 += x[i + 3] * y[j + 3]; p4 += x[i + 4] * y[j + 4]; p5 += x[i + 5] * y[j + 5]; p6 += x[i + 6] * y[j + 6]; p7 += x[i + 7] * y[j + 7];
    i += 8; j += 8;
  } else if (i < end) {
    p0 += x[i] * y[j];
    if (i + 1 < end) p1 += x[i + 1] * y[j + 1];
    if (i + 2 < end) p2 += x[i + 2] * y[j + 2];
    if (i + 3 < end) p3 += x[i + 3] * y[j + 3];
    if (i + 4 < end) p4 += x[i + 4] * y[j + 4];
    if (i + 5 < end) p5 += x[i + 5] * y[j + 5];
    if (i + 6 < end) p6 += x[i + 6] * y[j + 6];
    i = end;
  }
  if (i + 8 <= end) {
    p8 += x[i] * y[j]; p9 += x[i + 1] * y[j + 1]; p10 += x[i + 2] * y[j + 2]; p11 += x[i + 3] * y[j + 3]; p12 += x[i + 4] * y[j + 4]; p13 += x[i + 5] * y[j + 5]; p14 += x[i + 6] * y[j + 6]; p15 += x[i + 7] * y[j + 7];
    i += 8; j += 8;
  } else if (i < end) {
    p8 += x[i] * y[j];
    if (i + 1 < end) p9 += x[i + 1] * y[j + 1];
    if (i + 2 < end) p10 += x[i + 2] * y[j + 2];
    if (i + 3 < end) p11 += x[i + 3] * y[j + 3];
    if (i + 4 < end) p12 += x[i + 4] * y[j + 4];
    if (i + 5 < end) p13 += x[i + 5] * y[j + 5];
    if (i + 6 < end) p14 += x[i + 6] * y[j + 6];
    i = end;
  }
  if (i + 8 <= end) {
    p16 += x[i] * y[j]; p17 += x[i + 1] * y[j + 1]; p18 += x[i + 2] * y[j + 2]; p19 += x[i + 3] * y[j + 3]; p20 += x[i + 4] * y[j + 4]; p21 += x[i + 5] * y[j + 5]; p22 += x[i + 6] * y[j + 6]; p23 += x[i + 7] * y[j + 7];
    i += 8; j += 8;
  } else if (i < end) {
    p16 += x[i] * y[j];
    if (i + 1 < end) p17 += x[i + 1] * y[j + 1];
    if (i + 2 < end) p18 += x[i + 2] * y[j + 2];
    if (i + 3 < end) p19 += x[i + 3] * y[j + 3];
    if (i + 4 < end) p20 += x[i + 4] * y[j + 4];
    if (i + 5 < end) p21 += x[i + 5] * y[j + 5];
    if (i + 6 < end) p22 += x[i + 6] * y[j + 6];
    i = end;
  }
  if (i < end) {
    p24 += x[i] * y[j];
    if (i + 1 < end) p25 += x[i + 1] * y[j + 1];
    if (i + 2 < end) p26 += x[i + 2] * y[j + 2];
    if (i + 3 < end) p27 += x[i + 3] * y[j + 3];
    if (i + 4 < end) p28 += x[i + 4] * y[j + 4];
    if (i + 5 < end) p29 += x[i + 5] * y[j + 5];
    if (i + 6 < end) p30 += x[i + 6] * y[j + 6];
    i = end;
  }
  const q0 = (p0 + p16) + (p8 + p24);
  const q1 = (p1 + p17) + (p9 + p25);
  const q2 = (p2 + p18) + (p10 + p26);
  const q3 = (p3 + p19) + (p11 + p27);
  const q4 = (p4 + p20) + (p12 + p28);
  const q5 = (p5 + p21) + (p13 + p29);
  const q6 = (p6 + p22) + (p14 + p30);
  const q7 = (p7 + p23) + (p15 + p31);
  return ((q0 + q4) + (q2 + q6)) + ((q1 + q5) + (q3 + q7));
}
