// Scaling of the target to mean 0 and deviation 1 for least squares.
// Steps of one size then suit grams and millions alike. Only the learning rate has that scale; penalties, limits and
// reports stay in the units of the file.
import { NablaError } from '../../base/errors.js';
import type { FitOptions, Model } from '../../index.js';
import type { Rows } from './encode.js';

/** Options that grow with the unit of the target, by the power they grow with: the loss is in its squares. */
const powers = { l1: 1, gradientTolerance: 1, clipNorm: 1, clipValue: 1, tolerance: 2, minDelta: 2 } as const;

/** And those of coefficients, which grow with it. */
const bounds = ['lowerBounds', 'upperBounds'] as const;

export class TargetScale {
  readonly #center: number;
  readonly #unit: number;
  readonly #bounds: { lowerBounds?: number; upperBounds?: number } = {};

  /** That of the target less the offset, over the rows whose weight is above 0; without an intercept nothing is moved. */
  constructor({ y, offset, sampleWeight, rows }: Rows, intercept: boolean) {
    const used = Uint32Array.from({ length: rows }, (_, i) => i).filter((i) => sampleWeight?.[i] !== 0);
    const rest = (i: number): number => y[i] - (offset ? offset[i] : 0);
    let sum = 0;
    for (const i of used) sum += rest(i);
    const center = intercept ? sum / used.length : 0;
    let squares = 0;
    for (const i of used) squares += (rest(i) - center) ** 2;
    this.#center = center;
    this.#unit = Math.sqrt(squares / used.length) || 1;
    if (!Number.isFinite(center) || !Number.isFinite(this.#unit)) {
      throw new NablaError('ERR_NOT_FINITE', 'the numbers of the target are too large to standardize');
    }
  }

  /** The same rows with the target, and what is added to it, on its scale. */
  scaled(rows: Rows): Rows {
    const { y, offset } = rows;
    return {
      ...rows,
      y: y.map((value) => (value - this.#center) / this.#unit),
      ...(offset && { offset: offset.map((value) => value / this.#unit) }),
    };
  }

  options(options: FitOptions): FitOptions {
    const scaled = { ...options };
    for (const [name, power] of Object.entries(powers)) {
      const key = name as keyof typeof powers;
      if (scaled[key] !== undefined) scaled[key] /= this.#unit ** power;
    }
    for (const name of bounds) {
      const value = options[name];
      if (typeof value !== 'number') continue;
      scaled[name] = value / this.#unit;
      this.#bounds[name] = value;
    }
    return scaled;
  }

  /** Makes the model, in place, that of the target as it is. */
  restore({ coefficients, intercepts, history }: Model): void {
    const unit = this.#unit;
    const times = (numbers: Float64Array, factor: number): void => {
      for (let i = 0; i < numbers.length; i++) numbers[i] *= factor;
    };
    times(coefficients, unit);
    const { lowerBounds = -Infinity, upperBounds = Infinity } = this.#bounds; // but for rounding
    coefficients.forEach((w, j) => {
      coefficients[j] = Math.min(upperBounds, Math.max(lowerBounds, w));
    });
    times(intercepts, unit);
    for (let k = 0; k < intercepts.length; k++) intercepts[k] += this.#center;
    times(history, unit ** 2);
    times(history.validationLoss, unit ** 2);
    times(history.gradientNorm, unit);
  }
}
