// Runs a fit on a backend: on the calling thread, on the pool, or an epoch at a time.

import { type FitPath, usesGram } from '../backend/gram.js';
import type { Backend, FitJob, Outcome } from '../backend/interface.js';
import { statuses } from '../backend/plan.js';
import { NablaError } from '../base/errors.js';
import { Halt } from '../base/halt.js';
import { guarded } from '../base/memory.js';
import type { losses } from '../catalog/losses.js';
import { checkFinite, type FitData, type RawTable } from '../input/data.js';
import type { Label } from '../input/labels.js';
import type { FitOptions } from '../input/options.js';
import { nextTurn, shouldRunInline } from './brief.js';
import { fitInPieces, fitInPiecesSync } from './checkpoint.js';
import { run as runCourse, runSync } from './course.js';
import { EpochIterator } from './iterator.js';
import { distanceFound } from './judge.js';
import type { KeptOptions } from './kept.js';
import type { Online } from './online.js';
import type { Distance } from './optimality.js';
import { takeOwnership } from './own.js';
import { type Call, checkAgain, type PenaltyOf, prepare } from './prepare.js';
import { withUnits } from './units.js';

/** What a fit found, for a model to be made of. */
export interface Fitted<L extends Label> {
  loss: keyof typeof losses;
  lossParameters: Readonly<Record<string, number>>;
  /** The rule's or the solver's name. */
  optimizer: string;
  path: FitPath | null;
  hasOffset: boolean;
  labels: readonly L[];
  outputs: number;
  cols: number;
  outcome: Outcome;
  /** The options that partialFit keeps. */
  kept: KeptOptions | null;
  distance: Distance;
  /** The state of the update rule, if it was asked for. */
  online: Online | null;
}

/** The ways to run a fit; each checks its call first. */
export interface Fitting {
  fitSync<L extends Label>(data: FitData<L>, options?: FitOptions, penalty?: PenaltyOf): Fitted<L>;
  /** `judges`: tells how far the weights are from the minimum, whatever that costs. */
  fit<L extends Label>(
    data: FitData<L>,
    options?: FitOptions,
    penalty?: PenaltyOf,
    judges?: boolean,
  ): Promise<Fitted<L>>;
  fitIterator<L extends Label, M>(
    make: (fitted: Fitted<L>) => M,
    data: FitData<L>,
    options?: FitOptions,
    penalty?: PenaltyOf,
  ): EpochIterator<M>;
}

/** A NaN in the data looks like divergence; it is the caller's mistake and says where it is. */
export function checkDivergedData(outcome: Outcome, data: RawTable, validation: RawTable | null): Outcome {
  if (statuses[outcome.status] === 'diverged') checkFinite('data', data);
  if (validation && !outcome.validationLoss.every(Number.isFinite)) checkFinite('validation', validation);
  return outcome;
}

/** What came of the call. */
export function fittedOf<L extends Label>(call: Call, outcome: Outcome, distance: Distance): Fitted<L> {
  const { job, loss, lossParameters, optimizer, targets, kept, raw } = call;
  const { carried } = outcome; // empty: it has diverged, and there was nothing before
  return {
    loss,
    lossParameters,
    optimizer,
    path: job.plan.solver > 0 ? null : usesGram(job.plan, job.train.count) ? 'gram' : 'direct',
    hasOffset: job.train.offset !== null,
    labels: targets.labels as readonly L[],
    outputs: targets.outputs,
    cols: job.plan.cols,
    outcome: checkDivergedData(outcome, raw.data, raw.validation),
    kept: call.options,
    distance,
    online: kept && carried && carried.length > 0 ? { optimizer: kept, carried } : null,
  };
}

/** A fit on the calling thread that tells its epochs. */
function runWithProgress(backend: Backend, job: FitJob, { control, raw }: Call): Outcome {
  const steps = backend.steps(job);
  for (let end = steps.nextSync(); end; end = steps.nextSync()) {
    control.tell(end);
    control.check();
    checkAgain(raw.data);
    if (raw.validation) checkAgain(raw.validation);
  }
  return steps.outcome();
}

/** What is done here and now, told at the next turn. */
async function deferred<T>(work: () => T): Promise<T> {
  try {
    return work();
  } finally {
    await nextTurn();
  }
}

export function createFitting(computing: Backend): Fitting {
  const backend = withUnits(computing);
  return guarded({
    fitSync<L extends Label>(data: FitData<L>, options?: FitOptions, penalty?: PenaltyOf): Fitted<L> {
      const call = prepare(data, options, penalty);
      const { job, checkpoint, control } = call;
      control.check();
      const run = (job: FitJob) => (control.watches ? runWithProgress(backend, job, call) : backend.fitSync(job));
      const outcome = checkpoint ? fitInPiecesSync(run, job, checkpoint) : run(job);
      return fittedOf(call, outcome, runSync(backend, distanceFound(job, outcome, false)));
    },
    async fit<L extends Label>(
      data: FitData<L>,
      options?: FitOptions,
      penalty?: PenaltyOf,
      judges = false,
    ): Promise<Fitted<L>> {
      const given = prepare(data, options, penalty);
      const isHere = !given.checkpoint && !given.control.watches && shouldRunInline(given.job);
      const call = takeOwnership(given, isHere);
      const { job, checkpoint, control } = call;
      if (isHere) {
        const here = () => {
          const outcome = backend.fitSync(job);
          return fittedOf<L>(call, outcome, runSync(backend, distanceFound(job, outcome, judges)));
        };
        return control.run(() => deferred(here));
      }
      return control.run(async (watch) => {
        const run = (job: FitJob) => backend.fit(job, watch);
        const outcome = await (checkpoint ? fitInPieces(run, job, checkpoint) : run(job));
        const course = distanceFound(job, outcome, judges);
        return fittedOf<L>(call, outcome, await runCourse(backend, course, watch && { halt: watch.halt }));
      });
    },
    fitIterator<L extends Label, M>(
      make: (fitted: Fitted<L>) => M,
      data: FitData<L>,
      options?: FitOptions,
      penalty?: PenaltyOf,
    ): EpochIterator<M> {
      return new EpochIterator<M>(() => {
        const given = prepare(data, options, penalty);
        if (given.checkpoint) {
          throw new NablaError('ERR_UNKNOWN_OPTION', 'checkpoint is no option of fitIterator; it goes with fit');
        }
        if (given.control.watches) {
          throw new NablaError('ERR_UNKNOWN_OPTION', 'onProgress is no option of fitIterator, which yields the same');
        }
        const call = takeOwnership(given);
        const halt = new Halt();
        return {
          control: call.control,
          halt,
          steps: backend.steps(call.job, halt),
          async resultOf(outcome) {
            const course = distanceFound(call.job, outcome, false);
            return make(fittedOf(call, outcome, await runCourse(backend, course, { halt })));
          },
        };
      });
    },
  });
}
