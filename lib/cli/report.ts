// What a fit came to, for people.
import Table from 'cli-table3';
import { plot } from 'simple-ascii-chart';
import type { BackendInfo, Status } from '../index.js';
import { type Curve, countTicks, lossScale, lossTicks, tickLabel } from './curve.js';
import { count, counted, measured, seconds } from './text.js';

/** What `--json` writes. */
export interface FitReport {
  target: string;
  rows: number;
  trainingRows: number;
  heldOutRows: number;
  coefficients: Record<string, number>;
  intercept: number;
  /** Null where the target does not vary. */
  r2: number | null;
  rmse: number;
  measuredOn: 'heldOut' | 'training';
  status: Status;
  epochs: number;
  steps: number;
  /** The mean loss of each epoch or step. */
  history: number[];
  /** Of the fit alone. */
  seconds: number;
  rowsPerSecond: number;
  readSeconds: number;
  backend: BackendInfo;
  /** What was written. */
  files: { model?: string; plot?: string };
}

function coefficientTable({ intercept, coefficients }: FitReport, names: readonly string[], fitted: boolean): string {
  const table = new Table({
    head: ['column', 'coefficient'],
    colAligns: ['left', 'right'],
    style: { head: [], border: [], compact: true },
  });
  if (fitted) table.push(['(intercept)', measured(intercept)]);
  for (const name of names) table.push([name, measured(coefficients[name])]);
  return table.toString();
}

const rowsOfChart = 10;

/** The loss curve in characters, as wide as the terminal allows. */
function chart(curve: Curve, columns: number): string {
  const loss = lossScale(curve);
  const forward = (value: number): number => (loss.isLog ? Math.log10(value) : value);
  const last = curve.points[curve.points.length - 1][0];
  const [low, high] = loss.scale.domain().map(forward);
  const text = plot(
    curve.points.map(([x, value]) => [x, forward(value)]),
    {
      width: Math.max(20, Math.min(72, columns - 12)),
      height: rowsOfChart,
      yRange: [low, high],
      customXAxisTicks: countTicks(last, 6),
      customYAxisTicks: lossTicks(loss, 4).map(forward),
      formatter: (value, { axis }) => (axis === 'x' ? count(value) : tickLabel(loss.isLog ? 10 ** value : value)),
    },
  );
  const lines = text.split('\n').map((line) => line.trimEnd());
  const heading = `mean loss by ${curve.unit}${loss.isLog ? ', log scale' : ''}`;
  return [heading, ...lines.filter((line) => line !== '')].join('\n');
}

/** The whole report. */
export function reportText(
  report: FitReport,
  names: readonly string[],
  curve: Curve,
  intercept: boolean,
  columns: number,
): string {
  const { backend, files } = report;
  const measuredOn =
    report.measuredOn === 'heldOut'
      ? `${counted(report.heldOutRows, 'row')} held out`
      : `the ${counted(report.trainingRows, 'row')} of the fit: none are held out`;
  const lines = [
    coefficientTable(report, names, intercept),
    '',
    ...(curve.points.length > 1 ? [chart(curve, columns), ''] : []),
    `R²       ${report.r2 === null ? '–, since the target does not vary' : report.r2.toFixed(4)} on ${measuredOn}`,
    `RMSE     ${measured(report.rmse)}`,
    `fit      ${counted(report.trainingRows, 'row')} in ${seconds(report.seconds)}, ${count(report.rowsPerSecond)} rows/s`,
    `status   ${report.status} after ${counted(report.epochs, 'epoch')}, ${counted(report.steps, 'step')}`,
    `backend  ${backend.name}, ${backend.target}`,
  ];
  if (files.model) lines.push(`model    ${files.model}`);
  if (files.plot) lines.push(`picture  ${files.plot}`);
  return `${lines.join('\n')}\n`;
}
