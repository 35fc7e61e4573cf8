// What a fit came to, for people.
import Table from 'cli-table3';
import { chart } from './chart.js';
import type { Curve } from './curve.js';
import type { FitReport, PerClass } from './report.js';
import { type FitRequest, isSolver, optimizerOf } from './request.js';
import { count, counted, measured, seconds } from './text.js';

const widthOfNumber = 15;

/** One column of numbers, or one for each class: in several tables where they do not fit beside each other. */
function coefficientTables(report: FitReport, names: readonly string[], intercept: boolean, columns: number): string {
  const { coefficients, labels } = report;
  const rows: [string, PerClass][] = names.map((name) => [name, coefficients[name]]);
  if (intercept) rows.unshift(['(intercept)', report.intercept]);
  const widest = Math.max(...rows.map(([name]) => name.length));
  const most = Math.max(1, Math.floor((columns - widest - 4) / widthOfNumber));
  const classes = typeof report.intercept === 'number' ? ['coefficient'] : labels;
  const tables: string[] = [];
  for (let from = 0; from < classes.length; from += most) {
    const some = classes.slice(from, from + most);
    const table = new Table({
      head: ['column', ...some],
      colAligns: ['left', ...some.map(() => 'right' as const)],
      style: { head: [], border: [], compact: true },
    });
    for (const [name, value] of rows) {
      table.push([name, ...some.map((label) => measured(typeof value === 'number' ? value : value[label]))]);
    }
    tables.push(table.toString());
  }
  return tables.join('\n');
}

/** Each with its name; the first also tells on what it was measured. */
function metricLines({ metrics, loss }: FitReport): [string, string][] {
  switch (metrics.kind) {
    case 'class': {
      const accuracy: [string, string] = ['accuracy', `${(100 * metrics.accuracy).toFixed(2)} %`];
      const { logLoss } = metrics;
      return [accuracy, logLoss === null ? ['loss', measured(metrics.loss)] : ['log loss', measured(logLoss)]];
    }
    case 'mean':
      return [
        ['deviance', measured(metrics.deviance)],
        ['RMSE', measured(metrics.rmse)],
      ];
    case 'value': {
      const r2 = metrics.r2 === null ? '–, since the target does not vary' : metrics.r2.toFixed(4);
      const lines: [string, string][] = [
        ['R²', r2],
        ['RMSE', measured(metrics.rmse)],
      ];
      return loss === 'squared' ? lines : [...lines, ['loss', measured(metrics.loss)]];
    }
  }
}

/** The whole report. */
export function reportText(
  report: FitReport,
  names: readonly string[],
  curve: Curve,
  { options }: FitRequest,
  columns: number,
): string {
  const { optimizer, backend, files, bestValidation, labels } = report;
  const measuredOn =
    report.measuredOn === 'heldOut'
      ? `${counted(report.heldOutRows, 'row')} held out`
      : `the ${counted(report.trainingRows, 'row')} of the fit: none are held out`;
  const [first, ...rest] = metricLines(report);
  const facts: [string, string][] = [[first[0], `${first[1]} on ${measuredOn}`], ...rest];
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
    coefficientTables(report, names, options.intercept ?? true, columns),
    ...(labels.length === 2 && typeof report.intercept === 'number'
      ? [`above 0: ${labels[1]}; below: ${labels[0]}`]
      : []),
    '',
    ...(curve.training.length > 1 ? [chart(curve, columns), ''] : []),
    ...facts.map(([name, value]) => `${name.padEnd(width)}  ${value}`),
  ];
  return `${lines.join('\n')}\n`;
}
