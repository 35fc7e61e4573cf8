// Bad input to the kernels: a NablaError with its code, and nothing changed.
import { describe, it } from 'vitest';
import type { ErrorCode } from '../../lib/index.js';
import { faces } from '../support/backends.js';
import { detach, expectBits, expectRefusal, normals } from '../support/support.js';

type Call = {
  name: 'dot' | 'axpy' | 'scal' | 'nrm2' | 'asum' | 'gemv' | 'gemvT' | 'gram' | 'matmul' | 'gemm' | 'valueAndGradient';
  args: unknown[];
};

/** A good call of each kernel: with short arrays, and with such as go to native code. */
const good = [4, 200].flatMap((n): Call[] => [
  { name: 'dot', args: [normals(n, 1), normals(n, 2)] },
  { name: 'axpy', args: [2, normals(n, 1), normals(n, 2)] },
  { name: 'scal', args: [2, normals(n, 1)] },
  { name: 'nrm2', args: [normals(n, 1)] },
  { name: 'asum', args: [normals(n, 1)] },
  { name: 'gemv', args: [normals(3 * n, 1), n, 3, normals(3, 2), normals(n, 3)] },
  { name: 'gemvT', args: [normals(3 * n, 1), n, 3, normals(n, 2), normals(3, 3)] },
  { name: 'gram', args: [normals(3 * n, 1), n, 3, normals(n, 2), normals(9, 3)] },
  { name: 'matmul', args: [normals(3 * n, 1), normals(6, 2), n, 2, 3, normals(2 * n, 3)] },
  {
    name: 'gemm',
    args: [true, false, n, 2, 3, 0.5, normals(3 * n, 1), n, normals(6, 2), 2, 2, normals(2 * n, 3), 2],
  },
  {
    name: 'valueAndGradient',
    args: ['squared', { X: normals(3 * n, 1), y: normals(n, 2) }, normals(3, 3), normals(3, 4)],
  },
]);

/** The call with the i-th of its arrays, those of an object among them, put through `change`. */
function withArray({ name, args }: Call, i: number, change: (array: Float64Array) => unknown): Call | undefined {
  let count = 0;
  const changed = args.map((arg) => {
    if (arg instanceof Float64Array) return count++ === i ? change(arg.slice()) : arg;
    if (typeof arg !== 'object') return arg;
    const fields = Object.entries(arg as object).map(([key, value]) => [
      key,
      count++ === i ? change(value.slice()) : value,
    ]);
    return Object.fromEntries(fields);
  });
  return i < count ? { name, args: changed } : undefined;
}

const badArrays: [string, (good: Float64Array) => unknown, ErrorCode][] = [
  ['a Float32Array', Float32Array.from.bind(Float32Array), 'ERR_INVALID_ARG_TYPE'],
  ['a BigInt64Array', (x) => new BigInt64Array(x.length), 'ERR_INVALID_ARG_TYPE'],
  ['an array', (x) => Array.from(x), 'ERR_INVALID_ARG_TYPE'],
  ['an array-like', (x) => ({ ...x, length: x.length }), 'ERR_INVALID_ARG_TYPE'],
  ['an ArrayBuffer', (x) => x.buffer, 'ERR_INVALID_ARG_TYPE'],
  ['a DataView', (x) => new DataView(x.buffer), 'ERR_INVALID_ARG_TYPE'],
  ['a Proxy', (x) => new Proxy(x, {}), 'ERR_INVALID_ARG_TYPE'],
  ['a fake prototype', () => Object.create(Float64Array.prototype), 'ERR_INVALID_ARG_TYPE'],
  ['a fake tag', (x) => Object.assign([...x], { [Symbol.toStringTag]: 'Float64Array' }), 'ERR_INVALID_ARG_TYPE'],
  [
    'a Float32Array with the prototype',
    (x) => Object.setPrototypeOf(new Float32Array(x), Float64Array.prototype),
    'ERR_INVALID_ARG_TYPE',
  ],
  ['undefined', () => undefined, 'ERR_INVALID_ARG_TYPE'],
  ['null', () => null, 'ERR_INVALID_ARG_TYPE'],
  ['a number', () => 3, 'ERR_INVALID_ARG_TYPE'],
  ['text', () => '1,2', 'ERR_INVALID_ARG_TYPE'],
  ['a function', () => () => 1, 'ERR_INVALID_ARG_TYPE'],
  [
    'a detached array',
    (x) => {
      detach(x);
      return x;
    },
    'ERR_DETACHED_BUFFER',
  ],
];

