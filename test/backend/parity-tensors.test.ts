// The tensor kernels of the reference and the native ones return the same bits, at every border of their loops.
import fc from 'fast-check';
import { describe, it } from 'vitest';
import type { Conv2dShape, TensorKernels } from '../../lib/backend/tensors.js';
import { binaryOps, unaryOps } from '../../lib/catalog/ops.js';
import { tensors as reference } from '../../lib/reference/tensors.js';
import { native as backend } from '../support/backends.js';
import { expectBits, normal, random, runs } from '../support/support.js';

const native = backend?.tensors as TensorKernels;

const specials = [0, -0, 1, -1, Infinity, -Infinity, NaN, 5e-324, -2e-308, 1e-300, 1e300, -Number.MAX_VALUE, 0.5, -0.5];
type Draw = (uniform: () => number) => number;
const kinds: Record<string, Draw> = {
  normal,
  wide: (u) => normal(u) * 2 ** Math.floor(2000 * u() - 1000),
  special: (u) => specials[Math.floor(u() * specials.length)],
  angles: (u) => Math.round(2 ** (20 * u())) * (Math.PI / 2) * (1 + normal(u) * 2 ** (-50 * u())),
  moderate: (u) => 40 * normal(u),
  integer: (u) => Math.floor(9 * u()) - 4,
};
/** Mostly of one kind, a few of any other. */
function values(n: number, kind: string, uniform: () => number): Float64Array {
  const names = Object.keys(kinds);
  const offset = Math.floor(8 * uniform());
  const array = new Float64Array(n + offset).subarray(offset);
  for (let i = 0; i < n; i++)
    array[i] = kinds[uniform() < 0.1 ? names[Math.floor(uniform() * names.length)] : kind](uniform);
  return array;
}

/** What both kernels write into arrays that hold something else before. */
function same(what: string, length: number, call: (kernels: TensorKernels, out: Float64Array) => void): void {
  const [expected, actual] = [new Float64Array(length).fill(7), new Float64Array(length).fill(7)];
  call(reference, expected);
  call(native, actual);
  expectBits(actual, expected, `${what}, element`);
}

