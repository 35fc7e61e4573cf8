// Loss curve as data, for the picture and the terminal.
import { scaleLinear, scaleLog } from 'd3-scale';
import type { Model } from '../model/model.js';

export type Point = readonly [x: number, loss: number];

export interface Curve {
  /** What the history counts. */
  readonly unit: 'epoch' | 'step' | 'iteration';
  /** (1, loss), (2, loss), …; at most as many as can be told apart. */
  readonly training: readonly Point[];
  /** Empty without validation. */
  readonly validation: readonly Point[];
  /** Of the validation. */
  readonly best: (BestEpoch & { readonly at: number }) | null;
  /** The loss on the rows held out, at the end. */
  readonly heldOut: number | null;
}

export interface BestEpoch {
  readonly loss: number;
  /** From 1. */
  readonly epoch: number;
}

const mostPoints = 700;

/** Every k-th point of a long series, and the last. */
function thinned(series: ArrayLike<number>, xOf: (i: number) => number): Point[] {
  const n = Math.min(series.length, mostPoints);
  return Array.from({ length: n }, (_, k) => {
    const i = n > 1 ? Math.round((k * (series.length - 1)) / (n - 1)) : 0;
    return [xOf(i), series[i]] as const;
  });
}

/** The epoch with the least validation loss, the first of equals. */
export function bestEpoch({ history }: Model): BestEpoch | null {
  let best: BestEpoch | null = null;
  history.validationLoss.forEach((loss, i) => {
    if (Number.isFinite(loss) && (!best || loss < best.loss)) best = { loss, epoch: i + 1 };
  });
  return best;
}

export function curveOf(model: Model, unit: Curve['unit'], heldOut: number | null): Curve {
  const { history, steps, epochs } = model;
  const atEpoch = (epoch: number): number => (unit === 'step' ? Math.round((epoch * steps) / epochs) : epoch);
  const best = bestEpoch(model);
  return {
    unit,
    training: thinned(history, (i) => i + 1),
    validation: thinned(history.validationLoss, (i) => atEpoch(i + 1)),
    best: best && { ...best, at: atEpoch(best.epoch) },
    heldOut,
  };
}

/** A scale over all losses: by decades when they span more than two, and from 0 where that is near. */
export function lossScale({ training, validation, heldOut }: Curve) {
  const losses = [...training, ...validation].map(([, loss]) => loss);
  if (heldOut !== null) losses.push(heldOut);
  const low = Math.min(...losses);
  const high = Math.max(...losses);
  if (low > 0 && high / low > 100) return { scale: scaleLog().domain([low, high]).nice(), isLog: true };
  const isFar = high > low && (low < 0 || low > high / 2);
  const domain = isFar ? [low, high] : [Math.min(0, low), Math.max(0, high) || 1];
  return { scale: scaleLinear().domain(domain).nice(), isLog: false };
}

const compact = new Intl.NumberFormat('en-US', { notation: 'compact', maximumSignificantDigits: 3 });

/** 0, 0.05, 670K, 1.5M, 1e-7 */
export function tickLabel(x: number): string {
  const size = Math.abs(x);
  return size !== 0 && (size < 1e-3 || size >= 1e15) ? Number(x.toPrecision(3)).toExponential() : compact.format(x);
}

/** Ticks of a loss scale, at most about `n`: whole decades where there are enough of them. */
export function lossTicks({ scale, isLog }: ReturnType<typeof lossScale>, n: number): number[] {
  if (!isLog) return scale.ticks(n);
  const [low, high] = scale.domain().map((end) => Math.round(Math.log10(end)));
  const every = Math.max(1, Math.ceil((high - low) / n));
  return Array.from({ length: Math.floor((high - low) / every) + 1 }, (_, k) => Number(`1e${low + k * every}`));
}

/** Whole numbers from 1 to the last. */
export function countTicks(last: number, n: number): number[] {
  return [1, ...scaleLinear().domain([1, last]).ticks(n)].filter((x, i, all) => {
    return Number.isInteger(x) && x >= 1 && all.indexOf(x) === i;
  });
}
