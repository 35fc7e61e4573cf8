// Predictions beside true values of rows: the input of all metrics.
import { checkMatrix, firstNotFinite, type Matrix, zerosLike } from '../base/arrays.js';
import { NablaError } from '../base/errors.js';
import { losses } from '../catalog/losses.js';
import { checkFinite, overflow, type RawTable, readTable } from '../input/data.js';
import { readChoice, readObject } from '../input/read.js';
import { readTargets } from '../input/targets.js';
import { losses as formulas } from '../reference/kernels/losses.js';
import { sum } from '../reference/kernels/sums.js';
import { chosenPlaces } from './predictions.js';
import type { Predictor } from './predictor.js';
import { sumOf, type Weights } from './sums.js';

const lossNames = Object.keys(losses) as (keyof typeof losses)[];

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
  /** In place of z, which is empty then: what each row comes to, of softmax over many classes. */
  readonly byRow?: ByRow;
}

/** The name of the loss. */
export const lossName = ({ loss }: Measured): keyof typeof losses => lossNames[loss];

/** Of each row, the place of the class that is predicted, and its term of the loss. */
interface ByRow {
  readonly predicted: Float64Array;
  readonly terms: Float64Array;
}

/** Values of z that are kept at once. */
const mostValues = 2 ** 20;

/** @throws NablaError as `evaluate` of a model */
export function measure(model: Predictor, X: unknown, y: unknown, options: unknown): Measured {
  const given = readObject('options', options ?? {}, ['sampleWeight', 'offset']);
  const { outputs, labels, lossParameters } = model;
  const cols = model.coefficients.length / outputs;
  const isClass = labels.length > 0;
  const rows = Math.floor(checkMatrix('X', X).length / cols);
  const table = readTable('data', { X, y, rows, cols, ...given }, isClass);
  const loss = readChoice('loss', { ...lossParameters, name: model.loss }, losses);
  const known = readTargets('y', loss, table, { labels, targets: isClass ? 1 : outputs });
  const { targets } = known;
  const all = { rows, outputs, targets, loss: loss.index, parameters: loss.parameters };
  const { sampleWeight, used } = table;
  if (model.loss === 'softmax' && outputs > 2 && rows * outputs > mostValues) {
    const pick = (values: Float64Array) => (used ? Float64Array.from(used, (row) => values[row]) : values);
    const weights = sampleWeight && pick(sampleWeight);
    const count = used ? used.length : rows;
    const counted = { ...all, rows: count, y: pick(known.y), z: new Float64Array(0), weights };
    return checked({ ...counted, byRow: rowByRow(model, table, counted) }, table);
  }
  const z = model.linear(table.X, table.offset ?? undefined);
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

/** Goes through the rows that are used some at a time, so that z of all of them needs no room. */
function rowByRow(model: Predictor, { X, offset, used, cols }: RawTable, measured: Measured): ByRow {
  const { rows, outputs, y, weights } = measured;
  const predicted = new Float64Array(rows);
  const terms = new Float64Array(rows);
  const room = new Float64Array(1);
  const step = Math.max(1, Math.floor(mostValues / outputs));
  for (let start = 0; start < rows; start += step) {
    const count = Math.min(step, rows - start);
    const pick = <T extends Matrix>(from: T, width: number): T => {
      if (!used) return from.subarray(start * width, (start + count) * width) as T;
      const to = zerosLike(from, count * width) as T;
      for (let i = 0; i < count; i++) {
        const row = used[start + i];
        to.set(from.subarray(row * width, (row + 1) * width), i * width);
      }
      return to;
    };
    const z = model.linear(pick(X, cols), offset ? pick(offset, outputs) : undefined);
    predicted.set(chosenPlaces(z, outputs), start);
    const areNumbers = firstNotFinite(z) < 0;
    for (let i = 0; i < count; i++) {
      const own = { ...measured, rows: 1, y: y.subarray(start + i, start + i + 1), weights: null };
      const term = sumOfLosses({ ...own, z: z.subarray(i * outputs, (i + 1) * outputs) }, room);
      terms[start + i] = areNumbers ? (weights ? weights[start + i] : 1) * term : NaN;
    }
  }
  return { predicted, terms };
}

/** Throws for what is not finite: data, z, or the sum of the weights. */
function checked(measured: Measured, table: RawTable): Measured {
  const { y, z, byRow, rows, weights } = measured;
  if (!(byRow ? byRow.terms : z).every(Number.isFinite) || !y.every(Number.isFinite)) {
    checkFinite('data', table);
    throw overflow();
  }
  if (sumOf(rows, weights) < Infinity) return measured;
  throw new NablaError('ERR_OUT_OF_RANGE', 'sampleWeight must have a finite sum');
}

/** The mean over the rows of the model's loss, summed over several targets, without penalty. */
export function meanLoss(measured: Measured): number {
  const { rows, weights, byRow } = measured;
  const total = byRow ? sum(byRow.terms, 0, rows) : sumOfLosses(measured, new Float64Array(rows));
  return total / sumOf(rows, weights);
}

/** Σ of the losses. `terms`: room for one a row. */
function sumOfLosses(
  { y, z, weights, rows, outputs, targets, loss, parameters }: Measured,
  terms: Float64Array,
): number {
  return formulas[loss].gradient({
    y: transposed(y, targets),
    yAt: 0,
    z: outputs === 1 || rows === 1 ? z.slice() : transposed(z, outputs), // it is overwritten
    weights,
    weightsAt: 0,
    n: rows,
    outputs,
    stride: rows,
    parameters,
    terms,
  });
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
