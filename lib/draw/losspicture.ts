// Picture of the loss curve.
import { scaleLinear } from 'd3-scale';
import { line } from 'd3-shape';
import { type Curve, countTicks, lossScale, lossTicks, type Point, tickLabel } from './curve.js';
import { count, measured } from './figures.js';
import { characterWidth, element, ink, type Key, keyAt, picture, segment, text, upright, width } from './svg.js';

const height = 460;
const plot = { left: 84, right: width - 28, top: 84, bottom: height - 62 };
const colours = { training: '#0b6bcb', validation: '#0f8a5f', heldOut: '#c2410c' };

/** Told apart without colours. */
const dashes = '6 5';
const dots = '2 5';

/** At the upper right, where a falling curve is not. */
function legend(keys: readonly Key[]): string[] {
  const wide = 62 + characterWidth * Math.max(...keys.map(({ label }) => label.length));
  const x = plot.right - 8 - wide;
  const box = { x, y: plot.top + 8, width: wide, height: keys.length * 22 + 12, rx: 4 };
  return [
    element('rect', { ...box, fill: '#ffffff', 'fill-opacity': 0.9, stroke: ink.grid }),
    ...keys.flatMap((key, i) => keyAt(x + 12, plot.top + 25 + i * 22, key).parts),
  ];
}

/** A complete SVG file. */
export function lossPicture(curve: Curve, title: string, subtitle: string): string {
  const { unit, training, validation, best, heldOut } = curve;
  const [last, lossInTheEnd] = training[training.length - 1];
  const loss = lossScale(curve);
  const y = loss.scale.range([plot.bottom, plot.top]);
  const x = scaleLinear()
    .domain(last > 1 ? [1, last] : [0, 2])
    .range([plot.left, plot.right]);
  const parts: string[] = [];

  for (const tick of lossTicks(loss, 6)) {
    parts.push(segment(plot.left, y(tick), plot.right, y(tick), { stroke: ink.grid }));
    parts.push(text(plot.left - 10, y(tick) + 4, tickLabel(tick), { 'text-anchor': 'end', fill: ink.quiet }));
  }
  parts.push(segment(plot.left, plot.bottom, plot.right, plot.bottom, { stroke: ink.axis }));
  for (const tick of countTicks(last, 10)) {
    parts.push(segment(x(tick), plot.bottom, x(tick), plot.bottom + 5, { stroke: ink.axis }));
    parts.push(text(x(tick), plot.bottom + 20, count(tick), { 'text-anchor': 'middle', fill: ink.quiet }));
  }

  const keys: Key[] = [];
  const path = line<Point>()
    .x(([at]) => x(at))
    .y(([, value]) => y(value));
  const draw = (points: readonly Point[], colour: string, dash: string, label: string, dot: Point): void => {
    const stroke = { stroke: colour, 'stroke-width': 2.25, 'stroke-linejoin': 'round', 'stroke-linecap': 'round' };
    parts.push(
      element('path', { d: path(points as Point[]) ?? '', fill: 'none', 'stroke-dasharray': dash, ...stroke }),
    );
    parts.push(element('circle', { cx: x(dot[0]), cy: y(dot[1]), r: 4, fill: colour }));
    keys.push({ label, colour, dash });
  };
  if (heldOut !== null) {
    const stroke = { stroke: colours.heldOut, 'stroke-width': 1.5, 'stroke-dasharray': dashes };
    parts.push(segment(plot.left, y(heldOut), plot.right, y(heldOut), stroke));
  }
  draw(training, colours.training, 'none', `training: ${measured(lossInTheEnd)} in the end`, [last, lossInTheEnd]);
  if (best) {
    const label = `validation: ${measured(best.loss)} at best, epoch ${count(best.epoch)}`;
    draw(validation, colours.validation, dots, label, [best.at, best.loss]);
  }
  if (heldOut !== null) {
    keys.push({ label: `held out: ${measured(heldOut)} after the fit`, colour: colours.heldOut, dash: dashes });
  }
  parts.push(...legend(keys));

  parts.push(
    text((plot.left + plot.right) / 2, height - 18, unit, { 'text-anchor': 'middle' }),
    upright(24, (plot.top + plot.bottom) / 2, `mean loss${loss.isLog ? ', log scale' : ''}`),
  );
  return picture(height, title, subtitle, parts);
}
