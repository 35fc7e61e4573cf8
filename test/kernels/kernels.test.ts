// The values of the vector and matrix kernels, against naive sums.
import { describe, expect, it } from 'vitest';
import { allocate } from '../../lib/kernels.js';
import { allocate as referenceAllocate } from '../../lib/reference.js';
import { addressOf, canFindAddresses } from '../support/address.js';
import { kernelSets, native } from '../support/backends.js';
import { expectBits, expectClose, normals } from '../support/support.js';

const lengths = [1, 2, 3, 5, 7, 8, 9, 15, 16, 17, 31, 32, 33, 63, 64, 65, 96, 97, 128, 200, 1000, 4097];
const shapes = [
  [1, 1],
  [1, 7],
  [2, 3],
  [7, 8],
  [8, 1],
  [9, 5],
  [16, 16],
  [17, 33],
  [64, 10],
  [100, 40],
  [257, 3],
  [300, 70],
  [1030, 2],
  [5, 3000],
];

const sumOf = (x: ArrayLike<number>) => Array.from(x).reduce((a, b) => a + b, 0);
const magnitude = (x: ArrayLike<number>) => sumOf(Array.from(x, Math.abs));

describe.each(kernelSets)('kernels: $name', ({ kernels }) => {
  it.each(lengths)('dot, asum and nrm2 of %i elements', (n) => {
    const x = normals(n, n);
    const y = normals(n, n + 1);
    const products = x.map((value, i) => value * y[i]);
    expectClose([kernels.dot(x, y)], [sumOf(products)], 1e-14, magnitude(products));
    expectClose([kernels.asum(x)], [magnitude(x)], 1e-14);
    expectClose([kernels.nrm2(x)], [Math.sqrt(sumOf(x.map((value) => value * value)))], 1e-14);
  });

  it.each(lengths)('axpy and scal of %i elements', (n) => {
    const x = normals(n, n);
    const y = normals(n, n + 1);
    const sum = y.slice();
    expect(kernels.axpy(-2.5, x, sum)).toBeUndefined();
    expectBits(
      sum,
      y.map((value, i) => value + -2.5 * x[i]),
    );
    expectBits(x, normals(n, n), 'x');
    expect(kernels.scal(0.3, x)).toBeUndefined();
    expectBits(
      x,
      normals(n, n).map((value) => 0.3 * value),
    );
  });

  it.each(shapes)('gemv and gemvT of %i × %i', (rows, cols) => {
    const A = normals(rows * cols, 1);
    const v = normals(cols, 2);
    const u = normals(rows, 3);
    const out = new Float64Array(rows).fill(NaN);
    kernels.gemv(A, rows, cols, v, out);
    for (let i = 0; i < rows; i++) {
      const products = v.map((value, j) => value * A[i * cols + j]);
      expectClose([out[i]], [sumOf(products)], 1e-14, magnitude(products), `row ${i}`);
    }
    const outT = new Float64Array(cols).fill(NaN);
    kernels.gemvT(A, rows, cols, u, outT);
    for (let j = 0; j < cols; j++) {
      const products = u.map((value, i) => value * A[i * cols + j]);
      expectClose([outT[j]], [sumOf(products)], 1e-13, magnitude(products), `column ${j}`);
    }
    expectBits(A, normals(rows * cols, 1), 'A');
    expectBits(v, normals(cols, 2), 'x');
    expectBits(u, normals(rows, 3), 'x');
  });

  it.each(shapes.filter(([, cols]) => cols <= 100))('gram of %i × %i', (rows, cols) => {
    const A = normals(rows * cols, 1);
    const d = normals(rows, 2);
    for (const weights of [d, null]) {
      const out = new Float64Array(cols * cols).fill(NaN);
      expect(kernels.gram(A, rows, cols, weights, out)).toBeUndefined();
      for (let j = 0; j < cols; j++) {
        for (let k = 0; k < cols; k++) {
          const products = d.map((value, i) => (weights ? value : 1) * A[i * cols + j] * A[i * cols + k]);
          expectClose([out[j * cols + k]], [sumOf(products)], 1e-13, magnitude(products), `${j}, ${k}:`);
          expectBits([out[j * cols + k]], [out[k * cols + j]], `${j}, ${k} and its mirror, number`);
        }
      }
    }
    expectBits(A, normals(rows * cols, 1), 'A');
    expectBits(d, normals(rows, 2), 'weights');
  });

  it.each(shapes)('valueAndGradient of %i × %i', (rows, cols) => {
    const X = normals(rows * cols, 1);
    const w = normals(cols, 2);
    const y = normals(rows, 3);
    const r = y.map((target, i) => sumOf(w.map((value, j) => value * X[i * cols + j])) - target);
    const out = new Float64Array(cols).fill(NaN);
    const value = kernels.valueAndGradient('squared', { X, y }, w, out);
    expectClose([value], [sumOf(r.map((value) => value * value)) / (2 * rows)], 1e-12);
    for (let j = 0; j < cols; j++) {
      const products = r.map((value, i) => (value * X[i * cols + j]) / rows);
      expectClose([out[j]], [sumOf(products)], 1e-12, magnitude(products), `gradient ${j}`);
    }
    expectBits(X, normals(rows * cols, 1), 'X');
    expectBits(w, normals(cols, 2), 'weights');
    expectBits(y, normals(rows, 3), 'y');
  });

  it('x with itself', () => {
    for (const n of [5, 500]) {
      const x = normals(n, 1);
      expectBits([kernels.dot(x, x)], [kernels.dot(x, x.slice())]);
      const y = x.slice();
      kernels.axpy(2, y, y);
      expectBits(
        y,
        x.map((value) => value + 2 * value),
      );
    }
  });

  it('empty arrays', () => {
    const none = new Float64Array(0);
    expectBits([kernels.dot(none, none), kernels.asum(none), kernels.nrm2(none)], [0, 0, 0]);
    kernels.axpy(1, none, none);
    kernels.scal(1, none);
    kernels.gemv(none, 0, 3, new Float64Array(3), none);
    kernels.gemvT(none, 3, 0, new Float64Array(3), none);
    const out = new Float64Array(200).fill(NaN);
    kernels.gemv(none, 200, 0, none, out);
    expectBits(out, new Float64Array(200), 'a row of nothing');
    out.fill(NaN);
    kernels.gemvT(none, 0, 200, none, out);
    expectBits(out, new Float64Array(200), 'a column of nothing');
    kernels.gram(none, 5, 0, new Float64Array(5), none);
    for (const weights of [none, null]) {
      out.fill(NaN);
      kernels.gram(none, 0, 14, weights, out.subarray(0, 196));
      expectBits(out.subarray(0, 196), new Float64Array(196), 'products of nothing');
    }
  });

  it('NaN, infinities, zeros and the smallest numbers go through', () => {
    for (const n of [1, 9, 40, 200]) {
      const at = (i: number, value: number, others = 0) =>
        new Float64Array(n).fill(others).map((x, k) => (k === i ? value : x));
      for (const i of new Set([0, n >> 1, n - 1])) {
        const ones = new Float64Array(n).fill(1);
        expect(kernels.dot(at(i, NaN), ones)).toBeNaN();
        expect(kernels.dot(at(i, Infinity), at(i, 0, 1))).toBeNaN();
        expect(kernels.dot(at(i, -Infinity), ones)).toBe(-Infinity);
        expect(kernels.asum(at(i, -Infinity))).toBe(Infinity);
        expect(kernels.asum(at(i, NaN))).toBeNaN();
        expect(kernels.asum(at(i, -5e-324))).toBe(5e-324);
        expect(kernels.dot(at(i, 5e-324), ones)).toBe(5e-324);
        const scaled = at(i, Infinity, 2);
        kernels.scal(0, scaled);
        expectBits(scaled, at(i, NaN));
        const sum = at(i, -0);
        kernels.axpy(1, at(i, -0), sum);
        expectBits(sum, at(i, -0));
      }
      const zeros = new Float64Array(n);
      kernels.scal(-1, zeros);
      expectBits(zeros, new Float64Array(n).fill(-0));
      expectBits([kernels.dot(zeros, new Float64Array(n).fill(1)), kernels.asum(zeros)], [0, 0]);
    }
  });
});

