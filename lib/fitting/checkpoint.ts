// Checkpoints: the state of a fit in a file every so many epochs, and its resumption.
import { readFileSync } from 'node:fs';
import type { FitJob, Outcome } from '../backend/interface.js';
import { loopStatuses, weightCount } from '../backend/plan.js';
import { encodePlan } from '../backend/wire.js';
import { crypto, files } from '../base/builtins.js';
import { NablaError } from '../base/errors.js';
import { decode, encode, readPath, writeAtomic, writeAtomicSync } from '../base/file.js';
import { readBoolean, readNumber, readObject } from '../input/read.js';
import { isCount, ranges } from '../reference/objective/archive.js';
import { isCarried } from './online.js';

export interface Checkpointing {
  path: string;
  every: number;
  resume: boolean;
}

export function readCheckpoint(value: unknown): Checkpointing {
  const isPath = typeof value === 'string' || value instanceof URL;
  const given = readObject('checkpoint', isPath ? { path: value } : value, ['path', 'every', 'resume']);
  const every = { kind: 'number', default: 10, range: '[1, 9007199254740991]', whole: true, help: '' } as const;
  return {
    path: readPath(given.path, 'checkpoint.path'),
    every: given.every === undefined ? every.default : readNumber('checkpoint.every', given.every, every),
    resume: given.resume === undefined ? false : readBoolean('checkpoint.resume', given.resume),
  };
}

/** Of what a run's state holds: to be raised when that changes. */
const stateVersion = 6;

/** What tells a fit from another: SHA-256 of all that it reads. */
function fingerprint({ plan, train, validation, indices, penaltyFactors, bounds, weights, carried }: FitJob): string {
  const hash = crypto().createHash('sha256');
  const tables = [train, validation].flatMap((table) =>
    table ? [table.X, table.y, table.sampleWeight, table.offset, table.index] : [null],
  );
  for (const array of [
    Float64Array.of(stateVersion),
    encodePlan({ ...plan, pauseAfter: 0, threads: 0 }),
    ...tables,
    indices,
    penaltyFactors,
    bounds?.lower ?? null,
    bounds?.upper ?? null,
    weights,
    carried,
  ]) {
    hash.update(Float64Array.of(array ? array.length : -1));
    if (array) hash.update(new Uint8Array(array.buffer, array.byteOffset, array.byteLength));
  }
  return hash.digest('hex');
}

const series = ['loss', 'validationLoss', 'learningRate', 'gradientNorm'] as const;
type Series = Pick<Outcome, (typeof series)[number]>;

/** Whether arrays are the histories of so many epochs, which a fit has paused after. */
function isSeries(
  done: Readonly<Record<string, Float64Array>>,
  { plan, validation }: FitJob,
  epochs: number,
): done is Series {
  const { loss, validationLoss, learningRate, gradientNorm } = done;
  return (
    Object.keys(done).join() === series.join() &&
    isCount(epochs, plan.epochs) &&
    (plan.stepHistory ? loss.length >= epochs : loss.length === epochs) &&
    validationLoss.length === (validation ? epochs : 0) &&
    learningRate.length === epochs &&
    gradientNorm.length === epochs &&
    loss.every(Number.isFinite) &&
    learningRate.every(ranges.size) &&
    gradientNorm.every(ranges.measured)
  );
}

/** Whether what the best epoch carries on, behind epochs and weights of a state, is what this fit's rule would. */
function isOfRule({ plan, carried }: FitJob, state: Float64Array): boolean {
  const size = weightCount(plan);
  const length = state[1 + size];
  if (length === 0 || !isCount(length)) return length === 0;
  const best = state.subarray(2 + size, 2 + size + length);
  return carried !== null && plan.restoreBest && isCarried(best, plan.rule, plan.cols, size);
}

function joined(a: Float64Array, b: Float64Array): Float64Array {
  const both = new Float64Array(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return both;
}

/** A fit in pieces: what has been done of it, and what is to be done next. */
class Pieces {
  #done: Series | null = null;
  readonly #fingerprint: string;
  job: FitJob;

  constructor(job: FitJob, { every }: Checkpointing) {
    this.#fingerprint = fingerprint(job);
    this.job = { ...job, plan: { ...job.plan, pauseAfter: every } };
  }

  /** Goes on where a checkpoint was written. */
  resume(bytes: Uint8Array): void {
    const { header, arrays } = decode('checkpoint', bytes);
    const mismatch = (what: string) => new NablaError('ERR_CHECKPOINT_MISMATCH', `checkpoint file: ${what}`);
    if ((header as { fingerprint?: unknown } | null)?.fingerprint !== this.#fingerprint) {
      throw mismatch('it was written by a fit of other data, options or start');
    }
    const { state, ...done } = arrays;
    if (!state || !isSeries(done, this.job, state[0]) || !isOfRule(this.job, state)) {
      throw mismatch('its arrays are not those of this fit');
    }
    this.#done = done;
    this.job = { ...this.job, state };
  }

  /** Takes in a piece: the bytes of a checkpoint, or the outcome of the whole when there is nothing more to do. */
  take(piece: Outcome): Uint8Array | Outcome {
    const done = this.#done;
    const all = (name: keyof Series) => (done ? joined(done[name], piece[name]) : piece[name]);
    const whole = Object.fromEntries(series.map((name) => [name, all(name)])) as unknown as Series;
    const { status, epochs, steps, weights, meanLoss, gap, remainingDecrease, lastDecrease, state, carried } = piece;
    if (loopStatuses[status] !== 'paused' || !state) {
      const numbers = { status, epochs, steps, meanLoss, gap, remainingDecrease, lastDecrease };
      return { ...numbers, weights, state, carried, ...whole };
    }
    this.#done = whole;
    this.job = { ...this.job, state };
    return encode('checkpoint', { fingerprint: this.#fingerprint }, { ...whole, state });
  }
}

function missing(error: unknown): null {
  if ((error as { code?: unknown }).code === 'ENOENT') return null;
  throw error;
}

/** `run`: makes a piece. */
export function fitInPiecesSync(run: (job: FitJob) => Outcome, job: FitJob, checkpoint: Checkpointing): Outcome {
  const pieces = new Pieces(job, checkpoint);
  if (checkpoint.resume) {
    let bytes: Uint8Array | null = null;
    try {
      bytes = readFileSync(checkpoint.path);
    } catch (error) {
      missing(error);
    }
    if (bytes) pieces.resume(bytes);
  }
  for (;;) {
    const taken = pieces.take(run(pieces.job));
    if (!(taken instanceof Uint8Array)) return taken;
    writeAtomicSync(checkpoint.path, taken);
  }
}

/** `run`: makes a piece. */
export async function fitInPieces(
  run: (job: FitJob) => Promise<Outcome>,
  job: FitJob,
  checkpoint: Checkpointing,
): Promise<Outcome> {
  const pieces = new Pieces(job, checkpoint);
  const bytes = checkpoint.resume ? await files().readFile(checkpoint.path).catch(missing) : null;
  if (bytes) pieces.resume(bytes);
  for (;;) {
    const taken = pieces.take(await run(pieces.job));
    if (!(taken instanceof Uint8Array)) return taken;
    await writeAtomic(checkpoint.path, taken);
  }
}
