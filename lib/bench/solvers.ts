// Benchmark rows of fits to a given distance from the optimum, each by its own tolerance.
import { type FitOptions, fitSync } from '../index.js';
import { candidate } from './harness.js';
import { byThreads, timesAsFastAs, within } from './must.js';
import { type Data, meanLoss, numbers, table } from './numbers.js';
import * as plain from './plain.js';
import type { Contest, Made, Must, Row } from './row.js';
import { all, ofThreads } from './threads.js';

/** From coarse to fine. */
export const tolerances: readonly number[] = Array.from({ length: 12 }, (_, k) => 10 ** -(k + 1));

interface Race {
  readonly given: { X: Float64Array; y: Float64Array };
  readonly options: FitOptions;
  readonly nearness: number;
  readonly loss: (w: Float64Array) => number;
  readonly weights: number;
  readonly args: Contest['args'];
  readonly peers: Contest['peers'];
  readonly threads?: number;
  readonly plain?: Made['plain'];
}

/** `options` beside those of all: no intercept, the solver that auto picks. */
export function race({ given, options, nearness, loss, weights, args, peers, threads = 1, plain }: Race): Made {
  const how: FitOptions = { intercept: false, optimizer: 'auto', epochs: 1000, threads, ...options };
  const lossAt = (tolerance: number): number => loss(fitSync(given, { ...how, tolerance }).coefficients);
  const best = Math.min(lossAt(0), lossAt(1e-13));
  const reach = best * (1 + nearness);
  const tolerance = tolerances.find((tolerance) => lossAt(tolerance) <= reach) ?? 0;
  const timed = (options: FitOptions) =>
    candidate('fit(data, options).epochs', { fit: fitSync, data: given, options: { ...options, tolerance } });
  return {
    nabla: timed(how),
    ...(threads > 1 ? { more: { 'one thread': timed({ ...how, threads: 1 }) } } : { plain }),
    contest: { args: { ...given, ...args }, peers, weights, loss, ours: lossAt(tolerance), agree: nearness, reach },
  };
}

function logistic(nearness: number, newtons: number, must: readonly Must[], threads = 1): Row {
  const [rows, cols, l2] = [200_000, 100, 1e-4];
  const size = 8 * rows * (cols + 1);
  return {
    name: ofThreads(`logistic + l2 200,000 × 100, to ${nearness}`, threads),
    threads,
    group: 'to the optimum',
    // A start and a Hessian from a part of the rows leave about four passes.
    needs: { read: 4 * size },
    size,
    must,
    make() {
      const data = table(rows, cols, 'logistic');
      const solver = (name: string) => ({ program: 'sklearn', work: 'logistic', solver: name });
      return race({
        given: { X: data.X, y: data.y },
        options: { loss: 'logistic', l2 },
        nearness,
        loss: (w) => meanLoss(data, 'logistic', w, l2),
        weights: cols,
        args: { rows, cols, l2 },
        peers: {
          'torch LBFGS': { program: 'torch', work: 'logistic' },
          'scikit-learn newton-cholesky': solver('newton-cholesky'),
          'scikit-learn lbfgs': solver('lbfgs'),
          ...(threads === 1 ? { liblinear: { program: 'liblinear', work: 'logistic' } } : {}), // it has but one
        },
        threads,
        plain: candidate('newton(data, l2, n)[0]', { newton: plain.newton, data, l2, n: newtons }),
      });
    },
  };
}

/** 1,797 images of 8 × 8, by ten. */
export interface Digits {
  readonly X: Float64Array;
  readonly y: Float64Array;
  readonly real: boolean;
}

/** Where scikit-learn's digits are not at hand: noise around ten patterns, of the same shape. */
function likeDigits(): Digits {
  const [rows, cols] = [1797, 64];
  const [patterns, X] = [numbers(10 * cols, 3), numbers(rows * cols, 4)];
  const y = Float64Array.from({ length: rows }, (_, i) => i % 10);
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < cols; j++) {
      X[i * cols + j] = Math.max(0, 0.5 + 0.4 * patterns[y[i] * cols + j] + 0.5 * X[i * cols + j]);
    }
  }
  return { X, y, real: false };
}

/** The mean softmax loss with ½·l2·Σw²; weights are classes × cols. */
function softmaxLoss({ X, y, rows, cols }: Data, w: Float64Array, l2: number): number {
  const classes = w.length / cols;
  let sum = 0;
  for (let i = 0; i < rows; i++) {
    let largest = Number.NEGATIVE_INFINITY;
    const z = Array.from({ length: classes }, (_, k) => {
      let value = 0;
      for (let j = 0; j < cols; j++) value += X[i * cols + j] * w[k * cols + j];
      largest = Math.max(largest, value);
      return value;
    });
    let total = 0;
    for (const value of z) total += Math.exp(value - largest);
    sum += Math.log(total) + largest - z[y[i]];
  }
  let squares = 0;
  for (const value of w) squares += value * value;
  return sum / rows + (l2 / 2) * squares;
}

function softmax(digits: Digits): Row {
  const { X, y, real } = digits;
  const [rows, cols, classes] = [1797, 64, 10];
  const l2 = 1 / rows; // C = 1 in scikit-learn
  return {
    name: `softmax ${real ? 'on the digits' : 'on made-up digits'} 1,797 × 64 × 10, to 1e-6`,
    group: 'to the optimum',
    quick: true,
    // A few dozen evaluations of loss and gradient.
    needs: { arithmetic: 40 * rows * classes * (4 * cols + 20) },
    must: real ? [within(0.011), timesAsFastAs('scikit-learn newton-cg', 3)] : [],
    make() {
      const solver = (name: string) => ({ program: 'sklearn', work: 'softmax', solver: name });
      return race({
        given: { X, y },
        options: { loss: 'softmax', l2 },
        nearness: 1e-6,
        loss: (w) => softmaxLoss({ X, y, rows, cols }, w, l2),
        weights: classes * cols,
        args: { rows, cols, classes, l2 },
        peers: {
          'scikit-learn newton-cg': solver('newton-cg'),
          'scikit-learn lbfgs': solver('lbfgs'),
          torch: { program: 'torch', work: 'softmax' },
        },
      });
    },
  };
}

export const solverRows = (digits: Digits = likeDigits()): readonly Row[] => [
  logistic(1e-6, 6, [within(0.12), timesAsFastAs('torch LBFGS', 4)]),
  ...all.map((threads) => logistic(1e-6, 6, [byThreads(1.7, 0.85)], threads)),
  logistic(1e-9, 7, [within(0.18), timesAsFastAs('scikit-learn newton-cholesky', 4)]),
  softmax(digits),
];
