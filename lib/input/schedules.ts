// Reads schedules: parameters in slots, and lists for what has no slot.

import { maxParameters, type Plan } from '../backend/plan.js';
import { invalid, NablaError, viewName } from '../base/errors.js';
import { callersOwn } from '../base/memory.js';
import type { Choice } from '../catalog/entry.js';
import { losses } from '../catalog/losses.js';
import { schedules } from '../catalog/schedules.js';
import { type Chosen, readChoice, readNumber, readPlain } from './read.js';

type Named<K extends keyof typeof schedules> = Choice<Pick<typeof schedules, K>>;
type Warmup = { warmup?: number };

/** One of the schedules of `sequential`. */
export interface SchedulePart {
  schedule: Schedule;
  /** How long it lasts; it counts its own epochs and steps. Of the last one: default all that follow. */
  epochs?: number;
  /** On the learning rate. Default 1. */
  factor?: number;
}

/** A learning rate schedule by name, or by name with its parameters. */
export type Schedule =
  | Named<Exclude<keyof typeof schedules, 'multistep' | 'sequential' | 'lambda'>>
  /** `milestones`: epochs, from 1, at each of which the rate falls; PyTorch's MultiStepLR. */
  | ({ name: 'multistep'; milestones: ArrayLike<number>; gamma?: number } & Warmup)
  /** PyTorch's SequentialLR. */
  | ({ name: 'sequential'; parts: readonly SchedulePart[] } & Warmup)
  /**
   * `lambda`: a factor on the learning rate of each epoch, counted from 0, called before the fit for all of its epochs;
   * or `table`: the factors. Behind its end the last one stays. PyTorch's LambdaLR.
   */
  | ({ name: 'lambda'; lambda: (epoch: number) => number } & Warmup)
  | ({ name: 'lambda'; table: ArrayLike<number> } & Warmup);

/** As read: a choice, and what has no slot among its parameters. */
export interface ChosenSchedule extends Chosen {
  readonly list: Float64Array;
}

const none = new Float64Array(0);
/** Schedules within schedules at most, so that one that holds itself is refused. */
const mostNested = 16;
/** Epochs of a fit for which a function is called. */
const mostEpochs = 1e6;
const epochsOption = { kind: 'number', default: 1, range: '[1, 9007199254740991]', whole: true, help: '' } as const;
const factorOption = { kind: 'number', default: 1, range: '[0, ∞)', help: '' } as const;

/** Two defaults depend on the rest: the power of inverse scaling on the loss, alpha of `optimal` on l2. */
export function readSchedule(
  value: unknown,
  loss: Chosen,
  { l2, epochs }: Pick<Plan, 'l2' | 'epochs'>,
): ChosenSchedule {
  return read('schedule', value, losses[loss.name as keyof typeof losses].predicts === 'class', l2, epochs);
}

function read(name: string, value: unknown, isClass: boolean, l2: number, epochs: number, depth = 0): ChosenSchedule {
  const { milestones, parts, lambda, table, ...rest } =
    typeof value === 'object' && value !== null ? readPlain(name, value) : ({ name: value } as Record<string, unknown>);
  const extra = { milestones, parts, lambda, table };
  const chosen = readChoice(name, typeof value === 'object' && value !== null ? rest : value, schedules);
  for (const [key, given] of Object.entries(extra)) {
    if (given !== undefined && !(lists[chosen.name] ?? []).includes(key)) {
      throw new NablaError('ERR_UNKNOWN_OPTION', `${name}.${key} is no option of ${chosen.name}`);
    }
  }
  if (chosen.name === 'multistep') return { ...chosen, list: readMilestones(`${name}.milestones`, milestones) };
  if (chosen.name === 'sequential') {
    return { ...chosen, list: readParts(`${name}.parts`, parts, isClass, l2, epochs, depth + 1) };
  }
  if (chosen.name === 'lambda') return { ...chosen, list: readTable(name, lambda, table, epochs) };
  const withSecond = (second: number) => ({ ...chosen, parameters: chosen.parameters.with(1, second), list: none });
  if (chosen.name === 'invscaling' && isClass && !chosen.given.includes('power')) return withSecond(0.5);
  if (chosen.name === 'optimal' && l2 > 0 && !chosen.given.includes('alpha')) return withSecond(l2);
  return { ...chosen, list: none };
}

const lists: Readonly<Record<string, readonly string[]>> = {
  multistep: ['milestones'],
  sequential: ['parts'],
  lambda: ['lambda', 'table'],
};

