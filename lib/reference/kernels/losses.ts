// Losses ℓ(y, z) and their derivative in z. A pass overwrites z with ∂ℓ/∂z and returns Σℓ.
// Twins: native/kernels/losses.h and the lift in native/kernels/passes.h.
import { sum } from './sums.js';

export interface Loss {
  name: string;
  /** Names, space-separated, in the order of catalog.ts. */
  parameters: string;
  /** Writes ℓ over `loss` and ∂ℓ/∂z over `z`, for the first n. */
  at(y: Float64Array, yAt: number, z: Float64Array, n: number, parameters: Float64Array, loss: Float64Array): void;
}

/** ½(z - y)² */
const squared: Loss = {
  name: 'squared',
  parameters: '',
  at(y, yAt, z, n, _parameters, loss) {
    for (let i = 0; i < n; i++) {
      const r = z[i] - y[yAt + i];
      loss[i] = 0.5 * (r * r);
      z[i] = r;
    }
  },
};

export const losses: readonly Loss[] = [squared];

/** Overwrites the first n of z with ∂ℓ/∂z and returns Σℓ. `terms` is room for n losses. */
export function lossPass(
  loss: Loss,
  y: Float64Array,
  yAt: number,
  z: Float64Array,
  n: number,
  parameters: Float64Array,
  terms: Float64Array,
): number {
  loss.at(y, yAt, z, n, parameters, terms);
  return sum(terms, 0, n);
}
