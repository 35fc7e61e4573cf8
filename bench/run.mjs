// npm run bench: nabla, its reference and plain JavaScript side by side. See README.md.
//   --quick   fewer rounds and workloads
//   --json    numbers instead of a table
//   --write   also put the table into README.md
import { readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { backend } from '../dist/index.mjs';
import { compare, used } from './harness.mjs';
import { bandwidth, warmUp, workloads } from './workloads.mjs';

const flags = process.argv.slice(2);
const unknown = flags.find((flag) => !['--quick', '--json', '--write'].includes(flag));
if (unknown) {
  console.error(`unknown flag ${unknown}; known: --quick --json --write`);
  process.exit(2);
}
const [quick, json, write] = ['--quick', '--json', '--write'].map((flag) => flags.includes(flag));
const options = quick ? { rounds: 5, sample: 0.004 } : { rounds: 15, sample: 0.006 };

const machine = `${cpus()[0].model.trim()}, ${cpus().length} CPUs, ${process.platform} ${process.arch}, Node ${process.version}`;
const library = `nabla ${backend.version}, backend ${backend.name} (${backend.target})`;

/** Three digits and a unit. */
function time(seconds) {
  const power = Math.min(3, Math.max(0, Math.floor(-Math.log10(seconds * 1.0005) / 3) + 1));
  const value = seconds * 1000 ** power;
  return `${value >= 100 ? Math.round(value) : value.toPrecision(3)} ${['s', 'ms', 'µs', 'ns'][power]}`;
}
const digits = (x) => (x < 10 ? x.toFixed(2) : x.toFixed(1));
const spread = ([low, median, high]) => `${digits(median)} (${digits(low)}–${digits(high)})`;

warmUp();
const read = bandwidth(256);
const { asum } = compare({ asum: read.run }, options);

const results = [];
for (const { make, quick: inQuick } of workloads) {
  if (quick && !inQuick) continue;
  const { name, bytes, size, runs } = make();
  const [nabla, plain, reference] = runs;
  const long = name.includes('100,000 × 32') && !name.startsWith('gradient');
  // Only where the data are too large for a cache; the pass over memory is then timed in the same rounds.
  const memory = size >= 100e6 ? { asum: read.run } : {};
  const rounds = long ? 5 : options.rounds;
  const measured = compare({ nabla, plain, reference, ...memory }, { ...options, rounds });
  const rate = memory.asum && bytes / measured.nabla.seconds;
  results.push({
    name,
    seconds: Object.fromEntries(Object.entries(measured).map(([key, value]) => [key, value.seconds])),
    plainOverNabla: measured.plain.ratio,
    referenceOverNabla: measured.reference.ratio,
    bytesPerSecond: rate ?? null,
    ofAsum: rate ? rate / (read.bytes / measured.asum.seconds) : null,
  });
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${results.length} ${name}`);
}
if (process.stderr.isTTY) process.stderr.write('\r\x1b[K');

const lines = [
  `${machine}; ${library}. ${new Date().toISOString().slice(0, 10)}.`,
  '',
  `${read.name}: ${(read.bytes / asum.seconds / 1e9).toFixed(1)} GB/s.`,
  '',
  '| workload | plain | reference | nabla | plain ÷ nabla | reference ÷ nabla | GB/s (of the asum) |',
  '|---|--:|--:|--:|--:|--:|--:|',
  ...results.map(({ name, seconds: s, plainOverNabla, referenceOverNabla, bytesPerSecond: rate, ofAsum }) => {
    const memory = rate ? `${(rate / 1e9).toFixed(1)} (${Math.round(100 * ofAsum)} %)` : '';
    const cells = [name, time(s.plain), time(s.reference), time(s.nabla), spread(plainOverNabla)];
    return `| ${[...cells, spread(referenceOverNabla), memory].join(' | ')} |`;
  }),
];
if (json)
  console.log(JSON.stringify({ machine, library, asumBytesPerSecond: read.bytes / asum.seconds, results }, null, 2));
else console.log(lines.join('\n'));

if (write) {
  const path = new URL('README.md', import.meta.url);
  const [head, , tail] = readFileSync(path, 'utf8').split(/<!-- (?:begin|end) results -->/);
  writeFileSync(path, `${head}<!-- begin results -->\n${lines.join('\n')}\n<!-- end results -->${tail}`);
}
if (!Number.isFinite(used())) console.error('a result was not finite');
