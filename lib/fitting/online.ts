// State of the update rule that a model remembers for partialFit.

import { type Plan, weightCount } from '../backend/plan.js';
import { invalid, NablaError } from '../base/errors.js';
import { rules } from '../catalog/rules.js';
import { schedules } from '../catalog/schedules.js';
import type { OptimizerSpec } from '../input/options.js';
import { type Chosen, readChoice, readObject, specOf } from '../input/read.js';
import { rules as referenceRules } from '../reference/kernels/updates.js';
import { isCount, mostCounted, ranges } from '../reference/objective/archive.js';
import { isCycleLength } from '../reference/solver/curve.js';
import { maxRunning } from '../reference/solver/optimizer.js';

/** An update rule as it was chosen, and what it carries over to the next fit. */
export interface Online {
  readonly optimizer: OptimizerSpec;
  readonly carried: Float64Array;
}

/** In a model's JSON: the state as the base64 of little-endian doubles, so that it keeps every bit. */
export interface OnlineJSON {
  optimizer: OptimizerSpec;
  carried: string;
}

export function writeOnline({ optimizer, carried }: Online): OnlineJSON {
  const bytes = Buffer.alloc(carried.byteLength);
  carried.forEach((value, i) => {
    bytes.writeDoubleLE(value, 8 * i);
  });
  return { optimizer, carried: bytes.toString('base64') };
}

/** Back from what {@link writeOnline} wrote. */
export function decodeCarried(text: unknown): Float64Array {
  const bytes = typeof text === 'string' ? Buffer.from(text, 'base64') : Buffer.alloc(0);
  if (bytes.length % 8 !== 0 || bytes.toString('base64') !== text) {
    throw invalid('ERR_MODEL_FORMAT', 'model.online.carried', 'the base64 of numbers', text);
  }
  return Float64Array.from({ length: bytes.length / 8 }, (_, i) => bytes.readDoubleLE(8 * i));
}

/** What is carried, in its parts, as solver/fit and solver/descent write it one behind the other. */
interface Carried {
  epochs: number;
  /** Of standardized columns. */
  scaling: Float64Array | null;
  /** Those that the next step begins at, where the model has others: an average, or of X's own columns. */
  weights: Float64Array | null;
  steps: number;
  /** Steps before the rule's first, running products, arrays; null: the rule begins anew. */
  rule: Float64Array | null;
  /** What a cumulative penalty holds at 0. */
  held: Float64Array | null;
  /** Where the schedule stands. */
  schedule: Float64Array;
  /** With the step that it has begun with. */
  average: Float64Array | null;
}

/** How long the parts are. */
interface Lengths {
  states: number;
  cols: number;
  /** of the weights */
  size: number;
}

/** Takes what is carried apart; null: it does not hold these parts. */
function partsOf(carried: Float64Array, { states, cols, size }: Lengths): Carried | null {
  let at = 0;
  const take = (n: number) => {
    at += n;
    return carried.subarray(at - n, at);
  };
  const number = () => take(1)[0];
  let isRight = true;
  const part = (n: number): Float64Array | null => {
    const flag = number();
    isRight &&= flag === 0 || flag === 1;
    return flag === 1 ? take(n) : null;
  };
  const head = { epochs: number(), scaling: part(1 + 3 * cols), weights: part(size), steps: number() };
  const rule = part(1 + maxRunning + states * size);
  const held = rule && part(size);
  const parts = { ...head, rule, held, average: part(1 + size), schedule: take(6) };
  const left = carried.length - at;
  const isWhole = isRight && left >= 5 && left === parts.schedule[5];
  return isWhole ? { ...parts, schedule: carried.subarray(at - 6) } : null;
}

const areFinite = (list: Float64Array | null): boolean => list === null || list.every(Number.isFinite);

/** Running products, and behind them the arrays of a rule for so many weights. */
function isRuleState(state: Float64Array, rule: number, size: number): boolean {
  const { squares } = referenceRules[rule];
  return state.every((value, i) => {
    if (i < maxRunning) return ranges.part(value);
    return squares.includes(Math.floor((i - maxRunning) / size)) ? ranges.square(value) : ranges.notNaN(value);
  });
}

/** Means, deviations (infinite for a constant column) and squares. */
function isScaling([isKnown, ...numbers]: Float64Array, cols: number): boolean {
  const isRight = (value: number, i: number) => {
    return i < cols ? Number.isFinite(value) : value > 0 && (value < Infinity || i < 2 * cols);
  };
  return isKnown === 1 && numbers.every(isRight);
}

function isSchedule([kind, counted, otherEpochs, alike, perEpoch, length, ...curves]: Float64Array): boolean {
  const isCurve = [ranges.notNaN, isCount, ranges.size, isCycleLength, ranges.part];
  return (
    isCount(kind, Object.keys(schedules).length - 1) &&
    [counted, otherEpochs, alike].every((value) => ranges.size(value) && value <= mostCounted) &&
    perEpoch >= 1 &&
    perEpoch < Infinity &&
    length % isCurve.length === 0 &&
    curves.every((value, i) => isCurve[i % isCurve.length](value))
  );
}

