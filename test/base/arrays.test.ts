// The arrays that callers may hand in: whatever their place in memory, realm or class, the result is the same.
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import type { Kernels } from '../../lib/operations/kernels.js';
import { faces, kernelSets } from '../support/backends.js';
import { expectBits, normals, problem, resizable, shared } from '../support/support.js';

const foreign = runInNewContext('({ Float64Array, SharedArrayBuffer })') as typeof globalThis;

class Vector extends Float64Array {}
/** A subclass whose constructor is not called as Float64Array's. */
class Named extends Float64Array {
  constructor(
    readonly label: string,
    values: ArrayLike<number>,
  ) {
    if (typeof label !== 'string') throw new TypeError('a Named was made by other code than its own');
    super(values);
  }
}
/** A view that begins `offset` elements after the start of its buffer. */
const misaligned = (offset: number) => (values: ArrayLike<number>) => {
  const array = new Float64Array(values.length + offset + 3).fill(NaN).subarray(offset, offset + values.length);
  array.set(values);
  return array;
};
const kinds: [string, (values: ArrayLike<number>) => Float64Array][] = [
  ...Array.from({ length: 7 }, (_, i): (typeof kinds)[number] => [`subarray from ${i + 1}`, misaligned(i + 1)]),
  ['shared memory', shared],
  [
    'shared memory of another realm',
    (values) => {
      const array = new Float64Array(new foreign.SharedArrayBuffer(8 * values.length));
      array.set(values);
      return array;
    },
  ],
  ['another realm', (values) => foreign.Float64Array.from(values)],
  ['subclass', (values) => Vector.from(values) as Vector],
  ['subclass with a constructor of its own', (values) => new Named('a', values)],
  ['resizable buffer', resizable],
];

/** The results of all kernels, and what they leave in their arguments. */
function everyKernel(kernels: Kernels, make: (values: ArrayLike<number>) => Float64Array, n: number): number[] {
  const x = make(normals(n, 1));
  const y = make(normals(n, 2));
  const A = make(normals(3 * n, 3));
  const short = make(normals(3, 4));
  const out = make(new Float64Array(n));
  const shortOut = make(new Float64Array(3));
  const square = make(new Float64Array(9));
  const results = [kernels.dot(x, y), kernels.nrm2(x), kernels.asum(x)];
  kernels.gemv(A, 3, n, x, shortOut);
  results.push(...shortOut);
  kernels.gemvT(A, 3, n, short, out);
  results.push(...out);
  kernels.gemv(A, n, 3, short, out);
  results.push(...out);
  kernels.gemvT(A, n, 3, x, shortOut);
  results.push(...shortOut);
  kernels.gram(A, n, 3, x, square);
  results.push(...square);
  results.push(kernels.valueAndGradient('squared', { X: A, y: short }, x, out), ...out);
  results.push(kernels.valueAndGradient('squared', { X: A, y: x }, short, shortOut), ...shortOut);
  kernels.axpy(0.7, x, y);
  kernels.scal(1.1, x);
  return [...results, ...x, ...y, ...A, ...short];
}

describe.each(kernelSets)('arrays in kernels: $name', ({ kernels }) => {
  it.each(kinds)('%s', (_name, make) => {
    // The longest has several blocks of rows.
    for (const n of [1, 2, 7, 33, 130, 700]) {
      expectBits(everyKernel(kernels, make, n), everyKernel(kernels, Float64Array.from.bind(Float64Array), n));
    }
  });

  it('nothing is read or written beside a view', () => {
    for (const n of [1, 2, 3, 7, 8, 9, 15, 31, 33, 65, 97, 130]) {
      const guarded = (values: ArrayLike<number>) => {
        const whole = new Float64Array(values.length + 32).fill(NaN);
        whole.set(values, 16);
        guards.push(whole);
        return whole.subarray(16, 16 + values.length);
      };
      const guards: Float64Array[] = [];
      expect(everyKernel(kernels, guarded, n).every(Number.isFinite)).toBe(true);
      for (const whole of guards) {
        expectBits(whole.subarray(0, 16), new Float64Array(16).fill(NaN), 'guard before');
        expectBits(whole.subarray(-16), new Float64Array(16).fill(NaN), 'guard behind');
      }
    }
  });
});

describe.each(faces)('arrays in fits: $name', ({ fit: fitAsync, fitSync }) => {
  it.each(kinds)('%s', async (name, make) => {
    const { X, y } = problem(300, 3, 1);
    const options = { batchSize: 7, epochs: 5, seed: 3 };
    const expected = fitSync({ X, y }, options);
    const data = { X: make(X), y: make(y) };
    expect(fitSync(data, options)).toEqual(expected);
    expectBits(expected.predict(data.X), expected.predict(X), 'prediction');
    if (name !== 'resizable buffer') expect(await fitAsync(data, options)).toEqual(expected);
    expectBits(data.X, X, 'X');
    expectBits(data.y, y, 'y');
  });
});
