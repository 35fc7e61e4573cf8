// Objective over a batch of rows: mean loss and its gradient.
// Twin: native/objective/objective.cc.

import { coefficientCount, type Plan, type Table, weightCount } from '../../backend/plan.js';
import { roomFor, rowsOf, type Source } from '../data/matrix.js';
import { divide, matvec, rmatvec } from '../kernels/dense.js';
import { losses } from '../kernels/losses.js';
import { sum, sumOfProducts } from '../kernels/sums.js';
import type { Archive } from './archive.js';
import { maxBlockRows, rowsPerBlock, Tree } from './blocks.js';
import type { Scaling } from './scaling.js';

/** Which rows: `count` from `start`, or those that index[start] and its followers name. */
export interface Batch {
  start: number;
  count: number;
  index: Uint32Array | null;
}

// Room for one block, shared by all: no evaluation is left half-way.
const terms = new Float64Array(maxBlockRows);

const z1 = new Float64Array(maxBlockRows);

/**
 * The mean loss and gradient of rows that make one block, one output: what Objective does, without its room for
 * everything else, since small problems come by the million.
 */
export function evaluateBlock(
  loss: number,
  parameters: Float64Array,
  X: Float64Array,
  y: Float64Array,
  n: number,
  cols: number,
  weights: Float64Array,
  gradient: Float64Array,
): number {
  for (let i = 0; i < n; i++) z1[i] = sumOfProducts(X, i * cols, weights, 0, cols);
  const args = { y, yAt: 0, z: z1, weights: null, weightsAt: 0, n, outputs: 1, stride: 0, parameters, terms };
  const total = losses[loss].gradient(args);
  for (let j = 0; j < cols; j++) gradient[j] = 0;
  rmatvec({ X, cols, start: 0, count: n, index: null }, z1, 0, gradient, 0);
  for (let j = 0; j < cols; j++) gradient[j] /= n;
  return total / n;
}

/** An array's part that belongs to a block: where it begins. */
interface Part {
  array: Float64Array;
  at: number;
}

/** What sums a loss over rows: the objective of data, or a function of the caller's. */
export interface Evaluator {
  readonly everything: Batch;
  /** Returns the sum of the losses and writes the mean gradient, if it is asked for. */
  evaluate(batch: Batch, weights: Float64Array, gradient: Float64Array | null): number;
  /** What evaluations leave for those that follow, if they do. */
  serialize?(archive: Archive): void;
}

export class Objective implements Evaluator {
  readonly #size: number;
  readonly #step: number;
  readonly #tree: Tree; // a partial: gradient, and behind it the sum of the losses
  readonly #X: Float64Array | null; // of one block, as are those below, where rows are widened, picked or transposed
  readonly #z: Float64Array;
  readonly #y: Float64Array;
  readonly #sampleWeight: Float64Array;
  readonly #offset: Float64Array;
  readonly #original: Float64Array;
  readonly #scaled: Float64Array; // rows of scaled columns, of a block
  readonly #curvature: Float64Array;

  /** `scaling`: null, or weights are those of standardized columns. */
  constructor(
    readonly plan: Plan,
    readonly table: Table,
    readonly scaling: Scaling | null,
  ) {
    this.#size = weightCount(plan);
    this.#step = rowsPerBlock(plan.cols);
    this.#tree = new Tree(this.#size + 1);
    this.#X = roomFor(table.X, plan.cols * this.#step);
    this.#z = new Float64Array(plan.outputs * this.#step);
    this.#y = new Float64Array(plan.targets * this.#step);
    this.#sampleWeight = new Float64Array(table.sampleWeight ? this.#step : 0);
    this.#offset = new Float64Array(table.offset ? plan.outputs * this.#step : 0);
    this.#original = new Float64Array(scaling ? this.#size : 0);
    this.#scaled = new Float64Array(scaling?.isFar ? this.#step * plan.cols : 0);
    this.#curvature = new Float64Array(plan.outputs * this.#step);
  }

  /** All rows of the table. */
  get everything(): Batch {
    return { start: 0, count: this.table.count, index: this.table.index };
  }

  evaluate(batch: Batch, given: Float64Array, gradient: Float64Array | null): number {
    return this.#pass(batch, given, gradient, null);
  }

  /** The same over all rows, with the losses' second derivatives in z (of softmax the probabilities): outputs × rows. */
  curve(given: Float64Array, gradient: Float64Array | null, curvature: Float64Array): number {
    return this.#pass(this.everything, given, gradient, curvature);
  }

  #pass(batch: Batch, given: Float64Array, gradient: Float64Array | null, curvature: Float64Array | null): number {
    const { plan, table, scaling } = this;
    const { cols, outputs, intercept } = plan;
    const step = this.#step;
    const size = this.#size;
    const z = this.#z;
    const coefficients = coefficientCount(plan);
    const turned = scaling?.isFar ? null : scaling; // null: weights are as the rows are
    const weights = turned ? turned.toOriginal(given, this.#original) : given;
    this.#tree.reset();
    for (let at = 0; at < batch.count; at += step) {
      const count = Math.min(step, batch.count - at);
      const start = batch.start + at;
      const source: Source = { X: table.X, cols, start, count, index: batch.index };
      const own = rowsOf(source, this.#X);
      const rows = scaling?.isFar ? scaling.scale(own, this.#scaled) : own;
      const y = this.#part(table.y, plan.targets, source, this.#y);
      const sampleWeight = table.sampleWeight && this.#part(table.sampleWeight, 1, source, this.#sampleWeight);
      const offset = table.offset && this.#part(table.offset, outputs, source, this.#offset);
      const partial = this.#tree.next();
      for (let k = 0; k < outputs; k++) {
        matvec(rows, weights, k * cols, intercept ? weights[coefficients + k] : 0, z, k * step);
        if (offset) {
          for (let i = 0; i < count; i++) z[k * step + i] += offset.array[offset.at + k * step + i];
        }
      }
      const args = {
        y: y.array,
        yAt: y.at,
        z,
        weights: sampleWeight ? sampleWeight.array : null,
        weightsAt: sampleWeight ? sampleWeight.at : 0,
        n: count,
        outputs,
        stride: step,
        parameters: plan.lossParameters,
        terms,
      };
      const loss = losses[plan.loss];
      if (curvature) {
        partial[size] = loss.curvature(args, this.#curvature);
        for (let k = 0; k < outputs; k++) {
          for (let i = 0; i < count; i++) curvature[k * batch.count + at + i] = this.#curvature[k * step + i];
        }
      } else {
        partial[size] = loss.gradient(args);
      }
      for (let k = 0; gradient && k < outputs; k++) {
        rmatvec(rows, z, k * step, partial, k * cols);
        if (intercept) partial[coefficients + k] = sum(z, k * step, count);
      }
      this.#tree.push();
    }
    const total = this.#tree.total();
    if (gradient) {
      for (let j = 0; j < size; j++) gradient[j] = total[j];
      if (batch.count !== 1) divide(batch.count, gradient, size);
      turned?.chain(gradient);
    }
    return total[size];
  }

  /** A block's part of rows × outputs: in place, or outputs × step where rows are picked or transposed. */
  #part(from: Float64Array, outputs: number, { start, count, index }: Source, room: Float64Array): Part {
    if (index === null && outputs === 1) return { array: from, at: start };
    for (let i = 0; i < count; i++) {
      const row = index === null ? start + i : index[start + i];
      for (let k = 0; k < outputs; k++) room[k * this.#step + i] = from[row * outputs + k];
    }
    return { array: room, at: 0 };
  }
}
