// Ownership of an asynchronous call's arrays: copies, or transferred buffers.
import { checkFixed, type Matrix, moveIn, snapshot } from '../base/arrays.js';
import type { Call } from './prepare.js';

const keys = ['X', 'y', 'offset'] as const;
type Arrays = { X: Matrix; y: Float64Array; offset: Float64Array | null };

/**
 * The call on memory that nobody else can detach, or `inPlace` if it is done with before anybody can. Throws before
 * anything is taken over.
 */
export function takeOwnership(call: Call, inPlace = false): Call {
  const { job, raw, control } = call;
  const names = new Map<Matrix, string>();
  const collect = (prefix: string, table: Arrays | null) => {
    for (const key of keys) {
      const array = table?.[key];
      if (array && !names.has(array)) names.set(array, prefix + key);
    }
  };
  collect('', job.train);
  collect('validation.', job.validation);
  if (control.transfer) {
    // A y that had to be rewritten is given away all the same.
    collect('', raw.data);
    collect('validation.', raw.validation);
  }
  for (const [array, name] of names) checkFixed(name, array);
  control.check();
  if (inPlace && !control.transfer) return call;
  const arrays = [...names.keys()];
  const mine = control.transfer ? moveIn(arrays) : arrays.map(snapshot);
  const owned = new Map<Matrix | null, Matrix>(arrays.map((array, i) => [array, mine[i]]));
  const on = <T extends Arrays>(table: T, of: Arrays = table): T => {
    const get = <A extends Matrix | null>(array: A) => (owned.get(array) ?? null) as A;
    return { ...table, X: get(of.X), y: get(of.y), offset: get(of.offset) };
  };
  const { train, validation } = job;
  return {
    ...call,
    job: { ...job, train: on(train), validation: validation && on(validation) },
    raw: {
      data: on(raw.data, train),
      validation: raw.validation && validation && on(raw.validation, validation),
    },
  };
}
