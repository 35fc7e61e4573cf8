// Squared loss over all rows, expanded about a point: J(w) = J(v) + gᵀe + ½ eᵀGe, e = w - v.
// With G = XᵀSX taken once, an evaluation costs cols² and no pass over X. Twin: native/objective/gramobjective.cc.
import { coefficientCount, knownPlaces, type Plan, type Table, weightCount } from '../../backend/plan.js';
import { Reader } from '../data/matrix.js';
import { divide, type Rows, rmatvec } from '../kernels/dense.js';
import { expand } from '../kernels/gramquadratic.js';
import { sum } from '../kernels/sums.js';
import type { Archive, Archived } from './archive.js';
import { rowsPerBlock } from './blocks.js';
import { Gram } from './gram.js';
import type { Batch, Evaluator, Objective } from './objective.js';
import type { Scaling } from './scaling.js';

/** Rows whose mean X is moved by: near enough to that of all for G to keep its digits. */
const sampled = 1024;

/** Of the terms that a value is the sum of, what has to be left: where they cancel more, so do their digits. */
const least = 2 ** -6;

/** Means, over the root mean squares of what remains, that make a column far from 0. */
const far = 32;

/** Squares of smaller columns underflow. */
const smallest = 2 ** -450;

/** Weighted means of the columns over rows evenly spaced; 0 where these weigh nothing. */
function sampleMean({ cols }: Plan, { X, sampleWeight, index, count }: Table): Float64Array {
  const picked = Math.min(count, sampled);
  const stride = Math.floor(count / picked);
  const rows = new Uint32Array(picked);
  const weights = new Float64Array(picked);
  for (let i = 0; i < picked; i++) {
    rows[i] = index ? index[i * stride] : i * stride;
    weights[i] = sampleWeight ? sampleWeight[rows[i]] : 1;
  }
  const mean = new Float64Array(cols);
  const step = rowsPerBlock(cols);
  const reader = new Reader({ X, cols, start: 0, count: picked, index: rows }, step);
  for (let at = 0; at < picked; at += step) {
    rmatvec(reader.rows(at, Math.min(step, picked - at)), weights, at, mean, 0);
  }
  const total = sum(weights, 0, picked);
  if (total > 0) divide(total, mean, cols);
  else mean.fill(0);
  return mean;
}

/**
 * Works on moved columns, x - mean (with `standardize` scaled ones), so that large means cost no digits: the intercept
 * is then that of these columns. An evaluation in which digits would be lost is made directly, over the rows, and the
 * next ones expand from there.
 */
export class GramObjective implements Evaluator, Archived {
  readonly #plan: Plan;
  readonly #direct: Objective;
  readonly #isMean: boolean;
  readonly #unit: number; // of means 1, else how many rows there are
  readonly #mean: Float64Array | null; // that weights are to be moved by; null: they are those of moved columns
  /** side × side, of one output. */
  readonly G: Float64Array;
  readonly #rows: Rows; // of G, for one output: columns and intercept
  readonly #diagonal: Float64Array;
  readonly #e: Float64Array; // of one output, as are Ge and the squares of e
  readonly #Ge: Float64Array;
  readonly #squares: Float64Array;
  readonly #numbers: Float64Array; // whether there is a v to expand from, J(v), whether a column is far from 0
  readonly #from: Float64Array; // v
  readonly #slope: Float64Array; // the sum's gradient at v, of moved columns

