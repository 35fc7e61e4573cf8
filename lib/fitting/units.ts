// Power-of-two units for columns and targets whose squares overflow or underflow.
// Powers of two change no digit, and what a solver returns is converted back: coefficients of X·2ˢ are those of X times
// 2⁻ˢ, as far as doubles go.

import type { Backend, Bounds, EpochEnd, FitJob, ManyJob, Outcome, Steps, Watch } from '../backend/interface.js';
import {
  coefficientCount,
  huberLoss,
  loopStatuses,
  type Plan,
  squaredEpsilonInsensitiveLoss,
  squaredLoss,
  type Table,
} from '../backend/plan.js';
import { NablaError } from '../base/errors.js';

/** Numbers from 2⁻⁴⁰⁰ to 2⁴⁰⁰ have squares, and sums of them, that are far from the ends of doubles. */
const [least, largest] = [2 ** -400, 2 ** 400];

const stalled = loopStatuses.indexOf('stalled');

/** Losses of y·2ᵏ, with a parameter in y's own unit, that are 4ᵏ times those of y. */
const ofSquares: readonly number[] = [squaredLoss, huberLoss, squaredEpsilonInsensitiveLoss];

const bits = new DataView(new ArrayBuffer(8));

/** 2ᵏ, for k from -1022 to 1023. */
function powerOfTwo(k: number): number {
  bits.setUint32(0, (k + 1023) * 2 ** 20);
  bits.setUint32(4, 0);
  return bits.getFloat64(0);
}

/** The whole part of the binary logarithm of a size above 0. */
function exponentOf(size: number): number {
  if (size < 2 ** -1022) return exponentOf(size * 2 ** 54) - 54;
  bits.setFloat64(0, size);
  return Math.floor(bits.getUint32(0) / 2 ** 20) - 1023;
}

/** x·2ᵏ. */
export function scaled(x: number, k: number): number {
  const part = k > 1000 ? 1000 : k < -1000 ? -1000 : k;
  const y = x * powerOfTwo(part);
  return part === k ? y : scaled(y, k - part);
}

/**
 * Of each column of a table's rows, the exponent of its largest number, where none but 0 is ordinary; 0 of all others. null:
 * all are 0. Columns whose first number is ordinary cost a look at that.
 */
function extremes(values: ArrayLike<number>, width: number, { index, count }: Table): Int32Array | null {
  let sizes: Float64Array | null = null; // the largest so far; NaN: all is well
  let open: number[] = [];
  for (let i = 0; i < count && (i === 0 || open.length > 0); i++) {
    const at = (index ? index[i] : i) * width;
    const looksAt = i === 0 ? width : open.length;
    const rest: number[] = i === 0 ? [] : open;
    let kept = 0;
    for (let n = 0; n < looksAt; n++) {
      const j = i === 0 ? n : open[n];
      const size = Math.abs(values[at + j]);
      // What is not finite is the caller's mistake, to be named as it is.
      if ((size >= least && size <= largest) || !(size < Infinity)) {
        if (sizes) sizes[j] = 0;
        continue;
      }
      rest[kept++] = j;
      sizes ??= new Float64Array(width);
      if (size > sizes[j]) sizes[j] = size;
    }
    rest.length = kept;
    open = rest;
  }
  if (!sizes || open.every((j) => (sizes as Float64Array)[j] === 0)) return null;
  return Int32Array.from(sizes, (size) => (size > 0 ? exponentOf(size) : 0));
}

/** A parameter in another unit, neither 0 nor infinite where it was not: no residual comes near to the difference. */
function inRange(parameter: number, before: number): number {
  if (!(before > 0)) return before;
  return Math.max(2 ** -1000, Math.min(2 ** 1000, parameter));
}

/** What a job is fitted in: of each column, and of the targets, a power of two. */
class Units {
  readonly #columns: Int32Array;
  readonly #target: number;
  readonly #plan: Plan;
  readonly #isUnsure: boolean;

  /** `isUnsure`: there are columns that have to stay as they are, since a penalty or what is carried on is in their units. */
  constructor(plan: Plan, columns: Int32Array, target: number, isUnsure: boolean) {
    this.#plan = plan;
    this.#columns = columns;
    this.#target = target;
    this.#isUnsure = isUnsure;
  }

