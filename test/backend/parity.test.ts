// The reference and the native kernels return the same bits. Called without the facade, which would serve short
// inputs in JavaScript.
import fc from 'fast-check';
import { describe, it } from 'vitest';
import type { Backend } from '../../lib/backend/interface.js';
import { maxParameters } from '../../lib/backend/plan.js';
import { native, reference } from '../support/backends.js';
import { lawBlock } from '../support/law.js';
import { expectBits, normal, random, runs } from '../support/support.js';

const lengths = [0, 1, 7, 8, 9, 31, 32, 33, 63, 64, 65, 95, 96, 97, 127, 128, 129];
const specials = [0, -0, 1, -1, Infinity, -Infinity, NaN, 5e-324, -2e-308, 1e-300, 1e300, -Number.MAX_VALUE];

/** Values of one kind. */
const kinds: Record<string, (uniform: () => number) => number> = {
  normal,
  wide: (uniform) => normal(uniform) * 2 ** Math.floor(2000 * uniform() - 1000),
  denormal: (uniform) => normal(uniform) * 1e-310,
  special: (uniform) => specials[Math.floor(uniform() * specials.length)],
  'rarely special': (uniform) => (uniform() < 0.02 ? kinds.special(uniform) : normal(uniform)),
  integer: (uniform) => Math.floor(5 * uniform()) - 2,
};

/** How to make arrays: their place, and what they hold. */
const making = fc.record({
  offset: fc.integer({ min: 0, max: 7 }),
  kind: fc.constantFrom(...Object.keys(kinds)),
  seed: fc.nat(),
});
type Making = { offset: number; kind: string; seed: number };

function maker({ offset, kind, seed }: Making): (n: number) => Float64Array {
  const uniform = random(seed);
  return (n) => {
    const array = new Float64Array(n + offset).subarray(offset);
    for (let i = 0; i < n; i++) array[i] = kinds[kind](uniform);
    return array;
  };
}

const length = fc.oneof(fc.constantFrom(...lengths), fc.nat(400));

/** rows × cols around the borders of Vecs and blocks. */
const shape = fc
  .oneof(fc.constantFrom(...lengths), fc.nat(40), fc.constantFrom(255, 256, 257, 300, 1000))
  .chain((cols) => {
    const block = lawBlock(cols);
    const borders = [1, 2, 3, 5].flatMap((n) => [n * block - 1, n * block, n * block + 1]);
    const rows = [...lengths, ...borders].filter((rows) => rows * cols <= 40_000);
    return fc.record({ rows: fc.constantFrom(...rows), cols: fc.constant(cols) });
  });

/** Does the same on both backends and compares what is returned and what the arrays then hold. */
function same(other: Backend, arrays: Float64Array[], call: (backend: Backend, arrays: Float64Array[]) => unknown) {
  // A copy for each, at the same place relative to its buffer.
  const copies = arrays.map((array) => {
    const copy = new Float64Array(array.buffer.slice(0));
    return copy.subarray(array.byteOffset / 8, array.byteOffset / 8 + array.length);
  });
  const expected = call(reference, arrays);
  const actual = call(other, copies);
  expectBits([(actual as number) ?? 0], [(expected as number) ?? 0], 'value');
  for (const [i, array] of arrays.entries()) expectBits(copies[i], array, `argument ${i}, element`);
}

function check<T>(arbitrary: fc.Arbitrary<T>, numRuns: number, property: (value: T) => void): void {
  fc.assert(fc.property(arbitrary, property), { numRuns: runs(numRuns) });
}

