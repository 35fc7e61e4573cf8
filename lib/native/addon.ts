// Loader of the addon, and the Backend interface over its functions.
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Backend, EpochEnd, FitJob, ManyJob, Outcome } from '../backend/interface.js';
import { loopStatuses } from '../backend/plan.js';
import { arraysOf, encodePlan, manyArraysOf, outcomeLists, outcomeNumbers, planLength } from '../backend/wire.js';
import { addonAt, gypBuild } from '../base/builtins.js';
import { type ErrorCode, NablaError, show } from '../base/errors.js';
import type { Halt } from '../base/halt.js';
import { allocate } from '../base/memory.js';
import { mostThreads } from '../catalog/options.js';
import { nativeTensors, type TensorAddon } from './tensors.js';

type Allocate = (n: number) => Float64Array;
/** Of the addon's begin. @internal */
export type FitArguments = [plan: Float64Array, arrays: (Float64Array | Float32Array | Uint32Array | null)[]];
declare const handle: unique symbol;
/** A fit that was begun. @internal */
export type Handle = { readonly [handle]: never };

/** Many fits that were begun. @internal */
export type ManyHandle = { readonly [handle]: never };

/** Of the addon's fitManySync and fitMany. @internal */
export type ManyArguments = [plan: Float64Array, arrays: (Float64Array | Float32Array | Uint8Array | null)[]];

/** What native/binding exports. */
export interface Addon
  extends Omit<Backend, 'name' | 'tensors' | 'updateStep' | 'fitSync' | 'fit' | 'steps' | 'fitManySync' | 'fitMany'>,
    TensorAddon {
  updateStep(
    rule: number,
    parameters: Float64Array,
    options: Float64Array,
    learningRate: number,
    t: number,
    running: Float64Array,
    states: Float64Array[],
    weights: Float64Array,
    gradient: Float64Array,
    start: number,
    end: number,
    lower: Float64Array | null,
    upper: Float64Array | null,
  ): void;
  /** The curvature pass of a loss over outputs × n values of z, which become the slopes; for the tests. */
  lossCurvature(
    loss: number,
    parameters: Float64Array,
    y: Float64Array,
    z: Float64Array,
    weights: Float64Array | null,
    outputs: number,
    out: Float64Array,
  ): number;
  fitSync(plan: Float64Array, allocate: Allocate, ...arrays: FitArguments[1]): Float64Array;
  begin(...args: FitArguments): Handle;
  /** Runs so many epochs on the pool, if there are as many; `end`: the last one, null if the fit was at its end. */
  advance(
    fit: Handle,
    epochs: number,
    callback: (error: Error | null, end?: EpochEnd | null) => void,
    tick: ((end: EpochEnd) => void) | null,
  ): void;
  advanceSync(fit: Handle): EpochEnd | null;
  outcome(fit: Handle, allocate: Allocate): Float64Array;
  /** Ends what advances; its callback is not called any more. */
  cancel(fit: Handle): void;
  fitManySync(...job: ManyArguments): void;
  fitMany(...args: [...ManyArguments, callback: (error: Error | null) => void]): ManyHandle;
  /** Ends many fits; their callback is not called any more. */
  cancelMany(fits: ManyHandle): void;
  /** At the process's 'exit': ends the fits that run, which reject after `resume`, and holds back those that do not yet. */
  pause(): void;
  resume(): void;
  /** The class of all errors that the addon throws or hands to callbacks: new Class(code, message). */
  setErrorClass(errorClass: new (code: ErrorCode, message: string) => Error): void;
  catalog: Record<
    'losses' | 'rules' | 'schedules' | 'samplers' | 'averagings' | 'solvers',
    { name: string; parameters: string }[]
  >;
  /** The names of what crosses by position, each with a space in front. */
  wire: Record<
    'planFields' | 'jobArrays' | 'manyArrays' | 'outcomeNumbers' | 'outcomeLists' | 'unaryOps' | 'binaryOps',
    string
  >;
}

