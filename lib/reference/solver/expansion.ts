// The squared loss over all rows, which is a quadratic, from its expansion: J(w) = J(v) + gᵀe + ½ eᵀGe, e = w - v. With
// G = XᵀSX taken once, an evaluation costs cols² and no pass over X. Twin: native/solver/expansion.cc.
import { coefficientCount, type Plan, type Table, weightCount } from '../../plan.js';
import { divide, type Rows, rmatvec } from '../kernels/dense.js';
import { expand } from '../kernels/quadratic.js';
import { sum } from '../kernels/sums.js';
import type { Archive, Archived } from './archive.js';
import { rowsPerBlock } from './blocks.js';
import { Gram } from './gram.js';
import { Reader } from './matrix.js';
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
export class Expansion implements Evaluator, Archived {
  readonly #plan: Plan;
  readonly #direct: Objective;
  readonly #mean: Float64Array | null; // that weights are to be moved by; null: they are those of moved columns
  readonly #rows: Rows; // of G, for one output: columns and intercept
  readonly #diagonal: Float64Array;
  readonly #isFar: boolean;
  readonly #e: Float64Array; // of one output, as are Ge and the squares of e
  readonly #Ge: Float64Array;
  readonly #squares: Float64Array;
  #known = false;
  readonly #from: Float64Array; // v
  #value = 0; // J(v)
  readonly #slope: Float64Array; // the sum's gradient at v, of moved columns

  constructor(plan: Plan, table: Table, scaling: Scaling | null, direct: Objective) {
    const { cols, intercept } = plan;
    this.#plan = plan;
    this.#direct = direct;
    const mean = intercept ? (scaling?.mean ?? sampleMean(plan, table)) : null;
    this.#mean = scaling ? null : mean;
    const size = cols + (intercept ? 1 : 0);
    const G = new Float64Array(size * size);
    const { X, sampleWeight, index, count } = table;
    const d = index && sampleWeight ? Float64Array.from(index, (row) => sampleWeight[row]) : sampleWeight;
    new Gram({ X, cols, start: 0, count, index }, mean).evaluate(d, G);
    const isFar = (m: number, j: number) => m * m * G[size * size - 1] > far * far * G[j * size + j];
    this.#isFar = mean?.some(isFar) ?? false;
    const deviation = (j: number) => {
      if (!scaling || j === cols) return 1;
      return scaling.deviation[j] < smallest ? Number.NaN : scaling.deviation[j];
    };
    for (let j = 0; j < size; j++) {
      for (let k = 0; k < size; k++) G[j * size + k] /= deviation(j) * deviation(k);
    }
    this.#rows = { X: G, cols: size, start: 0, count: size, index: null };
    this.#diagonal = Float64Array.from({ length: size }, (_, j) => G[j * size + j]);
    this.#e = new Float64Array(size);
    this.#Ge = new Float64Array(size);
    this.#squares = new Float64Array(size);
    this.#from = new Float64Array(weightCount(plan));
    this.#slope = new Float64Array(weightCount(plan));
  }

  get everything(): Batch {
    return this.#direct.everything;
  }

  /** As Objective's, over all rows whatever the batch. */
  evaluate(_batch: Batch, weights: Float64Array, gradient: Float64Array): number {
    if (this.#known) {
      const value = this.#expand(weights, gradient);
      if (value < Infinity) return value;
    }
    return this.#begin(weights, gradient);
  }

  exchange(archive: Archive): void {
    this.#known = archive.flag(this.#known);
    if (!this.#known) return;
    archive.array(this.#from);
    this.#value = archive.number(this.#value);
    archive.array(this.#slope);
  }

  /** From the expansion; Infinity where it says too little. */
  #expand(w: Float64Array, gradient: Float64Array): number {
    const { cols, outputs, intercept } = this.#plan;
    let value = this.#value;
    let terms = this.#value;
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
        n: this.everything.count,
        e: this.#e,
        Ge: this.#Ge,
        squares: this.#squares,
        gradient,
      });
      value += linear + 0.5 * square;
      terms += Math.abs(linear) + 0.5 * largest;
    }
    return value >= least * terms ? value : Infinity;
  }

  /** From the rows, and a new expansion. */
  #begin(w: Float64Array, gradient: Float64Array): number {
    const { cols, outputs } = this.#plan;
    const n = this.everything.count;
    const coefficients = coefficientCount(this.#plan);
    const mean = this.#mean;
    const from = this.#from;
    const slope = this.#slope;
    const value = this.#direct.evaluate(this.everything, w, gradient);
    from.set(w);
    slope.set(gradient);
    this.#value = value;
    this.#known = true;
    if (this.#isFar) {
      // The gradient of columns far from 0 has its digits where the residuals add up to 0.
      for (let k = 0; k < outputs; k++)
        from[coefficients + k] -= (n * gradient[coefficients + k]) / this.#diagonal[cols];
      this.#value = this.#direct.evaluate(this.everything, from, slope);
    }
    for (let i = 0; i < slope.length; i++) slope[i] *= n;
    for (let k = 0; mean && k < outputs; k++) {
      for (let j = 0; j < cols; j++) slope[k * cols + j] -= mean[j] * slope[coefficients + k];
    }
    return value;
  }
}
