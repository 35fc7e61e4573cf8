// nabla fit: a CSV file to a model, and how well it does on rows held out.
import { writeFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { writeAtomic } from '../file.js';
import { backend, type FitOptions, fit as fitModel } from '../index.js';
import { codeOf } from '../labels.js';
import { classNames } from './classes.js';
import type { Io } from './command.js';
import { type Curve, curveOf } from './curve.js';
import { coefficientNames, type Encoding, encodeRows, encodingOf, type Rows } from './encode.js';
import { metrics } from './metrics.js';
import { writeModelFile } from './modelfile.js';
import { csvError } from './place.js';
import { lossPicture } from './plot.js';
import { fittingSpinner, readingBar } from './progress.js';
import { type FitReport, type Outcome, reportOf } from './report.js';
import { reportText } from './reporttext.js';
import { type FitFlags, type FitRequest, isSolver, optimizerOf, readRequest } from './request.js';
import { TargetScale } from './scale.js';
import { allRows, split } from './split.js';
import { type CsvTable, readTable, type TableSpec } from './table.js';
import { counted } from './text.js';
import { sameSpec, tableSpec } from './wanted.js';
import { inTheseWords } from './words.js';

const elapsed = (start: number): number => (performance.now() - start) / 1000;

async function read(
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

/** What was read: the rows of the fit, those to watch, and what their columns are. */
interface Sources {
  table: CsvTable;
  watched: CsvTable | null;
  columns: readonly Encoding[];
  labels: readonly string[];
}

async function readSources(file: string, request: FitRequest, io: Io): Promise<Sources> {
  const { wanted, delimiter, validation, options } = request;
  const table = await read(file, delimiter, (names) => tableSpec(file, names, wanted), io);
  const labels = table.target ? classNames(file, table.target, wanted.loss) : [];
  const columns = table.features.map((column) => encodingOf(column, options.intercept ?? true));
  if (coefficientNames(columns).length === 0) {
    throw csvError('ERR_CSV_COLUMN', { file }, 'no feature varies: each has one category only');
  }
  const watched = validation === undefined ? null : await read(validation, delimiter, () => sameSpec(table), io);
  return { table, watched, columns, labels };
}

/** The fit of the rows that are not held out, and its measures. */
async function fitSources({ table, watched, columns, labels }: Sources, request: FitRequest, io: Io) {
  const { wanted, options } = request;
  const { training, heldOut } = split(table.rows, request.holdout, options.seed ?? 0);
  const codes = new Map(labels.map((label, place) => [label, codeOf(wanted.loss, place)]));
  const encode = (from: CsvTable, rows: Uint32Array): Rows => encodeRows(from, columns, codes, rows);
  const data = encode(table, training);
  const validation = watched ? encode(watched, allRows(watched.rows)) : undefined;
  const isScaled = options.standardize && wanted.loss === 'squared' && !isSolver(optimizerOf(options));
  const scale = isScaled ? new TargetScale(data, options.intercept ?? true) : null;
  scale?.scale(data);
  if (validation) scale?.scale(validation);
  const classes = wanted.loss === 'softmax' ? labels.length : undefined;

  const stop = fittingSpinner(io.stderr, counted(training.length, 'row'));
  const start = performance.now();
  const all = { ...(scale?.options(options) ?? options), validation, classes };
  const model = await inTheseWords(() => fitModel(data, all), request.checkpoint).finally(stop);
  const seconds = elapsed(start);
  scale?.restore(model);

  const measuredOn: Outcome['measuredOn'] = heldOut.length > 0 ? 'heldOut' : 'training';
  const measured = encode(table, measuredOn === 'heldOut' ? heldOut : training);
  // The library draws these among the rows of the fit.
  const drawn = Math.round(training.length * (options.validationFraction ?? 0));
  return {
    model,
    outcome: {
      trainingRows: training.length - drawn,
      validationRows: watched ? watched.rows : drawn,
      heldOutRows: heldOut.length,
      metrics: metrics(model, measured),
      measuredOn,
      seconds,
    },
  };
}

function picture(curve: Curve, file: string, report: FitReport): string {
  const { target, trainingRows, coefficients, optimizer, epochs, steps } = report;
  const data = `${counted(trainingRows, 'row')}, ${counted(Object.keys(coefficients).length, 'column')}`;
  const how = `${optimizer}, ${isSolver(optimizer) ? counted(epochs, 'iteration') : counted(steps, 'step')}`;
  return lossPicture(curve, `Loss of the fit of ${target}`, `${basename(file)}: ${data}; ${how}`);
}

/** @returns whether there is a model: a fit may diverge */
export async function fitCommand(file: string, flags: FitFlags, given: FitOptions, io: Io): Promise<boolean> {
  const request = await readRequest(flags, given);
  const start = performance.now();
  const sources = await readSources(file, request, io);
  const readSeconds = elapsed(start);
  const { columns, labels, table } = sources;
  const { wanted, options } = request;
  const { target, offset = null } = wanted;
  const { model, outcome } = await fitSources(sources, request, io);
  const names = coefficientNames(columns);
  const report = reportOf(model, names, { target, labels, rows: table.rows, ...outcome, readSeconds, backend });
  if (model.status === 'diverged') {
    if (request.json) io.stdout.write(`${JSON.stringify(report)}\n`);
    const [unit, smaller] = isSolver(model.optimizer) ? ['iteration', '--l2'] : ['epoch', 'a smaller --learning-rate'];
    const advice = `try ${options.standardize ? '' : '--standardize or '}${smaller}`;
    io.stderr.write(`nabla: the fit diverged after ${counted(model.epochs, unit)}; ${advice}\n`);
    return false;
  }

  const heldOutLoss = report.measuredOn === 'heldOut' ? report.metrics.loss : null;
  const curve = curveOf(model, isSolver(model.optimizer) ? 'iteration' : (options.history ?? 'epoch'), heldOutLoss);
  if (request.model !== undefined) {
    const text = writeModelFile({ target, labels, offset, columns, model });
    await writeAtomic(request.model, Buffer.from(text));
    report.files.model = request.model;
  }
  if (request.plot !== undefined) {
    await writeFile(request.plot, picture(curve, file, report));
    report.files.plot = request.plot;
  }
  const text = (): string => reportText(report, names, curve, request, io.stdout.columns ?? 80);
  io.stdout.write(request.json ? `${JSON.stringify(report)}\n` : text());
  return true;
}
