// fitMany on a backend: many fits of one plan on packed problems.

import { gramFrom, usesGram } from '../backend/gram.js';
import type { Backend, ManyJob } from '../backend/interface.js';
import {
  coefficientCount,
  manyStatuses,
  type Plan,
  piecewiseLinearLosses,
  samplerKind,
  statuses,
  type Table,
  weightCount,
} from '../backend/plan.js';
import { checkFixed, type Matrix, moveIn, snapshot, zerosLike } from '../base/arrays.js';
import { type ErrorCode, invalid, NablaError } from '../base/errors.js';
import { guarded } from '../base/memory.js';
import { losses } from '../catalog/losses.js';
import { putBack, takeAside } from '../fitting/aside.js';
import { Control } from '../fitting/control.js';
import { hasDomain, startInDomain } from '../fitting/domain.js';
import { distanceTold, isSomething } from '../fitting/judge.js';
import { type KeptOptions, keptOptions } from '../fitting/kept.js';
import { type Distance, unknownDistance } from '../fitting/optimality.js';
import { checkAgain } from '../fitting/prepare.js';
import { rowsForLbfgs, withSolver } from '../fitting/solver.js';
import { hasNullStart, nullIntercept } from '../fitting/start.js';
import { withUnits } from '../fitting/units.js';
import { readBounds, readPenaltyFactors } from '../input/bounds.js';
import { checkFinite, checkWeights, type RawTable } from '../input/data.js';
import { checkClasses, type Label, readClasses } from '../input/labels.js';
import { type FitOptions, readFitOptions, type Sampler } from '../input/options.js';
import {
  longest,
  type PackedProblems,
  type Problem,
  problemOf,
  type RawProblems,
  readProblems,
  shortest,
} from '../input/problems.js';
import { type Chosen, parametersOf } from '../input/read.js';
import { readSampler } from '../input/sampler.js';
import { readClassWeight, readTargets, rowWeights, type Targets } from '../input/targets.js';
import type { Model } from '../model/model.js';
import { Models } from './models.js';

/** Options of a fit that many fits have not, and why. */
const ofOneFit = {
  warmStart: 'it takes a model of one fit',
  checkpoint: 'it holds the state of one fit',
  keepState: 'states are not kept',
  validation: 'its rows belong to one fit',
  validationFraction: 'all rows are fitted to',
  history: 'histories are not kept',
  sampleWeight: 'it belongs beside X and y',
  offset: 'it belongs beside X and y',
  onProgress: 'it tells the epochs of one fit',
} as const;

/** How to fit: the options of a fit but for those of one fit alone. `maxSeconds` and its kin are of each. */
export interface ManyOptions extends Omit<FitOptions, keyof typeof ofOneFit | 'sampler' | 'classes'> {
  /** Which rows make a batch. Default `'full'`, or `'shuffled'` when `batchSize` is given. */
  sampler?: Exclude<Sampler, 'indices' | { name: 'indices' }>;
  /**
   * All classes there are, of numbers; or how many softmax has, or a loss of a margin with more than two. Must be given
   * with these losses.
   */
  classes?: number | readonly number[];
}

/** Fits many problems on the calling thread. */
export type FitManySync = (problems: readonly Problem[] | PackedProblems, options?: ManyOptions) => Models;
/** Fits many problems off the calling thread. */
export type FitMany = (problems: readonly Problem[] | PackedProblems, options?: ManyOptions) => Promise<Models>;

const noColumns = new Float64Array(0); // a measure of y needs none
const failed = manyStatuses.indexOf('failed');
const diverged = statuses.indexOf('diverged');

/** Errors that are of what the data hold: they concern one problem. */
const ofData: readonly ErrorCode[] = ['ERR_NOT_FINITE', 'ERR_OUT_OF_RANGE', 'ERR_INVALID_LABELS'];

/** Fits about to run, and what their results need. */
interface ManyCall {
  job: ManyJob;
  /** In place of the job's, for problems of fewer rows than so many: what `auto` picks for them. */
  shorter: { plan: Plan; optimizer: string; below: number } | null;
  loss: keyof typeof losses;
  lossParameters: Readonly<Record<string, number>>;
  optimizer: string;
  options: KeptOptions;
  labels: readonly Label[];
  errors: Map<number, NablaError>;
  raw: RawProblems;
  control: Control;
}

