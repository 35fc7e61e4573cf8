// Frame of pictures along λ: both axes, counts of coefficients, and marks at some λ.
import type { scaleLinear } from 'd3-scale';
import { tickLabel } from './curve.js';
import { lambdaAxis } from './lambdaaxis.js';
import { ink, keyAt, picture, segment, text, upright, width } from './svg.js';

/** A λ of note. */
export interface Mark {
  readonly lambda: number;
  readonly label: string;
}

export interface Along {
  readonly title: string;
  readonly subtitle: string;
  /** Falling. */
  readonly lambdas: ArrayLike<number>;
  readonly nonZero: ArrayLike<number>;
  readonly marks: readonly Mark[];
}

const height = 520;
/** The dashes of marks, told apart without colours. */
const dashes = ['2 3', '9 4'];

export type Scale = ReturnType<typeof scaleLinear<number, number>>;

/** Where to draw. `x` takes a λ, `y` is yet without its domain's range. */
export interface Plot {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
  x(lambda: number): number;
}

/** `margin`: room at the right; `name`: of the y axis; `draw`: what is drawn, on top of the grid. */
export function lambdaPicture(
  along: Along,
  margin: number,
  name: string,
  y: Scale,
  draw: (plot: Plot) => string[],
): string {
  const { lambdas, nonZero, marks } = along;
  const top = marks.length > 0 ? 136 : 112;
  const plot = { left: 84, right: width - margin, top, bottom: height - 62 };
  const { left, right, bottom } = plot;
  const axis = lambdaAxis(lambdas);
  const x = (lambda: number): number => left + axis.at(lambda) * (right - left);
  y.range([bottom, top]);
  const quiet = { fill: ink.quiet };
  const parts: string[] = [];

  for (const tick of y.ticks(6)) {
    parts.push(segment(left, y(tick), right, y(tick), { stroke: ink.grid }));
    parts.push(text(left - 10, y(tick) + 4, tickLabel(tick), { ...quiet, 'text-anchor': 'end' }));
  }
  for (const edge of [top, bottom]) parts.push(segment(left, edge, right, edge, { stroke: ink.axis }));
  for (const { at, label } of axis.ticks(10)) {
    const here = left + at * (right - left);
    parts.push(segment(here, bottom, here, bottom + 5, { stroke: ink.axis }));
    parts.push(text(here, bottom + 20, label, { ...quiet, 'text-anchor': 'middle' }));
  }
  let free = left; // of numbers above the plot
  for (let i = 0; i < lambdas.length; i++) {
    const here = x(lambdas[i]);
    if (i > 0 && here < free) continue;
    parts.push(segment(here, top - 5, here, top, { stroke: ink.axis }));
    parts.push(text(here, top - 11, String(nonZero[i]), { ...quiet, 'text-anchor': 'middle' }));
    free = here + 44;
  }
  parts.push(text(left - 14, top - 11, 'non-zero', { ...quiet, 'text-anchor': 'end' }));

  let from = left;
  marks.forEach(({ lambda, label }, i) => {
    const dash = dashes[i % dashes.length];
    parts.push(segment(x(lambda), top, x(lambda), bottom, { stroke: ink.text, 'stroke-dasharray': dash }));
    const key = keyAt(from, 84, { label, colour: ink.text, dash });
    parts.push(...key.parts);
    from += key.wide + 24;
  });
  parts.push(
    ...draw({ ...plot, x }),
    text((left + right) / 2, height - 18, 'λ, log scale, falling', { 'text-anchor': 'middle' }),
    upright(24, (top + bottom) / 2, name),
  );
  return picture(height, along.title, along.subtitle, parts);
}
