// Node processes of the suites' own.
import { spawn, spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** An emulated Node cannot start another unless the system knows its binaries. */
export const canSpawn = spawnSync(process.execPath, ['--version']).status === 0;

/** The path of a script in fixtures/. */
export const fixture = (name: string): string => join(root, 'test/fixtures', name);

export interface Ended {
  code: number | null;
  signal: string | null;
  stdout: string;
  stderr: string;
}

/** Runs a script to its end, or kills it after `limit` milliseconds. */
export function runScript(args: string[], env: Record<string, string>, limit: number): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, { env: { ...process.env, ...env }, timeout: limit, killSignal: 9 });
    const ended: Ended = { code: null, signal: null, stdout: '', stderr: '' };
    child.stdout.on('data', (text) => {
      ended.stdout += text;
    });
    child.stderr.on('data', (text) => {
      ended.stderr += text;
    });
    child.on('error', reject);
    child.on('close', (code, signal) => resolve({ ...ended, code, signal }));
  });
}

/** Builds entries of lib/ for plain Node, by default beside dist/, where they find the addon. `url`: of the first. */
export function buildLibrary(
  out = join(root, `build-test-${process.pid}`),
  entries = ['lib/index.ts'],
): { url: string; remove: () => void } {
  const tsdown = join(dirname(createRequire(import.meta.url).resolve('tsdown/package.json')), 'dist', 'run.mjs');
  const options = ['--no-config', '--format', 'esm', '--no-dts', '--logLevel', 'silent', '--out-dir', out];
  const build = spawnSync(process.execPath, [tsdown, ...entries, ...options], { cwd: root, encoding: 'utf8' });
  if (build.status !== 0) throw new Error(`the library could not be built: ${build.stdout}${build.stderr}`);
  const remove = () => rmSync(out, { recursive: true, force: true });
  return { url: pathToFileURL(join(out, 'index.mjs')).href, remove };
}
