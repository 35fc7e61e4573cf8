// The loss curve as a picture.
import { scaleLinear } from 'd3-scale';
import { line } from 'd3-shape';
import { type Curve, countTicks, lossScale, lossTicks, type Point, tickLabel } from './curve.js';
import { count, measured } from './text.js';

const width = 800;
const height = 460;
const plot = { left: 84, right: width - 28, top: 84, bottom: height - 62 };
const ink = {
  text: '#1f2933',
  quiet: '#66727f',
  grid: '#e4e8ec',
  axis: '#9aa5b1',
  training: '#0b6bcb',
  validation: '#0f8a5f',
  heldOut: '#c2410c',
};

const dashes = '6 5';

const escapes: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
const escaped = (text: string): string => text.replace(/[&<>"]/g, (character) => escapes[character]);

type Attributes = Record<string, string | number>;

function element(name: string, attributes: Attributes, content = ''): string {
  const list = Object.entries(attributes).map(([key, value]) => {
    return ` ${key}="${typeof value === 'number' ? Number(value.toFixed(2)) : escaped(value)}"`;
  });
  return content === '' ? `<${name}${list.join('')}/>` : `<${name}${list.join('')}>${content}</${name}>`;
}

const text = (x: number, y: number, content: string, attributes: Attributes = {}): string =>
  element('text', { x, y, fill: ink.text, ...attributes }, escaped(content));

const segment = (x1: number, y1: number, x2: number, y2: number, attributes: Attributes): string =>
  element('line', { x1, y1, x2, y2, ...attributes });

function shortened(content: string, most: number): string {
  return content.length > most ? `${content.slice(0, most - 1)}…` : content;
}

interface Key {
  readonly label: string;
  readonly colour: string;
  readonly dash: string;
}

/** At the upper right, where a falling curve is not. */
function legend(keys: readonly Key[]): string[] {
  // There is no measuring of text here; 7 a character is wide enough for all common fonts.
  const wide = 62 + 7 * Math.max(...keys.map(({ label }) => label.length));
  const x = plot.right - 8 - wide;
  const box = { x, y: plot.top + 8, width: wide, height: keys.length * 22 + 12, rx: 4 };
  return [
    element('rect', { ...box, fill: '#ffffff', 'fill-opacity': 0.9, stroke: ink.grid }),
    ...keys.flatMap(({ label, colour, dash }, i) => {
      const y = plot.top + 25 + i * 22;
      return [
        segment(x + 12, y, x + 40, y, { stroke: colour, 'stroke-width': 2.25, 'stroke-dasharray': dash }),
        text(x + 50, y + 4, label),
      ];
    }),
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
  const draw = (points: readonly Point[], colour: string, label: string, dot: Point): void => {
    const stroke = { stroke: colour, 'stroke-width': 2.25, 'stroke-linejoin': 'round', 'stroke-linecap': 'round' };
    parts.push(element('path', { d: path(points as Point[]) ?? '', fill: 'none', ...stroke }));
    parts.push(element('circle', { cx: x(dot[0]), cy: y(dot[1]), r: 4, fill: colour }));
    keys.push({ label, colour, dash: 'none' });
  };
  if (heldOut !== null) {
    const stroke = { stroke: ink.heldOut, 'stroke-width': 1.5, 'stroke-dasharray': dashes };
    parts.push(segment(plot.left, y(heldOut), plot.right, y(heldOut), stroke));
  }
  draw(training, ink.training, `training: ${measured(lossInTheEnd)} in the end`, [last, lossInTheEnd]);
  if (best) {
    const label = `validation: ${measured(best.loss)} at best, epoch ${count(best.epoch)}`;
    draw(validation, ink.validation, label, [best.at, best.loss]);
  }
  if (heldOut !== null) {
    keys.push({ label: `held out: ${measured(heldOut)} after the fit`, colour: ink.heldOut, dash: dashes });
  }
  parts.push(...legend(keys));

  const middle = (plot.top + plot.bottom) / 2;
  parts.push(
    text(24, 34, shortened(title, 80), { 'font-size': 19, 'font-weight': 600 }),
    text(24, 57, shortened(subtitle, 115), { fill: ink.quiet }),
    text((plot.left + plot.right) / 2, height - 18, unit, { 'text-anchor': 'middle' }),
    text(0, 0, `mean loss${loss.isLog ? ', log scale' : ''}`, {
      transform: `translate(24 ${middle}) rotate(-90)`,
      'text-anchor': 'middle',
    }),
  );
  const root = {
    xmlns: 'http://www.w3.org/2000/svg',
    viewBox: `0 0 ${width} ${height}`,
    width,
    height,
    role: 'img',
    'font-family': "system-ui, 'Segoe UI', 'Helvetica Neue', Arial, sans-serif",
    'font-size': 13,
  };
  const background = element('rect', { width, height, fill: '#ffffff' });
  const heading = element('title', {}, escaped(title));
  return `${element('svg', root, `\n${[heading, background, ...parts].join('\n')}\n`)}\n`;
}