describe.runIf(native)('native kernels have the reference’s bits', () => {
  const other = native as Backend;

  it('vectors', () => {
    check(fc.tuple(length, making, making), 2000, ([n, first, second]) => {
      const make = maker(first);
      const makeOther = maker(second);
      const a = make(1)[0];
      same(other, [make(n), makeOther(n)], (backend, [x, y]) => backend.dot(x, y));
      same(other, [make(n)], (backend, [x]) => backend.nrm2(x));
      same(other, [make(n)], (backend, [x]) => backend.asum(x));
      same(other, [make(n), makeOther(n)], (backend, [x, y]) => backend.axpy(a, x, y));
      same(other, [make(n)], (backend, [x]) => backend.axpy(a, x, x));
      same(other, [make(n)], (backend, [x]) => backend.scal(a, x));
    });
  });

  it('vectors at every length to 300 and every offset', () => {
    for (let n = 0; n <= 300; n++) {
      const offset = n % 8;
      const make = maker({ offset, kind: 'normal', seed: n });
      same(other, [make(n), make(n)], (backend, [x, y]) => backend.dot(x, y));
      same(other, [make(n), make(n)], (backend, [x, y]) => backend.axpy(0.1, x, y));
      same(other, [make(n)], (backend, [x]) => backend.nrm2(x) + backend.asum(x));
      same(other, [make(n)], (backend, [x]) => backend.scal(0.1, x));
    }
  });

  it('long vectors wherever they begin', () => {
    for (const n of [32_768, 32_769, 32_776, 32_799, 32_808, 33_001]) {
      for (let offset = 0; offset < 8; offset++) {
        const x = maker({ offset, kind: 'normal', seed: n })(n);
        const y = maker({ offset: (3 * offset) % 8, kind: 'normal', seed: 1 })(n);
        same(other, [x, y], (backend, [x, y]) => backend.dot(x, y));
      }
    }
  });

  it('matrices', () => {
    check(fc.tuple(shape, making, making), 400, ([{ rows, cols }, first, second]) => {
      const make = maker(first);
      const A = make(rows * cols);
      const [u, v, w] = [rows, cols, cols].map(maker(second));
      same(other, [A, v, make(rows)], (backend, [A, x, out]) => backend.gemv(A, rows, cols, x, out));
      same(other, [A, u, make(cols)], (backend, [A, x, out]) => backend.gemvT(A, rows, cols, x, out));
      if (rows * cols * cols < 4e6) {
        const square = make(cols * cols);
        same(other, [A, square], (backend, [A, out]) => backend.gram(A, rows, cols, null, out));
        same(other, [A, u, square], (backend, [A, d, out]) => backend.gram(A, rows, cols, d, out));
      }
      if (rows === 0) return; // the mean of no rows has no value
      same(other, [A, u, w, make(cols)], (backend, [X, y, w, out]) =>
        backend.valueAndGradient(0, new Float64Array(maxParameters), X, y, rows, cols, 1, w, out),
      );
    });
  });

  it('matrices of every width to 70', () => {
    for (let cols = 0; cols <= 70; cols++) {
      const rows = 1 + ((7 * cols) % 19);
      const make = maker({ offset: cols % 8, kind: 'normal', seed: cols });
      const A = make(rows * cols);
      same(other, [A, make(cols), make(rows)], (backend, [A, x, out]) => backend.gemv(A, rows, cols, x, out));
      same(other, [A, make(rows), make(cols)], (backend, [A, x, out]) => backend.gemvT(A, rows, cols, x, out));
      same(other, [A, make(rows), make(cols * cols)], (backend, [A, d, out]) => backend.gram(A, rows, cols, d, out));
    }
  });

  it('gram at the borders of its tiles, chunks and blocks', () => {
    for (const [rows, cols] of [
      [31, 127],
      [32, 128],
      [65, 129],
      [33, 136],
      [1, 300],
      [129, 3],
      [513, 9],
      [1025, 16],
      [1024, 17],
      [3000, 33],
    ]) {
      const make = maker({ offset: cols % 8, kind: 'normal', seed: cols });
      const arrays = [make(rows * cols), make(rows), make(cols * cols)];
      same(other, arrays, (backend, [A, d, out]) => backend.gram(A, rows, cols, d, out));
    }
  });
});
