// What a model says of rows beside what is true of them: the ground of all metrics.
import { checkMatrix } from '../arrays.js';
import { losses } from '../catalog.js';
import { checkFinite, overflow, type RawTable, readTable } from '../data.js';
import { NablaError } from '../errors.js';
import type { Label } from '../labels.js';
import type { Model } from '../model.js';
import { readChoice, readObject } from '../read.js';
import { losses as formulas } from '../reference/kernels/losses.js';
import { readTargets } from '../targets.js';
import { sumOf, type Weights } from './sums.js';

/** Beside X and y. */
export interface MeasureOptions {
  /** How much each row counts, from 0; only proportions matter, and a row of 0 is as none. Default: all the same. */
  sampleWeight?: Float64Array;
  /** rows × outputs, if the model was fitted with one. */
  offset?: Float64Array;
}

/** The rows that count. */
export interface Measured {
  /** rows × targets, classes by the solver's numbers. */
  readonly y: Float64Array;
  /** rows × outputs. */
  readonly z: Float64Array;
  readonly weights: Weights;
  readonly rows: number;
  readonly outputs: number;
  readonly targets: number;
  /** Of the model's loss. */
  readonly loss: number;
  readonly parameters: Float64Array;
}

/** @throws NablaError as `evaluate` of a model */
export function measure(model: Model<Label>, X: unknown, y: unknown, options: unknown): Measured {
  const given = readObject('options', options ?? {}, ['sampleWeight', 'offset']);
  const { outputs, labels, lossParameters } = model;
  const cols = model.coefficients.length / outputs;
  const isClass = labels.length > 0;
  const targets = isClass ? 1 : outputs;
  const rows = Math.floor(checkMatrix('X', X).length / cols);
  const table = readTable('data', { X, y, rows, cols, ...given }, isClass);
  const known = readTargets('y', model.loss, table, { labels, targets });
  const { index, parameters } = readChoice('loss', { ...lossParameters, name: model.loss }, losses);
  const all = { rows, outputs, targets, loss: index, parameters };
  const z = model.linear(table.X, table.offset ?? undefined);
  const { sampleWeight, used } = table;
  if (!used) return checked({ ...all, y: known.y, z, weights: sampleWeight }, table);
  const pick = (values: Float64Array, width: number) => {
    const picked = new Float64Array(used.length * width);
    used.forEach((row, i) => {
      picked.set(values.subarray(row * width, (row + 1) * width), i * width);
    });
    return picked;
  };
  const weights = pick(sampleWeight as Float64Array, 1);
  return checked({ ...all, y: pick(known.y, targets), z: pick(z, outputs), weights, rows: used.length }, table);
}

/** Throws for what is not finite: data, z, or the sum of the weights. */
function checked(measured: Measured, table: RawTable): Measured {
  const { y, z, rows, weights } = measured;
  if (!z.every(Number.isFinite) || !y.every(Number.isFinite)) {
    checkFinite('data', table);
    throw overflow();
  }
  if (sumOf(rows, weights) < Infinity) return measured;
  throw new NablaError('ERR_OUT_OF_RANGE', 'sampleWeight must have a finite sum');
}

/** The mean over the rows of the model's loss, summed over several targets, without penalty. */
export function meanLoss({ y, z, weights, rows, outputs, targets, loss, parameters }: Measured): number {
  const sum = formulas[loss].gradient({
    y: transposed(y, targets),
    yAt: 0,
    z: outputs === 1 ? z.slice() : transposed(z, outputs), // it is overwritten
    weights,
    weightsAt: 0,
    n: rows,
    outputs,
    stride: rows,
    parameters,
    terms: new Float64Array(rows),
  });
  return sum / sumOf(rows, weights);
}

/** One target of several, with a z for it. */
export function alone(measured: Measured, y: Float64Array, z: Float64Array): Measured {
  return { ...measured, y, z, outputs: 1, targets: 1 };
}

/** width × rows of what is rows × width. */
function transposed(values: Float64Array, width: number): Float64Array {
  if (width === 1) return values;
  const rows = values.length / width;
  const out = new Float64Array(values.length);
  for (let i = 0; i < rows; i++) for (let k = 0; k < width; k++) out[k * rows + i] = values[i * width + k];
  return out;
}

/** Each column of rows × width. */
export function columnsOf(values: Float64Array, width: number): Float64Array[] {
  const rows = values.length / width;
  const all = transposed(values, width);
  return Array.from({ length: width }, (_, k) => all.subarray(k * rows, (k + 1) * rows));
}
