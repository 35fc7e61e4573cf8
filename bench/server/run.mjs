// npm run bench:server: a service that fits on request, under load, and what else a server wants to know.
//   --quick    shorter loads, fewer workers, no memory
//   --json     numbers instead of tables
//   --write    the tables into README.md here, the main rows into docs/server.md
import { fork, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { cpus } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { backend } from '../../dist/index.mjs';
import { replaceResults } from '../readme.mjs';
import { figure, text } from './figures.mjs';

const here = (name) => fileURLToPath(new URL(name, import.meta.url));
const flag = { type: 'boolean', default: false };
const { values: flags } = parseArgs({ options: { quick: flag, json: flag, write: flag } });
const say = (line) => process.stderr.write(`${line}\n`);

if (!existsSync(here('node_modules/autocannon'))) {
  say('installing autocannon …');
  const args = ['install', '--no-audit', '--no-fund', '--no-package-lock', '--loglevel=error'];
  const { status } = spawnSync('npm', args, {
    cwd: here('.'),
    stdio: ['ignore', 2, 2],
    shell: process.platform === 'win32',
  });
  if (status !== 0) process.exit(1);
}

/** What a script of this folder prints, as JSON. */
async function ask(script, ...args) {
  const child = spawn(process.execPath, ['--expose-gc', here(script), ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let printed = '';
  child.stdout.on('data', (text) => {
    printed += text;
  });
  const [code] = await once(child, 'close');
  if (code !== 0) throw new Error(`${script} ${args.join(' ')} ended with ${code}`);
  return JSON.parse(printed);
}

const connections = 16;
const seconds = flags.quick ? 3 : 10;

/** The service that fits in this way, at rest and then under load. */
async function serve(way) {
  say(`service: ${way} …`);
  const service = fork(here('service.mjs'), [way]);
  const [{ url }] = await once(service, 'message');
  const during = async (work) => {
    service.send('begin');
    const result = await work();
    service.send('end');
    const [watched] = await once(service, 'message');
    return { ...result, ...watched };
  };
  const load = (seconds) => ask('load.mjs', url, connections, seconds);
  await load(2); // until all is compiled
  const idle = await during(() => sleep(1000 * seconds));
  const busy = await during(() => load(seconds));
  service.send('exit');
  if (busy.failed > 0) throw new Error(`${busy.failed} requests failed: ${way}`);
  return { way, idle, busy };
}

const services = [];
for (const way of ['nabla', 'nabla, fitSync', 'workers, plain JavaScript']) services.push(await serve(way));
const [{ idle, busy }] = services;
const figures = [
  figure('event-loop delay p99 under load, above idle', 's', busy.loopDelay - idle.loopDelay, { most: 0.005 }),
  figure('readFile p50 under load', 's', busy.readFile, { most: 0.005 }),
];
const often = flags.quick ? '100' : '1000';
for (const measure of ['many', 'single', 'abort', 'terminate', ...(flags.quick ? [] : ['memory'])]) {
  say(`${measure} …`);
  figures.push(...(await ask('measures.mjs', measure, often)));
}

const times = ({ way, idle, busy }) => {
  const seconds = [busy.p50, busy.p99, idle.loopDelay, busy.loopDelay, busy.readFile];
  return [way, text({ value: busy.rate, unit: '/s' }), ...seconds.map((value) => text({ value, unit: 's' }))];
};
const row = (cells) => `| ${cells.join(' | ')} |`;
const serviceTable = [
  '| fits | requests | latency p50 | p99 | loop delay p99, idle | under load | readFile p50 |',
  '|---|--:|--:|--:|--:|--:|--:|',
  ...services.map(times).map(row),
].join('\n');
const figureTable = [
  '| figure | measured | aim | met |',
  '|---|--:|--:|---|',
  ...figures.map((f) => row([f.name, text(f), f.aim ?? '', f.aim ? (f.met ? 'yes' : '**no**') : ''])),
].join('\n');
const machine = `${cpus()[0].model.trim()}, ${cpus().length} CPUs, Node ${process.version}; ${backend.name} (${backend.target}). ${new Date().toISOString().slice(0, 10)}.`;
const report = [machine, serviceTable, figureTable].join('\n\n');

console.log(flags.json ? JSON.stringify({ machine, services, figures }, null, 2) : report);
if (flags.write) {
  replaceResults('server/README.md', report);
  replaceResults('../docs/server.md', `${serviceTable}\n\n${figureTable}`, 'server results');
}
