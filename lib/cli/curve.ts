// The loss curve as data: what the picture and the terminal both draw.
import { scaleLinear, scaleLog } from 'd3-scale';

export interface Curve {
  /** What the history counts: epochs or steps. */
  readonly unit: 'epoch' | 'step';
  /** (1, loss), (2, loss), …; at most as many as can be told apart. */
  readonly points: readonly (readonly [x: number, loss: number])[];
  /** The loss on the rows held out, at the end. */
  readonly heldOut: number | null;
}

const mostPoints = 700;

/** Every k-th loss of a long history, and the last. */
export function curveOf(history: ArrayLike<number>, unit: Curve['unit'], heldOut: number | null): Curve {
  const n = Math.min(history.length, mostPoints);
  const points = Array.from({ length: n }, (_, k) => {
    const i = n > 1 ? Math.round((k * (history.length - 1)) / (n - 1)) : 0;
    return [i + 1, history[i]] as const;
  });
  return { unit, points, heldOut };
}

/** A scale over all losses: by decades when they span more than two. */
export function lossScale({ points, heldOut }: Curve) {
  const losses = points.map(([, loss]) => loss);
  if (heldOut !== null) losses.push(heldOut);
  const low = Math.min(...losses);
  const high = Math.max(...losses);
  const isLog = low > 0 && high / low > 100;
  const scale = isLog ? scaleLog().domain([low, high]) : scaleLinear().domain([Math.min(0, low), high || 1]);
  return { scale: scale.nice(), isLog };
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
