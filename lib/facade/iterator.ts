// A fit in step with its consumer: an epoch whenever one is asked for.
import type { EpochEnd, Outcome, Steps } from '../backend.js';
import type { Control, FitProgress } from '../control.js';
import type { Halt } from '../halt.js';
import type { Label } from '../labels.js';
import { markOwn, outOfMemory } from '../memory.js';
import type { Model } from '../model.js';

/** The epochs of a fit, each run when it is asked for. */
export interface FitIterator<L extends Label = number> extends AsyncIterableIterator<FitProgress, undefined> {
  /**
   * What comes of the fit: its model when it has ended, or, left before (`break`, `return()`), that of the epochs so far,
   * with the status `'earlyStopped'`. Rejects with what the iteration throws.
   */
  readonly model: Promise<Model<L>>;
}

/** A fit about to be run epoch by epoch. */
export interface Epochs<L extends Label> {
  control: Control;
  halt: Halt;
  steps: Steps;
  modelOf(outcome: Outcome): Promise<Model<L>>;
}

type Result = IteratorResult<FitProgress, undefined>;

export class EpochIterator<L extends Label> implements FitIterator<L> {
  readonly model: Promise<Model<L>>;
  #settle!: { resolve(model: Model<L>): void; reject(error: unknown): void };
  #epochs: Epochs<L> | null = null; // null when the fit is over
  #failure: { error: unknown } | null = null; // not thrown yet
  #last: Promise<unknown> = Promise.resolve(); // of the calls so far: they take turns

  /** `prepare` may throw, as calls do that reject. */
  constructor(prepare: () => Epochs<L>) {
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
      const model = await epochs.modelOf(epochs.steps.outcome());
      this.#epochs = null;
      this.#settle.resolve(model);
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
