// nabla predict: a model file and new rows to predictions, with metrics where y is given.
import { NablaError } from '../../base/errors.js';
import { codeOf } from '../../input/labels.js';
import { probabilistic } from '../../metrics/predictions.js';
import type { Io, Output } from '../command.js';
import type { ColumnSpec } from '../csv/columns.js';
import { categoriesOf, type Encoding, encodeFeatures, encodeRows, numbersOf } from '../csv/encode.js';
import { read } from '../csv/sources.js';
import { allRows } from '../csv/split.js';
import type { CsvTable, TableSpec } from '../csv/table.js';
import { rangeOfTarget } from '../csv/wanted.js';
import { strictNumber } from '../terminal/text.js';
import { type Metrics, metricsOf } from './metrics.js';
import { metricsTextOf } from './metricstext.js';
import { type ModelFile, readModelFile } from './modelfile.js';

export interface PredictFlags {
  readonly delimiter: string;
  readonly proba?: boolean;
  readonly metrics: boolean;
  readonly json?: boolean;
}

const batchRows = 8192;

const quoted = (cell: string): string => (/[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell);

const write = (out: Output, text: string): Promise<void> =>
  new Promise((resolve, reject) => {
    out.write(text, (error) => (error ? reject(error) : resolve()));
  });

const says = 'the model knows';

function specOf(encoding: Encoding): ColumnSpec {
  const { name, kind } = encoding;
  if (kind === 'number') return { name, kind };
  return { name, kind, known: { names: categoriesOf(encoding), says } };
}

function targetOf({ target: name, labels, model }: ModelFile): ColumnSpec {
  if (labels.length === 0)
    return { name, kind: 'number', range: rangeOfTarget({ ...model.lossParameters, name: model.loss }) };
  const isNumber = labels.every((label) => String(strictNumber(label)) === label);
  return { name, isClass: true, kind: isNumber ? 'number' : 'text', known: { names: labels, says } };
}

/** The target is read if it is wanted and there. */
function tableSpec(modelFile: ModelFile, names: readonly string[], withTarget: boolean): TableSpec {
  const { columns, offset, target } = modelFile;
  return {
    features: columns.map(specOf),
    target: withTarget && names.includes(target) ? targetOf(modelFile) : null,
    targetMayFail: true,
    weight: null,
    offset: offset === null ? null : { name: offset, kind: 'number' },
  };
}

/** Predictions of all rows, some at a time. */
function* batches<T>(
  table: CsvTable,
  { columns }: ModelFile,
  predict: (X: Float64Array, offset?: Float64Array) => T,
): Generator<T> {
  const all = allRows(table.rows);
  for (let from = 0; from < table.rows; from += batchRows) {
    const rows = all.subarray(from, from + batchRows);
    const offset = table.offset ? numbersOf(table.offset, rows) : undefined;
    yield predict(encodeFeatures(table.features, columns, rows), offset);
  }
}

/** A prediction for each row: a number, or the name of a class. */
function predictor({ labels, model }: ModelFile) {
  const nameOf = new Map(model.labels.map((label, k) => [label, labels[k]]));
  return (X: Float64Array, offset?: Float64Array): (number | string)[] =>
    Array.from(model.predict(X, offset), (value) => nameOf.get(value) ?? value);
}

/** The probabilities of the classes for each row. */
function chances({ labels, model }: ModelFile) {
  const k = labels.length;
  return (X: Float64Array, offset?: Float64Array): Float64Array[] => {
    const p = model.predictProba(X, offset);
    return Array.from({ length: p.length / k }, (_, i) => p.subarray(i * k, (i + 1) * k));
  };
}

function measure(table: CsvTable, { columns, labels, model }: ModelFile): Metrics | null {
  if (!table.target) return null;
  const codes = new Map(labels.map((label, place) => [label, codeOf(model.loss, place, labels.length)]));
  return metricsOf(model, encodeRows(table, columns, codes, allRows(table.rows)), labels);
}

async function writeCsv(table: CsvTable, modelFile: ModelFile, proba: boolean, out: Output): Promise<void> {
  const { target, labels } = modelFile;
  const names = proba ? labels : [target];
  await write(out, `${names.map(quoted).join(',')}\n`);
  const rowsOf: (X: Float64Array, offset?: Float64Array) => unknown[] = (proba ? chances : predictor)(modelFile);
  const lineOf = (row: unknown): string => (proba ? String(row) : quoted(String(row)));
  for (const rows of batches(table, modelFile, rowsOf)) await write(out, `${rows.map(lineOf).join('\n')}\n`);
}

function jsonOf(table: CsvTable, modelFile: ModelFile, proba: boolean, metrics: Metrics | null): string {
  const { target, labels } = modelFile;
  const rows = proba ? [...batches(table, modelFile, chances(modelFile))].flat().map((row) => [...row]) : null;
  return JSON.stringify({
    target,
    labels,
    rows: table.rows,
    predictions: [...batches(table, modelFile, predictor(modelFile))].flat(),
    ...(rows && { probabilities: rows }),
    metrics,
  });
}

export async function predictCommand(modelPath: string, file: string, flags: PredictFlags, io: Io): Promise<void> {
  const { delimiter, proba = false, metrics: isMeasured, json = false } = flags;
  const modelFile = await readModelFile(modelPath);
  const { loss } = modelFile.model;
  if (proba && !probabilistic.includes(loss)) {
    throw new NablaError('ERR_UNKNOWN_OPTION', `--proba: a model of loss ${loss} gives no probabilities`);
  }
  // Every row is read before anything is written: a file with a mistake in it gives no part of an answer.
  const table = await read(file, delimiter, (names) => tableSpec(modelFile, names, isMeasured), io);
  const metrics = measure(table, modelFile);
  if (json) await write(io.stdout, `${jsonOf(table, modelFile, proba, metrics)}\n`);
  else await writeCsv(table, modelFile, proba, io.stdout);
  if (table.targetError) io.stderr.write(`nabla: no metrics: ${table.targetError.message}\n`);
  else if (metrics && !json) {
    io.stderr.write(`${metricsTextOf(metrics, loss, table.rows, io.stderr.columns ?? 80)}\n`);
  }
}
