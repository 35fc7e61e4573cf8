// Tables of a fit, and the split of their rows by use.
import { split as drawValidation } from '../../fitting/prepare.js';
import { codeOf } from '../../input/labels.js';
import type { Io } from '../command.js';
import { readingBar } from '../fit/progress.js';
import type { FitRequest } from '../fit/request.js';
import { inTheseWords } from '../flags/words.js';
import { classNames } from './classes.js';
import { coefficientNames, type Encoding, encodeRows, encodingOf, type Rows } from './encode.js';
import { csvError } from './place.js';
import { allRows, split } from './split.js';
import { type CsvTable, readTable, type TableSpec } from './table.js';
import { sameSpec, tableSpec } from './wanted.js';

/** Tables, and what their columns are. */
export interface Sources {
  readonly table: CsvTable;
  /** The rows of --validation, if that is a file. */
  readonly watched: CsvTable | null;
  readonly columns: readonly Encoding[];
  /** The names of X's columns. */
  readonly names: readonly string[];
  /** The classes in order; none for numbers. */
  readonly labels: readonly string[];
}

export async function read(
  file: string,
  delimiter: string,
  specOf: (names: readonly string[]) => TableSpec,
  io: Io,
): Promise<CsvTable> {
  const bar = readingBar(io.stderr, file);
  try {
    return await readTable(file, delimiter, specOf, bar.update);
  } finally {
    bar.stop();
  }
}

export async function readSources(file: string, request: FitRequest, io: Io): Promise<Sources> {
  const { wanted, delimiter, validation, options } = request;
  const table = await read(file, delimiter, (names) => tableSpec(file, names, wanted), io);
  const labels = table.target ? classNames(file, table.target, wanted.loss) : [];
  const columns = table.features.map((column) => encodingOf(column, options.intercept ?? true));
  const names = coefficientNames(columns);
  if (names.length === 0) throw csvError('ERR_CSV_COLUMN', { file }, 'no feature varies: each has one category only');
  const watched = validation === undefined ? null : await read(validation, delimiter, () => sameSpec(table), io);
  return { table, watched, columns, names, labels };
}

/** Rows by what they are for. */
export interface Parts {
  /** What the library is given: those of the training, and those that it draws from them to watch. */
  readonly given: Rows;
  readonly training: Rows;
  readonly validation: Rows | null;
  readonly heldOut: Rows | null;
}

/** Draws the rows that are held out, and those that the library will draw. */
export async function partsOf(sources: Sources, { wanted, holdout, options }: FitRequest): Promise<Parts> {
  const { table, watched, columns, labels } = sources;
  const { validationFraction = 0, seed = 0 } = options;
  const codes = new Map(labels.map((label, place) => [label, codeOf(wanted.loss, place, labels.length)]));
  const encode = (from: CsvTable, rows: Uint32Array): Rows => encodeRows(from, columns, codes, rows);
  const { training, heldOut } = split(table.rows, holdout, seed);
  const given = encode(table, training);
  const parts = {
    given,
    training: given,
    validation: watched && encode(watched, allRows(watched.rows)),
    heldOut: heldOut.length > 0 ? encode(table, heldOut) : null,
  };
  if (validationFraction === 0) return parts;
  const drawn = await inTheseWords(() => drawValidation(training.length, validationFraction, seed));
  const some = (places: Uint32Array): Rows => {
    const rows = places.map((place) => training[place]);
    return encode(table, rows);
  };
  return { ...parts, training: some(drawn.train), validation: some(drawn.validation) };
}
