// Table: the columns of a CSV file that a fit needs, as numbers.
import { closest } from 'fastest-levenshtein';
import { NablaError, show } from '../../base/errors.js';
import { type Collector, type Column, type ColumnSpec, collectorOf, type NumberColumn } from './columns.js';
import { delimiterHint, readCsv } from './csv.js';
import { csvError, type Place } from './place.js';

/** What to read; others may hold anything. */
export interface TableSpec {
  readonly features: readonly ColumnSpec[];
  readonly target: ColumnSpec | null;
  /** The target is a help only: a cell that is wrong takes it away, and no more. */
  readonly targetMayFail?: boolean;
  readonly weight: ColumnSpec | null;
  readonly offset: ColumnSpec | null;
}

export interface CsvTable {
  readonly features: readonly Column[];
  readonly target: Column | null;
  readonly weight: NumberColumn | null;
  readonly offset: NumberColumn | null;
  readonly rows: number;
  /** What is wrong with the target, if it may fail and has. */
  readonly targetError: NablaError | null;
}

/** The column's place in the header. */
export function findColumn(file: string, names: readonly string[], name: string): number {
  const index = names.indexOf(name);
  if (index >= 0) return index;
  const hint = delimiterHint(names) || `; is it ${show(closest(name, names as string[]))}?`;
  throw csvError('ERR_CSV_COLUMN', { file, line: 1 }, `there is no column ${show(name)}${hint}`);
}

interface Reading {
  readonly spec: ColumnSpec;
  readonly index: number;
  collector?: Collector;
}

function collect(reading: Reading, cells: readonly string[], place: Place): void {
  const cell = cells[reading.index];
  reading.collector ??= collectorOf(reading.spec, cell, place);
  reading.collector.add(cell, place);
}

function failure(call: () => void): NablaError | null {
  try {
    call();
    return null;
  } catch (error) {
    if (error instanceof NablaError) return error;
    throw error;
  }
}

/**
 * Reads the columns that `specOf` makes of the header.
 *
 * @throws NablaError as readCsv, and `ERR_CSV_COLUMN`, `ERR_CSV_CELL`, `ERR_CSV_NUMBER`, `ERR_CSV_CATEGORY`
 */
export async function readTable(
  file: string,
  delimiter: string,
  specOf: (names: readonly string[]) => TableSpec,
  progress: (bytes: number, total: number) => void,
): Promise<CsvTable> {
  let spec: TableSpec = { features: [], target: null, weight: null, offset: null };
  let all: Reading[] = [];
  let rows = 0;
  let targetError: NablaError | null = null;
  await readCsv(file, delimiter, {
    header(names) {
      spec = specOf(names);
      const wanted = [spec.target, ...spec.features, spec.weight, spec.offset].filter((column) => column !== null);
      all = wanted.map((column) => ({ spec: column, index: findColumn(file, names, column.name) }));
    },
    row(cells, line) {
      for (const reading of all) {
        const place = { file, line, column: reading.index + 1, name: reading.spec.name };
        if (reading.spec !== spec.target || !spec.targetMayFail) collect(reading, cells, place);
        else targetError ??= failure(() => collect(reading, cells, place));
      }
      rows++;
    },
    progress,
  });
  const columnOf = (column: ColumnSpec) => all.find((reading) => reading.spec === column)?.collector?.column as Column;
  const numbersOf = (column: ColumnSpec | null) => column && (columnOf(column) as NumberColumn);
  return {
    features: spec.features.map(columnOf),
    target: targetError ? null : spec.target && columnOf(spec.target),
    targetError,
    weight: numbersOf(spec.weight),
    offset: numbersOf(spec.offset),
    rows,
  };
}
