// worker.terminate() amid fits, the dense solvers' among them, which look at the stop flag every few ms whatever they are
// at; and amid calls on the worker's own thread, which no flag reaches: vm's timeout ends those too. NABLA_SWEEP=20: every solver, so many times each.
import { afterAll, beforeAll, expect, it } from 'vitest';
import { native } from '../support/backends.js';
import { buildLibrary, canSpawn, fixture, runScript } from '../support/children.js';
import { patience, slow } from '../support/support.js';

const sweep = Number(process.env.NABLA_SWEEP ?? 0);
const few = ['exact', 'reflections', 'interiorPoint', 'newtonSync', 'ruleSync', 'manySync', 'toldSync'];
const all = [
  'exactByRows',
  'newton',
  'newtonByRows',
  'weakDirections',
  'softmax',
  'coordinateDescent',
  'interiorPointByRows',
  'multipliers',
  'shortest',
  'path',
  'folds',
  'rule',
  'batches',
  'many',
  'exactSync',
  'interiorPointSync',
  'multipliersSync',
  'batchesSync',
  'pathSync',
  'foldsSync',
];

let library: ReturnType<typeof buildLibrary>;
beforeAll(() => {
  if (canSpawn && native) library = buildLibrary();
});
afterAll(() => library?.remove());

it.runIf(canSpawn && native)(
  'terminate() ends a worker in the middle of a dense solver, and of a call on its own thread',
  async () => {
    const names = sweep > 0 ? Array.from({ length: sweep }, () => [...few, ...all]).flat() : few;
    const script = [fixture('termination.mjs'), library.url, ...names];
    const { code, signal, stdout, stderr } = await runScript(script, { NABLA_BACKEND: 'native' }, 3_600_000);
    expect({ code, signal, stderr }).toEqual({ code: 0, signal: null, stderr: '' });
    const ended = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(ended.map(({ name }) => name)).toEqual(names);
    const took = ended.map(({ took }) => took).sort((a, b) => a - b);
    if (sweep > 0)
      console.log({ p50: took[took.length >> 1], p99: took[Math.floor(0.99 * took.length)], most: took.at(-1) });
    // Far above what it takes where cores are free (pool threads let others go first), far below what is left to be done.
    const late = ended.filter(({ took, isDone }) => isDone || took > patience(5000));
    expect(late).toEqual([]);
  },
  sweep > 0 || slow ? 3_600_000 : 60_000,
);

it.runIf(canSpawn && native)(
  "vm's timeout ends a call in its middle, and the process goes on to fit",
  async () => {
    const script = [fixture('timeout.mjs'), library.url];
    const { code, signal, stdout, stderr } = await runScript(script, { NABLA_BACKEND: 'native' }, 60_000);
    expect({ code, signal, stderr }).toEqual({ code: 0, signal: null, stderr: '' });
    const ended = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(ended.map(({ name }) => name)).toEqual(['fitSync', 'told', 'fitManySync', 'path']);
    for (const { code, next } of ended)
      expect({ code, next }).toEqual({ code: 'ERR_SCRIPT_EXECUTION_TIMEOUT', next: 'converged' });
    expect(ended.filter(({ took }) => took > patience(5000))).toEqual([]);
  },
  slow ? 3_600_000 : 60_000,
);
