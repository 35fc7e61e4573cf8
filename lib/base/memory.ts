// ERR_OUT_OF_MEMORY for V8's errors of arrays that it cannot allocate.

import { NablaError } from './errors.js';

const noMemory = /^(Array buffer allocation failed|Invalid (typed )?array length)/;

/** What code of the caller's has thrown, which is the caller's own whatever it says. */
const ofCaller = new WeakSet<object>();

/** The function of a caller's, what it throws known as the caller's own. */
export function callersOwn<A extends unknown[], R>(call: (...args: A) => R): (...args: A) => R {
  return (...args) => {
    try {
      return call(...args);
    } catch (error) {
      throw markOwn(error);
    }
  };
}

/** What a caller gave to be thrown, as it is. */
export function markOwn(error: unknown): unknown {
  if (error instanceof RangeError) ofCaller.add(error);
  return error;
}

/** The error to throw for what was thrown: V8's RangeError of an allocation becomes `ERR_OUT_OF_MEMORY`. */
export function outOfMemory(error: unknown): unknown {
  if (!(error instanceof RangeError && noMemory.test(error.message)) || ofCaller.has(error)) return error;
  return new NablaError('ERR_OUT_OF_MEMORY', 'not enough memory for this call', { cause: error });
}

const rethrow = (error: unknown): never => {
  throw outOfMemory(error);
};

/** Zeros. @throws NablaError `ERR_OUT_OF_MEMORY` */
export function allocate(length: number): Float64Array {
  try {
    return new Float64Array(length);
  } catch (error) {
    return rethrow(error);
  }
}

// biome-ignore lint/suspicious/noExplicitAny: of every function
type Call = (this: any, ...args: any[]) => unknown;

/** The call, which throws or rejects with `ERR_OUT_OF_MEMORY` where V8 cannot allocate. */
function guardedCall(call: Call): Call {
  return function (...args) {
    try {
      const value = call.apply(this, args);
      return value instanceof Promise ? value.catch(rethrow) : value;
    } catch (error) {
      return rethrow(error);
    }
  };
}

/** The same of functions by name. */
export function guarded<T extends object>(calls: T): T {
  const pairs = Object.entries(calls).map(([name, call]) => [name, guardedCall(call)]);
  return Object.fromEntries(pairs) as T;
}

/** The same of methods of a class, in place. */
export function guardMethods<T extends object>(of: T, names: readonly (keyof T & string)[]): void {
  for (const name of names) {
    const property = Object.getOwnPropertyDescriptor(of, name);
    Object.defineProperty(of, name, { ...property, value: guardedCall(property?.value) });
  }
}
