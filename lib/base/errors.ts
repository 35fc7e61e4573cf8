// NablaError with its codes, and the wording of values in messages.

/** What a {@link NablaError} is about. */
export type ErrorCode =
  | 'ERR_INVALID_ARG_TYPE'
  | 'ERR_OUT_OF_RANGE'
  | 'ERR_SHAPE'
  | 'ERR_NOT_FINITE'
  | 'ERR_DETACHED_BUFFER'
  | 'ERR_RESIZABLE_BUFFER'
  | 'ERR_ALIAS'
  | 'ERR_UNKNOWN_OPTION'
  | 'ERR_INVALID_LABELS'
  | 'ERR_NOT_FITTED'
  | 'ERR_MODEL_FORMAT'
  | 'ERR_MODEL_VERSION'
  | 'ERR_MODEL_CHECKSUM'
  | 'ERR_CHECKPOINT_MISMATCH'
  | 'ERR_CSV_EMPTY'
  | 'ERR_CSV_HEADER'
  | 'ERR_CSV_COLUMN'
  | 'ERR_CSV_RAGGED'
  | 'ERR_CSV_CELL'
  | 'ERR_CSV_NUMBER'
  | 'ERR_CSV_CATEGORY'
  | 'ERR_CSV_QUOTE'
  | 'ERR_CSV_ENCODING'
  | 'ERR_NATIVE_LOAD'
  | 'ERR_NO_THREAD'
  | 'ERR_PROCESS_EXIT'
  | 'ERR_OUT_OF_MEMORY';

/** Where in a caller's data an error is: numbers from 0. */
export interface Place {
  readonly row?: number;
  readonly column?: number;
}

/** Every error of nabla: a wrong call, told by its `code`, that has changed nothing. */
export class NablaError extends Error implements Place {
  override readonly name: string = 'NablaError';
  readonly code: ErrorCode;
  /** The row of X, y, offset or weights that holds what is wrong, from 0: of `ERR_NOT_FINITE`, where there are rows. */
  readonly row?: number;
  /** And the column in that row, from 0. */
  readonly column?: number;

  constructor(code: ErrorCode, message: string, { row, column, ...options }: ErrorOptions & Place = {}) {
    super(readable(message), options);
    this.code = code;
    if (row !== undefined) this.row = row;
    if (column !== undefined) this.column = column;
  }
}

const longest = 1000;

/** A message of one line and limited length: names in it are the caller's, who may have them from strangers. */
function readable(message: string): string {
  const short = message.length > longest ? `${message.slice(0, longest)}… (${message.length} characters)` : message;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  return short.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g, (control) => {
    return `\\u${control.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
}

/** Shows a caller's value in a message, shortly and without running any of its code. */
export function show(value: unknown): string {
  if (typeof value === 'string') return value.length > 40 ? `"${value.slice(0, 40)}…"` : `"${value}"`;
  if (typeof value === 'bigint') return `${value}n`;
  if (typeof value === 'function') return 'a function';
  if (Object.is(value, -0)) return '-0';
  if (typeof value !== 'object' || value === null) return String(value);
  if (ArrayBuffer.isView(value)) return `a ${viewName(value) ?? 'DataView'}`;
  return Array.isArray(value) ? 'an array' : 'an object';
}

/** The one form of a message: name, expected, actual. */
export function invalid(code: ErrorCode, name: string, expected: string, actual: unknown, place?: Place): NablaError {
  return new NablaError(code, `${name} must be ${expected}; got ${show(actual)}`, place);
}

// The getter behind every typed array's toStringTag sees the real kind, whatever the prototype or the realm.
const tag = Object.getOwnPropertyDescriptor(Object.getPrototypeOf(Float64Array.prototype), Symbol.toStringTag)?.get as (
  this: unknown,
) => string | undefined;

/** The kind of a typed array, such as "Float64Array"; undefined for anything else. */
export function viewName(value: unknown): string | undefined {
  return tag.call(value);
}
