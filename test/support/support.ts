// Random data, comparisons of bits and run counts for the suites.
import { expect } from 'vitest';
import type { Matrix } from '../../lib/base/arrays.js';
import { type ErrorCode, NablaError, viewName } from '../../lib/base/errors.js';

export const slow = Boolean(process.env.NABLA_SLOW);

/** Under an emulator, where passes over much data take minutes (NABLA_EMULATED=1). */
export const emulated = Boolean(process.env.NABLA_EMULATED);

/** How often to repeat: less under an emulator or a sanitizer (NABLA_SLOW=1). */
export function runs(n: number): number {
  return slow ? Math.max(1, Math.ceil(n / 10)) : n;
}

/** A limit in milliseconds: wider there. */
export function patience(milliseconds: number): number {
  return slow ? milliseconds * 10 : milliseconds;
}

/** Uniform numbers in [0, 1), the same for the same seed. */
export function random(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A standard normal number. */
export function normal(uniform: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
}

/** n standard normal numbers. */
export function normals(n: number, seed: number): Float64Array {
  const uniform = random(seed);
  return Float64Array.from({ length: n }, () => normal(uniform));
}

/** y = X w + b + noise, with w = 1, 2, 3, … and b = ½. */
export function problem(rows: number, cols: number, seed: number, noise = 0.1) {
  const X = normals(rows * cols, seed);
  const e = normals(rows, seed + 1);
  const y = e.map((value, i) => {
    let z = 0.5 + noise * value;
    for (let j = 0; j < cols; j++) z += X[i * cols + j] * (j + 1);
    return z;
  });
  return { X, y };
}

const double = new Float64Array(1);
const bytes = new DataView(double.buffer);
function hex(x: number): string {
  bytes.setFloat64(0, x);
  return `${x} (${bytes.getBigUint64(0).toString(16).padStart(16, '0')})`;
}

/** Equal to the last bit, element by element; only NaNs are all alike. */
export function expectBits(actual: ArrayLike<number>, expected: ArrayLike<number>, what = 'element'): void {
  expect(actual.length, `length of ${what}`).toBe(expected.length);
  for (let i = 0; i < expected.length; i++) {
    if (!Object.is(actual[i], expected[i])) {
      throw new Error(`${what} ${i} of ${expected.length}: got ${hex(actual[i])}, expected ${hex(expected[i])}`);
    }
  }
}

/** |a - b| ≤ tolerance · max(|b|, scale), element by element. */
export function expectClose(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  tolerance: number,
  scale = 0,
  what = 'element',
): void {
  expect(actual.length, `length of ${what}`).toBe(expected.length);
  for (let i = 0; i < expected.length; i++) {
    const room = tolerance * Math.max(Math.abs(expected[i]), scale);
    if (!(Math.abs(actual[i] - expected[i]) <= room)) {
      throw new Error(`${what} ${i} of ${expected.length}: got ${actual[i]}, expected ${expected[i]} ± ${room}`);
    }
  }
}

/** Transfers an array's buffer away. */
export function detach(array: ArrayBufferView): void {
  structuredClone(null, { transfer: [array.buffer as ArrayBuffer] });
}

/** A view of these values on a buffer that can change its length. */
export function resizable(values: ArrayLike<number>): Float64Array {
  const Resizable = ArrayBuffer as unknown as new (length: number, options: { maxByteLength: number }) => ArrayBuffer;
  const array = new Float64Array(new Resizable(8 * values.length, { maxByteLength: 8 * values.length + 64 }));
  array.set(values);
  return array;
}

/** A copy of these values in shared memory. */
export function shared(values: ArrayLike<number>): Float64Array {
  const array = new Float64Array(new SharedArrayBuffer(8 * values.length));
  array.set(values);
  return array;
}

/** What a call throws. */
export function thrown(call: () => unknown): unknown {
  try {
    call();
  } catch (error) {
    return error;
  }
  throw new Error('nothing was thrown');
}

/** All arrays of numbers among some arguments and in their plain objects, with a copy of what they hold. */
function holdings(args: unknown[]): [Matrix, Float64Array][] {
  return args.flatMap((value): [Matrix, Float64Array][] => {
    if (/^Float(32|64)Array$/.test(viewName(value) ?? '')) {
      const array = value as Matrix;
      return array.length > 0 ? [[array, new Float64Array(array)]] : []; // a detached one cannot be copied
    }
    if (typeof value !== 'object' || value === null || Object.getPrototypeOf(value) !== Object.prototype) return [];
    const fields = Object.values(Object.getOwnPropertyDescriptors(value));
    return holdings(fields.map((field) => field.value));
  });
}

/** A NablaError with this code and message, and no argument is changed. */
export function expectRefusal(
  call: (...args: never[]) => unknown,
  args: unknown[],
  code: ErrorCode,
  message?: RegExp,
): void {
  const before = holdings(args);
  const error = thrown(() => call(...(args as never[])));
  expect(error).toBeInstanceOf(NablaError);
  expect((error as NablaError).code, (error as NablaError).message).toBe(code);
  if (message) expect((error as NablaError).message).toMatch(message);
  for (const [array, copy] of before) expectBits(array, copy, 'argument element');
}

/** The same of a promise: the call itself throws nothing. */
export async function expectRejection(
  call: (...args: never[]) => Promise<unknown>,
  args: unknown[],
  code: ErrorCode,
  message?: RegExp,
): Promise<void> {
  const before = holdings(args);
  const promise = call(...(args as never[]));
  const [{ reason }] = (await Promise.allSettled([promise])) as PromiseRejectedResult[];
  expect(reason).toBeInstanceOf(NablaError);
  expect(reason.code, reason.message).toBe(code);
  if (message) expect(reason.message).toMatch(message);
  for (const [array, copy] of before) expectBits(array, copy, 'argument element');
}
