// Control of a running fit: progress, and cancellation by a signal.

import type { EpochEnd, Watch } from '../backend/interface.js';
import { asyncHooks } from '../base/builtins.js';
import { invalid } from '../base/errors.js';
import { Halt } from '../base/halt.js';
import { callersOwn, markOwn } from '../base/memory.js';
import type { FitProgress } from '../input/control.js';
import { readBoolean } from '../input/read.js';

function readSignal(value: unknown): AbortSignal {
  const signal = value as AbortSignal | null;
  // By its shape, since those of other realms are none of this one's.
  const isSignal =
    typeof signal === 'object' &&
    signal !== null &&
    typeof signal.aborted === 'boolean' &&
    typeof signal.addEventListener === 'function' &&
    typeof signal.removeEventListener === 'function';
  if (!isSignal) throw invalid('ERR_INVALID_ARG_TYPE', 'signal', 'an AbortSignal', value);
  return signal;
}

/** What runs under each signal: one listener serves all. */
const underSignal = new WeakMap<AbortSignal, { halts: Set<Halt>; listener: () => void }>();

/** Lets a signal end a halt; returns how to take that back. */
function listen(signal: AbortSignal, halt: Halt): () => void {
  const known = underSignal.get(signal);
  const halts = known?.halts ?? new Set<Halt>();
  const end = () => {
    for (const halt of halts) halt.end(markOwn(signal.reason));
  };
  const listener = known?.listener ?? end;
  if (!known) {
    underSignal.set(signal, { halts, listener });
    signal.addEventListener('abort', listener, { once: true });
  }
  halts.add(halt);
  return () => {
    halts.delete(halt);
    if (halts.size > 0) return;
    underSignal.delete(signal);
    signal.removeEventListener('abort', listener);
  };
}

/** What a caller has asked for, beside the fit. */
export class Control {
  readonly #begun = performance.now();
  readonly #signal: AbortSignal | null;
  readonly #onProgress: ((progress: FitProgress) => void) | null;
  readonly transfer: boolean;

  constructor({ signal, onProgress, transfer }: Record<string, unknown>) {
    this.#signal = signal === undefined ? null : readSignal(signal);
    if (onProgress !== undefined && typeof onProgress !== 'function') {
      throw invalid('ERR_INVALID_ARG_TYPE', 'onProgress', 'a function', onProgress);
    }
    this.#onProgress = onProgress
      ? asyncHooks().AsyncResource.bind(callersOwn(onProgress as (progress: FitProgress) => void))
      : null;
    this.transfer = transfer === undefined ? false : readBoolean('transfer', transfer);
  }

  /** Whether epochs are to be told. */
  get watches(): boolean {
    return this.#onProgress !== null;
  }

  /** Throws the signal's reason if it has aborted. */
  check(): void {
    if (this.#signal?.aborted) throw markOwn(this.#signal.reason);
  }

  /** An epoch as callers see it. */
  progressOf({ validationLoss, ...end }: EpochEnd): FitProgress {
    const watched = Number.isNaN(validationLoss) ? {} : { validationLoss };
    return { ...end, ...watched, elapsed: (performance.now() - this.#begun) / 1000 };
  }

  tell(end: EpochEnd): void {
    this.#onProgress?.(this.progressOf(end));
  }

  /** Work that the signal ends, and that tells its epochs. */
  async run<T>(work: (watch?: Watch) => Promise<T>): Promise<T> {
    this.check();
    if (!this.#signal && !this.#onProgress) return work();
    const halt = new Halt();
    const onEpoch = (end: EpochEnd) => {
      if (halt.halted) return;
      try {
        this.tell(end);
      } catch (error) {
        halt.end(error);
      }
    };
    return this.under(halt, () => work(this.#onProgress ? { halt, onEpoch } : { halt }));
  }

  /** Work that this halt ends, and the signal by way of it. Rejects at once, whatever the work does. */
  async under<T>(halt: Halt, work: () => Promise<T>): Promise<T> {
    const unsubscribe = this.#signal && listen(this.#signal, halt);
    let away: (() => void) | undefined;
    try {
      return await new Promise<T>((resolve, reject) => {
        away = halt.on(() => reject(halt.reason));
        work().then(resolve, reject);
      });
    } finally {
      away?.();
      unsubscribe?.();
    }
  }
}
