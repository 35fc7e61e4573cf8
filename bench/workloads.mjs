// What is measured: each workload as nabla, as the reference and as plain JavaScript, checked to agree beforehand.
import { createRequire } from 'node:module';
import * as nabla from '../dist/kernels.mjs';
import * as nablaFits from '../dist/textbook.mjs';
import { candidate } from './harness.mjs';
import * as plain from './plain.mjs';

// The reference comes as CommonJS: its modules are then another copy than nabla's, so that what V8 has learnt in one
// does not slow down the other. A program has only one of the two.
const reference = createRequire(import.meta.url)('../dist/reference.cjs');

/** Numbers of a fixed sequence between -1 and 1, so that every run does the same work. */
function numbers(n, seed) {
  const list = new Float64Array(n);
  let state = seed;
  for (let i = 0; i < n; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    list[i] = state / 2 ** 31 - 1;
  }
  return list;
}

/** Throws unless every element of b is within 1e-9 of a, relative to the largest of a. */
function agree(name, a, b) {
  let largest = 0;
  for (const value of a) largest = Math.max(largest, Math.abs(value));
  for (let i = 0; i < a.length; i++) {
    if (!(Math.abs(a[i] - b[i]) <= 1e-9 * largest)) throw new Error(`${name}: ${a[i]} and ${b[i]} at ${i}`);
  }
}

function dot(n) {
  const [x, y] = [numbers(n, 1), numbers(n, 2)];
  const expected = [plain.dot(x, y)];
  agree('dot', expected, [nabla.dot(x, y)]);
  agree('dot', expected, [reference.dot(x, y)]);
  const of = ({ dot }) => candidate('dot(x, y)', { dot, x, y });
  return {
    name: `dot ${n.toLocaleString('en')}`,
    bytes: 16 * n,
    size: 16 * n,
    runs: [nabla, plain, reference].map(of),
  };
}

function axpy(n) {
  const [x, y] = [numbers(n, 1), numbers(n, 2)];
  const [a, b, c] = [nabla, plain, reference].map(({ axpy }) => {
    const copy = y.slice();
    axpy(0.5, x, copy);
    return copy;
  });
  agree('axpy', b, a);
  agree('axpy', b, c);
  const of = ({ axpy }) => candidate('axpy(1e-9, x, y)', { axpy, x, y });
  return {
    name: `axpy ${n.toLocaleString('en')}`,
    bytes: 24 * n,
    size: 16 * n,
    runs: [nabla, plain, reference].map(of),
  };
}

function gradient(rows, cols) {
  const data = { X: numbers(rows * cols, 1), y: numbers(rows, 2) };
  const weights = numbers(cols, 3);
  const out = new Float64Array(cols);
  const expected = [plain.valueAndGradient(data.X, data.y, weights, out), ...out];
  for (const { valueAndGradient } of [nabla, reference]) {
    agree('gradient', expected, [valueAndGradient('squared', data, weights, out), ...out]);
  }
  const call = "valueAndGradient('squared', data, weights, out)";
  const of = ({ valueAndGradient }) => candidate(call, { valueAndGradient, data, weights, out });
  const { valueAndGradient } = plain;
  const loop = candidate('valueAndGradient(X, y, weights, out)', { valueAndGradient, ...data, weights, out });
  return {
    name: `gradient ${rows.toLocaleString('en')} × ${cols}`,
    bytes: 8 * rows * cols,
    size: 8 * rows * cols,
    runs: [of(nabla), loop, of(reference)],
  };
}

const fits = {
  batchGradientDescent: { label: 'batch, 100 iterations', options: { alpha: 0.1, iterations: 100 } },
  stochasticGradientDescent: { label: 'stochastic, 1 epoch', options: { alpha: 0.01 } },
  miniBatchGradientDescent: {
    label: 'mini-batches of 64, 1 epoch',
    options: { alpha: 0.05, iterations: 1, batchSize: 64 },
  },
  adam: { label: 'adam, 100 iterations', options: { alpha: 0.05, iterations: 100 } },
};

function textbook(algorithm, rows, cols) {
  const { label, options } = fits[algorithm];
  const X = numbers(rows * cols, 1);
  const y = numbers(rows, 2);
  for (let i = 0; i < rows; i++) for (let j = 0; j < cols; j++) y[i] += X[i * cols + j] * Math.sin(j);
  const given = { X, y, theta: new Float64Array(cols), ...options };
  // The same rows for all: plain JavaScript has no seeded draws.
  if (algorithm === 'stochasticGradientDescent') {
    given.indices = Uint32Array.from(numbers(rows, 3), (u) => ((u + 1) / 2) * rows);
  }
  const [a, b, c] = [nablaFits, plain, reference].map((library) => library[algorithm](given));
  for (const other of [a, c]) {
    agree(algorithm, b.theta, other.theta);
    agree(algorithm, b.history, other.history);
  }
  const of = (library) => candidate('fit(given).history[0]', { fit: library[algorithm], given });
  return {
    name: `${label}, ${rows.toLocaleString('en')} × ${cols}`,
    runs: [nablaFits, plain, reference].map(of),
  };
}

/** Calls every kernel with short and long arrays by turns: a program's calls are seldom all of one length. */
export function warmUp() {
  for (let k = 0; k < 20000; k++) {
    const n = 1 + (k % 256);
    const [x, y, g] = [new Float64Array(n), new Float64Array(n), new Float64Array(1)];
    const w = new Float64Array(1);
    for (const library of [nabla, plain, reference]) {
      library.dot(x, y);
      library.axpy(0.5, x, y);
      if (library !== plain) library.valueAndGradient('squared', { X: x, y }, w, g);
    }
    plain.valueAndGradient(x, y, w, g);
  }
}

const short = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16];
const lengths = [...short, 32, 64, 96, 128, 256, 1000, 10_000, 1_000_000, 10_000_000];
const shapes = [
  [10, 8],
  [100, 8],
  [1000, 16],
  [100_000, 32],
  [1_000_000, 32],
];
const tables = [
  [20_000, 16],
  [100_000, 32],
];

/** Each is made when its turn comes, so that their memory does not add up. */
export const workloads = [
  ...lengths.map((n) => ({ make: () => dot(n), quick: ![3, 5, 6, 7, 9, 10, 11, 13, 14, 15].includes(n) })),
  ...lengths.map((n) => ({ make: () => axpy(n), quick: ![3, 5, 6, 7, 9, 10, 11, 13, 14, 15].includes(n) })),
  ...shapes.map(([rows, cols]) => ({ make: () => gradient(rows, cols), quick: rows < 1_000_000 })),
  ...tables.flatMap(([rows, cols]) =>
    Object.keys(fits).map((algorithm) => ({ make: () => textbook(algorithm, rows, cols), quick: rows < 100_000 })),
  ),
];

/** One pass over memory, the nearest to a pure read that there is: what the machine can deliver to one thread. */
export function bandwidth(megabytes) {
  const x = new Float64Array(megabytes * 2 ** 17).fill(1);
  const { asum } = nabla;
  return { name: `asum of ${megabytes} MB, 1 thread`, bytes: 8 * x.length, run: candidate('asum(x)', { asum, x }) };
}