/** A non-empty list of numbers, each read once. */
function readNumbers(name: string, value: unknown, expected: string): unknown[] {
  const isList = Array.isArray(value) || /^(Float|Uint|Int)\d+(Clamped)?Array$/.test(viewName(value) ?? '');
  if (!isList) throw invalid('ERR_INVALID_ARG_TYPE', name, expected, value);
  const list = Array.from(value as ArrayLike<unknown>);
  if (list.length === 0) throw invalid('ERR_OUT_OF_RANGE', name, expected, value);
  return list;
}

function readMilestones(name: string, value: unknown): Float64Array {
  const list = readNumbers(name, value, 'a non-empty array of epochs');
  return Float64Array.from(list, (epoch, i) => readNumber(`${name}[${i}]`, epoch, epochsOption)).sort();
}

function readTable(name: string, lambda: unknown, table: unknown, epochs: number): Float64Array {
  if (table !== undefined) {
    if (lambda !== undefined)
      throw new NablaError('ERR_UNKNOWN_OPTION', `give ${name}.lambda or ${name}.table, not both`);
    const list = readNumbers(`${name}.table`, table, 'a non-empty array of factors');
    return Float64Array.from(list, (factor, i) => readNumber(`${name}.table[${i}]`, factor, factorOption));
  }
  if (typeof lambda !== 'function') {
    throw invalid('ERR_INVALID_ARG_TYPE', `${name}.lambda`, 'a function of the epoch', lambda);
  }
  if (epochs > mostEpochs) {
    throw invalid('ERR_OUT_OF_RANGE', 'epochs', `at most ${mostEpochs} with the schedule lambda`, epochs);
  }
  const factorOf = callersOwn(lambda as (epoch: number) => unknown);
  return Float64Array.from({ length: epochs }, (_, epoch) =>
    readNumber(`${name}.lambda(${epoch})`, factorOf(epoch), factorOption),
  );
}

/** One behind the other: epochs (0: all that follow), factor, number, parameters, how long the list is, the list. */
function readParts(
  name: string,
  value: unknown,
  isClass: boolean,
  l2: number,
  epochs: number,
  depth: number,
): Float64Array {
  if (!Array.isArray(value)) throw invalid('ERR_INVALID_ARG_TYPE', name, 'an array of schedules with epochs', value);
  const all: unknown[] = Array.from(value); // holes as undefined
  if (all.length === 0) throw invalid('ERR_OUT_OF_RANGE', name, 'at least one schedule', value);
  if (depth > mostNested) {
    throw new NablaError('ERR_OUT_OF_RANGE', `schedule must hold at most ${mostNested} schedules within each other`);
  }
  const numbers: number[] = [];
  all.forEach((given, i) => {
    const at = `${name}[${i}]`;
    const part = readPlain(at, given);
    const wrong = Object.keys(part).find((key) => !['schedule', 'epochs', 'factor'].includes(key));
    if (wrong)
      throw new NablaError('ERR_UNKNOWN_OPTION', `${at}.${wrong} is no option. Known: schedule, epochs, factor`);
    const isOpen = i === all.length - 1 && part.epochs === undefined;
    const own = isOpen ? 0 : readNumber(`${at}.epochs`, part.epochs, epochsOption);
    const factor = part.factor === undefined ? 1 : readNumber(`${at}.factor`, part.factor, factorOption);
    const { index, parameters, list } = read(
      `${at}.schedule`,
      part.schedule,
      isClass,
      l2,
      isOpen ? epochs : own,
      depth,
    );
    numbers.push(own, factor, index, ...parameters, list.length);
    for (const number of list) numbers.push(number);
  });
  return Float64Array.from(numbers);
}

/** A schedule of a plan as callers write it, all parameters named. */
export function scheduleSpec(index: number, parameters: Float64Array, list: Float64Array): Schedule {
  const [name, entry] = Object.entries(schedules)[index];
  const own = Object.keys(entry.parameters).map((key, slot) => [key, parameters[slot]]);
  const spec = { name, ...Object.fromEntries(own) };
  if (name === 'multistep') return { ...spec, milestones: Array.from(list) };
  if (name === 'lambda') return { ...spec, table: Array.from(list) };
  if (name !== 'sequential') return spec;
  const parts: SchedulePart[] = [];
  for (let at = 0; at < list.length; ) {
    const [epochs, factor, kind] = list.subarray(at, at + 3);
    const begin = at + 4 + maxParameters;
    const end = begin + list[begin - 1];
    const schedule = scheduleSpec(kind, list.subarray(at + 3, begin - 1), list.subarray(begin, end));
    parts.push({ schedule, ...(epochs > 0 && { epochs }), factor });
    at = end;
  }
  return { ...spec, parts };
}
