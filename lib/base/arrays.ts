// Checks and copies of the arrays that callers pass.
import { types } from 'node:util';
import { invalid, NablaError, viewName } from './errors.js';

/**
 * The numbers of X, row-major. Singles (Float32Array) take half the memory of doubles; they are computed with in doubles,
 * so that a fit of `X` is that of `Float64Array.from(X)`, to the bit.
 */
export type Matrix = Float64Array | Float32Array;

export function isFloat64Array(value: unknown): value is Float64Array {
  return viewName(value) === 'Float64Array' && tellsLength(value as Float64Array);
}

/** Whether a subclass, or an own property, says of how many elements it is what is so. */
function tellsLength(array: Matrix): boolean {
  return array.length === lengthOf(array);
}

export function isSingles(value: unknown): value is Float32Array {
  return viewName(value) === 'Float32Array';
}

// Their real length and place, whatever a subclass or an own property says.
const prototype = Object.getPrototypeOf(Float64Array.prototype);
function getter<T>(name: string): (array: ArrayBufferView) => T {
  const get = Object.getOwnPropertyDescriptor(prototype, name)?.get as (this: ArrayBufferView) => T;
  return (array) => get.call(array);
}
const bufferOf = getter<ArrayBufferLike>('buffer');
const byteOffsetOf = getter<number>('byteOffset');
const lengthOf = getter<number>('length');

function isDetached(array: Matrix): boolean {
  try {
    new Uint8Array(bufferOf(array) as ArrayBuffer);
    return false;
  } catch {
    return true;
  }
}

/** A Float64Array that is not detached. */
export function checkArray(name: string, value: unknown): Float64Array {
  if (viewName(value) !== 'Float64Array') throw invalid('ERR_INVALID_ARG_TYPE', name, 'a Float64Array', value);
  return checkAttached(name, value as Float64Array);
}

/** A Float64Array or a Float32Array that is not detached. */
export function checkMatrix(name: string, value: unknown): Matrix {
  if (isSingles(value)) return checkAttached(name, value);
  if (viewName(value) !== 'Float64Array') {
    throw invalid('ERR_INVALID_ARG_TYPE', name, 'a Float64Array or a Float32Array', value);
  }
  return checkAttached(name, value as Float64Array);
}

function checkAttached<T extends Matrix>(name: string, array: T): T {
  const { length } = array;
  if (length === lengthOf(array) && length > 0) return array;
  if (isDetached(array)) {
    throw new NablaError('ERR_DETACHED_BUFFER', `${name} is detached: its buffer was transferred away`);
  }
  if (tellsLength(array)) return array;
  throw new NablaError('ERR_INVALID_ARG_TYPE', `${name} must be an array that tells its own length; another tells one`);
}

export function checkLength(name: string, array: ArrayLike<number>, length: number, why: string): void {
  if (array.length !== length) {
    throw new NablaError('ERR_SHAPE', `${name} must have ${length} elements (${why}); got ${array.length}`);
  }
}

export function isShared(array: ArrayBufferView): boolean {
  return types.isSharedArrayBuffer(bufferOf(array));
}

/** Refuses a view on a buffer that may shrink while it is in use. */
export function checkFixed(name: string, array: ArrayBufferView): void {
  const buffer = bufferOf(array) as { resizable?: boolean; growable?: boolean };
  if (buffer.resizable || buffer.growable) {
    throw new NablaError('ERR_RESIZABLE_BUFFER', `${name} lies in a resizable buffer; use one of fixed length`);
  }
}

/** Whether an output shares memory with an input. */
function sharesMemory(out: Float64Array, input: Float64Array): boolean {
  // If they lay in one buffer, out[i] would be input[j].
  const distance = (byteOffsetOf(input) - byteOffsetOf(out)) / 8;
  const i = distance > 0 ? distance : 0;
  const j = i - distance;
  if (i >= out.length || j >= input.length) return false;
  // Whether it is, a change shows. Comparing their buffers takes 60 ns, more than many a call that is checked here.
  const saved = out[i];
  const before = input[j];
  out[i] = saved === 0 ? 1 : 0;
  const changed = !Object.is(input[j], before);
  out[i] = saved;
  return changed;
}

/** Whether an output overlaps an input of the same length, but for being the same elements. */
export function overlap(out: Float64Array, input: Float64Array): boolean {
  return byteOffsetOf(out) !== byteOffsetOf(input) && sharesMemory(out, input);
}

/** Refuses an output that shares any memory with an input. */
export function checkApart(outName: string, out: Float64Array, name: string, input: Float64Array): void {
  if (sharesMemory(out, input)) {
    throw new NablaError('ERR_ALIAS', `${outName} overlaps ${name}; give it memory of its own`);
  }
}

/** The index of the first element that is NaN or infinite, or -1. */
export function firstNotFinite(array: Matrix): number {
  for (let i = 0; i < array.length; i++) if (!Number.isFinite(array[i])) return i;
  return -1;
}

/** Zeros, singles where the other array holds such. */
export function zerosLike(other: Matrix, length: number): Matrix {
  return isSingles(other) ? new Float32Array(length) : new Float64Array(length);
}

/** A copy that nobody else can detach, or the caller's own array where its memory is shared. */
export function snapshot<T extends Matrix>(array: T): T {
  if (isShared(array)) return array;
  return (isSingles(array) ? new Float32Array(array) : new Float64Array(array)) as T;
}

/**
 * The arrays on buffers that were their callers' and are so no more, all or none; shared memory stays where it is. What
 * cannot be transferred (WebAssembly memory, the pool behind small Buffers) is copied.
 */
export function moveIn<T extends Matrix>(arrays: readonly T[]): T[] {
  const buffers = [...new Set(arrays.filter((array) => !isShared(array)).map(bufferOf))] as ArrayBuffer[];
  const places = arrays.map((array) => [byteOffsetOf(array), lengthOf(array)]);
  let moved: ArrayBuffer[];
  try {
    moved = structuredClone(buffers, { transfer: buffers });
  } catch {
    return arrays.map(snapshot); // Node 22 and later refuse some buffers, and then move none
  }
  return arrays.map((array, i) => {
    const at = buffers.indexOf(bufferOf(array) as ArrayBuffer);
    if (at < 0) return array;
    return (
      isSingles(array) ? new Float32Array(moved[at], ...places[i]) : new Float64Array(moved[at], ...places[i])
    ) as T;
  });
}
