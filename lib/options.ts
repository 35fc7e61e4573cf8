// A fit's options, read once and checked: out comes a plan of plain numbers.
import {
  type Choice,
  fitOptions,
  type histories,
  histories as historyTable,
  losses,
  rules,
  samplers,
  schedules,
} from './catalog.js';
import { invalid, NablaError, viewName } from './errors.js';
import { type Plan, samplerKind } from './plan.js';
import { readBoolean, readChoice, readNumber, readObject } from './read.js';

/** An update rule by name, or by name with its parameters, as `adam({ … })` returns. */
export type Optimizer = Choice<typeof rules>;
/** A loss by name, or by name with its parameters. */
export type Loss = Choice<typeof losses>;
/** A learning rate schedule by name, or by name with its parameters. */
export type Schedule = Choice<typeof schedules>;
/** Which rows make a batch; `indices` are row numbers, taken in order, the same every epoch. */
export type Sampler =
  | Exclude<keyof typeof samplers, 'indices'>
  | { name: Exclude<keyof typeof samplers, 'indices'> }
  | { name: 'indices'; indices: ArrayLike<number> };

/** How to fit. Every option may be left out. */
export interface FitOptions {
  /** ℓ(y, z). Default `'squared'`. */
  loss?: Loss;
  /** The update rule. Default `'adam'`. */
  optimizer?: Optimizer;
  /** The learning rate over the steps. Default `'constant'`. */
  schedule?: Schedule;
  /** Rows in a step. Default: all rows, or 32 with a sampler other than `'full'`. */
  batchSize?: number;
  /** Which rows make a batch. Default `'full'`, or `'shuffled'` when `batchSize` is given. */
  sampler?: Sampler;
  /** Passes over the data at most. Default 100. */
  epochs?: number;
  /** Stop when the mean loss changes by less than this from one epoch to the next. Default 0, never. */
  tolerance?: number;
  /** Fit a constant term. Default true. */
  intercept?: boolean;
  /** Of the random order, a whole number from 0. Default 0. */
  seed?: number;
  /** Whether `history` holds a loss per epoch or per step. Default `'epoch'`. */
  history?: keyof typeof histories;
}

const names = [
  ...['loss', 'optimizer', 'schedule', 'sampler', 'history'],
  ...(Object.keys(fitOptions) as (keyof typeof fitOptions)[]),
];

/** The plan of a fit over `rows` rows, and the row numbers of an `indices` sampler. */
export function readFitOptions(options: unknown, rows: number): { plan: Plan; indices: Uint32Array | null } {
  const given = readObject('options', options === undefined ? {} : options, names);
  const or = (name: string, usual: string) => (given[name] === undefined ? usual : given[name]);
  const number = (name: Exclude<keyof typeof fitOptions, 'intercept'>) =>
    given[name] === undefined ? fitOptions[name].default : readNumber(name, given[name], fitOptions[name]);
  const loss = readChoice('loss', or('loss', 'squared'), losses);
  const rule = readChoice('optimizer', or('optimizer', 'adam'), rules);
  const schedule = readChoice('schedule', or('schedule', 'constant'), schedules);
  const { sampler, indices } = readSampler(or('sampler', given.batchSize === undefined ? 'full' : 'shuffled'), rows);
  const batchSize = number('batchSize');
  if (sampler === samplerKind.full && given.batchSize !== undefined && batchSize < rows) {
    throw new NablaError(
      'ERR_OUT_OF_RANGE',
      `batchSize must be left out, or at least ${rows}, with the full sampler; got ${batchSize}`,
    );
  }
  const plan: Plan = {
    loss: loss.index,
    lossParameters: loss.parameters,
    rule: rule.index,
    ruleParameters: rule.parameters,
    schedule: schedule.index,
    scheduleParameters: schedule.parameters,
    sampler,
    batchSize,
    epochs: number('epochs'),
    tolerance: number('tolerance'),
    seed: number('seed'),
    intercept: given.intercept === undefined ? fitOptions.intercept.default : readBoolean('intercept', given.intercept),
    stepHistory: readChoice('history', or('history', 'epoch'), historyTable).name === 'step',
    lossAfterUpdate: false,
  };
  return { plan, indices };
}

function readSampler(value: unknown, rows: number): { sampler: number; indices: Uint32Array | null } {
  const named = typeof value === 'object' && value !== null;
  const { indices, ...choice } = readObject('sampler', named ? value : { name: value }, ['name', 'indices']);
  const sampler = readChoice('sampler', named ? choice : value, samplers).index;
  if (sampler === samplerKind.indices) return { sampler, indices: readIndices('sampler.indices', indices, rows) };
  if (indices !== undefined) {
    throw new NablaError('ERR_UNKNOWN_OPTION', `sampler.indices goes with the sampler "indices"`);
  }
  return { sampler, indices: null };
}

/** Row numbers below `rows`, copied. */
export function readIndices(name: string, value: unknown, rows: number): Uint32Array {
  const expected = `a non-empty array of row numbers below ${rows}`;
  if (!Array.isArray(value) && !/^(Ui|I)nt32Array$/.test(viewName(value) ?? '')) {
    throw invalid('ERR_INVALID_ARG_TYPE', name, expected, value);
  }
  const list = value as ArrayLike<unknown>;
  const indices = new Uint32Array(list.length);
  for (let i = 0; i < indices.length; i++) {
    const row = list[i];
    if (typeof row !== 'number') throw invalid('ERR_INVALID_ARG_TYPE', `${name}[${i}]`, 'a row number', row);
    if (!(Number.isInteger(row) && row >= 0 && row < rows)) {
      throw invalid('ERR_OUT_OF_RANGE', `${name}[${i}]`, `a row number below ${rows}`, row);
    }
    indices[i] = row;
  }
  if (indices.length === 0) throw invalid('ERR_OUT_OF_RANGE', name, expected, value);
  return indices;
}
