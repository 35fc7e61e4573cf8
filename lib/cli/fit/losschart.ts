// Loss curve in characters.
import { plot } from 'simple-ascii-chart';
import { type Curve, countTicks, lossScale, lossTicks, tickLabel } from '../../draw/curve.js';
import { count } from '../../draw/figures.js';

const rows = 10;
const mostMarks = 24;

/** As wide as the terminal allows: training is a line, validation marks. */
export function lossChart(curve: Curve, columns: number): string {
  const { training, validation } = curve;
  const loss = lossScale(curve);
  const forward = (value: number): number => (loss.isLog ? Math.log10(value) : value);
  const last = training[training.length - 1][0];
  const [low, high] = loss.scale.domain().map(forward);
  const every = Math.ceil(validation.length / mostMarks);
  const marks = validation.filter((_, i) => (validation.length - 1 - i) % every === 0);
  const text = plot(
    training.map(([x, value]) => [x, forward(value)]),
    {
      width: Math.max(20, Math.min(72, columns - 12)),
      height: rows,
      yRange: [low, high],
      customXAxisTicks: countTicks(last, 6),
      customYAxisTicks: lossTicks(loss, 4).map(forward),
      formatter: (value, { axis }) => (axis === 'x' ? count(value) : tickLabel(loss.isLog ? 10 ** value : value)),
      points: marks.map(([x, value]) => ({ x, y: forward(value) })),
      symbols: { point: '●' },
    },
  );
  const lines = text.split('\n').map((line) => line.trimEnd());
  const legend = marks.length > 0 ? ': ━ training, ● validation' : '';
  const heading = `mean loss by ${curve.unit}${loss.isLog ? ', log scale' : ''}${legend}`;
  return [heading, ...lines.filter((line) => line !== '')].join('\n');
}
