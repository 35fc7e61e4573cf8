// The one order of every sum (test/support/law.ts), kept to the last bit by each backend at each length.
import { describe, expect, it } from 'vitest';
import { rowsPerBlock } from '../../lib/reference/objective/blocks.js';
import { kernelSets } from '../support/backends.js';
import { lawBlock, lawDot, lawGemvT, lawGram, lawSquared, lawSum } from '../support/law.js';
import { expectBits, normals, runs } from '../support/support.js';

const lengths = [...Array(131).keys(), 160, 191, 192, 193, 255, 256, 257, 1000, 1023, 1024, 1025, 5000];

/** Numbers of very different sizes, whose sum tells one order from another. */
function uneven(n: number, seed: number): Float64Array {
  const exponents = normals(n, seed + 1000);
  return normals(n, seed).map((value, i) => value * 2 ** Math.round(2 * exponents[i]));
}

/** Row counts around the borders of blocks. */
function rowCounts(cols: number): number[] {
  const block = lawBlock(cols);
  const counts = [1, 2, 7, 8, 9, 15, 16, 17].filter((rows) => rows < block);
  for (const blocks of [1, 2, 3, 4, 5, 7, 8, 13]) counts.push(blocks * block - 1, blocks * block, blocks * block + 1);
  return counts.filter((rows) => rows * cols <= runs(300_000));
}

it('an order can be told from another', () => {
  let [forward, backward] = [0, 0];
  for (let seed = 0; seed < 20; seed++) {
    const terms = uneven(100, seed);
    if (
      !Object.is(
        lawSum(terms),
        terms.reduce((a, b) => a + b, 0),
      )
    )
      forward++;
    if (!Object.is(lawSum(terms), lawSum(terms.slice().reverse()))) backward++;
  }
  expect(forward).toBeGreaterThan(10);
  expect(backward).toBeGreaterThan(10);
});

it('rows are cut into blocks by the shape alone', () => {
  for (const cols of [0, 1, 2, 7, 8, 9, 10, 16, 31, 32, 33, 100, 255, 256, 257, 1000, 2048, 100_000]) {
    expect(rowsPerBlock(cols), `${cols} cols`).toBe(lawBlock(cols));
  }
});

describe.each(kernelSets)('order of sums: $name', ({ kernels }) => {
  it('dot, asum and nrm2', () => {
    for (const n of lengths) {
      const x = uneven(n, n);
      const y = uneven(n, n + 1);
      expectBits([kernels.dot(x, y)], [lawDot(x, y)], `dot of ${n}`);
      expectBits([kernels.asum(x)], [lawSum(x.map(Math.abs))], `asum of ${n}`);
      expectBits([kernels.nrm2(x)], [Math.sqrt(lawDot(x, x))], `nrm2 of ${n}`);
    }
  });

  it('gemv', () => {
    for (const cols of lengths.filter((n) => n <= 300)) {
      for (const rows of [1, 3, 8, 11]) {
        const A = uneven(rows * cols, cols);
        const x = uneven(cols, cols + 1);
        const out = new Float64Array(rows);
        kernels.gemv(A, rows, cols, x, out);
        const expected = Array.from(out, (_, i) => lawDot(A.subarray(i * cols, (i + 1) * cols), x));
        expectBits(out, expected, `gemv of ${rows} × ${cols}`);
      }
    }
  });
});

describe('order of sums over blocks of rows, of each backend', () => {
  it.each([
    [1, [1, 511, 512, 513, 2000]],
    [5, [7, 512, 1537]],
    [16, [31, 512, 1025]],
    [17, [1024, 1919, 1920, 1921, 3900]],
    [129, [130, 513]],
  ])('gram of %i cols', (cols, counts) => {
    for (const rows of counts) {
      const A = uneven(rows * cols, cols);
      const d = uneven(rows, rows);
      const laws = [lawGram(A, rows, cols, d), lawGram(A, rows, cols, new Float64Array(rows).fill(1))];
      for (const { name, kernels } of kernelSets) {
        [d, null].forEach((weights, i) => {
          const out = new Float64Array(cols * cols);
          kernels.gram(A, rows, cols, weights, out);
          expectBits(out, laws[i], `gram of ${rows} × ${cols} (${name})`);
        });
      }
    }
  });

  it.each([1, 2, 5, 8, 9, 16, 17, 25, 31, 32, 33, 40, 64, 100, 255, 256, 257, 300, 1000])(
    'gemvT and valueAndGradient of %i cols',
    (cols) => {
      for (const rows of rowCounts(cols)) {
        const X = uneven(rows * cols, cols);
        const u = uneven(rows, rows);
        const w = uneven(cols, 7);
        const product = lawGemvT(X, rows, cols, u);
        const law = lawSquared(X, u, w);
        for (const { name, kernels } of kernelSets) {
          const of = `${rows} × ${cols} (${name})`;
          const out = new Float64Array(cols);
          kernels.gemvT(X, rows, cols, u, out);
          expectBits(out, product, `gemvT of ${of}`);
          const value = kernels.valueAndGradient('squared', { X, y: u }, w, out);
          expectBits([value], [law.value], `mean loss of ${of}`);
          expectBits(out, law.gradient, `gradient of ${of}`);
        }
      }
    },
  );
});
