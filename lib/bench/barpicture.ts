// Bar picture of the results: ratios to others and to the floor, and growth with rows.
import { scaleLog } from 'd3-scale';
import { element, ink, picture, segment, shortened, text, width } from '../draw/svg.js';
import type { Result } from './row.js';
import { digits, timeText, valueText } from './table.js';

const [left, right, top] = [330, width - 150, 92];
const [bar, gap] = [15, 12];
const colours = { floor: '#c2410c', nabla: '#0b6bcb', plain: '#9aa5b1', peer: '#0f8a5f' };
const small = { 'font-size': 11 };

interface Bar {
  readonly label: string;
  readonly ratio: number;
  readonly colour: string;
}

const barsOf = ({ plain, peers }: Result): Bar[] => [
  ...(plain ? [{ label: 'plain loop', ratio: plain.ratio[1], colour: colours.plain }] : []),
  ...peers.flatMap((peer) =>
    'ratio' in peer ? [{ label: peer.name, ratio: peer.ratio[1], colour: colours.peer }] : [],
  ),
];

/** Time over rows, both by powers of ten. */
function growthPart(curve: NonNullable<Result['curve']>, y0: number): string[] {
  const [bottom, up] = [y0 + 190, y0 + 24];
  const x = scaleLog([curve[0][0], curve[curve.length - 1][0]], [left, right]);
  const seconds = curve.map(([, value]) => value);
  const y = scaleLog([Math.min(...seconds), Math.max(...seconds)], [bottom - 12, up + 12]);
  const points = curve.map(([rows, value]) => `${x(rows).toFixed(1)},${y(value).toFixed(1)}`).join(' ');
  return [
    text(24, up + 20, 'Batch descent, 10 epochs, 8 columns:'),
    text(24, up + 38, 'time by rows, both by powers of ten'),
    segment(left, bottom, right, bottom, { stroke: ink.axis }),
    element('polyline', { points, fill: 'none', stroke: colours.nabla, 'stroke-width': 2.25 }),
    ...curve.flatMap(([rows, value]) => [
      element('circle', { cx: x(rows), cy: y(value), r: 4, fill: colours.nabla }),
      text(x(rows) + 8, y(value) + 14, timeText(value), small),
      text(x(rows), bottom + 18, `1e${Math.round(Math.log10(rows))}`, { ...small, 'text-anchor': 'middle' }),
    ]),
  ];
}

/** A complete SVG file. */
export function barPicture(results: readonly Result[], title: string, subtitle: string): string {
  const shown = results.filter((result) => barsOf(result).length > 0);
  const ratios = shown.flatMap(({ plain, peers, ofFloor }) => [
    ...barsOf({ plain, peers } as Result).map(({ ratio }) => ratio),
    ...(ofFloor ? [1 / ofFloor[1]] : []),
  ]);
  // A floor that is lower is drawn at the border: what lies there is far away, and no bar is that short.
  const x = scaleLog([Math.max(0.01, Math.min(0.5, ...ratios)), Math.max(2, ...ratios)], [left, right])
    .nice()
    .clamp(true);
  const [least, most] = x.domain();
  const parts: string[] = [];
  let y = top + 30;
  for (const result of shown) {
    const bars = barsOf(result);
    const high = (bars.length + 1) * bar;
    parts.push(text(24, y + 12, shortened(result.name, 46), small));
    const own = result.floor ? `, floor ${valueText(result, result.floor.value)}` : '';
    const line = `${valueText(result, result.value[1])}${own}`;
    parts.push(text(24, y + 26, line, { ...small, fill: ink.quiet }));
    const drawn = [{ label: 'nabla', ratio: 1, colour: colours.nabla }, ...bars];
    drawn.forEach(({ label, ratio, colour }, i) => {
      const at = y + i * bar;
      parts.push(element('rect', { x: left, y: at + 2, width: x(ratio) - left, height: bar - 4, fill: colour }));
      const said = label === 'nabla' ? label : `${label} ${digits(ratio)} ×`;
      parts.push(text(x(ratio) + 5, at + 12, said, small));
    });
    if (result.ofFloor) {
      const floor = x(1 / result.ofFloor[1]);
      parts.push(segment(floor, y, floor, y + high, { stroke: colours.floor, 'stroke-width': 2.5 }));
    }
    y += Math.max(high, 2 * bar) + gap;
  }
  const axis: string[] = [];
  for (let tick = least; tick <= most * 1.001; tick *= 10) {
    axis.push(segment(x(tick), top, x(tick), y, { stroke: ink.grid }));
    axis.push(text(x(tick), top - 4, `${Number(tick.toPrecision(1))}`, { 'text-anchor': 'middle', fill: ink.quiet }));
  }
  axis.push(segment(x(1), top, x(1), y, { stroke: colours.nabla, 'stroke-dasharray': '3 3' }));
  axis.push(text(24, top - 4, 'time over that of nabla; red: the floor', { fill: ink.quiet }));
  const curve = results.find((result) => result.curve)?.curve;
  const below = curve ? growthPart(curve, y) : [];
  return picture(y + (curve ? 230 : 30), title, subtitle, [...axis, ...parts, ...below]);
}