describe.each(kernelSets)('nrm2: $name', ({ kernels }) => {
  const { MAX_VALUE } = Number;
  const tiny = Number.MIN_VALUE;
  it.each<[string, number[], number]>([
    ['zeros', [0, -0, 0], 0],
    ['huge', [3e300, -4e300], 5e300],
    ['a sum of squares that overflows, a norm that does not', new Array(10000).fill(2 ** 1000), 100 * 2 ** 1000],
    ['the largest number', [0, MAX_VALUE, 0], MAX_VALUE],
    ['too large', [MAX_VALUE, MAX_VALUE], Infinity],
    ['tiny', [3e-300, 4e-300], 5e-300],
    ['squares below the normal range', [3e-160, 4e-160], 5e-160],
    ['the smallest number', [-tiny], tiny],
    ['denormals', new Array(64).fill(tiny), 8 * tiny],
    ['huge and tiny', [1e300, 1e-300], 1e300],
    ['at the border to the scaled sum', [2 ** -450], 2 ** -450],
    ['an infinity', [1, Infinity, 1], Infinity],
    ['a negative infinity', [-Infinity], Infinity],
    ['NaN', [1, NaN], NaN],
    ['NaN among the huge', [1e300, NaN], NaN],
    ['NaN among the tiny', [1e-300, NaN], NaN],
    ['NaN and an infinity', [NaN, Infinity], NaN],
  ])('%s', (_name, values, expected) => {
    // Once more in an array that is long enough for native code.
    for (const zeros of [0, 100]) {
      const norm = kernels.nrm2(Float64Array.from([...values, ...new Array(zeros).fill(0)]));
      if (Number.isFinite(expected) && expected > 1e-310) expectClose([norm], [expected], 4e-16);
      else expectBits([norm], [expected]);
    }
  });
});

