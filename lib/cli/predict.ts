// nabla predict: a model file and new rows to predictions.
import { NablaError } from '../errors.js';
import type { ColumnSpec } from './columns.js';
import type { Io, Output } from './command.js';
import { categoriesOf, type Encoding, encodeFeatures, numbersOf } from './encode.js';
import { type ModelFile, readModelFile } from './modelfile.js';
import { readingBar } from './progress.js';
import { allRows } from './split.js';
import { type CsvTable, readTable } from './table.js';

export interface PredictFlags {
  readonly delimiter: string;
  readonly proba?: boolean;
}

const batchRows = 8192;

const quoted = (cell: string): string => (/[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell);

const write = (out: Output, text: string): Promise<void> =>
  new Promise((resolve, reject) => {
    out.write(text, (error) => (error ? reject(error) : resolve()));
  });

function specOf(encoding: Encoding): ColumnSpec {
  const { name, kind } = encoding;
  if (kind === 'number') return { name, kind };
  return { name, kind, known: { names: categoriesOf(encoding), says: 'the model knows' } };
}

/** Reads every row before anything is written: a file with a mistake in it gives no part of an answer. */
async function read(file: string, { columns, offset }: ModelFile, delimiter: string, io: Io): Promise<CsvTable> {
  const spec = {
    features: columns.map(specOf),
    target: null,
    weight: null,
    offset: offset === null ? null : ({ name: offset, kind: 'number' } as const),
  };
  const bar = readingBar(io.stderr, file);
  try {
    return await readTable(file, delimiter, () => spec, bar.update);
  } finally {
    bar.stop();
  }
}

/** What makes the cells of some rows, by the name of each column. */
function answer({ target, labels, model }: ModelFile, proba: boolean) {
  if (proba) {
    const k = labels.length;
    return {
      names: labels,
      cells(X: Float64Array, offset?: Float64Array): string[] {
        const p = model.predictProba(X, offset);
        return Array.from({ length: p.length / k }, (_, i) => p.subarray(i * k, (i + 1) * k).join(','));
      },
    };
  }
  const cellOf = new Map(model.labels.map((label, k) => [label, quoted(labels[k])]));
  return {
    names: [target],
    cells(X: Float64Array, offset?: Float64Array): string[] {
      return Array.from(model.predict(X, offset), (value) => cellOf.get(value) ?? String(value));
    },
  };
}

export async function predictCommand(modelPath: string, file: string, flags: PredictFlags, io: Io): Promise<void> {
  const { delimiter, proba = false } = flags;
  const modelFile = await readModelFile(modelPath);
  const { loss } = modelFile.model;
  if (proba && loss !== 'logistic' && loss !== 'softmax') {
    throw new NablaError('ERR_UNKNOWN_OPTION', `--proba: a model of loss ${loss} gives no probabilities`);
  }
  const table = await read(file, modelFile, delimiter, io);
  const { names, cells } = answer(modelFile, proba);
  await write(io.stdout, `${names.map(quoted).join(',')}\n`);
  const all = allRows(table.rows);
  for (let from = 0; from < table.rows; from += batchRows) {
    const rows = all.subarray(from, from + batchRows);
    const X = encodeFeatures(table.features, modelFile.columns, rows);
    const offset = table.offset ? numbersOf(table.offset, rows) : undefined;
    await write(io.stdout, `${cells(X, offset).join('\n')}\n`);
  }
}
