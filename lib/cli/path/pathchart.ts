// Chart of a path along λ, in characters.
import { scaleLinear } from 'd3-scale';
import { plot } from 'simple-ascii-chart';
import { tickLabel } from '../../draw/curve.js';
import { lambdaAxis } from '../../draw/lambdaaxis.js';
import type { PathReport } from './pathreport.js';

const rows = 10;
const mostMarks = 24;

type Series = readonly (number | null)[];

/** A line, and marks on or about it. */
function chart(lambdas: readonly number[], lineOf: Series, marksOf: readonly Series[], columns: number): string {
  const axis = lambdaAxis(lambdas);
  const width = Math.max(20, Math.min(72, columns - 12));
  const pointsOf = (series: Series, every = 1): [number, number][] =>
    series.flatMap((value, i): [number, number][] =>
      value !== null && Number.isFinite(value) && i % every === 0 ? [[axis.at(lambdas[i]), value]] : [],
    );
  const every = Math.ceil(lambdas.length / mostMarks);
  const line = pointsOf(lineOf);
  const marks = marksOf.flatMap((series) => pointsOf(series, every));
  const values = [...line, ...marks].map(([, value]) => value);
  const y = scaleLinear()
    .domain([Math.min(...values), Math.max(...values)])
    .nice(5);
  const [low, high] = y.domain();
  const ticks = axis.ticks(Math.floor(width / 12));
  const text = plot(line, {
    width,
    height: rows,
    yRange: high > low ? [low, high] : [low - 1, high + 1],
    customXAxisTicks: ticks.map(({ at }) => at),
    customYAxisTicks: y.ticks(4),
    formatter: (value, { axis }) =>
      axis === 'x' ? (ticks.find(({ at }) => at === value)?.label ?? '') : tickLabel(value),
    points: marks.map(([x, y]) => ({ x, y })),
    symbols: { point: '●' },
  });
  const lines = text.split('\n').map((line) => line.trimEnd());
  return lines.filter((line) => line !== '').join('\n');
}

/** The measure of the cross-validation, or the losses; nothing for a λ alone. */
export function pathChart(
  { lambdas, trainingLoss, heldOutLoss, crossValidation }: PathReport,
  columns: number,
): string[] {
  if (lambdas.length < 2) return [];
  if (crossValidation) {
    const { mean, standardError, measure } = crossValidation;
    const above = mean.map((value, i) => value + standardError[i]);
    const below = mean.map((value, i) => value - standardError[i]);
    return [
      `mean ${measure} by falling λ: ━ mean, ● one standard error to each side`,
      chart(lambdas, mean, [above, below], columns),
    ];
  }
  const legend = heldOutLoss ? ': ━ training, ● held out' : '';
  return [`mean loss by falling λ${legend}`, chart(lambdas, trainingLoss, heldOutLoss ? [heldOutLoss] : [], columns)];
}