/** Collects the errors of problems that fail alone. */
class Sieve {
  readonly errors = new Map<number, NablaError>();

  constructor(private readonly raw: RawProblems) {}

  /** Checks all problems as one; where that fails, or there is no such check, each that has not failed yet. */
  check(each: (table: RawTable, i: number) => void, whole?: (table: RawTable) => void): void {
    if (whole && this.passes(() => whole(this.raw))) return;
    for (let i = 0; i < this.raw.count; i++) {
      if (!this.errors.has(i)) this.passes(() => each(problemOf(this.raw, i), i), i);
    }
  }

  private passes(check: () => void, i?: number): boolean {
    try {
      check();
      return true;
    } catch (error) {
      if (!(error instanceof NablaError && ofData.includes(error.code))) throw error;
      if (i !== undefined) this.errors.set(i, error);
      return false;
    }
  }
}

function prepareMany(problems: unknown, options: unknown): ManyCall {
  const read = readFitOptions(options);
  const { given } = read;
  for (const [name, why] of Object.entries(ofOneFit)) {
    if (given[name] !== undefined)
      throw new NablaError('ERR_UNKNOWN_OPTION', `${name} is no option of many fits: ${why}`);
  }
  const loss = read.loss.name as keyof typeof losses;
  const classes = classesOf(loss, given.classes);
  const { classWeight } = given;
  const raw = readProblems(problems);
  const control = new Control(given);
  if (control.transfer && raw.copied) {
    throw new NablaError('ERR_UNKNOWN_OPTION', 'transfer goes with packed problems; those of an array are copied');
  }
  const sieve = new Sieve(raw);
  if (raw.sampleWeight) {
    sieve.check(({ sampleWeight }) => checkWeights('sampleWeight', sampleWeight as Float64Array));
  }
  const targets = targetsOf(read.loss, raw, sieve, classes);
  const { outputs } = targets;
  if (raw.offset && raw.offset.length !== raw.rows * outputs) {
    const expected = `${raw.rows * outputs} elements (${raw.rows} rows × ${outputs} outputs)`;
    throw new NablaError('ERR_SHAPE', `offset must have ${expected}; got ${raw.offset.length}`);
  }
  const inUse = rowsInUse(raw, targets, weightsOf(loss, raw, sieve, targets, classWeight));
  const { borders } = inUse;
  const rows = longest(borders);
  const { indices, ...sampler } = readSampler(read, rows, { count: rows, index: null });
  if (sampler.sampler === samplerKind.indices) {
    throw new NablaError(
      'ERR_UNKNOWN_OPTION',
      'the sampler "indices" names rows of one fit; many fits have not got it',
    );
  }
  const bounds = readBounds(given, raw.cols, outputs);
  const whole: Plan = {
    ...read.plan,
    ...sampler,
    rows,
    cols: raw.cols,
    outputs,
    targets: targets.targets,
    validationRows: 0,
    bounded: bounds !== null,
  };
  const { plan: solved, name: optimizer } =
    whole.solver > 0 ? withSolver(whole, rows) : { plan: whole, name: read.optimizer };
  const plan: Plan = { ...solved, gramFrom: gramFrom(solved, rows, read.gram) };
  const below = rowsForLbfgs(whole);
  let shorter: ManyCall['shorter'] = null;
  if (read.optimizer === 'auto' && optimizer === 'lbfgs' && shortest(borders) < below) {
    const { plan, name } = withSolver(whole, 0);
    shorter = { plan, optimizer: name, below };
  }
  const penaltyFactors = readPenaltyFactors(given.penaltyFactors, raw.cols, outputs);
  const kept = keptOptions(read, plan);
  // A getter among the options may have detached or shrunk the arrays.
  if (raw.count > 0) checkAgain(raw);
  const { count } = raw;
  const coefficients = new Float64Array(count * outputs * raw.cols);
  const intercepts = hasDomain(plan) ? startsInDomain(plan, inUse, count) : startsOf(plan, inUse, count);
  const status = new Uint8Array(count);
  for (const i of sieve.errors.keys()) status[i] = failed;
  return {
    job: {
      plan,
      ...inUse,
      penaltyFactors,
      bounds,
      coefficients,
      intercepts,
      status,
      losses: new Float64Array(count).fill(NaN),
      remaining: new Float64Array(count).fill(NaN),
      epochs: new Float64Array(count),
      steps: new Float64Array(count),
    },
    shorter,
    loss,
    lossParameters: parametersOf(read.loss, losses),
    optimizer,
    options: kept,
    labels: targets.labels,
    errors: sieve.errors,
    raw,
    control,
  };
}

