// The curvature pass of a loss by itself, which no public function shows.
import { losses } from '../../lib/reference/kernels/losses.js';

/** As the addon's of the same name, on the reference. */
export function lossCurvature(
  loss: number,
  parameters: Float64Array,
  y: Float64Array,
  z: Float64Array,
  weights: Float64Array | null,
  outputs: number,
  out: Float64Array,
): number {
  const n = z.length / outputs;
  const at = { yAt: 0, weightsAt: 0, n, outputs, stride: n, terms: new Float64Array(n) };
  return losses[loss].curvature({ y, z, weights, parameters, ...at }, out);
}
