// Benchmark rows of many small fits in one call, on packed problems.
import { fitManySync, type ManyOptions } from '../index.js';
import { candidate } from './harness.js';
import { byThreads, within } from './must.js';
import { type Data, type Kind, meanLoss, table } from './numbers.js';
import * as plain from './plain.js';
import type { Contest, Must, Row } from './row.js';
import { all, ofThreads } from './threads.js';

const [fits, rows, cols] = [10_000, 200, 8];

interface Many {
  readonly what: string;
  readonly loss: Kind;
  readonly options: ManyOptions;
  /** Multiplications and additions in a fit. */
  readonly flops: number;
  readonly l2?: number;
  readonly plain: (data: Data) => Float64Array;
  readonly work: string;
  readonly args?: Contest['args'];
  readonly peers: Readonly<Record<string, string>>;
  readonly must: readonly Must[];
}

/** The rows of one large table, dealt into problems. */
function problemsOf(loss: Kind): Data[] {
  const { X, y } = table(fits * rows, cols, loss);
  return Array.from({ length: fits }, (_, k) => ({
    rows,
    cols,
    X: X.subarray(k * rows * cols, (k + 1) * rows * cols),
    y: y.subarray(k * rows, (k + 1) * rows),
  }));
}

function many({ what, loss, options, flops, l2 = 0, work, args, peers, must, ...given }: Many, threads = 1): Row {
  const size = 8 * fits * rows * (cols + 1);
  return {
    name: ofThreads(`10,000 fits 200 × 8, ${what}`, threads),
    group: 'many fits',
    // Arithmetic is measured on one thread.
    needs: { read: size, arithmetic: (fits * flops) / threads },
    size,
    threads,
    per: { name: 'fit', count: fits },
    must: threads > 1 ? [byThreads(1.7, 0.85)] : must,
    make() {
      const problems = problemsOf(loss);
      const how: ManyOptions = { loss, intercept: false, l2, ...options, threads };
      const one = (solve: (data: Data) => Float64Array): Float64Array => {
        const w = new Float64Array(fits * cols);
        for (let k = 0; k < fits; k++) w.set(solve(problems[k]), k * cols);
        return w;
      };
      const mean = (w: Float64Array): number => {
        let sum = 0;
        for (let k = 0; k < fits; k++) sum += meanLoss(problems[k], loss, w.subarray(k * cols, (k + 1) * cols), l2);
        return sum / fits;
      };
      const { X, y } = table(fits * rows, cols, loss);
      const packed = { X, y, offsets: Float64Array.from({ length: fits + 1 }, (_, k) => k * rows) };
      const timed = (options: ManyOptions) =>
        candidate('fit(packed, options).coefficients[0]', { fit: fitManySync, packed, options });
      return {
        nabla: timed(how),
        ...(threads > 1
          ? { more: { 'one thread': timed({ ...how, threads: 1 }) } }
          : { plain: candidate('one(fit)[0]', { one, fit: given.plain }) }),
        contest: {
          args: { work, X, y, fits, rows, cols, loss, l2, ...args },
          peers: Object.fromEntries(Object.entries(peers).map(([name, program]) => [name, { program }])),
          weights: fits * cols,
          loss: mean,
          ours: mean(fitManySync(packed, how).coefficients),
          agree: 1e-6,
        },
      };
    },
  };
}

/** A Gram matrix, its lower triangle; and both passes of a gradient, with about twenty for an exponential. */
const gram = rows * cols * (cols + 1);
const passes = { squared: rows * 4 * cols, logistic: rows * (4 * cols + 20) };
const [rate, iterations, newtons, l2] = [0.1, 100, 6, 1e-3];
const sgd = { name: 'sgd', learningRate: rate } as const;

const kinds: readonly Many[] = [
  {
    what: 'least squares',
    loss: 'squared',
    options: { optimizer: 'exact' },
    flops: gram + 2 * rows * cols,
    plain: plain.leastSquares,
    work: 'leastsquares',
    peers: { Eigen: 'eigen', NumPy: 'numpy', torch: 'torch', 'ml-matrix': 'mlmatrix' },
    must: [within(1.3e-6)],
  },
  {
    what: 'least squares, 100 iterations of descent',
    loss: 'squared',
    options: { optimizer: sgd, epochs: iterations },
    flops: gram + 2 * rows * cols + iterations * 2 * cols * cols,
    plain: (data) => plain.batchDescent(data, false, rate, iterations),
    work: 'manygd',
    args: { rate, iterations },
    peers: { 'NumPy by Gram': 'numpy', Eigen: 'eigen' },
    must: [within(5e-6)],
  },
  {
    what: 'logistic by Newton',
    loss: 'logistic',
    options: { optimizer: 'newton', epochs: newtons, tolerance: 0 },
    flops: newtons * (gram + passes.logistic),
    l2,
    plain: (data) => plain.newton(data, l2, newtons),
    work: 'manynewton',
    args: { iterations: newtons },
    peers: { Eigen: 'eigen', NumPy: 'numpy' },
    must: [within(6e-6)],
  },
  {
    what: 'logistic, 100 iterations of descent',
    loss: 'logistic',
    options: { optimizer: sgd, epochs: iterations },
    flops: iterations * passes.logistic,
    plain: (data) => plain.batchDescent(data, true, rate, iterations),
    work: 'manygd',
    args: { rate, iterations },
    peers: { Eigen: 'eigen', NumPy: 'numpy' },
    must: [within(38e-6)],
  },
];

export const manyRows: readonly Row[] = kinds.flatMap((kind) => [1, ...all].map((threads) => many(kind, threads)));