/** The rows of a problem. */
function tableOf({ cols, outputs, targets }: Plan, rows: RowsInUse, i: number): Table {
  const { X, y, offset, borders, sampleWeight } = rows;
  const [from, to] = [borders[i], borders[i + 1]];
  return {
    X: X.subarray(from * cols, to * cols),
    y: y.subarray(from * targets, to * targets),
    sampleWeight: sampleWeight?.subarray(from, to) ?? null,
    offset: offset?.subarray(from * outputs, to * outputs) ?? null,
    index: null,
    count: to - from,
  };
}

/** The intercepts to start each problem at. */
function startsInDomain(plan: Plan, rows: RowsInUse, count: number): Float64Array {
  const { outputs, intercept } = plan;
  const starts = new Float64Array(count * outputs);
  for (let i = 0; intercept && i < count; i++) {
    const weights = new Float64Array(weightCount(plan));
    startInDomain(plan, tableOf(plan, rows, i), weights);
    starts.set(weights.subarray(coefficientCount(plan)), i * outputs);
  }
  return starts;
}

/** The intercepts that each problem starts from. */
function startsOf(plan: Plan, rows: Pick<ManyJob, 'y' | 'sampleWeight' | 'offset' | 'borders'>, count: number) {
  const { outputs } = plan;
  const starts = new Float64Array(count * outputs);
  if (!hasNullStart(plan)) return starts;
  const { borders } = rows;
  const all = { ...rows, index: null };
  for (let i = 0; i < count; i++) {
    const length = borders[i + 1] - borders[i];
    for (let k = 0; k < outputs; k++) starts[i * outputs + k] = nullIntercept(plan, all, borders[i], length, k);
  }
  return starts;
}

/** The option `classes`. What a problem's own rows would say of them need not be what others' say. */
function classesOf(loss: keyof typeof losses, value: unknown): number | readonly Label[] | undefined {
  const { target } = losses[loss];
  const expected = '[-1, 1] or [0, 1], or the number of more than two classes';
  if (value !== undefined) {
    const classes = readClasses(value);
    if (typeof classes === 'object') checkClasses('classes', loss, classes);
    else if (target === 'plusMinusOne' && classes === 2) throw invalid('ERR_OUT_OF_RANGE', 'classes', expected, value);
    return classes;
  }
  if (target === 'label') throw invalid('ERR_INVALID_ARG_TYPE', 'classes', 'the number of classes', value);
  if (target === 'plusMinusOne') throw invalid('ERR_INVALID_ARG_TYPE', 'classes', expected, value);
  return undefined;
}

/** What y is to the loss, of all problems that y does not make fail. */
function targetsOf(
  chosen: Chosen,
  raw: RawProblems,
  sieve: Sieve,
  classes: number | readonly Label[] | undefined,
): Targets {
  const loss = chosen.name as keyof typeof losses;
  const each = raw.count > 0 ? raw.y.length / raw.rows : 1;
  const isClass = losses[loss].predicts === 'class';
  const labels =
    typeof classes === 'object' ? classes : Array.from({ length: isClass ? (classes ?? 2) : 0 }, (_, k) => k);
  const isAgainstRest = loss !== 'softmax' && labels.length > 2;
  const targets: Targets = {
    outputs: loss === 'softmax' || isAgainstRest ? labels.length : each,
    targets: isAgainstRest ? labels.length : each,
    labels,
    y: isAgainstRest ? new Float64Array(raw.rows * labels.length) : raw.y,
  };
  if (raw.count === 0) return targets;
  const read = (table: RawTable): Targets => readTargets('y', chosen, table, undefined, classes);
  const one = (table: RawTable, i: number) => {
    const { y, ...rest } = read(table);
    if (targets.y === raw.y) targets.y = new Float64Array(raw.rows * rest.targets);
    targets.y.set(y, raw.borders[i] * rest.targets);
    Object.assign(targets, rest);
  };
  sieve.check(one, () => Object.assign(targets, read(raw)));
  return targets;
}

