// Picture of the coefficients along λ, each with its name.
import { scaleLinear } from 'd3-scale';
import { line } from 'd3-shape';
import { type Along, lambdaPicture, type Plot, type Scale } from './lambdapicture.js';
import { characterWidth, element, ink, segment, shortened, text } from './svg.js';

/** A column's coefficient at each λ; for several classes the Euclidean norm over them. */
export interface Course {
  readonly name: string;
  readonly values: ArrayLike<number>;
}

const colours = ['#0b6bcb', '#c2410c', '#0f8a5f', '#7c3aed', '#a16207', '#be185d', '#0e7490', '#374151'];
const dashes = ['none', '7 3', '2 2.5', '10 3 2 3', '5 2.5 1.5 2.5 1.5 2.5'];
const mostCharacters = 24;
const lineHeight = 13;

const last = ({ values }: Course): number => values[values.length - 1];
const most = ({ values }: Course): number => Array.from(values, Math.abs).reduce((a, b) => (b > a ? b : a), 0);

/** Places for labels: each as near to where its line ends as the others leave room for. `ends`: rising. */
function spread(ends: readonly number[], top: number, bottom: number): number[] {
  const places: number[] = [];
  for (const end of ends) places.push(Math.max(end, (places[places.length - 1] ?? top - lineHeight) + lineHeight));
  for (let i = places.length - 1, limit = bottom; i >= 0; i--, limit = places[i + 1] - lineHeight) {
    places[i] = Math.min(places[i], limit);
  }
  return places;
}

/** Names at the right end of the lines; of too many the largest have one. */
function names(drawn: readonly Course[], strokes: readonly { stroke: string }[], plot: Plot, y: Scale): string[] {
  const { right, top, bottom } = plot;
  const room = Math.floor((bottom - top) / lineHeight);
  const bySize = [...drawn.keys()].sort((a, b) => Math.abs(last(drawn[b])) - Math.abs(last(drawn[a])));
  const named = bySize.slice(0, drawn.length > room ? room - 1 : room).sort((a, b) => last(drawn[b]) - last(drawn[a]));
  const lowest = drawn.length > room ? bottom - lineHeight : bottom;
  const places = spread(
    named.map((i) => y(last(drawn[i]))),
    top,
    lowest,
  );
  const parts = named.flatMap((i, k) => {
    const { name } = drawn[i];
    const { stroke } = strokes[i];
    return [
      segment(right + 2, y(last(drawn[i])), right + 16, places[k], { stroke, 'stroke-width': 0.75 }),
      text(right + 20, places[k] + 4, shortened(name, mostCharacters), { fill: stroke, 'font-size': 11 }),
    ];
  });
  const rest = drawn.length - named.length;
  if (rest > 0) parts.push(text(right + 20, bottom + 4, `and ${rest} more`, { fill: ink.quiet, 'font-size': 11 }));
  return parts;
}

/** A complete SVG file. `name`: of the y axis. */
export function pathPicture(along: Along, courses: readonly Course[], name: string): string {
  const { lambdas } = along;
  const drawn = courses.filter((course) => most(course) > 0);
  const values = drawn.flatMap((course) => Array.from(course.values));
  const [low, high] = values.reduce(([low, high], value) => [Math.min(low, value), Math.max(high, value)], [0, 0]);
  const y: Scale = scaleLinear()
    .domain(high > low ? [low, high] : [-1, 1])
    .nice();
  const longest = drawn.reduce((length, course) => Math.max(length, course.name.length), 0);
  const margin = 40 + characterWidth * Math.min(longest, mostCharacters);
  return lambdaPicture(along, margin, name, y, (plot) => {
    const { left, right, x } = plot;
    const strokes = drawn.map((_, i) => ({
      stroke: colours[i % colours.length],
      'stroke-dasharray': dashes[i % dashes.length],
    }));
    const path = line<number>().x((_, i) => x(lambdas[i]));
    const lines = drawn.map((course, i) => {
      const d = path.y((value) => y(value))(Array.from(course.values)) ?? '';
      return element('path', { d, fill: 'none', 'stroke-width': 1.75, 'stroke-linejoin': 'round', ...strokes[i] });
    });
    // A line through one point is none.
    const dots = drawn
      .filter((course) => course.values.length === 1)
      .map((course, i) => {
        return element('circle', { cx: x(lambdas[0]), cy: y(last(course)), r: 3, fill: strokes[i].stroke });
      });
    const zero = segment(left, y(0), right, y(0), { stroke: ink.axis });
    return [zero, ...lines, ...dots, ...names(drawn, strokes, plot, y)];
  });
}
