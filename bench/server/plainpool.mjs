// For comparison: fits as plain loops in a pool of worker threads, as one would write them without nabla.
import { availableParallelism } from 'node:os';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';

/** Batch gradient descent on the logistic loss, as the service asks for it. */
function descend({ X, y }, { epochs, l2 }) {
  const rows = y.length;
  const cols = X.length / rows;
  const [w, gradient] = [new Float64Array(cols), new Float64Array(cols)];
  let intercept = 0;
  let loss = 0;
  for (let t = 0; t < epochs; t++) {
    gradient.fill(0);
    let slope = 0;
    loss = 0;
    for (let i = 0; i < rows; i++) {
      const at = i * cols;
      let z = intercept;
      for (let j = 0; j < cols; j++) z += X[at + j] * w[j];
      const e = Math.exp(-Math.abs(z));
      loss += Math.log1p(e) + Math.max(z, 0) - y[i] * z;
      const r = (z >= 0 ? 1 : e) / (1 + e) - y[i];
      slope += r;
      for (let j = 0; j < cols; j++) gradient[j] += r * X[at + j];
    }
    for (let j = 0; j < cols; j++) w[j] -= 0.01 * (gradient[j] / rows + l2 * w[j]);
    intercept -= (0.01 * slope) / rows;
  }
  return { coefficients: w, intercept, loss: loss / rows };
}

/** A function like `fit`, over the data of these customers. */
export function plainPool(customers) {
  const names = new Map([...customers].map(([name, data]) => [data, name]));
  const waiting = [];
  const idle = Array.from(
    { length: availableParallelism() },
    () => new Worker(new URL(import.meta.url), { workerData: customers }),
  );
  function dispatch() {
    while (idle.length > 0 && waiting.length > 0) {
      const worker = idle.pop();
      const { job, resolve } = waiting.shift();
      worker.once('message', (result) => {
        idle.push(worker);
        resolve(result);
        dispatch();
      });
      worker.postMessage(job);
    }
  }
  return (data, { epochs, l2 }) =>
    new Promise((resolve) => {
      waiting.push({ job: { name: names.get(data), epochs, l2 }, resolve });
      dispatch();
    });
}

if (!isMainThread && workerData instanceof Map) {
  parentPort.on('message', ({ name, ...options }) => {
    const { coefficients, ...rest } = descend(workerData.get(name), options);
    parentPort.postMessage({ ...rest, coefficients: [...coefficients] });
  });
}
