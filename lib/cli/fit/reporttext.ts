// Text of the report of a fit.

import type { Curve } from '../../draw/curve.js';
import { count, counted, measured, seconds } from '../../draw/figures.js';
import { tables } from '../terminal/tables.js';
import { lossChart } from './losschart.js';
import { metricsText } from './metricstext.js';
import type { FitReport, PerClass } from './report.js';
import { type FitRequest, isSolver, optimizerOf } from './request.js';

type Coefficients = Pick<FitReport, 'coefficients' | 'intercept' | 'labels'>;

/** One column of numbers, or one for each class; then what the sign of two classes means. */
export function coefficientLines(
  { coefficients, intercept, labels }: Coefficients,
  names: readonly string[],
  hasIntercept: boolean,
  columns: number,
): string[] {
  const isOne = typeof intercept === 'number';
  const of = (value: PerClass): string[] =>
    typeof value === 'number' ? [measured(value)] : labels.map((label) => measured(value[label]));
  const rows = names.map((name) => [name, ...of(coefficients[name])]);
  if (hasIntercept) rows.unshift(['(intercept)', ...of(intercept)]);
  const table = tables(['column', ...(isOne ? ['coefficient'] : labels)], rows, columns);
  return labels.length === 2 && isOne ? [table, `above 0: ${labels[1]}; below: ${labels[0]}`] : [table];
}

/** Names and what they are, the latter below each other. */
export function factLines(facts: readonly (readonly [string, string])[]): string[] {
  const width = Math.max(...facts.map(([name]) => name.length));
  return facts.map(([name, value]) => `${name.padEnd(width)}  ${value}`);
}

/** The whole report. */
export function reportText(
  report: FitReport,
  names: readonly string[],
  curve: Curve,
  { options }: FitRequest,
  columns: number,
): string {
  const { optimizer, backend, files, bestValidation, metrics } = report;
  const facts: [string, string][] = [];
  if (bestValidation) {
    const { loss, epoch } = bestValidation;
    const rows = counted(report.validationRows, 'row');
    facts.push(['watched', `validation loss ${measured(loss)} at best, in epoch ${count(epoch)}, on ${rows}`]);
  }
  const passes = isSolver(optimizer)
    ? counted(report.epochs, 'iteration')
    : `${counted(report.epochs, 'epoch')}, ${counted(report.steps, 'step')}`;
  const speed = `${counted(report.trainingRows, 'row')} in ${seconds(report.seconds)}`;
  facts.push(
    ['fit', `${speed}, ${count(report.rowsPerSecond)} rows/s`],
    ['optimizer', optimizerOf(options) === 'auto' ? `${optimizer}, picked by auto` : optimizer],
    ['status', `${report.status} after ${passes}`],
    ['backend', `${backend.name}, ${backend.target}`],
  );
  if (files.model) facts.push(['model', files.model]);
  if (files.plot) facts.push(['picture', files.plot]);
  const lines = [
    ...coefficientLines(report, names, options.intercept ?? true, columns),
    '',
    ...(curve.training.length > 1 ? [lossChart(curve, columns), ''] : []),
    ...(metrics ? [metricsText(metrics, report.loss, report, columns), ''] : []),
    ...factLines(facts),
  ];
  return `${lines.join('\n')}\n`;
}
