// Metrics of classes: accuracy, confusion, precision, recall, AUC, log loss.
import { codeOf, type Label } from '../input/labels.js';
import { lossName, type Measured, meanLoss } from './measure.js';
import { chosenPlaces, probabilities } from './predictions.js';
import type { Predictor } from './predictor.js';
import { distinct, mean, rankAmong, type Weights } from './sums.js';

/** One number of each for a class, or for all of them. */
interface Scores<T> {
  /** Of the rows predicted to be of the class, the part that is; 0 where none is predicted to be. */
  readonly precision: T;
  /** Of the rows of the class, the part that is predicted to be; 0 where there are none. */
  readonly recall: T;
  /** The harmonic mean of the two; 0 where both are. */
  readonly f1: T;
}

/** The cells of a confusion matrix that are not 0, row after row. */
export interface ConfusionCells {
  /** The place of the class among the labels. */
  readonly truth: Uint32Array;
  /** And of the class that is predicted. */
  readonly predicted: Uint32Array;
  /** Rows of the one that are predicted to be the other. */
  readonly rows: Float64Array;
}

/**
 * Of losses of classes. All counts of rows are sums of sampleWeight; a row whose y is a fraction counts as two, one of
 * each class, that weigh its parts.
 */
export interface ClassMetrics<L extends Label = number> extends Scores<Float64Array> {
  readonly kind: 'class';
  /** The classes, in the order of all arrays here. */
  readonly labels: readonly L[];
  /** The mean of the model's loss, without penalty. */
  readonly loss: number;
  /** The part of the rows whose class is predicted. */
  readonly accuracy: number;
  /** The mean recall of the classes that have rows. */
  readonly balancedAccuracy: number;
  /**
   * classes × classes, row-major: in row j, column k the rows of class j that are predicted to be k. Of more than 1,000
   * classes it is empty: {@link ClassMetrics.confusionCells} has them.
   */
  readonly confusion: Float64Array;
  /** Of more than 1,000 classes, what of the confusion is not 0; null of fewer. */
  readonly confusionCells: ConfusionCells | null;
  /** Rows of each class. */
  readonly support: Float64Array;
  /** Means over the classes that have rows or are predicted. */
  readonly macro: Scores<number>;
  /** Means over the classes, each by its rows. */
  readonly weighted: Scores<number>;
  /** Matthews's correlation of class and prediction, for any number of classes (Gorodkin's R_K); 0 where undefined. */
  readonly mcc: number;
  /** The mean of -ln p of the true class; null for losses other than logistic and softmax. */
  readonly logLoss: number | null;
  /** The mean of (p - y)², y being 1 for the second of two classes; null otherwise and for losses other than logistic and softmax. */
  readonly brier: number | null;
  /**
   * The area under the ROC curve: the probability that a row of the second class has a higher z than one of the first,
   * a tie counting half. Null for more than two classes, and where one of them has no rows.
   */
  readonly auc: number | null;
}

interface Places {
  truth: Float64Array;
  predicted: Float64Array;
}

function placesOf(measured: Measured): Places {
  const { y, z, outputs, targets, byRow } = measured;
  const predicted = byRow ? byRow.predicted : chosenPlaces(z, outputs);
  if (targets > 1) return { truth: chosenPlaces(y, targets), predicted }; // 1 for the class, -1 for the rest
  const first = outputs === 1 ? codeOf(lossName(measured), 0, 2) : 0;
  return { truth: first === 0 ? y : y.map((code) => (code === first ? 0 : 1)), predicted };
}

/** A row of a fraction as two, one of each class, that weigh its parts. */
function ofOneClass(measured: Measured): Measured {
  const { y, z, weights, rows } = measured;
  if (lossName(measured) !== 'logistic' || y.every(Number.isInteger)) return measured;
  const twice = (values: Float64Array) => Float64Array.from({ length: 2 * rows }, (_, i) => values[i >> 1]);
  const parts = twice(y).map((part, i) => (weights === null ? 1 : weights[i >> 1]) * (i % 2 ? part : 1 - part));
  return { ...measured, y: parts.map((_, i) => i % 2), z: twice(z), weights: parts, rows: 2 * rows };
}

export function accuracy(given: Measured): number {
  const measured = ofOneClass(given);
  const { truth, predicted } = placesOf(measured);
  return mean(
    truth.map((place, i) => Number(place === predicted[i])),
    measured.weights,
  );
}

/** Classes whose confusion is a matrix: its 8 MB are worth it. */
const mostInMatrix = 1000;

function cellsOf({ truth, predicted }: Places, classes: number, weights: Weights): ConfusionCells {
  const counts = new Map<number, number>();
  for (let i = 0; i < truth.length; i++) {
    const cell = truth[i] * classes + predicted[i];
    counts.set(cell, (counts.get(cell) ?? 0) + (weights === null ? 1 : weights[i]));
  }
  const cells = Float64Array.from(counts.keys()).sort();
  return {
    truth: Uint32Array.from(cells, (cell) => Math.floor(cell / classes)),
    predicted: Uint32Array.from(cells, (cell) => cell % classes),
    rows: cells.map((cell) => counts.get(cell) as number),
  };
}

