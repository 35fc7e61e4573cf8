// The columns of a CSV file as numbers: what is kept of a cell is eight bytes, or two for a category.
import { closest } from 'fastest-levenshtein';
import { show } from '../errors.js';
import { type Blocks, float64Blocks, uint16Blocks } from './blocks.js';
import { kindOf, readNumberCell, readTextCell } from './cells.js';
import { delimiterHint, readCsv } from './csv.js';
import { csvError, type Place } from './place.js';

export interface NumberColumn {
  readonly name: string;
  readonly kind: 'number';
  readonly values: Blocks<Float64Array>;
}
export interface TextColumn {
  readonly name: string;
  readonly kind: 'text';
  /** In the order of their first appearance; `values` holds places in it. */
  readonly categories: string[];
  readonly values: Blocks<Uint16Array>;
}

export interface CsvTable {
  readonly target: NumberColumn;
  readonly features: readonly (NumberColumn | TextColumn)[];
  readonly rows: number;
}

/** More are names or keys rather than categories, and X would be as wide. */
const mostCategories = 1000;

/** The column's place in the header. */
export function findColumn(file: string, names: readonly string[], name: string): number {
  const index = names.indexOf(name);
  if (index >= 0) return index;
  const hint = delimiterHint(names) || `; is it ${show(closest(name, names as string[]))}?`;
  throw csvError('ERR_CSV_COLUMN', { file, line: 1 }, `there is no column ${show(name)}${hint}`);
}

/** Takes the cells of one column. */
class Collector {
  readonly index: number;
  readonly name: string;
  #kind: 'number' | 'text' | undefined;
  readonly #numbers = float64Blocks();
  readonly #ids = uint16Blocks();
  readonly #categories = new Map<string, number>();

  constructor(index: number, name: string, kind?: 'number' | 'text') {
    this.index = index;
    this.name = name;
    this.#kind = kind;
  }

  add(cell: string, place: Place): void {
    this.#kind ??= kindOf(cell, place);
    if (this.#kind === 'number') {
      this.#numbers.push(readNumberCell(cell, place));
      return;
    }
    let id = this.#categories.get(cell);
    if (id === undefined) {
      id = this.#categories.size;
      if (id === mostCategories) {
        const message = `more than ${mostCategories} different texts; a column of names is no category, leave it out`;
        throw csvError('ERR_CSV_CATEGORY', place, message);
      }
      this.#categories.set(readTextCell(cell, place), id);
    }
    this.#ids.push(id);
  }

  get column(): NumberColumn | TextColumn {
    const { name } = this;
    if (this.#kind !== 'text') return { name, kind: 'number', values: this.#numbers };
    return { name, kind: 'text', categories: [...this.#categories.keys()], values: this.#ids };
  }
}

export interface Wanted {
  readonly target: string;
  /** Null for all but the target. */
  readonly features: readonly string[] | null;
  /** To be read as text, whatever their cells are. */
  readonly categorical: readonly string[];
}

/** The target first, then the features. */
function collectors(file: string, names: readonly string[], { target, features, categorical }: Wanted): Collector[] {
  const fail = (message: string) => csvError('ERR_CSV_COLUMN', { file, line: 1 }, message);
  const targetIndex = findColumn(file, names, target);
  const chosen = features ?? names.filter((name) => name !== target);
  for (const name of [...chosen, ...categorical]) findColumn(file, names, name);
  chosen.forEach((name, i) => {
    if (name === target) throw fail(`${show(name)} is the target and cannot be a feature too`);
    if (chosen.indexOf(name) < i) throw fail(`--features names ${show(name)} twice`);
  });
  if (chosen.length === 0) throw fail(`there is no column but the target ${show(target)}`);
  const unused = categorical.find((name) => !chosen.includes(name));
  if (unused !== undefined) throw fail(`--categorical names ${show(unused)}, which is no feature`);
  return [
    new Collector(targetIndex, target, 'number'),
    ...chosen.map((name) => {
      return new Collector(names.indexOf(name), name, categorical.includes(name) ? 'text' : undefined);
    }),
  ];
}

/**
 * Reads the columns that are wanted; others may hold anything.
 *
 * @throws NablaError as readCsv, and `ERR_CSV_COLUMN`, `ERR_CSV_CELL`, `ERR_CSV_NUMBER`, `ERR_CSV_CATEGORY`
 */
export async function readTable(
  file: string,
  delimiter: string,
  wanted: Wanted,
  progress: (bytes: number, total: number) => void,
): Promise<CsvTable> {
  let all: Collector[] = [];
  await readCsv(file, delimiter, {
    header(names) {
      all = collectors(file, names, wanted);
    },
    row(cells, line) {
      for (const collector of all) {
        const { index, name } = collector;
        collector.add(cells[index], { file, line, column: index + 1, name });
      }
    },
    progress,
  });
  const [target, ...features] = all.map(({ column }) => column);
  return { target: target as NumberColumn, features, rows: target.values.length };
}
