// CSV reader: row by row, with line and column in its errors.
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { CsvError, type Options, Parser } from 'csv-parse';
import { type NablaError, show } from '../../base/errors.js';
import { counted } from '../../draw/figures.js';
import { checkText } from './encoding.js';
import { csvError, type Place } from './place.js';

export interface CsvReader {
  /** The names of the columns: all there, each its own. */
  header(names: readonly string[]): void;
  /** The cells of a row, as many as there are names. */
  row(cells: readonly string[], line: number): void;
  /** Called now and then while the file is read. */
  progress?(bytes: number, total: number): void;
}

/** Longer than any row of numbers; an open quote runs on until here at most. */
const longestRow = 1 << 24;

const lineBreak = /\r\n|\n|\r/g;

/** Lines that a row takes: a quoted cell may hold line breaks. */
function linesOf(cells: readonly string[]): number {
  let lines = 1;
  for (const cell of cells) {
    if (cell.includes('\n') || cell.includes('\r')) lines += cell.match(lineBreak)?.length ?? 0;
  }
  return lines;
}

/**
 * Hands every row over as it is parsed. Rows that queue up in the stream would be lost when the parser meets a mistake,
 * and with them the count of lines; csv-parse's own on_record takes twice the time.
 */
class RowParser extends Parser {
  readonly #take: (row: string[]) => void;

  constructor(options: Options, take: (row: string[]) => void) {
    super(options);
    this.#take = take;
    this.resume();
  }

  override push(row: string[] | null): boolean {
    if (row === null) return super.push(null);
    try {
      if (!this.destroyed) this.#take(row);
    } catch (error) {
      this.destroy(error as Error);
    }
    return true;
  }
}

function checkHeader(file: string, names: readonly string[], line: number): void {
  names.forEach((name, i) => {
    const place = { file, line, column: i + 1 };
    if (name.trim() === '') throw csvError('ERR_CSV_HEADER', place, 'the column has no name');
    const first = names.indexOf(name);
    if (first < i) {
      throw csvError('ERR_CSV_HEADER', place, `the name ${show(name)} is that of column ${first + 1} already`);
    }
  });
}

/** A hint for a file whose cells are separated by something else. */
export function delimiterHint(names: readonly string[]): string {
  const other = names.length === 1 ? /[;\t|,]/.exec(names[0])?.[0] : undefined;
  if (other === undefined) return '';
  return `; if ${show(other === '\t' ? '\\t' : other)} separates its cells, say so with --delimiter`;
}

function checkRow(place: Place, cells: readonly string[], names: readonly string[]): void {
  if (cells.length === names.length && (cells.length > 1 || cells[0] !== '')) return;
  if (cells.length === 1 && cells[0] === '') throw csvError('ERR_CSV_RAGGED', place, 'the line is blank');
  const column = Math.min(cells.length, names.length) + 1;
  const message = `the row has ${counted(cells.length, 'cell')}, the header ${names.length}${delimiterHint(names)}`;
  throw csvError('ERR_CSV_RAGGED', { ...place, column }, message);
}

function quoteError(file: string, line: number, { code, index }: CsvError): NablaError {
  const place = { file, line, column: typeof index === 'number' ? index + 1 : undefined };
  if (code === 'CSV_QUOTE_NOT_CLOSED' || code === 'CSV_MAX_RECORD_SIZE') {
    return csvError('ERR_CSV_QUOTE', place, 'a quote is opened in this row and never closed');
  }
  return csvError('ERR_CSV_QUOTE', place, 'a quote within a cell: such a cell is quoted, and its quotes are doubled');
}

/**
 * Reads a file of UTF-8 with a header.
 *
 * @throws NablaError `ERR_CSV_EMPTY`, `ERR_CSV_HEADER`, `ERR_CSV_RAGGED`, `ERR_CSV_QUOTE`, `ERR_CSV_ENCODING`, and
 *   what the reader throws
 */
export async function readCsv(file: string, delimiter: string, reader: CsvReader): Promise<void> {
  const total = (await stat(file)).size;
  let names: readonly string[] | undefined;
  let next = 1; // the line that the next row begins on
  let rows = 0;

  const take = (cells: string[]): void => {
    const line = next;
    next += linesOf(cells);
    if (names === undefined) {
      names = cells;
      checkHeader(file, names, line);
      reader.header(names);
    } else {
      checkRow({ file, line }, cells, names);
      reader.row(cells, line);
      rows++;
    }
  };

  const options: Options = {
    bom: true,
    delimiter,
    record_delimiter: ['\r\n', '\n', '\r'],
    relax_column_count: true,
    max_record_size: longestRow,
  };
  try {
    const check = checkText(file, (bytes) => reader.progress?.(bytes, total));
    await pipeline(createReadStream(file), check, new RowParser(options, take));
  } catch (error) {
    throw error instanceof CsvError ? quoteError(file, next, error) : error;
  }
  if (names === undefined) throw csvError('ERR_CSV_EMPTY', { file }, 'the file is empty');
  if (rows === 0) throw csvError('ERR_CSV_EMPTY', { file }, 'the file has a header and no rows');
}
