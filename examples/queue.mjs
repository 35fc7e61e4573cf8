// A queue of fits, with no more than so many under way, so that waiting ones hold no copies of their data:
// node examples/queue.mjs
import assert from 'node:assert/strict';
import { fit, fitSync } from 'nabla';

/** Runs jobs in the order they come, `most` at a time. A job that fails fails alone. */
export class Queue {
  #waiting = [];
  #free;

  constructor(most) {
    this.#free = most;
  }

  /** What the job comes to. One whose signal has aborted by its turn is not begun. */
  async add(job, signal) {
    if (this.#free > 0) this.#free--;
    else await new Promise((resolve) => this.#waiting.push(resolve)); // the place is handed over
    try {
      signal?.throwIfAborted();
      return await job();
    } finally {
      const next = this.#waiting.shift();
      if (next) next();
      else this.#free++;
    }
  }
}

const series = Array.from({ length: 100 }, (_, k) => ({
  X: Float64Array.from({ length: 200 * 5 }, (_, i) => Math.sin((k + 1) * i)),
  y: Float64Array.from({ length: 200 }, (_, i) => Math.cos(k + i)),
}));
series[13].y[7] = NaN;
const options = { optimizer: 'adam', epochs: 50 };

const queue = new Queue(4);
const left = new AbortController();
let [underWay, most] = [0, 0];
const jobs = series.map((data, k) => {
  const signal = k === 50 ? left.signal : undefined;
  const job = async () => {
    most = Math.max(most, ++underWay);
    try {
      return await fit(data, { ...options, signal });
    } finally {
      underWay--;
    }
  };
  return queue.add(job, signal);
});
left.abort(new Error('nobody waits for this one'));

const results = await Promise.allSettled(jobs);
assert.equal(most, 4);
for (const [k, { status, value, reason }] of results.entries()) {
  if (k === 13) assert.equal(reason.code, 'ERR_NOT_FINITE');
  else if (k === 50) assert.equal(reason, left.signal.reason);
  else assert.deepEqual([status, value.coefficients], ['fulfilled', fitSync(series[k], options).coefficients]);
}
console.log('queue: right');