function matrixOf({ truth, predicted, rows }: ConfusionCells, classes: number): Float64Array {
  const matrix = new Float64Array(classes * classes);
  rows.forEach((count, i) => {
    matrix[truth[i] * classes + predicted[i]] = count;
  });
  return matrix;
}

/** a/b, or 0 where there is nothing to divide by. */
const part = (a: number, b: number): number => (b > 0 ? a / b : 0);

/** What the confusion says. */
function countsOf(cells: ConfusionCells, classes: number) {
  const support = new Float64Array(classes);
  const predicted = new Float64Array(classes);
  const right = new Float64Array(classes);
  cells.rows.forEach((rows, i) => {
    const [j, k] = [cells.truth[i], cells.predicted[i]];
    support[j] += rows;
    predicted[k] += rows;
    if (j === k) right[j] += rows;
  });
  const precision = right.map((value, k) => part(value, predicted[k]));
  const recall = right.map((value, k) => part(value, support[k]));
  const f1 = right.map((value, k) => part(2 * value, support[k] + predicted[k]));
  const scores = { precision, recall, f1 };
  const averaged = (weights: Float64Array): Scores<number> => ({
    precision: mean(precision, weights),
    recall: mean(recall, weights),
    f1: mean(f1, weights),
  });
  const seen = support.map((value, k) => Number(value + predicted[k] > 0));
  return {
    support,
    ...scores,
    macro: averaged(seen),
    weighted: averaged(support),
    balancedAccuracy: mean(
      recall,
      support.map((value) => Number(value > 0)),
    ),
    mcc: correlation(support, predicted, right),
  };
}

function correlation(support: Float64Array, predicted: Float64Array, right: Float64Array): number {
  const isOne = (rows: Float64Array) => rows.filter((value) => value > 0).length === 1;
  if (isOne(support) || isOne(predicted)) return 0;
  const sum = (of: (k: number) => number) => right.reduce((total, _, k) => total + of(k), 0);
  const rows = sum((k) => support[k]);
  const both = sum((k) => right[k]) * rows - sum((k) => support[k] * predicted[k]);
  const ofTruth = rows * rows - sum((k) => support[k] * support[k]);
  const ofPredicted = rows * rows - sum((k) => predicted[k] * predicted[k]);
  return both / (Math.sqrt(ofTruth) * Math.sqrt(ofPredicted));
}

/** Of two classes; null where one of them has no rows. */
export function areaUnderRoc(given: Measured): number | null {
  const measured = ofOneClass(given);
  const { weights } = measured;
  const { truth } = placesOf(measured);
  const z = secondOfTwo(measured);
  const sorted = distinct(z);
  const rows = [new Float64Array(sorted.length), new Float64Array(sorted.length)]; // of each class, by the rank of z
  z.forEach((value, i) => {
    rows[truth[i]][rankAmong(sorted, value)] += weights === null ? 1 : weights[i];
  });
  let area = 0;
  let [first, second] = [0, 0]; // rows of each class with a lower z
  for (let rank = 0; rank < sorted.length; rank++) {
    area += rows[1][rank] * (first + rows[0][rank] / 2);
    first += rows[0][rank];
    second += rows[1][rank];
  }
  return first > 0 && second > 0 ? area / (first * second) : null;
}

/** z of the second of two classes, above that of the first. */
function secondOfTwo({ z, outputs, rows }: Measured): Float64Array {
  if (outputs === 1) return z;
  return Float64Array.from({ length: rows }, (_, i) => z[2 * i + 1] - z[2 * i]);
}

export function classMetrics<L extends Label>(model: Predictor<L>, given: Measured): ClassMetrics<L> {
  const measured = ofOneClass(given);
  const { weights, z, outputs } = measured;
  const { labels, loss: name } = model;
  const places = placesOf(measured);
  const cells = cellsOf(places, labels.length, weights);
  const isMatrix = labels.length <= mostInMatrix;
  const loss = meanLoss(measured);
  const hasProbabilities = name === 'logistic' || name === 'softmax';
  const isBinary = labels.length === 2;
  const squares = () => {
    const p = probabilities(z, outputs);
    return places.truth.map((place, i) => (p[2 * i + 1] - place) * (p[2 * i + 1] - place));
  };
  return {
    kind: 'class',
    labels,
    loss,
    accuracy: accuracy(measured),
    confusion: isMatrix ? matrixOf(cells, labels.length) : new Float64Array(0),
    confusionCells: isMatrix ? null : cells,
    ...countsOf(cells, labels.length),
    logLoss: hasProbabilities ? loss : null,
    brier: hasProbabilities && isBinary ? mean(squares(), weights) : null,
    auc: isBinary ? areaUnderRoc(measured) : null,
  };
}
