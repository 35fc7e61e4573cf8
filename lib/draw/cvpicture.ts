// Picture of a cross-validation along λ: means with a standard error to each side.
import { scaleLinear } from 'd3-scale';
import { type Along, lambdaPicture, type Scale } from './lambdapicture.js';
import { element, segment } from './svg.js';

const colour = '#b91c1c';
const bar = '#8793a0';

/** A complete SVG file. `measure`: what the means are of. */
export function cvPicture(
  along: Along,
  mean: ArrayLike<number>,
  standardError: ArrayLike<number>,
  measure: string,
): string {
  const { lambdas } = along;
  const errorOf = (i: number): number => (Number.isFinite(standardError[i]) ? standardError[i] : 0);
  const places = Array.from({ length: lambdas.length }, (_, i) => i).filter((i) => Number.isFinite(mean[i]));
  const low = places.reduce((least, i) => Math.min(least, mean[i] - errorOf(i)), Infinity);
  const high = places.reduce((most, i) => Math.max(most, mean[i] + errorOf(i)), -Infinity);
  const y: Scale = scaleLinear()
    .domain(high > low ? [low, high] : [mean[0] - 1, mean[0] + 1])
    .nice();
  return lambdaPicture(along, 28, `mean ${measure} ± one standard error`, y, ({ x, left, right }) => {
    const apart = (right - left) / lambdas.length;
    const cap = Math.min(4, apart / 3);
    const stroke = { stroke: bar };
    return places.flatMap((i) => {
      const here = x(lambdas[i]);
      const [down, up] = [y(mean[i] - errorOf(i)), y(mean[i] + errorOf(i))];
      return [
        segment(here, down, here, up, stroke),
        ...[down, up].map((end) => segment(here - cap, end, here + cap, end, stroke)),
        element('circle', { cx: here, cy: y(mean[i]), r: Math.min(3, Math.max(1.5, apart / 2.5)), fill: colour }),
      ];
    });
  });
}
