// Reads and checks a call of a fit: the job for the backend, and what its result needs.

import { gramFrom } from '../backend/gram.js';
import type { FitJob } from '../backend/interface.js';
import { coefficientCount, type Plan, type Table, weightCount } from '../backend/plan.js';
import { checkArray, checkLength, checkMatrix, firstNotFinite, isFloat64Array } from '../base/arrays.js';
import { invalid, NablaError } from '../base/errors.js';
import { losses } from '../catalog/losses.js';
import { readBounds, readPenaltyFactors } from '../input/bounds.js';
import { type RawTable, readTable } from '../input/data.js';
import { holdOut } from '../input/holdout.js';
import { type Label, readClasses, some } from '../input/labels.js';
import { type OptimizerSpec, readFitOptions, type WarmStart } from '../input/options.js';
import { parametersOf } from '../input/read.js';
import { readSampler } from '../input/sampler.js';
import { type RowWeights, readTargets, rowWeights, type Targets } from '../input/targets.js';
import { type Checkpointing, readCheckpoint } from './checkpoint.js';
import { Control } from './control.js';
import { type KeptOptions, keptOptions } from './kept.js';
import { carriedFrom } from './online.js';
import { withSolver } from './solver.js';
import { startOf } from './startweights.js';

/** l1 and l2 for rows that weigh so much in sum, and tolerances that depend on them. */
export type PenaltyOf = (
  weight: number,
  train: Table,
  targets: number,
) => Pick<Plan, 'l1' | 'l2'> & Partial<Pick<Plan, 'tolerance' | 'gradientTolerance'>>;

/** A fit about to run: the job, and what its result needs. */
export interface Call {
  job: FitJob;
  loss: keyof typeof losses;
  lossParameters: Readonly<Record<string, number>>;
  /** The rule's or the solver's name. */
  optimizer: string;
  targets: Targets;
  checkpoint: Checkpointing | null;
  kept: OptimizerSpec | null;
  options: KeptOptions;
  raw: { data: RawTable; validation: RawTable | null };
  /** As the caller gave it. */
  classWeight: unknown;
  control: Control;
}

const holdOutStream = 16; // of draws: beyond those of the samplers

/** Rows for validation, drawn by seed, and the others; each in ascending order. */
export function split(rows: number, fraction: number, seed: number): { train: Uint32Array; validation: Uint32Array } {
  const held = Math.round(rows * fraction);
  if (held === 0 || held === rows) {
    throw new NablaError('ERR_OUT_OF_RANGE', `validationFraction ${fraction} of ${rows} rows leaves a part empty`);
  }
  const parts = holdOut(rows, held, seed, holdOutStream);
  return { validation: parts.held, train: parts.rest };
}

export function prepare(data: unknown, options: unknown, penalty?: PenaltyOf): Call {
  const read = readFitOptions(options);
  const { given, plan, validationFraction } = read;
  const control = new Control(given);
  const loss = read.loss.name as keyof typeof losses;
  const ofClasses = losses[loss].predicts === 'class';
  const raw = readTable('data', data, ofClasses, given);
  const classes = given.classes === undefined ? undefined : readClasses(given.classes);
  const targets = readTargets('y', read.loss, raw, undefined, classes);
  const { outputs } = targets;
  const tableOf = (name: string, from: RawTable, y: Float64Array, weights: RowWeights): Table => {
    if (from.offset && from.offset.length !== from.rows * outputs) {
      const expected = `${from.rows * outputs} elements (${from.rows} rows × ${outputs} outputs)`;
      throw new NablaError('ERR_SHAPE', `${name} must have ${expected}; got ${from.offset.length}`);
    }
    const { sampleWeight, index, count } = weights;
    return { X: from.X, y, sampleWeight, offset: from.offset, index, count };
  };

  let validation: Table | null = null;
  let validationRaw: RawTable | null = null;
  let trainIndex = raw.used;
  if (validationFraction > 0) {
    if (given.validation !== undefined) {
      throw new NablaError('ERR_UNKNOWN_OPTION', 'give validation or validationFraction, not both');
    }
    const { used } = raw;
    const parts = split(used ? used.length : raw.rows, validationFraction, plan.seed);
    const rowsOf = (places: Uint32Array) => (used ? places.map((place) => used[place]) : places);
    trainIndex = rowsOf(parts.train);
    validation = tableOf('offset', raw, targets.y, rowWeights(loss, raw, targets, rowsOf(parts.validation)));
  } else if (given.validation !== undefined) {
    validationRaw = readTable('validation', given.validation, ofClasses);
    checkAgain(raw); // a getter among these rows may have detached the others
    if (validationRaw.cols !== raw.cols) {
      const got = `got ${validationRaw.cols}`;
      throw new NablaError('ERR_SHAPE', `validation.X must have ${raw.cols} columns, as X has; ${got}`);
    }
    const { y } = readTargets('validation.y', read.loss, validationRaw, targets);
    const held = rowWeights(loss, validationRaw, { ...targets, y });
    validation = tableOf('validation.offset', validationRaw, y, held);
  }
  const weights = rowWeights(loss, raw, targets, trainIndex, given.classWeight);
  const train = tableOf('offset', raw, targets.y, weights);
  const { sampler, samplerParameters, indices } = readSampler(read, raw.rows, train);
  // One by one: to spread several objects into one takes longer than many a fit.
  plan.sampler = sampler;
  plan.samplerParameters = samplerParameters;
  plan.rows = raw.rows;
  plan.cols = raw.cols;
  plan.outputs = outputs;
  plan.targets = targets.targets;
  plan.validationRows = validation ? (validationRaw ?? raw).rows : 0;
  if (penalty) Object.assign(plan, penalty(weights.weight, train, plan.targets));
  const bounds = readBounds(given, raw.cols, outputs);
  plan.bounded = bounds !== null;
  const { plan: full, name: optimizer } =
    plan.solver > 0 ? withSolver(plan, train.count) : { plan, name: read.optimizer };
  full.gramFrom = gramFrom(full, train.count, read.gram);
  const penaltyFactors = readPenaltyFactors(given.penaltyFactors, raw.cols, outputs);
  const checkpoint = given.checkpoint === undefined ? null : readCheckpoint(given.checkpoint);
  const { warmStart } = given;
  const start = warmStart === undefined ? startOf(full, train) : startFrom(warmStart, full, loss, targets.labels);
  const kept = keptOptions(read, full);
  // A getter among the options may have detached or shrunk the arrays.
  checkAgain(raw);
  if (validationRaw) checkAgain(validationRaw);
  return {
    job: {
      plan: full,
      train,
      validation,
      indices,
      penaltyFactors,
      bounds,
      weights: start,
      state: null,
      carried: read.kept && carriedTo(full, given.warmStart, targets.labels),
      known: null,
    },
    loss,
    lossParameters: parametersOf(read.loss, losses),
    optimizer,
    targets,
    checkpoint,
    kept: read.kept,
    options: kept,
    raw: { data: raw, validation: validationRaw },
    classWeight: given.classWeight,
    control,
  };
}

