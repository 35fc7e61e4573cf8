// createOptimizer and restoreOptimizer on a backend: an update rule on the caller's own arrays.

import type { Backend, Bounds } from '../backend/interface.js';
import { checkApart, checkArray, checkLength, firstNotFinite, isFloat64Array } from '../base/arrays.js';
import { invalid, NablaError } from '../base/errors.js';
import { isDefaultFloatingPoint } from '../base/floatingpoint.js';
import { allocate, guarded } from '../base/memory.js';
import type { Entry, Values } from '../catalog/entry.js';
import { fitOptions, type updateOptions } from '../catalog/options.js';
import { rules } from '../catalog/rules.js';
import { isList, readBounds } from '../input/bounds.js';
import { readSize } from '../input/data.js';
import type { OptimizerSpec } from '../input/options.js';
import { readBoolean, readChoice, readNumber, readObject, readPlain } from '../input/read.js';
import { refuseL1 } from '../input/sparsity.js';
import { reference } from '../reference/backend.js';
import { rules as referenceRules } from '../reference/kernels/updates.js';
import { isCount, ranges } from '../reference/objective/archive.js';
import { maxRunning } from '../reference/solver/optimizer.js';

const extraNames = ['clipNorm', 'clipValue', 'l1', 'l2', 'nonNegative'] as const;
const boundNames = ['lowerBounds', 'upperBounds'] as const;
/**
 * What may be added to a rule: clipping of the gradient, penalties by proximal steps, bounds, and `maximize`, which turns
 * the gradient's sign. Default: none. With groups `clipNorm` is of the gradient of all weights, as in PyTorch and Keras;
 * that of a group is of its own gradient, in its place.
 */
export type UpdateExtras = Values<Pick<typeof fitOptions, (typeof extraNames)[number]> & typeof updateOptions> &
  UpdateBounds;

/** Bounds on weights: a number, or one per weight. Weights outside are at them after a step. Default: none. */
export interface UpdateBounds {
  lowerBounds?: number | null | ArrayLike<number | null>;
  upperBounds?: number | null | ArrayLike<number | null>;
}

/** A range of the weights with its own options; what it leaves out is as in the whole. */
export type OptimizerGroup = {
  /** First weight. */ start: number /** Behind the last weight. */;
  end: number;
} & Record<string, number | boolean | null | ArrayLike<number | null>>;

/** An update rule by name, with its parameters; and for ranges of the weights, their own. */
export type OptimizerOptions =
  | OptimizerSpec
  | (Exclude<OptimizerSpec, string> & UpdateExtras & { groups?: readonly OptimizerGroup[] });

/** What {@link Optimizer.toJSON} writes. */
export interface OptimizerJSON {
  format: 'nabla-optimizer';
  version: 2;
  size: number;
  steps: number;
  /** Of the gradient of all weights; 0: any. */
  clipNorm: number;
  groups: { start: number; end: number; options: Record<string, unknown>; running: number[] }[];
  state: number[][];
}

/** Elements below which JavaScript is faster than a call into native (bench/borders.mjs measures it). */
const border = 64;

/** The rules, with what may be added to each behind its own parameters. */
const extended: Record<string, Entry> = Object.fromEntries(
  Object.entries(rules).map(([name, { help, parameters }]) => {
    const extras = extraNames.map((extra) => [extra, fitOptions[extra]]);
    return [name, { help, parameters: { ...parameters, ...Object.fromEntries(extras) } }];
  }),
);

/** One range of the weights. */
class Group {
  readonly rule: number;
  readonly parameters: Float64Array;
  readonly extras: Float64Array;
  readonly running = new Float64Array(maxRunning).fill(1);
  readonly options: Record<string, unknown>;
  /** Of the range; null: none. */
  readonly bounds: Bounds | null;

