// Iterator of a fit: an epoch whenever the consumer asks for one.
import type { EpochEnd, Outcome, Steps } from '../backend/interface.js';
import type { Halt } from '../base/halt.js';
import { markOwn, outOfMemory } from '../base/memory.js';
import type { FitProgress } from '../input/control.js';
import type { Control } from './control.js';

/** A fit about to be run epoch by epoch. */
export interface Epochs<R> {
  control: Control;
  halt: Halt;
  steps: Steps;
  resultOf(outcome: Outcome): Promise<R>;
}

type Result = IteratorResult<FitProgress, undefined>;

/** Runs each epoch when it is asked for. `model`: what comes of the fit. */
export class EpochIterator<R> implements AsyncIterableIterator<FitProgress, undefined> {
  readonly model: Promise<R>;
  #settle!: { resolve(result: R): void; reject(error: unknown): void };
  #epochs: Epochs<R> | null = null; // null when the fit is over
  #failure: { error: unknown } | null = null; // not thrown yet
  #last: Promise<unknown> = Promise.resolve(); // of the calls so far: they take turns

  /** `prepare` may throw, as calls do that reject. */
  constructor(prepare: () => Epochs<R>) {
    this.model = new Promise((resolve, reject) => {
      this.#settle = { resolve, reject };
    });
    this.model.catch(() => {}); // the iteration throws it
    try {
      this.#epochs = prepare();
    } catch (error) {
      this.#fail(error);
    }
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<Result> {
    return this.#inTurn(async () => {
      const progress = await this.#advance();
      return progress ? { done: false, value: progress } : { done: true, value: undefined };
    });
  }

  /** Leaves the fit; its model is that of the epochs so far. */
  return(): Promise<Result> {
    return this.#inTurn(async () => {
      await this.#end();
      this.#failure = null;
      return { done: true, value: undefined };
    });
  }

  /** Leaves the fit for an error, which its model rejects with. */
  throw(error?: unknown): Promise<Result> {
    return this.#inTurn(async () => {
      this.#fail(markOwn(error));
      this.#failure = null;
      throw error;
    });
  }

  #inTurn(work: () => Promise<Result>): Promise<Result> {
    const turn = this.#last.then(work, work);
    this.#last = turn.catch(() => {});
    return turn;
  }

  async #advance(): Promise<FitProgress | null> {
    const epochs = this.#epochs;
    if (epochs) {
      const { control, halt, steps } = epochs;
      let end: EpochEnd | null;
      try {
        control.check();
        end = await control.under(halt, () => steps.next());
      } catch (error) {
        this.#fail(error);
        end = null;
      }
      if (end) return control.progressOf(end);
      await this.#end();
    }
    const failure = this.#failure;
    this.#failure = null;
    if (failure) throw failure.error;
    return null;
  }

  /** The fit is over: its model, if it can be made. */
  async #end(): Promise<void> {
    const epochs = this.#epochs;
    if (!epochs) return;
    try {
      const result = await epochs.resultOf(epochs.steps.outcome());
      this.#epochs = null;
      this.#settle.resolve(result);
    } catch (error) {
      this.#fail(error);
    }
  }

  #fail(thrown: unknown): void {
    const error = outOfMemory(thrown);
    this.#epochs = null;
    this.#failure = { error };
    this.#settle.reject(error);
  }
}
