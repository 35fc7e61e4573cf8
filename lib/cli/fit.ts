// nabla fit: a CSV file to a model, and how well it does on rows held out.
import { writeFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { backend, type FitOptions, fit as fitModel, type Model } from '../index.js';
import type { Io } from './command.js';
import { curveOf } from './curve.js';
import { coefficientNames, type Encoding, encodeRows, encodingOf } from './encode.js';
import { metrics } from './metrics.js';
import { writeModelFile } from './modelfile.js';
import { csvError } from './place.js';
import { lossPicture } from './plot.js';
import { fittingSpinner, readingBar } from './progress.js';
import { type FitReport, reportText } from './report.js';
import { type FitFlags, type FitRequest, readRequest } from './request.js';
import { split } from './split.js';
import { standardize } from './standardize.js';
import { type CsvTable, readTable } from './table.js';
import { counted } from './text.js';

const elapsed = (start: number): number => (performance.now() - start) / 1000;
const nameOf = (choice: string | { name: string }): string => (typeof choice === 'string' ? choice : choice.name);

async function read(file: string, { wanted, delimiter }: FitRequest, io: Io) {
  const bar = readingBar(io.stderr, file);
  const start = performance.now();
  try {
    const table = await readTable(file, delimiter, wanted, bar.update);
    return { table, readSeconds: elapsed(start) };
  } finally {
    bar.stop();
  }
}

/** The model on the original scale, and what it was fitted to and is to be measured on. */
async function fitTable(table: CsvTable, columns: Encoding[], request: FitRequest, options: FitOptions, io: Io) {
  const { training, heldOut } = split(table.rows, request.holdout, options.seed ?? 0);
  const data = encodeRows(table, columns, training);
  const measuredOn: FitReport['measuredOn'] = heldOut.length > 0 ? 'heldOut' : 'training';
  const measure = encodeRows(table, columns, measuredOn === 'heldOut' ? heldOut : training);
  const loss = nameOf(options.loss ?? 'squared');
  const restore = request.standardize
    ? standardize(data, coefficientNames(columns), loss, options.intercept ?? true)
    : (model: Model) => model;

  const stop = fittingSpinner(io.stderr, counted(training.length, 'row'));
  const start = performance.now();
  const fitted = await fitModel(data, options).finally(stop);
  const seconds = elapsed(start);
  const model = restore(fitted);
  const { r2, rmse } = metrics(measure.y, model.predict(measure.X));
  return { model, r2, rmse, measuredOn, seconds, trainingRows: training.length, heldOutRows: heldOut.length, loss };
}

/** @returns whether there is a model: a fit may diverge */
export async function fitCommand(file: string, flags: FitFlags, options: FitOptions, io: Io): Promise<boolean> {
  const request = await readRequest(flags);
  const { target } = request.wanted;
  const { table, readSeconds } = await read(file, request, io);
  const columns = table.features.map((column) => encodingOf(column, options.intercept ?? true));
  const names = coefficientNames(columns);
  if (names.length === 0) throw csvError('ERR_CSV_COLUMN', { file }, 'no feature varies: each has one category only');

  const { model, r2, loss, ...outcome } = await fitTable(table, columns, request, options, io);
  const { status, epochs, steps, coefficients, intercept } = model;
  const { trainingRows, heldOutRows, rmse, measuredOn, seconds } = outcome;
  const report: FitReport = {
    target,
    rows: table.rows,
    trainingRows,
    heldOutRows,
    coefficients: Object.fromEntries(names.map((name, j) => [name, coefficients[j]])),
    intercept,
    r2: Number.isFinite(r2) ? r2 : null,
    rmse,
    measuredOn,
    status,
    epochs,
    steps,
    history: Array.from(model.history),
    seconds,
    rowsPerSecond: (trainingRows * epochs) / seconds,
    readSeconds,
    backend,
    files: {},
  };
  const diverged = status === 'diverged';
  // Of all losses, least squares alone can be told from the RMSE.
  const heldOutLoss = measuredOn === 'heldOut' && loss === 'squared' ? rmse ** 2 / 2 : null;
  const curve = curveOf(model.history, options.history === 'step' ? 'step' : 'epoch', heldOutLoss);

  if (request.model !== undefined && !diverged) {
    await writeFile(request.model, writeModelFile({ target, columns, model }));
    report.files.model = request.model;
  }
  if (request.plot !== undefined && !diverged) {
    const data = `${counted(trainingRows, 'row')}, ${counted(names.length, 'column')}`;
    const how = `${nameOf(options.optimizer ?? 'adam')}, ${counted(steps, 'step')}`;
    await writeFile(
      request.plot,
      lossPicture(curve, `Loss of the fit of ${target}`, `${basename(file)}: ${data}; ${how}`),
    );
    report.files.plot = request.plot;
  }
  if (request.json) io.stdout.write(`${JSON.stringify(report)}\n`);
  else if (!diverged)
    io.stdout.write(reportText(report, names, curve, options.intercept ?? true, io.stdout.columns ?? 80));
  if (diverged) {
    const advice = `try ${request.standardize ? '' : '--standardize or '}a smaller --learning-rate`;
    io.stderr.write(`nabla: the fit diverged after ${counted(epochs, 'epoch')}; ${advice}\n`);
  }
  return !diverged;
}
