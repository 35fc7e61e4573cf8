// What can be measured without a server, each in a process of its own: node measures.mjs <which> [how many].
// Prints figures as JSON.
import { availableParallelism } from 'node:os';
import { setTimeout as sleep, setImmediate as turn } from 'node:timers/promises';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { fit, fitMany } from '../../dist/index.mjs';
import { figure, percentile } from './figures.mjs';

const [rows, cols] = [50, 5];
const tiny = { optimizer: 'sgd', epochs: 2 };
const endless = { optimizer: 'sgd', epochs: Number.MAX_SAFE_INTEGER };
const numbers = (n) => Float64Array.from({ length: n }, (_, i) => Math.sin(i * i));
const data = { X: numbers(rows * cols), y: numbers(rows) };
const large = { X: numbers(20_000 * 20), y: numbers(20_000) };

/** The best of some rounds, in units a second. */
async function rate(units, round) {
  let best = 0;
  for (let i = 0; i < 5; i++) {
    const before = performance.now();
    await round();
    best = Math.max(best, (1000 * units) / (performance.now() - before));
  }
  return best;
}

/** So many single fits, always `together` of them under way. */
async function single(fits, together) {
  let left = fits;
  const one = async () => {
    while (left-- > 0) await fit(data, tiny);
  };
  await Promise.all(Array.from({ length: together }, one));
}

const measures = {
  async many() {
    const count = 100_000;
    const X = new Float64Array(new SharedArrayBuffer(8 * count * rows * cols));
    const y = new Float64Array(new SharedArrayBuffer(8 * count * rows));
    for (let i = 0; i < X.length; i++) X[i] = Math.sin(i);
    for (let i = 0; i < y.length; i++) y[i] = Math.cos(i);
    const offsets = Uint32Array.from({ length: count + 1 }, (_, i) => i * rows);
    const packed = { X, y, offsets };
    const list = Array.from({ length: count }, (_, i) => ({
      X: X.subarray(i * rows * cols, (i + 1) * rows * cols),
      y: y.subarray(i * rows, (i + 1) * rows),
    }));
    return [
      figure('tiny fits by fitMany, packed', '/s', await rate(count, () => fitMany(packed, tiny)), { least: 100_000 }),
      figure('tiny fits by fitMany, an array of problems', '/s', await rate(count, () => fitMany(list, tiny))),
    ];
  },

  async single() {
    const fits = 20_000;
    return [
      figure('tiny fits by fit, 64 at once', '/s', await rate(fits, () => single(fits, 64)), { least: 20_000 }),
      figure('tiny fits by fit, one after another', '/s', await rate(fits, () => single(fits, 1))),
    ];
  },

  async abort(count) {
    const took = [];
    for (let i = 0; i < count; i++) {
      const controller = new AbortController();
      let rejected;
      const ends = fit(large, { ...endless, gram: false, signal: controller.signal }).catch(() => {
        rejected = performance.now();
      });
      await sleep(i % 3);
      const before = performance.now();
      controller.abort();
      await ends;
      took.push((rejected - before) / 1e3);
    }
    return [figure('abort to rejection, p99', 's', percentile(took, 0.99), { most: 0.01 })];
  },

  async terminate(count) {
    const took = [];
    const together = 20;
    const said = (worker) => new Promise((resolve) => worker.once('message', resolve));
    while (took.length < count) {
      const workers = Array.from(
        { length: together },
        () => new Worker(new URL(import.meta.url), { workerData: 'fits' }),
      );
      await Promise.all(workers.map(said)); // are there
      for (const worker of workers) {
        const begun = said(worker);
        worker.postMessage('begin');
        await begun;
        const before = performance.now();
        await worker.terminate();
        took.push((performance.now() - before) / 1e3);
      }
    }
    return [figure('terminate() of a worker amid its fits, p99', 's', percentile(took, 0.99), { most: 0.1 })];
  },

  async memory() {
    // What fits leave behind, not what the collector has not come to yet.
    const resident = async () => {
      for (let i = 0; i < 3; i++) {
        globalThis.gc();
        await turn();
      }
      return process.memoryUsage().rss;
    };
    await single(400_000, 64); // until the heap has its size
    const samples = [];
    for (let i = 0; i < 20; i++) {
      await single(100_000, 64);
      samples.push(await resident());
    }
    // A megabyte of pages comes and goes; the least of each half are about 1,000,000 fits apart.
    const grown = (Math.min(...samples.slice(10)) - Math.min(...samples.slice(0, 10))) / 10;
    return [figure('memory that 100,000 fits leave behind', 'B', grown, { most: 1e6 })];
  },
};

if (isMainThread) {
  console.log(JSON.stringify(await measures[process.argv[2]](Number(process.argv[3]))));
} else if (workerData === 'fits') {
  parentPort.once('message', () => {
    for (let i = 0; i < 2 * availableParallelism(); i++) fit(large, endless);
    parentPort.postMessage('begun');
  });
  parentPort.postMessage('there');
}
