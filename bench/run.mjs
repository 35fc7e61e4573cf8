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

function time(seconds) {
  const [unit, scale] = seconds < 1e-6 ? ['ns', 1e9] : seconds < 1e-3 ? ['µs', 1e6] : ['ms', 1e3];
  return `${(seconds * scale).toPrecision(3).replace(/e\+?.*/, '')} ${unit}`.replace(/^(\d+)\. /, '$1 ');
}
const digits = (x) => (x < 10 ? x.toFixed(2) : x.toFixed(1));
const spread = ([low, median, high]) => `${digits(median)} (${digits(low)}–${digits(high)})`;

warmUp();
const read = bandwidth(quick ? 64 : 256);
const { seconds } = compare({ asum: read.run }, options).asum;
const peak = read.bytes / seconds;

const results = [];
for (const { make, quick: inQuick } of workloads) {
  if (quick && !inQuick) continue;
  const { name, bytes, size, runs } = make();
  const [nabla, plain, reference] = runs;
  const long = name.includes('100,000 × 32') && !name.startsWith('gradient');
  const measured = compare({ nabla, plain, reference }, { ...options, rounds: long ? 5 : options.rounds });
  results.push({
    name,
    seconds: Object.fromEntries(Object.entries(measured).map(([key, value]) => [key, value.seconds])),
    plainOverNabla: measured.plain.ratio,
    referenceOverNabla: measured.reference.ratio,
    // Only where the data are too large for a cache.
    bytesPerSecond: size >= 100e6 ? bytes / measured.nabla.seconds : null,
  });
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${results.length} ${name}`);
}
if (process.stderr.isTTY) process.stderr.write('\r\x1b[K');

const lines = [
  `${machine}; ${library}. ${new Date().toISOString().slice(0, 10)}.`,
  '',
  `${read.name}: ${(peak / 1e9).toFixed(1)} GB/s.`,
  '',
  '| workload | plain | reference | nabla | plain ÷ nabla | reference ÷ nabla | GB/s (of the asum) |',
  '|---|--:|--:|--:|--:|--:|--:|',
  ...results.map(({ name, seconds: s, plainOverNabla, referenceOverNabla, bytesPerSecond: rate }) => {
    const memory = rate ? `${(rate / 1e9).toFixed(1)} (${Math.round((100 * rate) / peak)} %)` : '';
    const cells = [name, time(s.plain), time(s.reference), time(s.nabla), spread(plainOverNabla)];
    return `| ${[...cells, spread(referenceOverNabla), memory].join(' | ')} |`;
  }),
];
if (json) console.log(JSON.stringify({ machine, library, peakBytesPerSecond: peak, results }, null, 2));
else console.log(lines.join('\n'));

if (write) {
  const path = new URL('README.md', import.meta.url);
  const [head, , tail] = readFileSync(path, 'utf8').split(/<!-- (?:begin|end) results -->/);
  writeFileSync(path, `${head}<!-- begin results -->\n${lines.join('\n')}\n<!-- end results -->${tail}`);
}
if (!Number.isFinite(used())) console.error('a result was not finite');
