// Axis along λ: its logarithm, falling to the right, in the order of the path.
import { scaleLinear } from 'd3-scale';
import { tickLabel } from './curve.js';

export interface LambdaAxis {
  /** Where a λ is, from 0 for the largest to 1 for the smallest. */
  at(lambda: number): number;
  /** Round λ in falling order, and what they are called. */
  ticks(most: number): { readonly at: number; readonly label: string }[];
}

/** 1, 2, 5, 10, … or decades only, between two positive numbers. */
function roundNumbers(low: number, high: number, most: number): number[] {
  const [from, to] = [Math.floor(Math.log10(low)), Math.ceil(Math.log10(high))];
  const decades = Array.from({ length: to - from + 1 }, (_, k) => from + k);
  const within = (values: number[]) => values.filter((value) => value >= low && value <= high);
  const fine = within(decades.flatMap((k) => [1, 2, 5].map((digit) => Number(`${digit}e${k}`))));
  if (fine.length <= most && fine.length >= 2) return fine;
  if (fine.length < 2) return scaleLinear().domain([low, high]).ticks(4);
  const every = Math.ceil((decades.length - 1) / most);
  return within(decades.filter((k) => (k - from) % every === 0).map((k) => Number(`1e${k}`)));
}

/** `lambdas`: falling. A λ of 0 is put a step behind the smallest other. */
export function lambdaAxis(lambdas: ArrayLike<number>): LambdaAxis {
  const positive = Array.from(lambdas).filter((lambda) => lambda > 0);
  const hasZero = positive.length < lambdas.length;
  const [first = 1] = positive;
  const last = positive[positive.length - 1] ?? first;
  // A λ alone stands in the middle.
  const [high, low] = first > last ? [first, last] : [first * 2, first / 2];
  const width = Math.log(high / low);
  const end = hasZero ? 0.92 : 1;
  const at = (lambda: number): number =>
    lambda > 0 ? Math.min(1, Math.max(0, (end * Math.log(high / lambda)) / width)) : 1;
  return {
    at,
    ticks(most) {
      const numbers = positive.length > 0 ? roundNumbers(low, high, most).reverse() : [];
      const ticks = numbers.map((lambda) => ({ at: at(lambda), label: tickLabel(lambda) }));
      return hasZero ? [...ticks, { at: 1, label: '0' }] : ticks;
    },
  };
}
