// Text of the report of a path or its cross-validation.

import { count, counted, measured, seconds } from '../../draw/figures.js';
import { metricsText } from '../fit/metricstext.js';
import { coefficientLines, factLines } from '../fit/reporttext.js';
import { type FitRequest, optimizerOf } from '../fit/request.js';
import { tables } from '../terminal/tables.js';
import { pathChart } from './pathchart.js';
import type { PathReport } from './pathreport.js';

/** Rows of a table that are told; the others are for --json. */
const mostRows = 24;

/** Places of a long list: evenly spread, with the first, the last and those of note. */
function shown(length: number, ofNote: readonly number[]): number[] {
  const n = Math.min(length, mostRows);
  const spread = Array.from({ length: n }, (_, k) => (n > 1 ? Math.round((k * (length - 1)) / (n - 1)) : 0));
  return [...new Set([...spread, ...ofNote])].sort((a, b) => a - b);
}

function lambdaTable(report: PathReport, columns: number): string[] {
  const { lambdas, nonZero, devianceRatio, trainingLoss, heldOutLoss, crossValidation: cv } = report;
  const ofNote = cv ? [lambdas.indexOf(cv.lambdaMin), lambdas.indexOf(cv.lambda1se)] : [];
  const places = shown(lambdas.length, ofNote);
  const rules = (lambda: number): string => {
    const names = [lambda === cv?.lambdaMin ? 'min' : '', lambda === cv?.lambda1se ? '1se' : ''];
    return names.filter((name) => name !== '').join(', ');
  };
  const head = ['λ', 'non-zero', 'deviance ratio'];
  const more = cv
    ? [`mean ${cv.measure}`, 'standard error', 'rule']
    : ['training loss', ...(heldOutLoss ? ['held-out loss'] : [])];
  const rows = places.map((i) => [
    measured(lambdas[i]),
    String(nonZero[i]),
    devianceRatio[i].toFixed(4),
    ...(cv
      ? [measured(cv.mean[i]), measured(cv.standardError[i]), rules(lambdas[i])]
      : [measured(trainingLoss[i]), ...(heldOutLoss ? [measured(heldOutLoss[i])] : [])]),
  ]);
  const table = tables([...head, ...more], rows, columns);
  return places.length < lambdas.length ? [table, `${places.length} of ${lambdas.length} λ; all with --json`] : [table];
}

/** How the fits at the λ ended. */
function statusOf({ status, epochs }: PathReport): string {
  const names = [...new Set(status)];
  const total = counted(
    epochs.reduce((sum, n) => sum + n, 0),
    'epoch',
  );
  if (names.length === 1) return `${names[0]}, all after ${total}`;
  return names.map((name) => `${status.filter((other) => other === name).length} ${name}`).join(', ');
}

function chosenLines(report: PathReport, names: readonly string[], { options }: FitRequest, columns: number): string[] {
  const { chosen, crossValidation, labels } = report;
  if (!chosen) return [];
  const { lambda, by, nonZero, coefficients, intercept, metrics } = chosen;
  const why = {
    lambda: '',
    min: `, the best mean ${crossValidation?.measure}`,
    '1se': ', within a standard error of the best',
  }[by];
  return [
    `model at λ ${measured(lambda)}${why}: ${nonZero} of ${counted(names.length, 'column')}`,
    ...coefficientLines({ coefficients, intercept, labels }, names, options.intercept ?? true, columns),
    '',
    ...(metrics ? [metricsText(metrics, report.loss, report, columns), ''] : []),
  ];
}

/** The whole report. */
export function pathText(report: PathReport, names: readonly string[], request: FitRequest, columns: number): string {
  const { lambdas, crossValidation, optimizer, backend, files, trainingRows } = report;
  const { folds: dealt = 0, leftOut = [] } = crossValidation ?? {};
  const without = leftOut.length > 0 ? ` (${count(leftOut.length)} left out: ${leftOut[0].reason})` : '';
  const folds = crossValidation ? ` and in ${count(dealt)} folds${without}` : '';
  const facts: [string, string][] = [
    ['fit', `${counted(trainingRows, 'row')} at ${count(lambdas.length)} λ${folds} in ${seconds(report.seconds)}`],
    ['optimizer', optimizerOf(request.options) === 'auto' ? `${optimizer}, picked by auto` : optimizer],
    ['status', statusOf(report)],
    ['backend', `${backend.name}, ${backend.target}`],
  ];
  if (files.model) facts.push(['model', files.model]);
  const pictures = [files.plot, files.pathPlot].filter((file) => file !== undefined);
  if (pictures.length > 0) facts.push([pictures.length > 1 ? 'pictures' : 'picture', pictures.join(', ')]);
  const chart = pathChart(report, columns);
  const lines = [
    ...lambdaTable(report, columns),
    '',
    ...(chart.length > 0 ? [...chart, ''] : []),
    ...chosenLines(report, names, request, columns),
    ...factLines(facts),
  ];
  return `${lines.join('\n')}\n`;
}
