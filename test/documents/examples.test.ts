// The examples check themselves; each is a process of its own that uses nabla by its name, as built in dist/.
import { existsSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { canSpawn, runScript } from '../support/children.js';
import { patience } from '../support/support.js';

const folder = new URL('../../examples/', import.meta.url);
const isBuilt = existsSync(new URL('../../dist/index.mjs', import.meta.url));

describe.runIf(canSpawn && isBuilt)('examples', () => {
  it.each(readdirSync(folder))('%s', async (name) => {
    const { code, signal, stdout, stderr } = await runScript(
      [fileURLToPath(new URL(name, folder))],
      {},
      patience(20_000),
    );
    expect({ code, signal, stderr }).toEqual({ code: 0, signal: null, stderr: '' });
    expect(stdout).toMatch(/: right\n$/);
  });
});
