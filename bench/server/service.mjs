// The service of examples/, under observation, in a process of its own: node service.mjs <how it fits>.
// Its parent says 'begin' and 'end'; between them it watches its event loop and the files that it reads.
import { readFile } from 'node:fs/promises';
import { monitorEventLoopDelay, performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { fitSync } from '../../dist/index.mjs';
import { createService, customer } from '../../examples/service.mjs';
import { median } from './figures.mjs';
import { plainPool } from './plainpool.mjs';

const [rows, cols] = [5000, 20];
const customers = new Map(Array.from({ length: 8 }, (_, k) => [`${k}`, customer(rows, cols, k)]));

const ways = {
  nabla: () => undefined,
  'nabla, fitSync': () => async (data, options) => fitSync(data, options),
  'workers, plain JavaScript': () => plainPool(customers),
};

const app = createService(customers, ways[process.argv[2]]());
const url = await app.listen();

let delay = null;
let files = [];

async function readFiles() {
  while (delay) {
    const before = performance.now();
    await readFile(new URL(import.meta.url));
    files.push(performance.now() - before);
    await sleep(10);
  }
}

process.on('message', (message) => {
  if (message === 'begin') {
    delay = monitorEventLoopDelay({ resolution: 1 });
    delay.enable();
    files = [];
    readFiles();
  } else if (message === 'end') {
    delay.disable();
    process.send({ loopDelay: delay.percentile(99) / 1e9, readFile: median(files) / 1e3 });
    delay = null;
  } else process.exit();
});
process.send({ url });