const notNumbers: [string, unknown][] = [
  ['text', '2'],
  ['a BigInt', 2n],
  ['undefined', undefined],
  ['null', null],
  ['an object', { valueOf: () => 2 }],
  ['a symbol', Symbol('two')],
];

describe.each(faces)('bad input to kernels: $name', ({ kernels }) => {
  const refuse = ({ name, args }: Call, code: ErrorCode, message?: RegExp) =>
    expectRefusal(kernels[name], args, code, message);

  it.each(badArrays)('%s', (_name, bad, code) => {
    for (const call of good) {
      for (let i = 0; i < 4; i++) {
        const wrong = withArray(call, i, bad);
        const unweighted = wrong?.name === 'gram' && wrong.args[3] === null; // no mistake
        if (wrong && !unweighted) refuse(wrong, code);
      }
    }
  });

  it('arrays of the wrong length', () => {
    for (const call of good.filter(({ name }) => !/scal|nrm2|asum|gemm/.test(name))) {
      for (let i = 0; i < 4; i++) {
        for (const change of [
          (x: Float64Array) => x.subarray(1),
          (x: Float64Array) => Float64Array.of(...x, 1),
          () => new Float64Array(0),
        ]) {
          const wrong = withArray(call, i, change);
          if (wrong) refuse(wrong, 'ERR_SHAPE');
        }
      }
    }
    refuse({ name: 'dot', args: [new Float64Array(3), new Float64Array(4)] }, 'ERR_SHAPE', /3 elements.*got 4/);
  });

  it('scalars that are no number', () => {
    for (const { name, args } of good.filter(({ name }) => /axpy|scal/.test(name))) {
      for (const [, value] of notNumbers) refuse({ name, args: [value, ...args.slice(1)] }, 'ERR_INVALID_ARG_TYPE');
      refuse({ name, args: [NaN, ...args.slice(1)] }, 'ERR_NOT_FINITE');
    }
  });

  it('sizes that are none', () => {
    for (const { name, args } of good.filter(({ name }) => /gemv|gram/.test(name))) {
      for (const place of [1, 2]) {
        const sized = (size: unknown) => ({ name, args: args.map((arg, i) => (i === place ? size : arg)) });
        for (const [, size] of notNumbers) refuse(sized(size), 'ERR_INVALID_ARG_TYPE');
        for (const size of [NaN, -1, 1.5, Infinity, -Infinity, 2 ** 53, 1e300]) {
          refuse(sized(size), 'ERR_OUT_OF_RANGE', place === 1 ? /^rows/ : /^cols/);
        }
        for (const size of [0, 1, 1000, 2 ** 53 - 1]) refuse(sized(size), 'ERR_SHAPE');
      }
      refuse({ name, args: [args[0], 2 ** 31, 2 ** 31, ...args.slice(3)] }, 'ERR_SHAPE');
      refuse({ name, args: [args[0], 2 ** 32, 2 ** 32, ...args.slice(3)] }, 'ERR_SHAPE');
    }
  });

  it('sizes, flags and distances of products of matrices that are none', () => {
    for (const { name, args } of good.filter(({ name }) => /matmul|gemm/.test(name))) {
      const put = (place: number, value: unknown) => ({
        name,
        args: args.map((arg, i) => (i === place ? value : arg)),
      });
      const sizes = name === 'matmul' ? [2, 3, 4] : [2, 3, 4, 7, 9, 12];
      for (const place of sizes) {
        for (const [, size] of notNumbers) refuse(put(place, size), 'ERR_INVALID_ARG_TYPE');
        for (const size of [NaN, -1, 1.5, Infinity, 2 ** 53]) refuse(put(place, size), 'ERR_OUT_OF_RANGE');
        refuse(put(place, 2 ** 53 - 1), 'ERR_SHAPE');
        if (place !== 12) refuse(put(place, 1000), 'ERR_SHAPE');
      }
      if (name === 'matmul') continue;
      for (const [, value] of notNumbers) {
        for (const place of [5, 10]) refuse(put(place, value), 'ERR_INVALID_ARG_TYPE');
        for (const place of [0, 1]) refuse(put(place, value), 'ERR_INVALID_ARG_TYPE');
      }
      for (const place of [5, 10]) refuse(put(place, NaN), 'ERR_NOT_FINITE');
      for (const place of [7, 9, 12]) refuse(put(place, 1), 'ERR_SHAPE', /^ld[abc] must be at least/);
      for (const place of [6, 8, 11]) {
        refuse(put(place, (args[place] as Float64Array).subarray(1)), 'ERR_SHAPE', /at least .* got/);
      }
    }
  });

  it('outputs that overlap an input', () => {
    for (const n of [4, 200]) {
      const memory = normals(8 * n, 1);
      const at = (start: number, length: number) => memory.subarray(start, start + length);
      const alias = (call: Call) => refuse(call, 'ERR_ALIAS');
      alias({ name: 'axpy', args: [1, at(0, n), at(1, n)] });
      alias({ name: 'axpy', args: [1, at(n - 1, n), at(0, n)] });
      for (const start of [0, 1, 3 * n - 1]) {
        alias({ name: 'gemv', args: [at(0, 3 * n), n, 3, normals(3, 2), at(start, n)] });
        alias({ name: 'gemvT', args: [at(0, 3 * n), n, 3, normals(n, 2), at(start, 3)] });
        alias({ name: 'gram', args: [at(0, 3 * n), n, 3, normals(n, 2), at(start, 9)] });
        alias({ name: 'gram', args: [at(0, 3 * n), n, 3, null, at(start, 9)] });
        alias({ name: 'matmul', args: [at(0, 3 * n), normals(6, 2), n, 2, 3, at(start, 2 * n)] });
        alias({ name: 'matmul', args: [normals(6, 2), at(0, 3 * n), 2, n, 3, at(start, 2 * n)] });
        const sized = [false, false, n, 2, 3, 1];
        alias({ name: 'gemm', args: [...sized, at(0, 3 * n), 3, normals(6, 2), 2, 0, at(start, 2 * n), 2] });
        const rest = [normals(3, 3), at(start, 3)];
        alias({ name: 'valueAndGradient', args: ['squared', { X: at(0, 3 * n), y: normals(n, 2) }, ...rest] });
      }
      alias({ name: 'gemv', args: [normals(9, 1), 3, 3, at(0, 3), at(0, 3)] });
      alias({ name: 'gemvT', args: [normals(3 * n, 1), n, 3, at(0, n), at(n - 1, 3)] });
      alias({ name: 'gram', args: [normals(3 * n, 1), n, 3, at(0, n), at(n - 1, 9)] });
      const X = normals(3 * n, 1);
      alias({ name: 'valueAndGradient', args: ['squared', { X, y: at(0, n) }, normals(3, 3), at(n - 1, 3)] });
      alias({ name: 'valueAndGradient', args: ['squared', { X, y: at(0, n) }, at(n, 3), at(n, 3)] });
    }
  });

  it('views side by side in one buffer do not overlap', () => {
    for (const n of [4, 200]) {
      const memory = normals(5 * n + 3, 1);
      const [A, x, out] = [memory.subarray(0, 3 * n), memory.subarray(3 * n, 3 * n + 3), memory.subarray(3 * n + 3)];
      const expected = new Float64Array(n);
      kernels.gemv(A.slice(), n, 3, x.slice(), expected);
      kernels.gemv(A, n, 3, x, out.subarray(0, n));
      expectBits(out.subarray(0, n), expected);
      kernels.axpy(1, out.subarray(0, n), out.subarray(n));
    }
  });

  it('losses and data that are none', () => {
    const [, data, ...rest] = good.filter(({ name }) => name === 'valueAndGradient')[0].args;
    const call = (loss: unknown, given: unknown): Call => ({ name: 'valueAndGradient', args: [loss, given, ...rest] });
    refuse(call('sqared', data), 'ERR_UNKNOWN_OPTION', /did you mean "squared"/);
    refuse(call('toString', data), 'ERR_UNKNOWN_OPTION');
    refuse(call({ name: 'squared', delta: 1 }, data), 'ERR_UNKNOWN_OPTION');
    for (const loss of [undefined, null, 0, {}, ['squared']]) refuse(call(loss, data), 'ERR_INVALID_ARG_TYPE');
    for (const given of [undefined, null, 5, 'X', {}]) refuse(call('squared', given), 'ERR_INVALID_ARG_TYPE');
    const none = { X: new Float64Array(0), y: new Float64Array(0) };
    refuse(call('squared', none), 'ERR_SHAPE', /no rows/);
  });

  it('lengths of allocate', async () => {
    const { allocate } = await import('../../lib/kernels.js');
    for (const [, n] of notNumbers) expectRefusal(allocate, [n], 'ERR_INVALID_ARG_TYPE');
    for (const n of [NaN, -1, 1.5, Infinity, 2 ** 53]) expectRefusal(allocate, [n], 'ERR_OUT_OF_RANGE');
  });
});
