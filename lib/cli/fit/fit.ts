// nabla fit: a CSV file to a model, measured on rows held out.

import { basename } from 'node:path';
import { writeAtomic } from '../../base/file.js';
import { type Curve, curveOf } from '../../draw/curve.js';
import { counted } from '../../draw/figures.js';
import { lossPicture } from '../../draw/losspicture.js';
import { backend, type FitOptions, Model } from '../../index.js';
import { fitsOf } from '../../model/fits.js';
import type { Io } from '../command.js';
import { TargetScale } from '../csv/scale.js';
import { type Parts, partsOf, readSources, type Sources } from '../csv/sources.js';
import { inTheseWords } from '../flags/words.js';
import { fitAlongCommand } from '../path/pathfit.js';
import { tellDivergence } from './divergence.js';
import { metricsByPart } from './metrics.js';
import { writeModelFile } from './modelfile.js';
import { fittingSpinner } from './progress.js';
import { type FitReport, reportOf } from './report.js';
import { reportText } from './reporttext.js';
import { type FitFlags, type FitRequest, isSolver, optimizerOf, readRequest } from './request.js';
import { tellWarnings, warningsOf } from './warnings.js';

const elapsed = (start: number): number => (performance.now() - start) / 1000;

/** The model of the rows that are not held out, and how long it took. */
async function fitParts({ given, validation }: Parts, { labels }: Sources, request: FitRequest, io: Io) {
  const { wanted, options, checkpoint } = request;
  const isScaled = options.standardize && wanted.loss === 'squared' && !isSolver(optimizerOf(options));
  const scale = isScaled ? new TargetScale(given, options.intercept ?? true) : null;
  // Those of a part are drawn by the library.
  const watched = request.validation === undefined ? null : validation;
  const all = {
    ...(scale?.options(options) ?? options),
    validation: (watched && scale?.scaled(watched)) ?? watched ?? undefined,
    classes: wanted.loss === 'softmax' ? labels.length : undefined,
  };
  const data = scale?.scaled(given) ?? given;
  const stop = fittingSpinner(io.stderr, counted(given.rows, 'row'));
  const start = performance.now();
  const model = await inTheseWords(() => fitsOf(Model).fit(data, all, undefined, true), checkpoint).finally(stop);
  const seconds = elapsed(start);
  scale?.restore(model);
  return { model, seconds };
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
  const { wanted, options } = request;
  const { target, offset = null } = wanted;
  const start = performance.now();
  const sources = await readSources(file, request, io);
  const readSeconds = elapsed(start);
  const { columns, names, labels, table } = sources;
  const parts = await partsOf(sources, request);
  const facts = {
    target,
    labels,
    rows: table.rows,
    trainingRows: parts.training.rows,
    validationRows: parts.validation?.rows ?? 0,
    heldOutRows: parts.heldOut?.rows ?? 0,
    readSeconds,
    backend,
  };
  if (request.along) {
    return fitAlongCommand(file, request, sources, parts, facts, io);
  }

  const { model, seconds } = await fitParts(parts, sources, request, io);
  const diverged = model.status === 'diverged';
  const metrics = diverged ? null : metricsByPart(model, parts, labels);
  const warnings = warningsOf(model, parts.training, names, options);
  const report = reportOf(model, names, { ...facts, metrics, seconds, warnings });
  if (diverged) {
    if (request.json) io.stdout.write(`${JSON.stringify(report)}\n`);
    const unit = isSolver(model.optimizer) ? 'iteration' : 'epoch';
    tellDivergence(`the fit diverged after ${counted(model.epochs, unit)}`, model, request, io);
    return false;
  }

  const unit = isSolver(model.optimizer) ? 'iteration' : (options.history ?? 'epoch');
  const curve = curveOf(model, unit, report.metrics?.heldOut?.loss ?? null);
  if (request.model !== undefined) {
    const { checkpoint: _, ...own } = options;
    const fitted = { rows: parts.training.rows, options: own };
    await writeAtomic(request.model, Buffer.from(writeModelFile({ target, labels, offset, columns, fitted, model })));
    report.files.model = request.model;
  }
  if (request.plot !== undefined) {
    await writeAtomic(request.plot, Buffer.from(picture(curve, file, report)));
    report.files.plot = request.plot;
  }
  const text = (): string => reportText(report, names, curve, request, io.stdout.columns ?? 80);
  io.stdout.write(request.json ? `${JSON.stringify(report)}\n` : text());
  if (!request.json) tellWarnings(warnings, io);
  return true;
}
