// Binds fit, fitSync and fitIterator to a backend and makes models of their outcomes.
import type { Backend } from '../backend/interface.js';
import { guarded } from '../base/memory.js';
import { createFitting } from '../fitting/fit.js';
import type { PenaltyOf } from '../fitting/prepare.js';
import type { FitProgress } from '../input/control.js';
import type { FitData } from '../input/data.js';
import type { Label } from '../input/labels.js';
import type { FitOptions } from '../input/options.js';
import type { Model } from './model.js';

/** The epochs of a fit, each run when it is asked for. */
export interface FitIterator<L extends Label = number> extends AsyncIterableIterator<FitProgress, undefined> {
  /**
   * What comes of the fit: its model when it has ended, or, left before (`break`, `return()`), that of the epochs so far,
   * with the status `'earlyStopped'`. Rejects with what the iteration throws.
   */
  readonly model: Promise<Model<L>>;
}

/** Fits on the calling thread and returns when it is done. */
export type FitSync = <L extends Label = number>(data: FitData<L>, options?: FitOptions) => Model<L>;
/** Fits off the calling thread. */
export type Fit = <L extends Label = number>(data: FitData<L>, options?: FitOptions) => Promise<Model<L>>;

/** Fits off the calling thread, an epoch whenever one is asked for. */
export type FitEpochs = <L extends Label = number>(data: FitData<L>, options?: FitOptions) => FitIterator<L>;

/** Both, for callers who may scale the penalty by the weight of the rows. */
export interface Fits {
  fitSync<L extends Label = number>(data: FitData<L>, options?: FitOptions, penalty?: PenaltyOf): Model<L>;
  /** `judges`: tells how far the model is from its minimum, whatever that costs. */
  fit<L extends Label = number>(
    data: FitData<L>,
    options?: FitOptions,
    penalty?: PenaltyOf,
    judges?: boolean,
  ): Promise<Model<L>>;
  fitIterator<L extends Label = number>(data: FitData<L>, options?: FitOptions, penalty?: PenaltyOf): FitIterator<L>;
}

export function createFit(backend: Backend, model: typeof Model): Fits {
  const fitting = createFitting(backend);
  return guarded({
    fitSync: (data, options, penalty) => model.fromFitted(fitting.fitSync(data, options, penalty)),
    fit: async (data, options, penalty, judges) => model.fromFitted(await fitting.fit(data, options, penalty, judges)),
    fitIterator: <L extends Label>(data: FitData<L>, options?: FitOptions, penalty?: PenaltyOf) =>
      fitting.fitIterator<L, Model<L>>((fitted) => model.fromFitted(fitted), data, options, penalty),
  });
}

/** Fits that make models of this class, on its backend. */
export const fitsOf = (model: typeof Model): Fits => createFit(model.backend, model);