/** Weights of rows with a mean of 1 over each problem; null when all count the same. */
function weightsOf(
  loss: keyof typeof losses,
  raw: RawProblems,
  sieve: Sieve,
  { y, labels, targets }: Targets,
  classWeight: unknown,
): Float64Array | null {
  if (raw.count === 0 || (classWeight === undefined && raw.sampleWeight === null)) return null;
  if (classWeight !== undefined) readClassWeight(classWeight, loss, labels, new Float64Array(0), new Uint32Array(0));
  const all = new Float64Array(raw.rows);
  sieve.check((table, i) => {
    const from = raw.borders[i];
    const own = { y: y.subarray(from * targets, raw.borders[i + 1] * targets), labels, targets };
    const { sampleWeight, index } = rowWeights(loss, table, own, table.used, classWeight);
    if (!index) all.set(sampleWeight as Float64Array, from);
    else for (const row of index) all[from + row] = (sampleWeight as Float64Array)[row];
  });
  return all;
}

type RowsInUse = Pick<ManyJob, 'X' | 'y' | 'offset' | 'borders' | 'sampleWeight'>;

/** The arrays of the rows whose weight is above 0: the caller's own where that is all of them. */
function rowsInUse(
  { X, offset, borders, rows }: RawProblems,
  { y }: Targets,
  sampleWeight: Float64Array | null,
): RowsInUse {
  if (!sampleWeight?.includes(0)) return { X, y, offset, borders, sampleWeight };
  const kept: number[] = [];
  const left = new Float64Array(borders.length);
  for (let i = 1; i < borders.length; i++) {
    for (let row = borders[i - 1]; row < borders[i]; row++) if (sampleWeight[row] > 0) kept.push(row);
    if (kept.length === left[i - 1]) kept.push(borders[i - 1]); // of a problem that fails: borders rise
    left[i] = kept.length;
  }
  const pick = <T extends Matrix>(from: T): T => {
    const width = from.length / rows;
    const to = zerosLike(from, kept.length * width) as T;
    kept.forEach((row, i) => {
      to.set(from.subarray(row * width, (row + 1) * width), i * width);
    });
    return to;
  };
  return { X: pick(X), y: pick(y), offset: offset && pick(offset), borders: left, sampleWeight: pick(sampleWeight) };
}

/** The call on memory that nobody else can detach. */
function own(call: ManyCall): ManyCall {
  const { job, raw, control } = call;
  if (raw.copied) return call;
  const isPicked = job.X !== raw.X; // then only errors are still looked for in the caller's arrays
  const { X, y, offset } = isPicked ? raw : job;
  for (const [name, array] of Object.entries({ X, y, offset })) if (array) checkFixed(name, array);
  control.check();
  const given: Matrix[] = offset ? [X, y, offset] : [X, y];
  const mine = control.transfer ? moveIn(given) : given.map(snapshot);
  const arrays = { X: mine[0], y: mine[1] as Float64Array, offset: offset && (mine[2] as Float64Array) };
  return { ...call, job: isPicked ? job : { ...job, ...arrays }, raw: { ...raw, ...arrays } };
}

function isShort({ job: { borders }, shorter }: ManyCall, i: number): boolean {
  return shorter !== null && borders[i + 1] - borders[i] < shorter.below;
}

/** The job, or one for each plan, where what the other one fits is marked as failed. */
function partsOf(call: ManyCall): ManyJob[] {
  const { job, shorter } = call;
  if (!shorter) return [job];
  const part = (plan: Plan, short: boolean) => {
    return { ...job, plan, status: job.status.map((status, i) => (isShort(call, i) === short ? status : failed)) };
  };
  return [part(job.plan, false), part(shorter.plan, true)];
}

