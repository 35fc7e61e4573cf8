// Text of the metrics, as tables.

import { count, counted, measured } from '../../draw/figures.js';
import { tables } from '../terminal/tables.js';
import type { Metrics, MetricsByPart, NamedMetrics } from './metrics.js';

const part = (x: number): string => x.toFixed(4);
const percent = (x: number): string => `${(100 * x).toFixed(2)} %`;
const orDash = (x: number | null, text: (x: number) => string): string => (x === null ? '–' : text(x));

/** Each with its name. What no model of its loss has is left out; what the rows leave undefined is a dash. */
function lines(metrics: Metrics, loss: string): [string, string][] {
  const meanLoss: [string, string] = ['loss', measured(metrics.loss)];
  switch (metrics.kind) {
    case 'value': {
      const { r2, explainedVariance, rmse, mae, medianAbsoluteError, maxError, d2 } = metrics;
      return [
        ['R²', orDash(r2, part)],
        ['explained variance', orDash(explainedVariance, part)],
        ...(loss === 'quantile' ? ([['D²', orDash(d2, part)]] as [string, string][]) : []),
        ['RMSE', measured(rmse)],
        ['mean absolute error', measured(mae)],
        ['median absolute error', measured(medianAbsoluteError)],
        ['largest error', measured(maxError)],
        meanLoss,
      ];
    }
    case 'mean':
      return [
        ['D²', orDash(metrics.d2, part)],
        ['deviance', measured(metrics.deviance)],
        ['RMSE', measured(metrics.rmse)],
        ['mean absolute error', measured(metrics.mae)],
        meanLoss,
      ];
    case 'class': {
      const { accuracy, balancedAccuracy, mcc, auc, logLoss, brier, labels } = metrics;
      const ofTwo: [string, string][] = [
        ['area under ROC', orDash(auc, part)],
        ...(brier === null ? [] : ([['Brier score', measured(brier)]] as [string, string][])),
      ];
      return [
        ['accuracy', percent(accuracy)],
        ['balanced accuracy', percent(balancedAccuracy)],
        ['Matthews correlation', part(mcc)],
        ...(labels.length === 2 ? ofTwo : []),
        logLoss === null ? meanLoss : ['log loss', measured(logLoss)],
      ];
    }
  }
}

/** The metrics of some parts of the rows, side by side. */
function sideBySide(parts: readonly Named[], loss: string, columns: number): string {
  const head = ['', ...parts.map(({ name }) => name)];
  const cells = parts.map(({ metrics }) => lines(metrics, loss));
  const rows = cells[0].map(([name], i) => [name, ...cells.map((column) => column[i][1])]);
  return tables(head, [['rows', ...parts.map(({ rows }) => count(rows))], ...rows], columns);
}

/** More classes than this are for machines. */
const mostClasses = 30;

/** Which class is taken for which. */
function confusionTable({ labels, confusion }: NamedMetrics, columns: number): string {
  if (labels.length > mostClasses) return `confusion of ${labels.length} classes: see --json`;
  return tables(
    ['true class \\ predicted', ...labels],
    labels.map((label, i) => [label, ...confusion[i].map(measured)]),
    columns,
  );
}

function classTable(metrics: NamedMetrics, columns: number): string {
  const { labels, macro, weighted, precision, recall, f1, support } = metrics;
  const of = (scores: { precision: number; recall: number; f1: number }): string[] =>
    [scores.precision, scores.recall, scores.f1].map(part);
  const total = measured(labels.reduce((sum, label) => sum + support[label], 0));
  const rows = labels.map((label) => {
    const scores = { precision: precision[label], recall: recall[label], f1: f1[label] };
    return [label, ...of(scores), measured(support[label])];
  });
  rows.push(['(macro mean)', ...of(macro), total], ['(weighted mean)', ...of(weighted), total]);
  return tables(['class', 'precision', 'recall', 'f1', 'support'], rows, columns);
}

interface Named {
  readonly name: string;
  readonly metrics: Metrics;
  readonly rows: number;
}

/** All tables of a part, `where` telling which for the classes: "12 rows held out". */
function ofClasses(metrics: Metrics, where: string, columns: number): string[] {
  if (metrics.kind !== 'class') return [];
  return ['', `${where}:`, confusionTable(metrics, columns), classTable(metrics, columns)];
}

/** The tables of a fit. Classes are told apart on the rows held out if there are any. */
export function metricsText(
  { training, validation, heldOut }: MetricsByPart,
  loss: string,
  rows: { readonly trainingRows: number; readonly validationRows: number; readonly heldOutRows: number },
  columns: number,
): string {
  const parts: Named[] = [{ name: 'training', metrics: training, rows: rows.trainingRows }];
  if (validation) parts.push({ name: 'validation', metrics: validation, rows: rows.validationRows });
  if (heldOut) parts.push({ name: 'held out', metrics: heldOut, rows: rows.heldOutRows });
  const where = heldOut
    ? `${counted(rows.heldOutRows, 'row')} held out`
    : `${counted(rows.trainingRows, 'row')} of the training`;
  return [sideBySide(parts, loss, columns), ...ofClasses(heldOut ?? training, where, columns)].join('\n');
}

/** The tables of one part. */
export function metricsTextOf(metrics: Metrics, loss: string, rows: number, columns: number): string {
  const all = sideBySide([{ name: 'value', metrics, rows }], loss, columns);
  return [all, ...ofClasses(metrics, counted(rows, 'row'), columns)].join('\n');
}
