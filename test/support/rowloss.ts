// The losses of a row, as the objectives that tests take by themselves have them.
import type { FitOptions } from '../../lib/index.js';

export const losses = [
  'squared',
  'logistic',
  'softmax',
  'squared_hinge',
  'huber',
  'squared_epsilon_insensitive',
  'poisson',
  'gamma',
  'tweedie',
  'hinge',
  'quantile',
  'epsilon_insensitive',
  'modified_huber',
] as const;
export type Loss = (typeof losses)[number];

/** Of one row, but for what does not depend on z. */
export function lossOf(loss: Loss, y: number, z: Float64Array): number {
  const r = z[0] - y;
  const m = y * z[0];
  switch (loss) {
    case 'squared':
      return 0.5 * r * r;
    case 'logistic':
      return Math.log1p(Math.exp(-Math.abs(z[0]))) + Math.max(z[0], 0) - y * z[0];
    case 'softmax': {
      let most = -Infinity;
      for (let k = 0; k < z.length; k++) most = Math.max(most, z[k]);
      let sum = 0;
      for (let k = 0; k < z.length; k++) sum += Math.exp(z[k] - most);
      return most + Math.log(sum) - z[y];
    }
    case 'squared_hinge':
      return Math.max(0, 1 - m) ** 2;
    case 'modified_huber':
      return m >= -1 ? Math.max(0, 1 - m) ** 2 : -4 * m;
    case 'hinge':
      return Math.max(0, 1 - m);
    case 'quantile':
      return Math.max(-0.3 * r, 0.7 * r);
    case 'epsilon_insensitive':
      return Math.max(0, Math.abs(r) - 0.1);
    case 'huber':
      return Math.abs(r) <= 1 ? 0.5 * r * r : Math.abs(r) - 0.5;
    case 'squared_epsilon_insensitive':
      return Math.max(0, Math.abs(r) - 0.1) ** 2;
    case 'poisson':
      return Math.exp(z[0]) - y * z[0];
    case 'gamma':
      return z[0] + y * Math.exp(-z[0]);
    case 'tweedie':
      return (-y * Math.exp(-0.5 * z[0])) / -0.5 + Math.exp(0.5 * z[0]) / 0.5;
  }
}
/** The loss with its parameters. */
export const named = (loss: Loss): FitOptions['loss'] =>
  loss === 'huber'
    ? { name: loss, delta: 1 }
    : loss === 'quantile'
      ? { name: loss, quantile: 0.3 }
      : loss === 'tweedie'
        ? { name: loss, power: 1.5 }
        : loss;
