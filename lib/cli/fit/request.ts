// Request of nabla fit: options of the command beside those of the library, checked.
import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { dirname, extname } from 'node:path';
import { parse } from 'csv-parse/sync';
import { NablaError, show } from '../../base/errors.js';
import { losses } from '../../catalog/losses.js';
import { solvers } from '../../catalog/rules.js';
import { readCheckpoint } from '../../fitting/checkpoint.js';
import type { CheckpointOptions } from '../../input/control.js';
import { usualOptimizer } from '../../input/defaults.js';
import { type FitOptions, readFitOptions } from '../../input/options.js';
import { rangeOfTarget, type Wanted } from '../csv/wanted.js';
import { inTheseWords } from '../flags/words.js';
import { type PathFlags, type PathRequest, readPathRequest } from '../path/pathrequest.js';
import { strictNumber } from '../terminal/text.js';

/** The command's own flags, as commander reads them. */
export interface FitFlags extends PathFlags {
  readonly target: string;
  readonly features?: string;
  readonly categorical?: string;
  readonly classes?: string;
  readonly classWeight?: 'balanced';
  readonly sampleWeight?: string;
  readonly offset?: string;
  readonly holdout?: string;
  readonly validation?: string;
  readonly model?: string;
  readonly plot?: string;
  readonly checkpoint?: string;
  readonly checkpointEvery?: string;
  readonly resume?: boolean;
  readonly json?: boolean;
  readonly delimiter: string;
}

export interface FitRequest {
  readonly wanted: Wanted;
  readonly delimiter: string;
  /** The part of the rows that is held out. */
  readonly holdout: number;
  /** A file of rows to watch the loss on. */
  readonly validation: string | undefined;
  readonly json: boolean;
  /** Null for a single fit. */
  readonly along: PathRequest | null;
  /** Files to write. */
  readonly model: string | undefined;
  readonly plot: string | undefined;
  readonly checkpoint: string | undefined;
  /** Those of the library's fit. */
  readonly options: FitOptions;
}

/** Names with commas between them, quoted as cells are. */
function readNames(flag: string, what: string, list: string | undefined): string[] | null {
  if (list === undefined) return null;
  try {
    const [names] = parse(list) as string[][];
    if (names?.every((name) => name !== '')) return names;
  } catch {
    // told below
  }
  throw new NablaError('ERR_OUT_OF_RANGE', `${flag} must be names of ${what} with commas; got ${show(list)}`);
}

function readClasses(list: string | undefined): string[] | null {
  const classes = readNames('--classes', 'classes', list);
  const twice = classes?.find((name, i) => classes.indexOf(name) < i);
  if (twice !== undefined) throw new NablaError('ERR_OUT_OF_RANGE', `--classes names ${show(twice)} twice`);
  if (classes?.length === 1) throw new NablaError('ERR_OUT_OF_RANGE', '--classes must name two classes at least');
  return classes;
}

function readHoldout(value: string): number {
  const part = strictNumber(value);
  if (part >= 0 && part < 1) return part;
  throw new NablaError('ERR_OUT_OF_RANGE', `--holdout must be a number in [0, 1); got ${show(value)}`);
}

/** A part of the rows, as the library's option, or a file. */
function readValidation(value: string | undefined, fraction: number | undefined) {
  if (value === undefined) return { file: undefined, fraction };
  if (fraction !== undefined) {
    throw new NablaError('ERR_UNKNOWN_OPTION', 'give --validation or --validation-fraction, not both');
  }
  const part = strictNumber(value);
  if (Number.isNaN(part)) return { file: value, fraction: undefined };
  if (part > 0 && part < 1) return { file: undefined, fraction: part };
  throw new NablaError('ERR_OUT_OF_RANGE', `--validation must be a number in (0, 1) or a CSV file; got ${show(value)}`);
}

export const lossOf = ({ loss = 'squared' }: FitOptions): keyof typeof losses =>
  typeof loss === 'string' ? loss : loss.name;

