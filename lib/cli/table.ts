// The columns of a CSV file that are wanted, as numbers.
import { closest } from 'fastest-levenshtein';
import { show } from '../errors.js';
import { type Collector, type Column, type ColumnSpec, collectorOf, type NumberColumn } from './columns.js';
import { delimiterHint, readCsv } from './csv.js';
import { csvError } from './place.js';

/** What to read; others may hold anything. */
export interface TableSpec {
  readonly features: readonly ColumnSpec[];
  readonly target: ColumnSpec | null;
  readonly weight: ColumnSpec | null;
  readonly offset: ColumnSpec | null;
}

export interface CsvTable {
  readonly features: readonly Column[];
  readonly target: Column | null;
  readonly weight: NumberColumn | null;
  readonly offset: NumberColumn | null;
  readonly rows: number;
}

/** The column's place in the header. */
export function findColumn(file: string, names: readonly string[], name: string): number {
  const index = names.indexOf(name);
  if (index >= 0) return index;
  const hint = delimiterHint(names) || `; is it ${show(closest(name, names as string[]))}?`;
  throw csvError('ERR_CSV_COLUMN', { file, line: 1 }, `there is no column ${show(name)}${hint}`);
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
  interface Reading {
    readonly spec: ColumnSpec;
    readonly index: number;
    collector?: Collector;
  }
  let spec: TableSpec = { features: [], target: null, weight: null, offset: null };
  let all: Reading[] = [];
  let rows = 0;
  await readCsv(file, delimiter, {
    header(names) {
      spec = specOf(names);
      const wanted = [spec.target, ...spec.features, spec.weight, spec.offset].filter((column) => column !== null);
      all = wanted.map((column) => ({ spec: column, index: findColumn(file, names, column.name) }));
    },
    row(cells, line) {
      for (const reading of all) {
        const { spec, index } = reading;
        const place = { file, line, column: index + 1, name: spec.name };
        reading.collector ??= collectorOf(spec, cells[index], place);
        reading.collector.add(cells[index], place);
      }
      rows++;
    },
    progress,
  });
  const columnOf = (column: ColumnSpec) => all.find((reading) => reading.spec === column)?.collector?.column as Column;
  const numbersOf = (column: ColumnSpec | null) => column && (columnOf(column) as NumberColumn);
  return {
    features: spec.features.map(columnOf),
    target: spec.target && columnOf(spec.target),
    weight: numbersOf(spec.weight),
    offset: numbersOf(spec.offset),
    rows,
  };
}