  /** The job in these units. */
  inUnits(job: FitJob): FitJob {
    const { plan, train, validation, weights, bounds } = job;
    const X = this.#columnsOf(train);
    const table = (from: Table): Table => {
      return { ...from, X: from.X === train.X ? X : this.#columnsOf(from), ...this.#targetsOf(from) };
    };
    const by = -this.#target;
    // Tolerances are not to grow: of a tiny y every change is below the caller's.
    const held = by < 0 ? by : 0;
    return {
      ...job,
      plan: {
        ...plan,
        lossParameters: plan.lossParameters.map((parameter) => inRange(scaled(parameter, by), parameter)),
        l1: scaled(plan.l1, by),
        tolerance: scaled(plan.tolerance, 2 * held),
        gradientTolerance: scaled(plan.gradientTolerance, held),
        minDelta: scaled(plan.minDelta, 2 * by),
      },
      train: table(train),
      validation: validation && table(validation),
      weights: this.#weights(weights, 1),
      bounds: bounds && this.#bounds(bounds),
    };
  }

  /** What came of it, in the caller's. */
  back(outcome: Outcome): Outcome {
    const squared = (x: number) => scaled(x, 2 * this.#target);
    const { epochs, steps, learningRate, state, carried } = outcome; // not spread: they may be getters
    return {
      epochs,
      steps,
      learningRate,
      state,
      carried,
      // Nobody knows what became of such columns.
      status: this.#isUnsure && loopStatuses[outcome.status] === 'converged' ? stalled : outcome.status,
      weights: this.#weights(outcome.weights, -1),
      meanLoss: squared(outcome.meanLoss),
      gap: squared(outcome.gap),
      remainingDecrease: squared(outcome.remainingDecrease),
      lastDecrease: squared(outcome.lastDecrease),
      loss: outcome.loss.map(squared),
      validationLoss: outcome.validationLoss.map(squared),
      gradientNorm: outcome.gradientNorm.map((norm) => scaled(norm, this.#target)),
    };
  }

  epochEnd(end: EpochEnd): EpochEnd {
    const squared = (x: number) => scaled(x, 2 * this.#target);
    return { ...end, loss: squared(end.loss), validationLoss: squared(end.validationLoss) };
  }

  #columnsOf({ X }: Table): Float64Array {
    const { cols } = this.#plan;
    const own = Float64Array.from(X);
    this.#columns.forEach((exponent, j) => {
      if (exponent !== 0) for (let at = j; at < own.length; at += cols) own[at] = scaled(own[at], -exponent);
    });
    return own;
  }

  #targetsOf({ y, offset }: Table): Pick<Table, 'y' | 'offset'> {
    if (this.#target === 0) return { y, offset };
    const turn = (x: number) => scaled(x, -this.#target);
    return { y: y.map(turn), offset: offset?.map(turn) ?? null };
  }

  /** `way`: 1 into the units, -1 back. */
  #weights(weights: Float64Array, way: 1 | -1): Float64Array {
    const coefficients = coefficientCount(this.#plan);
    return weights.map((w, i) => {
      const column = i < coefficients ? this.#columns[i % this.#plan.cols] : 0;
      return scaled(w, way * (column - this.#target));
    });
  }

  #bounds({ lower, upper }: Bounds): Bounds {
    return { lower: this.#weights(lower, 1), upper: this.#weights(upper, 1) };
  }
}

/** Whether rows `from` … `to` - 1 may need some, as a look at the first of them tells of most. */
export function needsUnits({ plan, X, y }: Pick<ManyJob, 'plan' | 'X' | 'y'>, from: number, to: number): boolean {
  if (plan.solver === 0 && !plan.standardize) return false;
  return (
    mayBeExtreme(X, plan.cols, from, to) || (ofSquares.includes(plan.loss) && mayBeExtreme(y, plan.targets, from, to))
  );
}

/** Whether a column has numbers, of which none is ordinary. */
function mayBeExtreme(values: ArrayLike<number>, width: number, from: number, to: number): boolean {
  for (let j = 0; j < width; j++) {
    let isZero = true;
    let row = from;
    for (; row < to; row++) {
      const size = Math.abs(values[row * width + j]);
      if (size >= least && size <= largest) break;
      if (size !== 0) isZero = false;
    }
    if (row === to && !isZero) return true;
  }
  return false;
}

/** The units that a job needs; null: none. */
export function unitsOf({ plan, train, penaltyFactors, carried }: FitJob): Units | null {
  if (plan.solver === 0 && !plan.standardize) return null;
  const { cols } = plan;
  const columns = columnsOf(plan, train);
  const target = plan.solver > 0 && ofSquares.includes(plan.loss) ? targetExponent(plan, train) : 0;
  if (columns === null && target === 0) return null;
  const isPenalized = (j: number) =>
    !penaltyFactors || penaltyFactors.some((factor, i) => i % cols === j && factor > 0);
  const isTied = carried !== null || (!plan.standardize && (plan.l1 > 0 || plan.l2 > 0));
  const isHeld = (exponent: number, j: number) => exponent !== 0 && isTied && (carried !== null || isPenalized(j));
  const isUnsure = columns?.some(isHeld) ?? false;
  const own = columns?.map((exponent, j) => (isHeld(exponent, j) ? 0 : exponent)) ?? new Int32Array(cols);
  return new Units(plan, own, target, isUnsure);
}

/** Refuses them to a path, whose penalties are in their units. */
export function refuseUnits({ plan, train }: FitJob): void {
  const exponents = columnsOf(plan, train);
  const column = exponents?.findIndex((exponent) => exponent !== 0) ?? -1;
  if (!exponents || column < 0) return;
  const why = `column ${column} of X has no number but 0 from 2^-400 to 2^400, so that its squares are no doubles`;
  const message = `${why}: multiply it by 2^${-exponents[column]} (a fit of one penalty takes it as it is, with standardize)`;
  throw new NablaError('ERR_OUT_OF_RANGE', message, { column });
}

function columnsOf({ cols }: Plan, train: Table): Int32Array | null {
  return train.X instanceof Float32Array ? null : extremes(train.X, cols, train);
}

/** Of y, and of the offset beside it: of the largest number, where none is ordinary. */
function targetExponent({ targets, outputs }: Plan, train: Table): number {
  const own = exponentsOf(train.y, targets, train);
  if (own === null) return 0;
  const beside = train.offset?.some((x) => x !== 0) ? exponentsOf(train.offset, outputs, train) : [];
  return beside === null ? 0 : Math.max(...own, ...beside);
}

/** Of columns that are not 0, if none of them is ordinary. */
function exponentsOf(values: Float64Array, width: number, train: Table): number[] | null {
  const exponents = extremes(values, width, train);
  const isZero = (j: number) => values.every((x, i) => i % width !== j || x === 0);
  if (!exponents?.every((exponent, j) => exponent !== 0 || isZero(j))) return null;
  return [...exponents].filter((exponent) => exponent !== 0);
}

/** A backend that gives fits the units they need. */
export function withUnits(backend: Backend): Backend {
  return {
    ...backend,
    fitSync(job) {
      const units = unitsOf(job);
      return units ? units.back(backend.fitSync(units.inUnits(job))) : backend.fitSync(job);
    },
    async fit(job, watch) {
      const units = unitsOf(job);
      if (!units) return backend.fit(job, watch);
      const onEpoch = watch?.onEpoch && ((end: EpochEnd) => watch.onEpoch?.(units.epochEnd(end)));
      const own: Watch | undefined = watch && { ...watch, onEpoch };
      return units.back(await backend.fit(units.inUnits(job), own));
    },
    steps(job, halt): Steps {
      const units = unitsOf(job);
      if (!units) return backend.steps(job, halt);
      const steps = backend.steps(units.inUnits(job), halt);
      const told = (end: EpochEnd | null) => end && units.epochEnd(end);
      return {
        next: async () => told(await steps.next()),
        nextSync: () => told(steps.nextSync()),
        outcome: () => units.back(steps.outcome()),
      };
    },
  };
}
