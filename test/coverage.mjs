// Shows what test/coverage.sh counted: branches of lib/, lines of native/, and the places that no test reaches.
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { gunzipSync } from 'node:zlib';

// What is reached today, without what processes of their own run; the aim for branches is 98.
const least = { branches: 96.5, lines: 95 };
const root = process.cwd();

/** Per file: which branches of lib/ were not taken, by line. */
function branches() {
  const report = JSON.parse(readFileSync('coverage/coverage-final.json', 'utf8'));
  return Object.entries(report).map(([path, { branchMap, b }]) => {
    const ways = Object.entries(b).flatMap(([id, counts]) =>
      counts.map((count, way) => ({ count, line: (branchMap[id].locations[way] ?? branchMap[id].loc).start.line })),
    );
    const missed = ways.filter(({ count }) => count === 0).map(({ line }) => line);
    return { path: relative(root, path), all: ways.length, missed };
  });
}

/** Per file of native/: lines that did not run in any unit that has them. */
function lines() {
  const counters = readdirSync('build', { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.gcda'));
  const counts = new Map();
  for (const name of counters) {
    const json = execFileSync('gcov', ['--json-format', '--stdout', join('build', name)], { maxBuffer: 2 ** 30 });
    for (const { file, lines } of JSON.parse(json[0] === 0x1f ? gunzipSync(json) : json).files) {
      const path = relative(root, join(root, 'build', file).startsWith(root) && !file.startsWith('/') ? file : file);
      if (!path.startsWith('native/')) continue;
      const own = counts.get(path) ?? new Map();
      counts.set(path, own);
      for (const { line_number, count } of lines) own.set(line_number, (own.get(line_number) ?? 0) + count);
    }
  }
  return [...counts].map(([path, own]) => {
    const missed = [...own].filter(([, count]) => count === 0).map(([line]) => line);
    return { path, all: own.size, missed };
  });
}

/** 3, 5–7: runs of lines. */
function runs(numbers) {
  const sorted = [...new Set(numbers)].sort((a, b) => a - b);
  const out = [];
  for (const n of sorted) {
    const last = out.at(-1);
    if (last && n === last[1] + 1) last[1] = n;
    else out.push([n, n]);
  }
  return out.map(([from, to]) => (from === to ? `${from}` : `${from}–${to}`)).join(', ');
}

let isEnough = true;
for (const [what, files] of [
  ['branches', branches()],
  ['lines', lines()],
]) {
  for (const { path, missed } of files.filter(({ missed }) => missed.length > 0))
    console.log(`${path}: ${runs(missed)}`);
  const all = files.reduce((sum, file) => sum + file.all, 0);
  const missed = files.reduce((sum, file) => sum + file.missed.length, 0);
  const share = (100 * (all - missed)) / all;
  console.log(
    `${what} of ${what === 'lines' ? 'native' : 'lib'}/: ${share.toFixed(2)} % of ${all} (at least ${least[what]} %)\n`,
  );
  isEnough &&= share >= least[what];
}
process.exitCode = isEnough ? 0 : 1;
