// Columns of a CSV as numbers: eight bytes a cell, two for a category.
import { show } from '../../base/errors.js';
import { type Blocks, float64Blocks, uint16Blocks } from './blocks.js';
import { kindOf, readNumberCell, readTextCell } from './cells.js';
import { csvError, type Place } from './place.js';

/** How the cells of a column are to be read. */
export interface ColumnSpec {
  readonly name: string;
  /** Told by the first cell if left out. */
  readonly kind?: 'number' | 'text';
  /** Its cells are classes, numbers too: 1 and 1.0 are one. */
  readonly isClass?: boolean;
  /** The only categories that may occur, in this order, and who says so: "the model knows". */
  readonly known?: { readonly names: readonly string[]; readonly says: string };
  /** What a number must be. */
  readonly range?: { holds(x: number): boolean; readonly expected: string };
}

export interface NumberColumn {
  readonly spec: ColumnSpec;
  readonly kind: 'number';
  readonly values: Blocks<Float64Array>;
}
export interface TextColumn {
  /** Its kind is that of the cells: categories may be numbers. */
  readonly spec: ColumnSpec;
  readonly kind: 'text';
  /** In the order of their first appearance, after those that are known; `values` holds places in it. */
  readonly categories: readonly string[];
  readonly values: Blocks<Uint16Array>;
}
export type Column = NumberColumn | TextColumn;

/** Takes the cells of one column. */
export interface Collector {
  add(cell: string, place: Place): void;
  readonly column: Column;
}

/** More are names or keys rather than categories, and X would be as wide. */
const mostCategories = 1000;

function numberCollector(spec: ColumnSpec): Collector {
  const values = float64Blocks();
  const { range } = spec;
  return {
    add(cell, place) {
      const number = readNumberCell(cell, place);
      if (range && !range.holds(number)) {
        throw csvError('ERR_CSV_NUMBER', place, `${show(cell)} must be ${range.expected}`);
      }
      values.push(number);
    },
    column: { spec, kind: 'number', values },
  };
}

function categoryCollector(spec: ColumnSpec): Collector {
  const { known, kind, isClass } = spec;
  const categories = [...(known?.names ?? [])];
  const places = new Map(categories.map((category, place) => [category, place]));
  const values = uint16Blocks();
  const add = (cell: string, place: Place): number => {
    readTextCell(cell, place);
    const what = isClass ? 'class' : 'category';
    if (known) {
      const list = known.names.slice(0, 10).join(', ') + (known.names.length > 10 ? ', …' : '');
      throw csvError('ERR_CSV_CATEGORY', place, `${known.says} no ${what} ${show(cell)}, only ${list}`);
    }
    if (categories.length === mostCategories) {
      const hint = isClass
        ? '; are they numbers for another loss?'
        : '; a column of names is no category, leave it out';
      throw csvError('ERR_CSV_CATEGORY', place, `more than ${mostCategories} different ${kind}s${hint}`);
    }
    places.set(cell, categories.length);
    return categories.push(cell) - 1;
  };
  return {
    add(cell, place) {
      const category = kind === 'number' ? String(readNumberCell(cell, place)) : cell;
      values.push(places.get(category) ?? add(category, place));
    },
    column: { spec, kind: 'text', categories, values },
  };
}

/** What takes the cells of a column that begins with this one. */
export function collectorOf(spec: ColumnSpec, cell: string, place: Place): Collector {
  const full = { ...spec, kind: spec.kind ?? kindOf(cell, place) };
  return full.kind === 'text' || full.isClass ? categoryCollector(full) : numberCollector(full);
}
