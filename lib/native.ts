// Loads the addon and puts it behind the Backend interface.
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
// @ts-expect-error: it has no types
import nodeGypBuild from 'node-gyp-build';
import type { Backend, FitJob, ManyJob, Outcome } from './backend.js';
import { mostThreads } from './catalog.js';
import { NablaError, show } from './errors.js';
import { encode, type Table } from './plan.js';

type Allocate = (n: number) => Float64Array;
/** Of the addon's fitSync and fit. @internal */
export type FitArguments = [plan: Float64Array, arrays: (Float64Array | Uint32Array | null)[], allocate: Allocate];

/** Of the addon's fitManySync and fitMany. @internal */
export type ManyArguments = [plan: Float64Array, arrays: (Float64Array | Uint8Array | null)[]];

/** What native/binding exports. */
export interface Addon extends Omit<Backend, 'name' | 'updateStep' | 'fitSync' | 'fit' | 'fitManySync' | 'fitMany'> {
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
  fitSync(...job: FitArguments): Outcome;
  fit(...args: [...FitArguments, callback: (error: Error | null, outcome?: Outcome) => void]): void;
  fitManySync(...job: ManyArguments): void;
  fitMany(...args: [...ManyArguments, callback: (error: Error | null) => void]): void;
  close(): void;
  catalog: Record<
    'losses' | 'rules' | 'schedules' | 'samplers' | 'averagings' | 'solvers',
    { name: string; parameters: string }[]
  >;
}

/** The addon for this platform; null when there is none. One that is there and does not load throws. */
export function loadAddon(): Addon | null {
  const root = dirname(dirname(fileURLToPath(import.meta.url)));
  let path: string;
  try {
    path = nodeGypBuild.resolve(root);
  } catch {
    return null;
  }
  try {
    return createRequire(import.meta.url)(path) as Addon;
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new NablaError('ERR_NATIVE_LOAD', `the native binary does not load: ${why}`, { cause });
  }
}

const allocate: Allocate = (n) => new Float64Array(n);

const tableOf = (table: Table | null) =>
  table ? [table.X, table.y, table.sampleWeight, table.offset, table.index] : [null, null, null, null, null];

/** A job as the addon takes it. @internal */
export function argumentsOf({ plan, train, validation, indices, penaltyFactors, ...job }: FitJob): FitArguments {
  const { weights, state, carried } = job;
  const arrays = [...tableOf(train), ...tableOf(validation), indices, penaltyFactors, weights, state, carried];
  return [encode(plan), arrays, allocate];
}

/** Many jobs as the addon takes them. @internal */
export function manyArgumentsOf({ plan, ...job }: ManyJob): ManyArguments {
  const { X, y, sampleWeight, offset, borders, penaltyFactors } = job;
  const { coefficients, intercepts, status, losses, epochs, steps } = job;
  const results = [coefficients, intercepts, status, losses, epochs, steps];
  return [encode(plan), [X, y, sampleWeight, offset, borders, penaltyFactors, ...results]];
}

function rethrown(error: unknown): unknown {
  const { code, message } = error as { code?: unknown; message: string };
  return code === 'ERR_OUT_OF_MEMORY' || code === 'ERR_SHAPE' ? new NablaError(code, message) : error;
}

function readThreads(text: string): number {
  const n = Number(text);
  if (Number.isInteger(n) && n >= 1 && n <= mostThreads) return n;
  const expected = `a whole number from 1 to ${mostThreads}`;
  throw new NablaError('ERR_NATIVE_LOAD', `NABLA_THREADS must be ${expected}; got ${show(text)}`);
}

export function loadNative(): Backend | null {
  const addon = loadAddon();
  if (!addon) return null;
  const { NABLA_THREADS: threads } = process.env;
  if (threads) addon.setThreads(readThreads(threads));
  // Cleanup hooks of the main thread's environment may not run at process.exit().
  process.once('exit', () => addon.close());
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
      ),
    fitSync(job) {
      try {
        return addon.fitSync(...argumentsOf(job));
      } catch (error) {
        throw rethrown(error);
      }
    },
    fit(job) {
      return new Promise((resolve, reject) => {
        addon.fit(...argumentsOf(job), (error, outcome) => {
          if (outcome) resolve(outcome);
          else reject(rethrown(error));
        });
      });
    },
    fitManySync(job) {
      try {
        addon.fitManySync(...manyArgumentsOf(job));
      } catch (error) {
        throw rethrown(error);
      }
    },
    fitMany(job) {
      return new Promise((resolve, reject) => {
        addon.fitMany(...manyArgumentsOf(job), (error) => {
          if (error) reject(rethrown(error));
          else resolve();
        });
      });
    },
  };
}