describe('allocate', () => {
  it('gives zeros of the length asked for', () => {
    for (const n of [0, 1, 7, 8, 9, 1000]) {
      expectBits(referenceAllocate(n), new Float64Array(n));
      const x = allocate(n);
      expect(x).toBeInstanceOf(Float64Array);
      expectBits(x, new Float64Array(n));
    }
  });

  it.runIf(native && canFindAddresses)('begins on a 64-byte border', () => {
    const beyond = [3, 10, 100, 1000, 10_000, 100_000, 1_000_000].map((n) => addressOf(allocate(n)) % 64);
    expect(beyond).toEqual(beyond.map(() => 0));
  });

  it('throws ERR_OUT_OF_MEMORY when memory is short', () => {
    expect(() => allocate(2 ** 50)).toThrow(expect.objectContaining({ code: 'ERR_OUT_OF_MEMORY' }));
  });
});

describe.each(kernelSets)('products of matrices: $name', ({ kernels }) => {
  it.each([
    [1, 1, 1],
    [3, 4, 0],
    [0, 4, 3],
    [5, 6, 7],
    [13, 16, 33],
    [70, 50, 200],
  ])('of %i × %i by %i terms', (m, n, k) => {
    const A = normals(m * k, 1);
    const B = normals(k * n, 2);
    const expected = new Float64Array(m * n);
    for (let i = 0; i < m; i++)
      for (let j = 0; j < n; j++) for (let p = 0; p < k; p++) expected[i * n + j] += A[i * k + p] * B[p * n + j];
    const out = normals(m * n, 3);
    kernels.matmul(A, B, m, n, k, out);
    expectBits(out, expected);

    const transposed = (x: Float64Array, rows: number, cols: number) =>
      x.map((_, i) => x[(i % rows) * cols + Math.trunc(i / rows)]);
    const before = normals(m * n, 4);
    const C = before.slice();
    kernels.gemm(true, true, m, n, k, 0.3, transposed(A, m, k), m, transposed(B, k, n), k, -2, C, n);
    expectBits(
      C,
      before.map((c, i) => 0.3 * expected[i] + -2 * c),
    );
    kernels.gemm(false, false, m, n, k, 2, A, k, B, n, 0, C.fill(NaN), n);
    expectBits(
      C,
      expected.map((c) => 2 * c),
    );
  });

  it('leaves what lies between the rows of C', () => {
    const C = new Float64Array(7 * 30).fill(9);
    kernels.gemm(false, false, 7, 20, 40, 1, normals(280, 1), 40, normals(40 * 25, 2), 25, 0, C, 30);
    for (let i = 0; i < 7; i++) expectBits(C.subarray(i * 30 + 20, i * 30 + 30), new Float64Array(10).fill(9));
  });
});
