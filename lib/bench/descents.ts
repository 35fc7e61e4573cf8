// Benchmark rows of descent: by all rows, by one row, by batches.
import { type FitOptions, fitSync } from '../index.js';
import { candidate } from './harness.js';
import { byThreads, ofLimit, timesAsFastAs, within } from './must.js';
import { type Data, type Kind, meanLoss, numbers, table } from './numbers.js';
import * as plain from './plain.js';
import type { Argument, Contest, Made, Must, Row } from './row.js';
import { count } from './table.js';
import { all, ofThreads } from './threads.js';

type Peers = Contest['peers'];

interface Descent {
  readonly name: string;
  readonly group: string;
  readonly quick?: boolean;
  readonly rows: number;
  readonly cols: number;
  readonly loss?: Kind;
  /** Beside loss, intercept and threads. */
  readonly options: FitOptions;
  /** Bytes of X and y read, in times of their size. */
  readonly passes: number;
  readonly per?: Row['per'];
  /** Default 1. With more, one thread is timed instead of plain JavaScript. */
  readonly threads?: number;
  readonly plain: (data: Data) => Float64Array;
  readonly plainParts?: number;
  readonly args: Readonly<Record<string, Argument>>;
  readonly peers: Peers;
  readonly agree: number;
  readonly must: readonly Must[];
}

function descent({ name, plain, plainParts, ...given }: Descent): Row {
  const { rows, cols, loss = 'squared', threads = 1, options, passes, args, peers, agree, ...rest } = given;
  const size = 8 * rows * (cols + 1);
  return {
    ...rest,
    name: ofThreads(name, threads),
    threads,
    needs: { read: passes * size },
    size,
    make(): Made {
      const data = table(rows, cols, loss);
      const source = { X: data.X, y: data.y };
      const how: FitOptions = { loss, intercept: false, ...options, threads };
      const ours = fitSync(source, how).coefficients;
      const timed = (options: FitOptions) =>
        candidate('fit(data, options).epochs', { fit: fitSync, data: source, options });
      return {
        nabla: timed(how),
        ...(threads > 1
          ? { more: { 'one thread': timed({ ...how, threads: 1 }) } }
          : { plain: candidate('fit(data)[0]', { fit: plain, data }), plainParts }),
        contest: {
          args: { ...source, rows, cols, loss, ...args },
          peers,
          weights: cols,
          loss: (w) => meanLoss(data, loss, w),
          ours: meanLoss(data, loss, ours),
          agree,
        },
      };
    },
  };
}

type Way = 'direct' | 'default';

function batch(rows: number, cols: number, way: Way, must: readonly Must[], threads = 1): Row {
  const [iterations, rate, plainParts] = [100, 0.1, 10];
  const numpy = { program: 'numpy', work: 'gd' };
  const peers: Record<Way, Peers> = {
    direct: { NumPy: numpy, torch: { program: 'torch', work: 'gd' }, Eigen: { program: 'eigen', work: 'gd' } },
    default: { NumPy: numpy, 'NumPy by Gram': { program: 'numpy', work: 'gdgram' } },
  };
  return descent({
    name: `batch descent ${count(rows)} × ${cols}, 100 iterations, ${way}`,
    group: 'descent',
    rows,
    cols,
    options: {
      optimizer: { name: 'sgd', learningRate: rate },
      epochs: iterations,
      gram: way === 'default',
    },
    passes: way === 'direct' ? iterations : 1,
    threads,
    plain: (data) => plain.batchDescent(data, false, rate, iterations / plainParts),
    plainParts,
    args: { rate, iterations },
    peers: peers[way],
    agree: 1e-9,
    must,
  });
}

/** One row a step, drawn beforehand, for most peers have no draws like ours. */
function randomRows(rows: number, cols: number): Row {
  const indices = Uint32Array.from(numbers(rows, 3), (u) => ((u + 1) / 2) * rows);
  const rate = 0.01;
  return descent({
    name: `one random row a step, ${count(rows)} × ${cols}`,
    group: 'descent',
    quick: true,
    rows,
    cols,
    options: {
      optimizer: { name: 'sgd', learningRate: rate },
      sampler: { name: 'indices', indices },
      batchSize: 1,
      epochs: 1,
    },
    passes: 1,
    per: { name: 'step', count: rows },
    plain: (data) => plain.rowDescent(data, rate, indices),
    args: { rate, order: indices },
    peers: { NumPy: { program: 'numpy', work: 'sgd' } },
    agree: 1e-9,
    must: [within(0.045e-6), timesAsFastAs('NumPy', 80)],
  });
}

