// npm run bench:check: this build beside that of the commit before, in one process, by turns. It fails when a row takes
// more than 10 % longer, again and again, or more than 10 % more instructions in the addon (where valgrind is).
//   --base REF     instead of HEAD~1
//   --only TEXT    rows with this in their name
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { checkRows } from './checkrows.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const most = 1.1;
const mark = 'nabla::Pool::setThreads*';

const string = { type: 'string' };
const { values: flags } = parseArgs({
  options: { base: { ...string, default: 'HEAD~1' }, only: string, count: string },
});
const rows = checkRows.filter(({ name }) => name.includes(flags.only ?? ''));

/** A checkout's library, by its build. */
async function libraryOf(folder) {
  const load = (name) => import(pathToFileURL(join(folder, 'dist', name)).href);
  return { ...(await load('kernels.mjs')), ...(await load('index.mjs')) };
}

function run(command, args, cwd) {
  const { status, stdout, stderr } = spawnSync(command, args, { cwd, encoding: 'utf8' });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}: ${stderr}${stdout}`);
  return stdout.trim();
}

/** A folder with the build of a commit, kept for the next time. */
function built(ref) {
  const commit = run('git', ['rev-parse', '--verify', `${ref}^{commit}`], root);
  const kept = join(root, 'build-check', commit);
  if (existsSync(join(kept, 'dist'))) return kept;
  console.error(`building ${commit.slice(0, 9)} (${ref})`);
  const tree = mkdtempSync(join(tmpdir(), 'nabla-check-'));
  try {
    run('git', ['worktree', 'add', '--detach', '--force', tree, commit], root);
    symlinkSync(join(root, 'node_modules'), join(tree, 'node_modules'));
    run(process.execPath, ['native/build.mjs'], tree);
    run('npx', ['--no-install', 'tsdown', '--log-level', 'error'], tree);
    for (const name of ['package.json', 'build/Release', 'dist']) {
      cpSync(join(tree, name), join(kept, name), { recursive: true });
    }
  } finally {
    run('git', ['worktree', 'remove', '--force', tree], root);
  }
  return kept;
}

/** Does each row once. Valgrind writes down what was counted whenever the number of threads is set. */
async function doOnce(folder) {
  const addon = createRequire(import.meta.url)(join(folder, 'build/Release/nabla.node'));
  const library = await libraryOf(folder);
  const { candidate } = await import('../dist/bench.mjs');
  for (const { make } of rows) {
    const loop = candidate(...make(library));
    addon.setThreads(1);
    loop(1);
  }
  addon.setThreads(1);
}

/** Instructions inside the addon, of one file that callgrind wrote. */
function instructionsIn(file) {
  let [ours, isCall, sum] = [false, false, 0];
  for (const line of readFileSync(file, 'utf8').split('\n')) {
    if (line.startsWith('ob=')) {
      ours = line.endsWith('nabla.node');
    } else if (line.startsWith('calls=')) {
      isCall = true; // the next line has what was called, which is counted where it is
    } else if (/^[+\-*\d]/.test(line)) {
      if (ours && !isCall) sum += Number(line.split(' ')[1]);
      isCall = false;
    }
  }
  return sum;
}

/** Instructions of each row, or null without valgrind. */
function instructionsOf(folder) {
  const out = mkdtempSync(join(tmpdir(), 'nabla-count-'));
  try {
    const tool = ['--tool=callgrind', '--smc-check=all-non-file', '--compress-strings=no', `--dump-before=${mark}`];
    const own = [...process.argv.slice(1), '--count', folder];
    const args = [...tool, `--callgrind-out-file=${join(out, 'out')}`, process.execPath, '--jitless', ...own];
    if (spawnSync('valgrind', args, { stdio: 'ignore' }).status !== 0) return null;
    // out.1 is what comes before the first row; the last, `out`, is the end of the process.
    if (readdirSync(out).length !== rows.length + 2) return null;
    return rows.map((_, i) => instructionsIn(join(out, `out.${i + 2}`)));
  } finally {
    rmSync(out, { recursive: true, force: true });
  }
}

async function check() {
  const { candidate, compare, usualEffort } = await import('../dist/bench.mjs');
  const base = built(flags.base);
  const counts = [base, root].map(instructionsOf);
  if (!counts.every(Boolean)) console.log('instructions: not counted, for valgrind is not here or does not do it');
  const libraries = [await libraryOf(base), await libraryOf(root)];
  let slower = 0;
  for (const [i, { name, make }] of rows.entries()) {
    const measure = async () => {
      const [before, now] = libraries.map((library) => candidate(...make(library)));
      return (await compare({ before, now }, { ...usualEffort, rounds: 25 })).now.ratio;
    };
    let ratio = await measure();
    // Something else may have been in the way; what is slower is so every time.
    for (let again = 0; ratio[1] > most && again < 3; again++) ratio = await measure();
    const more = counts.every(Boolean) ? counts[1][i] / counts[0][i] : null;
    const fails = ratio[1] > most || (more !== null && more > most);
    if (fails) slower++;
    const text = `time × ${ratio[1].toFixed(2)} (${ratio[0].toFixed(2)}–${ratio[2].toFixed(2)})`;
    const counted = more === null ? '' : `, instructions × ${more.toFixed(3)}`;
    console.log(`${fails ? 'SLOWER' : 'ok    '} ${name}: ${text}${counted}`);
  }
  console.log(
    `${slower} of ${rows.length} rows are slower than at ${flags.base} by more than ${Math.round(100 * (most - 1))} %`,
  );
  process.exitCode = slower > 0 ? 1 : 0;
}

await (flags.count ? doOnce(flags.count) : check());
