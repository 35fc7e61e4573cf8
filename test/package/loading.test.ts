// What loading the package loads, as built in dist/.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { canSpawn, fixture, runScript } from '../support/children.js';
import { patience } from '../support/support.js';

const dist = fileURLToPath(new URL('../../dist/', import.meta.url));

async function loaded(env = {}) {
  const { code, stdout, stderr } = await runScript([fixture('loads.cjs'), dist], env, patience(20_000));
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return JSON.parse(stdout);
}

describe.runIf(canSpawn && existsSync(`${dist}index.cjs`))('loading', () => {
  let usual: Awaited<ReturnType<typeof loaded>>;
  beforeAll(async () => {
    usual = await loaded();
  }, patience(30_000));

  it('takes what is asked for, and no more', ({ skip }) => {
    const { backend, atFirst, afterFit, afterPath } = usual;
    skip(backend !== 'native', 'there is no addon');
    expect(atFirst).toEqual(['base', 'index']);
    expect(afterFit).toContain('fit');
    for (const part of [
      'reference',
      'estimators',
      'metrics',
      'batch',
      'many',
      'paths',
      'operations',
      'minimize',
      'tape',
    ]) {
      expect(afterFit, part).not.toContain(part);
    }
    expect(afterPath).toContain('paths');
  });

  it('takes the reference where it is to compute', async () => {
    expect((await loaded({ NABLA_BACKEND: 'reference' })).afterFit).toContain('reference');
  });

  it('asks for nothing of a chunk before it is loaded, whatever name a bundler gives that', () => {
    for (const name of readdirSync(dist).filter((file) => file.endsWith('.cjs'))) {
      const early = readFileSync(`${dist}${name}`, 'utf8').match(/\brequire_\w+\.[\w$]+/g);
      expect(early, name).toBeNull();
    }
  });

  it('asks for nothing of a chunk before it is loaded, whatever name a bundler gives that', () => {
    for (const name of readdirSync(dist).filter((file) => file.endsWith('.cjs'))) {
      const early = readFileSync(`${dist}${name}`, 'utf8').match(/\brequire_\w+\.[\w$]+/g);
      expect(early, name).toBeNull();
    }
  });

  it('refuses what is no data by its own error', () => {
    expect(usual.refusal).toBe('ERR_NOT_FINITE');
  });

  it('gives the same objects by import and by require', () => {
    const { entries, failing } = usual;
    expect(failing).toEqual([]);
    expect(entries).toEqual({
      index: { missing: [], differing: [], count: expect.any(Number) },
      kernels: { missing: [], differing: [], count: expect.any(Number) },
      textbook: { missing: [], differing: [], count: expect.any(Number) },
      autodiff: { missing: [], differing: [], count: expect.any(Number) },
      reference: { missing: [], differing: [], count: expect.any(Number) },
    });
    expect(entries.index.count).toBeGreaterThan(40);
  });
});
