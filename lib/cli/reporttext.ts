// What a fit came to, for people.
import { chart } from './chart.js';
import type { Curve } from './curve.js';
import { metricsText } from './metricstext.js';
import type { FitReport, PerClass } from './report.js';
import { type FitRequest, isSolver, optimizerOf } from './request.js';
import { tables } from './tables.js';
import { count, counted, measured, seconds } from './text.js';

/** One column of numbers, or one for each class. */
function coefficientTable(report: FitReport, names: readonly string[], intercept: boolean, columns: number): string {
  const { coefficients, labels } = report;
  const isOne = typeof report.intercept === 'number';
  const of = (value: PerClass): string[] =>
    typeof value === 'number' ? [measured(value)] : labels.map((label) => measured(value[label]));
  const rows = names.map((name) => [name, ...of(coefficients[name])]);
  if (intercept) rows.unshift(['(intercept)', ...of(report.intercept)]);
  return tables(['column', ...(isOne ? ['coefficient'] : labels)], rows, columns);
}

/** The whole report. */
export function reportText(
  report: FitReport,
  names: readonly string[],
  curve: Curve,
  { options }: FitRequest,
  columns: number,
): string {
  const { optimizer, backend, files, bestValidation, labels, metrics } = report;
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
  const width = Math.max(...facts.map(([name]) => name.length));
  const lines = [
    coefficientTable(report, names, options.intercept ?? true, columns),
    ...(labels.length === 2 && typeof report.intercept === 'number'
      ? [`above 0: ${labels[1]}; below: ${labels[0]}`]
      : []),
    '',
    ...(curve.training.length > 1 ? [chart(curve, columns), ''] : []),
    ...(metrics ? [metricsText(metrics, report.loss, report, columns), ''] : []),
    ...facts.map(([name, value]) => `${name.padEnd(width)}  ${value}`),
  ];
  return `${lines.join('\n')}\n`;
}
