// Workers over one data set in shared memory, of which none has a copy: node examples/worker-pool.mjs
// `fit` is off the thread by itself; workers are for what else there is to do around each fit.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { fitSync } from 'nabla';

const [rows, cols] = [2000, 10];

/** A model of the rows that are not in the fold, and its error on those that are. */
function judge({ X, y }, fold, folds) {
  const sampleWeight = Float64Array.from(y, (_, i) => Number(i % folds !== fold));
  const model = fitSync({ X, y }, { optimizer: 'exact', sampleWeight });
  let sum = 0;
  const predicted = model.predict(X);
  for (let i = fold; i < rows; i += folds) sum += (predicted[i] - y[i]) ** 2;
  return { coefficients: model.coefficients, error: sum };
}

function shared(length, value) {
  const array = new Float64Array(new SharedArrayBuffer(8 * length));
  for (let i = 0; i < length; i++) array[i] = value(i);
  return array;
}

if (isMainThread) {
  const X = shared(rows * cols, (i) => Math.sin(i * i));
  const data = { X, y: shared(rows, (i) => X[i * cols] - 2 * X[i * cols + 1] + 0.1 * Math.cos(i)) };
  const folds = 12;

  const results = new Array(folds);
  let next = 0;
  /** A worker takes a fold whenever it has done one. */
  async function work() {
    const worker = new Worker(new URL(import.meta.url), { workerData: { data, folds } });
    while (next < folds) {
      const fold = next++;
      worker.postMessage(fold);
      [results[fold]] = await once(worker, 'message');
    }
    await worker.terminate();
  }
  await Promise.all(Array.from({ length: availableParallelism() }, work));

  for (const [fold, result] of results.entries()) assert.deepEqual(result, judge(data, fold, folds));
  console.log('worker pool: right');
} else {
  const { data, folds } = workerData;
  parentPort.on('message', (fold) => parentPort.postMessage(judge(data, fold, folds)));
}