/** The folder of package.json: that of a source is further down than that of a file of dist/. */
function packageRoot(): string {
  const own = dirname(fileURLToPath(import.meta.url));
  for (let folder = own; dirname(folder) !== folder; folder = dirname(folder)) {
    if (existsSync(join(folder, 'package.json'))) return folder;
  }
  return dirname(own);
}

/** The addon for this platform; null when there is none. One that is there and does not load throws. */
export function loadAddon(): Addon | null {
  const root = packageRoot();
  const finder = gypBuild(); // a package that lacks it is broken, which is no reason to compute slowly
  let path: string;
  try {
    path = finder.resolve(root);
  } catch {
    return null;
  }
  try {
    return addonAt(path) as Addon;
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    const fix = 'NABLA_BACKEND=reference computes in JavaScript instead: the same results, slower';
    throw new NablaError('ERR_NATIVE_LOAD', `the native binary does not load: ${why} (${fix})`, { cause });
  }
}

/** A job as the addon takes it. `room`: for the numbers of the plan. @internal */
export function argumentsOf(job: FitJob, room?: Float64Array): FitArguments {
  return [encodePlan(job.plan, room), arraysOf(job)];
}

/** What native/binding/fit.cc writes in resultOf: numbers, then lists, each cut out when it is asked for. */
class NumbersOutcome implements Outcome {
  readonly #numbers: Float64Array;
  readonly #hasCarried: boolean;
  readonly status: number;
  readonly epochs: number;
  readonly steps: number;
  readonly meanLoss: number;
  readonly gap: number;
  readonly remainingDecrease: number;
  readonly lastDecrease: number;

  constructor(numbers: Float64Array, hasCarried: boolean) {
    this.#numbers = numbers;
    this.#hasCarried = hasCarried;
    [this.status, this.epochs, this.steps, this.meanLoss, this.gap, this.remainingDecrease, this.lastDecrease] =
      numbers;
  }

  // A buffer for each: callers may transfer them.
  #list(name: (typeof outcomeLists)[number]): Float64Array {
    const numbers = this.#numbers;
    const lengths = outcomeNumbers.length;
    let begin = lengths + outcomeLists.length;
    let i = 0;
    for (; outcomeLists[i] !== name; i++) begin += numbers[lengths + i];
    return numbers.slice(begin, begin + numbers[lengths + i]);
  }

  get weights(): Float64Array {
    return this.#list('weights');
  }
  get loss(): Float64Array {
    return this.#list('loss');
  }
  get validationLoss(): Float64Array {
    return this.#list('validationLoss');
  }
  get learningRate(): Float64Array {
    return this.#list('learningRate');
  }
  get gradientNorm(): Float64Array {
    return this.#list('gradientNorm');
  }
  get state(): Float64Array | null {
    return loopStatuses[this.status] === 'paused' ? this.#list('state') : null;
  }
  get carried(): Float64Array | null {
    return this.#hasCarried ? this.#list('carried') : null;
  }
}

/** An outcome from the numbers of the addon. @internal */
export function outcomeOf({ carried }: FitJob, numbers: Float64Array): Outcome {
  return new NumbersOutcome(numbers, carried !== null);
}

/** Many jobs as the addon takes them. @internal */
export function manyArgumentsOf(job: ManyJob): ManyArguments {
  return [encodePlan(job.plan), manyArraysOf(job)];
}

function readThreads(text: string): number {
  const n = Number(text);
  if (Number.isInteger(n) && n >= 1 && n <= mostThreads) return n;
  const expected = `a whole number from 1 to ${mostThreads}`;
  throw new NablaError('ERR_NATIVE_LOAD', `NABLA_THREADS must be ${expected}; got ${show(text)}`);
}

/** A fit in the addon's hands. */
class Advance {
  readonly #addon: Addon;
  readonly #job: FitJob;
  readonly #halt: Halt | undefined;
  readonly #fit: Handle;

  constructor(addon: Addon, job: FitJob, halt?: Halt) {
    this.#addon = addon;
    this.#job = job;
    this.#halt = halt;
    this.#fit = addon.begin(...argumentsOf(job));
  }

