// Choice of the backend in use: native where the addon loads, else the reference.
import { version } from '../../package.json';
import type { Backend } from '../backend/interface.js';
import { NablaError, show } from '../base/errors.js';
import { reference } from '../reference/backend.js';
import { loadNative } from './addon.js';

/** Which backend computes, and what it runs on. */
export interface BackendInfo {
  /** `'native'`, or `'reference'` where this platform has no binary or NABLA_BACKEND asks for it. */
  readonly name: 'native' | 'reference';
  /** The instruction set: `'baseline'` (SSE2), `'avx2'`, `'avx512'`, `'neon'`, or `'javascript'`. */
  readonly target: string;
  /** Threads that fits share; see {@link setThreads}. */
  readonly threads: number;
  /** Of nabla. */
  readonly version: string;
}

function choose(): Backend {
  const wanted = process.env.NABLA_BACKEND || undefined;
  if (wanted === 'reference') return reference;
  if (wanted !== undefined && wanted !== 'native') {
    throw new NablaError('ERR_NATIVE_LOAD', `NABLA_BACKEND must be native or reference; got ${show(wanted)}`);
  }
  const native = loadNative();
  if (native) return native;
  if (wanted) throw new NablaError('ERR_NATIVE_LOAD', 'NABLA_BACKEND=native: there is no binary for this platform');
  warnOnce();
  return reference;
}

const warned = Symbol.for('nabla.warned');

/** Says once in a process that it computes slowly, where nobody asked for that. */
function warnOnce(): void {
  const ofProcess = process as unknown as Record<symbol, boolean | undefined>;
  if (ofProcess[warned]) return;
  ofProcess[warned] = true;
  const where = `${process.platform}-${process.arch}`;
  const message = `there is no binary for this platform (${where}), so that nabla computes in JavaScript: the same results, slower`;
  const detail = 'NABLA_BACKEND=reference asks for that, and ends this warning.';
  process.emitWarning(message, { type: 'NablaWarning', code: 'NABLA_NO_BINARY', detail });
}

let chosen: Backend | undefined;

/** The backend in use, chosen at the first call: `nabla/reference` never loads the addon. */
export function inUse(): Backend {
  chosen ??= choose();
  return chosen;
}

export function describe(backend: Backend): BackendInfo {
  const { name, target } = backend;
  return Object.freeze({
    name,
    target,
    get threads() {
      return backend.threads();
    },
    version,
  });
}