  /**
   * `units`: what G and the slope are in, those of sums over the rows or of means. `known`: numbers of the caller's, all 0
   * or those of another expansion of the same rows and scaling, which need not be gone through then.
   */
  constructor(
    plan: Plan,
    table: Table,
    scaling: Scaling | null,
    direct: Objective,
    units: 'sums' | 'means',
    known: Float64Array | null = null,
  ) {
    const { cols, intercept } = plan;
    const kept = known ?? new Float64Array(knownPlaces(plan).scaling);
    this.#plan = plan;
    this.#direct = direct;
    this.#unit = units === 'means' ? 1 : table.count;
    this.#isMean = units === 'means';
    const mean = intercept ? (scaling?.mean ?? sampleMean(plan, table)) : null;
    this.#mean = scaling ? null : mean;
    const size = cols + (intercept ? 1 : 0);
    const weights = weightCount(plan);
    const own = size * size + 3;
    this.G = kept.subarray(0, size * size);
    this.#numbers = kept.subarray(size * size, own);
    this.#from = kept.subarray(own, own + weights);
    this.#slope = kept.subarray(own + weights, own + 2 * weights);
    if (!this.#isKnown) this.#gather(table, scaling, mean);
    this.#rows = { X: this.G, cols: size, start: 0, count: size, index: null };
    this.#diagonal = Float64Array.from({ length: size }, (_, j) => this.G[j * size + j]);
    this.#e = new Float64Array(size);
    this.#Ge = new Float64Array(size);
    this.#squares = new Float64Array(size);
  }

  #gather(table: Table, scaling: Scaling | null, mean: Float64Array | null): void {
    const { cols } = this.#plan;
    const { G } = this;
    const size = Math.sqrt(G.length);
    const { X, sampleWeight, index, count } = table;
    const d = index && sampleWeight ? Float64Array.from(index, (row) => sampleWeight[row]) : sampleWeight;
    new Gram({ X, cols, start: 0, count, index }, mean).evaluate(d, G);
    const isFar = (m: number, j: number) => m * m * G[size * size - 1] > far * far * G[j * size + j];
    if (mean?.some(isFar)) this.#numbers[2] = 1;
    const deviation = (j: number) => {
      if (!scaling || j === cols) return 1;
      return !this.#isMean && scaling.deviation[j] < smallest ? Number.NaN : scaling.deviation[j];
    };
    for (let j = 0; j < size; j++) {
      for (let k = 0; k < size; k++) G[j * size + k] /= deviation(j) * deviation(k);
      for (let k = 0; this.#isMean && k < size; k++) G[j * size + k] /= count;
    }
  }

  get #isKnown(): boolean {
    return this.#numbers[0] !== 0;
  }

  get everything(): Batch {
    return this.#direct.everything;
  }

  /** As Objective's, over all rows whatever the batch. */
  evaluate(_batch: Batch, weights: Float64Array, gradient: Float64Array): number {
    if (this.#isKnown) {
      const value = this.#expand(weights, gradient);
      if (value < Infinity) return value;
    }
    return this.begin(weights, gradient);
  }

  serialize(archive: Archive): void {
    this.#numbers[0] = Number(archive.flag(this.#isKnown));
    if (!this.#isKnown) return;
    archive.array(this.#from);
    this.#numbers[1] = archive.number(this.#numbers[1], 'any');
    archive.array(this.#slope, 'any');
  }

  /** From the expansion; Infinity where it says too little. */
  #expand(w: Float64Array, gradient: Float64Array): number {
    const { cols, outputs, intercept } = this.#plan;
    let value = this.#numbers[1];
    let terms = value;
    const sums = this.everything.count / this.#unit;
    for (let k = 0; k < outputs; k++) {
      const { linear, square, largest } = expand({
        G: this.#rows,
        diagonal: this.#diagonal,
        cols,
        at: k * cols,
        b: intercept ? coefficientCount(this.#plan) + k : -1,
        mean: this.#mean,
        w,
        from: this.#from,
        slope: this.#slope,
        n: this.#unit,
        e: this.#e,
        Ge: this.#Ge,
        squares: this.#squares,
        gradient,
      });
      value += sums * (linear + 0.5 * square);
      terms += sums * (Math.abs(linear) + 0.5 * largest);
    }
    return value >= least * terms ? value : Infinity;
  }

  /** The same over the rows; the next ones expand from there. */
  begin(w: Float64Array, gradient: Float64Array): number {
    const { cols, outputs } = this.#plan;
    const coefficients = coefficientCount(this.#plan);
    const mean = this.#mean;
    const from = this.#from;
    const slope = this.#slope;
    const value = this.#direct.evaluate(this.everything, w, gradient);
    from.set(w);
    slope.set(gradient);
    this.#numbers[0] = 1;
    this.#numbers[1] = value;
    if (this.#numbers[2] !== 0) {
      // The gradient of columns far from 0 has its digits where the residuals add up to 0.
      for (let k = 0; k < outputs; k++)
        from[coefficients + k] -= (this.#unit * gradient[coefficients + k]) / this.#diagonal[cols];
      this.#numbers[1] = this.#direct.evaluate(this.everything, from, slope);
    }
    for (let i = 0; i < slope.length; i++) slope[i] *= this.#unit;
    for (let k = 0; mean && k < outputs; k++) {
      for (let j = 0; j < cols; j++) slope[k * cols + j] -= mean[j] * slope[coefficients + k];
    }
    return value;
  }
}