  /** Runs so many epochs, if there are as many; resolves to the last one, null if the fit was at its end. */
  by(epochs: number, onEpoch?: (end: EpochEnd) => void): Promise<EpochEnd | null> {
    const halt = this.#halt;
    return new Promise((resolve, reject) => {
      halt?.check();
      const away = halt?.on(() => {
        this.#addon.cancel(this.#fit);
        reject(halt.reason);
      });
      const callback = (error: Error | null, end?: EpochEnd | null) => {
        away?.();
        if (error) reject(error);
        else resolve(end ?? null);
      };
      this.#addon.advance(this.#fit, epochs, callback, onEpoch ?? null);
    });
  }

  bySync(): EpochEnd | null {
    return this.#addon.advanceSync(this.#fit);
  }

  outcome(): Outcome {
    return outcomeOf(this.#job, this.#addon.outcome(this.#fit, allocate));
  }
}

/** What belongs to the process, however often this module is loaded in it (by a test runner's reset, or as two copies). */
const ofProcess = process as unknown as Record<symbol, Set<Addon> | undefined>;
const addons = Symbol.for('nabla.addons');

/**
 * Ends what runs at process.exit(), where the cleanup hooks of the main thread may not run: by one listener of the process.
 * Where a program has emitted 'exit' itself, the event loop turns once more, and fits can run again.
 */
function pauseAtExit(addon: Addon): void {
  let all = ofProcess[addons];
  if (!all) {
    const first = new Set<Addon>();
    all = ofProcess[addons] = first;
    process.on('exit', () => {
      for (const { pause } of first) pause();
      setImmediate(() => {
        for (const { resume } of first) resume();
      });
    });
  }
  all.add(addon);
}

export function loadNative(): Backend | null {
  const addon = loadAddon();
  if (!addon) return null;
  addon.setErrorClass(NablaError);
  const { NABLA_THREADS: threads } = process.env;
  if (threads) addon.setThreads(readThreads(threads));
  const planRoom = new Float64Array(planLength);
  pauseAtExit(addon);
  return {
    name: 'native',
    target: addon.target,
    threads: addon.threads,
    setThreads: addon.setThreads,
    misalignment: addon.misalignment,
    dot: addon.dot,
    axpy: addon.axpy,
    scal: addon.scal,
    nrm2: addon.nrm2,
    asum: addon.asum,
    gemv: addon.gemv,
    gemvT: addon.gemvT,
    gram: addon.gram,
    valueAndGradient: addon.valueAndGradient,
    tensors: nativeTensors(addon),
    updateStep: (u) =>
      addon.updateStep(
        u.rule,
        u.parameters,
        u.options,
        u.learningRate,
        u.t,
        u.running,
        u.states,
        u.weights,
        u.gradient,
        u.start,
        u.end,
        u.bounds?.lower ?? null,
        u.bounds?.upper ?? null,
      ),
    fitSync(job) {
      const [plan, arrays] = argumentsOf(job, planRoom);
      return outcomeOf(job, addon.fitSync(plan, allocate, ...arrays));
    },
    fit(job, watch) {
      const fit = new Advance(addon, job, watch?.halt);
      return fit.by(Number.MAX_SAFE_INTEGER, watch?.onEpoch).then(() => fit.outcome());
    },
    steps(job, halt) {
      const fit = new Advance(addon, job, halt);
      return { next: () => fit.by(1), nextSync: () => fit.bySync(), outcome: () => fit.outcome() };
    },
    fitManySync: (job) => addon.fitManySync(...manyArgumentsOf(job)),
    fitMany: (job, halt) =>
      new Promise((resolve, reject) => {
        halt?.check();
        const fits = addon.fitMany(...manyArgumentsOf(job), (error) => {
          away?.();
          if (error) reject(error);
          else resolve();
        });
        const away = halt?.on(() => {
          addon.cancelMany(fits);
          reject(halt.reason);
        });
      }),
  };
}