/** What is asked for; a fit by `auto` knows better. */
export function optimizerOf(options: FitOptions): string {
  const { optimizer = usualOptimizer({ ...options }) } = options;
  return typeof optimizer === 'string' ? optimizer : optimizer.name;
}

/** Whether it is a solver, which goes by iterations and has no learning rate. */
export const isSolver = (optimizer: string): boolean => Object.hasOwn(solvers, optimizer);

function readCheckpointFlags({ checkpoint, checkpointEvery, resume }: FitFlags): CheckpointOptions | undefined {
  if (checkpoint !== undefined) {
    const every = strictNumber(checkpointEvery ?? '');
    if (checkpointEvery !== undefined && Number.isNaN(every)) {
      const message = `--checkpoint-every must be a number; got ${show(checkpointEvery)}`;
      throw new NablaError('ERR_INVALID_ARG_TYPE', message);
    }
    return { path: checkpoint, every: checkpointEvery === undefined ? undefined : every, resume };
  }
  const alone = checkpointEvery !== undefined ? '--checkpoint-every' : resume ? '--resume' : undefined;
  if (alone) throw new NablaError('ERR_UNKNOWN_OPTION', `${alone} goes with --checkpoint, the file`);
  return undefined;
}

function checkLoss(loss: keyof typeof losses, { classes, classWeight, offset }: FitFlags): void {
  const own = losses[loss].predicts === 'class';
  for (const [flag, value] of [
    ['--classes', classes],
    ['--class-weight', classWeight],
  ]) {
    if (value === undefined || own) continue;
    const names = Object.entries(losses).filter(([, entry]) => entry.predicts === 'class');
    const known = names.map(([name]) => name).join(', ');
    throw new NablaError('ERR_UNKNOWN_OPTION', `${flag} goes with a loss of classes: ${known}; not ${loss}`);
  }
  if (offset !== undefined && loss === 'softmax') {
    throw new NablaError('ERR_UNKNOWN_OPTION', '--offset has no effect on softmax: it would move all classes alike');
  }
}

/** Files are checked here: better told before a long fit than after it. */
export async function readRequest(flags: FitFlags, given: FitOptions): Promise<FitRequest> {
  const { target, delimiter, json = false, model, plot, sampleWeight, offset, classWeight } = flags;
  const loss = lossOf(given);
  checkLoss(loss, flags);
  const features = readNames('--features', 'columns', flags.features);
  const categorical = readNames('--categorical', 'columns', flags.categorical) ?? [];
  const classes = readClasses(flags.classes);
  const holdout = readHoldout(flags.holdout ?? '0.2');
  const validation = readValidation(flags.validation, given.validationFraction);
  const checkpoint = readCheckpointFlags(flags);
  const own = { ...given, validationFraction: validation.fraction, classWeight, checkpoint };
  const isWatched = (validation.file ?? validation.fraction) !== undefined;
  const along = readPathRequest(flags, own, { isKept: model !== undefined, isWatched });
  const options: FitOptions = along ? { optimizer: 'auto', ...own } : own;
  await inTheseWords(() => {
    readFitOptions(options);
    if (checkpoint) readCheckpoint(checkpoint);
  });
  for (const [flag, file] of [
    ['--plot', plot],
    ['--path-plot', along?.plot],
  ]) {
    if (file === undefined || extname(file) === '.svg') continue;
    throw new NablaError('ERR_OUT_OF_RANGE', `${flag} must be a file name that ends in .svg; got ${show(file)}`);
  }
  for (const file of [model, plot, along?.plot, flags.checkpoint])
    if (file !== undefined) await access(dirname(file), constants.W_OK);
  if (validation.file !== undefined) await access(validation.file, constants.R_OK);
  return {
    wanted: {
      loss,
      range: rangeOfTarget(given.loss ?? 'squared'),
      target,
      features,
      categorical,
      classes,
      sampleWeight,
      offset,
    },
    delimiter,
    holdout,
    validation: validation.file,
    json,
    along,
    model,
    plot,
    checkpoint: flags.checkpoint,
    options,
  };
}
