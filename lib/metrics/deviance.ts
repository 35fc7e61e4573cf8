// Deviance of counts and amounts (Jørgensen 1997), without cancellation.
// Its terms keep their digits near the mean and near powers 1 and 2: no difference of losses that are nearly equal.
import { exp, expSeries, log, log1p } from '../reference/kernels/math.js';

const expm1 = (x: number): number => (Math.abs(x) < 0.34 ? expSeries(x) : exp(x) - 1);

/** (e^cu - 1)/c; u for c = 0. */
const growth = (c: number, u: number): number => (c === 0 ? u : expm1(c * u) / c);

const terms = 14; // of which each is at most a quarter of the one before

/** growth(c + 1, u) - growth(c, u), about u²/2: near 0 by the series of ((c + 1)^k - c^k) u^(k+1)/(k+1)!. */
function difference(c: number, u: number): number {
  if (Math.max(Math.abs(c), Math.abs(c + 1), 1) * Math.abs(u) >= 0.5) {
    const lower = growth(c, u);
    return lower === -Infinity ? Infinity : growth(c + 1, u) - lower;
  }
  let sum = 0;
  let power = (u * u) / 2;
  let factor = 1;
  let high = c + 1;
  for (let k = 1; k <= terms; k++) {
    sum += factor * power;
    power *= u / (k + 2);
    factor = high + c * factor;
    high *= c + 1;
  }
  return sum;
}

/**
 * Half the deviance of power p: what the loss is above its least for y. `logMean`: of the mean; NaN where that is not
 * positive, as it must be but for p = 0.
 */
export function halfDeviance(p: number, y: number, mean: number, logMean: number): number {
  if (p === 0) return 0.5 * (mean - y) * (mean - y);
  if (Number.isNaN(logMean)) return Infinity;
  if (y === 0) return exp((2 - p) * logMean) / (2 - p);
  const ratio = (mean - y) / y;
  const u = ratio > -0.29 && ratio < 1 ? log1p(ratio) : logMean - log(y);
  const scale = p === 2 ? 1 : p === 1 ? y : exp((2 - p) * log(y));
  return scale * difference(1 - p, u);
}