/** The weights of a model to start from, its classes in the order of these labels. */
function startFrom(value: unknown, plan: Plan, loss: string, labels: readonly Label[]): Float64Array {
  const weights = new Float64Array(weightCount(plan));
  const model = value as Partial<WarmStart> | null;
  const isModel = typeof model === 'object' && model !== null && isFloat64Array(model.coefficients);
  if (!isModel || !isFloat64Array(model.intercepts) || !Array.isArray(model.labels)) {
    throw invalid('ERR_INVALID_ARG_TYPE', 'warmStart', 'a Model', value);
  }
  const { coefficients, intercepts } = model as WarmStart;
  if (model.loss !== loss) throw invalid('ERR_SHAPE', 'warmStart.loss', loss, model.loss);
  const order = classOrder(model.labels, labels);
  checkLength('warmStart.intercepts', intercepts, plan.outputs, 'one per output');
  checkLength('warmStart.coefficients', coefficients, coefficientCount(plan), `${plan.outputs} × ${plan.cols}`);
  for (const [name, numbers] of Object.entries({ coefficients, intercepts })) {
    const bad = firstNotFinite(numbers);
    if (bad >= 0) throw invalid('ERR_NOT_FINITE', `warmStart.${name}[${bad}]`, 'finite', numbers[bad]);
  }
  const { outputs, cols, intercept } = plan;
  // The one output of two classes is z of the second.
  const sign = outputs < labels.length && order[0] === 1 ? -1 : 1;
  for (let k = 0; k < outputs; k++) {
    const from = outputs === labels.length ? order[k] : k;
    for (let j = 0; j < cols; j++) weights[k * cols + j] = sign * coefficients[from * cols + j];
    if (intercept) weights[outputs * cols + k] = sign * intercepts[from];
  }
  return weights;
}

/** The place among a model's labels of each of these, which must be the same. */
function classOrder(own: readonly Label[], labels: readonly Label[]): number[] {
  const order = labels.map((label) => own.indexOf(label));
  if (own.length === labels.length && !order.includes(-1)) return order;
  const [there, here] = [own, labels].map((list) => (list.length > 0 ? some(list) : 'none'));
  const fix = 'name them all by the option classes, or leave warmStart out';
  throw new NablaError(
    'ERR_INVALID_LABELS',
    `warmStart must be a model of the same classes; it has ${there}, these rows ${here}: ${fix}`,
  );
}

/** What a fit takes over from a model; empty: nothing. */
function carriedTo(plan: Plan, warmStart: unknown, labels: readonly Label[]): Float64Array {
  if (warmStart === undefined) return new Float64Array(0);
  const from = warmStart as WarmStart & Parameters<typeof carriedFrom>[0];
  const isSameOrder = labels.every((label, k) => label === from.labels[k]);
  return carriedFrom(from, plan, isSameOrder);
}

/** The arrays, once more, after code of the caller's may have run. */
export function checkAgain({ X, y, rows, cols, offset, sampleWeight }: RawTable): void {
  checkLength('X', checkMatrix('X', X), rows * cols, `${rows} rows × ${cols} cols`);
  if (checkArray('y', y).length % rows !== 0) throw new NablaError('ERR_SHAPE', 'y has changed its length');
  if (offset) checkArray('offset', offset);
  if (sampleWeight) checkArray('sampleWeight', sampleWeight);
}