/** An epoch of one row a step. Shuffled, everyone has an order of his own, and losses agree but roughly. */
function rowEpoch(order: 'in order' | 'shuffled', seconds: number): Row {
  const [rows, cols, rate] = [1e6, 32, 0.001];
  const isShuffled = order === 'shuffled';
  return descent({
    name: `one row a step ${count(rows)} × ${cols}, ${order}`,
    group: 'descent',
    rows,
    cols,
    options: {
      optimizer: { name: 'sgd', learningRate: rate },
      sampler: isShuffled ? 'shuffled' : 'sequential',
      batchSize: 1,
      epochs: 1,
    },
    passes: 1,
    plain: (data) => plain.rowDescent(data, rate, isShuffled ? plain.shuffled(data.rows) : null),
    args: { rate, shuffle: isShuffled ? 1 : 0, epochs: 1, batch: 1 },
    peers: {
      ensmallen: { program: 'ensmallen', work: 'sgd' },
      'scikit-learn': { program: 'sklearn', work: 'sgd' },
    },
    agree: isShuffled ? 1e-3 : 1e-6,
    must: [within(seconds)],
  });
}

function adamEpoch(order: 'in order' | 'shuffled', seconds: number): Row {
  const [rows, cols, rate] = [1e6, 32, 0.001];
  const isShuffled = order === 'shuffled';
  return descent({
    name: `Adam, batches of 64, ${count(rows)} × ${cols}, ${order}`,
    group: 'descent',
    rows,
    cols,
    options: {
      optimizer: { name: 'adam', learningRate: rate },
      sampler: isShuffled ? 'shuffled' : 'sequential',
      batchSize: 64,
      epochs: 1,
    },
    passes: 1,
    plain: (data) => plain.adam(data, false, rate, 64, 1, () => (isShuffled ? plain.shuffled(data.rows) : null)),
    args: { rate, shuffle: isShuffled ? 1 : 0, epochs: 1, batch: 64 },
    peers: {
      ensmallen: { program: 'ensmallen', work: 'adam' },
      NumPy: { program: 'numpy', work: 'adam' },
      torch: { program: 'torch', work: 'adam' },
    },
    agree: isShuffled ? 1e-2 : 1e-4,
    must: [within(seconds)],
  });
}

function tenEpochs(loss: Kind, rule: 'sgd' | 'adam', must: Must, threads = 1): Row {
  const [rows, cols, epochs] = [1e5, 32, 10];
  const rate = rule === 'adam' ? 0.001 : 0.1;
  const logistic = loss === 'logistic';
  const how = rule === 'adam' ? 'Adam by 256' : 'descent';
  const work = rule === 'adam' ? 'adam' : 'gd';
  return descent({
    name: `10 epochs ${count(rows)} × ${cols}, ${logistic ? 'logistic' : 'linear'} ${how}`,
    group: 'descent',
    quick: true,
    rows,
    cols,
    loss,
    options: {
      optimizer: { name: rule, learningRate: rate },
      ...(rule === 'adam' ? { sampler: 'sequential', batchSize: 256 } : {}),
      epochs,
    },
    passes: epochs,
    threads,
    plain: (data) =>
      rule === 'adam'
        ? plain.adam(data, logistic, rate, 256, epochs, () => null)
        : plain.batchDescent(data, logistic, rate, epochs),
    args: { rate, iterations: epochs, epochs, batch: 256, shuffle: 0 },
    peers: {
      '@stdlib': { program: 'stdlib', work },
      tfjs: { program: 'tfjs', work },
      NumPy: { program: 'numpy', work },
    },
    agree: 1e-4,
    must: [must],
  });
}

const gain = byThreads(1.7, 0.85);

export const descentRows: readonly Row[] = [
  randomRows(20_000, 16),
  batch(1e6, 32, 'direct', [timesAsFastAs('NumPy', 1.8)]),
  ...all.map((threads) => batch(1e6, 32, 'direct', [ofLimit(0.85), gain], threads)),
  batch(1e6, 32, 'default', [timesAsFastAs('NumPy', 100), timesAsFastAs('NumPy by Gram', 2)]),
  ...all.map((threads) => batch(1e6, 32, 'default', [gain], threads)),
  rowEpoch('in order', 0.04),
  rowEpoch('shuffled', 0.1),
  adamEpoch('in order', 0.024),
  adamEpoch('shuffled', 0.09),
  batch(1e5, 512, 'direct', [timesAsFastAs('NumPy', 1.8)]),
  ...all.map((threads) => batch(1e5, 512, 'direct', [gain], threads)),
  batch(1e5, 512, 'default', [timesAsFastAs('NumPy', 10)]),
  tenEpochs('squared', 'sgd', within(0.011)),
  tenEpochs('squared', 'adam', within(0.013)),
  tenEpochs('logistic', 'sgd', within(0.016)),
  tenEpochs('logistic', 'adam', within(0.018)),
  ...all.map((threads) => tenEpochs('logistic', 'sgd', gain, threads)),
];