describe.runIf(backend)('native tensor kernels have the reference’s bits', () => {
  it.each(unaryOps.map((name, op) => ({ name, op })))('$name', ({ name, op }) => {
    const uniform = random(op);
    for (const kind of Object.keys(kinds)) {
      for (const n of [0, 1, 7, 8, 9, 100, runs(2000)]) {
        const x = values(n, kind, uniform);
        same(`${name} of ${kind}`, n, (kernels, out) => kernels.unary(op, x, out));
      }
    }
  });

  it.each(binaryOps.map((name, op) => ({ name, op })))('$name', ({ name, op }) => {
    const uniform = random(op);
    for (const first of Object.keys(kinds)) {
      for (const second of Object.keys(kinds)) {
        for (const n of [0, 1, 9, runs(400)]) {
          const [a, b] = [values(n + 1, first, uniform), values(n + 1, second, uniform)];
          for (const [aStep, bStep] of [
            [1, 1],
            [0, 1],
            [1, 0],
            [0, 0],
          ])
            same(`${name} ${aStep} ${bStep}`, n, (kernels, out) => kernels.binary(op, a, aStep, b, bStep, out));
        }
      }
    }
  });

  it('select', () => {
    const uniform = random(1);
    for (const n of [0, 1, 8, 13, 100]) {
      const [c, a, b] = ['special', 'normal', 'normal'].map((kind) => values(n + 1, kind, uniform));
      for (const [aStep, bStep] of [
        [1, 1],
        [0, 1],
        [1, 0],
      ])
        same('select', n, (kernels, out) => kernels.select(c, a, aStep, b, bStep, out));
    }
  });

  it('long arrays, by several threads', () => {
    const uniform = random(2);
    const n = 70_001;
    const [x, y] = [values(n, 'normal', uniform), values(n, 'moderate', uniform)];
    for (const name of ['neg', 'exp', 'sin'] as const)
      same(name, n, (kernels, out) => kernels.unary(unaryOps.indexOf(name), x, out));
    for (const name of ['add', 'pow'] as const)
      same(name, n, (kernels, out) => kernels.binary(binaryOps.indexOf(name), x, 1, y, 1, out));
  });

  it('sums and extremes over an axis', () => {
    const uniform = random(3);
    for (const [outer, length, inner] of [
      [0, 3, 2],
      [3, 0, 2],
      [3, 0, 1],
      [2, 5, 0],
      [1, 1, 1],
      [5, 1000, 1],
      [300, 100, 1],
      [3, 7, 5],
      [1, 1000, 3],
      [1, 3000, 17],
      [2, 600, 9],
      [1, 257, 8],
      [7, 11, 13],
      [1, 20_000, 10],
      [3000, 50, 1],
    ]) {
      for (const kind of ['normal', 'special', 'integer']) {
        const x = values(outer * length * inner, kind, uniform);
        same(`sum of ${outer} × ${length} × ${inner}`, outer * inner, (kernels, out) =>
          kernels.sumAxis(x, outer, length, inner, out),
        );
        if (length === 0) continue;
        for (const least of [false, true]) {
          const found: Int32Array[] = [];
          same(`extreme of ${outer} × ${length} × ${inner}`, outer * inner, (kernels, out) => {
            const index = new Int32Array(outer * inner);
            kernels.extremeAxis(least, x, outer, length, inner, out, index);
            found.push(index);
          });
          expectBits(Float64Array.from(found[1]), Float64Array.from(found[0]), 'index');
        }
      }
    }
  });

  const sizes = fc.oneof(fc.nat(40), fc.constantFrom(1, 4, 5, 8, 12, 13, 16, 17, 33, 95, 96, 97));
  const depths = fc.oneof(fc.nat(30), fc.constantFrom(0, 1, 383, 384, 385, 769));
  it('gemm', () => {
    fc.assert(
      fc.property(
        fc.record({ m: sizes, n: sizes, k: depths, transA: fc.boolean(), transB: fc.boolean(), seed: fc.nat() }),
        fc.constantFrom(0, 1, -1, 0.3, NaN),
        fc.constantFrom(0, 0, 1, -0.7, -0),
        fc.constantFrom('normal', 'special', 'wide'),
        fc.tuple(fc.nat(3), fc.nat(3), fc.nat(3)),
        ({ m, n, k, transA, transB, seed }, alpha, beta, kind, more) => {
          const uniform = random(seed);
          const [lda, ldb, ldc] = [(transA ? m : k) + more[0], (transB ? k : n) + more[1], n + more[2]];
          const A = values((transA ? k : m) * lda, kind, uniform);
          const B = values((transB ? n : k) * ldb, 'normal', uniform);
          const before = values(m * ldc, 'normal', uniform);
          same(`gemm ${m} × ${n} × ${k}`, m * ldc, (kernels, C) => {
            C.set(before);
            kernels.gemm(transA, transB, m, n, k, alpha, A, lda, B, ldb, beta, C, ldc);
          });
        },
      ),
      { numRuns: runs(200) },
    );
  });

  it('gemm of many rows or columns, by several threads', () => {
    const uniform = random(4);
    for (const [m, n, k] of [
      [1, 3000, 70],
      [3000, 1, 70],
      [5, 5000, 200],
      [401, 300, 10],
      [130, 140, 400],
      [2, 2, 40_000],
    ]) {
      const [A, B] = [values(m * k, 'normal', uniform), values(k * n, 'normal', uniform)];
      same(`gemm ${m} × ${n} × ${k}`, m * n, (kernels, C) =>
        kernels.gemm(false, false, m, n, k, 1, A, k, B, n, 0, C, n),
      );
    }
  });

  it('convolutions', () => {
    const side = fc.integer({ min: 1, max: 9 });
    const few = fc.integer({ min: 1, max: 3 });
    const shape = fc
      .record({
        images: fc.nat(4),
        rows: side,
        cols: side,
        channels: fc.constantFrom(1, 2, 3, 8, 9),
        kernelRows: few,
        kernelCols: few,
        filters: fc.constantFrom(1, 3, 8, 17),
        strideRows: few,
        strideCols: few,
        padTop: fc.integer({ min: -1, max: 3 }),
        padLeft: fc.integer({ min: -1, max: 3 }),
        outRows: fc.integer({ min: 0, max: 8 }),
        outCols: fc.integer({ min: 0, max: 8 }),
      })
      .map((s): Conv2dShape => s);
    fc.assert(
      fc.property(shape, fc.nat(), fc.constantFrom('normal', 'special'), (s, seed, kind) => {
        const uniform = random(seed);
        const sizes = [
          s.images * s.rows * s.cols * s.channels,
          s.kernelRows * s.kernelCols * s.channels * s.filters,
          s.images * s.outRows * s.outCols * s.filters,
        ];
        const [x, kernel, g] = sizes.map((size) => values(size, kind, uniform));
        same('conv2d', sizes[2], (kernels, out) => kernels.conv2d(s, x, kernel, out));
        same('conv2dInput', sizes[0], (kernels, out) => kernels.conv2dInput(s, g, kernel, out));
        same('conv2dKernel', sizes[1], (kernels, out) => kernels.conv2dKernel(s, x, g, out));
      }),
      { numRuns: runs(300) },
    );
  });
});
