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

/** Every error of nabla: a wrong call, told by its `code`, that has changed nothing. */
export class NablaError extends Error {
  override readonly name: string = 'NablaError';
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
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
export function invalid(code: ErrorCode, name: string, expected: string, actual: unknown): NablaError {
  return new NablaError(code, `${name} must be ${expected}; got ${show(actual)}`);
}

// The getter behind every typed array's toStringTag sees the real kind, whatever the prototype or the realm.
const tag = Object.getOwnPropertyDescriptor(Object.getPrototypeOf(Float64Array.prototype), Symbol.toStringTag)?.get as (
  this: unknown,
) => string | undefined;

/** The kind of a typed array, such as "Float64Array"; undefined for anything else. */
export function viewName(value: unknown): string | undefined {
  return tag.call(value);
}
