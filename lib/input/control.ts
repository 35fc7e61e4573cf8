// Reads options of one call: progress, signal, checkpoint.

/** A fit under way: an epoch that has completed. */
export interface FitProgress {
  /** Counted from 1, as `model.epochs` is. */
  epoch: number;
  /** Update steps so far, as in `model.steps`. */
  step: number;
  /** The objective, as in `model.history`. */
  loss: number;
  /** Loss on the validation rows, without penalty; not there without validation. */
  validationLoss?: number;
  /** Of the last step; of a solver, its step length. */
  learningRate: number;
  /** Seconds (as of `maxSeconds`) since the call. */
  elapsed: number;
}

/** Options that go with one call of a fit, not with what is fitted. */
export interface FitControl {
  /**
   * Ends the fit when it aborts: the promise rejects with the signal's reason at once. `fitSync` throws it when it has
   * aborted before, or in `onProgress`.
   */
  signal?: AbortSignal;
  /**
   * Told of epochs as they end; of `fit` the newest, when they come faster than the event loop takes them, and always the
   * last. What it throws ends the fit and is what the promise rejects with. A promise that it returns is not waited for.
   */
  onProgress?: (progress: FitProgress) => void;
  /**
   * Take over the buffers of X, y and offset (of `validation` too) instead of copying them: all views of these are
   * detached then. What cannot be transferred is copied. Shared memory is used in place anyway; `fitSync` reads in place
   * and takes nothing over. Default false.
   */
  transfer?: boolean;
}

export const controlNames = ['signal', 'onProgress', 'transfer'] as const;

/** Where a fit puts its state down, and how often. */
export interface CheckpointOptions {
  /** The file. It is replaced whole, or not at all. */
  path: string | URL;
  /** Epochs between two checkpoints. Default 10. */
  every?: number;
  /** Go on from the file if there is one; it must be of the same fit: data, options and start. Default false. */
  resume?: boolean;
}
