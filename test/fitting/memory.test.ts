// What a fit takes beside its data. Each is a process of its own: fixtures/memory.mjs.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { FitOptions } from '../../lib/index.js';
import { native } from '../support/backends.js';
import { buildLibrary, canSpawn, fixture, runScript } from '../support/children.js';
import { patience, slow } from '../support/support.js';

// Blocks that are freed go back to the system and count no more.
const env = { NABLA_BACKEND: 'native', MALLOC_MMAP_THRESHOLD_: '65536', MALLOC_TRIM_THRESHOLD_: '65536' };

// Linux tells the peak; sanitizers keep what is freed.
describe.runIf(native && canSpawn && !slow && process.platform === 'linux')('peak memory of fitSync', () => {
  let library: ReturnType<typeof buildLibrary>;
  beforeAll(() => {
    library = buildLibrary();
  });
  afterAll(() => library?.remove());

  const every: FitOptions[] = [
    { optimizer: 'sgd', epochs: 3 },
    { optimizer: 'adam', epochs: 3, loss: 'logistic', standardize: true },
    { optimizer: 'lbfgs', epochs: 15, loss: 'logistic', l2: 0.01 },
    { optimizer: 'lbfgs', epochs: 15, l1: 0.01 },
  ];
  it.each([
    [200_000, 10],
    [250, 4000],
  ])('%i × %i: less than 1 MB and 64 doubles a column', async (rows, cols) => {
    const args = [library.url, `${rows}`, `${cols}`, JSON.stringify(every)];
    const { code, stdout, stderr } = await runScript(
      ['--expose-gc', fixture('memory.mjs'), ...args],
      env,
      patience(50_000),
    );
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const grown: number[] = JSON.parse(stdout);
    for (const [i, bytes] of grown.entries()) {
      expect(bytes, JSON.stringify(every[i])).toBeLessThan(1e6 + 64 * cols * 8);
    }
  });
});
