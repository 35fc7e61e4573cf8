// Penalty R(w) = l1·Σ f|w| + ½·l2·Σ f w², with a factor f per coefficient; proximal steps.
// Twin: native/kernels/penalties.h.
import type { Bounds } from '../../backend/interface.js';
import { sign } from './math.js';
import { sum } from './sums.js';

export interface Penalty {
  l1: number;
  l2: number;
  /** one per coefficient; null: 1 */
  factors: Float64Array | null;
  /** null: no coefficient has one */
  bounds: Bounds | null;
}

export function isActive({ l1, l2, bounds }: Penalty): boolean {
  return l1 !== 0 || l2 !== 0 || bounds !== null;
}

/** Whether coefficient j at value v can go no further down. */
export function isAtLower({ bounds }: Penalty, j: number, v: number): boolean {
  return bounds !== null && v <= bounds.lower[j];
}

/** Or no further up. */
export function isAtUpper({ bounds }: Penalty, j: number, v: number): boolean {
  return bounds !== null && v >= bounds.upper[j];
}

/** S(u, k) = sign(u) max(0, |u| - k); NaN stays NaN. */
function softThreshold(u: number, k: number): number {
  const m = Math.abs(u) - k;
  return m <= 0 ? 0 : Number.isNaN(m) ? m : sign(u) * m;
}

/** The proximal step of size `rate` from u. A size that has overflown counts as the largest number: 0 · ∞ is NaN. */
export function proximal(u: number, rate: number, factor: number, { l1, l2 }: Penalty): number {
  const size = rate < Number.MAX_VALUE ? rate : Number.MAX_VALUE;
  return softThreshold(u, size * (l1 * factor)) / (1 + size * (l2 * factor));
}

/** The slope of R at w other than 0. */
export function penaltySlope(w: number, factor: number, { l1, l2 }: Penalty): number {
  return l1 * factor * sign(w) + l2 * factor * w;
}

export function penaltyValue(w: Float64Array, n: number, { l1, l2, factors }: Penalty): number {
  const half = 0.5 * l2;
  const terms = new Float64Array(n);
  for (let i = 0; i < n; i++) {
    terms[i] = (factors === null ? 1 : factors[i]) * (l1 * Math.abs(w[i]) + half * (w[i] * w[i]));
  }
  return sum(terms, 0, n);
}

/** The sum of squares of the shortest subgradient of loss + R: 0 exactly at an optimum, zeros included. */
export function stationarity(w: Float64Array, g: Float64Array, n: number, penalty: Penalty): number {
  const { l1, l2, factors } = penalty;
  const terms = new Float64Array(n);
  for (let i = 0; i < n; i++) {
    const f = factors === null ? 1 : factors[i];
    const smooth = g[i] + l2 * f * w[i];
    let at = w[i] === 0 ? softThreshold(smooth, l1 * f) : smooth + l1 * f * sign(w[i]);
    if (isAtLower(penalty, i, w[i])) at = at < 0 ? at : 0;
    if (isAtUpper(penalty, i, w[i])) at = at > 0 ? at : 0;
    terms[i] = at * at;
  }
  return sum(terms, 0, n);
}
