// What a call of nabla fit asks for beside the options of the library, checked.
import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { dirname, extname } from 'node:path';
import { parse } from 'csv-parse/sync';
import { NablaError, show } from '../errors.js';
import type { Wanted } from './table.js';
import { strictNumber } from './text.js';

/** The command's own flags, as commander reads them. */
export interface FitFlags {
  readonly target: string;
  readonly features?: string;
  readonly categorical?: string;
  readonly holdout?: string;
  readonly standardize?: boolean;
  readonly model?: string;
  readonly plot?: string;
  readonly json?: boolean;
  readonly delimiter: string;
}

export interface FitRequest {
  readonly wanted: Wanted;
  readonly delimiter: string;
  /** The part of the rows that is held out. */
  readonly holdout: number;
  readonly standardize: boolean;
  readonly json: boolean;
  /** Files to write. */
  readonly model: string | undefined;
  readonly plot: string | undefined;
}

/** Names with commas between them, quoted as cells are. */
function readNames(flag: string, list: string | undefined): string[] | null {
  if (list === undefined) return null;
  try {
    const [names] = parse(list) as string[][];
    if (names?.every((name) => name !== '')) return names;
  } catch {
    // told below
  }
  throw new NablaError('ERR_OUT_OF_RANGE', `${flag} must be names of columns with commas; got ${show(list)}`);
}

function readHoldout(value: string): number {
  const part = strictNumber(value);
  if (part >= 0 && part < 1) return part;
  throw new NablaError('ERR_OUT_OF_RANGE', `--holdout must be a number in [0, 1); got ${show(value)}`);
}

/** Files are checked here: better told before a long fit than after it. */
export async function readRequest(flags: FitFlags): Promise<FitRequest> {
  const { target, delimiter, standardize = false, json = false, model, plot } = flags;
  const features = readNames('--features', flags.features);
  const categorical = readNames('--categorical', flags.categorical) ?? [];
  const holdout = readHoldout(flags.holdout ?? '0.2');
  if (plot !== undefined && extname(plot) !== '.svg') {
    throw new NablaError('ERR_OUT_OF_RANGE', `--plot must be a file name that ends in .svg; got ${show(plot)}`);
  }
  for (const file of [model, plot]) if (file !== undefined) await access(dirname(file), constants.W_OK);
  return { wanted: { target, features, categorical }, delimiter, holdout, standardize, json, model, plot };
}
