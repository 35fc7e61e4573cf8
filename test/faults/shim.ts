// Processes in which memory and threads that the addon asks for fail: shim.c, preloaded. Linux with glibc and a C compiler.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { native } from '../support/backends.js';
import { buildLibrary, canSpawn, type Ended, fixture, runScript } from '../support/children.js';
import { patience, slow } from '../support/support.js';

const isGlibc = () =>
  Boolean(
    (process.report?.getReport() as { header?: { glibcVersionRuntime?: string } } | undefined)?.header
      ?.glibcVersionRuntime,
  );

/** Whether faults can be made here: a sanitizer, which is preloaded too, has a malloc of its own. One target is enough. */
export const canFault =
  native !== null &&
  canSpawn &&
  process.platform === 'linux' &&
  !process.env.LD_PRELOAD &&
  !slow &&
  isGlibc() &&
  spawnSync('cc', ['--version']).status === 0;

/** A shim and the library, built; `play` runs a scenario of fixtures/faults.mjs and returns what it has printed. */
export function buildFaults(source = 'shim.c') {
  const folder = mkdtempSync(join(tmpdir(), 'nabla-faults-'));
  const shim = join(folder, 'shim.so');
  const path = join(dirname(fileURLToPath(import.meta.url)), source);
  const { status, stderr } = spawnSync('cc', ['-shared', '-fPIC', '-O1', '-o', shim, path, '-ldl', '-lm'], {
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`the shim could not be built: ${stderr}`);
  const library = buildLibrary(undefined, ['lib/index.ts', 'lib/kernels.ts']);
  let count = 0;
  return {
    shim,
    url: library.url,
    async play(scenario: string, ...args: string[]): Promise<{ ended: Ended; lines: string[] }> {
      const file = join(folder, `control-${count++}`);
      writeFileSync(file, new Uint8Array(512));
      const env = { LD_PRELOAD: shim, FAULTS_FILE: file, NABLA_THREADS: '2', NABLA_BACKEND: 'native' };
      const script = ['--expose-gc', fixture('faults.mjs'), scenario, library.url, ...args];
      const ended = await runScript(script, env, patience(process.env.NABLA_SWEEP ? 1_200_000 : 60_000));
      return { ended, lines: ended.stdout.trim().split('\n') };
    },
    remove() {
      library.remove();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
