// nabla predict: a model file and new rows to predictions.
import { show } from '../errors.js';
import { float64Blocks } from './blocks.js';
import { readNumberCell } from './cells.js';
import type { Io, Output } from './command.js';
import { readCsv } from './csv.js';
import { type Encoding, layout } from './encode.js';
import { readModelFile } from './modelfile.js';
import { csvError, type Place } from './place.js';
import { readingBar } from './progress.js';
import { findColumn } from './table.js';

const batchRows = 1024;
const linesPerWrite = 8192;

/** Puts a cell into its columns of a row of X, which are 0. */
function encoder(encoding: Encoding, offset: number): (cell: string, X: Float64Array, row: number, at: Place) => void {
  if (encoding.kind === 'number') {
    return (cell, X, row, place) => {
      X[row + offset] = readNumberCell(cell, place);
    };
  }
  const places = new Map(encoding.categories.map((category, k) => [category, offset + k]));
  if (encoding.base !== null) places.set(encoding.base, -1);
  return (cell, X, row, at) => {
    const place = places.get(cell);
    if (place === undefined) {
      const known = [...(encoding.base === null ? [] : [encoding.base]), ...encoding.categories];
      const list = known.slice(0, 10).join(', ') + (known.length > 10 ? ', …' : '');
      throw csvError('ERR_CSV_CATEGORY', at, `the model knows no category ${show(cell)}, only ${list}`);
    }
    if (place >= 0) X[row + place] = 1;
  };
}

const quoted = (cell: string): string => (/[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell);

const write = (out: Output, text: string): Promise<void> =>
  new Promise((resolve, reject) => {
    out.write(text, (error) => (error ? reject(error) : resolve()));
  });

/** Writes nothing before every row has been read: a file with a mistake in it gives no part of an answer. */
export async function predictCommand(modelPath: string, file: string, delimiter: string, io: Io): Promise<void> {
  const { target, columns, model } = await readModelFile(modelPath);
  const { offsets, cols } = layout(columns);
  const X = new Float64Array(batchRows * cols);
  const predictions = float64Blocks();
  let waiting = 0;
  const predict = (): void => {
    for (const value of model.predict(X.subarray(0, waiting * cols))) predictions.push(value);
    X.fill(0);
    waiting = 0;
  };

  const bar = readingBar(io.stderr, file);
  let fields: { index: number; name: string; encode: ReturnType<typeof encoder> }[] = [];
  try {
    await readCsv(file, delimiter, {
      header(names) {
        fields = columns.map((column, j) => {
          const { name } = column;
          return { index: findColumn(file, names, name), name, encode: encoder(column, offsets[j]) };
        });
      },
      row(cells, line) {
        const row = waiting * cols;
        for (const { index, name, encode } of fields) {
          encode(cells[index], X, row, { file, line, column: index + 1, name });
        }
        waiting++;
        if (waiting === batchRows) predict();
      },
      progress: bar.update,
    });
  } finally {
    bar.stop();
  }
  predict();

  let text = `${quoted(target)}\n`;
  for (let i = 0; i < predictions.length; i++) {
    text += `${predictions.at(i)}\n`;
    if (i % linesPerWrite === linesPerWrite - 1) {
      await write(io.stdout, text);
      text = '';
    }
  }
  await write(io.stdout, text);
}