  constructor(
    readonly start: number,
    readonly end: number,
    options: Record<string, unknown>,
  ) {
    const plain = readPlain('optimizer', options);
    const { lowerBounds, upperBounds, maximize = false, ...choice } = plain;
    const { name, index, parameters } = readChoice('optimizer', choice, extended);
    const own = Object.keys(rules[name as keyof typeof rules].parameters).length;
    const sign = Number(readBoolean('optimizer.maximize', maximize));
    this.rule = index;
    // Behind them the norm that is clipped.
    const numbers = parameters.slice(own, own + extraNames.indexOf('nonNegative'));
    this.extras = Float64Array.of(...numbers, sign, 0);
    this.parameters = parameters.slice().fill(0, own);
    refuseL1('optimizer', name, this.parameters, this.extras[extraNames.indexOf('l1')]);
    this.options = { ...options };
    this.bounds = readBounds(plain, end - start, 1, 'weights');
  }

  /** Whether it has a clipNorm of its own. */
  get clipsItself(): boolean {
    return this.options.clipNorm !== undefined;
  }

  get learningRate(): number {
    return this.parameters[0];
  }

  set learningRate(value: number) {
    this.parameters[0] = readNumber('learningRate', value, rules.sgd.parameters.learningRate);
    this.options.learningRate = value;
  }
}

/** A rule with its state, for weights and gradients that somebody else keeps. */
export class Optimizer {
  /** How many weights. */
  readonly size: number;
  /**
   * What the rule keeps, an array of `size` each: momentum's velocity; Adam's mean and square (and largest square);
   * the state columns of the table of rules, in their order.
   */
  readonly state: readonly Float64Array[];
  /** The ranges of the weights in ascending order, with `learningRate` to be changed between steps. */
  readonly groups: readonly { readonly start: number; readonly end: number; learningRate: number }[];
  #steps = 0;
  readonly #state: Float64Array[];
  readonly #groups: Group[];
  readonly #bounds: Bounds | null;
  readonly #backend: Backend;
  readonly #clipNorm: number;

  /** @internal */
  constructor(backend: Backend, size: number, { clipNorm, groups }: Grouped) {
    this.#backend = backend;
    this.size = size;
    this.#clipNorm = clipNorm;
    this.#groups = groups;
    this.groups = groups;
    this.#bounds = boundsOf(groups, size);
    for (const { clipsItself, extras } of groups) if (!clipsItself) extras[0] = clipNorm;
    const { states, initialState } = referenceRules[groups[0].rule];
    this.#state = Array.from({ length: states }, () => allocate(size));
    this.state = Object.freeze([...this.#state]);
    this.#state.forEach((array, k) => {
      for (const { start, end, parameters } of groups) array.fill(initialState(parameters, k), start, end);
    });
  }

  /** Steps made. */
  get steps(): number {
    return this.#steps;
  }

  /** The learning rate of the first group; set, that of all. */
  get learningRate(): number {
    return this.#groups[0].learningRate;
  }

  set learningRate(value: number) {
    for (const group of this.#groups) group.learningRate = value;
  }

  /**
   * One step: changes weights in place and reads gradient, both where they are.
   *
   * @param weights - `size` elements
   * @param gradient - `size` finite elements, in memory of their own
   * @throws NablaError `ERR_INVALID_ARG_TYPE`, `ERR_SHAPE`, `ERR_DETACHED_BUFFER`, `ERR_ALIAS`, and `ERR_NOT_FINITE`
   *   with the index; weights and state are as before then
   */
  step(weights: Float64Array, gradient: Float64Array): void {
    checkLength('weights', checkArray('weights', weights), this.size, 'as the optimizer has');
    checkLength('gradient', checkArray('gradient', gradient), this.size, 'as the optimizer has');
    checkApart('gradient', gradient, 'weights', weights);
    for (let k = 0; k < this.#state.length; k++) {
      const array = this.#state[k]; // a name is made where it is needed: that takes longer than a short step
      if (array.length !== this.size || !isFloat64Array(array)) {
        checkLength(`state[${k}]`, checkArray(`state[${k}]`, array), this.size, 'as the optimizer has');
      }
    }
    const backend = this.size < border && isDefaultFloatingPoint() ? reference : this.#backend;
    // A sum that is not finite need not mean an element that is not.
    const bad = Number.isFinite(backend.asum(gradient)) ? -1 : firstNotFinite(gradient);
    if (bad >= 0) throw invalid('ERR_NOT_FINITE', `gradient[${bad}]`, 'finite', gradient[bad]);
    this.#steps++;
    const norm = this.#clipNorm > 0 && this.#groups.length > 1 ? backend.nrm2(gradient) : 0;
    for (const { rule, parameters, extras, clipsItself, running, start, end } of this.#groups) {
      if (!clipsItself) extras[extras.length - 1] = norm;
      backend.updateStep({
        rule,
        parameters,
        options: extras,
        bounds: this.#bounds,
        learningRate: parameters[0],
        t: this.#steps,
        running,
        states: this.#state,
        weights,
        gradient,
        start,
        end,
      });
    }
  }

  /** Options and state as plain data, for `JSON.stringify`; {@link restoreOptimizer} goes on from it. */
  toJSON(): OptimizerJSON {
    return {
      format: 'nabla-optimizer',
      version: 2,
      size: this.size,
      steps: this.#steps,
      clipNorm: this.#clipNorm,
      groups: this.#groups.map(({ start, end, options, running }) => ({
        start,
        end,
        options: plainOf(options),
        running: Array.from(running),
      })),
      state: this.state.map((array) => Array.from(array)),
    };
  }

  /** @internal */
  static restore(backend: Backend, json: unknown): Optimizer {
    const { size, steps, clipNorm, groups, state } = readOptimizer(json);
    const optimizer = new Optimizer(backend, size, { clipNorm, groups });
    optimizer.state.forEach((array, k) => {
      array.set(state[k]);
    });
    optimizer.#steps = steps;
    return optimizer;
  }
}

