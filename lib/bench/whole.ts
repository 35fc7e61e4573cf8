// Benchmark rows of the package itself: a tiny fit, growth with rows, loading, size.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { fitSync } from '../index.js';
import { candidate, compare, type Effort, type Quartiles, quartiles } from './harness.js';
import { bytesWithin, within } from './must.js';
import { table } from './numbers.js';
import * as plain from './plain.js';
import type { Must, Result, Row } from './row.js';
import { digits, timeText } from './table.js';

const group = 'around it';
const sgd = { name: 'sgd', learningRate: 0.1 } as const;

/** What a fit takes with no epoch at all: that of 110 shows what ten cost. */
const overhead =
  (most: number): Must =>
  ({ more, value }) => {
    const arithmetic = (more['110 epochs'][1] - value[1]) / 10;
    const rest = value[1] - arithmetic;
    return { text: `≤ ${timeText(most)} + its arithmetic`, reached: timeText(rest), met: rest <= most };
  };

export const tinyFit: Row = {
  name: 'fitSync 50 × 5, 10 epochs',
  group,
  quick: true,
  needs: { arithmetic: 10 * 4 * 50 * 5 },
  must: [overhead(5e-6)],
  make() {
    const data = table(50, 5);
    const scope = (epochs: number) => ({
      fit: fitSync,
      data: { X: data.X, y: data.y },
      options: { optimizer: sgd, epochs, intercept: false },
    });
    return {
      nabla: candidate('fit(data, options).epochs', scope(10)),
      plain: candidate('fit(data, false, 0.1, 10)[0]', { fit: plain.batchDescent, data }),
      more: { '110 epochs': candidate('fit(data, options).epochs', scope(110)) },
    };
  },
};

const nothing = { unit: 's', per: '', floor: null, ofFloor: null, plain: null, peers: [], more: {} } as const;

/** Time of one row in one pass of batch descent, over tables of more and more rows. */
export async function growth(most: number, effort: Effort): Promise<Result> {
  const cols = 8;
  const curve: [number, number][] = [];
  let last: Quartiles = [0, 0, 0];
  for (let rows = 1000; rows <= most; rows *= 10) {
    const { X, y } = table(rows, cols);
    const options = { optimizer: sgd, epochs: 10, intercept: false };
    const scope = { fit: fitSync, data: { X, y }, options };
    const { alone } = await compare({ alone: candidate('fit(data, options).epochs', scope) }, effort);
    last = alone.seconds;
    curve.push([rows, alone.seconds[1]]);
  }
  const [[rows0, seconds0], [rows1, seconds1]] = [curve[1], curve[curve.length - 1]];
  const power = Math.log(seconds1 / seconds0) / Math.log(rows1 / rows0);
  const per = curve.map(([rows, seconds]) => timeText(seconds / rows / 10)).join(', ');
  return {
    ...nothing,
    name: `10 epochs, 1e3 … 1e${Math.log10(rows1)} rows × 8`,
    group,
    value: last,
    must: [
      {
        text: 'linear in rows, from 1e4 on: rows^p, p ≤ 1.1',
        reached: `p = ${digits(power)}; ${per} a row and epoch`,
        met: power <= 1.1,
      },
    ],
    curve,
  };
}

/** The folder of the package, seen from dist. */
const root = dirname(dirname(fileURLToPath(import.meta.url)));

function judged(result: Omit<Result, 'must'>, must: readonly Must[]): Result {
  return { ...result, must: must.map((judge) => judge(result)) };
}

/** Ways of loading the package: what a script does with its entry, and the most that may take. */
const ways = {
  'loading the package': { script: (path: string) => `require(${path})`, must: [within(0.015)] },
  'loading it, and a first fit': {
    script: (path: string) =>
      `require(${path}).fitSync({ X: Float64Array.of(1, 2), y: Float64Array.of(1, 2) }, { optimizer: 'adam' })`,
    must: [],
  },
  'loading it by import': { script: (path: string) => `await import(${path.replace(/cjs"$/, 'mjs"')})`, must: [] },
};
export const loadingWays = Object.keys(ways) as (keyof typeof ways)[];

/** What that takes in a process that has done nothing yet. */
export function loading(way: keyof typeof ways, times: number): Result | null {
  const entry = join(root, 'dist', 'index.cjs');
  if (!existsSync(entry)) return null;
  const { script, must } = ways[way];
  const timed = `const t = process.hrtime.bigint();
    (async () => { ${script(JSON.stringify(entry))}; })().then(() =>
      console.log(Number(process.hrtime.bigint() - t) * 1e-9))`;
  const seconds = Array.from({ length: times }, () => Number(spawnSync(process.execPath, ['-e', timed]).stdout));
  return judged({ ...nothing, name: way, group, value: quartiles(seconds) }, must);
}

const bytesOf = (folder: string): number => {
  if (!existsSync(folder)) return 0;
  const entries = readdirSync(folder, { withFileTypes: true, recursive: true });
  const files = entries.filter((entry) => entry.isFile());
  return files.reduce((sum, entry) => sum + statSync(join(entry.parentPath ?? entry.path, entry.name)).size, 0);
};

/** The addon's size without its symbols, which a package leaves out; with them where there is no `strip`. */
function strippedSize(addon: string): number {
  const folder = mkdtempSync(join(tmpdir(), 'nabla-size-'));
  const stripped = join(folder, 'nabla.node');
  const { status } = spawnSync('strip', ['-o', stripped, addon]);
  const { size } = statSync(status === 0 ? stripped : addon);
  rmSync(folder, { recursive: true });
  return size;
}

/** What the package takes on a disk; in a checkout, what it would. */
export function installedSize(): Result | null {
  if (!existsSync(join(root, 'dist', 'index.cjs'))) return null;
  const addon = join(root, 'build', 'Release', 'nabla.node');
  // A checkout may have prebuilds of an older state.
  const binary = existsSync(addon) ? strippedSize(addon) : bytesOf(join(root, 'prebuilds'));
  const papers = ['package.json', 'README.md', 'CHANGELOG.md', 'LICENSE'];
  const texts = papers.filter((name) => existsSync(join(root, name))).map((name) => statSync(join(root, name)).size);
  const bytes = bytesOf(join(root, 'dist')) + binary + texts.reduce((a, b) => a + b, 0);
  const value: Quartiles = [bytes, bytes, bytes];
  return judged({ ...nothing, name: 'installed, with the command', group, value, unit: 'B' }, [bytesWithin(3e6)]);
}