/** Whether numbers are what a fit by this rule hands on, each in its range. `size`: of the weights. */
export function isCarried(carried: Float64Array, rule: number, cols: number, size: number): boolean {
  const parts = partsOf(carried, { states: referenceRules[rule].states, cols, size });
  if (!parts) return false;
  const { epochs, scaling, weights, steps, rule: own, held, average, schedule } = parts;
  return (
    isCount(epochs) &&
    isCount(steps) &&
    (scaling === null || isScaling(scaling, cols)) &&
    areFinite(weights) &&
    (own === null || (isCount(own[0], steps) && isRuleState(own.subarray(1), rule, size))) &&
    areFinite(held) &&
    (average === null || (isCount(average[0], steps) && areFinite(average))) &&
    isSchedule(schedule)
  );
}

/** The same of files of version 2: epochs, steps, products and arrays. */
function isOldCarried(carried: Float64Array, rule: number, size: number): boolean {
  const [epochs, steps] = carried;
  if (carried.length !== 2 + maxRunning + referenceRules[rule].states * size) return false;
  return isCount(epochs) && isCount(steps) && isRuleState(carried.subarray(2), rule, size);
}

function joined({ epochs, scaling, steps, rule, held, schedule, weights, average }: Carried): Float64Array {
  const optional = (part: Float64Array | null) => (part ? [[1], part] : [[0]]);
  const lists = [
    [epochs],
    ...optional(scaling),
    ...optional(weights),
    [steps],
    ...optional(rule),
    ...(rule ? optional(held) : []),
    ...optional(average),
    schedule,
  ];
  const all = new Float64Array(lists.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const list of lists) {
    all.set(list, at);
    at += list.length;
  }
  return all;
}

/** Where a schedule stands after so many epochs, all of as many steps. */
function scheduleAfter({ schedule, scheduleParameters }: Plan, epochs: number, steps: number, reduced = 1): number[] {
  const perEpoch = steps > epochs && epochs > 0 ? steps / epochs : 1;
  const warmup = Math.min(steps, Math.floor(scheduleParameters[0] * perEpoch));
  return [schedule, steps - warmup, 0, steps, perEpoch, 5, Number.MAX_VALUE, 0, 0, 0, reduced];
}

const noRule = { scaling: null, rule: null, held: null, weights: null, average: null };

/** What partialFit goes on from where the rule's state was not kept: how far epochs and schedule have come. */
export function counted(plan: Plan, epochs: number, steps: number, rate: number): Float64Array {
  const part = rate / plan.ruleParameters[0];
  const reduced = part < 1 ? part : 1;
  const isPlateau = Object.keys(schedules)[plan.schedule] === 'plateau';
  const schedule = Float64Array.from(scheduleAfter(plan, epochs, steps, isPlateau ? reduced : 1));
  return joined({ ...noRule, epochs, steps, schedule });
}

/**
 * What a fit under `plan` by a rule takes over from a model; empty: nothing. Another rule takes the counts; so does one of
 * columns that are standardized where they were not, or the other way round, and one of classes in another order.
 */
export function carriedFrom(
  { online, kept }: { online: Online | null; kept: unknown },
  plan: Plan,
  isSameOrder: boolean,
): Float64Array {
  const none = new Float64Array(0);
  if (!online) return none;
  const { index } = readChoice('warmStart.online', online.optimizer, rules);
  const { states } = referenceRules[index];
  const size = weightCount(plan);
  if (kept === null) return isSameOrder && index === plan.rule ? ofOldFile(online.carried, plan, states * size) : none;
  const parts = partsOf(online.carried, { states, cols: plan.cols, size });
  if (!parts) return none;
  const isSame = isSameOrder && parts.rule && index === plan.rule && (parts.scaling !== null) === plan.standardize;
  // A copy, which nobody can detach while a thread of the pool reads it.
  return isSame || !parts.rule ? online.carried.slice() : joined({ ...parts, ...noRule });
}

/** Files of version 2 have epochs, steps, products and arrays. */
function ofOldFile(carried: Float64Array, plan: Plan, states: number): Float64Array {
  const [epochs, steps] = carried;
  if (carried.length !== 2 + maxRunning + states) return new Float64Array(0);
  const schedule = Float64Array.from(scheduleAfter(plan, epochs, steps));
  return joined({ ...noRule, epochs, steps, rule: Float64Array.of(0, ...carried.subarray(2)), schedule });
}

/** `carriedOf`: its array; `coefficients`, `intercepts`: how many the model has; `isOld`: of a file of version 2. */
export function readOnline(
  json: unknown,
  carriedOf: () => Float64Array,
  coefficients: number,
  intercepts: number,
  isOld: boolean,
): Online | null {
  if (json === undefined) return null;
  let rule: Chosen;
  try {
    rule = readChoice(
      'model.online.optimizer',
      readObject('model.online', json, ['optimizer', 'carried']).optimizer,
      rules,
    );
  } catch (error) {
    throw new NablaError('ERR_MODEL_FORMAT', (error as Error).message, { cause: error });
  }
  const carried = carriedOf();
  const cols = coefficients / intercepts;
  const sizes = [coefficients, coefficients + intercepts];
  const isRight = isOld
    ? (size: number) => isOldCarried(carried, rule.index, size)
    : (size: number) => isCarried(carried, rule.index, cols, size);
  if (!sizes.some(isRight)) {
    const expected = `the state of ${rule.name} for ${coefficients} coefficients, in numbers of their ranges`;
    throw invalid('ERR_MODEL_FORMAT', 'model.online.carried', expected, carried);
  }
  return { optimizer: specOf(rule, rules) as OptimizerSpec, carried };
}