/** The JSON of an optimizer, each number in its range. Nothing is allocated that it does not hold. */
function readOptimizer(given: unknown): Grouped & { size: number; steps: number; state: number[][] } {
  const damaged = (what: string) => new NablaError('ERR_MODEL_FORMAT', `the optimizer is damaged: ${what}`);
  const of = (value: unknown, what: string): Record<string, unknown> => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) throw damaged(what);
    return Object.assign(Object.create(null), value);
  };
  const numbers = (value: unknown, length: number, what: string, isRight: (x: number) => boolean): number[] => {
    const isList = Array.isArray(value) && value.length === length;
    if (!isList || !Array.from(value).every((x) => typeof x === 'number' && isRight(x))) throw damaged(what);
    return value;
  };
  let json: unknown;
  try {
    json = structuredClone(given); // no getter changes it, and nobody else holds its lists
  } catch (cause) {
    throw new NablaError('ERR_MODEL_FORMAT', 'the optimizer must be plain data, as toJSON() makes it', { cause });
  }
  const { format, version, size, steps, clipNorm, groups, state } = of(json, 'not an object');
  if (format !== 'nabla-optimizer') throw damaged('its format is another');
  // Of version 1 each group clipped its own gradient.
  if (version !== 1 && version !== 2) throw invalid('ERR_MODEL_VERSION', 'version', '1 or 2', version);
  if (!isCount(size) || !isCount(steps) || !Array.isArray(groups) || !Array.isArray(state)) {
    throw damaged('size, steps, groups or state');
  }
  if (!state.every((array) => Array.isArray(array) && array.length === size)) throw damaged('its state');
  let end = 0;
  const read = Array.from(groups, (item) => {
    const group = of(item, 'a group');
    if (group.start !== end || !isCount(group.end, size) || group.end < end) throw damaged('a range');
    end = group.end;
    try {
      const made = new Group(group.start as number, end, of(group.options, 'options'));
      made.running.set(numbers(group.running, maxRunning, 'running', ranges.part));
      return made;
    } catch (error) {
      if (!(error instanceof NablaError) || error.code === 'ERR_MODEL_FORMAT') throw error;
      throw new NablaError('ERR_MODEL_FORMAT', `the optimizer is damaged: ${error.message}`, { cause: error });
    }
  });
  if (end !== size || read.length === 0) throw damaged('its ranges');
  if (read.some(({ rule }) => rule !== read[0].rule)) throw damaged('its rules');
  const { states, squares } = referenceRules[read[0].rule];
  if (state.length !== states) throw damaged('its state');
  state.forEach((array, k) => {
    numbers(array, size, 'its state', squares.includes(k) ? ranges.size : ranges.finite);
  });
  if (version === 2 && !(typeof clipNorm === 'number' && ranges.size(clipNorm))) throw damaged('clipNorm');
  return { size, steps, clipNorm: version === 1 ? 0 : (clipNorm as number), groups: read, state };
}

