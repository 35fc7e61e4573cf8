// Update step over arrays, with clipping, weight decay and penalty in the same pass.
// Twin: native/kernels/passes.h.
import { type Penalty, penaltySlope, proximal } from './penalties.js';
import { divided, type Formula, sgd, stepSize } from './updates.js';

/** What may be done to a gradient and a step beside the rule itself. */
export interface Modifiers {
  /** of the gradient: 1, or what clipping by norm asks for */
  scale: number;
  /** largest magnitude of a gradient's element; 0: any */
  clipValue: number;
  /** weight decay added to the gradient */
  coupled: number;
  /** what weight decay and l2 add to the gradient is at most this times the weight */
  mostPull: number;
  /** factor on the weights before the step: 1, or max(0, 1 - ηλ) */
  decoupled: number;
  /** joins the gradient */
  l2: number;
  /** what a proximal step takes */
  penalty: Penalty;
  /** makes the penalty cumulative; null: each step takes its own */
  due: Due | null;
}

/**
 * A cumulative penalty: that of `steps` steps holds against the sum of their gradients, as in regularised dual averaging
 * (Xiao 2010), and so noise that has mean 0 leaves no coefficient other than 0 (for one rate: Tsuruoka et al. 2009).
 */
export interface Due {
  /** Of a coefficient that is 0: minus the sum of the gradients that the penalty has held it against. */
  held: Float64Array;
  /** Steps whose penalty a coefficient other than 0 has taken already. */
  before: number;
  steps: number;
}

function bounded(x: number): number {
  const below = x < Number.MAX_VALUE ? x : Number.MAX_VALUE;
  return below > -Number.MAX_VALUE ? below : -Number.MAX_VALUE;
}

/** One step over weights from … to-1. */
export function updatePass(
  { step, settle }: Formula,
  w: Float64Array,
  g: Float64Array,
  s: readonly Float64Array[],
  from: number,
  to: number,
  c: Float64Array,
): void {
  for (let i = from; i < to; i++) w[i] = step(w[i], g[i], s, i, c);
  for (let i = from; settle !== null && i < to; i++) settle(w[i], s, i, c);
}

/** The same with clipping, weight decay and penalty; its factors and bounds belong to weight `from` on. */
export function modifiedPass(
  { step, settle }: Formula,
  w: Float64Array,
  g: Float64Array,
  s: readonly Float64Array[],
  from: number,
  to: number,
  c: Float64Array,
  { scale, clipValue, coupled, mostPull, decoupled, l2, penalty, due }: Modifiers,
): void {
  const isProximal = penalty.l1 !== 0 || penalty.l2 !== 0;
  for (let i = from; i < to; i++) {
    const before = w[i];
    const factor = penalty.factors === null ? 1 : penalty.factors[i - from];
    let gradient = g[i] * scale;
    if (clipValue > 0) {
      gradient = gradient < clipValue ? gradient : clipValue;
      gradient = gradient > -clipValue ? gradient : -clipValue;
    }
    let kept = before * decoupled;
    if (coupled !== 0 || l2 !== 0) {
      const pull = coupled + l2 * factor;
      if (step === sgd) kept *= Math.max(1 - c[0] * pull, 0);
      else gradient += (pull < mostPull ? pull : mostPull) * before;
    }
    const free = step(kept, gradient, s, i, c);
    let next = free;
    let held = 0;
    const size = stepSize < Number.MAX_VALUE ? stepSize : Number.MAX_VALUE;
    if (isProximal && due) {
      held = kept === 0 ? due.held[i] : -due.before * penaltySlope(kept, factor, penalty);
      next = proximal(free - size * held, due.steps * size, factor, penalty);
    } else if (isProximal) {
      next = proximal(free, size, factor, penalty);
    }
    if (penalty.bounds !== null) {
      const { lower, upper } = penalty.bounds;
      if (next < lower[i - from]) next = lower[i - from];
      if (next > upper[i - from]) next = upper[i - from];
    }
    if (isProximal && due) due.held[i] = next === 0 ? bounded(held - divided(free, size)) : 0;
    w[i] = next;
    if (settle !== null) settle(next, s, i, c);
  }
}
