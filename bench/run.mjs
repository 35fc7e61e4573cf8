// npm run bench: the benchmark with what only a checkout has: limits by a program of their own, and peers.
//   --quick        a part of it in half a minute, without peers
//   --only TEXT    rows with this in their name or group
//   --peers        first install the peers of npm, in bench/peers
//   --no-peers     nabla and plain JavaScript alone
//   --json         numbers instead of a table
//   --svg FILE     a picture
//   --write        table and picture into README.md here, and of AVX-512 the main rows into docs/benchmarks.md
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { bench } from '../dist/bench.mjs';
import { openPeers } from './peers.mjs';
import { writeReadmes } from './readme.mjs';

function flagsOf(args) {
  const flag = { type: 'boolean', default: false };
  const options = { quick: flag, json: flag, write: flag, peers: flag, 'no-peers': flag };
  try {
    return parseArgs({ args, options: { ...options, only: { type: 'string' }, svg: { type: 'string' } } }).values;
  } catch ({ message }) {
    console.error(message);
    process.exit(2);
  }
}

const { write, peers: install, 'no-peers': alone, ...flags } = flagsOf(process.argv.slice(2));
if (write && (flags.quick || flags.only)) {
  console.error('--write takes all rows: no --quick, no --only');
  process.exit(2);
}
if (install) {
  const cwd = fileURLToPath(new URL('peers/', import.meta.url));
  const { status } = spawnSync('npm', ['install', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd,
    stdio: ['ignore', 2, 'inherit'], // --json has stdout for itself
  });
  if (status !== 0) process.exit(1);
}

const peers = openPeers(!flags.quick && !alone);
const report = await bench(flags, process, peers);
peers.close();
if (write) writeReadmes(report);
