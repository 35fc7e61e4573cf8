// Which backend is in use: the environment asks, a missing binary falls back and says so, a broken one throws.
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { backend } from '../../lib/index.js';
import { backend as referenceInfo } from '../../lib/reference.js';
import { version } from '../../package.json';
import { native } from '../support/backends.js';
import { buildLibrary, canSpawn, runScript } from '../support/children.js';
import { patience } from '../support/support.js';

it('a backend has a name, a target, threads and a version, and is frozen', () => {
  expect(referenceInfo).toEqual({ name: 'reference', target: 'javascript', threads: 1, version });
  expect(backend.name).toBe(native ? 'native' : 'reference');
  expect(backend.target).toMatch(/^(javascript|baseline|avx2|avx512|neon)$/);
  expect(backend.threads).toBeGreaterThanOrEqual(1);
  expect(backend.version).toBe(version);
  expect(Object.isFrozen(backend) && Object.isFrozen(referenceInfo)).toBe(true);
});

describe.runIf(canSpawn)('choosing a backend', () => {
  const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
  const usual = { NABLA_BACKEND: '', NABLA_TARGET: '', PREBUILDS_ONLY: '' };
  let library: ReturnType<typeof buildLibrary>;
  /** A package of its own, with the library and no binary. */
  let elsewhere: string;

  beforeAll(() => {
    elsewhere = mkdtempSync(join(tmpdir(), 'nabla-backend-'));
    library = buildLibrary(join(elsewhere, 'dist'));
    symlinkSync(join(root, 'node_modules'), join(elsewhere, 'node_modules'), 'dir');
  });
  afterAll(() => rmSync(elsewhere, { recursive: true, force: true }));

  /** What a process of its own sees: the backend's name, or an error's name and code. */
  async function seen(
    env: Record<string, string>,
    url = library.url,
    { flags = [] as string[], warning = /^$/ } = {},
  ): Promise<string> {
    const script = `
      try {
        const { backend, fitSync } = await import('${url}');
        const { status } = fitSync({ X: new Float64Array(300).fill(1), y: new Float64Array(100) }, { epochs: 2 });
        console.log(backend.name, backend.target, status);
      } catch (error) {
        console.log(error.name, error.code, error.message);
      }`;
    const args = [...flags, '--input-type=module', '-e', script];
    const { code, stdout, stderr } = await runScript(args, { ...usual, ...env }, patience(15_000));
    expect(code).toBe(0);
    expect(stderr).toMatch(warning);
    return stdout.trim();
  }

  it('NABLA_BACKEND that is neither', async () => {
    expect(await seen({ NABLA_BACKEND: 'gpu' })).toBe(
      'NablaError ERR_NATIVE_LOAD NABLA_BACKEND must be native or reference; got "gpu"',
    );
  });

  it('without a binary it is the reference, unless native was asked for', async () => {
    const warning =
      /^\(node:\d+\) \[NABLA_NO_BINARY\] NablaWarning: there is no binary .*\nNABLA_BACKEND=reference .*\n/;
    expect(await seen({}, library.url, { warning })).toBe('reference javascript converged');
    expect(await seen({ NABLA_BACKEND: 'reference' })).toBe('reference javascript converged');
    expect(await seen({ NABLA_BACKEND: 'native' })).toMatch(/^NablaError ERR_NATIVE_LOAD .*no binary/);
  });

  /** How often a module that is loaded anew, as after a test runner's reset, warns, and listens for the exit. */
  async function reloaded(url: string): Promise<unknown> {
    const script = `
      let warnings = 0;
      const before = process.listenerCount('exit');
      process.on('warning', () => warnings++);
      for (let i = 0; i < 15; i++) (await import('${url}?' + i)).backend.name;
      await new Promise((resolve) => setTimeout(resolve, 20));
      console.log(warnings, process.listenerCount('exit') - before);`;
    const { stdout } = await runScript(['--input-type=module', '-e', script], usual, patience(15_000));
    return stdout.trim();
  }

  it('says once in a process that there is no binary', async () => {
    expect(await reloaded(library.url)).toBe('1 0');
  });

  it('a binary that does not load is an error, unless the reference was asked for', async () => {
    const release = join(elsewhere, 'build', 'Release');
    mkdirSync(release, { recursive: true });
    writeFileSync(join(release, 'nabla.node'), 'not a binary');
    try {
      expect(await seen({})).toMatch(/^NablaError ERR_NATIVE_LOAD the native binary does not load: /);
      expect(await seen({ NABLA_BACKEND: 'native' })).toMatch(/^NablaError ERR_NATIVE_LOAD /);
      expect(await seen({ NABLA_BACKEND: 'reference' })).toBe('reference javascript converged');
    } finally {
      rmSync(join(elsewhere, 'build'), { recursive: true });
    }
  });

  describe.runIf(native)('with a binary', () => {
    let complete: string;
    beforeAll(() => {
      const release = join(elsewhere, 'with', 'build');
      mkdirSync(join(elsewhere, 'with'));
      symlinkSync(join(root, 'build'), release, 'dir');
      symlinkSync(join(root, 'node_modules'), join(elsewhere, 'with', 'node_modules'), 'dir');
      complete = buildLibrary(join(elsewhere, 'with', 'dist')).url;
    });

    it('it is used, unless the reference was asked for', async () => {
      expect(await seen({}, complete)).toMatch(/^native (baseline|avx2|avx512|neon) converged$/);
      expect(await seen({ NABLA_BACKEND: 'native' }, complete)).toMatch(/^native /);
      expect(await seen({ NABLA_BACKEND: 'reference' }, complete)).toBe('reference javascript converged');
    });

    it('has one listener for the exit in a process', async () => {
      expect(await reloaded(complete)).toBe('0 1');
    });

    it('where no addon may be loaded, the error tells how to do without', async () => {
      const said = /^NablaError ERR_NATIVE_LOAD .*loading addons is disabled.*NABLA_BACKEND=reference/;
      const [major] = process.versions.node.split('.').map(Number);
      const permission = [major < 24 ? '--experimental-permission' : '--permission', '--allow-fs-read=*'];
      for (const flags of [['--no-addons'], permission]) {
        const warning = /^(.*ExperimentalWarning.*\n.*\n|.*SecurityWarning.*\n.*\n)*$/;
        expect(await seen({}, complete, { flags, warning })).toMatch(said);
        expect(await seen({ NABLA_BACKEND: 'reference' }, complete, { flags, warning })).toMatch(/^reference /);
      }
    });

    it('NABLA_TARGET that this CPU does not have', async () => {
      const message = /^NablaError ERR_NATIVE_LOAD .*NABLA_TARGET=mmx: this CPU and build have \w+/;
      expect(await seen({ NABLA_TARGET: 'mmx' }, complete)).toMatch(message);
    });
  });
});