/** Bounds of all weights from those of their ranges; null where there are none. */
function boundsOf(groups: readonly Group[], size: number): Bounds | null {
  if (groups.every(({ bounds }) => bounds === null)) return null;
  const lower = new Float64Array(size).fill(-Infinity);
  const upper = new Float64Array(size).fill(Infinity);
  for (const { start, bounds } of groups) {
    if (!bounds) continue;
    lower.set(bounds.lower, start);
    upper.set(bounds.upper, start);
  }
  return { lower, upper };
}

/** Options of a range: of bounds for each weight, its own. */
function ofRange(options: Record<string, unknown>, start: number, end: number, size: number): Record<string, unknown> {
  const own = readPlain('optimizer', options);
  for (const name of boundNames) {
    const value = own[name];
    if (isList(value) && value.length === size) own[name] = Array.prototype.slice.call(value, start, end);
  }
  return own;
}

/** Options as JSON holds them. */
function plainOf(options: Record<string, unknown>): Record<string, unknown> {
  const lists = Object.entries(options).map(([name, value]) => [name, isList(value) ? Array.from(value) : value]);
  return Object.fromEntries(lists);
}

interface Grouped {
  /** of the gradient of all weights; 0: any */
  clipNorm: number;
  groups: Group[];
}

/** Ranges in order, those that no group names with the options of the whole. */
function readGroups({ clipNorm, ...options }: Record<string, unknown>, value: unknown, size: number): Grouped {
  if (value !== undefined && !Array.isArray(value)) throw invalid('ERR_INVALID_ARG_TYPE', 'groups', 'an array', value);
  const { lowerBounds, upperBounds, maximize, ...choice } = options;
  const { name } = readChoice('optimizer', choice, extended);
  const known = ['start', 'end', 'maximize', ...boundNames, ...Object.keys(extended[name].parameters)];
  const given = Array.from((value as unknown[]) ?? [], (item, i) => {
    const { start, end, ...own } = readObject(`groups[${i}]`, item, known);
    const range = { start: readSize(`groups[${i}].start`, start), end: readSize(`groups[${i}].end`, end) };
    if (range.start >= range.end || range.end > size) {
      throw invalid('ERR_OUT_OF_RANGE', `groups[${i}]`, `a range within 0 … ${size}`, `${range.start} … ${range.end}`);
    }
    return { ...range, own };
  });
  given.sort((a, b) => a.start - b.start);
  const groups: Group[] = [];
  let at = 0;
  for (const { start, end, own } of given) {
    if (start < at) throw new NablaError('ERR_OUT_OF_RANGE', `groups overlap at weight ${start}`);
    if (start > at) groups.push(new Group(at, start, ofRange(options, at, start, size)));
    groups.push(new Group(start, end, { ...ofRange(options, start, end, size), ...own }));
    at = end;
  }
  if (at < size || size === 0) groups.push(new Group(at, size, ofRange(options, at, size, size)));
  const { default: any } = fitOptions.clipNorm;
  return {
    clipNorm: clipNorm === undefined ? any : readNumber('optimizer.clipNorm', clipNorm, fitOptions.clipNorm),
    groups,
  };
}

/** Makes optimizers for arrays that others keep. */
export type CreateOptimizer = (options: OptimizerOptions, size: number) => Optimizer;
/** Makes an optimizer go on from what its toJSON() wrote. */
export type RestoreOptimizer = (json: unknown) => Optimizer;

export function createOptimizers(backend: Backend): { create: CreateOptimizer; restore: RestoreOptimizer } {
  return guarded({
    create(options, size) {
      const count = readSize('size', size);
      if (typeof options === 'string')
        return new Optimizer(backend, count, readGroups({ name: options }, undefined, count));
      const { groups, ...own } = readPlain('optimizer', options);
      return new Optimizer(backend, count, readGroups(own, groups, count));
    },
    restore: (json) => Optimizer.restore(backend, json),
  });
}