function gather(call: ManyCall, parts: readonly ManyJob[]): void {
  const { status } = call.job;
  for (let i = 0; i < status.length; i++) status[i] = parts[Number(isShort(call, i))].status[i];
}

/**
 * How far each is from its minimum, found when it is asked for, as its unit takes longer than a fit; of arrays that the
 * caller may change there is a copy.
 */
function distancesOf(call: ManyCall): (i: number) => Distance {
  const { job, shorter, raw } = call;
  const { plan, status, losses, remaining } = job;
  let needsUnit = false;
  for (let i = 0; i < remaining.length && !needsUnit; i++) needsUnit = isSomething(remaining[i], losses[i]);
  const held = <T extends Float64Array | null>(array: T) =>
    (needsUnit && !raw.copied ? (array?.slice() ?? null) : array) as T;
  const [y, offset] = [held(job.y), held(job.offset)];
  const rows = { ...job, y, offset, X: noColumns };
  return (i) => {
    const own = shorter && isShort(call, i) ? shorter.plan : plan;
    const rest = remaining[i];
    if (Number.isNaN(rest)) return unknownDistance;
    const isBound = piecewiseLinearLosses.includes(plan.loss);
    const told = {
      status: status[i],
      loss: losses.subarray(i, i + 1),
      gap: isBound ? rest : NaN,
      remainingDecrease: rest,
    };
    return distanceTold({ plan: own, train: tableOf(own, rows, i) }, told);
  };
}

/** What came of the fits. A NaN in the data looks like divergence; it is the caller's mistake and says where it is. */
function modelsOf(model: typeof Model, call: ManyCall): Models {
  const { job, shorter, raw, errors, loss, lossParameters, optimizer, labels } = call;
  const { plan, borders, coefficients, intercepts, status, losses, remaining, epochs, steps } = job;
  const { outputs, cols } = plan;
  for (let i = 0; i < status.length; i++) {
    if (status[i] !== diverged) continue;
    try {
      checkFinite('data', problemOf(raw, i));
    } catch (error) {
      status[i] = failed;
      errors.set(i, error as NablaError);
    }
  }
  for (const i of errors.keys()) {
    coefficients.fill(NaN, i * outputs * cols, (i + 1) * outputs * cols);
    intercepts.fill(NaN, i * outputs, (i + 1) * outputs);
    losses[i] = remaining[i] = NaN;
    epochs[i] = steps[i] = 0;
  }
  return new Models(model, {
    loss,
    lossParameters,
    optimizer,
    labels: labels as readonly number[],
    outputs,
    cols,
    hasOffset: raw.offset !== null,
    coefficients,
    intercepts,
    status,
    losses,
    remaining,
    epochs,
    steps,
    optimizerOf: (i) => (shorter && isShort(call, i) ? shorter.optimizer : optimizer),
    pathOf: (i) => (plan.solver > 0 ? null : usesGram(plan, borders[i + 1] - borders[i]) ? 'gram' : 'direct'),
    distanceOf: distancesOf(call),
    kept: call.options,
    errors: new Map([...errors].sort(([i], [j]) => i - j)),
  });
}

export function createFitMany(backend: Backend, model: typeof Model): { fitManySync: FitManySync; fitMany: FitMany } {
  const alone = withUnits(backend);
  return guarded({
    fitManySync(problems, options) {
      const call = prepareMany(problems, options);
      call.control.check();
      const parts = partsOf(call);
      const aside = parts.flatMap((part) => takeAside(part));
      if (call.raw.count > 0) for (const part of parts) backend.fitManySync(part);
      gather(call, parts);
      for (const one of aside) putBack(call.job, one, alone.fitSync(one.job));
      return modelsOf(model, call);
    },
    async fitMany(problems, options) {
      const call = own(prepareMany(problems, options));
      const parts = partsOf(call);
      const aside = parts.flatMap((part) => takeAside(part));
      if (call.raw.count > 0) {
        await call.control.run(async (watch) => {
          for (const part of parts) await backend.fitMany(part, watch?.halt);
          gather(call, parts);
          for (const one of aside) putBack(call.job, one, await alone.fit(one.job, watch && { halt: watch.halt }));
        });
      }
      return modelsOf(model, call);
    },
  });
}
